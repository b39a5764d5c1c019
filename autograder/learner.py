"""What a notebook calls: `open_unit`, `check`, `hint`. Needs the shipped key and nothing of the reference."""

import importlib
import os
import sys
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from autograder import from_scratch, keeping, mygpt, present
from autograder.errors import CheckFailed, UsageError
from autograder.key import Key, KeyExercise, load_public_key
from autograder.probes import Probe, probes_in
from autograder.running import implementation_of, observe
from autograder.verdict import Verdict, judge_exercise


@dataclass
class Session:
    """The open unit, and what was last said of each of its exercises."""

    key: Key
    probes: dict[str, tuple[Probe, ...]]
    package: Path | None = None
    """The folder of `mygpt`, where right answers are kept."""
    waiting: dict[str, str] = field(default_factory=dict)
    """Cells with right answers that could not be kept yet, by exercise."""
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    num_hints: dict[str, int] = field(default_factory=dict)


_session: Session | None = None


def open_unit(unit: str) -> None:
    """Say which unit this notebook is: loads its key and makes `mygpt` importable.

    Also sets torch to one thread: the tensors of a lesson are small, and two threads spend longer handing them to each
    other than computing (`torch.set_num_threads(n)` afterwards undoes it). The judge does the same.

    Raises:
        UsageError: there is no such unit.
    """
    global _session
    key = load_public_key(unit)
    package = mygpt.enter(Path.cwd(), key.given)
    torch.set_num_threads(1)
    _show(f"{key.title}: {len(key.exercises)} exercises. {_shelf(key, package)}{_lent(key)}")
    _session = Session(key, probes_in(importlib.import_module(f"autograder.checks.{unit}")), package)


def check(*implementations: Any) -> None:
    """Grade an answer on the spot and show what holds and what does not. A right one is kept in `mygpt`.

    Args:
        implementations: the function or class you wrote; both where an exercise is a pair.

    Raises:
        UsageError: it is not one of this unit's exercises.
        CheckFailed: only where nbgrader itself executes the cell (its Validate button): there a wrong answer must be
            an error, or it would count as right.
    """
    verdict = judge_live(*implementations)
    session = _current()
    if os.environ.get("NBGRADER_EXECUTION") and not verdict.accepted:
        raise CheckFailed(present.narrow(present.text(verdict, session.key.scoring)))
    kept = _keep(session, verdict.exercise, implementations[0]) if verdict.accepted else _still_kept(session, verdict)
    verdict = replace(verdict, kept=kept)
    _show(present.text(verdict, session.key.scoring), present.html(verdict, session.key.scoring))


def judge_live(*implementations: Any) -> Verdict:
    """The verdict on live objects, by the public key."""
    session = _current()
    exercise, named = _match(session.key, implementations)
    verdict = _judge(session, exercise, implementation_of(exercise.names, named))
    verdict = replace(verdict, reading=_read(session, exercise, named))
    before = session.verdicts.get(exercise.name)
    if before is None or hints(before) != hints(verdict):
        session.num_hints.pop(exercise.name, None)
    session.verdicts[exercise.name] = verdict
    return verdict


def _judge(session: Session, exercise: KeyExercise, implementation: Any) -> Verdict:
    probes = {probe.name: probe for probe in session.probes[exercise.name]}
    chosen = [(probes[p.name], p.seed) for p in exercise.probes]
    return judge_exercise(exercise, list(observe(chosen, implementation, exercise.seconds)))


def _read(session: Session, exercise: KeyExercise, named: dict[str, Any]) -> from_scratch.Reading:
    """What the cells that were run say about the exercise's from-scratch rule."""
    cells = _cells_run() or [("", keeping.cell_of(one)) for one in named.values()]
    return from_scratch.read(session.key, [exercise], cells).get(exercise.name, from_scratch.UNREAD)


