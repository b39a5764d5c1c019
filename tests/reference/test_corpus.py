"""A text as a run sees it: nothing of the validation part leaks, nothing is drawn from a stream."""

from pathlib import Path

import pytest
import torch

from reference.corpus import InputError, make_corpus, read_text
from reference.play import codec


def test_the_two_parts_are_the_text() -> None:
    text = "naïve owls 🦉 " * 9
    for settings in ({}, {"bpe": 270}, {"val_fraction": 0.37}, {"val_fraction": 0}):
        corpus = make_corpus(text, **settings)
        decode = codec(corpus.tokenizer)[1]
        assert decode(corpus.train.tolist()) + decode(corpus.val.tolist()) == text
        expected = round(settings.get("val_fraction", 0.1) * len(text))
        assert len(decode(corpus.val.tolist())) == expected
        assert corpus.num_bytes(corpus.train) + corpus.num_bytes(corpus.val) == len(text.encode())


def test_a_batch_is_a_function_of_seed_and_step() -> None:
    corpus, again = make_corpus("to be or not " * 50), make_corpus("to be or not " * 50)
    x, y = corpus.batch(3, 7, seed=1, step=5)
    assert torch.equal(x[:, 1:], y[:, :-1])
    torch.manual_seed(9)
    again.batch(3, 7, seed=1, step=4)
    assert torch.equal(again.batch(3, 7, seed=1, step=5)[0], x)
    others = [again.batch(3, 7, seed=seed, step=step)[0] for seed, step in ((1, 6), (5, 1), (2, 5), (15, 5))]
    assert not any(torch.equal(x, other) for other in others)


@pytest.mark.parametrize("max_tokens, n", [(0, 8), (80, 8), (79, 7), (20, 2), (1, 1)])
def test_validation_windows_do_not_overlap(max_tokens: int, n: int) -> None:
    corpus = make_corpus("".join(map(chr, range(200, 400))), val_fraction=0.42)  # 84 different characters
    x, y = corpus.val_windows(10, max_tokens)
    assert x.shape == y.shape == (n, 10)
    assert torch.equal(x + 1, y)
    assert len(x.unique()) == 10 * n
    assert x.min() >= 116


def test_no_validation_window_fits() -> None:
    assert make_corpus("owls", val_fraction=0.5).val_windows(2, 0)[0].shape == (0, 2)


@pytest.mark.parametrize("content, sentence", [(b"a\xffb", "not UTF-8 from byte 1 on"), (b"\xef\xbb\xbf", "is empty")])
def test_what_is_no_text(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "it").write_bytes(content)
    with pytest.raises(InputError, match=sentence):
        read_text(tmp_path / "it")


def test_line_ends_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "it").write_bytes(b"\xef\xbb\xbfa\r\nb\n")
    assert read_text(tmp_path / "it") == "a\r\nb\n"


def test_more_tokens_than_the_text_gives() -> None:
    with pytest.raises(InputError, match="300 tokens are too many: this text gives 260"):
        make_corpus("owl owl owl", bpe=300)
