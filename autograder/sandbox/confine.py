"""A freshly forked child locks itself in. The order matters: each step may need what a later one takes away.

Everything here runs before any student code. A step that fails raises; the child then says so and leaves, and the job
counts as refused. There is no weaker way to go on.
"""

import os
import resource
import signal
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox import landlock, linux, seccomp
from autograder.sandbox.levels import Level
from autograder.sandbox.records import Limits

MOST_FILES, OPEN_FILES = 4096, 64
NOBODY = 65534
NEIGHBOURS = 8  # children that may share one uid's count of threads, where they must


@dataclass(frozen=True, slots=True)
class Walls:
    """What the warm process knows about confinement, the same for all its children but for `uid` and `scratch`."""

    level: Level
    readable: tuple[Path, ...]
    landlock: int  # ABI, 0 where the kernel has none
    uid: int | None  # root gives every child a uid of its own; others have none to give
    scratch: Path

    def describe(self) -> tuple[str, ...]:
        """The walls by name, for a report."""
        if self.level is Level.UNSAFE:
            return ("limits",)
        return (
            *(("bubblewrap", "own namespaces") if self.level is Level.NAMESPACES else ()),
            *((f"Landlock {self.landlock}",) if self.landlock else ()),
            "seccomp",
            "limits",
            *(("own uid",) if self.uid is not None else ()),
        )


def confine(walls: Walls, limits: Limits) -> None:
    """Lock the calling process in for good."""
    _volunteer_for_the_oom_killer()
    processes = _threads_until(limits, walls)
    address_space = _address_space() + limits.memory_bytes
    if walls.level is Level.NAMESPACES:
        _enter_own_namespaces(walls, limits)
    os.chdir(walls.scratch)
    _limit(limits, processes, address_space)
    if walls.level is not Level.UNSAFE:
        _drop_privileges(walls.uid)
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)  # after the change of uid, which would clear it
    if walls.level is Level.UNSAFE:
        return
    inside = (Path("/"),) if walls.level is Level.NAMESPACES else ()  # there / is only what bubblewrap bound
    if walls.landlock or walls.level is Level.LANDLOCK:
        landlock.restrict(walls.readable, walls.scratch, listable=inside)
    seccomp.install()


def _volunteer_for_the_oom_killer() -> None:
    """If the machine itself runs out of memory, this child goes first, not the judge."""
    Path("/proc/self/oom_score_adj").write_text("1000", encoding="utf-8")


def _address_space() -> int:
    """Bytes mapped so far: the warm process's own, which the child did not choose."""
    pages = Path("/proc/self/statm").read_text(encoding="utf-8").split()[0]
    return int(pages) * resource.getpagesize()


def _threads_until(limits: Limits, walls: Walls) -> int:
    """RLIMIT_NPROC counts all threads of a uid. A child with its own uid or user namespace starts from nothing.

    Any other shares the count with whatever its user runs. Then a bomb is still a small one, but its neighbours may
    find no threads left.
    """
    if walls.uid is not None or walls.level is Level.NAMESPACES:
        return limits.threads
    total = NEIGHBOURS * limits.threads
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.stat().st_uid == os.getuid():
                total += len(os.listdir(process / "task"))
        except OSError:  # it ended while we looked
            continue
    return total


def _enter_own_namespaces(walls: Walls, limits: Limits) -> None:
    """No network, no shared memory, no processes to see, and a small disk of its own. (The pid namespace is there.)"""
    own_user = linux.CLONE_NEWUSER if walls.uid is None else 0
    uid, gid = os.geteuid(), os.getegid()
    linux.unshare(own_user | linux.CLONE_NEWNS | linux.CLONE_NEWNET | linux.CLONE_NEWIPC | linux.CLONE_NEWUTS)
    if own_user:
        Path("/proc/self/setgroups").write_text("deny", encoding="utf-8")
        Path("/proc/self/uid_map").write_text(f"{NOBODY} {uid} 1", encoding="utf-8")
        Path("/proc/self/gid_map").write_text(f"{NOBODY} {gid} 1", encoding="utf-8")
    harmless = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
    linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("none", "/proc", "tmpfs", harmless, "size=4k,nr_inodes=2,mode=0500")
    size = f"size={limits.scratch_bytes},nr_inodes={MOST_FILES},mode=0700"
    linux.mount("none", str(walls.scratch), "tmpfs", harmless, size)


def _limit(limits: Limits, processes: int, address_space: int) -> None:
    for kind, value in {
        resource.RLIMIT_AS: address_space,
        resource.RLIMIT_CPU: limits.cpu_s,
        resource.RLIMIT_FSIZE: limits.scratch_bytes,
        resource.RLIMIT_NPROC: processes,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }.items():
        _, hard = resource.getrlimit(kind)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


def _drop_privileges(uid: int | None) -> None:
    """Become `uid`, lose every capability, and never gain one again.

    Files are still judged by the old uid: Python may live in a folder that only its owner can read. Landlock and the
    mounts say which files there are; with no capability left, root is an owner like any other.
    """
    if uid is not None:
        owner = os.geteuid()
        linux.prctl(linux.PR_SET_KEEPCAPS, 1)
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        linux.set_capabilities(effective=1 << linux.CAP_SETUID, permitted=1 << linux.CAP_SETUID)
        linux.read_files_as(owner)
    linux.set_capabilities(effective=0, permitted=0)
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
