"""Entering the course anywhere: a notebook's imports are lent, and whole units borrowed, from reference or pack."""

import ast
import contextlib
import importlib
import json
import linecache
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from click.testing import CliRunner

from autograder import catchup, check, learner, open_unit, served
from autograder.catchup import catch_up, read_pack, write_pack
from autograder.cli import main
from autograder.course import Course, Unit, find_course
from autograder.errors import UsageError
from autograder.keeping import _without_orphans
from autograder.key import load_public_key
from autograder.mygpt import BORROWED, OWN, Loan, borrow, read_sections
from autograder.probes import probes_in
from autograder.running import implementation_of, observe
from autograder.source import answer_source, setup_imports
from autograder.verdict import judge_exercise

COURSE = find_course(Path(__file__).parent)
every_unit = pytest.mark.parametrize("unit", COURSE.units, ids=lambda unit: unit.name)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty workspace, which this process imports from."""
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    monkeypatch.setattr(learner, "_session", None)
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    served.forget()
    yield folder
    served.forget()


@pytest.fixture
def without_reference(tmp_path: Path) -> Course:
    """What a student's bundle says of the course."""
    root = tmp_path / "bundle"
    root.mkdir()
    shutil.copy(COURSE.root / "course.toml", root)
    return Course(root)


def filled(unit: str, folder: Path, **options: Any) -> dict[str, Loan]:
    return {path.stem: loan for path, loan in catch_up(COURSE, COURSE.unit(unit), folder, **options)}


@every_unit
def test_a_notebook_finds_all_its_imports_without_any_earlier_unit(unit: Unit, desk: Path) -> None:
    """The setup cell's, and those that the lesson makes on its way; its own module comes with the answers."""
    (desk / unit.folder).mkdir()
    with contextlib.chdir(desk / unit.folder):
        open_unit(unit.name)
    notebook = nbformat.read(COURSE.root / "course" / unit.folder / f"{unit.name}.ipynb", as_version=4)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code" and "mygpt" in cell.source]
    nodes = [node for source in code for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    borrowed = [node for node in nodes if str(node.module).startswith("mygpt.") and node.module != f"mygpt.{unit.name}"]
    given = load_public_key(unit.name).given
    assert {str(node.module).removeprefix("mygpt.") for node in borrowed} <= set(given)
    waiting = {f"mygpt.{name}" for name, source in given.items() if f"from mygpt.{unit.name} import " in source}
    for node in borrowed:
        if node.module not in waiting:
            exec(ast.unparse(node), {})
    filled(unit.name, desk)  # what joins the unit's own answers to others waits for them
    for node in borrowed:
        exec(ast.unparse(node), {})


@every_unit
def test_a_borrowed_unit_passes_its_public_key(unit: Unit, desk: Path) -> None:
    filled(unit.name, desk)
    module = importlib.import_module(f"mygpt.{unit.name}")
    assert Path(str(module.__file__)).is_relative_to(desk)
    key = load_public_key(unit.name)
    probes = probes_in(importlib.import_module(f"autograder.checks.{unit.name}"))
    for exercise in key.exercises:
        named = {probe.name: probe for probe in probes[exercise.name]}
        implementation = implementation_of(exercise.names, vars(module))
        seen = observe([(named[p.name], p.seed) for p in exercise.probes], implementation, 60.0)
        assert judge_exercise(exercise, list(seen)).right, exercise.name


def test_all_before_is_whole_and_the_unit_itself_is_left_to_do(desk: Path) -> None:
    loans = filled("gpt", desk, before=True)
    assert list(loans) == ["bigram", "embeddings", "attention", "block"]
    assert {path.stem for path in (desk / "mygpt").glob("[a-z]*.py")} == set(loans)
    for name, loan in loans.items():
        module = importlib.import_module(f"mygpt.{name}")
        names = [name for exercise in COURSE.unit(name).exercises for name in exercise.names]
        assert set(names) <= set(loan.new) and all(hasattr(module, one) for one in names)


def test_the_folder_of_a_unit_is_as_good_as_the_workspace(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (desk / "07-block").mkdir()
    monkeypatch.chdir(desk / "07-block")
    for folder in (Path(), desk / "07-block", desk):
        filled("bigram", folder)
        assert [path.parent.name for path in desk.rglob("bigram.py")] == ["mygpt"]
    assert (desk / "mygpt" / "bigram.py").is_file()


def test_what_the_lesson_imports_comes_along(desk: Path) -> None:
    """So that everything of a unit runs, also the bridges that join it to others."""
    filled("generation", desk)
    for name in load_public_key("generation").given:
        assert Path(str(importlib.import_module(f"mygpt.{name}").__file__)).is_relative_to(desk)


def test_what_is_the_learners_own_is_never_touched(desk: Path) -> None:
    path = desk / "mygpt" / "attention.py"
    path.parent.mkdir()
    mine = "# ---- my own: causal_mask ----\n\ndef causal_mask(T_q, T_k):\n    return 'mine'\n"
    path.write_text(f"{mine}\n\nclass MultiHeadAttention:\n    '''No heading above me.'''\n", encoding="utf-8")
    loan = filled("attention", desk)["attention"]
    assert loan.own == ("causal_mask", "MultiHeadAttention") and loan.before == ()
    assert loan.new == ("scaled_dot_product_attention", "split_heads", "merge_heads", "repeat_kv")
    sections = read_sections(path)
    assert sections[f"{OWN}causal_mask"].startswith("def causal_mask(T_q, T_k):\n    return 'mine'")
    assert f"{BORROWED}split_heads" in sections and f"{BORROWED}causal_mask" not in sections
    assert importlib.import_module("mygpt.attention").causal_mask(1, 1) == "mine"
    before = path.read_bytes()
    again = filled("attention", desk)["attention"]
    assert again == Loan(new=(), own=loan.own, before=loan.new)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["attention", "block", "gpt"])
def test_ones_own_answer_takes_the_place_of_what_was_borrowed(
    name: str, desk: Path, capsys: pytest.CaptureFixture
) -> None:
    """Every exercise of a unit, one after the other, and at the end nothing in it is borrowed."""
    filled(name, desk)
    unit, path, namespace = COURSE.unit(name), desk / "mygpt" / f"{name}.py", dict[str, Any]()
    open_unit(name)
    exec("\n".join(setup_imports(COURSE, unit)), namespace)
    assert f"{BORROWED}{unit.exercises[0].name}" in read_sections(path)
    for number, exercise in enumerate(unit.exercises):
        cell, filename = f"# mine\n{answer_source(COURSE, unit, exercise)}", f"<ipython-input-{number}-{name}>"
        linecache.cache[filename] = (len(cell), None, cell.splitlines(keepends=True), filename)
        exec(compile(cell, filename, "exec"), namespace)
        check(*(namespace[one] for one in exercise.names))
        linecache.cache.pop(filename)
        assert f"Kept in mygpt/{name}.py: {exercise.name}." in capsys.readouterr().out
        sections = read_sections(path)
        assert f"{OWN}{exercise.name}" in sections and f"{BORROWED}{exercise.name}" not in sections
    assert [heading for heading in read_sections(path) if heading.startswith(BORROWED)] == []
    module = importlib.import_module(f"mygpt.{name}")
    assert all(hasattr(module, one) for exercise in unit.exercises for one in exercise.names)


def test_a_borrowed_helper_goes_with_its_function(desk: Path) -> None:
    chain = "def winner(x):\n    return _ranked(x)\n\n\ndef _ranked(x):\n    return _deep(x)\n\n\n_deep = sorted\n"
    borrow(path := desk / "counting.py", chain)
    sections = read_sections(path)
    assert _without_orphans(sections) == sections
    del sections[f"{BORROWED}winner"]
    assert [heading for heading in _without_orphans(sections) if heading.startswith(BORROWED)] == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"def half(\n", "attention.py is no Python (line 1: '(' was never closed): mend it, then catch up"),
        (b"\xff\xfe", "attention.py cannot be read or written: 'utf-8' codec"),
    ],
)
def test_a_module_that_is_broken_is_told(content: bytes, sentence: str, desk: Path) -> None:
    path = desk / "mygpt" / "attention.py"
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        filled("attention", desk)
    assert sentence in str(caught.value)
    assert path.read_bytes() == content


