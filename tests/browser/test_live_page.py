"""A live page follows its server, keeps what its viewer has chosen, and says when it is alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from localrun.live.feed import Feed
from localrun.live.pages import LivePages
from migration.progress_view import LogKind, LogLine, ProgressView
from tests.browser.accessibility import find_grave
from tests.browser.progress_views import after, make_view

LONG = 260
"""Mailboxes: three pages."""


class Watched:
    """A page that follows a server of its own. `complaints` are what it says to the console, and
    what it asks of others."""

    def __init__(self, browser: Browser, folder: Path, view: ProgressView, dark: bool) -> None:
        self.folder = folder
        self.feed = Feed(view)
        self.pages = LivePages(self.feed, lambda: folder)
        self.port = int(self.pages.url.rstrip("/").rpartition(":")[2])
        self.complaints: list[str] = []
        self.context = browser.new_context(color_scheme="dark" if dark else "light")
        self.page: Page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("console", lambda said: self.complaints.append(said.text))
        self.page.on("request", lambda request: self._notice(request.url))
        self.page.goto(self.pages.url)
        self.page.locator("html[data-ready][data-live]").wait_for(state="attached")

    def _notice(self, url: str) -> None:
        if not url.startswith((self.pages.url, "data:")):
            self.complaints.append(f"asks for {url}")

    def show(self, view: ProgressView, last_words: str = "") -> None:
        """Publishes it, and waits until the page has it: its time is told."""
        self.feed.publish(view, last_words)
        clock = self.page.locator(f"[data-part=now] time[datetime='{view.head.at}']")
        clock.first.wait_for(state="attached")

    def end(self) -> None:
        self.feed.close()
        self.feed.wait_until_left(5)
        self.pages.close()

    def begin_again(self, view: ProgressView) -> None:
        """Another server at the same address."""
        self.feed = Feed(view)
        self.pages = LivePages(self.feed, lambda: self.folder, self.port)

    def close(self) -> None:
        self.context.close()
        self.end()


@pytest.fixture
def watched(browser: Browser, tmp_path: Path) -> Iterator[Watched]:
    page = Watched(browser, tmp_path, make_view(LONG), dark=False)
    yield page
    page.close()


def later(hours: float, mailboxes: int = LONG) -> ProgressView:
    """The same run so many hours later: more is copied, and something has happened."""
    view = make_view(mailboxes)
    lines = tuple(replace(line, dealt=line.dealt + 5) for line in view.mailboxes)
    happened = LogLine(after(hours), LogKind.OUTSIDE, f"news of hour {hours}")
    head = replace(view.head, at=after(hours))
    headline = f"It is hour {hours}."
    return replace(
        view, head=head, headline=headline, mailboxes=lines, log=(*view.log, happened), percent=50.0
    )


def test_what_is_new_takes_the_place_of_what_was(watched: Watched) -> None:
    watched.show(later(10))
    page = watched.page
    assert page.title().startswith("50 % – Running")
    assert page.locator("[data-headline]").text_content() == "It is hour 10."
    assert "news of hour 10" in page.locator("[data-part=log] li").first.inner_text()
    assert page.locator("[data-chart] svg").count() == 2
    assert page.locator("[data-connection]").is_hidden()
    assert watched.complaints == []


def test_a_table_stays_sorted_filtered_and_paged_and_has_the_new_figures(watched: Watched) -> None:
    page = watched.page
    page.get_by_role("button", name="Messages").click()
    page.get_by_role("button", name="Next").click()
    cells = page.locator("section[aria-labelledby=mailboxes] tbody [data-label=Messages]")
    expect(cells).to_have_count(100)
    expect(cells.first).to_have_text("159,000")
    watched.show(later(10))
    expect(cells.first).to_have_text("159,005")
    assert "101–200 of 260" in page.locator(".status").inner_text()
    search = page.get_by_role("searchbox")
    search.fill("user25")
    expect(cells).to_have_count(11)
    watched.show(later(11))
    expect(cells).to_have_count(11)
    assert search.input_value() == "user25"
    assert search.evaluate("one => one === document.activeElement")
    assert watched.complaints == []


def test_a_table_that_becomes_shorter_shows_its_last_page(watched: Watched) -> None:
    page = watched.page
    for _ in range(2):
        page.get_by_role("button", name="Next").click()
    expect(page.locator(".status")).to_contain_text("201–260 of 260")
    watched.show(later(10, mailboxes=120))
    expect(page.locator(".status")).to_contain_text("101–120 of 120")


def test_tables_and_charts_appear_when_there_is_something_to_show(
    browser: Browser, tmp_path: Path
) -> None:
    empty = replace(make_view(0), points=(), log=())
    watched = Watched(browser, tmp_path, empty, dark=False)
    assert watched.page.locator("[data-chart], [data-rows]").count() == 0
    watched.show(later(10, mailboxes=5))
    expect(watched.page.locator("[data-chart] svg")).to_have_count(2)
    expect(watched.page.locator(".status")).to_contain_text("1–5 of 5 mailboxes")
    watched.close()
    assert watched.complaints == []


def test_what_is_opened_and_scrolled_stays_so(watched: Watched) -> None:
    page = watched.page
    summary = page.locator("[data-part=workflow] summary")
    summary.click()
    page.locator(".log").evaluate("one => one.scrollTo(0, 40)")
    once_more = replace(later(10), states=later(10).states[:-1])
    watched.show(once_more)
    assert page.locator("[data-part=workflow] details").evaluate("one => one.open")
    assert summary.evaluate("one => one === document.activeElement")
    assert page.locator(".log").evaluate("one => one.scrollTop") == 40
    assert watched.complaints == []


def test_a_lost_connection_is_told_and_found_again(watched: Watched) -> None:
    connection = watched.page.locator("[data-connection]")
    watched.end()
    expect(connection).to_contain_text("The connection is lost")
    watched.begin_again(later(12))
    expect(connection).to_be_hidden(timeout=15_000)
    assert watched.page.locator("[data-headline]").text_content() == "It is hour 12."


def test_after_the_end_the_page_says_where_the_report_is(watched: Watched) -> None:
    page = watched.page
    view = later(10)
    ended = replace(view, head=replace(view.head, report="report/report.html"))
    (watched.folder / "report.html").write_text("<h1>the report</h1>")
    watched.show(ended, "The run has ended. The report is out/report.html.")
    other = watched.context.new_page()
    other.goto(page.get_by_role("link", name="Open the report").evaluate("one => one.href"))
    assert other.locator("h1").inner_text() == "the report"
    watched.end()
    expect(page.locator("[data-connection]")).to_contain_text("out/report.html")
    assert page.locator("[data-report]").count() == 0


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_grave_in_a_live_page(
    browser: Browser, tmp_path: Path, dark: bool
) -> None:
    watched = Watched(browser, tmp_path, make_view(), dark)
    watched.show(later(10, mailboxes=30))
    found = find_grave(watched.page)
    watched.close()
    assert found == []
