"""A submission: read with suspicion, its answers grafted into the notebook as it was handed out.

Whatever a student did to cells, metadata or the file, what counts is the text of each answer.

    files      what lies in a student's folder
    archives   zip files, read in memory and never unpacked
    notebooks  a file's bytes as cells
    cells      what a cell is there for
    answers    which cell answers which exercise
    carrying   what an answer needs of other cells
    prose      written answers
    grafting   all this put into the released notebook
    choosing   which of several files is graded
"""

from autograder.errors import NeedsPerson
from autograder.submission.cells import exercise_of, role_of, sound_notebook
from autograder.submission.choosing import read_notebook, read_submission
from autograder.submission.files import refuse_unsafe_name, shown
from autograder.submission.grafting import Submission, as_grafted, as_handed_in, cells_to_run, graft, released_notebook

__all__ = [
    "NeedsPerson",
    "Submission",
    "as_grafted",
    "as_handed_in",
    "cells_to_run",
    "exercise_of",
    "graft",
    "read_notebook",
    "read_submission",
    "refuse_unsafe_name",
    "released_notebook",
    "role_of",
    "shown",
    "sound_notebook",
]
