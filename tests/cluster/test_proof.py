"""Who differs, or is weaker than the run was begun with, gets no job, and a person reads why."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from real_cluster import CLASS, Cluster, Grades, grade, judge_on, kill, submission

import autograder
from autograder.cluster import ClusterSandbox, crew
from autograder.cluster.proof import Proof, objection, prove
from autograder.errors import SandboxError, UsageError
from autograder.sandbox import Level
from autograder.sandbox.trial import weakness


@pytest.fixture(scope="module")
def mine() -> Proof:
    return prove()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, ""),
        ({"host": "node7"}, ""),
        ({"torch": "2.0.1"}, "has torch 2.0.1, and the judge's machine "),
        ({"numpy": "missing"}, "has numpy missing, and"),
        ({"Python": "3.9"}, "has Python 3.9, and"),
        ({"autograder": "0.0.9, 123456789abc"}, "has autograder 0.0.9, 123456789abc, and"),
        ({"level": "unsafe", "weakness": "it needs Linux."}, "confines at the level 'unsafe', and this run needs "),
        ({"environment": "other"}, "has other packages, or other confinement, than the workers that this run began"),
    ],
)
def test_an_objection_says_what_differs(mine: Proof, change: Proof, why: str) -> None:
    wanted = {name: mine[name] for name in ("autograder", "Python", "torch", "numpy")}
    said = objection(mine | change, wanted, Level(mine["level"]), (mine["environment"],))
    assert said.startswith(why) and bool(said) is bool(why)


def test_unsafe_is_allowed_only_where_it_was_asked_for(mine: Proof) -> None:
    weak = mine | {"level": "unsafe", "weakness": "it needs Linux."}
    assert objection(weak, {}, Level.UNSAFE) == ""
    assert objection(weak, {}, Level.LANDLOCK).endswith("this run needs 'landlock': it needs Linux.")


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:{silent}", "tcp://127.0.0.1:{closed}", "dove://coop:1", "8786"])
def test_an_address_where_no_scheduler_answers(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody; somebody who says nothing; and no address at all."""
    monkeypatch.setattr(crew, "CONNECT_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = address.format(silent=silent.getsockname()[1], closed=closed.getsockname()[1])
        with pytest.raises(
            UsageError, match=f"no dask scheduler answers at {address} .* Start one with `dask scheduler`"
        ):
            ClusterSandbox(address, "attention")


def test_without_dask_the_extra_is_named() -> None:
    code = "import sys; sys.modules['distributed'] = None; import autograder.cluster"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "UsageError: --dask needs dask.distributed" in done.stderr and "pip install -e '.[cluster]'" in done.stderr


@pytest.mark.slow
def test_others_join(
    new_cluster: Callable[..., Cluster], tmp_path: Path, local_grades: Grades, require: Callable[[str, bool, str], None]
) -> None:
    """One has another engine, one has no bubblewrap. Alone, the weaker one may work, at its level; the other never."""
    for level in (Level.NAMESPACES, Level.LANDLOCK):
        require(
            f"The level {level.value!r}", not weakness(level), f"is one of those that workers have. {weakness(level)}"
        )
    shutil.copytree(Path(autograder.__file__).parent, tmp_path / "other" / "autograder")
    with (tmp_path / "other" / "autograder" / "probes.py").open("a", encoding="utf-8") as probes:
        probes.write("\n# a mended probe\n")
    cluster, told = new_cluster(1), list[str]()
    with ClusterSandbox(cluster.address, "attention", tell=told.append) as sandbox:
        assert sandbox.level is Level.NAMESPACES
        weaker = cluster.start_worker(PATH=str(tmp_path))
        cluster.start_worker(PYTHONPATH=str(tmp_path / "other"))
        judge, some = judge_on(sandbox), {"wrong": submission(**CLASS["wrong"])}
        give_up = time.monotonic() + 60
        while len(told) < 3 and time.monotonic() < give_up:
            assert grade(judge, some)["wrong"] == local_grades["wrong"]
    refused = sorted(line.partition(") ")[2] for line in told[1:])
    assert refused[0].startswith("confines at the level 'landlock', and this run needs 'namespaces': bubblewrap is not")
    assert refused[1].startswith("has autograder ") and "and the judge's machine" in refused[1]
    assert all(line.startswith(f"Not used: {socket.gethostname()} (tcp://127.0.0.1:") for line in told[1:])
    kill(cluster.workers[0])
    with ClusterSandbox(cluster.address, "attention", tell=told.append) as sandbox:
        assert (sandbox.level, sandbox.num_threads) == (Level.LANDLOCK, 1)
    kill(weaker)
    with pytest.raises(SandboxError, match=r"No worker of .* may run submissions\. .* has autograder "):
        ClusterSandbox(cluster.address, "attention", tell=told.append)
