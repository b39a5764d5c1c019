"""A run from end to end: it learns, it resumes to the bit, and it says what is wrong in a sentence."""

import dataclasses
import json
import math
import re
import signal
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from tiny_run import NUMBERS, OPTIONS, TEXT, assert_same_run, losses, tiny_run

from reference.corpus import InputError, RunError, make_corpus
from reference.distributed import Team
from reference.pretrain import Report, main, pretrain
from reference.recipes import recipe
from reference.runs import CHECKPOINT, LOG, MODEL, PICTURE, Run, read_log
from reference.sample import load, sample
from reference.trainer import Trainer
from reference.training import bits_per_byte, estimate_loss


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that nothing interrupts."""
    return tiny_run(tmp_path_factory.mktemp("runs") / "whole")


# What it learns and what it leaves


def test_the_loss_goes_down(whole: Run) -> None:
    evaluations = [line["val_loss"] for line in read_log(whole.folder / LOG) if "val_loss" in line]
    assert len(evaluations) == 4  # at 0, 4, 8, 12
    assert evaluations[0] == pytest.approx(math.log(len(set(TEXT))), abs=0.1)
    assert evaluations == sorted(evaluations, reverse=True)
    assert whole.val_loss == whole.best_val_loss == evaluations[-1] < evaluations[0] - 0.2


def test_what_a_complete_run_leaves(whole: Run) -> None:
    assert {path.name for path in whole.folder.iterdir()} == {CHECKPOINT, MODEL, LOG, PICTURE}
    assert (whole.step, whole.steps, whole.complete) == (12, 12, True)
    lines = read_log(whole.folder / LOG)
    assert [line["step"] for line in lines if "train_loss" in line] == list(range(1, 13))
    assert whole.train_loss == pytest.approx(sum(line.get("train_loss", 0) for line in lines) / 12)
    assert (whole.folder / PICTURE).read_text(encoding="utf-8").startswith("<?xml")
    assert "".join(sample(load(whole.folder), "The", max_new_tokens=5)) != ""


def test_bits_per_byte_are_those_of_the_whole_validation_part(whole: Run) -> None:
    """Characters of two bytes count as two."""
    val = TEXT[-round(0.1 * len(TEXT)) :]
    writer = load(whole.folder)
    ids = torch.tensor(writer.encode(val))
    T = NUMBERS["block_size"]
    n = (len(ids) - 1) // T
    x, y = ids[: n * T].view(n, T), ids[1 : n * T + 1].view(n, T)
    nats = estimate_loss(writer.model, [(x, y)]) * n * T
    assert whole.val_loss == pytest.approx(nats / (n * T), rel=1e-5)
    assert whole.bits_per_byte == pytest.approx(bits_per_byte(nats, len(val[1 : n * T + 1].encode())), rel=1e-5)
    assert len(val.encode()) > len(val)


def test_training_is_that_of_the_reference_written_out(tmp_path: Path) -> None:
    """Two steps by hand, with torch's own loss and optimizer."""
    chosen = dataclasses.replace(recipe("gpt"), **NUMBERS | {"dropout": 0.0, "clip": 0.5})
    corpus = make_corpus(TEXT)
    trainer = Trainer(chosen, corpus, 0, Team())
    twin = Trainer(chosen, corpus, 0, Team()).model
    groups = [{"params": [p for p in twin.parameters() if p.dim() > 1], "weight_decay": 0.1}]
    groups += [{"params": [p for p in twin.parameters() if p.dim() < 2], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.99))
    for step, rate in enumerate([0.01, 0.02]):
        x, y = corpus.batch(4, 12, seed=0, step=step)
        loss = torch.nn.functional.cross_entropy(twin(x).flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(twin.parameters(), 0.5)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        assert trainer.train_step()[0] == pytest.approx(loss.item(), rel=1e-6)
    for p, q in zip(trainer.model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-4, atol=1e-6)


def test_micro_batches_make_the_same_run(whole: Run, tmp_path: Path) -> None:
    pieces = tiny_run(tmp_path, micro_batch_size=3, dropout=0.0)
    at_once = tiny_run(tmp_path / "at-once", dropout=0.0)
    assert pieces.val_loss == pytest.approx(at_once.val_loss, rel=1e-5)
    assert pieces.val_loss != whole.val_loss  # dropout does something


def test_without_validation(tmp_path: Path) -> None:
    run = tiny_run(tmp_path, val_fraction=0, steps=3)
    assert (run.complete, run.val_loss, run.bits_per_byte, run.best_val_loss) == (True, None, None, None)


def test_byte_pairs_are_learned_from_the_training_part_alone(tmp_path: Path) -> None:
    text = "ab" * 300 + "xy" * 40
    run = pretrain(text, tmp_path, bpe=258, val_fraction=0.12, device="cpu", **NUMBERS | {"steps": 1})
    assert load(run.folder).token_bytes(257) == b"abab"
    assert len(load(run.folder).encode("xyxy")) == 4


def test_other_random_numbers_are_left_alone(tmp_path: Path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    tiny_run(tmp_path, steps=2)
    assert torch.equal(torch.rand(3), expected)


# Interrupted


class Crash(Exception):
    pass


@pytest.mark.parametrize("moment", [1, 3, 4, 7, 11])
def test_a_run_that_crashed_goes_on_to_the_bit(whole: Run, tmp_path: Path, moment: int) -> None:
    def crash(report: Report) -> None:
        if report.step == moment:
            raise Crash

    with pytest.raises(Crash):
        tiny_run(tmp_path, report=crash)
    with (tmp_path / LOG).open("a", encoding="utf-8") as file:
        file.write('{"step": 12, "tra')  # and its last line was cut off
    said: list[str] = []
    assert tiny_run(tmp_path, say=said.append).complete
    assert len(said) == (moment >= 3)  # before the first checkpoint there is nothing to go on from
    assert_same_run(whole.folder, tmp_path)


def test_the_fast_recipe_goes_on_to_the_bit(tmp_path: Path) -> None:
    def crash(report: Report) -> None:
        if report.step == 8:
            raise Crash

    with pytest.raises(Crash):
        tiny_run(tmp_path / "cut", recipe="fast", report=crash)
    assert tiny_run(tmp_path / "cut", recipe="fast").complete
    assert_same_run(tiny_run(tmp_path / "whole", recipe="fast").folder, tmp_path / "cut")


def test_ctrl_c_saves_and_the_same_call_goes_on(whole: Run, tmp_path: Path) -> None:
    def interrupt(report: Report) -> None:
        if report.step == 4:
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    run = tiny_run(tmp_path, report=interrupt)
    assert (run.step, run.complete) == (5, False)  # the step that had begun is finished
    assert signal.getsignal(signal.SIGINT) is before
    assert not (tmp_path / MODEL).exists()
    assert "".join(sample(load(tmp_path), "The", max_new_tokens=5))  # from the checkpoint
    assert tiny_run(tmp_path).complete
    assert_same_run(whole.folder, tmp_path)


def test_the_second_ctrl_c_ends_at_once(tmp_path: Path) -> None:
    def interrupt(_: Report) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        tiny_run(tmp_path, report=interrupt)


def test_a_complete_run_is_left_alone(whole: Run) -> None:
    before, said = losses(whole.folder), []
    again = tiny_run(whole.folder, say=said.append)
    assert again == whole
    assert said == [f"{whole.folder} is complete: 12 of 12 steps are done"]
    assert losses(whole.folder) == before


# What cannot be done


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"n_embd": 9}, "no model has these sizes: n_embd 9 cannot be shared among 2 heads"),
        ({"block_size": 9_000}, "the training part of the text has 2124 tokens, and a window of 9000 .* needs 9001"),
        ({"block_size": 250}, "the validation part of the text has 236 tokens"),
        ({"bpe": 200}, "at least 256 tokens"),
        ({"bpe": 9_000}, "9000 tokens are too many: this text gives 2"),
    ],
)
def test_what_cannot_be_asked_for(tmp_path: Path, changes: dict, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        tiny_run(tmp_path, **changes)
    assert not (tmp_path / CHECKPOINT).exists()


def test_the_folder_of_another_run(whole: Run) -> None:
    with pytest.raises(InputError, match=r"another run lies in .*whole \(n_layer: 2, not 3, seed: 0, not 1\)"):
        tiny_run(whole.folder, n_layer=3, seed=1)
    with pytest.raises(InputError, match=r"\(text: another text, not this one\)"):
        pretrain(TEXT + "!", whole.folder, **NUMBERS)


def test_a_loss_that_is_no_number(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"the loss of step \d+ is (nan|inf): begin again with a smaller --lr"):
        tiny_run(tmp_path, lr=1e30, clip=0.0)


def test_there_is_no_gpu(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(InputError, match="torch finds no GPU here"):
        tiny_run(tmp_path, device="cuda")


def test_a_gpu_makes_a_run_of_the_same_quality(whole: Run, tmp_path: Path) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no GPU here: bfloat16 on CUDA is not tried")
    assert tiny_run(tmp_path, device="cuda").val_loss == pytest.approx(whole.val_loss, abs=0.05)


# The command


def test_the_command_tells_talk_from_result(tmp_path: Path) -> None:
    text, out = tmp_path / "owl.txt", tmp_path / "run"
    text.write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    done = CliRunner().invoke(main, [str(text), "--out", str(out), "--eval-every=4", *OPTIONS])
    assert done.exit_code == 0, done.output
    assert f"{out}: 12 of 12 steps" in done.stdout
    assert "step 8 of 12, loss: training" in done.stderr
    again = CliRunner().invoke(main, [str(text), "--out", str(out), "--json", *OPTIONS])
    assert json.loads(again.stdout)["step"] == 12
    assert "is complete" in again.stderr


@pytest.mark.parametrize(
    "content, sentence",
    [
        (None, "cannot read .*owl.txt: No such file"),
        (b"", "owl.txt is empty"),
        (b"owl \xff\xfe", "owl.txt is not UTF-8 from byte 4 on"),
        (b"short", "the training part of the text has 5 tokens"),
    ],
)
def test_a_text_that_is_none(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    text = tmp_path / "owl.txt"
    if content is not None:
        text.write_bytes(content)
    done = CliRunner().invoke(main, [str(text), "--out", str(tmp_path / "run"), *OPTIONS])
    assert done.exit_code == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert re.search(sentence, done.stderr)


def test_of_several_processes_one_tells_what_all_see(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    done = CliRunner().invoke(main, [str(tmp_path / "nowhere.txt")])
    assert (done.exit_code, done.output) == (2, "")


def test_characters_or_byte_pairs() -> None:
    done = CliRunner().invoke(main, ["owl.txt", "--chars", "--bpe=300"])
    assert done.exit_code == 2
    assert "--chars or --bpe, not both" in done.stderr
