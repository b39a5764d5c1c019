"""What fails on our side in the middle of a class is told as our fault, never as a zero, and the others go on."""

import os
import signal
import threading

import pytest
from hostile_class import ATTACKS, HONEST, Impatient, hand_in, hand_in_honest, make_course

from autograder.grading import grade_unit
from autograder.judge import Judge, sandbox_of
from autograder.results import Graded
from autograder.sandbox import Limits, Outcome

pytestmark = pytest.mark.slow
VICTIM = "deaf-sleeper"


class Unlucky(Impatient):
    """Its warm process is killed while the sleeper's job runs."""

    killed = False

    def run(self, job: bytes, limits: Limits) -> Outcome:
        if b"pthread_sigmask" in job and not self.killed:
            self.killed = True
            warm = self.sandbox._runner._process.pid
            threading.Timer(0.7, os.killpg, (warm, signal.SIGKILL)).start()
        return super().run(job, limits)


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Graded]:
    course = make_course(tmp_path_factory.mktemp("course"))
    unit = course.unit("attention")
    hand_in_honest(course)
    hand_in(course, ATTACKS[VICTIM], port=9)
    with Judge.of_course(course, unit, Unlucky(sandbox_of(unit.name))) as judge:
        assert judge.sandbox.sandbox.run(b"{}").status == "crashed"  # it is warm
        graded = {one.student: one for one in grade_unit(course, unit, judge, jobs=1)}
    assert not (course.root / "autograded" / VICTIM).exists()
    return graded


def test_whose_judge_died_waits_for_a_person(graded: dict[str, Graded]) -> None:
    victim = graded[VICTIM]
    assert (victim.status, victim.points) == ("needs a person", None)
    assert victim.reasons[0].startswith("our fault, not the student's: The warm process ended")


def test_the_others_are_graded(graded: dict[str, Graded]) -> None:
    assert {name: graded[name].points for name in HONEST} == {"a-honest": 20, "m-honest": 19, "zz-honest": 14}