def test_without_reference_a_pack_does_the_same(desk: Path, tmp_path: Path, without_reference: Course) -> None:
    pack = write_pack(COURSE, [COURSE.unit("attention"), COURSE.unit("bigram")], tmp_path / "catch-up.json")
    assert (
        pack.read_bytes() == write_pack(COURSE, COURSE.units[5:6] + COURSE.units[:1], tmp_path / "b.json").read_bytes()
    )
    filled("attention", desk)
    (other := tmp_path / "other").mkdir()
    loans = list(catch_up(without_reference, without_reference.unit("attention"), other, pack=pack))
    assert [path.name for path, _ in loans] == ["attention.py", "bigram.py"]
    assert "softmax" in loans[1][1].new and "sample_bigram" not in loans[1][1].new  # only what attention imports
    for path in (desk / "mygpt").glob("*.py"):
        assert (other / "mygpt" / path.name).read_bytes() == path.read_bytes()


def test_without_either_it_says_what_to_ask_for(desk: Path, without_reference: Course) -> None:
    ask = "the course's own bigram, embeddings are not on this machine: ask your instructor for a catch-up pack"
    with pytest.raises(UsageError) as caught:
        list(catch_up(without_reference, without_reference.unit("attention"), desk, before=True))
    assert str(caught.value) == f"{ask} (`autograder pack bigram embeddings` writes it) and add --pack FILE"
    with pytest.raises(UsageError, match="the course's own attention is not on this machine"):
        write_pack(without_reference, [without_reference.unit("attention")], desk / "pack.json")
    assert list(desk.iterdir()) == []


