"""Submissions as the demo makes them, the promises it checks, and one demo from end to end."""

import ast
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.course import ROOMS, Course, Exercise, Unit, find_course
from autograder.demo import main_job, run_demo
from autograder.demo.attacks import Listener
from autograder.demo.classroom import make_class
from autograder.demo.notebooks import DAMAGES, Answer, HandIn, Kind, fill, filled_notebook, hand_in_notebook
from autograder.demo.promises import broken_promises
from autograder.errors import UsageError
from autograder.feedback import find_graded
from autograder.grading import How
from autograder.key import KeyMisconception, load_public_key
from autograder.results import Finish, Graded
from autograder.sandbox import Level, best_level
from autograder.submission import NeedsPerson, graft, read_notebook, read_submission
from autograder.verdict import Outcome, ProbeResult, Verdict

COURSE = find_course(Path(__file__))
BPE = COURSE.unit("bpe")


def test_an_answer_takes_the_place_of_the_stub() -> None:
    """What the cell gives stays, unless the student changed it; a helper goes below."""
    cell = "# exercise: u.f\nLIMIT = 3\n\n\n@property\ndef f(x):\n    '''Doc.'''\n    raise NotImplementedError()"
    answer = "import math\n\n\ndef f(x):\n    return _g(x)\n\n\ndef _g(x):\n    return LIMIT"
    filled = "# exercise: u.f\nLIMIT = 3\n\n\ndef f(x):\n    return _g(x)\n\n\ndef _g(x):\n    return LIMIT"
    assert fill(cell, answer) == filled
    assert fill(cell, "LIMIT = 4\n\n\ndef f(x):\n    return 1").startswith("# exercise: u.f\nLIMIT = 4\n\n\ndef f")


@cache
def forty() -> list[HandIn]:
    return make_class(COURSE, BPE, 40)


def right_hand_in(damage: str = "", **answers: Answer) -> HandIn:
    """Everything right but what is said otherwise."""
    hand_in = next(one for one in forty() if one.group == "right")
    return HandIn("ada", "damaged" if damage else "right", {**hand_in.answers, **answers}, damage)


def test_a_filled_notebook_is_the_released_one_with_answers() -> None:
    hand_in = right_hand_in()
    submission = graft(COURSE, BPE, filled_notebook(COURSE, BPE, hand_in))
    assert submission.repairs == ()
    for exercise in BPE.exercises:
        source = submission.answers[exercise.name]
        assert source.startswith(f"# exercise: bpe.{exercise.name}\n")
        assert "NotImplementedError" not in source
        assert exercise.name in {getattr(node, "name", "") for node in ast.parse(source).body}


@pytest.fixture
def root(tmp_path: Path) -> Course:
    """A course that holds course.toml, the reference and one released notebook."""
    (tmp_path / "course.toml").write_text((COURSE.root / "course.toml").read_text(encoding="utf-8"), encoding="utf-8")
    released = tmp_path / "course" / BPE.folder
    released.mkdir(parents=True)
    name = f"{BPE.name}.ipynb"
    (released / name).write_bytes((COURSE.root / "course" / BPE.folder / name).read_bytes())
    shutil.copytree(COURSE.root / "reference", tmp_path / "reference")
    return Course(tmp_path)


@pytest.mark.parametrize("damage", [damage for damage in DAMAGES if damage not in ("syntax error", "file cut off")])
def test_a_damaged_notebook_can_be_mended(root: Course, damage: str) -> None:
    """Each damage is one: the notebook differs, and what counts is found all the same."""
    lost = Answer(BPE.exercise("merge"), "lost") if damage == "answer cell deleted" else None
    hand_in = right_hand_in(damage, **({"merge": lost} if lost else {}))
    path = hand_in_notebook(root, BPE, hand_in)
    damaged = read_submission(root, BPE, path.parent)
    whole = graft(root, BPE, filled_notebook(root, BPE, right_hand_in()))
    assert damaged.repairs or path.name != "bpe.ipynb"
    changed = [name for name in whole.answers if damaged.answers[name] != whole.answers[name]]
    assert changed == (["merge"] if lost else [])


def test_a_notebook_cut_off_needs_a_person(root: Course) -> None:
    path = hand_in_notebook(root, BPE, right_hand_in("file cut off"))
    with pytest.raises(NeedsPerson, match="its JSON is damaged"):
        read_notebook(path)


KEY = load_public_key("bpe")


def verdict(exercise: Exercise, outcome: Outcome = Outcome.RIGHT, mistake: KeyMisconception | None = None) -> Verdict:
    key = KEY.exercise(exercise.name)
    results = tuple(ProbeResult(probe, outcome is Outcome.RIGHT) for probe in key.probes)
    return Verdict(key, outcome, results, mistake)


def finish(*changed: Verdict, points: float | None = -1, reasons: tuple[str, ...] = ()) -> Finish:
    """A run over one submission, right but for what is changed; the gradebook agrees unless `points` are given."""
    verdicts = {e.name: verdict(e) for e in BPE.exercises} | {v.exercise.name: v for v in changed}
    total = sum(v.score(COURSE.scoring) for v in verdicts.values()) if points == -1 else points
    graded = Graded("ada", "graded", total, reasons, tuple(verdicts.values()))
    return Finish(BPE, Level.NAMESPACES.sentence, (graded,), 1.0, Path("results.json"))


def told(hand_in: HandIn, finish: Finish) -> list[str]:
    return list(broken_promises(COURSE, [hand_in], finish))


MERGE = BPE.exercise("merge")
FULL = sum(exercise.points for exercise in BPE.exercises)
FIRST, SECOND = KEY.exercise("merge").misconceptions[:2]


