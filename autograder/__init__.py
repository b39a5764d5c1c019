"""Build a GPT from nothing, in notebooks that grade themselves.

A notebook uses three names: `open_unit` says which unit this is, `check` grades an answer on the spot, `hint` helps.
They are imported on first use, so that the sandboxed child and the judge's parent stay light.
"""

from typing import Any

__all__ = ["check", "hint", "open_unit"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from autograder import learner

        return getattr(learner, name)
    raise AttributeError(f"module 'autograder' has no attribute {name!r}")
