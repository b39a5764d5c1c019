"""How long does `check` take? Every exercise of the course, its right answer, as a notebook would call it.

    python -m benchmarks.check [--json]
"""

import contextlib
import io
import json
import statistics
import sys
import tempfile
import time
from os import chdir
from pathlib import Path

import torch

from autograder import learner
from autograder.course import find_course
from autograder.variants import reference_implementation

REPEATS = 5


def main() -> None:
    torch.set_num_threads(1)
    course = find_course(Path(__file__).parent)
    chdir(tempfile.mkdtemp())  # open_unit settles `mygpt` where the notebook is
    seconds: dict[str, float] = {}
    for unit in course.units:
        with contextlib.redirect_stdout(io.StringIO()):
            learner.open_unit(unit.name)
        for exercise in unit.exercises:
            found = reference_implementation(unit, exercise)
            implementations = [getattr(found, n) for n in exercise.names] if exercise.companions else [found]
            seconds[f"{unit.name}.{exercise.name}"] = statistics.median(_time(implementations) for _ in range(REPEATS))
    worst = max(seconds, key=lambda name: seconds[name])
    result = {
        "exercises": len(seconds),
        "median_s": round(statistics.median(seconds.values()), 4),
        "worst_s": round(seconds[worst], 4),
        "worst": worst,
        "seconds": {name: round(value, 4) for name, value in seconds.items()},
    }
    if "--json" in sys.argv:
        print(json.dumps(result))
        return
    for name, value in sorted(seconds.items(), key=lambda item: -item[1]):
        print(f"{value * 1000:8.1f} ms  {name}")
    print(f"{result['median_s'] * 1000:8.1f} ms  median of {len(seconds)} exercises")


def _time(implementations: list) -> float:
    with contextlib.redirect_stdout(io.StringIO()) as told:
        started = time.perf_counter()
        learner.check(*implementations)
        took = time.perf_counter() - started
    if not told.getvalue().startswith("✓"):
        raise SystemExit(f"a right answer was refused:\n{told.getvalue()}")
    return took


if __name__ == "__main__":
    main()
