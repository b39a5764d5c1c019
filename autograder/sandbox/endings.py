"""How a job ended, in one word and one sentence."""

import signal
from typing import Any

from autograder.sandbox import frames
from autograder.sandbox.records import Limits, Status

MIB = 1 << 20
GONE = "The warm process ended, or stopped answering, before the job did."
MEMORY_SIGNALS = {"SIGKILL", "SIGABRT", "SIGSEGV", "SIGBUS"}


def describe_end(reader: frames.Reader, end: dict[str, Any] | None, limits: Limits) -> tuple[Status, str]:
    """The status and its sentence, from what the child said last and how the warm process saw it end."""
    if reader.last is not None:
        return _last_word(*reader.last, limits)
    if reader.problem:
        return "crashed", f"It {reader.problem}."
    if end is None or end["killed_for"] == "closing":
        return "refused", GONE
    if not reader.ready:
        return "refused", f"It ended before it was confined: {_how_it_died(end, limits)[1]}"
    return _how_it_died(end, limits)


def _last_word(kind: bytes, payload: bytes, limits: Limits) -> tuple[Status, str]:
    said = "".join(letter for letter in payload[:200].decode(errors="replace") if letter.isprintable())
    if kind == frames.UNCONFINED:
        return "refused", f"The child could not be confined. {said}"
    if kind == frames.END:
        return "finished", "It finished."
    if kind == frames.NO_MEMORY:
        return "out of memory", f"It wanted more than {limits.memory_bytes // MIB} MiB."
    return "crashed", f"The handler raised {said}"


def _how_it_died(end: dict[str, Any], limits: Limits) -> tuple[Status, str]:
    if end["killed_for"] == "time":
        return "timed out", f"It was stopped after {limits.wall_s:g} s."
    if end["killed_for"] == "disk":
        return "crashed", f"It wrote more than {limits.scratch_bytes // MIB} MiB of files."
    if end["exit_code"] >= 0:
        return "crashed", f"It left with exit code {end['exit_code']} before it had finished."
    number = signal.Signals(-end["exit_code"])
    if number.name in ("SIGKILL", "SIGXCPU") and end["cpu_s"] > limits.cpu_s - 0.5:
        return "timed out", f"It was stopped after {limits.cpu_s} s of processor time."
    if number.name in MEMORY_SIGNALS and end["peak_kib"] * 1024 > limits.memory_bytes // 2:
        return "out of memory", f"It was ended by {number.name}, using {end['peak_kib'] // 1024} MiB."
    return "crashed", f"It was ended by {number.name}."
