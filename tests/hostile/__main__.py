"""`python tests/hostile`: every hostile submission through our grader, with `--stock` also through stock nbgrader.

    python tests/hostile [--stock] [--only NAME …] [--json] [--write]

Ours are graded as one class; stock runs take seconds each, in a bubble of their own, and are kept in
workspace/hostile.json, so that an interrupted run goes on where it stopped. `--write` puts the table into
autograder/SECURITY.md.
"""

import json
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT)]

from hostile_class import ATTACKS, FROM_ELSEWHERE, HONEST, Term, grade_class, make_course  # noqa: E402
from scenario import SCENARIOS, TARGET, Attack, Earns  # noqa: E402

from autograder.sandbox import best_level  # noqa: E402

KEPT = ROOT / "workspace" / "hostile.json"
PAGE = ROOT / "autograder" / "SECURITY.md"
BEGIN, END = "<!-- table: python tests/hostile --stock --write -->", "<!-- end of table -->"
TOGETHER = 8
ALONE = {12, 17, 20, *range(28, 34)}
"""Scenarios that a stock run may not survive, or that reach for others: each submission gets a run of its own."""


def main() -> None:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stock", action="store_true", help="also through nbgrader's own executor")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=list(ATTACKS), help="these submissions only")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--write", action="store_true", help="write the table into autograder/SECURITY.md")
    args = parser.parse_args()
    if args.only and args.write:
        parser.error("the table holds everybody: --write goes without --only")
    attacks = [ATTACKS[name] for name in args.only or ATTACKS]
    console = Console(stderr=True, highlight=False)
    console.print((best_level() or sys.exit("nothing confines here")).sentence)
    with tempfile.TemporaryDirectory() as folder:
        ours = grade_here(Path(folder), attacks)
    stock = read_kept()
    if args.stock:
        stock = grade_by_stock([a for a in attacks if a in FROM_ELSEWHERE], console)
    rows = [row(attack, ours[attack.name], stock.get(attack.name)) for attack in attacks]
    if args.write:
        write_table(rows)
    print(json.dumps(rows, ensure_ascii=False) if args.json else summary(rows))


def grade_here(folder: Path, attacks: Sequence[Attack]) -> dict[str, dict[str, Any]]:
    term = grade_class(make_course(folder), attacks)
    return {attack.name: found_here(term, attack.name) for attack in attacks}


def found_here(term: Term, name: str) -> dict[str, Any]:
    """The same five things that are asked of a stock run; what cannot be told apart is everybody's."""
    one = term.together[name]
    points = next((v.score("per-property") for v in one.verdicts if v.exercise.name == TARGET), None)
    told = term.told(name)
    return {
        "points": points,
        "honest": term.pages == term.pages_alone and all(term.together[s] == term.alone[s] for s in HONEST),
        "finished": len(term.together) == len(list((term.course.root / "submitted").iterdir())),
        "left": list(term.left) + ["a connection was made"] * bool(term.heard),
        "leaked": [word for word in ("HIDDEN", "7d1f0c") if word in told],
    }


def read_kept() -> dict[str, dict[str, Any]]:
    return json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.is_file() else {}


def grade_by_stock(attacks: Sequence[Attack], console: Console) -> dict[str, dict[str, Any]]:
    """Those that are not kept yet, two runs at a time."""
    from stock import Stock

    kept = read_kept()
    groups = grouped([attack for attack in attacks if attack.name not in kept])
    with tempfile.TemporaryDirectory() as folder, Progress(console=console) as progress, ThreadPoolExecutor(2) as pool:
        bar = progress.add_task("stock nbgrader", total=sum(map(len, groups)))
        stock = Stock(Path(folder)) if groups else None
        runs = [pool.submit(stock.run, group) for group in groups] if stock else []
        try:
            for done in as_completed(runs):
                kept |= {name: asdict(ran) for name, ran in done.result().items()}
                KEPT.parent.mkdir(exist_ok=True)
                KEPT.write_text(json.dumps(kept, indent=1, sort_keys=True), encoding="utf-8")
                progress.advance(bar, len(done.result()))
        except BaseException:  # Ctrl-C: what runs comes to its end, the rest is for another time
            pool.shutdown(cancel_futures=True)
            raise
    return kept


