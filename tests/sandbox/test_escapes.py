"""Every way out that we know is closed, at every level that confines."""

import errno
import os
import platform
import socket
from pathlib import Path

import pytest

from autograder.sandbox import seccomp, syscalls

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
REFUSED = {errno.EPERM, errno.EACCES, errno.ENOENT, errno.ENOSYS, errno.EROFS, errno.EXDEV}  # EXDEV: Landlock on links
COLUMN = seccomp.ARCHITECTURES[platform.machine()][0]
NEW_USER = 0x10000000
SECRET, HANDLER, JUDGE = "{secret}", str(HERE / "exec_handler.py"), "{judge}"

READING = [
    f"open({SECRET!r}).read()",
    f"os.listdir(os.path.dirname({SECRET!r}))",
    f"os.symlink({SECRET!r}, 'link')",
    f"os.link({SECRET!r}, 'link')",
    f"open({str(ROOT / 'pyproject.toml')!r}).read()",
    f"open({str(HERE / 'conftest.py')!r}).read()",
    f"os.listdir({str(ROOT / 'solutions')!r})",
    "open('/etc/passwd').read()",
    "os.listdir('/home')",
    f"open('/proc/{JUDGE}/environ', 'rb').read()",
    f"open('/proc/{JUDGE}/mem', 'rb').read(1)",
    "open('/proc/1/environ', 'rb').read()",
    "open(f'/proc/{{os.getppid()}}/cmdline', 'rb').read()",
    "open('/proc/self/environ', 'rb').read()",
    "open('/dev/tty').read()",
    f"call({syscalls.DENIED['inotify_init1'][COLUMN]}, 0)",
]
WRITING = [
    "open('/tmp/mark', 'w')",
    "open('/dev/shm/mark', 'w')",
    "open('/mark', 'w')",
    "open('../mark', 'w')",
    "os.mkdir('/dev/mark')",
    f"open({HANDLER!r}, 'a')",
    f"open({SECRET!r}, 'w')",
    f"os.truncate({HANDLER!r}, 0)",
    f"os.chmod({SECRET!r}, 0o777)",
    f"os.chown({HANDLER!r}, 0, 0)",
    f"os.utime({HANDLER!r}, (0, 0))",
    f"os.setxattr({HANDLER!r}, 'user.mark', b'x')",
    f"os.rename({SECRET!r}, 'mine')",
    f"os.remove({HANDLER!r})",
    "os.mknod('pipe', 0o10600)",
    f"importlib.import_module('fcntl').ioctl(os.open({HANDLER!r}, os.O_RDONLY), 0x40086602, bytes([64, 0, 0, 0]))",
]
CONNECTING = [
    "socket.socket(socket.AF_INET)",
    "socket.socket(socket.AF_INET6)",
    "socket.socket(socket.AF_UNIX)",
    "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "socket.socketpair()",
]
OTHER_PROCESSES = [
    "os.fork()",
    "os.execv(sys.executable, [sys.executable, '-c', ''])",
    "os.posix_spawn(sys.executable, [sys.executable, '-c', ''], dict())",
    f"os.kill({JUDGE}, 0)",
    "os.kill(os.getppid() or -1, 0)",
    "os.kill(-1, 0)",
    "os.kill(0, 0)",
    f"os.pidfd_open({JUDGE})",
    f"resource.prlimit({JUDGE}, resource.RLIMIT_NOFILE)",
    f"importlib.import_module('fcntl').fcntl(3, 8, {JUDGE})",  # F_SETOWN: have the kernel signal it
    f"importlib.import_module('fcntl').fcntl(os.open({HANDLER!r}, os.O_RDONLY), 1024, 1)",  # F_SETLEASE: openers wait
    f"os.setpriority(os.PRIO_PROCESS, {JUDGE}, 19)",
    f"os.sched_setaffinity({JUDGE}, [0])",
    f"call({syscalls.DENIED['ptrace'][COLUMN]}, 16, {JUDGE}, 0, 0)",
    f"call({syscalls.DENIED['process_vm_readv'][COLUMN]}, {JUDGE}, 0, 0, 0, 0, 0)",
    f"call({syscalls.CLONE3[COLUMN]}, 0, 0)",
    f"call({syscalls.CLONE[COLUMN]}, {NEW_USER}, 0, 0, 0, 0)",
    f"call({syscalls.PRCTL[COLUMN]}, 1, 0, 0, 0, 0)",  # outlive the warm process
]
POWERS = [
    "os.setuid(0)",
    "os.setgroups([0])",
    f"call({syscalls.DENIED['setfsuid'][COLUMN]}, 0)",
    f"call({syscalls.DENIED['unshare'][COLUMN]}, {NEW_USER})",
    f"call({syscalls.DENIED['mount'][COLUMN]}, 0, 0, 0, 0, 0)",
    "os.chroot('.')",
    "os.memfd_create('mine')",
    "open('/proc/self/oom_score_adj', 'w')",
    "call(0x40000000 + 39)",  # the x32 way to ask for one's pid
    "call(470)",  # younger than the list
]


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("the answers", encoding="utf-8")
    return path


