"""Where a trained GPT lies, and the code that runs it.

A model file holds numbers and no code. `mygpt` is Python, and is run: so a file that somebody sent is played with the
learner's own `mygpt`, and one that lies beside the file is taken only where there is no other.
"""

from pathlib import Path
from typing import Any

from autograder import mygpt
from autograder.errors import UsageError

HERE = (Path("."), Path("workspace"), Path(".."))
"""Where a learner stands: in the workspace, above it, or in a unit's folder."""


def find_model(where: Path | None) -> Path:
    """The model file itself, or the newest one of a folder.

    Raises:
        UsageError: there is none; the sentence says what was looked for.
    """
    if where is not None and where.is_file():
        return where
    if where is not None and not where.is_dir():
        raise UsageError(f"there is no {where}: name a .safetensors file or a workspace folder")
    folders = HERE if where is None else (where,)
    found = [path for folder in folders for path in _models(folder)]
    if not found:
        looked = ", ".join(str(folder / "mygpt") for folder in folders)
        raise UsageError(
            f"no trained GPT: looked for *.safetensors in {looked} and the unit folders beside. "
            "Unit 11-generation trains one and keeps it with `save_gpt`; or name a file"
        )
    return max(found, key=lambda path: path.stat().st_mtime)


def _models(folder: Path) -> list[Path]:
    return [path for pattern in ("", "mygpt/", "[0-9][0-9]-*/") for path in folder.glob(f"{pattern}*.safetensors")]


def find_code(where: Path | None, model: Path) -> Path:
    """The folder of the `mygpt` that runs a model: of the folder that was named, else the learner's, else nearby.

    Raises:
        UsageError: there is none.
    """
    named = [where, where.parent] if where is not None and where.is_dir() else []
    folders = [*named, *HERE, model.parent, model.parent.parent]
    for folder in folders:
        if (folder / "mygpt" / "__init__.py").is_file():
            return folder / "mygpt"
    raise UsageError(f"{model} is there, but no folder mygpt with the code to run it: go to your workspace")


def load(where: Path | None) -> tuple[Path, Path, Any, dict[str, Any]]:
    """Find and read a model.

    Returns:
        (file, code, model, tokenizer): `code` is the folder of the `mygpt` that is run from now on.

    Raises:
        UsageError: something is not there, is damaged, or does not fit together.
    """
    file = find_model(where)
    code = find_code(where, file)
    mygpt.enter(code.parent.resolve(), {})
    from autograder.play.player import learners_code, learners_play  # torch: a second that a wrong name need not cost

    play = learners_play()
    with learners_code():
        return file, code, *play.load_gpt(file)
