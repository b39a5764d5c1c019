"""What a child may leave behind at the levels without namespaces: orphans, files. And the way out of needing this."""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Container
from contextlib import suppress
from pathlib import Path

from autograder.sandbox import linux
from autograder.sandbox.confine import MOST_FILES


def next_child_opens_a_pid_namespace() -> None:
    """The next fork begins a new pid namespace. The kernel allows this once; coming home first re-arms it."""
    home = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    linux.setns(home, linux.CLONE_NEWPID)
    os.close(home)
    linux.unshare(linux.CLONE_NEWPID)


def kill_orphans(except_for: Container[int]) -> None:
    """Kill what detached itself from a child that ended: we are its parent now (PR_SET_CHILD_SUBREAPER)."""
    for _ in range(200):  # an orphan's own children become ours only when it is gone
        orphans = [pid for pid in _children() if pid not in except_for]
        if not orphans:
            return
        for pid in orphans:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.001)


def _children() -> list[int]:
    with suppress(FileNotFoundError):  # a kernel built without CONFIG_PROC_CHILDREN
        return list(map(int, Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text("ascii").split()))
    return []


def too_big(folder: Path, limit: int) -> bool:
    """Whether a scratch folder holds more than `limit` bytes or MOST_FILES entries."""
    total, entries, folders = 0, 0, [folder]
    while folders:
        try:
            found = list(os.scandir(folders.pop()))
        except FileNotFoundError:  # it changes while we look
            continue
        except OSError:  # a path too long to follow was not made by accident
            return True
        entries += len(found)
        if entries > MOST_FILES:
            return True
        for entry in found:
            with suppress(FileNotFoundError):
                total += entry.stat(follow_symlinks=False).st_blocks * 512
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
        if total > limit:
            return True
    return False


def remove(folder: Path) -> None:
    """Delete a scratch folder, however deep its owner dug."""
    with suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        subprocess.run(["rm", "-rf", folder], check=False, stderr=subprocess.DEVNULL)