@pytest.mark.parametrize("expression", READING + WRITING + CONNECTING + OTHER_PROCESSES + POWERS)
def test_the_way_out_is_closed(attack, secret: Path, expression: str) -> None:
    before = {path: path.stat() for path in (secret, Path(HANDLER))}
    attempt = expression.format(secret=secret, judge=os.getpid())
    outcome = attack(f"""
        try:
            {attempt}
        except OSError as error:
            send(error.errno)
        else:
            send("escaped")
    """)
    assert outcome.status == "finished", outcome
    assert int(outcome.frames[0]) in REFUSED
    assert {path: path.stat()[:9] for path in before} == {path: old[:9] for path, old in before.items()}


def test_every_denied_call_answers_eperm(attack) -> None:
    numbers = {name: pair[COLUMN] for name, pair in syscalls.DENIED.items() if pair[COLUMN] is not None}
    outcome = attack(f"""
        for name, number in {numbers!r}.items():
            try:
                call(number, 0, 0, 0, 0, 0)
            except OSError as error:
                send((name, error.errno))
    """)
    assert [eval(frame) for frame in outcome.frames] == [(name, errno.EPERM) for name in numbers]


def test_a_server_on_this_machine_is_out_of_reach(attack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        outcome = attack(f"socket.create_connection({server.getsockname()!r})")
        assert outcome.status == "crashed"
        assert "PermissionError" in outcome.detail
        server.settimeout(0.1)
        with pytest.raises(TimeoutError):
            server.accept()


def test_limits_cannot_be_raised(attack) -> None:
    outcome = attack("resource.setrlimit(resource.RLIMIT_AS, (-1, -1))")
    assert "ValueError" in outcome.detail  # Python's word for EPERM here


def test_the_reference_cannot_be_imported(attack) -> None:
    """Not in the view, or seen and not to be opened."""
    detail = attack("import reference.attention").detail
    assert "ModuleNotFoundError" in detail or "PermissionError" in detail


def test_nothing_of_the_judge_is_inherited(attack) -> None:
    outcome = attack("""
        def is_open(descriptor):
            try:
                return bool(os.fstat(descriptor))
            except OSError:
                return False
        send([descriptor for descriptor in range(4096) if is_open(descriptor)])
        send(sorted(os.environ))
        send(sys.stdin.read())
        print("x" * (10 << 20))
    """)
    descriptors, names, typed = map(eval, outcome.frames)
    allowed = {"HOME", "LANG", "PATH", "PWD", "TMPDIR", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED"}
    assert outcome.status == "finished"
    assert descriptors == [0, 1, 2, 3]
    assert {name for name in names if not name.endswith(("_NUM_THREADS", "_ARENA_MAX"))} <= allowed
    assert typed == ""


def test_honest_work_goes_on_as_usual(attack) -> None:
    outcome = attack("""
        import json.tool, tempfile, decimal
        os.makedirs("a/b")
        with open("a/b/note", "w") as note:
            note.write("kept")
        os.rename("a/b/note", "note")
        with tempfile.TemporaryFile() as file:
            file.write(b"x")
        os.remove("note"), os.removedirs("a/b")
        thread = threading.Thread(target=lambda: send("from a thread"))
        thread.start(), thread.join()
        os.kill(os.getpid(), 0)
        send(os.listdir("."))
    """)
    assert (outcome.status, outcome.frames) == ("finished", (b"'from a thread'", b"[]"))
