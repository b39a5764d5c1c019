"""What a killed process left half written goes; what anybody else has goes on."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.whole import draft_of, owner_only, remove_drafts

pytestmark = pytest.mark.skipif(os.name != "posix", reason="elsewhere one cannot ask whether a process runs")


def test_only_drafts_of_dead_processes_are_removed(tmp_path: Path) -> None:
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    process = int(dead.stdout)
    gone = [f".key.json.{process}-1.part", f".gradebook.db.{process}-1.part-journal"]
    kept = [draft_of(tmp_path / "key.json").name, ".key.json.part", "secret", "key.1-1.part", ".notes.2026-01.parts.md"]
    for name in (*gone, *kept):
        (tmp_path / name).touch()
    (tmp_path / f".release.{process}-1.part" / "unit").mkdir(parents=True)
    remove_drafts(tmp_path, tmp_path / "not there")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)


def test_a_private_file_is_made_private(tmp_path: Path) -> None:
    with open(tmp_path / "log", "a+b", opener=owner_only) as file:
        file.write(b"a\n")
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o600
