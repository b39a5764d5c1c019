"""Who of a cluster may work for us, and the connection to them."""

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, wait
from contextlib import suppress

from autograder.cluster.proof import STRENGTH, Proof, engine, objection, prove
from autograder.cluster.worker import Answer
from autograder.errors import SandboxError, UsageError
from autograder.sandbox import Level

try:
    from distributed import Client, KilledWorker
    from distributed.client import ClosedClientError
    from distributed.comm import get_address_host_port
except ModuleNotFoundError:
    raise UsageError("--dask needs dask.distributed, which is an extra: pip install -e '.[cluster]'") from None

__all__ = ["Crew", "KilledWorker"]

CONNECT_S = 5.0
LOOK_S = 0.5  # between two looks at who is there
PROOF_S = 60.0  # a cold disk may take its time


class Crew:
    """The workers of a cluster that may work for us, and the connection to them; thread-safe."""

    def __init__(self, address: str, least: Level, patience_s: float, tell: Callable[[str], None]) -> None:
        self.address, self.least, self.engine = address, least, engine()
        self._patience_s, self._tell = patience_s, tell
        self._lock, self._closed = threading.RLock(), threading.Event()
        self._proofs: dict[str, Future[Proof]] = {}  # by worker's address, like the next three
        self._threads: dict[str, int] = {}
        self._fit: dict[str, Proof] = {}
        self._unfit: dict[str, str] = {}
        self.environments: tuple[str, ...] = ()  # those that are allowed; at first any
        self._looked, self._waiting_since = 0.0, 0.0
        self._connect()

    def muster(self) -> int:
        """Wait for workers and their proofs; from then on the weakest is the least. Returns their threads in all."""
        started = time.monotonic()
        while not (fit := self.look()) or (self._undecided() and time.monotonic() - started < PROOF_S):
            if self._unfit and not fit and not self._undecided():
                raise SandboxError(f"No worker of {self.address} may run submissions. {self._complaints()}")
            self._wait(for_anybody=not self._threads)
        self.least = min((Level(self._fit[one]["level"]) for one in fit), key=STRENGTH.index)
        self.environments = tuple(sorted({self._fit[one]["environment"] for one in fit}))
        num_threads = sum(self._threads[one] for one in fit)
        self._tell(f"{self.address}: {len(fit)} worker{'s' * (len(fit) > 1)}, {num_threads} at a time.")
        return num_threads

    def ask(self, function: Callable[..., Answer], *order: object) -> Answer:
        """What a fit worker answers. CancelledError: nobody will any more, so ask again."""
        while not (fit := self.look()):
            self._wait(for_anybody=True)
        chosen = fit if self._unfit else None  # else a worker that comes later may have it: it sees to the proof itself
        try:
            future = self._executor.submit(function, *order, workers=chosen)
        except ClosedClientError as error:
            raise CancelledError from error
        try:
            while not wait([future], LOOK_S).done:
                if not (now := self.look()):
                    self._wait(for_anybody=True)
                elif chosen and not set(chosen) & set(now):
                    future.cancel()
            return future.result()
        finally:
            future.cancel()  # unless it is done: nobody waits for it any more

    def look(self) -> list[str]:
        """Addresses of the workers that are there and fit; seen at most so long ago."""
        with self._lock:
            if time.monotonic() - self._looked > LOOK_S:
                self._refresh()
                self._looked = time.monotonic()
            return list(self._fit)

    def dismiss(self, worker: str, host: str, why: str) -> None:
        """Give no more jobs to this worker."""
        with self._lock:
            if worker not in self._unfit:
                self._fit.pop(worker, None)
                self._unfit[worker] = f"{host} ({worker}) {why}"
                self._tell(f"Not used: {self._unfit[worker]}")

    def close(self) -> None:
        """Take back what waits, and hang up. A second time it does nothing."""
        self._closed.set()
        with suppress(Exception):  # there may be nobody left to tell
            self._executor.shutdown(wait=False)
        self._client.close(timeout=CONNECT_S)

    def _connect(self) -> None:
        """Dask sets no clock on its greeting, so one port that is silent would keep us for ever."""
        answer: Future[Client] = Future()
        threading.Thread(target=_greet, args=(self.address, answer), daemon=True).start()
        try:
            self._client = answer.result(timeout=2 * CONNECT_S)
        except (OSError, TypeError, ValueError) as error:
            why = str(error).rstrip(".") or f"silent for {2 * CONNECT_S:g} s"
            raise UsageError(
                f"no dask scheduler answers at {self.address} ({why}). Start one with `dask scheduler`, and name the "
                "address that it prints, such as tcp://10.0.0.5:8786."
            ) from error
        self._executor = self._client.get_executor(pure=False)

    def _refresh(self) -> None:
        self._threads = self._present()
        for book in (self._proofs, self._fit, self._unfit):
            for gone in book.keys() - self._threads.keys():
                del book[gone]
        with suppress(ClosedClientError):  # it closed just now: there will be another look
            for worker in self._threads.keys() - self._proofs.keys():
                self._proofs[worker] = self._executor.submit(prove, workers=[worker])
        for worker in self._proofs.keys() - self._fit.keys() - self._unfit.keys():
            if self._proofs[worker].done():
                self._admit(worker, self._proofs[worker])
        if self._fit and self._waiting_since:
            self._waiting_since = 0.0
            self._tell("A worker is there: going on.")

    def _present(self) -> dict[str, int]:
        """Threads of each worker that the scheduler knows; nobody where no scheduler answers."""
        try:
            if self._client.status == "closed" and not self._closed.is_set():
                self._connect()
            return self._client.nthreads() if self._client.status == "running" else {}
        except (OSError, ClosedClientError, UsageError):
            return {}

    def _admit(self, worker: str, answer: Future[Proof]) -> None:
        try:
            proof = answer.result()
        except CancelledError:
            del self._proofs[worker]  # ask again
        except Exception as error:
            self.dismiss(worker, "a worker", f"cannot say what it is: {type(error).__name__}: {error}")
        else:
            if why := objection(proof, self.engine, self.least, self.environments):
                self.dismiss(worker, proof["host"], why)
            else:
                self._fit[worker] = proof

    def _undecided(self) -> set[str]:
        return self._proofs.keys() - self._fit.keys() - self._unfit.keys()

    def _wait(self, for_anybody: bool) -> None:
        """A moment; where nobody is there, not for ever."""
        if self._closed.wait(LOOK_S / 2):
            raise SandboxError("The connection to the cluster is closed.")
        with self._lock:
            if not for_anybody or self._fit:
                return
            if not self._waiting_since:
                self._waiting_since = time.monotonic()
                self._tell(
                    f"No worker of {self.address} is there that may run submissions. {self._complaints()}Waiting for "
                    f"one, {self._patience_s:g} s at most; Ctrl-C stops, and what is graded stays."
                )
            if time.monotonic() - self._waiting_since > self._patience_s:
                raise SandboxError(
                    f"For {self._patience_s:g} s no worker of {self.address} was there. {self._complaints()}Start "
                    "some, then say the same command again: what is graded stays."
                )

    def _complaints(self) -> str:
        return "".join(f"{why}. " for why in self._unfit.values())


def _greet(address: str, answer: Future[Client]) -> None:
    """Knock first: a client of dask that finds nobody leaves a thread behind."""
    try:
        socket.create_connection(get_address_host_port(address), timeout=CONNECT_S).close()
        answer.set_result(_Client(address, timeout=CONNECT_S, set_as_default=False, name="autograder"))
    except Exception as error:
        answer.set_exception(error)


class _Client(Client):
    def __del__(self) -> None:
        """One that never connected has nothing to close. Dask's tries for ten seconds, and complains."""
        if self.status != "connecting":
            super().__del__()
