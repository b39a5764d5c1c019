"""make says what it does, and says in a sentence why it cannot."""

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
JOBS = ("demo", "test", "lab", "bench", "check", "build")


@pytest.fixture
def make(tmp_path: Path, require: Callable[[str, bool, str], None]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run make in a folder that holds the Makefile and what it depends on, and nothing else."""
    require("make", shutil.which("make") is not None, "starts every job of the project")
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["make", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)

    return run


def fake_python(folder: Path, old: bool) -> str:
    """A Python that fails the check of its version, or passes it and cannot make an environment."""
    path = folder / "fake-python"
    answer = 'echo "This course needs Python 3.11 or newer, and fake-python is 3.9.2." >&2; exit 1' if old else "exit 0"
    path.write_text(f'#!/bin/sh\ncase "$2" in *version_info*) {answer};; *) exit 1;; esac\n', encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_without_a_job_make_lists_the_jobs(make: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    listed = re.findall(r"^make (\w+) +\S", make().stdout, re.MULTILINE)
    assert sorted(listed) == sorted([*JOBS, "help", "clean"])


@pytest.mark.parametrize("job", JOBS)
def test_every_job_sets_up_first_and_needs_no_root(
    make: Callable[..., subprocess.CompletedProcess[str]], job: str
) -> None:
    plan = make("--dry-run", job).stdout
    steps = ["-m venv .venv", "install --quiet -r requirements.lock", "--no-deps", "touch .venv/.installed"]
    assert [plan.index(step) for step in steps] == sorted(plan.index(step) for step in steps)
    assert plan.rstrip().splitlines()[-1].count(".venv/bin/") >= 1
    assert not re.search(r"^sudo", plan, re.MULTILINE)


def test_a_set_up_environment_is_not_set_up_again(
    make: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / ".installed").touch()
    assert "pip" not in make("--dry-run", "test").stdout
    later = (tmp_path / ".venv" / ".installed").stat().st_mtime + 10
    os.utime(tmp_path / "requirements.lock", (later, later))
    assert "pip" in make("--dry-run", "test").stdout


def test_no_python_at_all_is_said(make: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = make("demo", "PYTHON=no-such-python")
    assert done.returncode and "There is no no-such-python here. Install Python 3.11 or newer" in done.stderr


@pytest.mark.parametrize(
    ("old", "sentence"),
    [(True, "needs Python 3.11 or newer"), (False, "cannot make environments. On Debian and Ubuntu: sudo apt install")],
)
def test_an_unfit_python_is_said(
    make: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, old: bool, sentence: str
) -> None:
    done = make("demo", f"PYTHON={fake_python(tmp_path, old)}")
    assert done.returncode and sentence in done.stderr
    assert not (tmp_path / ".venv").exists()
