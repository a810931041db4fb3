"""The seccomp filter, run by hand: the same verdicts on both machines, whichever this one is."""

from __future__ import annotations

import pytest

from bridle.sandbox import syscalls

KILL, ALLOW, EPERM, EBADF = 0x80000000, 0x7FFF0000, 0x00050001, 0x00050009
MACHINES = list(syscalls.TABLES)


def verdict(machine: str, number: int, *arguments: int, architecture: int | None = None) -> int:
    """What the filter answers to a system call."""
    data = {0: number, 4: syscalls.TABLES[machine][0] if architecture is None else architecture}
    for place, argument in enumerate((*arguments, *(0,) * (6 - len(arguments)))):
        data[16 + 8 * place] = argument & 0xFFFFFFFF
        data[20 + 8 * place] = argument >> 32
    accumulator, at = 0, 0
    program = syscalls.program(machine, 3, 4)
    while True:
        code, then, otherwise, value = program[at]
        if code == 0x20:
            accumulator = data[value]
        elif code == 0x06:
            return value
        else:
            tests = {0x15: accumulator == value, 0x45: bool(accumulator & value), 0x35: accumulator >= value}
            at += then if tests[code] else otherwise
        at += 1


@pytest.mark.parametrize("machine", MACHINES)
def test_what_is_on_the_list_and_nothing_else(machine: str) -> None:
    table = syscalls.TABLES[machine][1]
    allowed = {table[name] for name in syscalls.ALLOWED}
    fatal = {table[name] for name in syscalls.FATAL}
    special = {table[name] for name in ("read", "write", "mmap", "mprotect")}
    for number in set(range(700)) - special:
        expected = ALLOW if number in allowed else KILL if number in fatal else EPERM
        assert verdict(machine, number, 3, 4, 5, 6) == expected, number


@pytest.mark.parametrize("machine", MACHINES)
def test_each_pipe_in_its_direction(machine: str) -> None:
    table = syscalls.TABLES[machine][1]
    for descriptor in range(20):
        assert verdict(machine, table["read"], descriptor) == (ALLOW if descriptor == 3 else EBADF)
        assert verdict(machine, table["write"], descriptor) == (ALLOW if descriptor == 4 else EBADF)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("call", ["mmap", "mprotect"])
def test_memory_is_never_executable(machine: str, call: str) -> None:
    for protection in range(16):
        expected = EPERM if protection & 4 else ALLOW
        assert verdict(machine, syscalls.TABLES[machine][1][call], 0, 4096, protection) == expected


@pytest.mark.parametrize("machine", MACHINES)
def test_other_conventions_are_fatal(machine: str) -> None:
    for architecture in (0x40000003, 0x40000028, 0):
        assert verdict(machine, syscalls.TABLES[machine][1]["read"], 3, architecture=architecture) == KILL
    if machine == "x86_64":
        assert verdict(machine, 0x40000000, 3) == KILL
        assert verdict(machine, 0x40000001, 4) == KILL


def test_the_tables_name_the_same_calls() -> None:
    tables = [table for _, table in syscalls.TABLES.values()]
    assert all(table.keys() == tables[0].keys() for table in tables)
    assert all(len(set(table.values())) == len(table) for table in tables)


def test_the_program_fits_the_kernels_format() -> None:
    for machine in MACHINES:
        program = syscalls.program(machine, 3, 4)
        assert len(syscalls.assemble(program)) == 8 * len(program)
        assert len(program) < 4096
