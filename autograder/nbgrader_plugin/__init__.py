"""Stock nbgrader, judged by us: two preprocessors named in nbgrader_config.py, nothing patched.

`GraftAnswers` stands in for DeduplicateIds, `JudgeSubmission` for Execute. formgrader, `nbgrader autograde`, export and
feedback work as they are.
"""

from autograder.nbgrader_plugin.preprocessors import GraftAnswers, JudgeSubmission

__all__ = ["GraftAnswers", "JudgeSubmission"]