def answered(kind: Kind, name: str = "") -> HandIn:
    """All right but `merge`."""
    return HandIn("ada", "mistaken", right_hand_in(merge=Answer(MERGE, kind, name)).answers)


def test_promises_that_are_kept() -> None:
    assert told(right_hand_in(), finish()) == []
    assert told(answered("mistake", FIRST.name), finish(verdict(MERGE, Outcome.WRONG, FIRST))) == []
    assert told(answered("blank"), finish(verdict(MERGE, Outcome.NOT_ATTEMPTED))) == []
    assert told(answered("attack", "leave"), finish(verdict(MERGE, Outcome.CRASHED))) == []


@pytest.mark.parametrize(
    ("hand_in", "graded", "complaint"),
    [
        (right_hand_in(), finish(verdict(MERGE, Outcome.WRONG, FIRST)), "ended as 'wrong' with 0 of 3 points"),
        (answered("mistake", FIRST.name), finish(verdict(MERGE, Outcome.WRONG, SECOND)), f"{SECOND.name!r} was named"),
        (answered("mistake", FIRST.name), finish(verdict(MERGE, Outcome.WRONG)), "'nothing' was named"),
        (answered("mistake", FIRST.name), finish(), "ended as 'right'"),
        (answered("attack", "leave"), finish(), "ended as 'right'"),
        (answered("lost"), finish(), "ended as 'right'"),
        (right_hand_in(), finish(points=100), f"the gradebook holds 100 points, the judge gave {FULL}"),
        (right_hand_in(), replace(finish(), results=()), "was not graded at all"),
        (right_hand_in(), finish(points=None, reasons=("why",)), "02-bpe, ada (right): could not be graded: why"),
        (right_hand_in("file cut off"), finish(), f"a notebook cut in half got {FULL} points"),
    ],
)
def test_a_broken_promise_is_told(hand_in: HandIn, graded: Finish, complaint: str) -> None:
    assert complaint in told(hand_in, graded)[0]


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work", encoding="utf-8")
    with pytest.raises(UsageError, match="holds something that no demo made"):
        main_job.prepare(COURSE, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_demo_starts_afresh_and_keeps_its_keys(tmp_path: Path) -> None:
    first = main_job.prepare(COURSE, tmp_path / "demo")
    for path in ("submitted/ada/x", "gradebook.db", ".autograder/keys/key.json", ".autograder/results/bpe.json"):
        (first.root / path).parent.mkdir(parents=True, exist_ok=True)
        (first.root / path).write_text("old", encoding="utf-8")
    secret = (first.root / ".autograder" / "secret").read_bytes()
    again = main_job.prepare(COURSE, tmp_path / "demo")
    assert sorted(path.name for path in again.root.iterdir() if path.name != ".autograder") == sorted(ROOMS)
    assert {path.name for path in (again.root / ".autograder").iterdir()} == {"keys", "made-by-the-demo", "secret"}
    assert (again.root / ".autograder" / "secret").read_bytes() == secret


def test_without_a_sandbox_nobody_hostile_gets_in(root: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def grade(course: Course, unit: Unit, how: How) -> Finish:
        asked.append(how.allow_unsafe)
        return finish()

    monkeypatch.setattr(main_job, "best_level", lambda: None)
    monkeypatch.setattr(main_job, "run_grading", grade)
    run = main_job.Run(root, 40, 1, main_job.Console(stderr=True, quiet=True))
    with Listener() as listener:
        main_job._grade(run, BPE, listener)
    assert asked == [True]
    assert run.skipped == ["chuck", "craig", "eve", "mallory", "oscar", "sybil", "trudy"]
    assert not [path.name for path in (root.root / "submitted").iterdir() if path.name in run.skipped]
    assert len(run.hand_ins) == 33


@pytest.mark.slow
def test_the_main_job(tmp_path: Path, require: Callable[[str, bool, str], None]) -> None:
    """Eight students, one unit, everything for real: what a newcomer sees after `make demo`."""
    require("a sandbox", best_level() is not None, "holds hostile submissions")
    folder, before = tmp_path / "demo", sorted(path.name for path in COURSE.root.glob("[!.]*"))
    lines = run_demo(COURSE, folder, 8, 2, [BPE]).splitlines()
    hand_ins = make_class(COURSE, BPE, 8)
    readable = [hand_in.student for hand_in in hand_ins if hand_in.damage != "file cut off"]
    mistakes = sum(answer.kind == "mistake" for hand_in in hand_ins for answer in hand_in.answers.values())
    assert lines[0].startswith(f"8 submissions to 1 unit: {len(readable)} graded")
    assert f"each of {mistakes} mistakes called by its name" in lines[1]
    assert "hostile: 1, 0 points for each attack" in lines[1]
    assert lines[-1] == f"class report: {folder.resolve() / 'class-report.html'}"

    found = json.loads((folder / ".autograder" / "results" / "bpe.json").read_text(encoding="utf-8"))["submissions"]
    points = {one["student"]: one["points"] for one in found if one["exercises"]}
    assert sorted(points) == readable == find_graded(Course(folder), BPE)
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}", COURSE.id) as gradebook:
        assert {s: gradebook.find_submission(BPE.folder, s).score for s in points} == points
    for student, score in points.items():
        page = (folder / "feedback" / student / BPE.folder / "bpe.html").read_text(encoding="utf-8")
        assert re.search(rf"Score: {score} / ", page), student
    assert "Byte-pair encoding: training" in (folder / "class-report.html").read_text(encoding="utf-8")
    assert sorted(path.name for path in COURSE.root.glob("[!.]*")) == before, "the demo leaves the real course alone"
