"""Scenario 28: attacks on the grader's patience."""

from scenario import Attack, in_call

from autograder.verdict import Outcome

LOOPS = (
    Attack(
        "infinite-loop",
        (28,),
        "the grader's time",
        in_call("while True:\n    try:\n        while True: pass\n    except BaseException: pass"),
        outcome=Outcome.TIMED_OUT,
        says="timed out",
        endless=True,
    ),
    Attack(
        "polite-loop",
        (28,),
        "the grader's time",
        in_call("while True: pass"),
        outcome=Outcome.TIMED_OUT,
        says="timed out",
    ),
    Attack(
        "loop-at-import",
        (28,),
        "the grader's time",
        "while True:\n    pass\n",
        outcome=Outcome.TIMED_OUT,
        says="stopped",
    ),
    Attack(
        "stubborn-at-import",
        (28,),
        "the grader's time",
        "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True: pass\n",
        says="timed out",
        endless=True,
    ),
    Attack(
        "loop-in-c",
        (28,),
        "a product that listens to no signal",
        in_call("""
import torch
x = torch.ones(3000, 3000)
while True:
    try: x = x @ x
    except BaseException: pass"""),
        outcome=Outcome.TIMED_OUT,
        says="timed out",
        endless=True,
    ),
    Attack(
        "deaf-sleeper",
        (28,),
        "no processor time, only patience",
        in_call("""
import signal, time
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
while True: time.sleep(60)"""),
        outcome=Outcome.TIMED_OUT,
        says="timed out",
        endless=True,
    ),
    Attack(
        "stops-itself",
        (28, 44),
        "SIGSTOP: neither dead nor alive",
        in_call("""
import os, signal, threading
threading.Thread(target=lambda: os.kill(os.getpid(), signal.SIGSTOP)).start()
signal.pause()"""),
        endless=True,
        says="timed out",
    ),
    Attack(
        "endless-generator",
        (28, 45),
        "a list without an end",
        in_call("""
class Endless(list):
    def __iter__(self):
        while True: yield 0
return Endless([1])"""),
    ),
)
