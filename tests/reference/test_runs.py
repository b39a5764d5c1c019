"""The files of a run: whole or not there, and never run."""

import os
import pickle
from pathlib import Path

import pytest
import torch
from tiny_run import assert_same_run, tiny_run
from torch import nn

from reference.corpus import InputError, RunError
from reference.optimization import AdamW
from reference.pretrain import Report
from reference.runs import (
    CHECKPOINT,
    LOG,
    append_log,
    claimed,
    cut_log,
    load_state,
    read_facts,
    read_log,
    replacing,
    save_state,
)


class Twofold(nn.Module):
    """A tied weight, a buffer, and a parameter in half precision."""

    def __init__(self) -> None:
        super().__init__()
        self.wte = nn.Embedding(4, 3)
        self.lm_head = nn.Linear(3, 4)
        self.lm_head.weight = self.wte.weight
        self.short = nn.Parameter(torch.rand(2).bfloat16())
        self.register_buffer("count", torch.tensor(5))


def optimizers_of(model: nn.Module) -> list[torch.optim.Optimizer]:
    """Two, with all kinds of memory: numbers, tensors, and none yet."""
    one = AdamW([model.wte.weight, model.lm_head.bias])
    return [one, torch.optim.SGD([{"params": [model.short]}], lr=0.5, momentum=0.9)]


def test_what_is_saved_comes_back_to_the_bit(tmp_path: Path) -> None:
    model, twin = Twofold(), Twofold()
    for p in (model.wte.weight, model.short):
        p.grad = torch.rand(p.shape).to(p.dtype)
    optimizers, twins = optimizers_of(model), optimizers_of(twin)
    for optimizer in optimizers:
        optimizer.step()
    optimizers[0].state[model.lm_head.bias] = {"steps": 7, "rate": 0.1}
    facts = {"step": 3, "names": ["é", None], "loss": 0.1}
    save_state(tmp_path / "it", model, optimizers, facts)
    model_before = {name: value.clone() for name, value in model.state_dict().items()}
    load_state(tmp_path / "it", twin, twins)
    assert read_facts(tmp_path / "it") == facts
    assert all(torch.equal(value, twin.state_dict()[name]) for name, value in model_before.items())
    assert twins[0].state[twin.lm_head.bias] == {"steps": 7, "rate": 0.1}
    before, after = optimizers[0].state[model.wte.weight], twins[0].state[twin.wte.weight]
    assert before.keys() == after.keys() and before["step"] == after["step"] == 1
    assert torch.equal(before["exp_avg"], after["exp_avg"]) and torch.equal(before["exp_avg_sq"], after["exp_avg_sq"])
    buffers = [o.state[m.short]["momentum_buffer"] for o, m in ((optimizers[1], model), (twins[1], twin))]
    assert torch.equal(*buffers) and buffers[1].dtype == torch.bfloat16


@pytest.mark.parametrize("content", [b"", b"{}", b"\x08\0\0\0\0\0\0\0{}      ", pickle.dumps({"step": 1})])
def test_a_damaged_checkpoint_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / CHECKPOINT).write_bytes(content)
    with pytest.raises(RunError, match=r"cannot use .*checkpoint.safetensors: it is damaged"):
        tiny_run(tmp_path)


def test_half_a_checkpoint_is_damaged(tmp_path: Path) -> None:
    tiny_run(tmp_path, steps=3)
    whole = (tmp_path / CHECKPOINT).read_bytes()
    (tmp_path / CHECKPOINT).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RunError, match="it is damaged"):
        tiny_run(tmp_path, steps=3)


def test_a_checkpoint_of_another_model(tmp_path: Path) -> None:
    model = Twofold()
    save_state(tmp_path / "it", model, [], {})
    with pytest.raises(RunError, match=r"of another model: .*weight"):
        load_state(tmp_path / "it", nn.Linear(2, 2))


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "it"
    file.write_text("old")
    with pytest.raises(RunError, match=r"cannot write .*it: No space left on device"), replacing(file) as partial:
        partial.write_text("new")
        raise OSError(28, "No space left on device")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("it", "old")]


def test_the_log_is_cut_to_a_step(tmp_path: Path) -> None:
    log = tmp_path / LOG
    for step in (1, 2, 3):
        append_log(log, step=step, train_loss=step / 3)
    with log.open("a") as file:
        file.write('{"step": 2')
    cut_log(log, 2)
    assert read_log(log) == [{"step": 1, "train_loss": 1 / 3}, {"step": 2, "train_loss": 2 / 3}]


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "run").touch()
    with pytest.raises(InputError, match=r"cannot write into .*run: File exists. Name another folder with --out"):
        tiny_run(tmp_path / "run")


def test_a_folder_without_permission(tmp_path: Path) -> None:
    if not hasattr(os, "geteuid"):
        pytest.skip("this system has other permissions")
    tmp_path.chmod(0o500)
    me = os.geteuid()
    try:
        if me == 0:
            os.seteuid(65534)  # root may write everywhere
        with pytest.raises(InputError, match=r"cannot write into .*run: Permission denied"):
            tiny_run(tmp_path / "run")
    finally:
        os.seteuid(me)


def test_two_runs_in_one_folder(tmp_path: Path) -> None:
    pytest.importorskip("fcntl", reason="this system knows no claims on folders")
    with claimed(tmp_path), pytest.raises(InputError, match=r"another process is training in .*: wait, or name"):
        tiny_run(tmp_path)
    assert tiny_run(tmp_path, steps=1).complete


def test_a_full_disk_leaves_the_checkpoint_before_it(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: log and picture are below it, the checkpoint is not."""
    resource = pytest.importorskip("resource", reason="this system has no limits on processes")
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    tiny_run(whole)

    def fill_the_disk(report: Report) -> None:
        if report.step == 4:
            resource.setrlimit(resource.RLIMIT_FSIZE, ((cut / CHECKPOINT).stat().st_size - 1, hard))

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.raises(RunError, match=r"cannot write .*checkpoint.safetensors: File too large"):
            tiny_run(cut, report=fill_the_disk)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert read_facts(cut / CHECKPOINT)["step"] == 3
    assert {path.name for path in cut.iterdir()} == {CHECKPOINT, LOG}  # and the partial file makes room again
    assert tiny_run(cut).complete
    assert_same_run(whole, cut)
