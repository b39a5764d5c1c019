"""Play with a trained GPT: in a terminal (`autograder play`), and in a notebook (`panel`). One small core, two faces.

It is the learner's own machine and the learner's own code: everything is computed by `mygpt`, nothing by the reference.
"""

from typing import Any


def panel(model: Any, tokenizer: dict[str, Any], text: str = "", seed: int | None = None) -> Any:
    """Make the panel of a notebook: a text that grows by your clicks, and what may come next.

    Args:
        model: a GPT of `mygpt.gpt`, trained or not.
        tokenizer: plain values, as `save_gpt` keeps them: {"chars": …} or {"merges": …}.
        text: how it begins; the box above it takes another beginning at any time.
        seed: None = another text each time.

    Returns:
        A widget. As the last value of a cell it is shown.

    Raises:
        UsageError: model and tokenizer do not belong together, or `mygpt` lacks what the panel stands on. A text that
            the model cannot read is no error: the panel says so.
    """
    from autograder.play.notebook import Panel  # ipywidgets: the terminal does without

    return Panel(model, tokenizer, text, seed).widget
