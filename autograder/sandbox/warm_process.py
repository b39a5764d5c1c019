"""The warm process as the judge sees it: started once, then handed job after job."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack, suppress
from dataclasses import asdict

from autograder.errors import SandboxError
from autograder.sandbox import paths
from autograder.sandbox.bubble import bubblewrap
from autograder.sandbox.conversation import Conversation
from autograder.sandbox.levels import Level
from autograder.sandbox.order import ENVIRONMENT, Order, import_path
from autograder.sandbox.records import Limits, Outcome

START_S = 120.0  # a cold disk may take a minute over importing torch
MAIN = "import sys; sys.path.insert(0, sys.argv[1]); from autograder.sandbox.zygote import main; main(int(sys.argv[2]))"


class WarmProcess:
    """A zygote that has said it is ready."""

    def __init__(self, order: Order) -> None:
        self.broken = False  # it died, or stopped answering
        self._process: subprocess.Popen[bytes] | None = None
        self._cleanup = ExitStack()
        self._scratch = "/scratch"  # bubblewrap mounts it; other levels need a folder of ours
        if order.level is not Level.NAMESPACES:
            folder = tempfile.TemporaryDirectory(prefix="sandbox-", ignore_cleanup_errors=True)
            self._scratch = self._cleanup.enter_context(folder)
        self._complaints = self._cleanup.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # The kernel ties such a death to the thread that started us, so only the main thread's is of use. Any other
        # way, the zygote leaves when our end of the socket closes.
        die_with_parent = threading.current_thread() is threading.main_thread()
        try:
            with theirs:
                self._process = self._spawn(order, theirs, die_with_parent)
            self.walls = self._shake_hands(order, die_with_parent)
        except BaseException:
            self._kill()
            self.close()
            raise

    def run(self, job: bytes, limits: Limits) -> Outcome:
        """One job in a child of its own. Raises ConnectionError if the job was never begun: it may be tried again."""
        with Conversation(limits) as talk:
            talk.start(self._submit, job)
            outcome = talk.outcome()
        self.broken = self.broken or talk.broken
        if talk.broken and not talk.begun:
            raise ConnectionError(outcome.detail)
        return outcome

    def _submit(self, job: int, result: int, line: socket.socket, limits: Limits) -> None:
        """One message and three descriptors are all the zygote ever gets."""
        message = json.dumps(asdict(limits)).encode()
        try:
            socket.send_fds(self._control, [message], [job, result, line.fileno()])
        except OSError as error:
            raise ConnectionError("The warm process is gone.") from error

    def close(self) -> None:
        """Hang up, and wait until it and all its children are gone."""
        self._control.close()
        if self._process:
            try:
                self._process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self._kill()
        self._cleanup.close()

    def _kill(self) -> None:
        if self._process:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _spawn(self, order: Order, theirs: socket.socket, die_with_parent: bool) -> subprocess.Popen[bytes]:
        interpreter = [sys.executable, "-s", "-P", "-c", MAIN, str(paths.ROOT), str(theirs.fileno())]
        confined = order.level is Level.NAMESPACES
        around = bubblewrap((*paths.OWN, *order.readable), die_with_parent) if confined else []
        return subprocess.Popen(
            [*around, *interpreter],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._complaints,
            env=ENVIRONMENT | {"HOME": self._scratch, "TMPDIR": self._scratch},
            cwd="/",
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # Ctrl-C is for us; we tell them
        )

    def _shake_hands(self, order: Order, die_with_parent: bool) -> tuple[str, ...]:
        self._control.settimeout(START_S)
        try:
            self._control.send(json.dumps(self._instructions(order, die_with_parent)).encode())
            answer = self._control.recv(4096)
        except OSError:
            answer = b""
        if not answer:
            raise SandboxError(f"The warm process did not start. {self._last_words()}")
        self._control.settimeout(None)
        return tuple(json.loads(answer)["walls"])

    def _instructions(self, order: Order, die_with_parent: bool) -> dict[str, object]:
        libraries = paths.libraries()
        if order.level is not Level.NAMESPACES:
            libraries = tuple(paths.without(libraries, paths.concealed(libraries)))
        extra = (*paths.LOADER, *paths.DEVICES, *paths.OWN, *order.readable)
        return {
            "die_with_parent": die_with_parent and order.level is not Level.NAMESPACES,
            "handler": order.handler,
            "level": order.level.value,
            "preload": order.preload,
            "readable": [str(path) for path in (*libraries, *extra)],
            "scratch_root": self._scratch,
            "sys_path": import_path(),
        }

    def _last_words(self) -> str:
        """Why it did not start: the last line it wrote to its stderr."""
        self._complaints.seek(0)
        lines = self._complaints.read()[-4000:].decode(errors="replace").strip().splitlines()
        return f"It said: {lines[-1]}" if lines else "It said nothing."
