"""A table that sorts, filters and pages, as somebody uses it who sees the page."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect


@dataclass(frozen=True, slots=True)
class Table:
    """The table of a chapter, by the id of its heading."""

    page: Page
    chapter: str

    @property
    def box(self) -> Locator:
        return self.page.locator(f"section[aria-labelledby={self.chapter}] [data-rows]")

    @property
    def headings(self) -> list[str]:
        return self.box.locator("table.stack > thead th").all_inner_texts()

    def heading(self, name: str) -> Locator:
        return self.box.locator("table.stack > thead th").filter(has_text=name)

    def sort(self, name: str) -> None:
        """By the mouse."""
        self.heading(name).get_by_role("button").click()

    def column(self, name: str) -> list[str]:
        """What stands in a column, from the first row shown to the last."""
        place = self.headings.index(name) + 1
        cells = self.box.locator(f"table.stack > tbody > tr:not(.more) > :nth-child({place})")
        return [text.partition("\n")[0] for text in cells.all_inner_texts()]

    @property
    def status(self) -> str:
        return self.box.get_by_role("status").inner_text()

    def expect_status(self, text: str) -> None:
        """Waits for it: rows that are not there yet are unpacked first."""
        expect(self.box.get_by_role("status")).to_have_text(text)
