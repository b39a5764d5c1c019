"""A notebook in JupyterLab, driven as a student drives it: write into a cell, run it, read what appears below."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from playwright.sync_api import Locator, Page

OPEN = """async path => {
    await jupyterapp.restored;
    window.panel = await jupyterapp.commands.execute("docmanager:open", {path});
    await panel.revealed;
    await panel.sessionContext.ready;
    return panel.id;
}"""
CLOSE = """async () => {
    await panel.context.save();
    await panel.sessionContext.shutdown();
    panel.dispose();
}"""
FIND = "id => panel.content.widgets.findIndex(cell => cell.model.getMetadata('nbgrader')?.grade_id === id)"
WRITE = "([index, source]) => panel.content.widgets[index].model.sharedModel.setSource(source)"
SELECT = """async index => {
    panel.content.activeCellIndex = index;
    await panel.content.scrollToItem(index);
}"""
COMMAND = "async ([name, options]) => { await jupyterapp.commands.execute(name, options); }"


def write_notebook(path: Path, *sources: str) -> None:
    """Write a notebook with these cells, which opens without asking for a kernel."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


@contextmanager
def open_notebook(page: Page, path: str) -> Iterator["LabNotebook"]:
    """Open a notebook in a tab of its own and wait for its kernel; at the end save it and stop the kernel."""
    page.wait_for_function("() => window.jupyterapp")
    yield LabNotebook(page, page.evaluate(OPEN, path))
    page.evaluate(CLOSE)


class LabNotebook:
    """The notebook in the tab in front. A cell is known by its nbgrader id or by its place."""

    def __init__(self, page: Page, panel: str) -> None:
        self.page = page
        self.tab = page.locator(f"#{panel}")

    def run(self, cell: str | int, source: str | None = None) -> Locator:
        """Run a cell, with this source if one is given, and return its output once it has ended."""
        index = self._index(cell)
        if source is not None:
            self.write(index, source)
        self.select(index)
        self.command("notebook:run-cell")
        return self.cell(index).locator(".jp-OutputArea")

    def run_below(self, cell: str, source: str) -> Locator:
        """Insert a cell, as one does to try something, and run it."""
        index = self._index(cell)
        self.select(index)
        self.command("notebook:insert-cell-below")
        return self.run(index + 1, source)

    def write(self, cell: str | int, source: str) -> None:
        self.page.evaluate(WRITE, [self._index(cell), source])

    def select(self, cell: str | int) -> None:
        self.page.evaluate(SELECT, self._index(cell))

    def cell(self, cell: str | int) -> Locator:
        return self.tab.locator(f'.jp-Cell[data-windowed-list-index="{self._index(cell)}"]')

    def command(self, name: str, **options: str) -> None:
        """What a menu entry or a key does; returns when it is done."""
        self.page.evaluate(COMMAND, [name, options])

    def _index(self, cell: str | int) -> int:
        if isinstance(cell, int):
            return cell
        index = self.page.evaluate(FIND, cell)
        assert index >= 0, f"the notebook has no cell {cell}"
        return index
