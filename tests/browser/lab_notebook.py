"""A notebook in JupyterLab, driven as a student drives it: write into a cell, run it, read what appears below."""

from typing import Self

from playwright.sync_api import Locator, Page

OPEN = """async path => {
    await jupyterapp.restored;
    window.panel = await jupyterapp.commands.execute("docmanager:open", {path});
    await panel.revealed;
    await panel.sessionContext.ready;
}"""
FIND = "id => panel.content.widgets.findIndex(cell => cell.model.getMetadata('nbgrader')?.grade_id === id)"
WRITE = "([index, source]) => panel.content.widgets[index].model.sharedModel.setSource(source)"
SELECT = """async index => {
    jupyterapp.shell.activateById(panel.id);
    panel.content.activeCellIndex = index;
    await panel.content.scrollToItem(index);
}"""
COMMAND = "async ([name, options]) => { await jupyterapp.commands.execute(name, options); }"


class LabNotebook:
    """The notebook in the tab in front. A cell is known by its nbgrader id or by its place."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, path: str) -> Self:
        """Open a notebook in a tab of its own, and wait for its kernel."""
        self.page.wait_for_function("() => window.jupyterapp")
        self.page.evaluate(OPEN, path)
        return self

    def run(self, cell: str | int, source: str | None = None) -> Locator:
        """Run a cell, with this source if one is given, and return its output once it has ended."""
        index = self.index(cell)
        if source is not None:
            self.page.evaluate(WRITE, [index, source])
        self.page.evaluate(SELECT, index)
        self.command("notebook:run-cell")
        return self.cell(index).locator(".jp-OutputArea")

    def run_below(self, cell: str, source: str) -> Locator:
        """Insert a cell, as one does to try something, and run it."""
        index = self.index(cell)
        self.page.evaluate(SELECT, index)
        self.command("notebook:insert-cell-below")
        return self.run(index + 1, source)

    def cell(self, cell: str | int) -> Locator:
        return self.page.locator(f'#{self.page.evaluate("() => panel.id")} .jp-Cell[data-windowed-list-index="{self.index(cell)}"]')

    def index(self, cell: str | int) -> int:
        if isinstance(cell, int):
            return cell
        index = self.page.evaluate(FIND, cell)
        assert index >= 0, f"the notebook has no cell {cell}"
        return index

    def command(self, name: str, **options: str) -> None:
        """What a menu entry or a key does; returns when it is done."""
        self.page.evaluate(COMMAND, [name, options])
