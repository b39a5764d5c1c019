"""GPT-2's weights: from a folder as Hugging Face keeps it into our GPT, and back.

Three things differ between the two, and all are settled here. GPT-2 fuses queries, keys and values into one matrix; its
matrices lie as (d_in, d_out); and its attention has biases, which ours has not until `add_attention_biases`.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from reference.gpt import GPT, GPTConfig, convert_checkpoint, split_gpt2_qkv

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
_FIXED = {
    "model_type": ("gpt2",),
    "activation_function": ("gelu_new", "gelu_pytorch_tanh"),
    "layer_norm_epsilon": (1e-5,),
    "scale_attn_weights": (True,),
    "scale_attn_by_inverse_layer_idx": (False,),
    "tie_word_embeddings": (True,),
}
"""What our GPT does, and cannot do otherwise. A setting that config.json leaves out has the first value."""


class CheckpointError(Exception):
    """These are not weights that our GPT can take. The message says which file, and why."""


def load_gpt2(source: str | Path) -> GPT:
    """Read a GPT-2 checkpoint into our GPT, in float32 and evaluation mode.

    Args:
        source: a folder with config.json and model.safetensors (or its shards and their index), or the name of a model
            on the Hugging Face hub, like "openai-community/gpt2": fetched once.

    Raises:
        CheckpointError: a file is missing or damaged, or it is another architecture.

    Nothing in the folder is unpickled or run. Source: Radford et al. (2019), and the published layout of its weights.
    """
    folder = Path(source) if Path(source).is_dir() else _fetch(str(source))
    config = _read_config(folder / "config.json")
    model = GPT(config).eval()
    add_attention_biases(model)
    try:
        model.load_state_dict(convert_checkpoint(model.state_dict(), _split(_read_tensors(folder)), rename_gpt2))
    except (KeyError, ValueError, IndexError) as error:
        raise CheckpointError(f"{folder}: the tensors are not those of config.json: {error.args[0]}") from None
    return model


def save_gpt2(model: GPT, folder: str | Path) -> None:
    """Write config.json and model.safetensors as `transformers` reads them; missing biases are written as zeros.

    Args:
        model: a GPT, with or without biases in its attention.
        folder: made if it is not there. Each file appears whole or not at all.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"transformer.{name}": tensor.contiguous() for name, tensor in _fused(model.state_dict()).items()}
    partial = folder / f"{SINGLE}.part"
    partial.write_bytes(save(tensors, metadata={"format": "pt"}))
    os.replace(partial, folder / SINGLE)
    partial = folder / "config.json.part"
    partial.write_text(json.dumps(_as_gpt2(model.config), indent=2) + "\n", encoding="utf-8")
    os.replace(partial, folder / "config.json")


def add_attention_biases(model: GPT) -> None:
    """Give the q, k, v and o projections of every block of `model` a bias of zeros, in place: its outputs stay."""
    for block in model.h:
        for layer in (block.attn.q_proj, block.attn.k_proj, block.attn.v_proj, block.attn.o_proj):
            layer.bias = nn.Parameter(torch.zeros(layer.out_features))


def rename_gpt2(name: str) -> tuple[str | None, bool]:
    """A tensor's name in our GPT, and whether its matrix lies the other way round.

    None for the causal masks, which old files keep as `attn.bias` and `attn.masked_bias`.
    """
    name = name.removeprefix("transformer.")
    if name.endswith((".attn.bias", ".attn.masked_bias")):
        return None, False
    is_conv1d = name.endswith(("c_proj.weight", "c_fc.weight"))
    return name.replace("attn.c_proj", "attn.o_proj"), is_conv1d


