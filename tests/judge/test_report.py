"""The class report: its numbers by hand, no student on it, nothing a student wrote that a browser would run."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from autograder.course import Course, find_course
from autograder.errors import UsageError
from autograder.report import UnitReport, write_report
from autograder.sandbox import Level

UNIT = "attention"
ATTEND, MASK = "scaled_dot_product_attention", "causal_mask"


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """The real course.toml, and nothing else of the course."""
    text = (find_course(Path(__file__)).root / "course.toml").read_text(encoding="utf-8")
    (tmp_path / "course.toml").write_text(text, encoding="utf-8")
    return Course(tmp_path)


def exercise(name: str, outcome: str, points: float, mistake: str | None = None, failed: tuple[str, ...] = ()) -> dict:
    return {
        "name": name,
        "outcome": outcome,
        "points": points,
        "max_points": 6 if name == ATTEND else 2,
        "misconception": mistake,
        "says": mistake and f"your answer is {mistake}",
        "failed": list(failed),
        "stand_ins": [],
    }


def submission(student: str, *exercises: dict, reasons: tuple[str, ...] = ()) -> dict[str, Any]:
    points = sum(one["points"] for one in exercises) if exercises else None
    status = "graded" if exercises else "needs a person"
    return {
        "student": student,
        "status": status,
        "points": points,
        "reasons": list(reasons),
        "exercises": list(exercises),
    }


CLASS = [
    submission("ada", exercise(ATTEND, "right", 6), exercise(MASK, "right", 2)),
    submission(
        "grace",
        exercise(ATTEND, "wrong", 1.5, "no scale", ("it is the formula",)),
        exercise(MASK, "right", 2),
        reasons=("found as “Grace Hopper's homework.ipynb”",),
    ),
    submission(
        "alan",
        exercise(ATTEND, "wrong", 1.5, "no scale", ("it is the formula", "it sums to 1")),
        exercise(MASK, "wrong", 0.5, "no offset", ("it sees all",)),
    ),
    submission(
        "emmy",
        exercise(ATTEND, "timed out", 0, None, ("it is the formula",)),
        exercise(MASK, "not attempted", 0, None, ("it sees all", "it is square")),
        reasons=("attention-causal_mask-answer: no such cell was handed in",),
    ),
    submission("kurt", reasons=("“kurt gödel v2.ipynb” is not a notebook: its JSON is damaged",)),
]


def save(course: Course, submissions: list[dict], level: Level = Level.NAMESPACES, unit: str = UNIT) -> None:
    folder = course.root / ".autograder" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    results = {"unit": unit, "isolation": level.sentence, "submissions": submissions}
    (folder / f"{unit}.json").write_text(json.dumps(results), encoding="utf-8")


def page_of(course: Course, submissions: list[dict], names: bool = False, level: Level = Level.NAMESPACES) -> str:
    save(course, submissions, level)
    path = write_report(course, course.units, course.root / "pages" / "report.html", names=names)
    return path.read_text(encoding="utf-8")


def report_of(course: Course, submissions: list[dict]) -> UnitReport:
    results = {"unit": UNIT, "isolation": Level.NAMESPACES.sentence, "submissions": submissions}
    return UnitReport(course.unit(UNIT), results, names=False)


def plain(page: str) -> str:
    """The words of a page as a reader sees them."""
    body = re.sub(r"<style>.*?</style>|<title>.*?</title>|<wbr>", "", page, flags=re.DOTALL)
    return re.sub(r"[ \n]+", " ", re.sub(r"<[^>]+>", " ", body))


def test_points_are_those_of_the_exercises(course: Course) -> None:
    report = report_of(course, CLASS)
    assert report.points == [8, 3.5, 2, 0]
    assert report.median == 2.75
    assert report.max_points == 20
    assert str(report.full_marks) == "0\N{NO-BREAK SPACE}%"


def test_the_histogram_holds_everybody_once(course: Course) -> None:
    everything = [exercise(e.name, "right", e.points) for e in course.unit(UNIT).exercises]
    almost = [*everything[:-1], exercise("repeat_kv", "wrong", 1.99)]
    bars = report_of(course, [*CLASS, submission("mary", *everything), submission("tony", *almost)]).histogram()
    counted = {bar.label: bar.count for bar in bars if bar.count}
    assert counted == {"0–2": 1, "2–4": 2, "8–10": 1, "18–20": 1, "all 20": 1}
    assert [bar.label for bar in bars if bar.full_marks] == ["all 20"]
    assert max(bar.height for bar in bars) == 100


def test_every_outcome_is_counted(course: Course) -> None:
    attend, mask = report_of(course, CLASS).exercises()
    assert {outcome: share.count for outcome, share in attend.outcomes} == {"right": 1, "wrong": 2, "timed out": 1}
    assert (attend.right.percent, attend.mean) == (25, 2.25)
    assert [outcome for outcome, _ in mask.outcomes] == ["right", "wrong", "not attempted"]


def test_misconceptions_are_ranked_by_share_of_the_class(course: Course) -> None:
    """A notebook nobody could read is in no share: four of five were judged."""
    report = report_of(course, CLASS)
    assert [(row.name, row.share.count, row.share.of) for row in report.mistakes()] == [
        ("no scale", 2, 4),
        ("no offset", 1, 4),
    ]
    assert [row.name for row in report.common_mistakes()] == ["no scale"]
    assert [(name, [row.name for row in rows]) for name, rows in report.rarer_mistakes()] == [(MASK, ["no offset"])]
    assert report.shared_mistake() == report.mistakes()[0]


def test_a_property_fails_only_where_somebody_tried(course: Course) -> None:
    rows = {row.sentence: (row.share.count, row.share.of) for row in report_of(course, CLASS).properties()}
    assert rows == {"it is the formula": (3, 4), "it sums to 1": (1, 4), "it sees all": (1, 3)}


def test_the_page_tells_all_this(course: Course) -> None:
    words = plain(page_of(course, CLASS))
    for phrase in (
        "2 of 4 share one mistake in scaled_dot_product_attention , “no scale”: your answer is no scale.",
        "Hardest was scaled_dot_product_attention : 1 of 4 have it right.",
        "50\N{NO-BREAK SPACE}% 2 of 4 no scale",
        "1 right · 2 wrong · 1 timed out",
        "75\N{NO-BREAK SPACE}% 3 of 4 it is the formula",
        "1 × a file is not a notebook: its JSON is damaged",
        "1 × a cell: no such cell was handed in",
        "1 × found under another file name",
        "Not graded yet: A first language model · Byte-pair encoding: training",
        Level.NAMESPACES.sentence,
    ):
        assert phrase in words, words


def test_nobody_is_named_unless_asked_for(course: Course) -> None:
    page = page_of(course, CLASS)
    for name in ("ada", "grace", "Grace", "Hopper", "alan", "emmy", "kurt", "gödel"):
        assert not re.search(rf"(?<!\w){name}(?!\w)", page), name
    named = plain(page_of(course, CLASS, names=True))
    assert "ada 8 6 2" in named
    assert "grace 3.5 1.5 no scale 2" in named
    assert "kurt – needs a person: “kurt gödel v2.ipynb” is not a notebook" in named
    assert "This page names students" in named


def test_what_students_chose_is_text(course: Course) -> None:
    name = "<script>alert(1)</script>"
    reason = "found as <img src=x onerror=alert(2)>.ipynb"
    page = page_of(course, [submission(name, exercise(MASK, "right", 2), reasons=(reason,))], names=True)
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page
    assert "<img" not in page


def test_the_page_stands_alone(course: Course) -> None:
    """One file to mail: no script, nothing fetched, every tag closed, the same bytes each time."""
    page = page_of(course, CLASS, names=True)
    assert not re.search(r"<script|<link|@import|url\(|https?:|\bsrc=", page)
    assert page == page_of(course, CLASS, names=True)
    tags = Tags()
    tags.feed(page)
    assert tags.open == []


class Tags(HTMLParser):
    """A stack of open tags, which must match."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "wbr", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_run_without_a_sandbox_says_so_loudly(course: Course) -> None:
    warning = f'<p class="warn"><b>{Level.UNSAFE.sentence}</b></p>'
    assert warning in page_of(course, CLASS, level=Level.UNSAFE)
    assert 'class="warn"' not in page_of(course, CLASS)


