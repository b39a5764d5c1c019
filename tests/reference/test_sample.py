"""Writing: the same text with and without the cache, whole characters only, and every kind of folder."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import tiktoken
import torch
from click.testing import CliRunner, Result
from tiny_run import TEXT, tiny_run
from torch import Tensor, nn

from reference.corpus import InputError, RunError
from reference.generation import KVCache
from reference.gpt import GPT, GPTConfig
from reference.play import codec, save_gpt, vocabulary
from reference.pretrained import add_attention_biases, save_gpt2
from reference.recipes import RECIPES
from reference.runs import CHECKPOINT, MODEL
from reference.sample import Writer, load, main, sample, with_tokenizer

TINY_GPT2 = Path(__file__).resolve().parents[2] / "solutions" / "08-gpt" / "tiny-gpt2"


@pytest.fixture(scope="module", params=RECIPES)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that saw 40 steps."""
    return tiny_run(tmp_path_factory.mktemp("runs") / "it", recipe=request.param, steps=40, dropout=0.0).folder


def write(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_with_and_without_cache(run: Path) -> None:
    """Also beyond the context, of 12."""
    writer = load(run)
    for settings in ({}, {"temperature": 0}, {"top_k": 5, "temperature": 1.5}, {"top_p": 0.7}):
        with_cache, without = ("".join(sample(writer, "The", 30, use_cache=use, **settings)) for use in (True, False))
        assert with_cache == without and len(with_cache) == 30


def test_the_caches_grow_by_what_is_new(run: Path) -> None:
    writer = load(run)
    ids = torch.tensor([writer.encode("The owl sat")])
    caches = [KVCache() for _ in writer.model.h]
    with torch.inference_mode():
        parts = [writer.step(writer.model, part, caches) for part in ids.split([4, 1, 6], dim=1)]
        torch.testing.assert_close(torch.cat(parts, dim=1), writer.model(ids), rtol=1e-4, atol=1e-5)
    assert {len(cache) for cache in caches} == {11}


def test_model_and_checkpoint_write_the_same(run: Path, tmp_path: Path) -> None:
    expected = "".join(sample(load(run), "The"))
    (tmp_path / CHECKPOINT).write_bytes((run / CHECKPOINT).read_bytes())
    assert "".join(sample(load(tmp_path), "The")) == expected
    assert "".join(sample(load(run / MODEL), "The")) == expected


def test_the_command(run: Path) -> None:
    arguments = (run, "--prompt", "The owl", "--max-new-tokens", 20, "--seed", 3, "--top-k", 4, "--top-p", 0.9)
    text, again, other = write(*arguments).stdout, write(*arguments).stdout, write(*arguments, "--seed", 4).stdout
    assert text == again != other
    assert text.startswith("The owl") and len(text) == len("The owl") + 20 + 1
    assert write(*arguments, "--no-cache").stdout == text
    told = json.loads(write(*arguments, "--json").stdout)
    assert (told["prompt"] + told["text"] + "\n", told["seed"]) == (text, 3)


# Characters


class Parrot(nn.Module):
    """Says the bytes of a script, one after the other, whatever it hears."""

    def __init__(self, script: bytes) -> None:
        super().__init__()
        self.h = nn.ModuleList([nn.Identity()])
        self.config = SimpleNamespace(block_size=99)
        self.voice = nn.Parameter(nn.functional.one_hot(torch.tensor([*script]), 256).float())

    def step(self, _: nn.Module, ids: Tensor, caches: list[KVCache]) -> Tensor:
        caches[0].update(torch.zeros(1, 1, ids.shape[1], 1), torch.zeros(1, 1, ids.shape[1], 1))
        return self.voice[None, [len(caches[0]) - 1]]


def spoken(script: bytes) -> Iterator[str]:
    parrot = Parrot(script)
    writer = with_tokenizer(parrot, parrot.step, {"merges": []})
    return sample(writer, "\n", max_new_tokens=len(script), temperature=0)


def test_half_a_character_is_held_back() -> None:
    assert list(spoken("né🦉!".encode())) == ["n", "é", "🦉", "!"]


def test_bytes_that_are_no_character() -> None:
    assert list(spoken(b"\xffa\xc3b\xc3")) == ["�", "a", "�b", "�"]


# Folders that somebody else wrote


def test_a_file_of_save_gpt(tmp_path: Path) -> None:
    model = GPT(GPTConfig(vocab_size=3, block_size=8, n_layer=1, n_head=2, n_embd=4))
    save_gpt(tmp_path / "my-gpt.safetensors", model, {"chars": "abc"})
    assert set("".join(sample(load(tmp_path / "my-gpt.safetensors"), "a"))) <= set("abc")


def test_the_small_gpt2_of_the_course() -> None:
    text = "".join(sample(load(TINY_GPT2), "Once ", 300, temperature=0.5))
    assert len([word for word in text.split() if word in {"the", "a", "and", "to", "was", "of", "in", "on"}]) > 3


def gpt2_folder(folder: Path) -> Path:
    """A GPT-2 in everything but its size."""
    model = GPT(GPTConfig(vocab_size=50257, block_size=16, n_layer=1, n_head=2, n_embd=4))
    add_attention_biases(model)
    save_gpt2(model, folder)
    return folder


def test_gpt2s_own_tokens(tmp_path: Path, gpt2: tiktoken.Encoding) -> None:
    writer = load(gpt2_folder(tmp_path))
    assert writer.encode("naïve owls") == gpt2.encode("naïve owls")
    assert b"".join(map(writer.token_bytes, gpt2.encode("naïve 🦉"))).decode() == "naïve 🦉"
    assert "".join(sample(writer, "owl", 3, use_cache=True)) == "".join(sample(writer, "owl", 3, use_cache=False))


def test_gpt2s_table_is_not_to_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(_: str) -> None:
        raise ConnectionError("no route to host")

    monkeypatch.setattr(tiktoken, "get_encoding", no_network)
    with pytest.raises(RunError, match=r"GPT-2's tokens need tiktoken's table.*: no route to host"):
        load(gpt2_folder(tmp_path))


# What cannot be done


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    done = write(tmp_path)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {tmp_path} holds no model")


@pytest.mark.parametrize("name", [MODEL, CHECKPOINT])
def test_a_damaged_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"owls")
    done = write(tmp_path)
    assert (done.exit_code, done.stdout) == (1, "")
    assert f"{name}: it is damaged" in done.stderr


def test_a_recipe_that_is_not_there(tmp_path: Path) -> None:
    model = GPT(GPTConfig(vocab_size=3, block_size=8, n_layer=1, n_head=2, n_embd=4))
    save_gpt(tmp_path / MODEL, model, {"chars": "abc"}, recipe="slow")
    with pytest.raises(RunError, match="there is no recipe 'slow': gpt and fast are there"):
        load(tmp_path)


@pytest.mark.parametrize("prompt, sentence", [("ü", "never seen 'ü'"), ("", "the prompt is empty")])
def test_a_prompt_that_cannot_be_read(prompt: str, sentence: str) -> None:
    tokenizer = {"chars": "abc"}
    model = GPT(GPTConfig(vocab_size=3, block_size=8, n_layer=1, n_head=2, n_embd=4)).eval()
    writer = Writer(model, lambda *_: torch.zeros(1, 1, 3), codec(tokenizer)[0], vocabulary(tokenizer).__getitem__)
    with pytest.raises(InputError, match=sentence):
        next(sample(writer, prompt))


def test_nothing_to_write() -> None:
    assert list(sample(load(TINY_GPT2), TEXT[:3], max_new_tokens=0)) == []
