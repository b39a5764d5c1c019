"""Probes run on answers that loop, print, raise, eat memory and draw numbers, and the process stays as it was."""

import random
import signal
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch

from autograder.comparison import Tolerance
from autograder.observation import Foreign, Raised, decode
from autograder.probes import Draw, Probe
from autograder.running import PUBLIC, implementation_of, observe, seed_for, stop_after

Answer = Callable[..., Any]


def probe_of(function: Callable) -> Probe:
    return Probe("f", function.__name__, "it holds", "why?", "value", Tolerance(), 1, function)


def call(f: Callable, draw: Draw) -> Any:
    return f()


def see(f: Any, *functions: Callable, seconds: float = 5.0) -> list[Any]:
    probes = [(probe_of(function), 7) for function in functions or (call,)]
    return [decode(raw) for raw in observe(probes, f, seconds)]


def test_a_probe_hands_over_the_answer_and_its_own_numbers() -> None:
    def value(f: Callable, draw: Draw) -> Any:
        return f(draw.integer(0, 1000))

    (first,) = see(lambda x: x + 0, value)
    assert first == Draw(7).integer(0, 1000)
    assert see(lambda x: x, value) == [first]


ENDLESS = {
    "plain": "while True: pass",
    "except Exception": "while True:\n        try: len(str(1))\n        except Exception: pass",
    "except and raise": "try:\n        while True: len(str(1))\n    except Exception: raise ValueError",
    "sleep": "import time\n    time.sleep(60)",
    "sum": "return sum(0 for _ in iter(int, 1))",
    "finally": "try:\n        while True: pass\n    finally: x = 1",
}


@pytest.mark.parametrize("body", ENDLESS.values(), ids=ENDLESS)
def test_an_endless_answer_is_stopped(answer: Answer, body: str) -> None:
    started = time.monotonic()
    assert see(answer(f"def f():\n    {body}"), seconds=0.1) == [Raised("TimedOut")]
    assert time.monotonic() - started < 5
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_looking_at_a_result_is_timed_too(answer: Answer) -> None:
    source = """
from collections.abc import Mapping
class f(Mapping):
    __getitem__ = __len__ = None
    def __iter__(self):
        while True: pass
"""
    assert see(answer(source), seconds=0.1) == [Raised("TimedOut")]


def test_all_probes_share_one_budget(answer: Answer) -> None:
    calls = []

    def counted(f: Callable, draw: Draw) -> Any:
        calls.append(1)
        return f()

    stuck = answer("def f():\n    while True: pass")
    assert see(stuck, counted, counted, counted, seconds=0.1) == [Raised("TimedOut")] * 3
    assert len(calls) == 1


def test_a_timer_that_was_there_is_put_back() -> None:
    def ring(*_: Any) -> None: ...

    previous = signal.signal(signal.SIGALRM, ring)
    try:
        with stop_after(10):
            assert signal.getsignal(signal.SIGALRM) is not ring
        assert signal.getsignal(signal.SIGALRM) is ring
    finally:
        signal.signal(signal.SIGALRM, previous)


