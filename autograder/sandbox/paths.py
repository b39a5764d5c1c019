"""Which files a child needs: Python, its packages, the system's libraries, and what the caller names. No course."""

import os
import site
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]  # autograder/
ROOT = PACKAGE.parent
OWN = (PACKAGE / "__init__.py", PACKAGE / "errors.py", PACKAGE / "sandbox")
# Where the project is installed as a package, these stand among the libraries: an answer must not be one import away.
CONCEALED = (PACKAGE, ROOT / "reference")
SYSTEM = ("/usr/lib", "/usr/lib64", "/usr/lib32", "/lib", "/lib64", "/usr/local/lib", "/nix/store")
LOADER = ("/etc/ld.so.cache", "/sys/devices/system/cpu")
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")


def libraries() -> tuple[Path, ...]:
    """The Python installation, its virtual environment and the system's libraries, outermost first."""
    wanted = [Path(path) for path in SYSTEM]
    for prefix in dict.fromkeys((sys.base_prefix, sys.base_exec_prefix, sys.prefix, sys.exec_prefix)):
        wanted += [Path(prefix, part) for part in ("lib", "lib64", "bin", "pyvenv.cfg") if prefix != "/usr"]
    wanted += [Path(folder) for folder in site.getsitepackages()]
    wanted += [Path(site.getusersitepackages())] if site.ENABLE_USER_SITE else []
    wanted += interpreter_chain(Path(sys.executable))
    return _outermost(path for path in _with_targets(wanted) if path.exists())


def interpreter_chain(executable: Path) -> list[Path]:
    """The interpreter and every link on the way to it."""
    chain = [executable]
    while chain[-1].is_symlink():
        chain.append(Path(os.path.normpath(chain[-1].parent / chain[-1].readlink())))
    return chain


def concealed(among: Iterable[Path]) -> tuple[Path, ...]:
    """Folders of ours that would be seen through a library folder."""
    folders = tuple(among)
    return tuple(path for path in CONCEALED if any(path.is_relative_to(folder) for folder in folders))


def without(folders: Iterable[Path], hidden: tuple[Path, ...]) -> Iterator[Path]:
    """Folders in smaller pieces, so that none contains a hidden one (Landlock can only allow, never except)."""
    for folder in folders:
        if folder in hidden:
            continue
        if any(path.is_relative_to(folder) for path in hidden):
            yield from without(sorted(folder.iterdir()), hidden)
        else:
            yield folder


def _with_targets(paths: Iterable[Path]) -> Iterator[Path]:
    """Each path as it is called and as it lies: either name may be asked for."""
    for path in paths:
        yield path
        yield path.resolve()


def _outermost(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Sorted, without those that lie in another one."""
    kept: list[Path] = []
    for path in sorted(set(paths)):
        if not (kept and any(path.is_relative_to(folder) for folder in kept)):
            kept.append(path)
    return tuple(kept)
