"""GPT-2's weights against `transformers`: the same logits, in both directions."""

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from reference.gpt import GPT, GPTConfig, count_parameters, init_weights
from reference.pretrained import CheckpointError, add_attention_biases, load_gpt2, save_gpt2

CLOSE = {"rtol": 1e-5, "atol": 1e-5}
SIZES = {"vocab_size": 37, "n_positions": 12, "n_layer": 3, "n_head": 2, "n_embd": 20}


@pytest.fixture(scope="module")
def theirs() -> nn.Module:
    """A small GPT-2 of Hugging Face with no parameter at its neutral value: biases too, as in the real one."""
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config(**SIZES, bos_token_id=None, eos_token_id=None)).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.2 * torch.randn_like(p))
    return model


@pytest.fixture
def folder(theirs: nn.Module, tmp_path: Path) -> Path:
    theirs.save_pretrained(tmp_path / "gpt2")
    return tmp_path / "gpt2"


def logits_of(model: nn.Module, ids: Tensor) -> Tensor:
    with torch.no_grad():
        return getattr(out := model(ids), "logits", out)


def ids() -> Tensor:
    return torch.randint(37, (2, 12), generator=torch.Generator().manual_seed(1))


def test_their_weights_in_our_gpt(theirs: nn.Module, folder: Path) -> None:
    ours = load_gpt2(folder)
    torch.testing.assert_close(logits_of(ours, ids()), logits_of(theirs, ids()), **CLOSE)
    assert count_parameters(ours) == theirs.num_parameters()
    assert ours.lm_head.weight is ours.wte.weight
    assert not ours.training


def test_our_weights_in_their_gpt(tmp_path: Path) -> None:
    from transformers import GPT2LMHeadModel

    ours = GPT(GPTConfig(vocab_size=37, block_size=12, n_layer=2, n_head=5, n_embd=20)).eval()
    init_weights(ours, n_layer=2, std=0.3, generator=torch.Generator().manual_seed(2))
    save_gpt2(ours, tmp_path)
    theirs, told = GPT2LMHeadModel.from_pretrained(tmp_path, output_loading_info=True)
    assert not told["missing_keys"] and not told["unexpected_keys"] and not told["mismatched_keys"]
    torch.testing.assert_close(logits_of(ours, ids()), logits_of(theirs.eval(), ids()), **CLOSE)


def test_there_and_back_to_the_bit(folder: Path, tmp_path: Path) -> None:
    ours = load_gpt2(folder)
    save_gpt2(ours, tmp_path / "a")
    again = load_gpt2(tmp_path / "a")
    for (name, one), (other_name, other) in zip(ours.state_dict().items(), again.state_dict().items(), strict=True):
        assert name == other_name and torch.equal(one, other), name
    save_gpt2(again, tmp_path / "b")
    for file in ("config.json", "model.safetensors"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_shards_and_half_precision(theirs: nn.Module, tmp_path: Path) -> None:
    theirs.save_pretrained(tmp_path / "shards", max_shard_size="20KB")
    assert len(list((tmp_path / "shards").glob("model-*.safetensors"))) > 2
    torch.testing.assert_close(logits_of(load_gpt2(tmp_path / "shards"), ids()), logits_of(theirs, ids()), **CLOSE)
    half = type(theirs)(theirs.config)
    half.load_state_dict(theirs.state_dict())
    half.half().save_pretrained(tmp_path / "half")
    ours = load_gpt2(tmp_path / "half")
    assert {p.dtype for p in ours.parameters()} == {torch.float32}
    torch.testing.assert_close(logits_of(ours, ids()), logits_of(half.float().eval(), ids()), **CLOSE)


def test_biases_of_zero_change_nothing() -> None:
    model = GPT(GPTConfig(vocab_size=37, block_size=12, n_layer=2, n_head=5, n_embd=20)).eval()
    before, num = logits_of(model, ids()), count_parameters(model)
    add_attention_biases(model)
    assert torch.equal(before, logits_of(model, ids()))
    assert count_parameters(model) == num + 2 * 4 * 20


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("model_type", "llama", "model_type is 'llama'; our GPT has 'gpt2'"),
        ("activation_function", "relu", "activation_function is 'relu'"),
        ("layer_norm_epsilon", 1e-6, "layer_norm_epsilon is 1e-06"),
        ("n_inner", 50, "n_inner is 50; our feed-forward network is 4·n_embd wide"),
        ("n_layer", 2, "the tensors are not those of config.json"),
        ("n_embd", 24, "the tensors are not those of config.json"),
        ("n_head", "many", "a size is missing or no number"),
    ],
)
def test_other_architectures_are_refused(folder: Path, setting: str, value: object, said: str) -> None:
    config = folder / "config.json"
    settings = json.loads(config.read_text(encoding="utf-8")) | {setting: value}
    config.write_text(json.dumps(settings), encoding="utf-8")
    with pytest.raises(CheckpointError, match=said):
        load_gpt2(folder)


def test_damaged_folders_are_told(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match=r"model\.safetensors is damaged"):
        load_gpt2(folder)
    weights.unlink()
    with pytest.raises(CheckpointError, match="is not there; weights in other formats"):
        load_gpt2(folder)
    (folder / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(CheckpointError, match="is no JSON"):
        load_gpt2(folder)


def test_hub_without_a_network_uses_what_was_fetched_before(
    theirs: nn.Module, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants

    cache = tmp_path / "hub"
    snapshot = cache / "models--somebody--tiny" / "snapshots" / "abc"
    snapshot.parent.mkdir(parents=True)
    folder.rename(snapshot)
    (cache / "models--somebody--tiny" / "refs").mkdir()
    (cache / "models--somebody--tiny" / "refs" / "main").write_text("abc", encoding="utf-8")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    torch.testing.assert_close(logits_of(load_gpt2("somebody/tiny"), ids()), logits_of(theirs, ids()), **CLOSE)
    with pytest.raises(CheckpointError, match="somebody/else is neither a folder nor to be had from the hub"):
        load_gpt2("somebody/else")
    with pytest.raises(CheckpointError, match="not a name at all is neither a folder"):
        load_gpt2("not a name at all")
