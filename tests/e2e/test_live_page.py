"""The live page from the first view to the last, beside what the ledger and the report say."""

from __future__ import annotations

import http.client
import json
import re
import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from lxml import html
from rich.console import Console

from localrun.display import PlainDisplay
from localrun.engine.execution import Execution
from localrun.live.session import LiveSession
from localrun.runner import Options, Run
from localrun.series.small_tenant import SEEDED, mx_changes, story

STORY = story(
    "watched",
    {"cutover": {"approval": "auto", "drain_minutes": 5}, "delta": {"interval_minutes": 5}},
    (mx_changes(150),),
)
RUN = f"{STORY.name}-run"
pytestmark = pytest.mark.timeout(300)
_TIMES = re.compile(r"entered (\d+) times")


@dataclass
class Watched:
    """`views` are what a viewer was told, in order; `page` has the parts as they stood at the end.
    `served` is the report as the page's server gave it."""

    views: list[dict[str, Any]] = field(default_factory=list)
    parts: dict[str, str] = field(default_factory=dict)
    served: bytes = b""
    summary: dict[str, Any] = field(default_factory=dict)
    report: bytes = b""
    notes: list[str] = field(default_factory=list)
    entered: dict[str, int] = field(default_factory=dict)

    def part(self, name: str) -> Any:
        return html.fromstring(f"<div>{self.parts[name]}</div>")

    def texts(self, name: str, path: str) -> list[str]:
        return [" ".join(each.text_content().split()) for each in self.part(name).xpath(path)]


def _read(url: str, watched: Watched) -> None:
    """Follows the stream to its end, as the page's script does."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=300)
    connection.request("GET", "/events")
    for line in connection.getresponse():
        if line.startswith(b"data: "):
            told = json.loads(line.removeprefix(b"data: "))
            watched.views.append(told)
            watched.parts |= told["parts"]
    connection.close()


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    out, found = tmp_path_factory.mktemp("live"), Watched()
    with LiveSession(STORY.name) as session, (out / "shown.txt").open("w") as file:
        viewer = threading.Thread(target=_read, args=(session.url, found))
        viewer.start()
        assert session.feed.viewed.wait(60)
        display = PlainDisplay(Console(file=file, width=110))
        with Run(STORY, Options(out=out, onlooker=session), display) as run:
            outcome = run.execute()
            assert outcome.ok, outcome.problems
            found.notes = [note.what for note in run.ledger.notes(RUN) if note.what]
            found.entered = _count_states(run.cloud.engine.executions.values())
        found.served = _fetch(session.url, "report/report.html")
        found.report = (run.out / "report.html").read_bytes()
        found.summary = json.loads((run.out / "summary.json").read_bytes())
    viewer.join(60)
    assert not viewer.is_alive()
    return found


def _count_states(executions: Any) -> dict[str, int]:
    """How often the run has entered each of its states."""
    own: list[Execution] = [each for each in executions if each.name == RUN]
    counts: dict[str, int] = {}
    for event in own[0].history.events():
        if entered := event.get("stateEnteredEventDetails"):
            counts[entered["name"]] = counts.get(entered["name"], 0) + 1
    return counts


def _fetch(url: str, path: str) -> bytes:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    connection.request("GET", f"/{path}")
    return connection.getresponse().read()


def test_the_run_was_seen_from_its_begin_to_its_end(watched: Watched) -> None:
    views = watched.views
    assert [view["status"] for view in (views[0], views[-1])] == ["running", "succeeded"]
    assert {view["run"] for view in views} == {"", RUN}
    moments = [view["at"] for view in views if view["run"]]
    assert moments == sorted(moments)
    seen = {view["headline"] for view in views}
    assert views[-1]["headline"] == "The run has ended: done."
    assert len(seen) > 5, seen


def test_the_last_view_says_what_the_report_says(watched: Watched) -> None:
    tiles = dict(zip(watched.texts("tiles", "//dt"), watched.texts("tiles", "//dd"), strict=True))
    counts = watched.summary["counts"]
    assert tiles["Messages"] == tiles["Expected"] == f"{counts['messages']:,}"
    assert tiles["Done"] == str(counts["done"]) == "3"
    assert (tiles["Failed"], tiles["Waiting"], tiles["Running"]) == ("0", "0", "0")
    assert counts["messages"] == SEEDED


def test_every_mailbox_is_as_the_report_has_it(watched: Watched) -> None:
    rows = [
        [" ".join(cell.itertext()).split()[-1] for cell in row.xpath("./th|./td")]
        for row in watched.part("mailboxes").xpath("//tbody/tr")
    ]
    told = {row[0]: (row[1], row[2]) for row in rows}
    assert told == {
        line["target"]: ("done", f"{line['messages']:,}") for line in watched.summary["mailboxes"]
    }


def test_the_log_has_every_line_of_the_timeline(watched: Watched) -> None:
    lines = watched.texts("log", "//li//bdi")
    assert [note for note in watched.notes if " ".join(note.split()) not in lines] == []
    assert any("the run has ended: done" in line for line in lines)
    assert any(line.endswith("(CopyMailboxes)") for line in lines)


def test_the_states_are_those_of_the_history(watched: Watched) -> None:
    listed = watched.texts("workflow", "//details//li")
    times = {
        line.partition(":")[0]: int(found[1]) if (found := _TIMES.search(line)) else 1
        for line in listed
    }
    assert times == watched.entered
    lit = watched.part("workflow").xpath("//*[@data-state][contains(@class, 'passed')]/@data-state")
    assert watched.entered.keys() <= set(lit)


def test_the_end_leads_to_the_report(watched: Watched) -> None:
    assert watched.part("now").xpath("//a/@href") == ["report/report.html"]
    assert watched.served == watched.report
    assert "report.html" in watched.views[-1]["lastWords"]
