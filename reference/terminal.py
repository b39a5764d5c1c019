"""Between a run and the person at the terminal: Ctrl-C one way, a bar and sentences the other way.

No exercise, a bridge.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from reference.trainer import Report


@contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C (and SIGTERM, which torchrun sends) be a request: the function in hand says whether there was one.

    The second one does what it always did. Outside of the main thread, where Python allows no such thing, nothing
    changes.

    Example:
        >>> with stop_requests() as stopped:
        ...     signal.raise_signal(signal.SIGINT)
        ...     stopped()
        True
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, _: object) -> None:
        asked.set()
        signal.signal(number, before[number])

    for number in before:
        signal.signal(number, note)
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Watch:
    """What the command says on stderr while it trains: a bar in a terminal, plain lines elsewhere.

    Example:
        >>> with Watch() as watch:
        ...     watch.say("hello")  # on stderr
    """

    def __init__(self) -> None:
        """Only the process that leads speaks."""
        console = Console(stderr=True, quiet=not is_leader(), highlight=False)
        columns = [BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn()]
        self.progress = Progress(*columns, console=console, disable=not console.is_terminal)
        self.task = self.progress.add_task("", total=None)

    def __enter__(self) -> "Watch":
        """Show the bar."""
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave it as it is."""
        self.progress.stop()

    def say(self, sentence: str) -> None:
        """Print a `sentence`."""
        self.progress.console.print(sentence, markup=False, soft_wrap=True)

    def report(self, report: Report) -> None:
        """Move the bar, or print a line after an evaluation; `report` says how it stands."""
        val = "" if report.val_loss is None else f", validation {report.val_loss:.3f}"
        text = f"loss: training {report.train_loss:.3f}{val}; {report.tokens_per_s:,.0f} tokens/s"
        if not self.progress.disable:
            self.progress.update(self.task, completed=report.step, total=report.steps, description=text)
        elif report.evaluated:
            self.say(f"step {report.step} of {report.steps}, {text}")


def is_leader() -> bool:
    """Whether this is the only process of a run, or the one that speaks for all."""
    return os.environ.get("RANK", "0") == "0"
