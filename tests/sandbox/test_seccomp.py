"""The filter, run by a small machine of our own: so the tables of the other processor are tested too."""

import errno
import struct

import pytest

from autograder.sandbox import seccomp, syscalls

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
GETPID = {"x86_64": 39, "aarch64": 172}
PID = 4321
MINUS_ONE = 2**64 - 1


def verdict(machine: str, number: int, *arguments: int, architecture: int | None = None) -> int:
    """What the filter answers to one system call."""
    padded = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("<iIQ6Q", number, architecture or MACHINES[machine], 0, *padded)
    code = list(struct.iter_unpack("=HBBI", seccomp.program(machine, PID)))
    assert len(code) <= 4096  # all that the kernel takes
    place = word = 0
    while True:
        operation, if_true, if_false, value = code[place]
        place += 1
        if operation == seccomp.LOAD:
            (word,) = struct.unpack_from("<I", data, value)
        elif operation == seccomp.RETURN:
            return value
        else:
            compare = {seccomp.EQUAL: int.__eq__, seccomp.GREATER: int.__gt__, seccomp.ANY_BIT: int.__and__}[operation]
            place += if_true if compare(word, value) else if_false


def refused(number: int = errno.EPERM) -> int:
    return seccomp.ERROR | number


@pytest.fixture(params=MACHINES)
def machine(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def column(machine: str) -> int:
    return list(MACHINES).index(machine)


def test_denied_calls_are_refused(machine: str, column: int) -> None:
    numbers = [pair[column] for pair in syscalls.DENIED.values() if pair[column] is not None]
    assert len(numbers) == len(set(numbers)) > 100
    assert {verdict(machine, number) for number in numbers} == {refused()}


def test_ordinary_calls_are_allowed(machine: str) -> None:
    read, futex, mmap = {"x86_64": (0, 202, 9), "aarch64": (63, 98, 222)}[machine]
    assert {verdict(machine, number) for number in (GETPID[machine], read, futex, mmap)} == {seccomp.ALLOW}


def test_threads_but_no_processes(machine: str, column: int) -> None:
    glibc_thread = 0x3D0F00
    assert verdict(machine, syscalls.CLONE[column], glibc_thread) == seccomp.ALLOW
    assert verdict(machine, syscalls.CLONE[column], 0x1200011) == refused()  # fork
    assert verdict(machine, syscalls.CLONE3[column], glibc_thread) == refused(errno.ENOSYS)


@pytest.mark.parametrize("name", ["KILL", "TGKILL", "SIGQUEUE", "TGSIGQUEUE"])
def test_only_oneself_may_be_signalled(machine: str, column: int, name: str) -> None:
    number = getattr(syscalls, name)[column]
    assert verdict(machine, number, PID) == seccomp.ALLOW
    assert {verdict(machine, number, pid) for pid in (0, 1, PID + 1, MINUS_ONE)} == {refused()}


def test_arguments_that_reach_other_processes(machine: str, column: int) -> None:
    assert verdict(machine, syscalls.PRLIMIT[column], 0) == seccomp.ALLOW
    assert verdict(machine, syscalls.PRLIMIT[column], 17) == refused()
    assert verdict(machine, syscalls.PRCTL[column], 15) == seccomp.ALLOW  # PR_SET_NAME
    assert verdict(machine, syscalls.PRCTL[column], 1) == refused()
    assert verdict(machine, syscalls.FCNTL[column], 3, 3) == seccomp.ALLOW  # F_GETFL
    owners, files = (8, 10, 15), (1024, 1026)  # F_SETOWN, F_SETSIG, F_SETOWN_EX; F_SETLEASE, F_NOTIFY
    assert {verdict(machine, syscalls.FCNTL[column], 3, command) for command in owners + files} == {refused()}
    assert verdict(machine, syscalls.IOCTL[column], 3, 0x5401) == seccomp.ALLOW  # TCGETS
    others = (0x5412, 0x8901, 0x40086602, 0x401C5820)  # TIOCSTI, FIOSETOWN, FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR
    assert {verdict(machine, syscalls.IOCTL[column], 0, request) for request in others} == {refused()}


def test_the_high_half_of_an_int_is_no_way_round(machine: str, column: int) -> None:
    """The kernel reads 32 bits of these; the filter must too."""
    assert verdict(machine, syscalls.PRCTL[column], 1 << 32 | 1) == refused()
    assert verdict(machine, syscalls.KILL[column], 1 << 32 | 1) == refused()


def test_foreign_and_future_calls(machine: str) -> None:
    assert verdict(machine, GETPID[machine], architecture=0x40000003) == seccomp.KILL  # 32-bit x86
    assert verdict(machine, 0x40000000 | 39) == refused(errno.ENOSYS)  # x32
    assert verdict(machine, syscalls.NEWEST + 1) == refused(errno.ENOSYS)


def test_another_machine_is_an_error() -> None:
    with pytest.raises(OSError, match="riscv64"):
        seccomp.common_part("riscv64")