def test_where_there_are_no_timers_an_interrupt_stops_a_loop(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
    monkeypatch.delattr(signal, "setitimer")  # as on Windows
    stuck = answer("def f():\n    while True:\n        try: 1 + 1\n        except Exception: pass")
    assert see(stuck, seconds=0.1) == [Raised("TimedOut")]
    assert see(lambda: 1) == [1]


def test_somebody_at_the_keyboard_is_heard() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        see(interrupted)


def test_in_another_thread_everything_but_the_clock_works(answer: Answer) -> None:
    found: list[Any] = []
    work = threading.Thread(target=lambda: found.extend(see(answer("def f(): return 1"), call, call)))
    work.start()
    work.join()
    assert found == [1, 1]


def _global_state() -> tuple:
    return (
        torch.get_rng_state().tolist(),
        np.random.get_state()[1].tolist(),
        random.getstate(),
        torch.is_grad_enabled(),
        torch.get_default_dtype(),
    )


WILD = """
import random, numpy, torch
def f(ending):
    random.seed(0); numpy.random.seed(0); torch.manual_seed(0)
    torch.set_grad_enabled(False); torch.set_default_dtype(torch.float64)
    torch.rand(3); numpy.random.rand(3); random.random()
    if ending == "raises": raise ValueError
    while ending == "loops": pass
    return torch.zeros(1)
"""


@pytest.mark.parametrize("ending", ["returns", "raises", "loops"])
def test_global_state_is_put_back(answer: Answer, ending: str) -> None:
    wild = answer(WILD)
    before = _global_state()
    see(wild, lambda f, draw: f(ending), seconds=0.2)
    assert _global_state() == before


def test_every_probe_starts_from_the_same_state(answer: Answer) -> None:
    source = """
import random, numpy, torch
def f():
    seen = [torch.rand(1).item(), numpy.random.rand(), random.random(), torch.is_grad_enabled(), torch.ones(1)]
    torch.set_grad_enabled(False); torch.set_default_dtype(torch.float64)
    return seen
"""
    draws = answer(source)
    with torch.no_grad():  # as in a notebook that generates text
        first, again = see(draws, call, call)
    torch.manual_seed(99)
    (later,) = see(draws)
    assert first[:4] == again[:4] == later[:4]
    assert first[3] is True
    assert (first[4].dtype, again[4].dtype) == ("float32", "float32")


def test_prints_and_warnings_are_swallowed(answer: Answer, capsys: pytest.CaptureFixture) -> None:
    source = "import sys, warnings\ndef f():\n    print('a'); print('b', file=sys.stderr); warnings.warn('c'); return 1"
    filters = list(warnings.filters)
    assert see(answer(source)) == [1]
    assert capsys.readouterr() == ("", "")
    assert warnings.filters == filters


def test_an_exception_carries_the_students_deepest_line(answer: Answer) -> None:
    source = """import torch

def helper(x):
    return x @ torch.ones(5)

def f():
    return helper(torch.ones(3))
"""
    (raised,) = see(answer(source))
    assert (raised.type, raised.line, raised.text) == ("RuntimeError", 4, "return x @ torch.ones(5)")
    assert "size" in raised.message


def test_an_exception_in_the_probe_has_no_line_of_the_student(answer: Answer) -> None:
    (raised,) = see(answer("def f(): return None"), lambda f, draw: f().shape)
    assert raised == Raised("AttributeError", "'NoneType' object has no attribute 'shape'")


def test_a_syntax_error_inside_the_answers_own_eval_is_at_the_line_of_the_eval(answer: Answer) -> None:
    (raised,) = see(answer("def f():\n    x = 1\n    return eval('1 +')"))
    assert (raised.type, raised.line, raised.text) == ("SyntaxError", 3, "return eval('1 +')")


STUBS = {
    "function": ("def f():\n    raise NotImplementedError()", call, "f", 2),
    "class": ("class f:\n    def go(self):\n        raise NotImplementedError()", lambda f, _: f().go(), "f", 3),
    "helper": ("def g():\n    raise NotImplementedError()\ndef f():\n    return g()", call, "g", 2),
}


@pytest.mark.parametrize(("source", "probe", "whose", "line"), STUBS.values(), ids=STUBS)
def test_a_stub_says_whose_it_is(answer: Answer, source: str, probe: Callable, whose: str, line: int) -> None:
    assert see(answer(source), probe) == [Raised("NotWritten", whose, line, "raise NotImplementedError()")]


def test_a_not_implemented_error_with_words_is_an_error_like_others() -> None:
    class Layer(torch.nn.Module):
        pass  # no `forward`

    (raised,) = see(Layer, lambda f, draw: f()(1))
    assert raised.type == "NotImplementedError"
    assert '"forward"' in raised.message


@pytest.mark.parametrize(
    "body",
    [
        "import torch; torch.empty(2**50)",
        "import torch; return torch.ones(1).expand(2**50) + 1",
        "import numpy; numpy.empty(2**55)",
        "[0] * 2**60",
    ],
    ids=["torch", "sum", "numpy", "list"],
)
def test_out_of_memory_has_one_name(answer: Answer, body: str) -> None:
    assert see(answer(f"def f(): {body}")) == [Raised("MemoryError")]


class _Mute(Exception):
    def __str__(self) -> str:
        raise ValueError("not even that")


class _NoKeys(Mapping):
    def __getitem__(self, key: Any) -> Any: ...

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Any:
        raise OSError("no keys")


class _NoItems(list):
    def __iter__(self) -> Any:
        raise OSError("no items")


class _Forger:
    __class__ = property(lambda self: float)  # type: ignore[assignment]


ODD = {
    "exit": (lambda: exit(), "SystemExit"),
    "generator exit": (lambda: (_ for _ in ()).throw(GeneratorExit), "GeneratorExit"),
    "recursion": (lambda: ODD["recursion"][0](), "RecursionError"),
    "mute exception": (lambda: (_ for _ in ()).throw(_Mute), "_Mute"),
    "empty SyntaxError": (lambda: (_ for _ in ()).throw(SyntaxError), "SyntaxError"),
    "odd SyntaxError": (lambda: (_ for _ in ()).throw(SyntaxError("m", ("<answer f>", "one", 2, 3))), "SyntaxError"),
    "mapping that raises": (_NoKeys, "OSError"),
    "list that raises": (lambda: _NoItems([1]), "OSError"),
    "object that says it is a float": (_Forger, "TypeError"),
    "sparse tensor": (lambda: torch.eye(2).to_sparse(), "RuntimeError"),
    "tensor without numbers": (lambda: torch.empty(2, device="meta"), "NotImplementedError"),
}


@pytest.mark.parametrize(("f", "type_name"), ODD.values(), ids=ODD)
def test_whatever_goes_wrong_is_an_observation(f: Callable, type_name: str) -> None:
    raised, after = see(lambda: f(), call, lambda f, draw: 1)
    assert (type(raised), raised.type) == (Raised, type_name)
    assert after == 1


def test_an_endless_list_is_too_large_and_a_generator_is_foreign() -> None:
    endless = type("Endless", (list,), {"__iter__": lambda self: iter(int, 1)})
    assert see(endless) == [Foreign("value with too many elements")]
    assert see(lambda: (i for i in (1,))) == [Foreign("generator")]


def test_seeds_are_fixed_for_the_public_and_others_for_a_secret() -> None:
    assert seed_for(PUBLIC, "attention", "causal_mask", "square") == 14527212861981632173
    places = [("u", "e", "p"), ("u", "e", "q"), ("u", "f", "p"), ("v", "e", "p")]
    seeds = {seed_for(secret, *place) for secret in (PUBLIC, b"\x00", b"\x01" * 32) for place in places}
    assert len(seeds) == 12
    assert all(0 <= seed < 2**64 for seed in seeds)


def test_a_pair_is_handed_over_as_one() -> None:
    names = {"save": 1, "load": 2, "other": 3}
    assert implementation_of(("save",), names) == 1
    pair = implementation_of(("save", "load"), names)
    assert (pair.save, pair.load) == (1, 2)
