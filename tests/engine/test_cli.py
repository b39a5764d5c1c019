"""The command line: instant help, a sentence and an exit code for whatever goes wrong, JSON for machines."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from autograder import cli
from autograder.errors import AuthorError, CheckFailed, GraderBroke, SandboxError, UsageError

ROOT = str(Path(__file__).resolve().parents[2])
HEAVY = ("torch", "numpy", "nbgrader", "nbformat", "jinja2", "rich", "sqlalchemy", "reference")


@pytest.fixture(autouse=True)
def _own_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command changes PATH and sys.path, and then its process ends."""
    monkeypatch.setenv("PATH", os.environ["PATH"])
    monkeypatch.setattr(sys, "path", list(sys.path))


def run(*words: str, root: str = ROOT) -> Result:
    return CliRunner().invoke(cli.main, ["--root", root, *words])


@pytest.fixture
def build_finds(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Say which files are stale, instead of building."""
    return lambda *stale: monkeypatch.setattr("autograder.build.build_units", lambda *_, **__: list(stale))


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["grade", "--help"], ["dev", "check", "-h"]])
def test_help_imports_nothing_heavy(run_python: Callable, words: list[str]) -> None:
    code = "import sys\nfrom autograder.cli import main\n"
    code += "try: main(sys.argv[1:])\nfinally: print(*sys.modules, file=sys.stderr)"
    done = run_python(code, *words)
    assert done.returncode == 0
    assert "Usage: " in done.stdout
    assert set(done.stderr.split()).isdisjoint(HEAVY)


def test_help_names_every_command() -> None:
    listed = run("--help").stdout
    assert all(f"\n  {name} " in listed for name in cli.main.commands)
    assert all(command.help or command.callback.__doc__ for command in cli.main.commands.values())


@pytest.mark.parametrize("words", [["grade", "x"], ["build", "x"], ["report", "x"], ["dev", "check", "x"]])
def test_an_unknown_unit_is_a_usage_error(words: list[str]) -> None:
    done = run(*words)
    assert done.exit_code == 2
    assert done.stderr.startswith("autograder: there is no unit 'x'; the units are 01-bigram, 02-bpe, ")
    assert done.stdout == ""


def test_a_folder_without_a_course_is_a_usage_error(tmp_path: Path) -> None:
    done = run("build", root=str(tmp_path))
    assert done.exit_code == 2
    assert done.stderr.startswith(f"autograder: no course.toml in {tmp_path}")


@pytest.mark.parametrize("words", [["grade"], ["grade", "bpe", "--jobs", "many"], ["nothing"], ["build", "--wrong"]])
def test_wrong_words_are_usage_errors(words: list[str]) -> None:
    assert run(*words).exit_code == 2


@pytest.mark.parametrize(
    ("error", "code"), [(UsageError, 2), (CheckFailed, 1), (AuthorError, 1), (GraderBroke, 3), (SandboxError, 3)]
)
def test_every_error_is_a_sentence_with_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception], code: int
) -> None:
    def start(*_: Any) -> Iterator[Path]:
        raise error("it did not work")

    monkeypatch.setattr("autograder.workspace.start_workspace", start)
    done = run("start")
    assert (done.exit_code, done.stdout, done.stderr) == (code, "", "autograder: it did not work\n")


def test_start_says_what_is_new(tmp_path: Path) -> None:
    desk = tmp_path / "desk"
    first = run("start", str(desk))
    assert first.exit_code == 0
    assert str(desk / "06-attention" / "attention.ipynb") in first.stdout.splitlines()
    assert run("start", str(desk)).stdout == ""


def test_build_check_fails_where_something_is_stale(build_finds: Callable) -> None:
    build_finds("course/a.ipynb")
    done = run("build", "--check")
    assert (done.exit_code, done.stdout) == (1, "stale: course/a.ipynb\n")
    assert "autograder build" in done.stderr
    assert (run("build").exit_code, run("build").stdout) == (0, "written: course/a.ipynb\n")
    build_finds()
    assert (run("build", "--check").exit_code, run("build", "--check").stdout) == (0, "")


@pytest.mark.parametrize(("found", "stale"), [([], []), (["attention.f: no probe"], []), ([], ["course/a.ipynb"])])
def test_dev_check_tells_a_machine(
    monkeypatch: pytest.MonkeyPatch, build_finds: Callable, found: list[str], stale: list[str]
) -> None:
    monkeypatch.setattr("autograder.devcheck.check_units", lambda course, units: iter(found))
    build_finds(*stale)
    done = run("dev", "check", "attention", "--json")
    complaints = found + [f"stale: {path}; run `autograder build`" for path in stale]
    assert json.loads(done.stdout) == {"exercises": 6, "complaints": complaints}
    assert done.exit_code == bool(complaints)
    plain = run("dev", "check", "attention")
    assert plain.stdout.splitlines() == [*complaints, f"6 exercises in 1 units, {len(complaints)} complaints"]
    assert plain.exit_code == bool(complaints)
