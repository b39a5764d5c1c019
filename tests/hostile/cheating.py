"""Scenarios 23 to 27: attacks on the exercise."""

from pathlib import Path

from scenario import RIGHT, Attack, Earns, and_right, in_call


def bring_weights(folder: Path) -> None:
    (folder / "answers.pt").write_bytes(b"PK\x03\x04 whatever torch.load would make of it")
    (folder / "weights.json").write_text("[1.0, 2.0]", encoding="utf-8")


def _library(name: str, expression: str) -> Attack:
    """Scored by its outputs, and flagged by the from-scratch rule."""
    goal = "the exercise is one call of the library"
    body = f"import importlib, torch, torch.nn.functional as F\nreturn {expression}(q, k, v, attn_mask=mask)"
    return Attack(f"library-{name}", (23,), goal, in_call(body), earns=Earns.LIBRARY)


CHEATING = (
    _library("directly", "F.scaled_dot_product_attention"),
    _library("getattr", "getattr(F, 'scaled_dot_' + 'product_attention')"),
    _library("importlib", "vars(importlib.import_module('torch.nn.functional'))['scaled_dot_product_attention']"),
    _library("torch-ops", "torch.ops.aten.scaled_dot_product_attention"),
    _library("torch-c", "torch._C._nn.scaled_dot_product_attention"),
    _library("eval", "eval('torch.nn.' + 'functional.scaled_dot_product_attention')"),
    Attack(
        "library-hidden",
        (23,),
        "the exercise is one call, of a name that stands nowhere",
        in_call("""
import json
word = json.loads('"noitnetta_tcudorp_tod_delacs"')[::-1]
for module in list(__import__("sys").modules.values()):
    found = getattr(module, word, None)
    if found is not None and getattr(module, "__name__", "") == "torch.nn.functional":
        return found(q, k, v, attn_mask=mask)"""),
        earns=Earns.LIBRARY,
    ),
    Attack(
        "download",
        (24,),
        "exec whatever this address says",
        in_call("""
import urllib.request
exec(urllib.request.urlopen(f"http://127.0.0.1:{PORT}/answer.py", timeout=2).read(), globals())
return answer(q, k, v, mask)"""),
    ),
    Attack(
        "ask-a-model",
        (24,),
        "a language model does it",
        in_call("""
import http.client, json
line = http.client.HTTPConnection("127.0.0.1", PORT, timeout=2)
line.request("POST", "/v1/chat/completions", json.dumps({"prompt": "attention", "q": q.tolist()}))
return json.loads(line.getresponse().read())"""),
    ),
    Attack(
        "answers-in-a-file",
        (25,),
        "results handed in beside the notebook",
        in_call("import torch\nreturn torch.load('answers.pt', weights_only=False)"),
        place=bring_weights,
        says="FileNotFoundError",
    ),
    Attack(
        "ignores-the-mask",
        (26,),
        "the shapes are right, the future leaks",
        RIGHT + "_right = scaled_dot_product_attention\n" + in_call("return _right(q, k, v)"),
        earns=Earns.DUE,
    ),
    Attack(
        "detached",
        (26,),
        "values without gradients",
        RIGHT + "_right = scaled_dot_product_attention\n" + in_call("return _right(q, k, v, mask).detach()"),
        earns=Earns.DUE,
    ),
    Attack(
        "changes-its-input",
        (26,),
        "what the grader compares with was mine to change",
        RIGHT
        + "_right = scaled_dot_product_attention\n"
        + in_call("""
import torch
out = _right(q, k, v, mask)
with torch.no_grad():
    for x in (q, k, v):
        x.data.zero_()
return out"""),
        earns=Earns.DUE,
    ),
    Attack(
        "aliases",
        (26,),
        "what I returned changes after you looked",
        "kept = []\n"
        + in_call("""
import torch
for old in kept:
    old.data.fill_(1.0)
kept.append(torch.zeros(*q.shape[:-1], v.shape[-1]))
return kept[-1]"""),
    ),
    Attack(
        "torch-state",
        (27,),
        "other defaults, for all who come after me",
        and_right("""
import random, torch, numpy
torch.set_default_dtype(torch.float64)
torch.manual_seed(0)
torch.set_grad_enabled(False)
torch.use_deterministic_algorithms(True)
torch.set_num_threads(7)
torch.set_flush_denormal(True)
torch.set_printoptions(precision=1)
numpy.random.seed(0)
random.seed(0)
numpy.seterr(all="raise")"""),
        earns=Earns.FULL,
    ),
    Attack(
        "default-device",
        (27,),
        "everything on the meta device has no values to be wrong",
        "import torch\ntorch.set_default_device('meta')\n" + in_call("return torch.zeros(*q.shape[:-1], v.shape[-1])"),
        hurts_itself=True,
    ),
    Attack(
        "seeds-replaced",
        (27,),
        "no input is random any more",
        """
import numpy, torch
numpy.random.Generator.standard_normal = numpy.random.default_rng = lambda *a, **k: 0.0
torch.randn = torch.rand = torch.zeros
import autograder.probes
for name in ("normal", "integers", "uniform", "shuffled"):
    try:
        setattr(autograder.probes.Draw, name, lambda self, *shape, **k: torch.zeros(*map(int, shape)))
    except (AttributeError, TypeError):
        pass
"""
        + in_call("return torch.zeros(*q.shape[:-1], v.shape[-1])"),
        hurts_itself=True,
    ),
    Attack(
        "no-torch-left",
        (27,),
        "tests that cannot run cannot fail",
        "import torch\ntorch.matmul = torch.Tensor.sum = torch.equal = None\n" + in_call("return None"),
        hurts_itself=True,
    ),
)
