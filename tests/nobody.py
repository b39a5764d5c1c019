"""Run tests as a user who is nobody: where root grades, what holds without root must be tried as well."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from autograder.sandbox import Level, paths, trial

NOBODY = "65534"


def run_as_nobody(require: Callable[[str, bool, str], None], arguments: Sequence[str]) -> None:
    """pytest with these arguments; everything must pass and nothing be skipped."""
    if os.geteuid() != 0:
        pytest.skip("the judge is not root here, so the tests themselves have tried this")
    for program in ("bwrap", "setpriv"):
        require(program, shutil.which(program) is not None, "makes this test's judge a nobody")
    require("The level 'namespaces'", not trial.weakness(Level.NAMESPACES), "is tested here")
    view = opened_for_others([*paths.libraries(), paths.ROOT])
    become = ["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--inh-caps=-all"]
    pytest_command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    finished = subprocess.run(
        ["bwrap", "--dev-bind", "/", "/", *view, "--cap-add", "ALL", *become, *pytest_command],
        cwd=paths.ROOT,
        env=os.environ | {"HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1", "REQUIRE_REAL": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout[-4000:] + finished.stderr[-1000:]
    assert " passed" in finished.stdout
    assert "skipped" not in finished.stdout


def closed_folders(needed: Iterable[Path]) -> Iterator[tuple[Path, Path]]:
    """Each needed path that others cannot reach, with the outermost folder that keeps them out (such as /root)."""
    for path in needed:
        for folder in reversed(path.parents):
            if not folder.stat().st_mode & 0o001:
                yield folder, path
                break


def opened_for_others(needed: Iterable[Path]) -> list[str]:
    """bubblewrap's words for a view in which closed folders hold what is needed, and nothing else."""
    words, made = [], set()
    for closed, path in closed_folders(needed):
        if closed not in made:
            words += ["--tmpfs", str(closed)]
        made.add(closed)
        for folder in reversed(path.parents):
            if folder.is_relative_to(closed) and folder not in made:
                words += ["--perms", "0755", "--dir", str(folder)]
                made.add(folder)
        words += ["--ro-bind", str(path), str(path)]
    return words
