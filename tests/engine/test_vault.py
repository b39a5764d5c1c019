"""The course's secret, and the digest that tells when a key is stale."""

import shutil
import stat
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.vault import course_secret, source_digest, write_private


@pytest.fixture
def own(course: Course, tmp_path: Path) -> Course:
    """A copy of everything of the course that a key of attention is made from."""
    for path in ("course.toml", "reference", "solutions/06-attention/hidden.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (course.root / path).is_dir() else shutil.copy
        copy(course.root / path, tmp_path / path)
    return Course(tmp_path)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_secret_is_made_once_and_private(own: Course) -> None:
    secret = course_secret(own)
    assert len(secret) == 32
    assert course_secret(own) == secret
    assert (mode(own.root / ".autograder"), mode(own.root / ".autograder" / "secret")) == (0o700, 0o600)
    assert [path.name for path in (own.root / ".autograder").iterdir()] == ["secret"]


def test_a_private_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("old and open", encoding="utf-8")
    write_private(path, b"new")
    assert (path.read_bytes(), mode(path), list(tmp_path.iterdir())) == (b"new", 0o600, [path])


@pytest.mark.parametrize(
    ("room", "passage", "matters"),
    [
        ("reference/attention.py", "math.sqrt", True),
        ("reference/bigram.py", "exps.sum", True),  # lends its softmax
        ("reference/bigram.py", "A first language model", False),
        ("reference/misconceptions/attention.py", "no scale", True),
        ("solutions/06-attention/hidden.py", "import torch", True),
        ("reference/misconceptions/bpe.py", "once per word", False),
    ],
)
def test_the_digest_tells_what_a_key_is_made_from(own: Course, room: str, passage: str, matters: bool) -> None:
    unit = own.unit("attention")
    before = source_digest(own, unit, b"secret", hidden=True)
    assert source_digest(own, unit, b"secret", hidden=True) == before
    text = (own.root / room).read_text(encoding="utf-8")
    assert passage in text
    (own.root / room).write_text(text.replace(passage, passage + "  "), encoding="utf-8")
    assert (source_digest(own, unit, b"secret", hidden=True) != before) == matters


def test_the_digest_tells_secrets_and_settings_apart(own: Course) -> None:
    unit = own.unit("attention")
    digests = {source_digest(own, unit, secret, hidden) for secret in (b"a", b"b") for hidden in (True, False)}
    toml = (own.root / "course.toml").read_text(encoding="utf-8")
    (own.root / "course.toml").write_text(toml.replace('"per-property"', '"all-or-nothing"'), encoding="utf-8")
    digests.add(source_digest(Course(own.root), unit, b"a", True))
    assert len(digests) == 5
