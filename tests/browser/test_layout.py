"""How pages are laid out: on a screen, on a phone, on paper. `make browser-test` takes pictures of
them into out/screenshots/."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import FloatRect, Page

from tests.browser.documents import each, make_document
from tests.browser.visits import PHONE, SCREEN, Look, Visitor

PICTURES = Path(__file__).resolve().parents[2] / "out" / "screenshots"
_PAPER = 688
"""The width of A4 without its margins, in CSS pixels."""
_TALLEST = 12_000
"""Beyond some 16,000 pixels the browser may take no picture."""
_WIDE = """() => [...document.querySelectorAll('main *')]
    .filter(one => !one.closest('thead, svg') && one.checkVisibility())
    .filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
    .map(one => one.outerHTML.slice(0, 120))"""
_CUT = """() => [...document.querySelectorAll('dd, td, th, summary, button, p, li')]
    .filter(one => !one.closest('thead') && one.checkVisibility())
    .filter(one => one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0)
    .filter(one => getComputedStyle(one).display !== 'inline')
    .map(one => one.outerHTML.slice(0, 120))"""
_HIDDEN = ".tools input, .tools select, .pager, .chapters"


def open_all(page: Page) -> None:
    page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")


@pytest.mark.parametrize("name", each())
@pytest.mark.parametrize("width", [PHONE, SCREEN], ids=["phone", "screen"])
def test_nothing_is_wider_than_the_screen(visitor: Visitor, name: str, width: int) -> None:
    page = visitor.open(make_document(name), Look(width=width))
    open_all(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(_WIDE) == []
    assert page.evaluate(_CUT) == []


@pytest.mark.parametrize("name", each("report-large", always=("report-large",)))
def test_large_figures_do_not_overlap_on_a_phone(visitor: Visitor, name: str) -> None:
    page = visitor.open(make_document(name), Look(width=PHONE))
    open_all(page)
    assert page.evaluate(_CUT) == []
    sources, ledgers = (
        page.locator(f".folders [data-label={label}]").first.bounding_box()
        for label in ("Source", "Ledger")
    )
    assert sources is not None
    assert ledgers is not None
    assert sources["x"] + sources["width"] <= ledgers["x"]


@pytest.mark.parametrize("name", each())
def test_paper_shows_everything_but_what_is_to_be_pressed(visitor: Visitor, name: str) -> None:
    page = visitor.open(make_document(name), Look(width=_PAPER))
    rows = page.locator("tbody > tr").count()
    page.emulate_media(media="print")
    assert page.locator(_HIDDEN).filter(visible=True).count() == 0
    shown = page.locator("tbody > tr").evaluate_all("all => all.filter(one => one.offsetHeight)")
    assert len(shown) == rows
    assert page.evaluate(_WIDE) == []
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")


@pytest.mark.parametrize("name", each("report"))
def test_a_chart_is_drawn_anew_for_another_width(visitor: Visitor, name: str) -> None:
    page = visitor.open(make_document(name))
    charts = page.locator("[data-chart] svg")
    number = charts.count()
    told = charts.evaluate_all("all => all.map(one => one.getAttribute('width'))")
    widest = max(told, key=float)
    assert float(widest) > PHONE
    page.set_viewport_size({"width": PHONE, "height": 740})
    page.locator(f"[data-chart] svg[width='{widest}']").first.wait_for(state="detached")
    assert charts.count() == number
    drawn = charts.evaluate_all("all => all.map(one => one.getBoundingClientRect().width)")
    assert max(drawn) <= PHONE
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE


@pytest.mark.every_page
@pytest.mark.parametrize("name", each())
def test_pictures_for_people_to_look_at(visitor: Visitor, name: str) -> None:
    """Nothing is asked of them here but that they can be made, and that no page complains."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    looks = {"light": Look(), "dark": Look(dark=True), "phone": Look(width=PHONE)}
    for word, look in looks.items():
        page = visitor.open(make_document(name), look)
        height = min(page.evaluate("document.documentElement.scrollHeight"), _TALLEST)
        part = FloatRect(x=0, y=0, width=look.width, height=height)
        page.screenshot(path=PICTURES / f"{name}-{word}.png", full_page=True, clip=part)
    page = visitor.open(make_document(name))
    page.pdf(path=PICTURES / f"{name}.pdf", format="A4")
