"""From a GPT to text: caches against the plain forward pass, the file against everything that can be wrong with it."""

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from reference.bpe import train_bpe
from reference.encoding import Tokenizer
from reference.generation import KVCache, generate
from reference.gpt import GPT, GPTConfig, init_weights
from reference.play import cached_logits, codec, load_gpt, next_token_probs, save_gpt, stream, vocabulary
from reference.pretrained import add_attention_biases

CLOSE = {"rtol": 1e-5, "atol": 1e-5}
BLOCK_SIZE = 10
CHARS = {"chars": "\n abcdé"}
PROSE = (Path(__file__).parents[2] / "reference" / "README.md").read_text(encoding="utf-8")


def make_gpt(biases: bool = False, **sizes: int) -> GPT:
    """A small GPT with weights large enough for clear preferences."""
    config = {"vocab_size": 13, "block_size": BLOCK_SIZE, "n_layer": 3, "n_head": 2, "n_embd": 12} | sizes
    model, generator = GPT(GPTConfig(**config)), torch.Generator().manual_seed(1)
    init_weights(model, n_layer=config["n_layer"], std=0.5, generator=generator)
    if biases:
        add_attention_biases(model)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.1 * torch.randn(p.shape, generator=generator))
    return model.eval()


def prompt(B: int = 1, T: int = 3) -> Tensor:
    return torch.randint(13, (B, T), generator=torch.Generator().manual_seed(2))


# cached_logits


@pytest.mark.parametrize("biases", [False, True], ids=["no biases", "as GPT-2"])
@pytest.mark.parametrize("sizes", [[10], [1] * 10, [4, 1, 1, 4], [9, 1]], ids=str)
def test_cached_logits_equal_the_whole_forward_pass(sizes: list[int], biases: bool) -> None:
    model, ids = make_gpt(biases), prompt(B=3, T=10)
    caches = [KVCache() for _ in model.h]
    with torch.no_grad():
        parts = [cached_logits(model, part, caches) for part in ids.split(sizes, dim=1)]
        torch.testing.assert_close(torch.cat(parts, dim=1), model(ids), **CLOSE)
    assert [len(cache) for cache in caches] == [10] * 3


# stream, next_token_probs


def texts_of(model: nn.Module, n: int, **choices: Any) -> list[tuple[int, list[float]]]:
    generator = torch.Generator().manual_seed(7)
    return [(i, probs.tolist()) for i, probs in stream(model, prompt(), n, generator=generator, **choices)]


@pytest.mark.parametrize(
    "choices", [{"temperature": 0}, {"temperature": 0.8}, {"temperature": 1.5, "top_k": 4, "top_p": 0.9}], ids=str
)
def test_the_cache_changes_no_token_also_past_the_context(choices: dict[str, Any]) -> None:
    model = make_gpt()
    fast, slow = (texts_of(model, 3 * BLOCK_SIZE, use_cache=use, **choices) for use in (True, False))
    assert [i for i, _ in fast] == [i for i, _ in slow]
    for (_, one), (_, other) in zip(fast, slow, strict=True):
        assert one == pytest.approx(other, abs=1e-4)


def test_greedy_equals_generate() -> None:
    model = make_gpt()
    told = [i for i, _ in stream(model, prompt(), 3 * BLOCK_SIZE, temperature=0)]
    assert told == generate(model, prompt(), 3 * BLOCK_SIZE)[0, 3:].tolist()
    assert len(set(told)) > 2  # or the test could not fail


def test_with_a_cache_each_token_costs_one_position_until_the_context_is_full() -> None:
    model, costs = make_gpt(), []

    def step(model: nn.Module, ids: Tensor, caches: list[KVCache]) -> Tensor:
        costs.append(ids.shape[1])
        return cached_logits(model, ids, caches)

    for _ in stream(model, prompt(), 10, temperature=0, step=step):
        pass
    assert costs == [3, 1, 1, 1, 1, 1, 1, 1, BLOCK_SIZE, BLOCK_SIZE]
    costs.clear()
    next(stream(model, prompt(T=15), 1, step=step))  # a prompt longer than the context: its end is read
    assert costs == [BLOCK_SIZE]


def test_the_probabilities_are_those_of_the_plain_model() -> None:
    model = make_gpt()
    (first, probs), *_ = stream(model, prompt(), 1, temperature=2.0)
    with torch.no_grad():
        torch.testing.assert_close(probs, (model(prompt())[0, -1] / 2).softmax(dim=-1), **CLOSE)
    assert probs[first] > 0
    assert not probs.requires_grad


def test_next_token_probs_filters_what_is_left_of_the_temperature() -> None:
    """Probabilities 0.5, 0.3, 0.15, 0.05. By hand: of the first three 0.5/0.95 = 0.53 is below 0.6, so two stay."""
    logits = torch.tensor([[0.5, 0.3, 0.15, 0.05]]).log()
    expected = torch.tensor([[0.5, 0.3, 0.15, 0.05]])
    torch.testing.assert_close(next_token_probs(logits, 1.0, None, 1.0), expected)
    torch.testing.assert_close(next_token_probs(logits, 1.0, 3, 0.6), torch.tensor([[0.625, 0.375, 0, 0]]))
    assert next_token_probs(logits, 0, 3, 0.6).tolist() == [[1, 0, 0, 0]]
    halved = next_token_probs(2 * logits, 2.0, None, 0.79)  # cut after the temperature: without it, one would do
    torch.testing.assert_close(halved, torch.tensor([[0.625, 0.375, 0, 0]]))


