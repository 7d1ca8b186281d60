"""The plan as one value, and its page: the verdict, what is in the way, names that do nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from migration.directory_plan import PlanRow, Verdict
from migration.estimate.terms import Terms
from migration.execution_input import MIGRATION
from migration.manifest import Manifest, parse_manifest
from migration.migration_plan import Known, MigrationPlan, describe_verdict, make_plan, summarise
from migration.migration_plan import Verdict as Ready
from migration.plan_page import to_html, to_json
from migration.survey_model import SourceMailbox, SourceSurvey, Unopened

AT = "2026-12-04T18:00:00Z"
SURVEY = SourceSurvey(
    0.08, 0.2, 0.034, (SourceMailbox(0, 14, 9000, 10**9),), (Unopened(1, "Busy"),)
)


def manifest(users: int) -> Manifest:
    lines = [f"user{number}@example.com,User {number}" for number in range(users)]
    body = "\n".join(["source,display_name", *lines])
    return parse_manifest(body.encode(), ("example.com",), "acme")


KNOWN = Known(Terms("acme", ("example.com",)), frozenset(MIGRATION), manifest=manifest(3))
CREATE = [PlanRow("user", f"user{number}@example.com", Verdict.CREATE) for number in range(3)]


def plan(known: Known = KNOWN, rows: Sequence[PlanRow] = ()) -> MigrationPlan:
    return make_plan(replace(known, rows=tuple(rows)), "run-1", AT, "intake/manifest.csv")


class Page(HTMLParser):
    """What a browser makes of the page: its text, and its elements by name."""

    def __init__(self, made: MigrationPlan) -> None:
        super().__init__()
        self.text, self.elements = "", list[str]()
        self.html = to_html(made).decode()
        self._silent = False
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self._silent = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._silent = False

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.text += " ".join(data.split()) + " "


# -- the verdict


@pytest.mark.parametrize(
    ("known", "rows", "verdict", "told"),
    [
        (KNOWN, CREATE, Ready.READY, "ready"),
        (replace(KNOWN, notices=("WorkMail ends",)), CREATE, Ready.READY, "ready"),
        (replace(KNOWN, warnings=("mind",)), (), Ready.CAREFULLY, "ready, with 1 warning"),
        (
            replace(KNOWN, warnings=("mind", "this")),
            [PlanRow("user", "a", Verdict.CONFLICT), PlanRow("user", "b", Verdict.UNKNOWN)],
            Ready.CAREFULLY,
            "ready, with 2 warnings and 1 conflict and 1 not looked at",
        ),
        (
            replace(KNOWN, problems=("no",), warnings=("mind",)),
            CREATE,
            Ready.NOT_READY,
            "not ready: 1 problem",
        ),
    ],
)
def test_the_verdict_follows_from_what_was_found(
    known: Known, rows: Sequence[PlanRow], verdict: Ready, told: str
) -> None:
    made = plan(known, rows)
    assert made.verdict is verdict
    assert describe_verdict(made) == told


def test_faults_of_the_manifest_are_problems_and_nobody_reckons_with_it() -> None:
    faulty = parse_manifest(b"source\n,\n", ("example.com",), "acme")
    made = plan(replace(KNOWN, manifest=faulty))
    assert made.verdict is Ready.NOT_READY
    assert len(made.problems) == len(faulty.faults)
    assert made.forecast is None
    assert [label for label, _ in summarise(made)] == ["verdict"]
    assert "nobody knows" in Page(made).text


def test_only_what_is_to_be_done_is_reckoned_with() -> None:
    left = [replace(row, verdict=Verdict.LEAVE) for row in CREATE]
    spans = []
    for rows in (CREATE, left):
        forecast = plan(KNOWN, rows).forecast
        assert forecast is not None
        spans += [phase.span.most for phase in forecast.phases if phase.name == "Users"]
    assert spans[0] > spans[1] == 0


def test_the_kinds_are_counted() -> None:
    rows = [*CREATE[:2], replace(CREATE[2], verdict=Verdict.CONFLICT)]
    (kind,) = plan(KNOWN, rows).kinds
    assert (kind.kind, kind.total, kind.create, kind.conflict, kind.leave) == ("user", 3, 2, 1, 0)


def test_the_lines_for_a_terminal_name_nobody() -> None:
    lines = dict(summarise(plan(KNOWN, CREATE)))
    assert set(lines) == {"verdict", "duration", "cost"}
    assert "@" not in "".join(lines.values())
    assert "WorkMail itself 12.00 USD a month" in lines["cost"]
    assert "first copy" in lines["duration"]


def test_a_run_that_copies_nothing_promises_no_copy() -> None:
    made = plan(replace(KNOWN, phases=frozenset({"provision"})), CREATE)
    assert "copy" not in dict(summarise(made))["duration"]


# -- the page


def test_the_page_tells_what_was_measured_and_what_was_not() -> None:
    measured = Page(plan(replace(KNOWN, survey=SURVEY), CREATE)).text
    for words in ("Ready", "a round trip of 34 ms", "1 mailbox looked into", "1 could not be"):
        assert words in measured, words
    assert "Nothing was measured" in Page(plan(KNOWN, CREATE)).text
    near = replace(SURVEY, connect_seconds=0.0004)
    assert "connected in less than 1 ms" in Page(plan(replace(KNOWN, survey=near))).text


def test_the_page_tells_who_must_act_and_why_it_takes_so_long() -> None:
    text = Page(plan(KNOWN, CREATE)).text
    for words in ("Full pass", "Answer the question", "Publish the records", "1 GB each is"):
        assert words in text, words


def test_without_workmail_the_page_says_so() -> None:
    text = Page(plan(replace(KNOWN, unasked="WorkMail was not asked"))).text
    assert "WorkMail was not asked: what it has of these is not known." in text
    assert "Every entry" not in text


def test_the_page_loads_nothing() -> None:
    page = Page(plan(KNOWN, CREATE))
    assert "default-src &#39;none&#39;" in page.html or "default-src 'none'" in page.html
    assert not {"img", "iframe", "form", "object"} & set(page.elements)
    assert "script" not in Page(plan(KNOWN)).elements  # without a table there is none


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>@example.com", "\u202egpj.exe@example.com", "x" * 300, "</script>"],
)
def test_names_are_shown_and_do_nothing(name: str) -> None:
    usual = Page(plan(KNOWN, CREATE))
    conflict = PlanRow("user", name, Verdict.CONFLICT, (f"taken by {name}",))
    hostile = Page(
        plan(replace(KNOWN, problems=(f"no {name}",), warnings=(f"mind {name}",)), [conflict])
    )
    assert hostile.elements.count("script") == usual.elements.count("script")
    assert name.replace("\u202e", "\ufffd") in hostile.text
    assert "\u202e" not in hostile.html


def test_conflicts_come_first_and_a_long_list_is_cut() -> None:
    rows = [*CREATE, *(PlanRow("user", f"c{n}", Verdict.CONFLICT, ("taken",)) for n in range(150))]
    page = Page(plan(KNOWN, rows))
    assert "And 50 more: see every entry below." in page.text
    table = page.text[page.text.index("Every entry") :]
    assert "user0@" not in table  # beyond the first hundred, packed
    assert "c99" in table


def test_many_problems_are_counted() -> None:
    page = Page(plan(replace(KNOWN, problems=tuple(f"problem {n}" for n in range(103)))))
    assert "Not ready: 103 problems" in page.text
    assert "And 3 more of the kind." in page.text


def test_names_of_files_and_settings_stay_as_they_are() -> None:
    made = plan(replace(KNOWN, problems=("users.csv, line 3: no", "`target.ews_url` is", "the x")))
    text = Page(made).text
    assert "users.csv, line 3" in text
    assert "`target.ews_url` is" in text
    assert "The x" in text


def test_the_same_for_programs() -> None:
    written = json.loads(to_json(plan(replace(KNOWN, survey=SURVEY), CREATE)))
    assert written["verdict"] == "ready"
    assert written["summary"]["verdict"] == "ready"
    assert written["rows"][0] == {
        "what": "user",
        "address": "user0@example.com",
        "verdict": "create",
        "reasons": [],
    }
    assert written["forecast"]["phases"][0]["name"] == "Prepare"
    assert written["survey"]["mailboxes"][0]["size"] == 10**9
