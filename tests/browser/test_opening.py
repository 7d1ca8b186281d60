"""Every page opens wherever it lies, asks for nothing, and can be read without scripts.

That nothing complains and nothing is fetched is what `visitor` holds in every test.
"""

from __future__ import annotations

import pytest

from migration.web.rows import FIRST
from tests.browser.documents import ROWS, each, make_document
from tests.browser.visits import Look, Visitor


@pytest.mark.parametrize("name", each())
@pytest.mark.parametrize("over_http", [False, True], ids=["file", "http"])
def test_a_page_opens(visitor: Visitor, name: str, over_http: bool) -> None:
    page = visitor.open(make_document(name), Look(over_http=over_http))
    assert page.title()
    assert page.locator("h1").first.is_visible()
    for chart in page.locator("[data-chart]").all():
        assert chart.locator("svg").count() == 1


@pytest.mark.parametrize("name", each())
def test_a_page_can_be_read_without_scripts(visitor: Visitor, name: str) -> None:
    document = make_document(name)
    page = visitor.open(document, Look(scripts=False))
    assert page.locator("h1").first.is_visible()
    for box in page.locator("[data-rows]").all():
        rows = box.locator("table.stack > tbody > tr:not(.more)")
        assert rows.first.is_visible()
        assert rows.last.is_visible()
        assert box.locator("button, input, select").count() == 0


@pytest.mark.every_page
def test_without_scripts_a_long_table_says_that_there_is_more(visitor: Visitor) -> None:
    page = visitor.open(make_document("report-long"), Look(scripts=False))
    mailboxes = page.locator("section[aria-labelledby=mailboxes]")
    assert mailboxes.locator("table.stack > tbody").count() == FIRST
    assert f"the first {FIRST} of {ROWS}" in mailboxes.inner_text()


@pytest.mark.parametrize("name", each())
def test_nothing_moves_by_itself(visitor: Visitor, name: str) -> None:
    page = visitor.open(make_document(name), Look(reduced_motion=True))
    for button in page.locator("button.sort").all()[:1]:
        button.click()
    assert page.evaluate("document.getAnimations().length") == 0
