"""How fast is a class graded? Ours beside stock nbgrader, on the same submissions, in one run, with equal points.

    python -m benchmarks.grading [--units all] [--submissions 200] [--stock 20] [--seed 0] [--jobs 2] [--json]

Stock is serial and takes seconds for each, so it grades a random few of the class, scaled. Its figures come from two
runs, one submission and the others, so that what it takes to start is known and can be left out.

`judge_ratio` compares judging alone, from the file to verdicts, at a steady pace: all isolation on, starting left out
on both sides. `judge_whole_ratio` is the same for the whole class, starting included on both sides. A submission is the
whole notebook, as a student hands it in, with the lesson's demonstrations (in few steps): a grader with a kernel has to
run them, ours has not. `bare_judge_ratio` is the same without them, which is as kind to stock as can be; the other
units are measured so, on few submissions, and judging only. `gradebook_ratio`
is the whole way for the whole class, starting included: files to gradebook and feedback pages. What stock does is
`nbgrader autograde` and `nbgrader generate_feedback`; its judging cannot be told from its bookkeeping.
"""

import gc
import json
import os
import random
import shutil
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from autograder.course import Course, Unit
from autograder.grading import How, judge_submissions
from autograder.judge import Judge, sandbox_of
from benchmarks.classroom import make_class, open_course
from benchmarks.stock import Stock, Timed, rows_of, run, same_by_rule

MAIN = "attention"
FEW, FEW_STOCK = 24, 2
"""So many submissions of the other units, and so many and one of these by stock: it takes five seconds for each."""


def main() -> None:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", default="all", help="names of units, or all; attention is always measured in full")
    parser.add_argument("--submissions", type=int, default=200)
    parser.add_argument("--stock", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="which of the class stock grades")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    result = measure(args)
    print(json.dumps(result) if args.json else told(result))
    if not result["scores_agree"]:
        raise SystemExit("the points are not stock nbgrader's, so no pace is worth anything")


def measure(args: Namespace) -> dict[str, Any]:
    """The main unit in full, the others' pace of judging."""
    with tempfile.TemporaryDirectory() as folder:
        course = open_course(Path(folder, "course"))
        result = measure_class(course, course.unit(MAIN), args)
        others = [unit.name for unit in course.units if unit.name != MAIN]
        chosen = others if args.units == "all" else [name for name in args.units.split(",") if name != MAIN]
        small = Namespace(**vars(args) | {"submissions": FEW, "stock": FEW_STOCK})
        start = result["stock_start_s"]
        units = {name: measure_judging(course, course.unit(name), small, start, bare=True) for name in chosen}
        everywhere = [result, *units.values()]
        return result | {
            "units": {name: found["judge_ratio"] for name, found in units.items()},
            "units_measured_on": {"submissions": FEW, "stock": FEW_STOCK},
            "worst_unit_ratio": min([result["bare_judge_ratio"], *(one["judge_ratio"] for one in units.values())]),
            "scores_agree": _agree(everywhere) and result["bare_rows_agree"] == result["bare_stock_measured_on"],
        }


def _agree(found: list[dict[str, Any]]) -> bool:
    return all(one["rows_agree"] == one["stock_measured_on"] for one in found)


def measure_class(course: Course, unit: Unit, args: Namespace) -> dict[str, Any]:
    """The whole way, for the whole class."""
    result = measure_judging(course, unit, args)
    started = time.perf_counter()
    autograder(course, "feedback", unit.name, "--jobs", str(args.jobs))
    feedback_s = time.perf_counter() - started
    stock = Stock(course, unit, course.root.with_name("stock-feedback"))
    shutil.copyfile(course.root / "gradebook.db", stock.course.root / "gradebook.db")
    theirs = stock.timed("generate_feedback", "autograded", sample(course, args))
    stock_s = result["stock_autograde_s"] + theirs.whole(args.submissions)
    note(f"{unit.name}: pages in {feedback_s:.1f} s; stock would take {stock_s:.0f} s for everything")
    pages_equal = f"{count_equal_pages(course, stock.course, unit)} of {theirs.num + 1}"
    bare = measure_judging(course, unit, args, bare=True)
    return result | {
        "feedback_s": round(feedback_s, 1),
        "stock_feedback_s": round(theirs.whole(args.submissions), 1),
        "pages_equal": pages_equal,
        "bare_judge_ratio": bare["judge_ratio"],
        "bare_rows_agree": bare["rows_agree"],
        "bare_stock_measured_on": bare["stock_measured_on"],
        "gradebook_ratio": round(stock_s / (result["grade_s"] + feedback_s), 1),
    }


