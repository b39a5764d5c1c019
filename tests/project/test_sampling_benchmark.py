"""The sides of benchmarks/sampling.py compute the same text; how fast, no test says."""

import pytest
import torch

from benchmarks import sampling
from reference.gpt import GPT, GPTConfig

TINY = GPTConfig(vocab_size=61, block_size=48, n_layer=2, n_head=2, n_embd=16)


@pytest.fixture
def model() -> GPT:
    """Small, with weights large enough that the text is not one token again and again."""
    model = sampling.random_gpt(TINY)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(10 if parameter.dim() > 1 else 1).add_(0.1 * (parameter.dim() == 1))
    return model


@pytest.fixture
def text(model: GPT) -> list[int]:
    """What the peer without a cache says."""
    text = list(sampling.without_cache(model, sampling.random_ids(TINY, 13), 30))
    assert len(text) == 30 and len(set(text)) > 3
    return text


def test_with_the_cache_it_is_the_same_text(model: GPT, text: list[int]) -> None:
    assert list(sampling.with_cache(model, sampling.random_ids(TINY, 13), 30)) == text


@pytest.mark.slow  # importing transformers
def test_transformers_tells_the_same_text(model: GPT, text: list[int]) -> None:
    side = sampling.transformers_side(model)
    assert side(model, sampling.random_ids(TINY, 13), 30) == text


def test_the_side_without_cache_is_the_model_itself(model: GPT) -> None:
    ids = sampling.random_ids(TINY, 21)
    torch.testing.assert_close(sampling.last_logits(model, ids), model(ids)[:, -1])


def test_the_result_is_flat_and_says_whether_the_texts_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    result = sampling.measure(TINY, num_prompt=5, num_tokens=9, with_transformers=False)
    assert result["same_tokens"] is True and result["ratio"] > 0
    assert not any(isinstance(value, dict | list) for value in result.values())
    monkeypatch.setattr(sampling, "with_cache", lambda model, ids, num: iter([0] * num))
    assert sampling.measure(TINY, 5, 9, with_transformers=False)["same_tokens"] is False
    with pytest.raises(SystemExit, match="do not fit into a context of 48"):
        sampling.measure(TINY, 40, 9, with_transformers=False)
