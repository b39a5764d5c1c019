"""The small GPT beside the lesson gpt: is it GPT-2's layout, and does it know the stories?"""

import json
from functools import partial
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file

from autograder import checkpoint
from autograder.checkpoint import checkpoint_folder, make_checkpoint, training_text
from autograder.cli import main
from autograder.course import find_course
from autograder.stories import stories
from reference.bigram import build_char_vocab
from reference.optimization import cross_entropy
from reference.pretrained import load_gpt2

FOLDER = checkpoint_folder(find_course())


def test_it_knows_stories_it_was_not_trained_on() -> None:
    vocab = json.loads((FOLDER / "vocab.json").read_text(encoding="utf-8"))
    assert vocab == build_char_vocab(training_text())
    more = stories(1_050_000)
    assert more.startswith(training_text())
    unseen = more[len(training_text()) :]
    ids = torch.tensor([vocab[character] for character in unseen])
    x, y = ids[: 64 * 200].view(200, 64), ids[1 : 64 * 200 + 1].view(200, 64)
    with torch.no_grad():
        assert cross_entropy(load_gpt2(FOLDER)(x), y) < 0.6


def test_unit_11_hands_out_the_same_one() -> None:
    course = find_course()
    copy = course.root / "solutions" / course.unit("generation").folder / FOLDER.name
    names = sorted(path.name for path in FOLDER.iterdir())
    assert sorted(path.name for path in copy.iterdir()) == names
    assert [name for name in names if (copy / name).read_bytes() != (FOLDER / name).read_bytes()] == []


def test_transformers_reads_it() -> None:
    from transformers import GPT2LMHeadModel

    ids = torch.randint(62, (2, 64), generator=torch.Generator().manual_seed(0))
    theirs = GPT2LMHeadModel.from_pretrained(FOLDER, dtype=torch.float32).eval()
    with torch.no_grad():
        torch.testing.assert_close(load_gpt2(FOLDER)(ids), theirs(ids).logits, rtol=1e-4, atol=1e-4)


def test_it_is_made_by_one_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "checkpoint_folder", lambda course: tmp_path)
    monkeypatch.setattr(checkpoint, "make_checkpoint", partial(make_checkpoint, num_steps=3))
    result = CliRunner().invoke(main, ["dev", "checkpoint"])
    assert result.exit_code == 0 and str(tmp_path) in result.stdout.splitlines()
    assert load_gpt2(tmp_path).config == load_gpt2(FOLDER).config


def test_it_is_made_in_the_layout_that_is_committed(tmp_path: Path) -> None:
    losses = list(make_checkpoint(tmp_path, num_steps=3))
    assert len(losses) == 3 and losses[-1] < losses[0] < 4.2  # ln 62 = 4.13
    made, committed = (load_file(folder / "model.safetensors") for folder in (tmp_path, FOLDER))
    assert {n: (t.shape, t.dtype) for n, t in made.items()} == {n: (t.shape, t.dtype) for n, t in committed.items()}
    for name in ("config.json", "vocab.json"):
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes()
