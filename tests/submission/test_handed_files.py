"""What may lie in a student's folder: one notebook is graded, never by a silent guess, and no link is followed."""

import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from autograder.submission import NeedsPerson, choosing, files, read_submission

OTHER = "# exercise: attention.causal_mask\ndef causal_mask(T_q, T_k):\n    return 1"
BLANK = Path("course/06-attention/attention.ipynb")


@pytest.mark.parametrize(
    "name",
    [
        "ada attention final (2).ipynb",
        "attention-Copy1.ipynb",
        "attention.ipynb.txt",
        "deep/er/attention.ipynb",
        "attention.json",
        "ATTENTION.IPYNB",
    ],
)
def test_a_notebook_is_found_however_it_is_called(
    folder: Path, read: Callable, notebook_bytes: Any, name: str, whole: Any
) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(notebook_bytes())
    found = read()
    assert found.answers == whole.answers
    assert found.repairs == (f"found as {name}",)


def test_the_right_name_in_the_right_place_is_no_repair(folder: Path, read: Callable, notebook_bytes: Any) -> None:
    (folder / "attention.ipynb").write_bytes(notebook_bytes())
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "attention-checkpoint.ipynb").write_bytes(notebook_bytes(causal_mask=OTHER))
    (folder / "__MACOSX").mkdir()
    (folder / "__MACOSX" / "._attention.ipynb").write_bytes(b"\0\5\26\7")
    (folder / "notes.md").write_text("# mine")
    (folder / "data.json").write_text("[1]")
    assert read().repairs == ()


def test_the_right_name_counts_and_what_is_left_out_is_told(folder: Path, read: Callable, notebook_bytes: Any) -> None:
    (folder / "attention.ipynb").write_bytes(notebook_bytes())
    (folder / "attention-Copy1.ipynb").write_bytes(notebook_bytes(causal_mask=OTHER))
    found = read()
    assert found.answers["causal_mask"] != OTHER
    assert found.repairs == (
        "“attention-Copy1.ipynb” was handed in too, and answers 1 of the cells differently; it was left out",
    )


def test_a_blank_with_the_right_name_gives_way_to_what_says_something(
    folder: Path, read: Callable, notebook_bytes: Any, course: Any, whole: Any
) -> None:
    (folder / "attention.ipynb").write_bytes((course.root / BLANK).read_bytes())
    (folder / "attention-Copy1.ipynb").write_bytes(notebook_bytes())
    found = read()
    assert found.answers == whole.answers and found.repairs == ("found as attention-Copy1.ipynb",)


