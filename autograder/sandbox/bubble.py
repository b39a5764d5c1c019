"""The bubblewrap command around the warm process: a view of libraries, a few project files, nothing to write to."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from autograder.errors import SandboxError
from autograder.sandbox import linux, paths

# What the warm process needs to lock its children in; it runs no student code, and they lose all of it.
ROOT_CAPABILITIES = ("CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SETGID", "CAP_KILL")
USER_CAPABILITIES = ("CAP_SYS_ADMIN", "CAP_SETFCAP")  # the second: to hand its uid 0 on to a child's user namespace


def bubblewrap(readable: Iterable[Path], die_with_parent: bool) -> list[str]:
    """The command to put before the interpreter's."""
    program = shutil.which("bwrap")
    if program is None:
        raise SandboxError("bubblewrap is not installed (its program is called bwrap).")
    arguments = [program, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--cap-drop", "ALL"]
    arguments += ["--die-with-parent"] if die_with_parent else []
    capabilities = ROOT_CAPABILITIES
    if not linux.has_capability(linux.CAP_SYS_ADMIN):  # then become root of a namespace of our own: nobody, outside it
        capabilities = USER_CAPABILITIES
        arguments += ["--unshare-user", "--uid", "0", "--gid", "0"]
    arguments += [word for name in capabilities for word in ("--cap-add", name)]
    return [*arguments, *_view(tuple(readable))]


def _view(readable: tuple[Path, ...]) -> list[str]:
    libraries = paths.libraries()
    hidden = paths.concealed(libraries)
    words = [word for path in libraries for word in _mount(path)]
    words += [word for path in hidden for word in ("--tmpfs", str(path))]
    seen = (*map(Path, paths.LOADER), *readable)
    words += [word for path in seen for word in ("--ro-bind-try", str(path), str(path))]
    words += [word for device in paths.DEVICES for word in ("--dev-bind", device, device)]
    words += ["--proc", "/proc", "--tmpfs", "/scratch"]
    words += [word for path in (*hidden, Path("/")) for word in ("--remount-ro", str(path))]
    return [*words, "--chdir", "/"]


def _mount(path: Path) -> list[str]:
    """A link stays a link (/lib is often one to /usr/lib); anything else is bound at its own place."""
    if path.is_symlink():
        return ["--symlink", str(path.readlink()), str(path)]
    return ["--ro-bind", str(path), str(path)]
