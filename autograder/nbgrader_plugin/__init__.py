"""Stock nbgrader, judged by us: three preprocessors named in nbgrader_config.py, nothing patched.

`GraftAnswers` stands in for DeduplicateIds, `JudgeSubmission` for Execute, and `SanitizeAnswers` guards the pages that
graders and students read. formgrader, `nbgrader autograde`, export and feedback work as they are.
"""

from autograder.nbgrader_plugin.preprocessors import GraftAnswers, JudgeSubmission, SanitizeAnswers

__all__ = ["GraftAnswers", "JudgeSubmission", "SanitizeAnswers"]
