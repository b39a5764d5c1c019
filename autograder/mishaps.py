"""How a command ends when something went wrong: one sentence on stderr, an exit code, and no traceback unless asked."""

import errno
import traceback
from pathlib import Path
from typing import Any

import click

from autograder.errors import CourseError, GraderBroke, sentence_of


class Group(click.Group):
    """The commands, with our errors, the system's and our bugs in words. `--traceback` shows where one came from."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise  # whoever read our output has stopped, and click knows what to do
            if ctx.params.get("traceback"):
                traceback.print_exc()
            click.echo(f"autograder: {_describe(error)}", err=True)
            ctx.exit(error.exit_code if isinstance(error, CourseError) else GraderBroke.exit_code)


def _describe(error: Exception) -> str:
    match error:
        case CourseError():
            return str(error)
        case OSError():
            return sentence_of(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"{type(error).__name__}: {error} (in {Path(last.filename).name}, line {last.lineno}). That is our fault. "
        "`autograder --traceback` and the rest of the command shows where it came from; please report it."
    )