def measure_judging(
    course: Course, unit: Unit, args: Namespace, start: float | None = None, bare: bool = False
) -> dict[str, Any]:
    """From file to verdicts, beside `nbgrader autograde`; then are the points the same?

    `start` is what stock takes to start, where that is known from another unit.
    """
    for room in ("submitted", "autograded", "feedback"):
        shutil.rmtree(course.root / room, ignore_errors=True)
    (course.root / "submitted").mkdir()
    grade(course, unit, args.jobs)  # nobody: registers the assignment, makes the key
    make_class(course, unit, args.submissions, bare)
    stock = Stock(course, unit, course.root.with_name(f"stock-{unit.name}{'-bare' * bare}"))
    ours = judge(course, unit, args.jobs)
    started = time.perf_counter()
    graded = grade(course, unit, args.jobs)
    grade_s = time.perf_counter() - started
    stock.use_own_steps()
    students = sample(course, args)
    theirs = stock.timed("autograde", "submitted", students, start)
    left, right = rows_of(course, unit, students), rows_of(stock.course, unit, students)
    num = args.submissions
    note(f"{unit.name}{', bare' * bare}: {1e3 * ours.each:.0f} ms each, stock {theirs.each:.2f} s")
    return {
        "unit": unit.name,
        "submissions": num,
        "jobs": args.jobs,
        "judged_per_minute": round(60 / ours.each),
        "judge_start_s": round(ours.start, 1),
        "stock_per_minute": round(60 / theirs.each, 1),
        "stock_start_s": round(theirs.start, 1),
        "stock_measured_on": len(students),
        "grade_s": round(grade_s, 1),
        "remembered": graded["remembered"],
        "stock_autograde_s": round(theirs.whole(num), 1),
        "rows_agree": sum(same_by_rule(left[student], right[student]) for student in students),
        "judge_ratio": round(theirs.each / ours.each, 1),
        "judge_whole_ratio": round(theirs.whole(num) / ours.whole(num), 1),
    }


def judge(course: Course, unit: Unit, jobs: int) -> Timed:
    """Judging alone, in the sandbox; nothing is remembered from before, nothing is written down."""
    gc.freeze()  # this process holds torch, to make the class; the judge's own does not
    begun = time.perf_counter()
    with Judge.of_course(course, unit, sandbox_of(unit.name)) as warm:
        started = time.perf_counter()
        found = [found for _, found in judge_submissions(course, unit, warm, How(jobs))]
        ended = time.perf_counter()
    if not all(one.judgement for one in found):
        raise SystemExit(f"{unit.name}: {next(one.reasons for one in found if not one.judgement)}")
    return Timed(len(found), (ended - started) / len(found), started - begun)


def grade(course: Course, unit: Unit, jobs: int) -> dict[str, Any]:
    """`autograder grade` as an instructor types it, with nothing remembered."""
    shutil.rmtree(course.root / ".autograder" / "memory", ignore_errors=True)
    return json.loads(autograder(course, "grade", unit.name, "--jobs", str(jobs), "--json"))


def autograder(course: Course, *words: str) -> str:
    return run([sys.executable, "-m", "autograder.cli", "--root", str(course.root), *words], course.root)


def sample(course: Course, args: Namespace) -> list[str]:
    """A random few of the class, and one more to learn what it takes to start."""
    students = sorted(path.name for path in (course.root / "submitted").iterdir())
    return random.Random(args.seed).sample(students, args.stock + 1)


def count_equal_pages(ours: Course, theirs: Course, unit: Unit) -> int:
    """Feedback pages that are the same to the byte."""
    pages = [path.relative_to(theirs.root) for path in theirs.root.glob(f"feedback/*/{unit.folder}/*.html")]
    return sum((ours.root / page).read_bytes() == (theirs.root / page).read_bytes() for page in pages)


def note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def told(result: dict[str, Any]) -> str:
    stock = f"stock graded a random {result['stock_measured_on']} of them, scaled"
    return "\n".join([*(f"{name:20} {value}" for name, value in result.items()), stock])


if __name__ == "__main__":
    main()