# codec


def test_codec_of_characters() -> None:
    encode, decode = codec(CHARS)
    assert encode("é a\n") == [6, 1, 2, 0]
    assert decode(encode("bad cab")[:3]) == "bad"
    with pytest.raises(ValueError, match="'x', 'z'"):
        encode("abzx")


def test_codec_of_bytes_equals_the_tokenizer() -> None:
    vocab, merges = train_bpe(PROSE, 256 + 60, [])
    plain = {"merges": [[left.decode("latin-1"), right.decode("latin-1")] for left, right in merges]}
    encode, decode = codec(plain)
    theirs = Tokenizer(vocab, merges)
    for sample in (PROSE[:3000], "Größe, 1 000 naïve 🙂\n\n  x", "", "\x00"):
        assert encode(sample) == theirs.encode(sample)
        assert decode(encode(sample)) == sample
    assert vocabulary(plain) == vocab


def test_codec_of_neither_says_what_is_there() -> None:
    with pytest.raises(ValueError, match=r"'chars' or 'merges', and this one \['words'\]"):
        codec({"words": []})


# save_gpt, load_gpt


@pytest.mark.parametrize("tokenizer", [CHARS, {"merges": [["Ã", "©"], ["\x00", "\xff"]]}], ids=["chars", "bytes"])
def test_a_saved_gpt_comes_back(tmp_path: Path, tokenizer: dict[str, Any]) -> None:
    model, path = make_gpt(), tmp_path / "my-gpt.safetensors"
    path.write_bytes(b"an older one")
    save_gpt(path, model.train(), tokenizer)
    again, its_tokenizer = load_gpt(str(path))
    assert its_tokenizer == tokenizer
    assert again.config == model.config
    assert model.training and not again.training
    assert again.lm_head.weight is again.wte.weight
    with torch.no_grad():
        assert torch.equal(again(prompt()), model.eval()(prompt()))
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save_gpt(tmp_path / "my-gpt.safetensors", make_gpt(), CHARS)
    return tmp_path / "my-gpt.safetensors"


@pytest.mark.parametrize("part", [0, 0.001, 0.1, 0.5, 0.999])
def test_a_file_cut_short_is_refused(saved: Path, part: float) -> None:
    whole = saved.read_bytes()
    saved.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(ValueError, match=r"my-gpt\.safetensors is damaged"):
        load_gpt(saved)


def test_a_damaged_header_is_refused(saved: Path) -> None:
    whole = bytearray(saved.read_bytes())
    whole[8:40] = b"\xff" * 32
    saved.write_bytes(whole)
    with pytest.raises(ValueError, match=r"my-gpt\.safetensors is damaged"):
        load_gpt(saved)


def foreign_files() -> dict[str, tuple[dict[str, Tensor], dict[str, str] | None]]:
    """Safetensors files that `save_gpt` did not write, by what is wrong with them."""
    tensors = {name: tensor for name, tensor in make_gpt().state_dict().items() if name != "lm_head.weight"}
    config = '{"vocab_size": 13, "block_size": 10, "n_layer": 3, "n_head": 2, "n_embd": 12, "dropout": 0.0}'
    right = {"config": config, "tokenizer": '{"chars": "abc"}'}
    return {
        "no metadata": (tensors, None),
        "no tokenizer": (tensors, {"config": config}),
        "config no JSON": (tensors, right | {"config": "{"}),
        "config a list": (tensors, right | {"config": "[]"}),
        "an unknown size": (tensors, right | {"config": '{"n_wheels": 4}'}),
        "another size": (tensors, right | {"config": config.replace("13", "14")}),
        "heads that do not fit": (tensors, right | {"config": config.replace('"n_head": 2', '"n_head": 5')}),
        "a tensor missing": ({"wte.weight": tensors["wte.weight"]}, right),
        "a tensor too many": (tensors | {"wheel.weight": torch.ones(2)}, right),
    }


@pytest.mark.parametrize("name", foreign_files())
def test_another_safetensors_file_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "other.safetensors"
    tensors, metadata = foreign_files()[name]
    save_file(tensors, path, metadata)
    with pytest.raises(ValueError, match=r"other\.safetensors is damaged, or no GPT"):
        load_gpt(path)


class Trap:
    """A pickle that makes a folder in whoever opens it."""

    def __init__(self, victim: Path) -> None:
        self.victim = victim

    def __reduce__(self) -> tuple:
        return Path.mkdir, (self.victim,)


def test_a_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    path = tmp_path / "trap.safetensors"
    for write in (lambda trap: path.write_bytes(pickle.dumps(trap)), lambda trap: torch.save(trap, path)):
        write(Trap(tmp_path / "sprung"))
        with pytest.raises(ValueError, match="no GPT that `save_gpt` wrote"):
            load_gpt(path)
    assert not (tmp_path / "sprung").exists()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_gpt(tmp_path / "nothing.safetensors")
