"""`autograder dev`: the commands of authors and maintainers. As in `cli`, heavy imports stand inside them."""

import json

import click

from autograder.options import course_of, json_option, units_of


@click.group()
def dev() -> None:
    """For authors and maintainers."""


@dev.command("check")
@click.argument("units", nargs=-1)
@json_option
@click.pass_context
def dev_check(ctx: click.Context, units: tuple[str, ...], as_json: bool) -> None:
    """Say what is missing: stubs, references, misconceptions, other right answers, hints, budgets, stale builds."""
    from autograder.build import build_units
    from autograder.devcheck import check_units

    course = course_of(ctx)
    chosen = units_of(course, units)
    complaints = [str(complaint) for complaint in check_units(course, chosen)]
    complaints += [f"stale: {path}; run `autograder build`" for path in build_units(course, chosen, check_only=True)]
    num_exercises = sum(len(unit.exercises) for unit in chosen)
    if as_json:
        click.echo(json.dumps({"exercises": num_exercises, "complaints": complaints}, ensure_ascii=False))
    else:
        for complaint in complaints:
            click.echo(complaint)
        click.echo(f"{num_exercises} exercises in {len(chosen)} units, {len(complaints)} complaints")
    if complaints:
        ctx.exit(1)


@dev.command("tolerance")
@click.argument("units", nargs=-1)
@json_option
@click.pass_context
def dev_tolerance(ctx: click.Context, units: tuple[str, ...], as_json: bool) -> None:
    """Measure between what each tolerance stands: the farthest right answer and the nearest wrong one."""
    from autograder.tolerance import measure_units

    course = course_of(ctx)
    windows = list(measure_units(course, units_of(course, units)))
    if as_json:
        click.echo(json.dumps([window.as_json() for window in windows], ensure_ascii=False))
    else:
        for window in windows:
            if not window.is_exact:
                click.echo(f"{window}{window.complaint and ': ' + window.complaint}")
    complaints = [window for window in windows if window.complaint]
    num_exact = sum(window.is_exact for window in windows)
    click.echo(f"{len(windows)} probes, {num_exact} compare exactly, {len(complaints)} complaints", err=as_json)
    if complaints:
        ctx.exit(1)


@dev.command("checkpoint")
@click.pass_context
def dev_checkpoint(ctx: click.Context) -> None:
    """Train the small GPT that the lesson gpt loads, and write it in GPT-2's layout (minutes)."""
    from rich.console import Console
    from rich.progress import track

    from autograder.checkpoint import NUM_STEPS, checkpoint_folder, make_checkpoint

    folder = checkpoint_folder(course_of(ctx))
    for _ in track(make_checkpoint(folder), total=NUM_STEPS, description="training", console=Console(stderr=True)):
        pass
    click.echo(folder)
