"""torch in a forked child: no thread is lost, nothing is imported twice, and it is quick."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import HANDLER, values

from autograder.sandbox import Sandbox

TRAIN = b"""
import torch
model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.GELU(), torch.nn.Linear(64, 1))
optimizer = torch.optim.AdamW(model.parameters())
for _ in range(3):
    optimizer.zero_grad()
    model(torch.ones(32, 64)).square().mean().backward()
    optimizer.step()
torch.set_num_threads(2)
(torch.ones(600, 600) @ torch.ones(600, 600)).sum()
send(torch.random.initial_seed())
torch.save(model.state_dict(), "model.pt")
send(len(torch.load("model.pt")))
"""


@pytest.fixture(scope="module")
def warm() -> Iterator[Sandbox]:
    """At the best level here; importing torch takes its time."""
    with Sandbox(handler="exec_handler:run", preload=["torch"], readable=[HANDLER], allow_unsafe=True) as sandbox:
        yield sandbox


@pytest.mark.slow
def test_eight_children_train_at_once(warm: Sandbox) -> None:
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: warm.run(TRAIN), range(8)))
    assert [outcome.status for outcome in outcomes] == ["finished"] * 8, outcomes
    assert len({outcome.frames for outcome in outcomes}) == 1


@pytest.mark.slow
def test_a_tensor_that_is_too_big_is_an_ordinary_exception(warm: Sandbox) -> None:
    outcome = warm.run(b"import torch\ntry: torch.zeros(1 << 31)\nexcept RuntimeError: send('caught')")
    assert (outcome.status, values(outcome)) == ("finished", ["caught"])


@pytest.mark.slow
def test_a_job_costs_milliseconds(warm: Sandbox) -> None:
    """About 8 ms on two quiet cores; a child that imported torch itself would need seconds."""
    durations = []
    for _ in range(30):
        started = time.perf_counter()
        assert warm.run(b"import torch; send(torch.ones(2).sum().item())").frames == (b"2.0",)
        durations.append(time.perf_counter() - started)
    assert sorted(durations)[15] < 0.2
