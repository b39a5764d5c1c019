"""Every wall that cannot be put up: the job is refused, and never runs with less. A refusal is never a zero."""

import os
import shutil
import stat
from pathlib import Path

import pytest
from conftest import HANDLER, open_sandbox, values

from autograder.errors import SandboxError
from autograder.sandbox import Level, Sandbox, trial
from autograder.sandbox import sandbox as sandbox_module

HOLDING = [level for level in (Level.NAMESPACES, Level.LANDLOCK) if not trial.weakness(level)]
BREAKS = """
import os, resource
from autograder.sandbox import confine, landlock, linux, seccomp
whole = {target}
def fail(*arguments, **named):
    if {when}:
        raise OSError(1, "broken on purpose")
    return whole(*arguments, **named)
{target} = fail
def run(job, send): send(b"ran")
"""
NEWPID = 0x20000000
STEPS = {  # what fails, at which levels, and in which call of it
    "unshare": ("linux.unshare", [Level.NAMESPACES], f"arguments[0] != {NEWPID}"),
    "mount of anything": ("linux.mount", [Level.NAMESPACES], "True"),
    "mount of scratch": ("linux.mount", [Level.NAMESPACES], "arguments[1] == '/scratch'"),
    "mount over /proc": ("linux.mount", [Level.NAMESPACES], "arguments[1] == '/proc'"),
    "change of uid": ("os.setresuid", HOLDING, "True"),
    "change of gid": ("os.setresgid", HOLDING, "True"),
    "groups": ("os.setgroups", HOLDING, "True"),
    "capabilities": ("linux.set_capabilities", HOLDING, "True"),
    "owner of files": ("linux.read_files_as", HOLDING, "True"),
    "no new privileges": ("linux.prctl", HOLDING, "arguments[0] == linux.PR_SET_NO_NEW_PRIVS"),
    "seccomp": ("linux.prctl", HOLDING, "arguments[0] == linux.PR_SET_SECCOMP"),
    "death with the parent": ("linux.prctl", HOLDING, "arguments[0] == linux.PR_SET_PDEATHSIG"),
    "landlock's ruleset": ("linux.syscall", HOLDING, "arguments[0] == 'landlock_create_ruleset'"),
    "landlock's rules": ("linux.syscall", HOLDING, "arguments[0] == 'landlock_add_rule'"),
    "landlock's lock": ("linux.syscall", HOLDING, "arguments[0] == 'landlock_restrict_self'"),
    "memory limit": ("resource.setrlimit", HOLDING, "arguments[0] == resource.RLIMIT_AS"),
    "thread limit": ("resource.setrlimit", HOLDING, "arguments[0] == resource.RLIMIT_NPROC"),
    "scratch as the working directory": ("os.chdir", HOLDING, "True"),
}
CASES = [(name, level) for name, (_, levels, _) in STEPS.items() for level in levels]
ROOT_ONLY = ("change of uid", "change of gid", "groups", "owner of files")


@pytest.mark.parametrize(("name", "level"), CASES, ids=[f"{name}, {level.value}" for name, level in CASES])
def test_a_wall_that_fails_refuses_the_job(
    name: str, level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, require
) -> None:
    """The handler's module breaks one step in the warm process, so that every child fails at it."""
    require(f"The level {level.value!r}", level in HOLDING, "is tested here")
    if name in ROOT_ONLY and os.geteuid() != 0:
        pytest.skip("only root gives its children uids of their own")
    target, _, when = STEPS[name]
    handler = tmp_path / f"breaks_{list(STEPS).index(name)}.py"
    handler.write_text(BREAKS.format(target=target, when=when), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    with Sandbox(handler=f"{handler.stem}:run", readable=[handler], level=level) as sandbox:
        outcome = sandbox.run(b"")
    assert (outcome.status, outcome.frames) == ("refused", ())
    assert "broken on purpose" in outcome.detail


def test_without_a_pid_namespace_nothing_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, require) -> None:
    require("The level 'namespaces'", Level.NAMESPACES in HOLDING, "is tested here")
    handler = tmp_path / "no_pid_namespace.py"
    handler.write_text(BREAKS.format(target="linux.unshare", when=f"arguments[0] == {NEWPID}"), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    with (
        Sandbox(handler="no_pid_namespace:run", readable=[handler], level=Level.NAMESPACES) as sandbox,
        pytest.raises(SandboxError, match="ends as soon as it has started"),
    ):
        sandbox.run(b"")


FALSE_BUBBLES = {
    "is missing": ("", "bubblewrap is not installed"),
    "is refused": ("#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2\nexit 1\n", "No permissions"),
    "does nothing": ('#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n', ""),
}


@pytest.mark.parametrize("name", FALSE_BUBBLES)
def test_a_bubble_that_is_none_is_found_out(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that only pretends: the trial looks at what a child can do, not at what was asked for."""
    script, complaint = FALSE_BUBBLES[name]
    if script:
        program = tmp_path / "bwrap"
        program.write_text(script, encoding="utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    if name == "does nothing":
        monkeypatch.setattr("autograder.sandbox.warm_process.bubblewrap", lambda *_: [str(program), "--"])
    problem = trial.weakness.__wrapped__(Level.NAMESPACES)
    assert problem and complaint in problem
    monkeypatch.setattr(sandbox_module, "weakness", trial.weakness.__wrapped__)
    with pytest.raises(SandboxError, match="'namespaces' does not hold on this machine"):
        Sandbox(handler="exec_handler:run", readable=[HANDLER], level=Level.NAMESPACES)


def test_a_bubble_that_goes_missing_later_stops_the_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, require
) -> None:
    """The level was chosen; when the warm process must be started again, nothing weaker takes its place."""
    require("The level 'namespaces'", Level.NAMESPACES in HOLDING, "is tested here")
    with open_sandbox(Level.NAMESPACES) as sandbox:
        assert values(sandbox.run(b"send(1)")) == [1]
        sandbox._discard(sandbox._runner)
        monkeypatch.setattr(shutil, "which", lambda name: None)
        with pytest.raises(SandboxError, match="bubblewrap is not installed"):
            sandbox.run(b"send(2)")


@pytest.mark.parametrize("call", ["os.memfd_create", "os.pipe", "socket.socketpair"])
@pytest.mark.parametrize("level", HOLDING, ids=lambda level: level.value)
def test_no_descriptors_left_refuses_the_job(level: Level, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(24, "Too many open files")

    with open_sandbox(level) as sandbox:
        before = len(os.listdir("/proc/self/fd"))
        with monkeypatch.context() as patch:
            patch.setattr(f"autograder.sandbox.conversation.{call}", fail)
            outcome = sandbox.run(b"send(1)")
        assert (outcome.status, outcome.frames) == ("refused", ())
        assert "Too many open files" in outcome.detail
        assert len(os.listdir("/proc/self/fd")) == before
        assert values(sandbox.run(b"send(1)")) == [1]
