"""Run a student's code where it can do no harm.

    with Sandbox(handler="autograder.runner:run_job", preload=["torch"], readable=[...]) as sandbox:
        outcome = sandbox.run(job)

A warm process imports torch once; for each job it forks a child, which locks itself in and runs the handler. The child
reports bytes, and the judge believes none of them. `python -m autograder.sandbox` says what holds on this machine.

    judge   Sandbox ─ WarmProcess ─ Conversation, one a job   sandbox, warm_process, bubble, conversation, endings
               │           │  a job, a pipe, a line           frames: what travels through the pipe
    bwrap      │        zygote ─ fork ─ child                 zygote, warm, child, handling, leftovers
               │                          └ confine           confine, landlock, seccomp, syscalls, linux, uids
               └ trial: does the level hold here?             trial, probe, levels
"""

from autograder.sandbox.levels import Level
from autograder.sandbox.records import Limits, Outcome
from autograder.sandbox.sandbox import Sandbox
from autograder.sandbox.trial import best_level

__all__ = ["Level", "Limits", "Outcome", "Sandbox", "best_level"]
