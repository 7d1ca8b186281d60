"""Chromium for the tests of pages. Without it they skip and say so; `make browser-test` runs all of
them, `make test` those that are not marked every_page."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.visits import ARGUMENTS, Visitor
from tools.install_browser import find_browser


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("BROWSER_TESTS") == "all":
        return
    left = [item for item in items if item.get_closest_marker("every_page")]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in left]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for each file of tests: while it is there, asyncio is not to be had in this thread."""
    path = find_browser()
    if not path:
        pytest.skip("there is no Chromium: make browser-install")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visitor(browser: Browser, tmp_path: Path) -> Iterator[Visitor]:
    """Opens pages. What a page complains about or asks the network for fails the test."""
    visitor = Visitor(browser, tmp_path)
    yield visitor
    visitor.close()
