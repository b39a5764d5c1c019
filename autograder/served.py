"""`mygpt` in a judge's child: nothing is written there, `from mygpt.bigram import softmax` is answered from memory."""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any


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
    """Undo `serve` and drop every imported module of `mygpt`.

    To walk over all names of modules is to write on each (its reference count): in a child fresh from the fork that
    copies a thousand pages for nothing, so there only a look is taken.
    """
    others = [finder for finder in sys.meta_path if not isinstance(finder, _Finder)]
    if len(others) == len(sys.meta_path) and "mygpt" not in sys.modules:
        return
    sys.meta_path[:] = others
    for name in [name for name in sys.modules if name == "mygpt" or name.startswith("mygpt.")]:
        del sys.modules[name]
