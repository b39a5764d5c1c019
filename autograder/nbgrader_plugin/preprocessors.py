"""The preprocessors that nbgrader loads by name."""

import atexit
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool

from autograder.course import Course, Unit, find_course
from autograder.errors import GraderBroke
from autograder.judge import Judge, sandbox_of
from autograder.memory import Memory
from autograder.nbgrader_plugin.harmless import harmless_html
from autograder.nbgrader_plugin.outputs import write_outputs
from autograder.submission import as_grafted, graft, refuse_unsafe_name, role_of, sound_notebook

Resources = dict[str, Any]


class GraftAnswers(NbGraderPreprocessor):
    """Put the student's answers into the notebook as it was released; whatever else was done to it is gone."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        course, unit = _find(resources)
        refuse_unsafe_name(resources["nbgrader"]["student"])
        submission = graft(course, unit, sound_notebook(nb))
        for repair in submission.repairs:
            self.log.warning("%s: %s", resources["nbgrader"]["student"], repair)
        submission.notebook.metadata["autograder"] = {"repairs": list(submission.repairs)}
        return submission.notebook, resources


class JudgeSubmission(NbGraderPreprocessor):
    """Judge what GraftAnswers has put right, in the sandbox, and write the verdicts where nbgrader looks for them."""

    unsafe_no_sandbox = Bool(False, help="Judge without isolation. Only for code you would run yourself.").tag(
        config=True
    )

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        course, unit = _find(resources)
        judge = _warm_judge(course.root, unit.name, self.unsafe_no_sandbox)
        self.log.info(judge.sandbox.level.sentence)
        judgement = judge.judge(as_grafted(nb))
        if not judgement.could_judge:
            raise GraderBroke(f"{resources['nbgrader']['student']} could not be judged; no points were written")
        repairs = nb.metadata.get("autograder", {}).get("repairs", [])
        judgement = replace(judgement, repairs=tuple(repairs))
        write_outputs(nb, judgement, course.scoring, judge.sandbox.level.sentence)
        nb.metadata["language_info"] = {"name": "python"}
        return nb, resources


class SanitizeAnswers(Preprocessor):
    """Show what a student wrote as text, never as a script; the lesson around it is ours and stays as it is.

    After GraftAnswers the only student text outside code is in written answers, and the only outputs are the judge's.
    """

    enabled = Bool(True).tag(config=True)

    def preprocess_cell(
        self, cell: NotebookNode, resources: Resources, cell_index: int
    ) -> tuple[NotebookNode, Resources]:
        if cell.cell_type != "code" and role_of(cell) == "written":
            cell.source = harmless_html(cell.source, cell.pop("attachments", None))
        return cell, resources


@cache
def _warm_judge(root: Path, unit: str, unsafe: bool) -> Judge:
    """One warm sandbox per unit for as long as this process (a batch, or formgrader's server) lives."""
    course = Course(root)
    sandbox = sandbox_of(unit, allow_unsafe=unsafe)
    judge = Judge.of_course(course, course.unit(unit), Memory.of_course(course, course.unit(unit), sandbox))
    judge.__enter__()
    atexit.register(sandbox.close)
    return judge


def _find(resources: Resources) -> tuple[Course, Unit]:
    course = find_course(Path(resources["metadata"]["path"]))
    return course, course.unit(resources["nbgrader"]["assignment"])