@pytest.mark.parametrize(("submissions", "waiting"), [([], 0), (CLASS[-1:], 1)])
def test_a_class_with_nothing_to_judge(course: Course, submissions: list[dict], waiting: int) -> None:
    """Nobody handed in, or nobody could be read: no average of nothing, no chart of nothing."""
    words = plain(page_of(course, submissions))
    assert f"graded with repairs 0 need a person {waiting}" in words
    assert "Points How many" not in words


def test_an_exercise_that_left_the_course_is_left_out(course: Course) -> None:
    gone = {**exercise(MASK, "wrong", 0, "no offset"), "name": "retired"}
    words = plain(page_of(course, [submission("ada", exercise(MASK, "right", 2), gone)]))
    assert "no offset" not in words


def test_without_results_it_says_what_to_do(course: Course) -> None:
    with pytest.raises(UsageError, match="no results of 06-attention yet: run `autograder grade` first"):
        write_report(course, [course.unit(UNIT)], course.root / "report.html")
    assert not (course.root / "report.html").exists()


def test_damaged_results_are_named(course: Course) -> None:
    save(course, CLASS)
    path = course.root / ".autograder" / "results" / f"{UNIT}.json"
    path.write_text(path.read_text(encoding="utf-8")[:100], encoding="utf-8")
    with pytest.raises(UsageError, match="is damaged: grade the unit again"):
        write_report(course, course.units, course.root / "report.html")
