"""How soon the report's page can be used in Chromium, and how it answers.

    python -m bench.report_page

Pages of 100, 1,000 and 10,000 mailboxes with 15 folders each are made, opened from a file, and
used: the next page is turned to, all rows are sorted, a name is searched for, a row opened. Each
time ends with the frame in which the answer is seen; it is the best of several runs, each in a new
profile of the browser. The clock of another machine says something else: compare the rows.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from bench import ROOT
from bench.made_report import Size, make_report
from localrun.marks import write_between
from migration.report_page import to_html
from tools.install_browser import find_browser

RESULTS = ROOT / "bench" / "results" / "report_page.json"
PAGE = ROOT / "docs" / "performance.md"
BEGIN = "<!-- from bench/results/report_page.json: make bench-page -->"
END = "<!-- end of report page -->"
SIZES = (100, 1_000, 10_000)

_BOX = "document.querySelector('section[aria-labelledby=mailboxes] [data-rows]')"
_ACTS: Mapping[str, tuple[str, str]] = {
    "next_page": (
        "box.querySelector('.pager button:nth-child(2)').click()",
        "status.textContent.startsWith('101')",
    ),
    "sort": (
        "box.querySelector('[data-column=\"2\"] .sort').click()",
        "box.querySelector('[data-column=\"2\"]').ariaSort",
    ),
    "filter": (
        "search.value = 'Nguyen'; search.dispatchEvent(new Event('input'))",
        "status.textContent.includes('in all')",
    ),
    "expand": (
        "const one = box.querySelector('details:not([open])'); one.firstElementChild.click()",
        "one.open && one.querySelector('tbody').offsetHeight",
    ),
}
"""What is done, and by what one sees that it is done."""
_NOTE_READY = """
new MutationObserver((_, observer) => {
    if (!document.documentElement.dataset.ready) return;
    observer.disconnect();
    const note = () => { window.readyAt = performance.now(); };
    requestAnimationFrame(() => requestAnimationFrame(note));
}).observe(document, { attributes: true, subtree: true, attributeFilter: ['data-ready'] });
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """A page. Times in milliseconds but for `made`, the processor's seconds for writing it;
    `next_page` is None where there is one page alone."""

    mailboxes: int
    size: int
    made: float
    ready: float
    next_page: float | None
    sort: float
    filter: float
    expand: float


def measure(browser: Browser, mailboxes: int, repeat: int, folder: Path) -> Figure:
    """The best of `repeat` runs for each time."""
    began = time.process_time()
    page = to_html(make_report(Size(mailboxes)))
    made = time.process_time() - began
    path = folder / f"{mailboxes}.html"
    path.write_bytes(page)
    runs = [dict(_use(browser, path)) for _ in range(repeat)]
    best = {name: min(run[name] for run in runs) for name in runs[0]}
    return Figure(
        *(mailboxes, len(page), round(made, 1), best["ready"], best.get("next_page")),
        *(best["sort"], best["filter"], best["expand"]),
    )


def _use(browser: Browser, path: Path) -> Iterator[tuple[str, float]]:
    """The milliseconds that each thing takes, in the order in which somebody may do them."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.add_init_script(_NOTE_READY)
    page.goto(path.as_uri())
    page.locator("html[data-ready]").wait_for(state="attached")
    yield "ready", _settle(page)
    for name, (act, is_done) in _ACTS.items():
        if name != "next_page" or page.locator(".pager").first.is_visible():
            yield name, round(page.evaluate(_time(act, is_done)))
    context.close()


def _settle(page: Page) -> float:
    """When the page was ready, as it has noted; its charts are drawn then, too."""
    page.locator("[data-chart]:not(:has(svg))").first.wait_for(state="detached")
    page.wait_for_timeout(200)
    return float(page.evaluate("Math.round(window.readyAt)"))


def _time(act: str, is_done: str) -> str:
    """A script that does something and says how long it took until it was seen."""
    return f"""() => new Promise((tell) => {{
        const box = {_BOX};
        const [search, status] = [box.querySelector('input'), box.querySelector('[role=status]')];
        const began = performance.now();
        const end = () => tell(performance.now() - began);
        const look = () => requestAnimationFrame({is_done} ? end : look);
        {act};
        requestAnimationFrame(() => look());
    }})"""


def render(measured: Mapping[str, object]) -> str:
    """The figures as a Markdown table, and how the largest page does beside the smallest."""
    rows = measured["figures"]
    assert isinstance(rows, list)
    figures = [Figure(**row) for row in rows]
    lines = [
        f"{measured['machine']}; the best of {measured['repeat']} runs each.",
        "",
        "| mailboxes | page | made in | ready | next page | sort all | search | open a row |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    first, last = figures[0], figures[-1]
    larger = (
        f"{last.mailboxes / first.mailboxes:.0f} times the mailboxes: {last.size / first.size:.1f} "
        f"times the page, ready after {last.ready / first.ready:.1f} times the time."
    )
    return "\n".join([*lines, *map(_as_row, figures), "", larger, ""])


def _as_row(figure: Figure) -> str:
    times = (figure.ready, figure.next_page, figure.sort, figure.filter, figure.expand)
    told = ("–" if each is None else f"{each:.0f} ms" for each in times)
    size, made = f"{figure.size / 1e6:.1f} MB", f"{figure.made:.1f} s"
    return f"| {' | '.join((f'{figure.mailboxes:,}', size, made, *told))} |"


def main() -> int:
    """Runs the command line; the exit status."""
    parser = argparse.ArgumentParser("python -m bench.report_page", description=__doc__)
    parser.add_argument("--repeat", type=int, default=7, metavar="N")
    parser.add_argument("sizes", nargs="*", type=int, help="only these; nothing is written then")
    options = parser.parse_args()
    path = find_browser()
    if not path:
        print("there is no Chromium: make browser-install", file=sys.stderr)
        return 1
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=path, args=["--disable-gpu"])
        load = f"load {os.getloadavg()[0]:.0f}"
        machine = f"Chromium {browser.version} on {os.cpu_count()} cores, {load}"
        figures = []
        for size in options.sizes or SIZES:
            figures.append(measure(browser, size, options.repeat, Path(folder)))
            print(figures[-1], flush=True)
        browser.close()
    if not options.sizes:
        rows = [asdict(each) for each in figures]
        text = json.dumps({"machine": machine, "repeat": options.repeat, "figures": rows}, indent=1)
        RESULTS.write_text(text + "\n", "utf-8")
        write_between(PAGE, BEGIN, END, render(json.loads(text)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
