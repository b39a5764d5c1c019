"""The merges that unit 3 hands out are those that the course's own training learns from the course's own stories."""

import json
from pathlib import Path

import pytest

from autograder.course import find_course
from autograder.stories import stories
from reference.bpe import train_bpe

COURSE = find_course(Path(__file__).parent)
END = "<|end|>"


@pytest.mark.slow
def test_stories_512_is_what_train_bpe_learns_from_the_first_200_kilobytes() -> None:
    path = COURSE.root / "solutions" / COURSE.unit("tokenizer").folder / "stories-512.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    vocab, merges = train_bpe(stories(200_000, END), 512, [END])
    assert [tuple(token.encode("latin-1") for token in pair) for pair in data["merges"]] == merges
    assert (data["special_tokens"], vocab[511]) == ([END], END.encode())
