"""Feedback pages, rendered by nbgrader's own GenerateFeedback, several processes at a time.

One page takes nbgrader about half a second, and most of a course's machine has more than one core.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from itertools import batched
from multiprocessing import get_context
from pathlib import Path
