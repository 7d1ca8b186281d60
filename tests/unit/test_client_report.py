"""What the report says of client settings."""

from __future__ import annotations

from dataclasses import replace

from localrun.fakes.blobs import MemoryBlobs
from migration.client_files import UserLine
from migration.client_report import (
    ClientsReport,
    read_report_on_clients,
    report_on,
    write_report_on_clients,
)
from migration.clients import Autodiscover
from migration.report_page import to_html
from migration.report_steps import next_steps
from migration.report_summary import summarise
from tests.unit.test_report import CLEAN, FACTS, NOW

LINES = [
    UserLine("a", "Ann", "ann@acme.example", "", "a/index.html", "sent", ""),
    UserLine("b", "Bob", "bob@acme.example", "", "b/index.html", "may have been sent", ""),
    UserLine("c", "Cem", "<c>@acme.example", "", "c/index.html", "refused", "no such address"),
    UserLine("d", "Dia", "dia@acme.example", "", "d/index.html", "not sent", "the quota"),
    UserLine("e", "Eva", "eva@acme.example", "", "", "", "the mailbox failed"),
]
FOUND = [Autodiscover("acme.example", "no-name")]


def test_every_user_is_counted_once() -> None:
    report = report_on(LINES, FOUND, ["a problem"])
    assert report == ClientsReport(
        pages=4,
        sent=1,
        doubtful=("bob@acme.example",),
        refused={"<c>@acme.example": "no such address"},
        without={"the mailbox failed": 1},
        problems=("a problem", "1 not mailed: the quota"),
        autodiscover={"acme.example": "autodiscover has no DNS record"},
    )
    assert "@" not in report.sentence


def test_what_is_written_is_read() -> None:
    blobs = MemoryBlobs()
    assert read_report_on_clients(blobs, "run-1") is None
    report = report_on(LINES, FOUND, ())
    write_report_on_clients(blobs, "run-1", report)
    assert read_report_on_clients(blobs, "run-1") == report
    assert read_report_on_clients(blobs, "run-2") is None


def test_the_page_tells_it_and_escapes_it() -> None:
    summary = replace(summarise(FACTS, [CLEAN], NOW), clients=report_on(LINES, FOUND, ()))
    page = to_html(summary).decode()
    assert "4 users can set up mail programs" in page
    assert "<bdi>&lt;c&gt;@acme.example</bdi>: no such address" in page
    assert "<bdi>bob@acme.example</bdi>" in page
    assert "autodiscover has no DNS record" in page
    assert any("Nobody gets a second mail" in step for step in next_steps(summary))


def test_where_all_is_well_there_is_nothing_to_do() -> None:
    summary = summarise(FACTS, [CLEAN], NOW)
    before = next_steps(summary)
    fine = replace(summary, clients=report_on(LINES[:1], [], ()))
    assert next_steps(fine) == before
    assert "1 user can set up mail programs" in to_html(fine).decode()
    assert "Client settings" not in to_html(summary).decode()
