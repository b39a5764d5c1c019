"""How fast is a class graded? `autograder grade` beside nbgrader's own executor, on the same submissions, in one run.

    python -m benchmarks.grading [--unit attention] [--submissions 40] [--stock 5] [--json]

Stock nbgrader grades a sample of the same class (it is serial and takes seconds for each), scaled to one submission.
Demonstration cells are removed from every submission on both sides, so stock is not charged for lessons that train.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

import nbformat

from autograder.course import Course, Unit, find_course
from autograder.submission import exercise_of, released_notebook, role_of
from autograder.variants import misconception_source, misconceptions_of


def main() -> None:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--unit", default="attention")
    parser.add_argument("--submissions", type=int, default=40)
    parser.add_argument("--stock", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder), args)
    print(json.dumps(result) if args.json else "\n".join(f"{name:28} {value}" for name, value in result.items()))


def measure(folder: Path, args: Namespace) -> dict[str, object]:
    """Grade the class both ways and compare pace and points."""
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    course = find_course(Path(__file__).parent).copy_to(folder)
    unit = course.unit(args.unit)
    make_class(course, unit, args.submissions)
    command = [sys.executable, "-m", "autograder.cli", "--root", str(folder), "grade", unit.name, "--json"]
    _run(command, folder)  # registers the assignment, makes the key
    ours = json.loads(_run([*command, "--jobs", str(args.jobs)], folder))
    students = sorted(ours["points"])[: args.stock]
    stock_s, stock_points = grade_by_stock(folder, unit, students)
    pace, stock_pace = 60 * args.submissions / ours["seconds"], 60 * len(students) / stock_s
    return {
        "unit": unit.name,
        "submissions": args.submissions,
        "isolation": ours["isolation"],
        "autograder_per_minute": round(pace),
        "stock_per_minute": round(stock_pace, 1),
        "stock_measured_on": len(students),
        "gradebook_ratio": round(pace / stock_pace, 1),
        "all_or_nothing_agrees": sum(_agrees(ours["points"][s], stock_points[s], unit) for s in students),
    }


def make_class(course: Course, unit: Unit, num_submissions: int) -> None:
    """Every second student is right; the others hold one misconception each, in turn."""
    solved = nbformat.read(course.root / "solutions" / unit.folder / f"{unit.name}.ipynb", as_version=4)
    right = {exercise_of(cell): cell.source for cell in solved.cells if role_of(cell) == "answer"}
    wrong = misconceptions_of(unit)
    for number in range(num_submissions):
        answers = dict(right)
        if number % 2:
            misconception = wrong[number // 2 % len(wrong)]
            answers[misconception.exercise] = misconception_source(course, unit, misconception)
        notebook = released_notebook(course, unit)
        notebook.cells = [cell for cell in notebook.cells if role_of(cell) != "demo"]
        for cell in notebook.cells:
            if role_of(cell) == "answer":
                cell.source = answers[exercise_of(cell)]
        path = course.root / "submitted" / f"student{number:04d}" / unit.folder / f"{unit.name}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)


def grade_by_stock(folder: Path, unit: Unit, students: list[str]) -> tuple[float, dict[str, float]]:
    """nbgrader with its own preprocessors, kernel and all; the cells' `check` raises where an answer is wrong."""
    shutil.rmtree(folder / "autograded")
    lines = (folder / "nbgrader_config.py").read_text(encoding="utf-8")
    lines += "\nfrom nbgrader.converters import Autograde\n"
    for name in ("sanitize_preprocessors", "autograde_preprocessors"):
        lines += f"c.Autograde.{name} = list(Autograde.class_traits()['{name}'].default_args[0])\n"
    (folder / "nbgrader_config.py").write_text(lines, encoding="utf-8")
    for path in (folder / "submitted").iterdir():
        if path.name not in students:
            shutil.rmtree(path)
    started = time.perf_counter()
    _run([str(Path(sys.executable).parent / "nbgrader"), "autograde", unit.folder, "--force"], folder)
    seconds = time.perf_counter() - started
    return seconds, _points(folder, unit, students)


def _points(folder: Path, unit: Unit, students: list[str]) -> dict[str, float]:
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}", "build-a-gpt") as gradebook:
        return {s: gradebook.find_submission(unit.folder, s).score for s in students}


def _agrees(ours: float, stock: float, unit: Unit) -> bool:
    """Stock knows all or nothing, public seeds only: right answers agree to the point, wrong ones get no more."""
    full = sum(exercise.points for exercise in unit.exercises)
    return ours == stock if ours == full else stock <= ours < full


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}\n{done.stderr[-3000:]}")
    return done.stdout


if __name__ == "__main__":
    main()
