"""Tables sort, filter, page and expand, by mouse, by keyboard, and on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.documents import LARGEST, ROWS, make_document
from tests.browser.tables import Table
from tests.browser.visits import PHONE, Look, Visitor

EITHER = re.compile("ascending|descending")
_UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def as_number(text: str) -> float:
    number, _, unit = text.replace(",", "").partition(" ")
    return float(number) * _UNITS[unit or "B"]


def as_text(text: str) -> str:
    return "" if text == "\N{EN DASH}" else text


def mailboxes(visitor: Visitor, name: str = "report", width: int = 1280) -> Table:
    return Table(visitor.open(make_document(name), Look(width=width)), "mailboxes")


# ---- sorting ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "value", "first"),
    [
        ("Messages", as_number, "descending"),
        ("Size", as_number, "descending"),
        ("Last pass", as_text, "ascending"),
        ("WorkMail user", as_text, "ascending"),
    ],
)
def test_a_column_sorts_both_ways_and_back(
    visitor: Visitor, heading: str, value: Callable[[str], float | str], first: str
) -> None:
    table = mailboxes(visitor)
    as_written = table.column("Mailbox")
    for direction in (first, {"descending", "ascending"}.difference([first]).pop()):
        table.sort(heading)
        expect(table.heading(heading)).to_have_attribute("aria-sort", direction)
        values = [value(each) for each in table.column(heading)]
        assert values == sorted(values, reverse=direction == "descending")
        assert table.box.locator("[aria-sort]").count() == 1
    table.sort(heading)
    expect(table.box.locator("[aria-sort]")).to_have_count(0)
    assert table.column("Mailbox") == as_written


def test_results_sort_by_how_much_they_need_attention(visitor: Visitor) -> None:
    table = mailboxes(visitor)
    table.sort("Result")
    expect(table.heading("Result")).to_have_attribute("aria-sort", "ascending")
    assert [*dict.fromkeys(table.column("Result"))] == ["failed", "exceptions", "complete"]


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_the_keyboard_sorts_and_keeps_its_place(visitor: Visitor, key: str) -> None:
    table = mailboxes(visitor)
    button = table.heading("Messages").get_by_role("button")
    button.focus()
    table.page.keyboard.press(key)
    expect(table.heading("Messages")).to_have_attribute("aria-sort", "descending")
    expect(button).to_be_focused()


@pytest.mark.parametrize(
    ("document", "chapter"),
    [
        ("report", "mailboxes"),
        ("report", "entities"),
        ("report", "remarks"),
        ("plan", "rows"),
        pytest.param("report-hostile", "mailboxes", marks=pytest.mark.every_page),
        pytest.param("report-hostile", "entities", marks=pytest.mark.every_page),
        pytest.param("report-hostile", "remarks", marks=pytest.mark.every_page),
    ],
)
def test_every_column_of_every_table_sorts(visitor: Visitor, document: str, chapter: str) -> None:
    table = Table(visitor.open(make_document(document)), chapter)
    number = len(table.column(table.headings[0]))
    for heading in table.headings:
        directions = set()
        for _ in range(2):
            table.sort(heading)
            expect(table.heading(heading)).to_have_attribute("aria-sort", EITHER)
            directions.add(table.heading(heading).get_attribute("aria-sort"))
            assert len(table.column(heading)) == number
        assert len(directions) == 2, heading


def test_on_a_phone_a_list_sorts(visitor: Visitor) -> None:
    table = mailboxes(visitor, width=PHONE)
    order = table.box.get_by_label("Order of mailboxes")
    assert not table.heading("Messages").get_by_role("button").is_visible()
    for option, is_reversed in (("Messages \u2193", True), ("Messages \u2191", False)):
        order.select_option(label=option)
        cells = table.box.locator("[data-label=Messages]")
        expect(cells.first).to_be_visible()
        numbers = [as_number(each) for each in cells.all_inner_texts()]
        assert numbers == sorted(numbers, reverse=is_reversed)
    assert order.is_visible()


def test_on_a_screen_there_is_one_way_to_sort(visitor: Visitor) -> None:
    table = mailboxes(visitor)
    assert not table.box.get_by_label("Order of mailboxes").is_visible()


# ---- filters ---------------------------------------------------------------------------------


def test_a_word_finds_mailboxes_by_name_and_by_either_address(visitor: Visitor) -> None:
    table = mailboxes(visitor)
    search = table.box.get_by_role("searchbox")
    for word, found in (("zoë", 1), ("USER00003@old", 1), ("acme.example", 9), ("nobody", 0)):
        search.fill(word)
        start = 1 if found else 0
        whole = "" if found == 9 else " (of 9 in all)"
        table.expect_status(f"{start}–{found} of {found} mailboxes{whole}")
        assert len(table.column("Mailbox")) == found
    search.fill("")
    table.expect_status("1–9 of 9 mailboxes")


def test_a_choice_and_a_word_filter_together(visitor: Visitor) -> None:
    table = mailboxes(visitor)
    table.box.get_by_label("Result to show").select_option(label="failed")
    table.expect_status("1–1 of 1 mailboxes (of 9 in all)")
    table.box.get_by_role("searchbox").fill("zoë")
    table.expect_status("0–0 of 0 mailboxes (of 9 in all)")
    table.box.get_by_label("Result to show").select_option(label="Result: all")
    table.expect_status("1–1 of 1 mailboxes (of 9 in all)")


def test_signs_of_patterns_are_ordinary_letters(visitor: Visitor) -> None:
    table = mailboxes(visitor, "report-hostile")
    for word in (".*", "[", "\\", "(?"):
        table.box.get_by_role("searchbox").fill(word)
    table.expect_status("0–0 of 0 mailboxes (of 18 in all)")
    table.box.get_by_role("searchbox").fill("</script>")
    table.expect_status("1–2 of 2 mailboxes (of 18 in all)")


# ---- pages -----------------------------------------------------------------------------------


def test_pages_follow_each_other(visitor: Visitor) -> None:
    table = mailboxes(visitor, "report-long")
    previous, following = (
        table.box.get_by_role("button", name=name) for name in ("Previous", "Next")
    )
    seen = [table.column("Mailbox")]
    assert previous.is_disabled()
    for text in (f"101–200 of {ROWS} mailboxes", f"201–{ROWS} of {ROWS} mailboxes"):
        following.click()
        table.expect_status(text)
        seen.append(table.column("Mailbox"))
    assert following.is_disabled()
    assert [len(page) for page in seen] == [100, 100, ROWS - 200]
    previous.click()
    table.expect_status(f"101–200 of {ROWS} mailboxes")
    assert table.column("Mailbox") == seen[1]


def test_a_table_can_be_shown_whole_to_be_printed(visitor: Visitor) -> None:
    table = mailboxes(visitor, "report-long")
    table.box.get_by_role("button", name="Show 1,000 a page").click()
    table.expect_status(f"1–{ROWS} of {ROWS} mailboxes")
    assert len(table.column("Mailbox")) == ROWS


def test_a_filter_begins_with_the_first_page_and_a_short_table_has_none(visitor: Visitor) -> None:
    table = mailboxes(visitor, "report-long")
    table.box.get_by_role("button", name="Next").click()
    table.expect_status(f"101–200 of {ROWS} mailboxes")
    table.box.get_by_role("searchbox").fill("user0000")
    table.expect_status(f"1–10 of 10 mailboxes (of {ROWS} in all)")
    assert not table.box.get_by_role("navigation").is_visible()


# ---- rows that open --------------------------------------------------------------------------


@pytest.mark.parametrize("by_keyboard", [False, True], ids=["mouse", "keyboard"])
def test_a_row_shows_its_folders_and_stays_open(visitor: Visitor, by_keyboard: bool) -> None:
    table = mailboxes(visitor)
    row = table.box.locator("tbody").filter(has_text="Zoë")
    summary = row.locator("summary")
    assert not row.get_by_text("INBOX").is_visible()
    if by_keyboard:
        summary.press("Enter")
    else:
        summary.click()
    expect(row.get_by_text("INBOX")).to_be_visible()
    table.sort("Messages")
    expect(table.heading("Messages")).to_have_attribute("aria-sort", "descending")
    assert row.get_by_text("INBOX").is_visible()


@pytest.mark.every_page
@pytest.mark.timeout(300)
def test_ten_thousand_mailboxes_are_all_there(visitor: Visitor) -> None:
    table = mailboxes(visitor, LARGEST)
    table.expect_status("1–100 of 10,000 mailboxes")
    table.sort("Mailbox")
    expect(table.heading("Mailbox")).to_have_attribute("aria-sort", "ascending")
    table.box.get_by_role("searchbox").fill("user09999")
    table.expect_status("1–1 of 1 mailboxes (of 10,000 in all)")
    table.box.locator("summary").click()
    assert table.box.locator("table.folders").first.locator("tbody > tr").count() == 15
