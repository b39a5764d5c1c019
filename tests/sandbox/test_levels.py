"""Levels are found by trying, and nothing weaker is ever used in silence."""

import json
import os
from pathlib import Path

import pytest
from conftest import CONFINED, HANDLER, open_sandbox, values

from autograder.errors import SandboxError
from autograder.sandbox import Level, Limits, Sandbox, best_level, paths, trial
from autograder.sandbox import sandbox as sandbox_module

HOLDING = [level for level in CONFINED if not trial.weakness(level)]


def test_the_best_level_is_the_first_that_holds() -> None:
    assert best_level() == (HOLDING[0] if HOLDING else None)


@pytest.mark.parametrize("level", Level)
def test_every_level_has_a_sentence(level: Level) -> None:
    assert level.sentence.startswith("Submissions run ")
    assert level.sentence.endswith(".")


def test_the_walls_are_reported(any_sandbox) -> None:
    walls = any_sandbox.walls
    assert "limits" in walls
    assert ("seccomp" in walls) == (any_sandbox.level is not Level.UNSAFE)
    assert ("bubblewrap" in walls) == (any_sandbox.level is Level.NAMESPACES)


def test_unsafe_needs_a_word() -> None:
    with pytest.raises(SandboxError, match="allow"):
        Sandbox(handler="exec_handler:run", level=Level.UNSAFE)


def test_without_any_level_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_module, "best_level", lambda: None)
    monkeypatch.setattr(sandbox_module, "weakness", lambda level: "it needs Linux.")
    with pytest.raises(SandboxError, match="it needs Linux"):
        Sandbox(handler="exec_handler:run")
    assert Sandbox(handler="exec_handler:run", allow_unsafe=True).level is Level.UNSAFE


def test_a_level_that_was_asked_for_is_not_weakened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_module, "weakness", lambda level: "there is a hole.")
    with pytest.raises(SandboxError, match="'namespaces' does not hold on this machine: there is a hole"):
        Sandbox(handler="exec_handler:run", level=Level.NAMESPACES, allow_unsafe=True)


@pytest.mark.parametrize("level", HOLDING, ids=lambda level: level.value)
def test_a_hole_is_found(level: Level, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The trial is worth something only if it can fail: let it read the folder that its secret lies in."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("autograder.sandbox.paths.OWN", (*paths.OWN, tmp_path))
    assert "read a file, list a folder" in trial.weakness.__wrapped__(level)


def test_namespaces_hold_where_the_kernel_has_no_landlock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, require
) -> None:
    require("The level 'namespaces'", Level.NAMESPACES in HOLDING, "is tested here")
    handler, secret = tmp_path / "without_landlock.py", tmp_path / "folder" / "secret"
    secret.parent.mkdir()
    secret.write_text("the answers", encoding="utf-8")
    handler.write_text(
        "from autograder.sandbox import landlock\n"
        "from autograder.sandbox.probe import confess\n"
        "landlock.abi = lambda: 0\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    job = json.dumps({"secret": str(secret), "judge": os.getpid(), "level": "namespaces"}).encode()
    with Sandbox(handler="without_landlock:confess", readable=[handler], level=Level.NAMESPACES) as sandbox:
        assert not any("Landlock" in wall for wall in sandbox.walls)
        assert sandbox.run(job, trial.LIMITS).frames == (b"[]",)


def test_landlock_without_landlock_refuses_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, require) -> None:
    require("The level 'landlock'", Level.LANDLOCK in HOLDING, "is tested here")
    handler = tmp_path / "no_landlock.py"
    text = "from autograder.sandbox import landlock\nlandlock.abi = lambda: 0\ndef run(job, send): send(b'ran')\n"
    handler.write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    with Sandbox(handler="no_landlock:run", readable=[handler], level=Level.LANDLOCK) as sandbox:
        outcome = sandbox.run(b"")
    assert (outcome.status, outcome.frames) == ("refused", ())
    assert "no Landlock" in outcome.detail


def test_a_warm_process_that_cannot_fork_is_our_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = tmp_path / "cannot_fork.py"
    handler.write_text("import os\ndel os.fork\ndef run(job, send): send(b'ran')\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    with (
        Sandbox(handler=f"{handler.stem}:run", readable=[handler], allow_unsafe=True) as sandbox,
        pytest.raises(SandboxError, match="ends as soon as it has started"),
    ):
        sandbox.run(b"")


@pytest.mark.parametrize(
    ("handler", "message"),
    [("no_such_module:run", "No module named 'no_such_module'"), ("exec_handler:no_such", "no_such")],
)
def test_a_handler_that_is_not_there_is_our_error(handler: str, message: str) -> None:
    sandbox = Sandbox(handler=handler, readable=[HANDLER], allow_unsafe=True)
    with pytest.raises(SandboxError, match=message):
        sandbox.__enter__()


def test_a_readable_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="is not there"):
        Sandbox(handler="exec_handler:run", readable=[tmp_path / "missing.py"])


@pytest.mark.parametrize("level", [*HOLDING, Level.UNSAFE], ids=lambda level: level.value)
def test_impossible_limits_refuse_the_job(level: Level) -> None:
    with open_sandbox(level) as sandbox:
        outcome = sandbox.run(b"send(1)", Limits(memory_bytes=1 << 70))
        assert (outcome.status, outcome.frames) == ("refused", ())
        assert values(sandbox.run(b"send(1)")) == [1]
