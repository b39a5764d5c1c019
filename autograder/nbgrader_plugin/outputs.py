"""Verdicts as notebook outputs, in the form nbgrader counts.

nbgrader reads a silent test cell as full marks, a line on stderr as none, and the first number among the results as the
points. So every test cell gets exactly one number, and the words go beside it as display data.
"""

from typing import Any

from nbformat import NotebookNode

from autograder import present
from autograder.judge import Judgement
from autograder.submission import exercise_of, role_of
from autograder.verdict import Verdict


def write_outputs(notebook: NotebookNode, judgement: Judgement, scoring: str, level: str) -> None:
    """Give every test cell its verdict and its number; no other code cell keeps an output.

    The setup cell says what was put right before, how the answers were isolated and, graded end to end, what stood
    behind `mygpt`.
    """
    verdicts = {verdict.exercise.name: verdict for verdict in judgement.verdicts}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs, cell.execution_count = [], None
        if role_of(cell) == "check":
            verdict = verdicts[exercise_of(cell)]
            cell.outputs = _outputs(verdict, scoring, cell.metadata.nbgrader.points)
            cell.execution_count = 1
        elif role_of(cell) == "setup":
            behind = [present.behind(judgement.earlier)] if judgement.earlier else []
            repaired = [present.repaired(judgement.repairs)] if judgement.repairs else []
            cell.outputs = [_output("display_data", {"text/plain": "\n\n".join([*repaired, *behind, level])})]
    notebook.metadata["autograder"] = {"isolation": level, "repairs": list(judgement.repairs)}


def _outputs(verdict: Verdict, scoring: str, max_points: float) -> list[NotebookNode]:
    points = min(max(verdict.score(scoring), 0.0), float(max_points))
    words = {
        "text/plain": present.text(verdict, scoring, public=False),
        "text/html": present.html(verdict, scoring, public=False),
    }
    number = _output("execute_result", {"text/plain": f"{points:g}"}, execution_count=1)
    return [_output("display_data", words), number]


def _output(kind: str, data: dict[str, str], **more: Any) -> NotebookNode:
    """An output of ours. nbformat's own maker would hold each against its schema, for two milliseconds a notebook."""
    return NotebookNode(output_type=kind, metadata=NotebookNode(), data=NotebookNode(data), **more)
