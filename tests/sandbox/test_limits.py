"""What a job may use: time, memory, disk, threads, output. These hold at every level, as far as the system has them."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from conftest import SHORT, values

from autograder.sandbox import Level, Limits, confine

BRIEF = replace(SHORT, wall_s=0.5)
SPIN = "while True: pass"


@pytest.mark.parametrize(
    "source",
    [
        f"signal.signal(signal.SIGALRM, signal.SIG_IGN)\n{SPIN}",
        "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\ntime.sleep(60)",
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nsignal.pause()",
        "os.close(3)\ntime.sleep(60)",
        "threading.Thread(target=time.sleep, args=(60,)).start()\nos.kill(os.getpid(), signal.SIGSTOP)\ntime.sleep(60)",
    ],
    ids=["spins", "blocks signals", "pauses", "closes its pipe", "stops itself"],
)
def test_the_clock_runs_out(attack_any, source: str) -> None:
    started = time.monotonic()
    outcome = attack_any("send('here')\n" + source, BRIEF)
    assert (outcome.status, values(outcome)) == ("timed out", ["here"])
    assert outcome.detail == "It was stopped after 0.5 s."
    assert time.monotonic() - started < 4


def test_processor_time_runs_out_first(attack_any) -> None:
    outcome = attack_any(f"signal.signal(signal.SIGXCPU, signal.SIG_IGN)\n{SPIN}", replace(SHORT, cpu_s=1, wall_s=20))
    assert (outcome.status, outcome.detail) == ("timed out", "It was stopped after 1 s of processor time.")


@pytest.mark.parametrize(
    "source",
    [
        "bytearray(8 << 30)",
        "kept = []\nwhile True: kept.append(bytearray(1 << 20))",
        "kept = [0]\nwhile True: kept += kept",
    ],
    ids=["at once", "bit by bit", "doubling"],
)
def test_memory_runs_out(attack_any, source: str) -> None:
    outcome = attack_any(source)
    assert (outcome.status, outcome.detail) == ("out of memory", "It wanted more than 256 MiB.")


def test_a_failed_allocation_is_an_ordinary_exception(attack_any) -> None:
    outcome = attack_any("""
        try:
            mmap.mmap(-1, 8 << 30)
        except (MemoryError, OSError):
            send("caught")
    """)
    assert (outcome.status, values(outcome)) == ("finished", ["caught"])


def test_one_file_has_a_limit(attack_any) -> None:
    outcome = attack_any("with open('big', 'wb') as file:\n    for _ in range(1000): file.write(bytes(10000))")
    assert outcome.status == "crashed"
    assert "OSError" in outcome.detail


@pytest.mark.parametrize("size", [500_000, 0], ids=["bytes", "entries"])
def test_many_files_have_a_limit(attack_any, any_sandbox, size: int) -> None:
    source = f"for n in range(10 ** 9): open(str(n), 'wb').write(bytes({size}))"
    outcome = attack_any(source, replace(SHORT, wall_s=60, cpu_s=50))
    expected = "No space left" if any_sandbox.level is Level.NAMESPACES else "It wrote more than"
    assert outcome.status == "crashed"
    assert expected in outcome.detail


def test_folders_in_folders_are_cleared_away(attack_any) -> None:
    source = "for n in range(10 ** 9): os.mkdir('d'); os.chdir('d')"
    outcome = attack_any(source, replace(SHORT, wall_s=60, cpu_s=50))
    assert outcome.status == "crashed"


def test_threads_have_a_limit(attack, sandbox) -> None:
    outcome = attack("""
        try:
            for count in range(1000):
                threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        except RuntimeError:
            send(count + 1)
    """)
    (started,) = values(outcome)
    alone = sandbox.level is Level.NAMESPACES or "own uid" in sandbox.walls
    assert started == SHORT.threads if alone else started <= confine.NEIGHBOURS * SHORT.threads + 20


def test_a_neighbour_keeps_its_threads(sandbox) -> None:
    """A limit on threads is for one child; it must not be shared by all."""
    greedy = b"for _ in range(30): threading.Thread(target=time.sleep, args=(1,), daemon=True).start()\ntime.sleep(1)"
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda _: sandbox.run(greedy, Limits(threads=32)), range(4)))
    assert [outcome.status for outcome in outcomes] == ["finished"] * 4


def test_output_has_a_limit(attack_any) -> None:
    outcome = attack_any("while True: send_bytes(bytes(100_000))")
    assert (outcome.status, outcome.detail) == ("crashed", "It sent more than the limit on its output.")
    assert len(outcome.frames) == SHORT.output_bytes // 100_005


def test_empty_frames_count_too(attack_any) -> None:
    outcome = attack_any("while True: send_bytes(b'')", replace(SHORT, output_bytes=1000))
    assert (outcome.status, len(outcome.frames)) == ("crashed", 200)
