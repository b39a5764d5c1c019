"""What a sandbox is told once, before any job."""

import sys
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox.levels import Level

# All a child ever sees of an environment. One thread each: parallel work is several children.
ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "MALLOC_ARENA_MAX": "2",  # or each thread reserves 64 MB of the address space that the limit counts
    "MKL_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PATH": "/usr/bin:/bin",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
}


@dataclass(frozen=True, slots=True)
class Order:
    """Which function handles the jobs, what to import before, and which of the project's files a child may read."""

    handler: str
    preload: tuple[str, ...]
    readable: tuple[Path, ...]
    level: Level


def import_path() -> list[str]:
    """Where this process looks for modules, so that the other one looks there too."""
    return [str(Path(entry).absolute()) for entry in sys.path]
