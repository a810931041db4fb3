"""Runs a program on a kernel that seems to lack something: `launcher.py WITHOUT[,WITHOUT] PROGRAM ARGUMENT...`.

A seccomp filter of its own answers ENOSYS for the missing calls, to the program and to all that it starts. Missing can be
`landlock` and `seccomp`. x86_64 and aarch64.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys

from bridle.sandbox import syscalls

MISSING = {"landlock": ("landlock_create_ruleset",), "seccomp": ("seccomp",)}
PRCTL, SET_SECCOMP = {"x86_64": 157, "aarch64": 167}, 22
ALLOW, NONE = 0x7FFF0000, 0x00050000 | errno.ENOSYS


def filter_for(missing: list[str]) -> bytes:
    """The filter as an array of `struct sock_filter`."""
    load, equal, answer = (lambda at: (0x20, 0, 0, at)), (lambda v, t, f: (0x15, t, f, v)), (lambda v: (0x06, 0, 0, v))
    code = [load(0)]
    for name in (call for what in missing for call in MISSING[what]):
        code += [equal(syscalls.number(name), 0, 1), answer(NONE)]
    if "seccomp" in missing:
        code += [equal(PRCTL[syscalls.machine()], 0, 3), load(16), equal(SET_SECCOMP, 0, 1), answer(NONE)]
    return b"".join(struct.pack("HBBI", *row) for row in [*code, answer(ALLOW)])


def lack(missing: list[str]) -> None:
    """Have this process, and all that it starts, lack these for good."""
    code = filter_for(missing)

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))

    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(38, ctypes.c_ulong(1), 0, 0, 0)
    if libc.prctl(SET_SECCOMP, 2, ctypes.byref(Program(len(code) // 8, code)), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    lack(sys.argv[1].split(","))
    os.execvp(sys.argv[2], sys.argv[2:])
