"""One sandbox a level, started once, and an honest neighbour after every attack."""

import textwrap
from ast import literal_eval
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder.sandbox import Level, Limits, Outcome, Sandbox
from autograder.sandbox.trial import weakness

HANDLER = Path(__file__).with_name("exec_handler.py")
CONFINED = (Level.NAMESPACES, Level.LANDLOCK)
SHORT = Limits(wall_s=5, cpu_s=4, memory_bytes=256 << 20, output_bytes=1 << 20, scratch_bytes=1 << 20, threads=8)

Attack = Callable[..., Outcome]


def open_sandbox(level: Level) -> Sandbox:
    return Sandbox(handler="exec_handler:run", readable=[HANDLER], level=level, allow_unsafe=True)


def values(outcome: Outcome) -> list[object]:
    """What the job sent."""
    return [literal_eval(frame.decode()) for frame in outcome.frames]


@pytest.fixture(scope="session", params=CONFINED, ids=lambda level: level.value)
def sandbox(request: pytest.FixtureRequest, require: Callable[[str, bool, str], None]) -> Iterator[Sandbox]:
    """A level that confines. Where it does not hold, this says why."""
    problem = weakness(request.param)
    require(f"The level {request.param.value!r}", not problem, f"is tested here. {problem}")
    with open_sandbox(request.param) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def unsafe_sandbox() -> Iterator[Sandbox]:
    with open_sandbox(Level.UNSAFE) as sandbox:
        yield sandbox


@pytest.fixture(scope="session", params=[*CONFINED, Level.UNSAFE], ids=lambda level: level.value)
def any_sandbox(request: pytest.FixtureRequest, require: Callable[[str, bool, str], None]) -> Iterator[Sandbox]:
    """A sandbox of any level: limits and frames hold at all of them."""
    problem = "" if request.param is Level.UNSAFE else weakness(request.param)
    require(f"The level {request.param.value!r}", not problem, f"is tested here. {problem}")
    with open_sandbox(request.param) as sandbox:
        yield sandbox


def run_beside_a_neighbour(sandbox: Sandbox, source: str, limits: Limits) -> Outcome:
    """Run an attack, then check that an honest job after it is none the worse."""
    outcome = sandbox.run(textwrap.dedent(source).encode(), limits)
    neighbour = sandbox.run(b"open('mine', 'w').write('x'); send(os.listdir('.')); send(threading.active_count())")
    assert (neighbour.status, values(neighbour)) == ("finished", [["mine"], 1])
    return outcome


@pytest.fixture
def attack(sandbox: Sandbox) -> Attack:
    """Attack a level that confines."""
    return lambda source, limits=SHORT: run_beside_a_neighbour(sandbox, source, limits)


@pytest.fixture
def attack_any(any_sandbox: Sandbox) -> Attack:
    """Attack any level."""
    return lambda source, limits=SHORT: run_beside_a_neighbour(any_sandbox, source, limits)
