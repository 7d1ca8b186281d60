"""How close the copy of a Microsoft 365 mailbox comes to what Graph allows: python -m bench.graph

The engine copies a mailbox of the emulated service, each of whose answers takes as long as asked
for, into a target in memory. Graph lets an application ask 10,000 questions in 10 minutes about one
mailbox: that is 200 without a pause and then 16 a second, and 4 at once. So two rates are measured,
each against its ceiling: the first questions, which only the distance limits, and the steady ones
behind them. Absolute figures hold for any machine that has time to spare; the ratios are the point.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import ROOT
from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.graph import Asked, GraphServer
from localrun.fakes.ledger import MemoryLedger
from localrun.fakes.mailbox import MemoryTarget
from localrun.marks import write_between
from migration.copy.engine import SliceJob, SliceOutcome, copy_slice
from migration.model import Mailbox
from migration.sources.graph import GraphSource
from migration.wire.app_tokens import Tokens
from migration.wire.graph import GraphClient
from migration.wire.graph_model import AppLogin, find_scope
from migration.wire.graph_throttle import BURST, MOST_AT_ONCE, RATE

RESULTS = ROOT / "bench" / "results" / "graph.json"
PAGE = ROOT / "docs" / "performance.md"
BEGIN = "<!-- from bench/results/graph.json: make bench-graph -->"
END = "<!-- end of graph -->"

MOST_QUESTIONS = 1.1
"""For each message: its own, and what lists it."""
LEAST_SHARE = 0.9
"""Of the rate that Graph allows in the long run."""

_USER = "ann@contoso.example"
_FOLDERS = ("Inbox", "Projects", "Lists", "Old")
_DATE = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Figures:
    """One run. Rates are questions a second; `quick` is that of the first ones, `steady` that of
    those after the allowance, of which `messages_rate` are contents of messages. `at_once`: the
    most that were under way together; `second_pass` the questions of a pass without news."""

    messages: int
    latency: float
    questions: int
    second_pass: int
    folders: int
    at_once: int
    refused: int
    quick: float
    steady: float
    messages_rate: float

    @property
    def for_each(self) -> float:
        """Questions for each message."""
        return self.questions / self.messages

    @property
    def quick_share(self) -> float:
        """Of what could go through at that distance."""
        return self.quick * self.latency / MOST_AT_ONCE

    @property
    def steady_share(self) -> float:
        """Of the messages that could be read, if nothing else were asked."""
        return self.messages_rate / RATE


def measure(messages: int, latency: float) -> Figures:
    """Copies a mailbox, and then looks for news."""
    with GraphServer(latency=latency) as server:
        server.add_user(_USER, "Ann Example")
        _fill(server, messages)
        parts = (MemoryTarget(), MemoryLedger(), MemoryBlobs())
        parts[1].plan_mailboxes("bench", [Mailbox("box", _USER, _USER, "ann", "Ann")])
        _copy(server, parts, 1)
        first = list(server.requests)
        _copy(server, parts, 2)
        second = server.requests[len(first) :]
        folders = len(parts[0].contents())
        at_once = server.most_in_flight(_USER)
    asked = sorted((each for each in first if each.mailbox), key=lambda each: each.ended)
    # While the allowance is used up it also grows: nothing is left of it after twice as many.
    quick, steady = asked[: int(BURST)], asked[int(BURST * 2) :]
    contents = [each for each in steady if "$value" in each.path]
    return Figures(
        messages=messages,
        latency=latency,
        questions=len(asked),
        second_pass=len([each for each in second if each.mailbox]),
        folders=folders,
        at_once=at_once,
        refused=sum(each.status == 429 for each in asked),
        quick=round(_rate([each for each in quick if "$value" in each.path]), 1),
        steady=round(_rate(steady), 2),
        messages_rate=round(_rate(contents), 2),
    )


def _fill(server: GraphServer, messages: int) -> None:
    box = server.mailbox(_USER)
    for name in _FOLDERS[1:]:
        box.add_folder(name)
    for number in range(messages):
        body = b"x" * 72 * (number % 200) + b"\r\n"
        mime = b"Subject: message %d\r\n\r\n%b" % (number, body)
        box.deliver(_FOLDERS[number * len(_FOLDERS) // messages], mime, _DATE)


def _copy(
    server: GraphServer, parts: tuple[MemoryTarget, MemoryLedger, MemoryBlobs], pass_id: int
) -> None:
    app = server.secret["app"]
    login = AppLogin(app["directory"], app["client_id"], app["secret"])
    tokens = Tokens(login, server.login_url, find_scope(server.graph_url))
    source = GraphSource(GraphClient(server.graph_url, tokens), _USER)
    job = SliceJob("bench", "box", pass_id, "2026-01-01T00:00:00Z")
    try:
        result = copy_slice(source, *parts, job, lambda: 900.0)
    finally:
        source.close()
    if result.outcome is not SliceOutcome.DONE:
        raise SystemExit(f"the copy did not end: {result.outcome}")


def _rate(asked: Sequence[Asked]) -> float:
    """A second, between the ends of the first and of the last."""
    if len(asked) < 2:
        return 0.0
    return (len(asked) - 1) / (asked[-1].ended - asked[0].ended)


def judge(figures: Figures) -> list[tuple[str, bool, float]]:
    """What is claimed, whether it holds, and the figure."""
    return [
        (
            f"at most {MOST_QUESTIONS} questions for each message",
            figures.for_each <= MOST_QUESTIONS,
            figures.for_each,
        ),
        (
            f"at least {LEAST_SHARE:.0%} of {RATE:g} messages a second",
            figures.steady_share >= LEAST_SHARE,
            figures.steady_share,
        ),
        (
            f"never more than {MOST_AT_ONCE} at once",
            figures.at_once <= MOST_AT_ONCE,
            figures.at_once,
        ),
        ("nothing was refused", figures.refused == 0, figures.refused),
    ]


def render(measured: Mapping[str, object]) -> str:
    """The figures as a Markdown table, and what is claimed of them."""
    fields = measured["figures"]
    assert isinstance(fields, dict)
    one = Figures(**fields)
    rows = [
        ("the first questions", one.quick, MOST_AT_ONCE / one.latency, one.quick_share),
        ("messages in the long run", one.messages_rate, RATE, one.steady_share),
    ]
    setting = f"{one.messages} messages, {one.latency * 1000:.0f} ms for each answer"
    questions = f"{one.questions} questions for {one.messages} messages: {one.for_each:.3f} each."
    quiet = f"A pass without news asks {one.second_pass}, in {one.folders} folders."
    lines = [
        f"{measured['machine']}; {setting}.",
        "",
        "| Graph | a second | the ceiling | share |",
        "| --- | --- | --- | --- |",
        *(
            f"| {name} | {rate:.1f} | {most:.1f} | {share:.2f} |"
            for name, rate, most, share in rows
        ),
        "",
        f"{questions} {quiet}",
        "",
        "```text",
        *(f"{'yes' if holds else 'NO':<13}{claim}: {it:.3g}" for claim, holds, it in judge(one)),
        "```",
        "",
    ]
    return "\n".join(lines)


def update_document(page: Path = PAGE, results: Path = RESULTS) -> None:
    """Writes the table between the marks of the page. ValueError when there are none."""
    write_between(page, BEGIN, END, render(json.loads(results.read_text("utf-8"))))


def main() -> int:
    """Runs the command line; the exit status: 1 if a claim does not hold."""
    parser = argparse.ArgumentParser("python -m bench.graph", description=__doc__)
    parser.add_argument("--messages", type=int, default=1000, metavar="N")
    parser.add_argument("--latency", type=float, default=0.08, metavar="SECONDS")
    parser.add_argument("--document", action="store_true", help="only write the last run down")
    options = parser.parse_args()
    if options.document:
        update_document()
        return 0
    figures = measure(options.messages, options.latency)
    machine = f"Python {platform.python_version()} on {os.cpu_count()} cores"
    text = json.dumps({"machine": machine, "figures": asdict(figures)}, indent=1)
    RESULTS.write_text(text + "\n", "utf-8")
    update_document()
    print(render(json.loads(text)))
    return 0 if all(holds for _, holds, _ in judge(figures)) else 1


if __name__ == "__main__":
    sys.exit(main())
