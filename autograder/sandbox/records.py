"""What a caller asks for and what comes back."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["finished", "timed out", "out of memory", "crashed", "refused"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may use. Memory counts on top of the warm process; output counts the frames and their headers."""

    wall_s: float = 20.0
    cpu_s: int = 16
    memory_bytes: int = 1 << 30
    output_bytes: int = 16 << 20
    scratch_bytes: int = 16 << 20
    threads: int = 32


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one job ended. `frames` holds every whole frame that arrived, however it ended.

    "refused" is our own failure (the confinement could not be established, the warm process died): never a zero.
    """

    status: Status
    frames: tuple[bytes, ...]
    detail: str
