"""`autograder play`, for a person and for a pipe."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from playground import make_playground

from autograder import cli
from autograder.play.player import Choice, Player, Settings
from autograder.play.terminal import Terminal

pytestmark = pytest.mark.usefixtures("at_home")


def run(*words: str, said: str | bytes = "") -> Result:
    return CliRunner().invoke(cli.main, ["play", *words], input=said)


def test_where_nothing_is_the_sentence_says_what_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run()
    assert done.exit_code == 2
    assert f"looked for *.safetensors in mygpt, {Path('workspace/mygpt')}, {Path('../mygpt')}" in done.stderr
    assert "there is no nowhere" in run("nowhere").stderr
    (tmp_path / "x.safetensors").write_bytes(b"")
    assert "no folder mygpt" in run("x.safetensors").stderr


@pytest.fixture
def as_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Terminal, "is_person", True)


def test_a_program_reads_the_tokens_and_their_probabilities(player: Player) -> None:
    done = run("--prompt", "abc", "--once", "--json", "--tokens", "5", "--seed", "1", "mygpt")
    told = json.loads(done.stdout)
    assert done.exit_code == 0 and "15 tokens, context 16; run by " in done.stderr
    tokens = list(player.complete(5, Settings()))
    assert [(t["id"], t["prob"]) for t in told["tokens"]] == [(t.id, pytest.approx(t.prob)) for t in tokens]
    assert told["prompt"] + "".join(t["text"] for t in told["tokens"]) == told["text"] == player.text
    assert (told["seed"], told["temperature"], told["num_cut"]) == (1, 0.8, 0)


def test_the_newest_file_is_played_and_a_pipe_is_the_prompt() -> None:
    done = run("bytes.safetensors", "--once", "--tokens", "3", "--temperature", "0", said="lowé\nlow\n")
    assert done.exit_code == 0 and done.stdout.startswith("lowé\nlow")


def test_each_line_of_a_pipe_is_a_beginning_or_an_order() -> None:
    done = run("mygpt", "--tokens", "4", said="/temperature 0\nabc\n\n/undo\n/tokens 1\nabc\n/quit\nX")
    first, second, third = done.stdout.splitlines()
    assert done.exit_code == 0
    assert len(first) == 7 and second[:7] == first and len(second) == 11 and third == first[:4]
    assert f"\n{second[:-1]}\n" in done.stderr and "1 tokens at a time" in done.stderr


@pytest.mark.parametrize(
    ("line", "sentence"),
    [("X", "never seen 'X'"), ("", "no text to go on"), ("/what", "there is no /what"), ("/tokens x", "'x' is none"),
     ("/top-p 3", "top-p is 3"), ("/undo", "no token to take back")],
)  # fmt: skip
def test_what_cannot_be_used_ends_a_pipe_and_not_a_talk(
    line: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run("mygpt", said=f"{line}\nabc\n")
    assert (done.exit_code, done.stdout) == (2, "") and sentence in done.stderr
    monkeypatch.setattr(Terminal, "is_person", True)
    done = run("mygpt", "--tokens", "2", said=f"{line}\nabc\n")
    assert done.exit_code == 0 and sentence in done.stderr and done.stdout.startswith("abc") and len(done.stdout) == 6


def test_by_steps_one_takes_chooses_and_goes_back() -> None:
    done = run(
        "mygpt", "--steps", "--seed", "1", "--top-p", "1", "-p", "abc", "--tokens", "2", said="\nu\n3\nwhat\n2\nq\n"
    )
    rows = re.findall(r"^(\d) (●| )\s+[\d.]+% [█▏ ]* (\S+)$", done.stderr, re.MULTILINE)
    menus = [rows[i : i + 8] for i in range(0, len(rows), 8)]
    drawn = next(char for _, mark, char in menus[0] if mark == "●")
    assert f"\nabc{drawn}\n" in done.stderr
    expected = f"abc{menus[2][2][2]}{menus[4][1][2]}\n".replace("␣", " ").replace("↵", "\n")
    assert (done.exit_code, done.stdout) == (0, expected)
    done = run("mygpt", "--steps", "-p", "abc", "--tokens", "2", "--temperature", "0", said="c\n")
    assert len(done.stdout) == 7 and re.search(r"out +\S\n", done.stderr)


def test_a_prompt_longer_than_the_context_is_cut_and_it_is_said() -> None:
    done = run("mygpt", "-p", "abc" * 6, "--once", "--tokens", "1", "--json")
    assert "the model sees 16 tokens: not the first 2 of this text" in done.stderr
    assert json.loads(done.stdout)["num_cut"] == 2


def test_what_a_model_writes_is_no_order_to_the_terminal() -> None:
    for words in (["--once"], ["--steps"]):
        done = run("mygpt", "-p", "a\x1bb", "--tokens", "1", "--seed", "1", *words, said="c\n")
        assert done.stdout.startswith("a␛b") and "\x1b" not in done.output


def test_ctrl_c_stops_the_text_and_not_the_talk(monkeypatch: pytest.MonkeyPatch, as_person: None) -> None:
    draw, left = Player.draw, [3]

    def tire(self: Player, settings: Settings) -> Choice:
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        return draw(self, settings)

    monkeypatch.setattr(Player, "draw", tire)
    done = run("mygpt", "--tokens", "4", "--temperature", "0", said="abc\nabc\n")
    first, second = done.stdout.splitlines()
    assert done.exit_code == 0 and second.startswith(first) and (len(first), len(second)) == (5, 7)
    left[0] = 3
    done = run("mygpt", "--once", "--prompt", "abc", "--temperature", "0")
    assert (done.exit_code, done.stdout) == (1, f"{first}\n")


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda text: "x = = 1", "your mygpt stops with SyntaxError"),
        (lambda text: text.replace("def next_token_probs", "def other"), "mygpt/play.py lacks next_token_probs"),
        (
            lambda text: text.replace("import KVCache", "import Lost, KVCache"),
            "not whole yet: cannot import name 'Lost'",
        ),
        (
            lambda text: text.replace("    n, T = len", "    lost\n    n, T = len"),
            "NameError: name 'lost' is not defined (mygpt/play.py, line ",
        ),
        (lambda text: "import no_such_package", "imports no_such_package, which is not installed"),
    ],
)
def test_a_mygpt_that_does_not_run_is_a_sentence(
    edit: Callable[[str], str], sentence: str, playground: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = make_playground(tmp_path)
    text = (package / "play.py").read_text(encoding="utf-8")
    (package / "play.py").write_text(edit(text), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    done = run(str(playground / "bytes.safetensors"), "-p", "a", "--once")
    assert done.exit_code == 2 and done.stdout in ("", "a\n") and sentence in done.stderr


def test_a_damaged_model_is_a_sentence(playground: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes((playground / "bytes.safetensors").read_bytes()[:-9])
    done = run(str(cut), "-p", "a", "--once")
    assert done.exit_code == 2 and "cut.safetensors is damaged" in done.stderr


@pytest.mark.slow
def test_a_terminal_of_its_own_without_the_reference(playground: Path, refuse: Callable[[str], str]) -> None:
    """A real terminal: keys are answered, Ctrl-C stops the text, Ctrl-D ends it all."""
    pty, fcntl, termios = map(pytest.importorskip, ("pty", "fcntl", "termios"))  # not on Windows
    keyboard, screen = pty.openpty()
    code = f"{refuse('reference')}\nfrom autograder.cli import main; main()"
    words = ["play", "bytes.safetensors", "--tokens", "1000000", "--temperature", "0"]
    environment = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1]), "TERM": "dumb"}
    with subprocess.Popen(
        [sys.executable, "-c", code, *words],
        **{"stdin": screen, "stdout": screen, "stderr": screen},
        **{"cwd": playground, "env": environment, "start_new_session": True},
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # so that Ctrl-C reaches it
    ) as process:
        os.close(screen)
        for wanted, key in ((b"\n> ", b"low\n"), (b"\nlow", b"\x03"), (b"\n> ", b"\x04")):
            seen = b""
            while wanted not in seen:
                seen += os.read(keyboard, 4096)
            os.write(keyboard, key)
        with suppress(OSError):  # on Linux, how a terminal's end is told
            while os.read(keyboard, 4096):
                pass
        assert process.wait(30) == 0
    os.close(keyboard)


def test_the_command_begins_with_the_settings_of_the_panel() -> None:
    defaults = {option.name: option.default for option in cli.play.params}
    assert Settings(defaults["temperature"], None, defaults["top_p"]) == Settings()