def _cells_run() -> list[tuple[str, str]]:
    """Every cell of the notebook, in the order in which it was last run."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    run = shell.history_manager.input_hist_parsed if shell is not None else []
    last = {source: number for number, source in enumerate(run)}
    return [(f"In [{number}]", source) for source, number in sorted(last.items(), key=lambda item: item[1])]


def _keep(session: Session, exercise: KeyExercise, implementation: Any) -> str:
    """Keep a right answer, and those that waited for it; say what became of it."""
    cell = keeping.cell_of(implementation)
    if not cell or session.package is None or "NBGRADER_EXECUTION" in os.environ:
        return ""  # not written in a notebook, or nbgrader is running it somewhere
    session.waiting[exercise.name] = cell
    kept, problem = [], ""
    for name in sorted(session.waiting, key=lambda name: name != exercise.name):
        one = session.key.exercise(name)
        try:
            judge = partial(_judge, session, one)
            kept += [name] * keeping.keep(session.package, session.key, one, session.waiting[name], judge)
            del session.waiting[name]
        except keeping.NotKept as error:
            problem = problem or (str(error) if name == exercise.name else "")
    if problem:
        earlier = " Your earlier answer stays there." * keeping.has(session.package, session.key, exercise)
        return f"Right, but not kept in mygpt: {problem}.{earlier}"
    return f"Kept in mygpt/{session.key.unit}.py: {', '.join(kept)}." if kept else ""


def _still_kept(session: Session, verdict: Verdict) -> str:
    """What a learner who tries something new that does not count likes to know."""
    if session.package is None:
        return ""
    why = "Not kept in mygpt, where only what is from scratch goes. " * verdict.right
    earlier = keeping.has(session.package, session.key, verdict.exercise)
    return why + f"Your earlier right answer is still in mygpt/{session.key.unit}.py." * earlier


def hint(*implementations: Any) -> None:
    """Help with an answer that is not right yet: first a question, then an example to run by hand.

    Args:
        implementations: the function or class, as for `check`.
    """
    session = _current()
    exercise, _ = _match(session.key, implementations)
    verdict = judge_live(*implementations)  # what it is now, not what it was at the last check
    if verdict.right:
        _show(f"{exercise.name} is right: no hint needed.")
        return
    levels = hints(verdict)
    level = session.num_hints.get(exercise.name, 0)
    session.num_hints[exercise.name] = min(level + 1, len(levels) - 1)
    more = " Call hint once more for the next one." if level + 1 < len(levels) else ""
    number, words = f"Hint {level + 1} of {len(levels)}", levels[level] + more
    _show(f"{number}: {words}", present.hint_html(number, words))


def hints(verdict: Verdict) -> list[str]:
    """The hints for a verdict, in levels: a question, then a counterexample or the next property's question."""
    if verdict.misconception:
        return [verdict.misconception.ask, verdict.misconception.show]
    return list(dict.fromkeys(result.probe.ask for result in verdict.results if not (result.passed or result.withheld)))


def _current() -> Session:
    if _session is None:
        raise UsageError("no unit is open: run the notebook's first code cell (`open_unit(…)`), then this one")
    return _session


def _match(key: Key, implementations: tuple[Any, ...]) -> tuple[KeyExercise, dict[str, Any]]:
    if not implementations:
        raise UsageError("check what? Name your function: check(my_function)")
    if name := next((item for item in implementations if isinstance(item, str)), ""):
        raise UsageError(f"hand over the function itself, without quotes: check({name})")
    named = {getattr(item, "__name__", repr(item)[:40]): item for item in implementations}
    exercise = key.exercise(next(iter(named)))
    if set(named) != set(exercise.names):
        together = f"these belong together: hand over both, ({', '.join(exercise.names)})"
        raise UsageError(together if exercise.companions else f"one at a time: hand over {exercise.name} alone")
    return exercise, named


def _shelf(key: Key, package: Path) -> str:
    """Where right answers go, seen from the notebook."""
    place = "in this folder" if package.parent == Path.cwd() else "beside this folder"
    return f"What `check` finds right is kept in mygpt/{key.unit}.py, {place}; later units import it from there."


def _lent(key: Key) -> str:
    names = [f"mygpt.{name}" for name in key.given]
    return f" Lent to you by the course: what is still missing in {', '.join(names)}." if names else ""


def _show(plain: str, rich: str = "") -> None:
    """Rich in a notebook, plain in a terminal."""
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        print(plain)
        return
    if get_ipython() is None:
        print(plain)
    else:
        display({"text/plain": plain} | ({"text/html": rich} if rich else {}), raw=True)
