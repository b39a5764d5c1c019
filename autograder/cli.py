"""The command line. Results on stdout, talk on stderr; exit codes as in `errors`: 0, 1 failed, 2 usage, 3 our fault.

Heavy imports stand inside the commands, so that `--help` is instant.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from autograder.devcli import dev
from autograder.lean import without_grammar_of_addresses
from autograder.mishaps import Group
from autograder.options import course_of, json_option, judging, units_of


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--root", type=click.Path(exists=True, file_okay=False, path_type=Path), help="The course's folder.")
@click.option("--traceback", is_flag=True, envvar="AUTOGRADER_TRACEBACK", help="Show where an error came from.")
@click.version_option(package_name="build-a-gpt")
@click.pass_context
def main(ctx: click.Context, root: Path | None, traceback: bool) -> None:
    """Build a GPT from nothing, in notebooks that grade themselves."""
    without_grammar_of_addresses()
    ctx.obj = root


@main.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default="workspace")
@click.pass_context
def start(ctx: click.Context, folder: Path) -> None:
    """Copy the notebooks into FOLDER, where you work; what is there already is never overwritten."""
    from autograder.workspace import start_workspace

    for path in start_workspace(course_of(ctx), folder):
        click.echo(path)


@main.command("catch-up")
@click.argument("unit")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default="workspace")
@click.option("--before", is_flag=True, help="Instead of UNIT, everything that UNIT stands on.")
@click.option("--pack", type=click.Path(dir_okay=False, path_type=Path), help="A pack from your instructor.")
@click.pass_context
def catch_up(ctx: click.Context, unit: str, folder: Path, before: bool, pack: Path | None) -> None:
    """Borrow what is missing of UNIT in FOLDER/mygpt from the course; what is yours is never touched."""
    from autograder import catchup

    course = course_of(ctx)
    loans = list(catchup.catch_up(course, course.unit(unit), folder, before, pack))
    for path, loan in loans:
        click.echo(f"{path}: {loan}")
    if any(loan.new for _, loan in loans):
        click.echo("A notebook that is open sees this once you restart its kernel.", err=True)
    elif not loans:
        click.echo(f"{unit} stands on no earlier unit: there is nothing to borrow.", err=True)


@main.command()
@click.argument("units", nargs=-1, required=True)
@click.option("--before", is_flag=True, help="Instead of UNITS, everything that they stand on.")
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), default="catch-up.json")
@click.pass_context
def pack(ctx: click.Context, units: tuple[str, ...], before: bool, output: Path) -> None:
    """Write a catch-up pack of UNITS for students who missed them. It holds the answers: release it when you may."""
    from autograder.catchup import write_pack

    course = course_of(ctx)
    chosen = units_of(course, units)
    if before:
        chosen = [one for one in course.units if any(one in course.before(unit) for unit in chosen)]
    click.echo(write_pack(course, chosen, output))


@main.command()
@click.argument("model", required=False, type=click.Path(path_type=Path))
@click.option("--prompt", "-p", help="The beginning of a text; else you are asked, or standard input is read.")
@click.option("--once", is_flag=True, help="Complete one text, then end.")
@click.option("--steps", is_flag=True, help="Token by token: see what else might have come, and choose.")
@click.option("--tokens", "num_tokens", default=200, show_default=True, type=click.IntRange(1), help="At a time.")
@click.option("--temperature", default=0.8, show_default=True, help="0 = always the likeliest token.")
@click.option("--top-k", type=int, help="Only so many of the likeliest stay in the race; 0 = all.")
@click.option("--top-p", default=0.95, show_default=True, help="Only the likeliest that hold so much together stay.")
@click.option("--seed", type=int, help="The same seed gives the same text.")
@json_option
@click.pass_context
def play(
    ctx: click.Context, model: Path | None, temperature: float, top_k: int | None, top_p: float, **how: Any
) -> None:
    """Let MODEL go on with the beginning of a text: a .safetensors file or a workspace folder; else your own.

    A model file holds numbers and no code. The code that runs it is your `mygpt`: Python, and run as such. Do not
    play with the `mygpt` of somebody you would not run a program from.
    """
    from autograder.play.player import Settings
    from autograder.play.terminal import play

    if not play(model, Settings(temperature, top_k, top_p), **how):
        ctx.exit(1)


@main.command()
@click.argument("units", nargs=-1)
@click.option("--check", is_flag=True, help="Write nothing; fail if anything is stale.")
@click.pass_context
def build(ctx: click.Context, units: tuple[str, ...], check: bool) -> None:
    """Build notebooks and public keys from the lessons and the reference."""
    from autograder.build import build_units

    course = course_of(ctx)
    stale = build_units(course, units_of(course, units), check_only=check)
    for path in stale:
        click.echo(f"{'stale' if check else 'written'}: {path}")
    if check and stale:
        click.echo("run `autograder build` and commit what it writes", err=True)
        ctx.exit(1)


@main.command()
@click.argument("units", nargs=-1)
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), default="student-bundle.zip")
@click.pass_context
def bundle(ctx: click.Context, units: tuple[str, ...], output: Path) -> None:
    """Write what students of a graded course get: notebooks, engine, public keys, and no answer."""
    from autograder.bundle import write_bundle

    course = course_of(ctx)
    click.echo(write_bundle(course, units_of(course, units), output))


@main.command()
@click.argument("unit")
@judging
@json_option
@click.pass_context
def grade(ctx: click.Context, unit: str, as_json: bool, **how: Any) -> None:
    """Grade every submission of UNIT into nbgrader's gradebook. If it is interrupted, say it again: it goes on."""
    from autograder.grading import How, run_grading

    course = course_of(ctx)
    result = run_grading(course, course.unit(unit), How(**how))
    click.echo(json.dumps(result.as_json(), ensure_ascii=False) if as_json else result.summary())
    if result.num_waiting:
        ctx.exit(1)


