"""A real JupyterLab with nbgrader's extensions, in a home of its own: nothing of the user's is read or touched."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
FOREIGN = ("JUPYTER", "JPY_", "IPYTHON", "XDG_", "NBGRADER")


class Lab:
    """JupyterLab's server on a course's folder. Kernels and the judge it starts end with it."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder, self.home = folder, home
        self.token = secrets.token_hex(16)
        self.port = _free_port()
        self.log = home / "lab.log"

    def __enter__(self) -> Self:
        self._set_up_home()
        with self.log.open("wb") as log:
            streams = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            self._process = subprocess.Popen(
                self._command(), cwd=self.folder, env=self._environment(), start_new_session=True, **streams
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Ask the server to stop, so that it stops its kernels (they have groups of their own); then make sure."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def url(self, path: str = "") -> str:
        """The address of a page; the token signs the browser in."""
        return f"http://127.0.0.1:{self.port}/{path}?token={self.token}"

    def api(self, path: str, data: dict[str, str] | None = None) -> Any:
        """What a button of the page asks the server for, as JSON."""
        body = None if data is None else json.dumps(data).encode()
        headers = {"Authorization": f"token {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url(path), body, headers)
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)

    def _set_up_home(self) -> None:
        """No news and no updates from outside, and an exchange folder that is not this machine's."""
        quiet = {"buildCheck": False, "disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
        config = self.home / ".jupyter" / "labconfig"
        config.mkdir(parents=True)
        (config / "page_config.json").write_text(json.dumps(quiet), encoding="utf-8")
        exchange = f"c = get_config()\nc.Exchange.root = {str(self.home / 'exchange')!r}\n"
        (config.parent / "nbgrader_config.py").write_text(exchange, encoding="utf-8")

    def _command(self) -> list[str]:
        settings = {
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": self.port,
            "ServerApp.port_retries": 0,
            "ServerApp.open_browser": False,
            "ServerApp.allow_root": True,
            "IdentityProvider.token": self.token,
            "LabApp.expose_app_in_browser": True,
            "LabApp.extension_manager": "readonly",
        }
        return [sys.executable, "-m", "jupyterlab", *(f"--{name}={value}" for name, value in settings.items())]

    def _environment(self) -> dict[str, str]:
        """nbgrader calls `alembic`, and the kernel is called `python`: both must be this environment's."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        return own | {"HOME": str(self.home), "PATH": path, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}

    def _wait_until_ready(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                self.api("api")
                return
            except OSError:
                gone = self._process.poll() is not None
                if gone or time.monotonic() > deadline:
                    said = self.log.read_text(encoding="utf-8", errors="replace")
                    raise RuntimeError(f"JupyterLab did not start:\n{said[-3000:]}") from None
                time.sleep(0.1)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
