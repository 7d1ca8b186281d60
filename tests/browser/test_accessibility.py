"""Pages can be used by everybody: what axe-core judges, and the keyboard alone."""

from __future__ import annotations

import pytest

from tests.browser.accessibility import find_grave
from tests.browser.documents import each, make_document
from tests.browser.visits import PHONE, SCREEN, Look, Visitor

_TO_REACH = "a[href], button:enabled, input:not([type=hidden]), select, summary"
_NAMES = """elements => elements.filter(each => each.checkVisibility({ visibilityProperty: true }))
    .map(each => each.outerHTML.slice(0, 200))"""
_FOCUSED = """() => {
    const style = getComputedStyle(document.activeElement);
    const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    return [document.activeElement.outerHTML.slice(0, 200), seen];
}"""


_OPEN_SOME = "all => all.slice(0, 3).forEach(one => one.open = true)"


@pytest.mark.parametrize("name", each(always=("report", "plan", "question")))
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_grave(visitor: Visitor, name: str, dark: bool) -> None:
    page = visitor.open(make_document(name), Look(dark=dark))
    page.locator("details").evaluate_all(_OPEN_SOME)
    assert find_grave(page, contrast_alone=dark) == []


@pytest.mark.every_page
@pytest.mark.parametrize("name", each())
def test_axe_finds_nothing_grave_on_a_phone(visitor: Visitor, name: str) -> None:
    assert find_grave(visitor.open(make_document(name), Look(width=PHONE))) == []


@pytest.mark.parametrize("name", each("report", "plan", "question", "client-page", "client-list"))
@pytest.mark.parametrize("width", [SCREEN, PHONE], ids=["screen", "phone"])
def test_the_keyboard_reaches_everything_in_order_and_is_seen(
    visitor: Visitor, name: str, width: int
) -> None:
    page = visitor.open(make_document(name), Look(width=width))
    wanted = page.locator(_TO_REACH).evaluate_all(_NAMES)
    reached = []
    for _ in wanted:
        page.keyboard.press("Tab")
        element, seen = page.evaluate(_FOCUSED)
        assert seen, f"nobody sees that the focus is on {element}"
        reached.append(element)
    assert reached == wanted
