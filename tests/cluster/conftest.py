"""Clusters for these tests: one that all share, and some to be damaged."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from real_cluster import CLASS, Cluster, Grades, grade, judge_on, submission


@pytest.fixture
def new_cluster(tmp_path: Path) -> Iterator[Callable[..., Cluster]]:
    """Clusters of a test's own, to be damaged."""
    made: list[Cluster] = []

    def make(num_workers: int, **environment: str) -> Cluster:
        made.append(cluster := Cluster(tmp_path, **environment))
        cluster.start_workers(num_workers)
        return cluster

    yield make
    for cluster in made:
        cluster.stop()


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two workers for everybody who leaves them as they are."""
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    cluster.start_workers(2)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def local_grades() -> Grades:
    """What this machine says of the class."""
    with judge_on() as judge:
        return grade(judge, {student: submission(**answers) for student, answers in CLASS.items()})
