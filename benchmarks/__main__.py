"""Run every benchmark, each in a process of its own, and write the table benchmarks/README.md.

    python -m benchmarks [--only bpe] [--date 2026-01-31]

The table is written anew after each of them, so whoever interrupts loses the one that was running. A benchmark that
fails takes nothing with it: its rows keep their old figures, marked, the others go on, and the exit code is 1.
"""

import json
import os
import platform
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
TABLE = FOLDER / "README.md"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that a benchmark prints under `field` with --json, and one row of the table."""

    benchmark: str
    field: str
    compared: str
    unit: str = "times"
    at_least: float | None = None
    at_most: float | None = None

    @property
    def name(self) -> str:
        return f"[{self.benchmark}]({self.benchmark}.py) `{self.field}`"

    @property
    def wanted(self) -> str:
        if self.at_least is not None:
            return f"at least {self.at_least:g} {self.unit}"
        return f"at most {self.at_most:g} {self.unit}" if self.at_most is not None else "–"

    def shown(self, value: float) -> str:
        low, high = self.at_least or value, self.at_most or value
        return f"{value:.3g} {self.unit}" + ("" if low <= value <= high else ", missed")


FIGURES = (
    Figure("check", "median_s", "`check` of a right answer, in the notebook: the median of all exercises", "s"),
    Figure("check", "worst_s", "the same, the slowest exercise", "s"),
    Figure(
        "grading",
        "judge_ratio",
        "submissions per minute, from file to verdicts, attention: ours, isolated, beside `nbgrader autograde`",
        at_least=100,
    ),
    Figure("grading", "bare_judge_ratio", "the same, if students handed in no demonstrations, which stock has to run"),
    Figure("grading", "judge_whole_ratio", "as the first, for a class of 200, with what either takes to start"),
    Figure("grading", "worst_unit_ratio", "as the second, the unit where it is least"),
    Figure(
        "grading",
        "gradebook_ratio",
        "a class of 200, from file to gradebook and feedback pages, start included: ours beside stock nbgrader",
        at_least=15,
    ),
    Figure("scale", "cost_ratio", "time for a submission in a class of 5000, over that in a class of 10", at_most=1.25),
    Figure("scale", "late_ratio", "the same for the last thousand of 5000, over the first thousand", at_most=1.25),
    Figure(
        "scale",
        "memory_growth_mib",
        "what the process that judges and keeps the books grows by, from 500 submissions to 5000",
        "MiB",
        at_most=64,
    ),
    Figure(
        "determinism",
        "distinct_verdicts",
        "1000 judgements of the same submission, at 1 to 4 threads: right, wrong or partly right",
        "verdicts",
        at_most=1,
    ),
    Figure("bpe", "ratio", "1000 merges of BPE: incremental training beside counting everything again", at_least=50),
    Figure("bpe", "rust_ratio", "the same in `tokenizers` (Rust), one thread, beside our incremental training"),
    Figure("bpe", "rust_merging_ratio", "the same, without the time that either takes to cut the text into words"),
    Figure(
        "training",
        "ratio",
        "to know Shakespeare's letters as well as nanoGPT's small GPT: `fast` beside it",
        at_least=4,
    ),
    Figure("sampling", "ratio", "text from a GPT of GPT-2's size: with a KV cache beside without", at_least=5),
    Figure("sampling", "ratio_to_transformers", "the same with a KV cache: ours beside `transformers`"),
)
"""The one list of benchmarks: what is measured, where it stands in the JSON, and what is wanted."""

HEAD = """# Benchmarks

Written by `make bench`, which takes a while, or by `python -m benchmarks --only NAME` for one of them; not by hand.
Each file says at its top what it measures and how, and runs by itself: `python -m benchmarks.bpe`. "A beside B" is how
many times as fast A is. Figures depend on the machine, so it stands beside them. What each part of the fast recipe is
worth stands in [ablation.md](ablation.md).

| figure | what is compared | measured | wanted | on |
|---|---|---|---|---|
"""

NOT_YET = ("not yet", "–")
OLD = " (old: the last run failed)"


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a benchmark has no figures, in a sentence."""

    why: str


def main() -> None:
    names = list(dict.fromkeys(figure.benchmark for figure in FIGURES))
    parser = ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=names, help="run this one; may be repeated")
    parser.add_argument("--date", default="", help="written beside the machine, as it is")
    args = parser.parse_args()
    where = ", ".join(filter(None, [machine(), args.date]))
    sys.exit(1 if run(args.only or names, FIGURES, TABLE, where) else 0)


def command_of(benchmark: str) -> list[str]:
    return [sys.executable, "-m", f"benchmarks.{benchmark}", "--json"]


def run(
    names: Iterable[str],
    figures: Sequence[Figure],
    table: Path,
    where: str,
    command: Callable[[str], list[str]] = command_of,
) -> list[str]:
    """Run these benchmarks, keep the table, and return what went wrong."""
    rows = read_table(table)
    complaints = []
    for name in names:
        print(f"benchmark {name}", file=sys.stderr, flush=True)
        found = run_one(command(name))
        for figure in (figure for figure in figures if figure.benchmark == name):
            measured, on = rows.get(figure.name, NOT_YET)
            value = found if isinstance(found, Failed) else value_of(found, figure.field)
            if isinstance(value, Failed):
                complaints.append(f"{name}, {figure.field}: {value.why}")
                rows[figure.name] = (measured.removesuffix(OLD) + OLD, on)
            else:
                rows[figure.name] = (figure.shown(value), where)
        table.write_text(written(figures, rows), encoding="utf-8")
    print(*complaints, f"written: {table.name}", sep="\n", file=sys.stderr)
    return complaints


def run_one(command: list[str]) -> dict | Failed:
    """What a benchmark prints; it talks on our stderr meanwhile."""
    done = subprocess.run(command, cwd=FOLDER.parent, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    if done.returncode:
        return Failed(f"it ended with exit code {done.returncode}")
    try:
        found = json.loads(done.stdout)
    except json.JSONDecodeError:
        return Failed("what it printed with --json is no JSON")
    return found if isinstance(found, dict) else Failed("what it printed with --json is no object")


def value_of(found: dict, field: str) -> float | Failed:
    value = found.get(field)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return Failed("it was not measured" if value is None else f"{value!r} is no number")


def read_table(table: Path) -> dict[str, tuple[str, str]]:
    """From the name of each figure to what was measured and on what; nothing where there is no table yet."""
    lines = table.read_text(encoding="utf-8").splitlines() if table.is_file() else []
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| [")]
    return {name: (measured, on) for name, _, measured, _, on in rows}


def written(figures: Sequence[Figure], rows: dict[str, tuple[str, str]]) -> str:
    """The whole file, one row for each figure."""
    lines = []
    for figure in figures:
        measured, on = rows.get(figure.name, NOT_YET)
        lines.append(f"| {figure.name} | {figure.compared} | {measured} | {figure.wanted} | {on} |\n")
    return HEAD + "".join(lines)


def machine() -> str:
    """Processor, cores and versions; the machine's own name is nobody's business."""
    versions = f"Python {platform.python_version()}, torch {version('torch')}"
    return f"{processor()}, {os.cpu_count()} cores, {versions}".replace("|", "/")


def processor() -> str:
    """The name of the processor, where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [line for line in cpuinfo.read_text(encoding="utf-8").splitlines() if line.startswith("model name")]
        if names:
            return " ".join(names[0].partition(":")[2].split())
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
