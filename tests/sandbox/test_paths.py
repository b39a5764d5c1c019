"""What a child can see of the disk."""

import sys
from pathlib import Path

import pytest

from autograder.sandbox import bubble, paths


def test_libraries_do_not_contain_the_course() -> None:
    assert not any(paths.ROOT.is_relative_to(folder) for folder in paths.libraries())


def test_the_interpreter_is_in_sight_under_every_name() -> None:
    seen = paths.libraries()
    for link in paths.interpreter_chain(Path(sys.executable)):
        assert any(link.is_relative_to(folder) for folder in seen)


def test_an_installed_course_is_concealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed as a package, the reference would lie among the libraries."""
    library = tmp_path / "lib" / "site-packages"
    for name in ("autograder", "reference", "torch"):
        (library / name).mkdir(parents=True)
    monkeypatch.setattr(paths, "CONCEALED", (library / "autograder", library / "reference"))
    folders = (tmp_path / "lib",)
    hidden = paths.concealed(folders)
    assert hidden == (library / "autograder", library / "reference")
    assert list(paths.without(folders, hidden)) == [library / "torch"]

    monkeypatch.setattr(paths, "libraries", lambda: folders)
    words = bubble.bubblewrap([library / "autograder" / "runner.py"], die_with_parent=True)
    place = words.index(str(library / "reference"))
    assert words[place - 1] == "--tmpfs"
    assert words.index(str(library / "autograder" / "runner.py")) > place
    assert words.count(str(library / "reference")) == 2  # covered, then made read-only
