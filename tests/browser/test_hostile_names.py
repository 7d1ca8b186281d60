"""Names from outside are text wherever they stand: nothing runs, is made, or turns its line."""

from __future__ import annotations

from collections import Counter

import pytest

from migration.figures import make_visible
from tests.browser.documents import each, make_document
from tests.browser.hostile import NAMES
from tests.browser.tables import Table
from tests.browser.visits import PHONE, Look, Visitor

_HARMLESS = {
    "report-hostile": "report",
    "plan-hostile": "plan",
    "progress-hostile": "progress",
    "client-page-hostile": "client-page",
}
_WHOLE = ("report-hostile", "plan-hostile")
"""In these every name stands as it is; a user's page shortens one."""
_MADE = "() => [...document.querySelectorAll('body *')].map(one => one.localName)"
_ATTRIBUTES = """() => [...document.querySelectorAll('*')].flatMap(one =>
    [...one.attributes].map(each => `${each.name}=${each.value}`)
        .filter(each => /^(on|(href|src|action)=javascript:)/i.test(each)))"""
_RIGHT_TO_LEFT = """() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
        const [text, holder] = [walker.currentNode.data, walker.currentNode.parentElement];
        if (holder.closest('script') || !/\\p{Script=Hebrew}/u.test(text)) continue;
        const isolation = getComputedStyle(holder).unicodeBidi;
        found.push({ isolation, holder: holder.outerHTML.slice(0, 120) });
    }
    return found;
}"""
_DIRECTIONS = "[\\u202a-\\u202e\\u2066-\\u2069]"


def shown(name: str) -> str:
    """As the page shows a name: half a pair of surrogates is no character."""
    return make_visible(name).encode("utf-8", "replace").decode().replace("?", "\ufffd")


def as_lines(text: str) -> str:
    return " ".join(text.replace("?", "\ufffd").split())


@pytest.mark.parametrize("name", each(*_HARMLESS, always=("report-hostile",)))
@pytest.mark.parametrize("width", [1280, PHONE], ids=["screen", "phone"])
def test_no_element_is_made_of_a_name(visitor: Visitor, name: str, width: int) -> None:
    page = visitor.open(make_document(name), Look(width=width))
    made = set(page.evaluate(_MADE))
    usual = set(visitor.open(make_document(_HARMLESS[name])).evaluate(_MADE))
    assert made <= usual
    assert page.locator("script").count() == page.locator("body script").count()
    assert page.evaluate(_ATTRIBUTES) == []


@pytest.mark.parametrize("name", each(*_WHOLE, always=("report-hostile",)))
def test_names_are_read_as_they_are_and_turn_nothing(visitor: Visitor, name: str) -> None:
    page = visitor.open(make_document(name))
    text = as_lines(page.locator("main").inner_text())
    assert [each for each in NAMES if as_lines(shown(each)) not in text] == []
    assert page.evaluate(f"new RegExp('{_DIRECTIONS}').test(document.body.innerText)") is False


@pytest.mark.parametrize("name", each(*_WHOLE, always=("report-hostile",)))
def test_names_from_right_to_left_are_kept_apart(visitor: Visitor, name: str) -> None:
    page = visitor.open(make_document(name))
    holders = page.evaluate(_RIGHT_TO_LEFT)
    assert len(holders) > 3
    assert {each["isolation"] for each in holders} == {"isolate"}


def test_what_is_unpacked_later_is_text_too(visitor: Visitor) -> None:
    page = visitor.open(make_document("report-hostile"))
    table = Table(page, "remarks")
    before = Counter(page.evaluate(_MADE))
    table.sort("Mailbox")
    table.box.get_by_role("searchbox").fill("<script>")
    table.box.get_by_role("searchbox").fill("")
    table.expect_status(f"1–{2 * len(NAMES)} of {2 * len(NAMES)} messages")
    assert Counter(page.evaluate(_MADE)).keys() == before.keys()


def test_a_search_finds_hostile_names(visitor: Visitor) -> None:
    table = Table(visitor.open(make_document("report-hostile")), "mailboxes")
    for name in ("<script>alert('x')</script>", "constructor", "__proto__", "{{ 7*7 }}"):
        table.box.get_by_role("searchbox").fill(name)
        table.expect_status(f"1–1 of 1 mailboxes (of {len(NAMES)} in all)")
