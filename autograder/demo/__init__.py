"""`make demo`: the course's main job, done once on a class of 40 that nobody has taught.

    classroom    who hands in what: right in many styles, mistaken in every way we know, blank, damaged, hostile
    attacks      what the hostile ones try
    notebooks    answers put into the released notebook, and the ways a file gets damaged
    promises     what must be true of the grades afterwards, and is checked
    main_job     release, hand in, grade, render feedback, report
"""

from autograder.demo.main_job import run_demo

__all__ = ["run_demo"]