@main.command()
@click.argument("unit")
@click.option("--dry-run", is_flag=True, help="Show, and write nothing. Exit code 1 if anything would be written.")
@click.option("--student", "students", metavar="NAME", multiple=True, help="Only this student; may be said again.")
@judging
@json_option
@click.pass_context
def regrade(ctx: click.Context, unit: str, dry_run: bool, as_json: bool, **how: Any) -> None:
    """Judge UNIT again by today's probes, key and points, show who changes and by how much, then write that.

    Manual grades and comments are kept. Changed grades are logged.
    """
    from autograder.grading import How
    from autograder.regrade import Regrading, run_regrading

    def show(found: Regrading) -> None:
        if not as_json:
            click.echo(found.summary())

    course = course_of(ctx)
    found = run_regrading(course, course.unit(unit), How(**how), dry_run, show)
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False))
    if dry_run and found.changing:
        ctx.exit(1)


@main.command()
@json_option
@click.pass_context
def audit(ctx: click.Context, as_json: bool) -> None:
    """Print the log of grades that changed, and see that it is as it was written."""
    from autograder.audit import LOG, read
    from autograder.vault import ROOM

    lines = read(path := course_of(ctx).root / ROOM / LOG)
    for line in lines:
        click.echo(line.raw if as_json else str(line))
    click.echo(f"{path}: {len(lines)} lines, as they were written" if lines else "No grade was changed yet.", err=True)


@main.command()
@click.argument("units", nargs=-1)
@click.option("--names", is_flag=True, help="Name the students. Without it the report holds no name.")
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), default="class-report.html")
@click.pass_context
def report(ctx: click.Context, units: tuple[str, ...], names: bool, output: Path) -> None:
    """Write the class report of the last grading as one HTML page."""
    from autograder.report import write_report

    course = course_of(ctx)
    click.echo(write_report(course, units_of(course, units), output, names=names))


@main.command()
@click.argument("units", nargs=-1)
@click.option("--jobs", "-j", default=os.cpu_count() or 1, show_default=True, help="How many at a time.")
@click.pass_context
def feedback(ctx: click.Context, units: tuple[str, ...], jobs: int) -> None:
    """Write the feedback page of every graded submission: what `nbgrader generate_feedback` writes, sooner."""
    from autograder.feedback import run_feedback

    course = course_of(ctx)
    click.echo(run_feedback(course, units_of(course, units), jobs))


@main.command()
@click.argument("units", nargs=-1)
@click.option("--students", type=click.IntRange(1), help="Size of the class; else 40, or what shows every mistake.")
@click.option("--jobs", "-j", default=os.cpu_count() or 1, show_default=True, help="How many at a time.")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), default="workspace/demo", show_default=True)
@click.pass_context
def demo(ctx: click.Context, units: tuple[str, ...], students: int | None, jobs: int, folder: Path) -> None:
    """Release the units, make a class, grade it in the sandbox, render feedback, write the report."""
    from autograder.demo import run_demo

    course = course_of(ctx)
    click.echo(run_demo(course, folder, students, jobs, units_of(course, units)))


@main.command()
@click.argument("output", type=click.Path(dir_okay=False, path_type=Path), default="stories.txt")
@click.option("--num-bytes", default=1_000_000, show_default=True)
@click.option("--download", metavar="URL", help="Fetch another text instead.")
def text(output: Path, num_bytes: int, download: str | None) -> None:
    """Write the course's training text (or one you name) to OUTPUT."""
    from autograder import texts
    from autograder.stories import stories

    if download:
        texts.download(download, output)
    else:
        output.write_text(stories(num_bytes), encoding="utf-8")
    click.echo(output)


main.add_command(dev)

if __name__ == "__main__":
    sys.exit(main())
