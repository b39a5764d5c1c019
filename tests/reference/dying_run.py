"""A run whose leading process dies after the fourth step: `torchrun dying_run.py FOLDER NUMBERS`, for a test."""

import json
import os
import signal
import sys
from pathlib import Path

from tiny_run import tiny_run

from reference.corpus import RunError
from reference.distributed import leave
from reference.pretrain import Report


def die(report: Report) -> None:
    if report.step == 4:
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


try:
    tiny_run(Path(sys.argv[1]), report=die, **json.loads(sys.argv[2]))
except RunError as error:
    print(error, file=sys.stderr)
    leave(error.exit_code)
