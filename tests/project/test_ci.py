"""What runs on a server: .ci/run for this project, and the workflow a student copies."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FAKE_MAKE = '#!/bin/sh\necho "make $* REQUIRE_REAL=$REQUIRE_REAL in $PWD"\n[ "$1" != "$BROKEN" ]\n'
FAKE_PROGRAM = "#!/bin/sh\nexit 0\n"


@pytest.fixture
def ci(tmp_path: Path, require: Callable[[str, bool, str], None]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run .ci/run in a folder of its own, with a make that only says what it was asked for."""
    bash = shutil.which("bash")
    require("bash", bash is not None and os.name == "posix", "runs .ci/run")
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("make", "bwrap", "chromium", "initdb", "python3"):
        (programs / name).write_text(FAKE_MAKE if name == "make" else FAKE_PROGRAM, encoding="utf-8")
        (programs / name).chmod(0o755)
    (programs / "dirname").symlink_to(shutil.which("dirname") or "")

    def run(broken: str = "", missing: str = "") -> subprocess.CompletedProcess[str]:
        if missing:
            (programs / missing).unlink()
        environment = {"PATH": str(programs), "BROKEN": broken}
        command = [str(bash), str(tmp_path / ".ci" / "run")]
        return subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, timeout=60)

    return run


def test_ci_checks_and_tests_with_everything_real(
    ci: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    done = ci()
    assert done.stdout.splitlines() == [f"make {job} REQUIRE_REAL=1 in {tmp_path}" for job in ("check", "test")]
    assert done.returncode == 0 and os.access(ROOT / ".ci" / "run", os.X_OK)


@pytest.mark.parametrize("broken", ["check", "test"])
def test_ci_fails_when_a_step_fails(ci: Callable[..., subprocess.CompletedProcess[str]], broken: str) -> None:
    assert ci(broken=broken).returncode != 0


def test_ci_never_goes_on_without_the_sandbox(ci: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = ci(missing="bwrap")  # and there is no apt-get in this PATH to install it
    assert done.returncode != 0 and "install these first: bubblewrap" in done.stderr
    assert "make" not in done.stdout


def test_the_project_is_tested_on_three_systems() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    systems = workflow["jobs"]["learners"]["strategy"]["matrix"]["os"]
    assert {system.split("-")[0] for system in systems} == {"ubuntu", "macos", "windows"}
    assert any(step.get("run") == ".ci/run" for step in workflow["jobs"]["everything"]["steps"])


def test_a_students_workflow_runs_pytest_and_keeps_the_result() -> None:
    path = ROOT / "autograder" / "templates" / "student-ci.yml"
    steps = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]["check"]["steps"]
    [pytest_step] = [step for step in steps if "pytest" in step.get("run", "")]
    [kept] = [step for step in steps if step.get("uses", "").startswith("actions/upload-artifact")]
    assert f"--junitxml={kept['with']['path']}" in pytest_step["run"]
    assert kept["if"] == "always()", "the result of a failed run is the one that is wanted"