def _split(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Fused projections taken apart, and the tied head put in where the file leaves it out."""
    result = {}
    for name, tensor in tensors.items():
        before, fused, kind = name.partition("c_attn.")
        if not fused:
            result[name] = tensor.float()
            continue
        parts = split_gpt2_qkv(tensor.float()) if kind == "weight" else tensor.float().chunk(3)
        for letter, part in zip("qkv", parts, strict=True):
            result[f"{before}{letter}_proj.{kind}"] = part
    head = [tensor for name, tensor in result.items() if name.endswith("wte.weight")]
    return {"lm_head.weight": head[0], **result} if head else result


def _fused(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Our state dict under GPT-2's names, the tied head left out."""
    result = {}
    for name, tensor in state.items():
        before, after = name.partition("q_proj.")[0], name.partition("q_proj.")[2]
        if after == "weight":
            result |= _attention(before, state)
        elif ".attn." not in name and name != "lm_head.weight":
            result[name] = tensor.T if rename_gpt2(name)[1] else tensor
    return result


def _attention(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """One block's attention as GPT-2 has it: two layers with biases, rows are inputs."""
    weights = {letter: state[f"{prefix}{letter}_proj.weight"] for letter in "qkvo"}
    zeros = torch.zeros(len(weights["q"]))
    biases = {letter: state.get(f"{prefix}{letter}_proj.bias", zeros) for letter in "qkvo"}
    return {
        f"{prefix}c_attn.weight": torch.cat([weights[letter] for letter in "qkv"]).T,  # (C, 3C)
        f"{prefix}c_attn.bias": torch.cat([biases[letter] for letter in "qkv"]),
        f"{prefix}c_proj.weight": weights["o"].T,
        f"{prefix}c_proj.bias": biases["o"],
    }


def _read_config(path: Path) -> GPTConfig:
    settings = read_json(path)
    for name, allowed in _FIXED.items():
        if (value := settings.get(name, allowed[0])) not in allowed:
            raise CheckpointError(f"{path}: {name} is {value!r}; our GPT has {allowed[0]!r}")
    if settings.get("n_inner") not in (None, 4 * settings.get("n_embd", 0)):
        raise CheckpointError(f"{path}: n_inner is {settings['n_inner']}; our feed-forward network is 4·n_embd wide")
    try:
        names = ("vocab_size", "n_positions", "n_layer", "n_head", "n_embd")
        return GPTConfig(*(int(settings[name]) for name in names))
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: a size is missing or no number: {error}") from None


def _as_gpt2(config: GPTConfig) -> dict[str, object]:
    sizes = {"vocab_size": config.vocab_size, "n_positions": config.block_size, "n_layer": config.n_layer}
    sizes |= {"n_head": config.n_head, "n_embd": config.n_embd, "n_inner": None}
    fixed = {name: allowed[0] for name, allowed in _FIXED.items()}
    unused = {"embd_pdrop": config.dropout, "attn_pdrop": 0.0, "resid_pdrop": 0.0}
    no_tokens = {"bos_token_id": None, "eos_token_id": None}  # GPT-2's own, 50256, would lie outside a small vocabulary
    return {"architectures": ["GPT2LMHeadModel"], **fixed, **sizes, **unused, **no_tokens}


def _read_tensors(folder: Path) -> dict[str, Tensor]:
    """All tensors of a folder, from one file or from the shards that its index names."""
    files = [SINGLE]
    if not (folder / SINGLE).is_file() and (folder / INDEX).is_file():
        files = sorted({Path(name).name for name in read_json(folder / INDEX)["weight_map"].values()})
    tensors: dict[str, Tensor] = {}
    for name in files:
        if not (folder / name).is_file():
            raise CheckpointError(
                f"{folder / name} is not there; weights in other formats than safetensors are not read"
            )
        try:
            tensors |= load_file(folder / name)
        except SafetensorError as error:
            raise CheckpointError(f"{folder / name} is damaged: {error}") from None
    return tensors


def read_json(path: Path) -> dict:
    """The object in a JSON file at `path`.

    Raises:
        CheckpointError: there is none.

    Example:
        >>> read_json(Path("nowhere.json"))
        Traceback (most recent call last):
        reference.pretrained.CheckpointError: cannot read nowhere.json: No such file or directory
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise CheckpointError(f"{path} is no JSON: {error}") from None


def _fetch(name: str) -> Path:
    """The folder of a model from the hub, from its cache on this machine where it is there already."""
    from huggingface_hub import snapshot_download  # a second to import: only who asks for it waits
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=["config.json", "*.safetensors", INDEX]))
    except (HFValidationError, HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise CheckpointError(f"{name} is neither a folder nor to be had from the hub: {reason}") from None
