"""How much memory a process holds, for kernels that don't keep to a limit on it (macOS).

The macOS half was written from its headers (libproc.h, proc_info.h) and has never been run. Imported by the bare
zygote: standard library only.
"""

from __future__ import annotations

import ctypes
import os
import sys

POLLED = sys.platform == "darwin"
"""Whether the zygote has to look at its workers' memory."""

_PROC_PIDTASKINFO, _TASKINFO_BYTES = 4, 96


def resident(pid: int) -> int:
    """Bytes that a process holds in memory; 0 where it is gone."""
    if sys.platform == "darwin":
        library = ctypes.CDLL("/usr/lib/libproc.dylib")
        sizes = (ctypes.c_uint64 * (_TASKINFO_BYTES // 8))()
        got = library.proc_pidinfo(pid, _PROC_PIDTASKINFO, ctypes.c_uint64(0), sizes, _TASKINFO_BYTES)
        return int(sizes[1]) if got == _TASKINFO_BYTES else 0
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (FileNotFoundError, ProcessLookupError):
        return 0
