"""Servers, a browser and pages for the tests that need them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from desk import CHROMIUM, FLAGS, Desk, serve
from playwright.sync_api import expect, sync_playwright

SCREENSHOTS = os.environ.get("VINYASA_SCREENSHOTS")
"""Where the screenshots of a run are kept; below pytest's temporary folder unless it is set."""

expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("lab"), tmp_path_factory.mktemp("jupyter"), "lab") as server:
        yield server


@pytest.fixture(scope="session")
def classic(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("notebook"), tmp_path_factory.mktemp("jupyter"), "notebook") as server:
        yield server


@pytest.fixture(scope="session")
def browser():
    if CHROMIUM is None:
        pytest.skip("chromium is not installed; `make test` installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory):
    folder = Path(SCREENSHOTS) if SCREENSHOTS else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def open_for_all(browser):
    """Open notebooks in pages that all tests of a module share."""
    yield from _desks(browser)


@pytest.fixture
def open_desk(browser):
    """Open notebooks in pages of one test's own."""
    yield from _desks(browser)


def _desks(browser):
    desks = []

    def open_desk(server, path, **size):
        desks.append(Desk(browser, server, path, **size))
        return desks[-1]

    yield open_desk
    for desk in desks:
        desk.close()
