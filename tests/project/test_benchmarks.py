"""The table of the benchmarks, and the small parts of one of them. How fast anything is, no test says."""

import ast
import json
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import bpe
from benchmarks.__main__ import FIGURES, FOLDER, OLD, TABLE, Figure, machine, read_table, run, written

HERE = "a processor, 2 cores"
SMALL = (
    Figure("first", "ratio", "ours beside theirs", at_least=50),
    Figure("first", "median_s", "the same", "s", at_most=0.5),
    Figure("second", "ratio", "theirs beside ours"),
)


@pytest.fixture
def bench(tmp_path: Path) -> Callable[..., tuple[list[str], dict[str, tuple[str, str]]]]:
    """Run stand-ins that print what they are told to; return the complaints, and the rows by benchmark and field."""

    def bench(where: str = HERE, /, **prints: str) -> tuple[list[str], dict[str, tuple[str, str]]]:
        complaints = run(prints, SMALL, tmp_path / "README.md", where, lambda name: stand_in(prints[name]))
        rows = read_table(tmp_path / "README.md")
        return complaints, {f"{f.benchmark}.{f.field}": rows[f.name] for f in SMALL}

    return bench


def stand_in(prints: str) -> list[str]:
    """A command that prints this and ends well, or, told to fail, does not."""
    code = "import sys; print('{\"ratio\": 1}'); sys.exit(3)" if prints == "fail" else f"print({prints!r})"
    return [sys.executable, "-c", code]


FIRST = json.dumps({"ratio": 71.84, "median_s": 0.25, "other": "words"})


def test_every_benchmark_is_in_the_list_and_nothing_else() -> None:
    trees = {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.py")}
    runnable = {name for name, tree in trees.items() if "main" in [getattr(node, "name", "") for node in tree.body]}
    assert runnable - {"__main__"} == {figure.benchmark for figure in FIGURES}


def test_the_table_is_the_list_with_figures() -> None:
    """Whoever changes the list runs a benchmark, which writes the table anew."""
    assert written(FIGURES, read_table(TABLE)) == TABLE.read_text(encoding="utf-8")


def test_a_run_writes_its_rows_and_leaves_the_others(bench: Callable) -> None:
    assert bench(first=FIRST) == (
        [],
        {
            "first.ratio": ("71.8 times", HERE),
            "first.median_s": ("0.25 s", HERE),
            "second.ratio": ("not yet", "–"),
        },
    )
    complaints, rows = bench("elsewhere", second='{"ratio": 2}')
    assert complaints == []
    assert (rows["first.ratio"], rows["second.ratio"]) == (("71.8 times", HERE), ("2 times", "elsewhere"))


def test_a_figure_that_misses_what_is_wanted_says_so(bench: Callable) -> None:
    _, rows = bench(first='{"ratio": 49, "median_s": 0.6}')
    assert (rows["first.ratio"][0], rows["first.median_s"][0]) == ("49 times, missed", "0.6 s, missed")


def test_a_failure_keeps_the_old_figure_and_loses_no_other(bench: Callable) -> None:
    bench(first=FIRST)
    complaints, rows = bench("elsewhere", first="fail", second='{"ratio": 2}')
    assert complaints == [f"first, {field}: it ended with exit code 3" for field in ("ratio", "median_s")]
    assert rows["first.ratio"] == (f"71.8 times{OLD}", HERE)
    assert rows["second.ratio"] == ("2 times", "elsewhere")
    _, again = bench("elsewhere", first="fail")
    assert again["first.ratio"] == rows["first.ratio"]  # marked once
    _, well = bench("elsewhere", first=FIRST)
    assert well["first.ratio"] == ("71.8 times", "elsewhere")


@pytest.mark.parametrize(
    ("prints", "why"),
    [
        ("71.8 times", "what it printed with --json is no JSON"),
        ("[71.8]", "what it printed with --json is no object"),
        ('{"ratio": null}', "it was not measured"),
        ('{"speed": 2}', "it was not measured"),
        ('{"ratio": "fast"}', "'fast' is no number"),
        ('{"ratio": true}', "True is no number"),
    ],
)
def test_what_is_no_figure_is_said(bench: Callable, prints: str, why: str) -> None:
    complaints, rows = bench(second=prints)
    assert complaints == [f"second, ratio: {why}"]
    assert rows["second.ratio"][0].endswith(OLD)


def test_the_same_figures_give_the_same_bytes(bench: Callable, tmp_path: Path) -> None:
    bench(first=FIRST, second='{"ratio": 2}')
    first = (tmp_path / "README.md").read_bytes()
    bench(second='{"ratio": 2}', first=FIRST)
    assert (tmp_path / "README.md").read_bytes() == first


def test_the_machine_is_described_and_not_named() -> None:
    assert platform.node() not in machine()
    assert f"Python {platform.python_version()}, torch " in machine() and " cores" in machine()


def test_an_unknown_benchmark_is_a_usage_error() -> None:
    command = [sys.executable, "-m", "benchmarks", "--only", "nothing"]
    done = subprocess.run(command, cwd=FOLDER.parent, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "bpe" in done.stderr


TINY = "".join(f"{word} " * times for word, times in {"low": 17, "lower": 11, "newest": 23, "über": 9}.items())


def test_bpe_compares_trainings_that_agree(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(bpe, "find_spec", lambda _: None)  # as where tokenizers is not installed
    result = bpe.measure(TINY, 10, naive_merges=4, repeats=1)
    assert (result["merges"], result["naive_measured_on"], result["rust_ratio"]) == (10, 4, None)
    assert "10 merges on a text" in bpe.told({"text": "a text"} | result)
    assert "not installed" in capsys.readouterr().err


def test_bpe_refuses_to_compare_trainings_that_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bpe, "train_bpe_incremental", lambda *_: ({}, [(b"x", b"y")] * 10))
    with pytest.raises(SystemExit, match="other merges"):
        bpe.measure(TINY, 10, naive_merges=4, repeats=1)
    monkeypatch.setattr(bpe, "train_bpe_incremental", lambda *_: ({}, []))
    with pytest.raises(SystemExit, match="no pair"):
        bpe.measure("a", 10, naive_merges=4, repeats=1)


def test_tokenizers_learns_the_same_where_no_two_pairs_are_equally_frequent() -> None:
    """So pattern, alphabet and number of merges are the same on both sides."""
    text = "xyz." * 20 + "yz." * 5 + "ü." * 9
    _, _, theirs = bpe.train_in_rust(text, 3, repeats=1)
    assert theirs == [(b"y", b"z"), (b"x", b"yz"), (b"\xc3", b"\xbc")]
    assert bpe.train_bpe_incremental(text, 256 + 3)[1] == theirs


def test_bytes_are_read_back_from_visible_characters() -> None:
    from tokenizers.pre_tokenizers import ByteLevel

    as_bytes = ByteLevel(add_prefix_space=False, use_regex=False)
    text = "a é\n語😀\x00\xad"
    ((letters, _),) = as_bytes.pre_tokenize_str(text)
    assert bpe.spelled(letters) == text.encode("utf-8")
