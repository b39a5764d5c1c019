import math

import pytest
import torch
import torch.nn.functional as F

from reference.bigram import bigram_counts, bigram_nll, bigram_probs, build_char_vocab, sample_bigram, softmax


def test_vocabulary_by_hand() -> None:
    assert build_char_vocab("banana\nBan") == {"\n": 0, "B": 1, "a": 2, "b": 3, "n": 4}
    assert build_char_vocab("😀é,é") == {",": 0, "é": 1, "😀": 2}
    assert build_char_vocab("aBbA") == {"A": 0, "B": 1, "a": 2, "b": 3}  # capitals first, as `sorted` has it
    assert build_char_vocab("") == {}


def test_counts_by_hand() -> None:
    """b-a once, a-n twice, n-a twice."""
    ids = [1, 0, 2, 0, 2, 0]  # banana
    counts = bigram_counts(ids, 4)
    expected = torch.zeros(4, 4)
    expected[1, 0], expected[0, 2], expected[2, 0] = 1, 2, 2
    assert torch.equal(counts, expected)
    assert counts.dtype == torch.float32
    assert ids == [1, 0, 2, 0, 2, 0]
    assert torch.equal(bigram_counts([2], 3), torch.zeros(3, 3))


def test_probabilities_by_hand() -> None:
    counts = torch.tensor([[1.0, 3.0], [0.0, 0.0]])
    assert torch.allclose(bigram_probs(counts), torch.tensor([[2 / 6, 4 / 6], [0.5, 0.5]]))
    assert torch.allclose(bigram_probs(counts, 0.5), torch.tensor([[1.5 / 5, 3.5 / 5], [0.5, 0.5]]))
    assert torch.equal(counts, torch.tensor([[1.0, 3.0], [0.0, 0.0]]))


def test_softmax_by_hand() -> None:
    """exp(0), exp(ln 3) = 1, 3; their sum is 4; so a quarter and three quarters."""
    p = softmax(torch.tensor([0.0, math.log(3)]), dim=0)
    assert torch.allclose(p, torch.tensor([0.25, 0.75]), rtol=1e-7, atol=0)


@pytest.mark.parametrize("dim", [0, 1, 2, -1, -3])
def test_softmax_along_every_dimension(dim: int) -> None:
    x = torch.randn(2, 5, 3) * 4
    torch.testing.assert_close(softmax(x, dim), F.softmax(x, dim), rtol=1e-6, atol=1e-8)


def test_softmax_of_huge_tiny_and_impossible_scores() -> None:
    x = torch.tensor([[1000.0, 999.0, -1000.0], [-1000.0, -1001.0, float("-inf")]])
    before = x.clone()
    p = softmax(x, dim=-1)
    torch.testing.assert_close(p, F.softmax(x, -1), rtol=1e-6, atol=0)
    assert p[1, 2] == 0
    assert torch.equal(x, before)


def test_gradient_of_softmax() -> None:
    x = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: softmax(x, 0), x)


def test_nll_by_hand() -> None:
    """Probabilities 1/2, 1/4, 1/2: the mean of ln 2, ln 4, ln 2 is 4/3 ln 2."""
    P = torch.tensor([[0.5, 0.5], [0.25, 0.75]])
    nll, perplexity = bigram_nll(P, [0, 1, 0, 0])
    assert nll == pytest.approx(4 / 3 * math.log(2), rel=1e-6)
    assert perplexity == pytest.approx(2 ** (4 / 3), rel=1e-6)


def test_nll_is_the_cross_entropy_of_the_library() -> None:
    P, ids = F.softmax(torch.randn(5, 5), dim=1), torch.randint(5, (20,)).tolist()
    theirs = F.cross_entropy(P[ids[:-1]].log(), torch.tensor(ids[1:]))
    assert bigram_nll(P, ids)[0] == pytest.approx(theirs.item(), rel=1e-5)


def test_a_text_whose_probability_is_too_small_for_a_computer() -> None:
    """2000 steps of 3/10 each: 0.3**2000 is 0 in Python and in torch, and the mean of the logarithms is that of one."""
    P, ids = torch.tensor([[0.3, 0.7], [0.5, 0.5]]), [0] * 2001
    assert P[ids[:-1], ids[1:]].prod() == 0.0 == 0.3**2000
    nll, perplexity = bigram_nll(P, ids)
    assert nll == pytest.approx(-math.log(0.3), rel=1e-5)
    assert perplexity == pytest.approx(10 / 3, rel=1e-5)


def test_the_dtype_is_kept() -> None:
    counts = torch.tensor([[1.0, 3.0], [0.0, 2.0]], dtype=torch.float64)
    assert bigram_probs(counts, 0.5).dtype == softmax(counts, 0).dtype == torch.float64


def test_knowing_nothing_and_being_wrong() -> None:
    assert bigram_nll(torch.ones(7, 7) / 7, [0, 3, 6, 6])[1] == pytest.approx(7, rel=1e-6)
    assert bigram_nll(torch.tensor([[1.0, 0.0], [0.5, 0.5]]), [0, 1]) == (math.inf, math.inf)


def test_no_model_beats_the_counts_on_their_own_text() -> None:
    """With alpha = 0 the perplexity is that of the text's own frequencies; other models are worse on it."""
    ids = torch.randint(4, (200,)).tolist()
    best = bigram_nll(bigram_probs(bigram_counts(ids, 4), alpha=0.0), ids)[0]
    assert all(bigram_nll(F.softmax(torch.randn(4, 4), dim=1), ids)[0] > best for _ in range(20))


def test_a_walk_without_choice() -> None:
    P = torch.tensor([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    ids = sample_bigram(P, 0, 5, torch.Generator())
    assert ids == [0, 2, 1, 0, 2, 1]
    assert {type(i) for i in ids} == {int}
    assert sample_bigram(P, 2, 0, torch.Generator()) == [2]


def test_frequencies_of_a_walk() -> None:
    P = torch.tensor([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1], [0.1, 0.1, 0.8]])
    state = torch.get_rng_state()
    ids = sample_bigram(P, 0, 8000, torch.Generator().manual_seed(5))
    assert torch.equal(torch.get_rng_state(), state)  # nothing but the generator was used
    assert ids == sample_bigram(P, 0, 8000, torch.Generator().manual_seed(5))
    torch.testing.assert_close(bigram_probs(bigram_counts(ids, 3), alpha=0.0), P, rtol=0, atol=0.06)
