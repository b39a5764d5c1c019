"""`mygpt`, the learner's own GPT: one module per unit, growing in the workspace beside the unit folders.

Where a unit stands on something the learner has not written (yet), the key brings it (`given`) and it is written there
as borrowed. In a judge's child nothing is written: `serve` answers `from mygpt.bigram import softmax` from memory.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

BORROWED = "# Borrowed from the course: not your own code yet."


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, sources: Mapping[str, str]) -> None:
        self.sources = {"mygpt": "", **{f"mygpt.{name}": source for name, source in sources.items()}}

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if name not in self.sources:
            return None
        return importlib.util.spec_from_loader(name, self, is_package=name == "mygpt")

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.sources[module.__name__], f"<{module.__name__}>", "exec"), module.__dict__)


def serve(sources: Mapping[str, str]) -> None:
    """Answer imports of `mygpt` from these sources, in this process, from now on."""
    forget()
    sys.meta_path.insert(0, _Finder(sources))


def forget() -> None:
    """Undo `serve` and drop every imported module of `mygpt`."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Finder)]
    for name in [name for name in sys.modules if name == "mygpt" or name.startswith("mygpt.")]:
        del sys.modules[name]


def settle(folder: Path, given: Mapping[str, str]) -> Path:
    """Make `mygpt` importable for a notebook in `folder`, with what is missing borrowed; return its folder.

    A `mygpt` here or beside the unit's folder is used, or made; one further up is somebody else's. What the learner
    wrote is never touched.
    """
    home = next((p for p in (folder, folder.parent) if (p / "mygpt").is_dir()), None)
    home = home or (folder.parent if folder.name[:2].isdigit() else folder)
    package = home / "mygpt"
    package.mkdir(exist_ok=True)
    for name, source in {"__init__": '"""My own GPT, a unit at a time."""\n', **given}.items():
        path = package / f"{name}.py"
        if not path.exists():
            path.write_text(source if name == "__init__" else f"{BORROWED}\n\n{source}", encoding="utf-8")
    if str(home) not in sys.path:
        sys.path.insert(0, str(home))
    importlib.invalidate_caches()  # the import system may have listed these folders a moment ago
    return package
