"""A cluster judges as one machine does; what travels is plain, and nothing stays."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from typing import Any

import pytest
from real_cluster import CLASS, Cluster, Grades, grade, judge_on, submission

from autograder.cluster import ClusterSandbox
from autograder.sandbox import Limits, best_level

pytestmark = pytest.mark.slow  # a scheduler, two workers, and torch in each


@pytest.fixture(scope="module")
def told() -> list[str]:
    return []


@pytest.fixture(scope="module")
def sandbox(cluster: Cluster, told: list[str]) -> Any:
    with ClusterSandbox(cluster.address, "attention", tell=told.append) as sandbox:
        yield sandbox


def plain(value: object) -> bool:
    """Whether pickle needs no class of ours, or of anybody, for it."""
    match value:
        case dict():
            return all(map(plain, value)) and all(map(plain, value.values()))
        case list() | tuple():
            return type(value) in (list, tuple) and all(map(plain, value))
    return type(value) in (str, bytes, int, float)


def test_it_says_who_is_there(sandbox: ClusterSandbox, told: list[str], cluster: Cluster) -> None:
    assert (sandbox.level, sandbox.num_threads) == (best_level(), 2)
    assert told == [f"{cluster.address}: 2 workers, 2 at a time."]


def test_the_same_grades(sandbox: ClusterSandbox, local_grades: Grades) -> None:
    assert grade(judge_on(sandbox), {name: submission(**answers) for name, answers in CLASS.items()}) == local_grades


def test_the_class_ends_in_every_way(local_grades: Grades) -> None:
    ends = {outcome.value for verdicts in local_grades.values() for outcome, *_ in verdicts}
    assert ends == {"right", "wrong", "timed out", "out of memory", "crashed", "not attempted"}


def test_what_travels_is_plain(sandbox: ClusterSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    ask = sandbox._crew.ask

    def listen(function: Any, *order: object) -> Any:
        sent.extend((order, answer := ask(function, *order)))
        return answer

    monkeypatch.setattr(sandbox._crew, "ask", listen)
    judge_on(sandbox).judge(submission())
    assert len(sent) == 2
    assert all(map(plain, sent))
    assert not plain([Limits()]) and plain(astuple(Limits()))


def test_nothing_stays_here(sandbox: ClusterSandbox) -> None:
    """Dask keeps a result for as long as somebody may ask for it."""
    judge, one = judge_on(sandbox), submission()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(judge.judge, [one] * 20))
    assert not [key for key in sandbox._crew._client.futures if key.startswith("run_there")]
