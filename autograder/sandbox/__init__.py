"""Run a student's code where it can do no harm."""

from autograder.sandbox.levels import Level
from autograder.sandbox.records import Limits, Outcome
from autograder.sandbox.sandbox import Sandbox

__all__ = ["Level", "Limits", "Outcome", "Sandbox"]