def test_of_several_copies_the_one_that_says_all_counts(
    folder: Path, read: Callable, notebook_bytes: Any, course: Any, whole: Any
) -> None:
    blank = json.loads((course.root / BLANK).read_text(encoding="utf-8"))
    half = json.loads(notebook_bytes())
    half["cells"] = half["cells"][: len(half["cells"]) // 2] + blank["cells"][len(half["cells"]) // 2 :]
    for name, content in {"a": json.dumps(half).encode(), "b": notebook_bytes(), "c": notebook_bytes()}.items():
        (folder / f"{name}.ipynb").write_bytes(content)
    assert read().answers == whole.answers


def test_of_several_that_contradict_each_other_nobody_guesses(
    folder: Path, read: Callable, notebook_bytes: Any
) -> None:
    (folder / "a.ipynb").write_bytes(notebook_bytes())
    (folder / "b.ipynb").write_bytes(notebook_bytes(causal_mask=OTHER))
    words = r"“a\.ipynb” and “b\.ipynb” differ in attention-causal_mask\. Keep the one that counts, as attention\.ipynb"
    with pytest.raises(NeedsPerson, match=words):
        read()


def test_a_damaged_file_of_the_right_name_is_told_beside_the_copy_that_counts(
    folder: Path, read: Callable, notebook_bytes: Any
) -> None:
    (folder / "attention.ipynb").write_bytes(notebook_bytes()[:500])
    (folder / "saved.ipynb").write_bytes(notebook_bytes())
    assert read().repairs == (
        "found as saved.ipynb",
        "“attention.ipynb” is not a notebook: its JSON is damaged: the file is cut off. Ask for it again",
    )


def test_another_units_notebook_beside_it_is_no_rival(
    folder: Path, read: Callable, notebook_bytes: Any, course: Any
) -> None:
    (folder / "bpe.ipynb").write_bytes((course.root / "course" / "02-bpe" / "bpe.ipynb").read_bytes())
    with pytest.raises(NeedsPerson, match=r"bpe\.ipynb”: it is the notebook of 02-bpe"):
        read()
    (folder / "attention.ipynb").write_bytes(notebook_bytes())
    assert read().repairs == ()


@pytest.mark.parametrize("text", ["", "notes.pdf", "attention.rar"])
def test_nothing_handed_in_is_said(folder: Path, read: Callable, text: str) -> None:
    if text:
        (folder / text).write_bytes(b"x")
    words = "an archive of a kind that is not opened here" if "rar" in text else r"no notebook was handed in\. Ask for"
    with pytest.raises(NeedsPerson, match=words):
        read()


@pytest.fixture
def odd_things(folder: Path, tmp_path: Path, notebook_bytes: Any) -> dict[str, Callable[[], object]]:
    """What a student can put where a notebook should be."""
    neighbour = tmp_path / "submitted" / "bob" / "06-attention" / "attention.ipynb"
    neighbour.parent.mkdir(parents=True)
    neighbour.write_bytes(notebook_bytes())
    path = folder / "attention.ipynb"

    def plug() -> None:
        with socket.socket(socket.AF_UNIX) as one:
            os.chdir(folder)
            one.bind("attention.ipynb")

    return {
        "a link": lambda: path.symlink_to("/etc/passwd"),
        "a link to a neighbour": lambda: path.symlink_to(neighbour),
        "a link to itself": lambda: path.symlink_to(path),
        "a pipe": lambda: os.mkfifo(path),
        "a socket": plug,
        "a folder": lambda: path.mkdir(),
    }


KINDS = ["a link", "a link to a neighbour", "a link to itself", "a pipe", "a socket", "a folder"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_is_not_opened(
    folder: Path, read: Callable, odd_things: dict, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    odd_things[kind]()
    said = "a link" if kind.startswith("a link") else kind
    with pytest.raises(NeedsPerson, match=rf"attention\.ipynb” is {said}.*Ask for the notebook itself"):
        read()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes in folders")
@pytest.mark.parametrize("kind", ["a link", "a pipe"])
def test_what_turns_into_something_else_is_not_opened_either(folder: Path, odd_things: dict, kind: str) -> None:
    odd_things[kind]()
    with pytest.raises(NeedsPerson, match=f"is {kind}"):
        files.read_file(folder / "attention.ipynb", "attention.ipynb")


def test_a_folder_that_is_a_link_is_not_entered(folder: Path, course: Any, unit: Any, notebook_bytes: Any) -> None:
    (folder / "attention.ipynb").write_bytes(notebook_bytes())
    eve = folder.parent.parent / "eve"
    eve.mkdir()
    (eve / folder.name).symlink_to(folder, target_is_directory=True)
    with pytest.raises(NeedsPerson, match="06-attention” is a link, and links are not followed"):
        read_submission(course, unit, eve / folder.name)
    mallory = folder.parent.parent / "mallory"
    mallory.symlink_to(folder.parent, target_is_directory=True)
    with pytest.raises(NeedsPerson, match="mallory” is a link"):
        read_submission(course, unit, mallory / folder.name)


def test_a_link_among_the_folders_is_not_entered(folder: Path, read: Callable, tmp_path: Path) -> None:
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "up").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(NeedsPerson, match="no notebook was handed in"):
        read()


def test_a_hard_link_is_a_file_like_another(folder: Path, read: Callable, notebook_bytes: Any) -> None:
    (folder / "attention.ipynb").write_bytes(notebook_bytes())
    os.link(folder / "attention.ipynb", folder / "again.ipynb")
    assert read().repairs == ()


def test_a_file_that_is_gone_when_it_is_read_is_told(folder: Path) -> None:
    with pytest.raises(NeedsPerson, match=r"attention\.ipynb cannot be read: No such file"):
        files.read_file(folder / "attention.ipynb", "attention.ipynb")


AS_NOBODY = """
import os, sys
from pathlib import Path
from autograder.course import Course
from autograder.submission import NeedsPerson, read_submission
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
course = Course(Path(sys.argv[1]))
for folder in sys.argv[2:]:
    try:
        read_submission(course, course.unit("attention"), Path(folder))
    except NeedsPerson as problem:
        print(problem)
"""


def test_what_may_not_be_read_is_told(folder: Path, course: Any, notebook_bytes: Any) -> None:
    """In a process of its own, since an administrator may read everything."""
    (folder / "attention.ipynb").write_bytes(notebook_bytes())
    for place in (folder, *takewhile(lambda place: place != Path(tempfile.gettempdir()), folder.parents)):
        place.chmod(stat.S_IMODE(place.stat().st_mode) | 0o055)
    closed = folder.with_name("closed")
    closed.mkdir(mode=0)
    (folder / "attention.ipynb").chmod(0)
    command = [sys.executable, "-c", AS_NOBODY, str(course.root), str(folder), str(closed)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=course.root, timeout=120)
    told = [f"{what} cannot be read: Permission denied" for what in ("“attention.ipynb”", "the folder")]
    assert (done.stdout.splitlines(), done.stderr) == (told, "")


def test_a_name_may_not_write_into_the_terminal(folder: Path, read: Callable, notebook_bytes: Any) -> None:
    name = "a\x1b[2J\u202e\nb\udcff.ipynb"
    (folder / name).write_bytes(notebook_bytes())
    assert read().repairs == ("found as a\\x1b[2J\\u202e\\nb\\udcff.ipynb",)
    assert files.shown("x" * 500) == "x" * 50 + "…" + "x" * 50


@pytest.mark.parametrize("student", ["<img src=x onerror=mine()>", 'a";mine();"', "a\\u003c", "a\nb", "a\x1b[2J"])
def test_a_students_name_that_would_run_is_refused(tmp_path: Path, course: Any, unit: Any, student: str) -> None:
    (tmp_path / student / unit.folder).mkdir(parents=True)
    with pytest.raises(NeedsPerson, match=r"control character in its name\. Rename it") as refused:
        read_submission(course, unit, tmp_path / student / unit.folder)
    assert str(refused.value).isprintable()


def test_a_folder_full_of_files_is_not_looked_through_for_ever(
    folder: Path, read: Callable, notebook_bytes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_FILES", 10)
    monkeypatch.setattr(choosing, "MOST_CANDIDATES", 3)
    for number in range(8):
        (folder / f"{number}.ipynb").write_bytes(b"{}")
    with pytest.raises(NeedsPerson, match="only the first 3 files were looked at"):
        read()
    for number in range(8):
        (folder / f"{number}.txt").write_bytes(b"")
    with pytest.raises(NeedsPerson, match="more than 10 files lie there"):
        read()