def grouped(attacks: Sequence[Attack]) -> list[list[Attack]]:
    """The first wild one of every scenario; the peaceful ones, several at a time; then the rest."""
    calm = [attack for attack in attacks if is_calm(attack)]
    wild = {attack.scenarios[0]: attack for attack in reversed(attacks) if attack not in calm}
    firsts, peaceful = [[attack] for attack in wild.values()], list(range(0, len(calm), TOGETHER))
    rest = [[attack] for attack in attacks if attack not in calm and [attack] not in firsts]
    return [*firsts, *(calm[start : start + TOGETHER] for start in peaceful), *rest]


def is_calm(attack: Attack) -> bool:
    """Will it leave the run, the others and the listener alone? If not after all, it is run once more by itself."""
    reaches_out = "PORT" in (attack.answer or "") or "tell(" in (attack.answer or "")
    ends_the_run = attack.earns is Earns.PERSON or attack.name in ("doubled", "future-date") or attack.endless
    return not (ALONE & set(attack.scenarios) or reaches_out or ends_the_run)


def row(attack: Attack, ours: dict[str, Any], stock: dict[str, Any] | None) -> dict[str, Any]:
    scenarios = list(attack.scenarios)
    return {"name": attack.name, "scenarios": scenarios, "goal": attack.goal, "ours": ours, "stock": stock}


def summary(rows: Sequence[dict[str, Any]]) -> str:
    lines = []
    for side, name in (("ours", "autograder"), ("stock", "stock nbgrader")):
        seen = [(ATTACKS[r["name"]], r[side]) for r in rows if r[side]]
        if seen:
            lines.append(f"{name}: {len(seen)} submissions; {tally(seen)}")
    return "\n".join(lines)


def tally(seen: Sequence[tuple[Attack, dict[str, Any]]]) -> str:
    cheats = [(a, r) for a, r in seen if a.earns is Earns.NOTHING]
    return (
        f"{sum((r['points'] or 0) > 0 for _, r in cheats)} of {len(cheats)} that deserve nothing gain points, "
        f"{sum(not r['honest'] for _, r in seen)} change an honest student's result, "
        f"{sum(not r['finished'] for _, r in seen)} break the run, "
        f"{sum(bool(r['left']) for _, r in seen)} leave something behind or connect, "
        f"{sum(bool(r['leaked']) for _, r in seen)} carry a secret out"
    )


def write_table(rows: Sequence[dict[str, Any]]) -> None:
    """By scenario, then as in the code."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table(rows)}\n{END}{after}", encoding="utf-8")


def table(rows: Sequence[dict[str, Any]]) -> str:
    lines = [summary(rows).replace("\n", "\n\n"), ""]
    lines += [
        "| submission | is after | points here | points, stock | what else happened with stock |",
        "|---|---|---|---|---|",
    ]
    for number, title in SCENARIOS.items():
        mine = [r for r in rows if r["scenarios"][0] == number]
        if mine:
            lines.append(f"| **{number}. {title}** | | | | |")
        lines += [
            f"| {r['name']} | {r['goal']} | {mark(r['ours'])} | {mark(r['stock'])} | {deeds(r['stock'])} |"
            for r in mine
        ]
    return "\n".join(lines)


def mark(result: dict[str, Any] | None) -> str:
    if result is None:
        return "–"
    return "none written" if result["points"] is None else f"{result['points']:g} of 6"


def deeds(result: dict[str, Any] | None) -> str:
    if result is None:
        return ""
    told = ["**an honest student's result changed**"] * (not result["honest"])
    told += ["**the run broke**"] * (not result["finished"])
    left = ["a process" if one.startswith("process") else one for one in result["left"]]
    told += [f"left: {', '.join(left[:2])}{' and more' if len(left) > 2 else ''}"] * bool(left)
    told += [f"told: {', '.join(result['leaked'])}"] * bool(result["leaked"])
    return "; ".join(told).replace("|", "/")


if __name__ == "__main__":
    main()
