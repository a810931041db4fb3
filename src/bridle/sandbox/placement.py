"""Which CPU a parent thread and its workers share.

A wake-up across CPUs costs several times what a call does, so a thread and its workers are pinned to one CPU, and
parallel work is several such pairs, one per CPU. A CPU is claimed among all of this machine's processes by binding a
name in the kernel's abstract socket space: the claim ends with its process, whatever becomes of that.

A thread's CPUs are the kernel's state of this process, and so are its pins: there is one table of them.
"""

from __future__ import annotations

import ctypes
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

CLAIM = "bridle-cpu"
"""What the names of claims begin with, in the machine's abstract socket space."""

_ANYWHERE = frozenset[int]()


@dataclass(kw_only=True)
class _Pin:
    """A thread's pin: its claim, the CPUs it had before, and how many loaded harnesses count on it."""

    native: int
    cpu: int
    before: set[int]
    claim: socket.socket
    uses: int = 0


_lock = threading.RLock()  # a finaliser may leave while this thread enters
_pins: dict[int, _Pin] = {}


def enter() -> frozenset[int]:
    """Pin the calling thread, if it is not, and count one use. The CPUs for its worker; empty: anywhere.

    A thread that finds every CPU claimed, or has but one, is left to the scheduler. Threads and processes that a pinned
    thread starts inherit its CPU: start them before the first load, from another thread, or under `unpinned`.
    """
    if sys.platform != "linux":
        return _ANYWHERE
    with _lock:
        pin = _pins.get(threading.get_ident())
        if pin is None:
            pin = _pin()
            if pin is None:
                return _ANYWHERE
            _pins[threading.get_ident()] = pin
        pin.uses += 1
        return frozenset((pin.cpu,))


def leave(thread: int) -> None:
    """Undo one `enter` of the thread with this identifier; after the last, it may run where it could before."""
    with _lock:
        pin = _pins.get(thread)
        if pin is None:
            return
        pin.uses -= 1
        if pin.uses == 0:
            del _pins[thread]
            pin.claim.close()
            _allow(pin.native, pin.before)


def everywhere() -> list[int]:
    """The CPUs that the calling thread may use when it is not pinned; empty where there is no such notion."""
    if sys.platform != "linux":
        return []
    pin = _pins.get(threading.get_ident())
    return sorted(pin.before if pin else os.sched_getaffinity(0))


@contextmanager
def unpinned() -> Iterator[None]:
    """Lift the calling thread's pin for a while: for starting pools and programs that should use every CPU."""
    pin = _pins.get(threading.get_ident())
    if pin is None:
        yield
        return
    _allow(0, pin.before)
    try:
        yield
    finally:
        if _pins.get(threading.get_ident()) is pin:
            _allow(0, {pin.cpu})


def _pin() -> _Pin | None:
    before = os.sched_getaffinity(0)
    if len(before) == 1:
        return None
    here = int(ctypes.CDLL(None).sched_getcpu())
    for cpu in sorted(before, key=lambda cpu: (cpu != here, cpu)):
        claim = _claim(cpu)
        if claim is not None:
            os.sched_setaffinity(0, {cpu})
            return _Pin(native=threading.get_native_id(), cpu=cpu, before=before, claim=claim)
    return None


def _claim(cpu: int) -> socket.socket | None:
    """Claim a CPU; None where somebody else of this user has it."""
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0{CLAIM}-{os.getuid()}-{cpu}")
    except OSError:
        claim.close()
        return None
    return claim


def _allow(native: int, cpus: set[int]) -> None:
    with suppress(ProcessLookupError):  # the thread has ended, and its pin with it
        os.sched_setaffinity(native, cpus)


def _after_fork() -> None:
    """A forked child has one thread, on a CPU that its parent claimed: give both back."""
    global _lock
    _lock = threading.RLock()  # a finaliser may leave while this thread enters
    pin = _pins.get(threading.get_ident())
    for other in _pins.values():
        other.claim.close()
    _pins.clear()
    if pin is not None:
        _allow(0, pin.before)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
