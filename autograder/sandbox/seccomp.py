"""The system calls a child may still make. Everything in `syscalls.DENIED` answers EPERM, once and for all.

The filter is classic BPF, written by hand: load a word, compare, jump forward, return a verdict. It can read numbers
but follow no pointer; that is why clone3, whose flags lie behind one, "does not exist": libc then falls back to clone,
whose flags are a number, and threads stay possible while processes are not.

Not covered: a bug in a call that is allowed. An allow list would be tighter, and would break with every new libc.
"""

import ctypes
import errno
import functools
import os
import platform
import struct

from autograder.sandbox import linux, syscalls

ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column in syscalls.py, AUDIT_ARCH_*
LOAD, EQUAL, GREATER, ANY_BIT, RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
KILL, ALLOW, ERROR = 0x80000000, 0x7FFF0000, 0x00050000
SECCOMP_MODE_FILTER, CLONE_THREAD = 2, 0x10000
# These two do a hundred things, each by a number; most reach past the descriptor they are asked about. F_SETLEASE makes
# whoever opens a file wait, F_SETOWN has the kernel signal another process, TIOCSTI types into its terminal,
# FS_IOC_SETFLAGS changes a file's attributes though it was opened to be read. What honest code needs is a short list:
# duplicates, flags, locks, the size of a pipe; is it a terminal, how wide, how much is there to read.
FCNTL_ALLOWED = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)
IOCTL_ALLOWED = (0x5401, 0x802C542A, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, value


def install() -> None:
    """Filter this thread's calls, and those of every thread it will start. Needs no_new_privs."""
    code = program(platform.machine(), os.getpid())
    buffer = ctypes.create_string_buffer(code, len(code))
    # struct sock_fprog: how many instructions, and where they are
    header = ctypes.create_string_buffer(struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer)))
    linux.prctl(linux.PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header)


def program(machine: str, pid: int) -> bytes:
    """The filter for a machine, and for the one process that may signal itself."""
    column, _ = ARCHITECTURES[machine]
    signals = (syscalls.KILL, syscalls.TGKILL, syscalls.SIGQUEUE, syscalls.TGSIGQUEUE)
    own = [instruction for call in signals for instruction in _when(call[column], *_only(0, pid))]
    return common_part(machine) + _assemble([*own, ALLOWED])


@functools.cache  # assembled once, in the warm process
def common_part(machine: str) -> bytes:
    """All of the filter that does not depend on the process."""
    if machine not in ARCHITECTURES:
        raise OSError(f"no table of system calls for {machine}")
    column, audit = ARCHITECTURES[machine]
    code = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, audit), _answer(KILL), (LOAD, 0, 0, NUMBER)]
    code += [(GREATER, 0, 1, syscalls.NEWEST), _error(errno.ENOSYS)]  # also every x32 call
    code += _when(syscalls.CLONE3[column], _error(errno.ENOSYS))
    for numbers in syscalls.DENIED.values():
        if numbers[column] is not None:
            code += _when(numbers[column], _error(errno.EPERM))
    code += _when(syscalls.CLONE[column], _argument(0), (ANY_BIT, 1, 0, CLONE_THREAD), _error(errno.EPERM), ALLOWED)
    code += _when(syscalls.PRLIMIT[column], *_only(0, 0))
    code += _when(syscalls.PRCTL[column], *_never(0, (linux.PR_SET_PDEATHSIG,)))
    code += _when(syscalls.FCNTL[column], *_among(1, FCNTL_ALLOWED))
    code += _when(syscalls.IOCTL[column], *_among(1, IOCTL_ALLOWED))
    return _assemble(code)


def _assemble(code: list[Instruction]) -> bytes:
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)


def _answer(verdict: int) -> Instruction:
    return RETURN, 0, 0, verdict


def _error(number: int) -> Instruction:
    return _answer(ERROR | number)


ALLOWED = _answer(ALLOW)


def _argument(index: int) -> Instruction:
    """Load the low half of an argument: all the kernel reads of an int (both machines are little-endian)."""
    return LOAD, 0, 0, ARGUMENTS + 8 * index


def _when(number: int, *body: Instruction) -> list[Instruction]:
    """Run body, which must end in an answer, for one system call."""
    return [(EQUAL, 0, len(body), number), *body]


def _only(index: int, value: int) -> list[Instruction]:
    return [_argument(index), (EQUAL, 1, 0, value), _error(errno.EPERM), ALLOWED]


def _among(index: int, values: tuple[int, ...]) -> list[Instruction]:
    code = [_argument(index)]
    for value in values:
        code += _when(value, ALLOWED)
    return [*code, _error(errno.EPERM)]


def _never(index: int, values: tuple[int, ...]) -> list[Instruction]:
    code = [_argument(index)]
    for value in values:
        code += _when(value, _error(errno.EPERM))
    return [*code, ALLOWED]
