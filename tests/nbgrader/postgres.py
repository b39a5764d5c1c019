"""A PostgreSQL server of our own: its programs, a temporary folder, a free port on this machine, no system service."""

import os
import pwd
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Self


def find_programs() -> Path | None:
    """The folder of `initdb` and `pg_ctl`: on the PATH, or where Debian keeps them."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


PROGRAMS = find_programs()


class Server:
    """`with Server(folder) as server`: a server that runs, and a new database for whoever asks."""

    def __init__(self, folder: Path) -> None:
        self._data, self._said = folder / "data", folder / "said"
        self._user = 0 if os.geteuid() else _somebody()
        if self._user:
            os.chown(folder, self._user, -1)
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self._port = found.getsockname()[1]

    def __enter__(self) -> Self:
        self._run(
            "initdb",
            f"--pgdata={self._data}",
            "--auth=trust",
            "--username=grader",
            "--locale=C",
            "--encoding=UTF8",
            "--no-sync",
        )
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        self._run("pg_ctl", "start", "--wait", f"--pgdata={self._data}", f"--options={options}")

    def stop(self) -> None:
        """As when it is killed: without a farewell to anybody."""
        self._run("pg_ctl", "stop", "--wait", f"--pgdata={self._data}", "--mode=immediate")

    def url(self, database: str, user: str = "grader") -> str:
        """As nbgrader reads it."""
        return f"postgresql+psycopg://{user}@127.0.0.1:{self._port}/{database}"

    def new_database(self, name: str) -> str:
        """An empty one; its URL."""
        self._run("createdb", "--host=127.0.0.1", f"--port={self._port}", "--username=grader", name)
        return self.url(name)

    def _run(self, program: str, *arguments: str) -> None:
        assert PROGRAMS is not None
        with open(self._said, "w+", encoding="utf-8") as said:  # a pipe would stay open as long as the server runs
            command = [str(PROGRAMS / program), *arguments]
            user = self._user or None
            done = subprocess.run(command, stdout=said, stderr=said, user=user, cwd="/", timeout=60)
            said.seek(0)
            assert done.returncode == 0, said.read()


def _somebody() -> int:
    """The server refuses to run as root, so it runs as a user who owns nothing else."""
    names = [user.pw_name for user in pwd.getpwall()]
    return pwd.getpwnam("postgres" if "postgres" in names else "nobody").pw_uid
