"""What axe-core finds wrong in a page: https://github.com/dequelabs/axe-core"""

from __future__ import annotations

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

_RUN = "options => axe.run(document, { resultTypes: ['violations'], ...options })"
_CONTRAST = {"runOnly": ["color-contrast"]}
_GRAVE = ("serious", "critical")


def find_grave(page: Page, *, contrast_alone: bool = False) -> list[str]:
    """The rules that are broken gravely, each with the first element that breaks it."""
    page.evaluate(AXE_SCRIPT)
    found = page.evaluate(_RUN, _CONTRAST if contrast_alone else {})["violations"]
    return [
        f"{each['id']}: {each['nodes'][0]['target']} {each['nodes'][0].get('failureSummary', '')}"
        for each in found
        if each["impact"] in _GRAVE
    ]
