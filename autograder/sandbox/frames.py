"""What travels from a child to the judge: one byte saying which kind, four bytes of length, and the bytes.

The judge believes nothing of it. A student's code shares the process that writes, so every frame is a claim; only
`READY` and `UNCONFINED` mean something by themselves, because they come before any of that code runs.
"""

import os
import struct

HEADER = struct.Struct("<cI")
READY, UNCONFINED = b"R", b"U"  # confinement is in force; or could not be established, and why
FRAME, END, RAISED, NO_MEMORY = b"F", b"E", b"X", b"M"
MOST_FRAMES = 10_000  # an honest job sends a few hundred; three million empty ones keep a judge busy for seconds
KINDS = {READY, UNCONFINED, FRAME, END, RAISED, NO_MEMORY}


def write(descriptor: int, kind: bytes, payload: bytes = b"") -> None:
    """Write one frame whole, waiting while the reader is slow."""
    for part in (HEADER.pack(kind, len(payload)), payload):
        view = memoryview(part)
        while view:
            view = view[os.write(descriptor, view) :]


class Reader:
    """Takes bytes as they come and keeps the whole frames. Stops for good at the first that is too much or no frame."""

    def __init__(self, limit: int) -> None:
        self.frames: list[bytes] = []
        self.ready = False
        self.last: tuple[bytes, bytes] | None = None  # the frame that ends the conversation
        self.problem = ""
        self._room = limit
        self._pending = bytearray()

    @property
    def over(self) -> bool:
        return self.last is not None or bool(self.problem)

    def feed(self, data: bytes) -> None:
        """Take more bytes. After `over` they are dropped."""
        if not self.over:
            self._pending += data
        while not self.over and len(self._pending) >= HEADER.size:
            kind, length = HEADER.unpack_from(self._pending)
            if kind not in KINDS:
                self.problem = "sent bytes that are no frame"
            elif length > self._room or len(self.frames) == MOST_FRAMES:
                self.problem = "sent more than the limit on its output"
            elif len(self._pending) < HEADER.size + length:
                break
            else:
                payload = bytes(self._pending[HEADER.size : HEADER.size + length])
                del self._pending[: HEADER.size + length]
                self._room -= HEADER.size + length
                self._take(kind, payload)

    def _take(self, kind: bytes, payload: bytes) -> None:
        if kind not in ({FRAME, END, RAISED, NO_MEMORY} if self.ready else {READY, UNCONFINED}):
            self.problem = "sent a frame out of its order"
        elif kind == FRAME:
            self.frames.append(payload)
        elif kind == READY:
            self.ready = True
        else:
            self.last = kind, payload
