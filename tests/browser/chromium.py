"""The browser of this machine, found by name and never downloaded. It talks to this machine only."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = ("no-sandbox", "disable-gpu", "disable-background-networking", "disable-component-update", "disable-sync")
WIDTH, HEIGHT = 1100, 900
PATIENCE_MS = 30_000  # for what takes a second, on a machine that is busy

expect.set_options(timeout=PATIENCE_MS)


@contextmanager
def start_chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        arguments = [f"--{name}" for name in (*QUIET, "no-first-run")]
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=arguments)
        yield browser
        browser.close()


def new_page(browser: Browser, scale: float = 1) -> Page:
    """A page of a fresh visitor. `scale` is the number of dots per pixel."""
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=scale)
    context.route("**/*", _stay_here)
    return context.new_page()


def _stay_here(route: Route) -> None:
    """formgrader asks a public host for MathJax; a test does not."""
    here = route.request.url.startswith(("http://127.0.0.1:", "file:", "data:", "blob:"))
    route.continue_() if here else route.abort()
