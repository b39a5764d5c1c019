"""The merges that units 3 and 4 hand out are those that our own training learns from our own stories."""

import json
from pathlib import Path

import pytest

from autograder.course import find_course
from autograder.stories import stories
from reference.bpe import train_bpe

COURSE = find_course(Path(__file__).parent)
FILE = "stories-512.json"
END = "<|end|>"


@pytest.mark.slow
def test_stories_512_is_what_train_bpe_learns_from_the_first_200_kilobytes() -> None:
    path, other = (COURSE.root / "solutions" / COURSE.unit(name).folder / FILE for name in ("tokenizer", "data"))
    assert other.read_bytes() == path.read_bytes()  # each unit is handed out on its own, so each has the file
    data = json.loads(path.read_text(encoding="utf-8"))
    vocab, merges = train_bpe(stories(200_000, END), 512, [END])
    assert [tuple(token.encode("latin-1") for token in pair) for pair in data["merges"]] == merges
    assert (data["special_tokens"], vocab[511]) == ([END], END.encode())
