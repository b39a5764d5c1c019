"""Workers and schedulers that die while they grade: nothing is lost, nothing is a zero, and a person is told once."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from deadly_worker import DEADLY
from real_cluster import CLASS, Cluster, Grades, grade, judge_on, kill, submission

from autograder.cluster import ClusterSandbox
from autograder.errors import SandboxError
from autograder.sandbox import Limits
from autograder.verdict import Outcome

pytestmark = pytest.mark.slow

NewCluster = Callable[..., Cluster]
SOME = ("slow", "wrong", "right", "slow", "wrong below", "slow", "right", "slow")


def grade_some(sandbox: ClusterSandbox, then: dict[int, Callable[[], object]]) -> Grades:
    """A few submissions, named by their number, with something that happens when so many are done."""
    submissions = {str(number): submission(**CLASS[kind]) for number, kind in enumerate(SOME)}
    return grade(judge_on(sandbox), submissions, then=lambda done: then.get(done, int)())


def expected(local_grades: Grades) -> Grades:
    return {str(number): local_grades[kind] for number, kind in enumerate(SOME)}


def test_workers_die_and_one_comes(new_cluster: NewCluster, local_grades: Grades) -> None:
    """When the second is gone too, nobody is left to ask; a new one is asked once it has proved what it is."""
    cluster, told = new_cluster(2), list[str]()

    def replace_the_last() -> None:
        kill(cluster.workers[1])
        cluster.start_worker()

    with ClusterSandbox(cluster.address, "attention", tell=told.append) as sandbox:
        deaths = {2: lambda: kill(cluster.workers[0]), 5: replace_the_last}
        assert grade_some(sandbox, deaths) == expected(local_grades)
    assert [line.split(":")[0].split(" of ")[0] for line in told[1:]] == ["No worker", "A worker is there"]


def test_the_scheduler_dies_and_another_takes_its_place(new_cluster: NewCluster, local_grades: Grades) -> None:
    """Its workers end with it, as dask has it; so somebody starts those as well."""
    cluster = new_cluster(2)

    def restart() -> None:
        kill(cluster.scheduler)
        cluster.start_scheduler()
        cluster.start_worker()

    with ClusterSandbox(cluster.address, "attention", tell=print) as sandbox:
        assert grade_some(sandbox, {4: restart}) == expected(local_grades)


def test_patience_has_an_end(new_cluster: NewCluster) -> None:
    cluster, told = new_cluster(1), list[str]()
    with ClusterSandbox(cluster.address, "attention", patience_s=1.0, tell=told.append) as sandbox:
        kill(cluster.workers[0])
        with pytest.raises(SandboxError, match=r"For 1 s no worker of .* was there\. Start some, then say the same"):
            sandbox.run(b"{}", Limits())
        started = time.monotonic()
        with pytest.raises(SandboxError, match=r"For 1 s no worker"):  # the others of the class need not wait again
            sandbox.run(b"{}", Limits())
        assert time.monotonic() - started < 60
    assert sum("Waiting for one, 1 s at most" in line for line in told) == 1


def test_a_job_that_kills_its_workers_is_nobodys_zero(new_cluster: NewCluster, local_grades: Grades) -> None:
    """Nor is what ran beside it. This dask gives a job up after one death, starts the worker again, and has two."""
    cluster = new_cluster(0, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0")
    cluster.start_workers(1, "--nanny", "--preload", str(Path(__file__).with_name("deadly_worker.py")))
    deadly = {"causal_mask": f"{CLASS['slow']['causal_mask']}\n# {DEADLY}"}
    submissions = {"deadly": submission(**deadly), "right": submission(), "wrong": submission(**CLASS["wrong"])}
    with ClusterSandbox(cluster.address, "attention", tell=print) as sandbox:
        grades = grade(judge_on(sandbox), submissions)
    assert {outcome for outcome, *_ in grades.pop("deadly")} == {Outcome.COULD_NOT_JUDGE}
    assert grades == {student: local_grades[student] for student in grades}
