"""What several commands share: the course they are in, the units they are told, their options."""

from collections.abc import Callable

import click

from autograder.course import Course, Unit, find_course

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


def course_of(ctx: click.Context) -> Course:
    """The course that --root names, or that we stand in."""
    return find_course(ctx.obj)


def units_of(course: Course, names: tuple[str, ...]) -> list[Unit]:
    """These units; none named are all."""
    return [course.unit(name) for name in names] or list(course.units)


def judging(command: Callable[..., None]) -> Callable[..., None]:
    """The options of whatever judges a unit: how it goes about it."""
    options = (
        click.option(
            "--jobs",
            "-j",
            type=click.IntRange(1),
            show_default="one for each processor, or each thread of the cluster",
            help="How many at a time.",
            callback=lambda _ctx, _option, jobs: jobs or 0,
        ),
        click.option("--dask", metavar="ADDRESS", default="", help="On a cluster: autograder/cluster/CLUSTER.md."),
        click.option("--end-to-end", is_flag=True, help="Also judge with students' own earlier units behind `mygpt`."),
        click.option("--fresh", is_flag=True, help="Run everything again, also what is known from an earlier run."),
        click.option(
            "--unsafe-no-sandbox",
            "allow_unsafe",
            is_flag=True,
            help="Without isolation: only for code you would run yourself.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command
