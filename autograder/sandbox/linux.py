"""The handful of Linux calls that Python has no name for. Each raises OSError, naming the call, when it fails."""

import ctypes
import os

PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_SET_SECCOMP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 8, 22, 36, 38
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 0x2, 0x4, 0x8, 0x4000, 0x40000
CAP_SETUID, CAP_SYS_ADMIN = 7, 21
MADV_COLLAPSE = 25

_libc = ctypes.CDLL(None, use_errno=True)


def checked(name: str, result: int) -> int:
    """The result of a C call, or the OSError that it stands for."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def syscall(name: str, number: int, *arguments: object) -> int:
    """A system call that libc may be too old to wrap."""
    return checked(name, _libc.syscall(ctypes.c_long(number), *arguments))


def prctl(option: int, value: int | ctypes.c_void_p = 0, third: object = 0) -> None:
    """Change something about this process, see prctl(2)."""
    if isinstance(value, int):
        value = ctypes.c_ulong(value)
    zero = ctypes.c_ulong(0)
    third = ctypes.c_ulong(third) if isinstance(third, int) else third
    checked(f"prctl {option}", _libc.prctl(option, value, third, zero, zero))


def close_from(descriptor: int) -> None:
    """Close this descriptor and every higher one (os.closerange may try a million, one by one)."""
    try:
        syscall("close_range", 436, ctypes.c_uint(descriptor), ctypes.c_uint(0xFFFFFFFF), ctypes.c_uint(0))
    except OSError:
        os.closerange(descriptor, os.sysconf("SC_OPEN_MAX"))


def unshare(flags: int) -> None:
    checked("unshare", _libc.unshare(flags))


def setns(descriptor: int, kind: int) -> None:
    checked("setns", _libc.setns(descriptor, kind))


def mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    """Mount a file system, see mount(2)."""
    encoded = [text.encode() if text else None for text in (source, target, kind)]
    checked(f"mount {target}", _libc.mount(*encoded, ctypes.c_ulong(flags), options.encode()))


def advise(address: int, length: int, advice: int) -> None:
    """Tell the kernel something about our memory. It may decline, and that is fine."""
    _libc.madvise(ctypes.c_void_p(address), ctypes.c_size_t(length), advice)


def read_files_as(uid: int) -> None:
    """Set the uid that file access is judged by (setfsuid, which reports no error: ask twice)."""
    _libc.setfsuid(uid)
    if _libc.setfsuid(-1) != uid:
        raise OSError(f"setfsuid {uid} was ignored")


def set_capabilities(effective: int, permitted: int) -> None:
    """Give up every capability that is not in these two masks."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    low, high = 0xFFFFFFFF, 32
    words = (effective & low, permitted & low, 0, effective >> high, permitted >> high, 0)
    checked("capset", _libc.capset(header, (ctypes.c_uint32 * 6)(*words)))


def has_capability(number: int) -> bool:
    """Does this process hold a capability, by its number?"""
    with open("/proc/self/status", encoding="utf-8") as lines:
        held = next(line for line in lines if line.startswith("CapEff"))
    return bool(int(held.split()[1], 16) >> number & 1)
