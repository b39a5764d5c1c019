"""Is the cost of a submission flat, from a class of ten to one of five thousand, and the judge's memory with it?

    python -m benchmarks.scale [--sizes 10,100,5000] [--jobs 2] [--json]

Each class is graded by `autograder grade` in a course of its own, with nothing remembered and no two texts alike. Costs
are read off the clock times of the graded notebooks: the time between the first and the last of a class, by their
number. `cost_ratio` is that of the largest class beside the smallest, which is graded three times and its median taken;
`late_ratio` is that of the last fifth of the largest class beside its first fifth. `memory_growth_mib` is what the
process that judges and keeps the books holds more at the end of the largest class than after its first tenth.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.course import Unit
from benchmarks.classroom import make_class, open_course

REPEATS = 3  # of the smallest class, whose time is soon over


def main() -> None:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--unit", default="attention")
    parser.add_argument("--sizes", default="10,100,5000")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    result = measure(args.unit, [int(size) for size in args.sizes.split(",")], args.jobs)
    print(json.dumps(result) if args.json else "\n".join(f"{name:20} {value}" for name, value in result.items()))


@dataclass(frozen=True, slots=True)
class Run:
    """When each submission of a class was in the books, and what the process held then and then (clock, MiB)."""

    done: list[float]
    held: list[tuple[float, float]]

    def cost(self, first: float = 0.0, last: float = 1.0) -> float:
        """Seconds for one submission, of a part of the class."""
        start, end = (int(share * (len(self.done) - 1)) for share in (first, last))
        return (self.done[end] - self.done[start]) / (end - start)

    def memory(self, share: float) -> float:
        """MiB once this share of the class was done."""
        when = self.done[int(share * (len(self.done) - 1))]
        return next((mib for clock, mib in self.held if clock >= when), self.held[-1][1])


def measure(unit: str, sizes: list[int], jobs: int) -> dict[str, Any]:
    smallest, *larger = sizes
    low = [grade(unit, smallest, jobs) for _ in range(REPEATS)]
    runs = {size: grade(unit, size, jobs) for size in larger}
    cost = {smallest: statistics.median(run.cost() for run in low), **{size: run.cost() for size, run in runs.items()}}
    large = runs[sizes[-1]]
    return {
        "unit": unit,
        "jobs": jobs,
        "ms_each": {str(size): round(1e3 * seconds, 1) for size, seconds in cost.items()},
        "cost_ratio": round(cost[sizes[-1]] / cost[smallest], 2),
        "late_ratio": round(large.cost(0.8, 1.0) / large.cost(0.0, 0.2), 2),
        "memory_mib": {f"{share:.0%}": round(large.memory(share)) for share in (0.1, 0.25, 0.5, 0.75, 1.0)},
        "memory_growth_mib": round(large.memory(1.0) - large.memory(0.1), 1),
    }


def grade(name: str, size: int, jobs: int) -> Run:
    """Grade a class of this size, and watch."""
    with tempfile.TemporaryDirectory() as folder:
        course = open_course(Path(folder, "course"))
        unit = course.unit(name)
        make_class(course, unit, size)
        words = ["--root", str(course.root), "grade", name, "--jobs", str(jobs)]
        command, pipe = [sys.executable, "-m", "autograder.cli", *words], subprocess.PIPE
        with subprocess.Popen(command, stdout=pipe, stderr=pipe) as process:
            held = list(watch(process))
            said = b"".join(said.read() for said in (process.stdout, process.stderr) if said).decode()
        if process.returncode:
            raise SystemExit(said)
        run = Run(sorted(times(course.root, unit)), held)
        print(f"{size}: {1e3 * run.cost():.1f} ms each, {run.memory(1.0):.0f} MiB", file=sys.stderr, flush=True)
        return run


def watch(process: subprocess.Popen[bytes]) -> Iterator[tuple[float, float]]:
    """Clock and MiB of this process alone, twice a second until it ends. What it says fits into the pipes."""
    while process.poll() is None:
        lines = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines()
        for line in lines:
            if line.startswith("VmRSS"):
                yield time.time(), int(line.split()[1]) / 1024
        time.sleep(0.5)


def times(root: Path, unit: Unit) -> list[float]:
    return [path.stat().st_mtime for path in root.glob(f"autograded/*/{unit.folder}/{unit.name}.ipynb")]


if __name__ == "__main__":
    main()
