"""What can go wrong, as one small tree. Each error owns its exit code.

    CourseError
    ├── UsageError           2   a wrong name, a missing file: the caller can mend it
    │   └── NeedsPerson      2   a submission that no machine can grade
    ├── CheckFailed          1   an answer is wrong, and the caller asked to be told by an exception
    ├── AuthorError          1   a lesson, probe or misconception contradicts itself
    ├── ObservationError     1   bytes from a child that are no observation
    └── GraderBroke          3   our fault; never a student's zero
        └── SandboxError     3   the confinement asked for could not be established
"""


import errno
import re


class CourseError(Exception):
    """Anything this project raises on purpose. The message is one or two sentences for a person."""

    exit_code = 1

    def _render_traceback_(self) -> list[str]:
        """What IPython prints: the sentence, and no frame of ours."""
        return [f"{type(self).__name__}: {self}"]


class UsageError(CourseError):
    """The caller named something that is not there, or in the wrong form."""

    exit_code = 2


class NeedsPerson(UsageError):
    """A submission no machine can grade: the message says why, and what to do, in words for the instructor."""


class CheckFailed(CourseError):
    """An answer is wrong; the message is the verdict in words."""


class AuthorError(CourseError):
    """Two rooms of a unit disagree: the message says which and what to change."""


class ObservationError(CourseError):
    """Bytes that claim to be an observation and are not."""


class GraderBroke(CourseError):
    """The grader failed, not the student."""

    exit_code = 3


class SandboxError(GraderBroke):
    """The confinement asked for could not be established."""


_REFUSED = "see who owns it and what its permissions are"
_ADVICE = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space, or ask for more",
    errno.EACCES: _REFUSED,
    errno.EPERM: _REFUSED,
    errno.EROFS: "mount its disk so that it can be written",
    errno.EIO: "see whether its disk is failing",
    errno.EMFILE: "raise the limit on open files (`ulimit -n`)",
}


def sentence_of(error: OSError) -> str:
    """What the system refused, where, and what to do: for whoever runs a command."""
    where = f"{error.filename}: " if error.filename else ""
    advice = _ADVICE.get(error.errno or 0, "mend that")
    said = error.strerror or error
    return f"{where}{said}. What was there before is as it was; {advice}, then run the same command again."


def cause_in(log: str) -> str:
    """The last exception but nbgrader's own that a log of nbgrader's shows, without the traceback around it."""
    found = re.findall(r"^ *(?:\w+\.)*(\w*(?:Error|Entry|Exception)\b.*)$", log, re.MULTILINE)
    return next((one for one in reversed(found) if not one.startswith("NbGrader")), "it does not say why")
