"""The core of `play`: against the plain forward pass, and where models lie. All is computed by the learner's code."""

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from playground import BYTES, CHARS, CONTEXT, tiny_gpt

from autograder.errors import UsageError
from autograder.play import shelf
from autograder.play.player import Choice, Player, Settings, printable
from reference.generation import generate

pytestmark = pytest.mark.usefixtures("at_home")
GREEDY = Settings(temperature=0)


def byte_player(text: str, *ids: int) -> Player:
    player = Player(tiny_gpt(BYTES), BYTES)
    player.begin(text)
    for i in ids:
        player.take(Choice(i, 0.5, 0.5))
    return player


def plain_probs(player: Player) -> torch.Tensor:
    """Of the next token, without any cache."""
    ids = [CHARS["chars"].index(char) for char in player.text][-CONTEXT:]
    return player.model(torch.tensor([ids]))[0, -1].softmax(-1)


def assert_agrees(player: Player) -> None:
    choices = player.likeliest(Settings(temperature=1), num=99)
    assert [c.model_prob for c in choices] == pytest.approx(
        plain_probs(player).topk(len(choices)).values.tolist(), rel=1e-4
    )


# The core


def test_greedy_text_is_that_of_generate_within_the_context_and_beyond(player: Player) -> None:
    ids = [token.id for token in player.complete(3 * CONTEXT, GREEDY)]
    assert ids == generate(player.model, torch.tensor([[2, 3, 4]]), 3 * CONTEXT)[0, 3:].tolist()
    assert len(set(ids)) > 2


def test_whatever_is_taken_and_undone_the_model_sees_the_text_as_it_stands(player: Player) -> None:
    settings = Settings(temperature=3)
    for move in "ttutttuuutututtttttttttttttuutt":
        player.take(player.draw(settings)) if move == "t" else player.undo()
        assert_agrees(player)
    player.begin("h")
    assert_agrees(player)


def test_an_interrupted_forward_pass_leaves_no_trace(player: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    player.draw(GREEDY)
    player.take(Choice(5, 0.5, 0.5))

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    hook = player.model.h[1].ln_1.register_forward_pre_hook(interrupt)  # the first block's cache has grown by then
    with pytest.raises(KeyboardInterrupt):
        player.draw(GREEDY)
    hook.remove()
    assert_agrees(player)


def test_settings_shape_what_is_drawn_and_not_what_the_model_says(player: Player) -> None:
    probs = plain_probs(player).sort(descending=True).values
    cold = (probs.log() / 0.5).softmax(-1)
    first, second, third = player.likeliest(Settings(temperature=0.5, top_k=2), num=3)
    assert (first.prob, second.prob, third.prob) == pytest.approx((*(cold[:2] / cold[:2].sum()).tolist(), 0))
    assert [c.model_prob for c in (first, second, third)] == pytest.approx(probs[:3].tolist())
    assert player.likeliest(Settings(top_p=0))[0].prob == player.likeliest(GREEDY)[0].prob == 1


def test_a_seed_is_a_text() -> None:
    texts = []
    for seed in (3, 3, 4, -1, 2**70):
        player = Player(tiny_gpt(CHARS), CHARS, seed)
        player.begin("ab")
        texts.append([token.id for token in player.complete(30, Settings())])
    assert texts[0] == texts[1] and len({str(text) for text in texts}) == 4


def test_half_a_character_waits_for_its_other_half() -> None:
    player = byte_player("lowé", 0xE2, 0x82)
    assert player.text == "lowé"
    assert player.label(player.tokens) == "‹e2 82›"
    player.take(Choice(0xAC, 0.5, 0.5))
    assert player.text == "lowé€"
    (piece,) = player.pieces()
    assert (piece.text, piece.model_prob, player.label(piece.tokens)) == ("€", 0.125, "€")


def test_bytes_that_are_no_character_are_shown_as_such_and_end_nothing() -> None:
    assert byte_player("a", 0xC3, ord("b"), 0x80, 257).text == "a�b�low"


def test_a_terminal_is_never_given_orders() -> None:
    assert printable("a\n\tb\x1b[2J\r\x07\x9b\x7f") == "a\n\tb␛[2J␍␇��"
    player = Player(tiny_gpt(CHARS), CHARS)
    assert [player.label([Choice(i, 1, 1)]) for i in (0, 1, 2, 14)] == ["↵", "␣", "a", "␛"]


@pytest.mark.parametrize(
    ("name", "value"), [("temperature", -0.1), ("temperature", float("nan")), ("top_k", -1), ("top_p", 1.01)]
)
def test_a_number_out_of_range_is_a_sentence(name: str, value: float) -> None:
    with pytest.raises(UsageError, match=rf"^{name.replace('_', '-')} is .+: take "):
        Settings(**{name: value})


def test_what_cannot_be_played_is_a_sentence(player: Player) -> None:
    for prompt, sentence in (("", "there is no text"), ("abX", "the model has never seen 'X'")):
        with pytest.raises(UsageError, match=sentence):
            player.begin(prompt)
    assert player.text == "abc"
    with pytest.raises(UsageError, match="the model knows 15 tokens, the tokenizer 259: not a pair"):
        Player(tiny_gpt(CHARS), BYTES)
    with pytest.raises(UsageError, match="a tokenizer holds 'chars' or 'merges'"):
        Player(tiny_gpt(CHARS), {})
    with torch.no_grad():
        player.model.ln_f.weight[0] = float("nan")
    with pytest.raises(UsageError, match="not all finite"):
        player.draw(GREEDY)


# Where things lie


@pytest.mark.parametrize("stand", [".", "11-generation", "above"])
def test_the_newest_model_is_found_from_wherever_one_stands(
    stand: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = tmp_path / "workspace"
    for name, time in (("mygpt/old", 1), ("11-generation/new", 3), ("mygpt/middle", 2)):
        path = workspace / f"{name}.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
        os.utime(path, (time, time))
    (workspace / "mygpt" / "__init__.py").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path if stand == "above" else workspace / stand)
    found = shelf.find_model(None)
    assert found.resolve() == workspace / "11-generation" / "new.safetensors"
    assert shelf.find_code(None, found).resolve() == workspace / "mygpt"


def test_a_file_that_was_sent_runs_by_the_learners_own_code(tmp_path: Path, playground: Path) -> None:
    (tmp_path / "mygpt").mkdir()
    (tmp_path / "mygpt" / "__init__.py").write_text("raise SystemExit('somebody else')", encoding="utf-8")
    sent = tmp_path / "sent.safetensors"
    sent.write_bytes((playground / "bytes.safetensors").read_bytes())
    assert shelf.find_code(sent, sent).resolve() == playground / "mygpt"
    assert shelf.find_code(tmp_path, sent) == tmp_path / "mygpt"  # whoever names a folder means it