def edited(**changes: Any) -> Callable[[str], str]:
    return lambda text: json.dumps({**json.loads(text), **changes})


BAD_PACKS: dict[str, tuple[Callable[[str], str], str]] = {
    "cut off": (lambda text: text[: len(text) // 2], "is damaged, or no catch-up pack: its JSON cannot be read"),
    "no JSON": (lambda text: "<html>404</html>", "is damaged, or no catch-up pack"),
    "too deep": (lambda text: "[" * 100_000, "is damaged, or no catch-up pack"),
    "a list": (lambda text: "[1, 2]", "is no catch-up pack; ask for the file that `autograder pack` writes"),
    "a notebook": (lambda text: '{"cells": [], "nbformat": 4}', "is no catch-up pack"),
    "from the future": (edited(format=2), "of format 2, and this program reads format 1: update the course's files"),
    "foreign": (edited(course="cooking"), "belongs to the course 'cooking', and this is 'build-a-gpt'"),
    "without units": (edited(units=None), "is damaged: it is not as `autograder pack` wrote it"),
    "a letter changed": (lambda text: text.replace("def causal_mask", "def causal_tusk"), "is damaged: it is not as"),
    "another unit's": (lambda text: text, "holds attention, and not gpt: ask your instructor for one that does"),
}


@pytest.mark.parametrize("case", BAD_PACKS)
def test_a_bad_pack_gets_one_sentence(case: str, tmp_path: Path) -> None:
    damage, sentence = BAD_PACKS[case]
    pack = write_pack(COURSE, [COURSE.unit("attention")], tmp_path / "catch-up.json")
    pack.write_text(damage(pack.read_text(encoding="utf-8")), encoding="utf-8")
    unit = COURSE.unit("gpt" if case == "another unit's" else "attention")
    with pytest.raises(UsageError) as caught:
        read_pack(pack, COURSE, [unit])
    assert str(caught.value).startswith(f"{pack} ") and sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["../../.bashrc", "__init__", "a/b", "A", ""])
def test_a_pack_writes_into_mygpt_and_nowhere_else(name: str, tmp_path: Path) -> None:
    """Also one whose digest is right."""
    units = {"attention": {"attention": "x = 1\n", name: "x = 1\n"}}
    pack = tmp_path / "catch-up.json"
    head = {"kind": catchup.KIND, "format": catchup.FORMAT, "course": COURSE.id}
    pack.write_text(json.dumps({**head, "sha256": catchup._digest(units), "units": units}), encoding="utf-8")
    with pytest.raises(UsageError, match="is damaged"):
        read_pack(pack, COURSE, [COURSE.unit("attention")])


def test_a_missing_pack_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_pack(tmp_path / "none.json", COURSE, [])


def test_the_command_line(desk: Path) -> None:
    run = CliRunner()
    root = ["--root", str(COURSE.root)]
    done = run.invoke(main, [*root, "catch-up", "6", str(desk), "--before"])
    assert done.exit_code == 0 and done.stderr == "A notebook that is open sees this once you restart its kernel.\n"
    first, second = done.stdout.splitlines()
    assert first.startswith(f"{desk}/mygpt/bigram.py: borrowed: build_char_vocab, bigram_counts, ")
    assert second.startswith(f"{desk}/mygpt/embeddings.py: borrowed: embedding_lookup, ")
    done = run.invoke(main, [*root, "catch-up", "bigram", str(desk), "--before"])
    assert (done.exit_code, done.stdout) == (0, "") and "stands on no earlier unit" in done.stderr
    done = run.invoke(main, [*root, "catch-up", "bigram", str(desk / "nowhere")])
    assert done.exit_code == 2 and "there is no folder" in done.stderr
    done = run.invoke(main, [*root, "pack", "bigram", "-o", str(desk / "pack.json")])
    assert (done.exit_code, done.stdout) == (0, f"{desk}/pack.json\n")
    assert run.invoke(main, [*root, "pack"]).exit_code == 2
    done = run.invoke(main, [*root, "pack", "7", "8", "--before", "-o", str(desk / "pack.json")])
    needed = COURSE.before(COURSE.unit("gpt"))
    assert done.exit_code == 0 and list(read_pack(desk / "pack.json", COURSE, needed)) == [u.name for u in needed]


def test_it_needs_neither_the_reference_nor_torch(run_python: Callable, refuse: Callable, tmp_path: Path) -> None:
    code = "import sys\nfrom autograder.cli import main\nmain(sys.argv[1:])"
    pack = tmp_path / "pack.json"
    for args in (["pack", "bpe", "-o", str(pack)], ["catch-up", "bpe", str(tmp_path), "--pack", str(pack)]):
        done = run_python(refuse("reference") + refuse("torch") + code, *args)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "mygpt" / "bpe.py").is_file()


def test_units_before_are_found_through_each_other() -> None:
    names = [unit.name for unit in COURSE.before(COURSE.unit("block"))]
    assert names == ["bigram", "embeddings", "attention"]
    assert COURSE.before(COURSE.unit("bigram")) == ()
