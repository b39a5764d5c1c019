"""Does the same submission get the same verdict, every time?

    python -m benchmarks.determinism [--unit attention] [--repeats 1000] [--json]

A right, a wrong and a partly right submission are judged so many times each, in the sandbox: a quarter of them one at a
time, then two, three and four at a time, with as many torch threads in the child, for which the answer itself asks.
`distinct_verdicts` is the number of different verdicts that the worst of the three got; there must be one.
"""

import json
import tempfile
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from autograder.course import Course, Unit
from autograder.judge import Judge, Judgement, sandbox_of
from autograder.submission import read_submission
from autograder.variants import misconception_source, misconceptions_of
from benchmarks.classroom import hand_in, open_course, right_answers

ABREAST = (1, 2, 3, 4)
"""So many submissions at a time, and so many torch threads in each."""


def main() -> None:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--unit", default="attention")
    parser.add_argument("--repeats", type=int, default=1000, help="judgements of each submission")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    result = measure(args.unit, args.repeats)
    print(json.dumps(result) if args.json else "\n".join(f"{name:20} {value}" for name, value in result.items()))


def measure(name: str, repeats: int) -> dict[str, Any]:
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        course = open_course(Path(folder, "course"))
        unit = course.unit(name)
        seen = judge_often(course, unit, repeats)
    return {
        "unit": name,
        "judgements": sum(found.total() for found in seen.values()),
        "abreast": list(ABREAST),
        "points": {kind: sorted({points for points, *_ in found}) for kind, found in seen.items()},
        "seconds": round(time.perf_counter() - started),
        "distinct_verdicts": max(len(found) for found in seen.values()),
    }


def judge_often(course: Course, unit: Unit, repeats: int) -> dict[str, Counter[tuple]]:
    """Right, wrong, partly right → how often each verdict was reached."""
    seen: dict[str, Counter[tuple]] = {}
    with Judge.of_course(course, unit, sandbox_of(unit.name)) as judge:
        for kind, answers in kinds(course, unit):
            seen[kind] = Counter()
            for abreast in ABREAST:
                student = f"{kind}-{abreast}"
                first, *others = answers
                asks = {first: f"{answers[first]}\ntorch.set_num_threads({abreast})\n"}
                hand_in(course, unit, student, {**{name: answers[name] for name in others}, **asks})
                submission = read_submission(course, unit, course.root / "submitted" / student / unit.folder)
                with ThreadPoolExecutor(abreast) as pool:
                    judged = pool.map(judge.judge, [submission] * (repeats // len(ABREAST)))
                    seen[kind].update(fingerprint(judgement, course.scoring) for judgement in judged)
    return seen


def kinds(course: Course, unit: Unit) -> Iterator[tuple[str, dict[str, str]]]:
    """Exercise → answer, of three submissions."""
    right = right_answers(course, unit)
    first = {m.exercise: misconception_source(course, unit, m) for m in reversed(misconceptions_of(unit))}
    yield "right", right
    yield "wrong", {**right, **first}
    last = next(iter(first))
    yield "partly right", {**right, last: first[last]}


def fingerprint(judgement: Judgement, scoring: str) -> tuple:
    """All that a student, a grader or the gradebook is told, without clocks."""
    told = [
        (
            verdict.exercise.name,
            verdict.outcome.value,
            verdict.score(scoring),
            verdict.misconception.name if verdict.misconception else verdict.family,
            tuple((r.probe.name, r.passed, r.withheld, str(r.difference)) for r in verdict.results),
        )
        for verdict in judgement.verdicts
    ]
    return sum(verdict.score(scoring) for verdict in judgement.verdicts), *told


if __name__ == "__main__":
    main()
