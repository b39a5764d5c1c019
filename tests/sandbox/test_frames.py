"""What a child writes is kept if it is whole, and never believed."""

import os

import pytest

from autograder.sandbox import frames

RAW = "os.write(3, {!r})"
FORGED_END = frames.HEADER.pack(frames.END, 0)
HUGE, HALF = frames.HEADER.pack(frames.FRAME, 4_000_000_000), frames.HEADER.pack(frames.FRAME, 100) + b"half"


def reader_of(data: bytes, step: int = 1 << 20, limit: int = 1000) -> frames.Reader:
    reader = frames.Reader(limit)
    for start in range(0, len(data), step):
        reader.feed(data[start : start + step])
    return reader


def frame(kind: bytes, payload: bytes = b"") -> bytes:
    return frames.HEADER.pack(kind, len(payload)) + payload


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_frames_survive_any_splitting(step: int) -> None:
    sent = frame(frames.READY) + frame(frames.FRAME, b"one") + frame(frames.FRAME) + frame(frames.END)
    reader = reader_of(sent, step)
    assert (reader.frames, reader.last, reader.problem) == ([b"one", b""], (frames.END, b""), "")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (frame(frames.FRAME, b"early"), "out of its order"),
        (frame(frames.END), "out of its order"),
        (frame(frames.READY) * 2, "out of its order"),
        (frame(frames.READY) + frame(frames.UNCONFINED), "out of its order"),
        (frame(frames.READY) + b"\xff" * 5, "no frame"),
        (frame(frames.READY) + frames.HEADER.pack(frames.FRAME, 2**32 - 1), "more than the limit"),
    ],
)
def test_anything_else_ends_the_conversation(data: bytes, problem: str) -> None:
    reader = reader_of(data)
    assert problem in reader.problem
    reader.feed(frame(frames.FRAME, b"late"))
    assert reader.frames == []


def test_frames_are_counted() -> None:
    reader = reader_of(frame(frames.READY) + frame(frames.FRAME) * (frames.MOST_FRAMES + 5), limit=1 << 20)
    assert (len(reader.frames), reader.problem) == (frames.MOST_FRAMES, "sent more than the limit on its output")


def test_nothing_after_the_end_is_heard() -> None:
    reader = reader_of(frame(frames.READY) + frame(frames.END) + frame(frames.FRAME, b"late"))
    assert (reader.frames, reader.problem) == ([], "")


def test_writing_goes_on_while_the_reader_is_slow() -> None:
    read, write = os.pipe()
    frames.write(write, frames.FRAME, b"payload")
    os.close(write)
    assert os.read(read, 100) == frame(frames.FRAME, b"payload")
    os.close(read)


@pytest.mark.parametrize(
    ("source", "detail"),
    [
        (RAW.format(b"garbage and more"), "It sent bytes that are no frame."),
        (RAW.format(HUGE), "It sent more than the limit on its output."),
        (RAW.format(frames.HEADER.pack(frames.READY, 0)), "It sent a frame out of its order."),
        (RAW.format(frames.HEADER.pack(frames.UNCONFINED, 0)), "It sent a frame out of its order."),
        (RAW.format(HALF) + "; os._exit(0)", "It left with exit code 0"),
        ("while True: os.write(3, bytes(1 << 16))", "It sent bytes that are no frame."),
        ("os._exit(7)", "It left with exit code 7 before it had finished."),
        ("sys.exit(0)", "The handler raised SystemExit"),
        ("ctypes.string_at(0)", "It was ended by SIGSEGV."),
        ("os.abort()", "It was ended by SIG"),  # ABRT, or SEGV for the first process of a pid namespace
        ("raise ValueError('\\x1b[2J of ours')", "The handler raised ValueError: [2J of ours"),
        ("class Odd(BaseException):\n    __str__ = None\nraise Odd", "It left with exit code 0"),
    ],
)
def test_frames_before_the_fall_are_kept(attack_any, source: str, detail: str) -> None:
    outcome = attack_any(f"send_bytes(b'kept')\n{source}")
    assert (outcome.status, outcome.frames) == ("crashed", (b"kept",))
    assert outcome.detail.startswith(detail)


def test_a_forged_end_only_ends_it(attack_any) -> None:
    outcome = attack_any(f"send('here'); os.write(3, {FORGED_END!r}); send('gone'); time.sleep(60)")
    assert (outcome.status, outcome.frames) == ("finished", (b"'here'",))


def test_a_job_and_a_frame_may_be_large(any_sandbox) -> None:
    job = b"send_bytes(bytes(5_000_000))\n#" + b"x" * 5_000_000
    outcome = any_sandbox.run(job)
    assert (outcome.status, [len(payload) for payload in outcome.frames]) == ("finished", [5_000_000])
