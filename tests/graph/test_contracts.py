"""Every route of the emulated Graph, and what our sources ask, by Microsoft's OpenAPI."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from localrun.fakes.graph import GraphServer
from localrun.fakes.graph.answers import Answer, Ask
from localrun.fakes.graph.calendars import Calendars
from localrun.fakes.graph.contacts import Contacts
from localrun.fakes.graph.settings import Rules
from localrun.fakes.graph.table import TABLE
from localrun.fakes.graph.tasks import Todo
from migration.groupware_port import Read
from migration.mail import BatchLimit
from migration.sources.graph import GraphSource
from migration.sources.graph_groupware import GraphGroupware
from migration.sources.graph_settings import GraphSettings
from tests.graph.contract import Contract, Judge
from tests.graph.documented import LATER
from tests.graph.plain import ANN, IMMUTABLE, NOON, Plain, mime
from tests.graph.sources import new_client

BOX = f"/users/{ANN}"
SERIES = (
    "$select=cancelledOccurrences,exceptionOccurrences,occurrenceId&$expand=exceptionOccurrences"
)
BOX_OF = "{user}"
ZONE = "W. Europe Standard Time"
PATTERNS: dict[str, dict[str, Any]] = {
    "daily": {},
    "weekly": {"daysOfWeek": ["monday", "friday"], "firstDayOfWeek": "monday"},
    "absoluteMonthly": {"dayOfMonth": 12},
    "relativeMonthly": {"daysOfWeek": ["monday"], "index": "last"},
    "absoluteYearly": {"dayOfMonth": 12, "month": 1},
    "relativeYearly": {"daysOfWeek": ["monday"], "index": "second", "month": 1},
}
RANGES: tuple[dict[str, Any], ...] = (
    {"type": "noEnd", "endDate": "0001-01-01", "numberOfOccurrences": 0},
    {"type": "endDate", "endDate": "2026-06-30", "numberOfOccurrences": 0},
    {"type": "numbered", "endDate": "0001-01-01", "numberOfOccurrences": 5},
)


class Full:
    """A tenant with something of everything; `at` are parts of paths by their names."""

    def __init__(self, server: GraphServer) -> None:
        self.server = server
        server.add_user(ANN, "Ann Example", aliases=["a@contoso.example"])
        server.add_user("room@contoso.example", "Room", kind="room", place={"capacity": 8})
        group = server.add_group("all@contoso.example", "All", [ANN, "x@elsewhere.example"], [ANN])
        server.add_contact("x@elsewhere.example", "X")
        self.at = {
            "user": ANN,
            "group": group.id,
            "kind": "microsoft.graph.user",
            "period": "D30",
            "folder": "inbox",
            "setting": "timeZone",
        }
        self._mail()
        self._calendars()
        self._contacts()
        self._tasks()

    def _mail(self) -> None:
        box = self.server.mailbox(ANN)
        self.at["message"] = box.deliver("inbox", mime("one"), NOON, ("\\Flagged",), ["Red"])
        box.add_folder("Later", search=True)
        box.add_folder("Shops")
        bills = box.add_folder(("Shops", "Bills"))
        self.at["rule"] = box.part(Rules).add(
            "Bills",
            {"subjectContains": ["Bill"], "withinSizeRange": {"minimumSize": 1, "maximumSize": 9}},
            {"moveToFolder": bills, "forwardTo": [{"emailAddress": {"address": ANN, "name": "A"}}]},
            exceptions={"importance": "high"},
        )

    def _calendars(self) -> None:
        kept = self.server.mailbox(ANN).part(Calendars)
        kept.share("Calendar", "bob@contoso.example")
        for kind, rest in PATTERNS.items():
            for span in RANGES:
                kept.put_event("Calendar", _series(kind, rest, span))
        series = kept.put_event("Calendar", _series("weekly", PATTERNS["weekly"], RANGES[0]))
        late = kept.put_exception(series, date(2026, 1, 19), {"subject": "Late"})
        kept.cancel(series, date(2026, 1, 26))
        kept.attach(late, b"late")
        self.at["event"] = series
        self.at["attached"] = kept.attach(series, b"abc", name="a.txt", contentType="text/plain")
        kept.attach(series, b"Subject: x\r\n\r\n", kind="item", name="x")
        kept.attach(series, None, kind="reference", name="y")
        self.at["calendar"] = kept.default.id

    def _contacts(self) -> None:
        kept = self.server.mailbox(ANN).part(Contacts)
        self.at["contacts"] = kept.add_folder("Friends")
        kept.add_folder("Rome", self.at["contacts"])
        extra = [{"id": "String 0x3a1f", "value": "1"}]
        told: dict[str, Any] = {
            "displayName": "Bob",
            "birthday": "1980-01-12T11:59:00Z",
            "emailAddresses": [{"name": "Bob", "address": "bob@elsewhere.example"}],
            "homeAddress": {"city": "Rome"},
            "singleValueExtendedProperties": extra,
        }
        self.at["contact"] = kept.put_contact(told)
        self.at["friend"] = kept.put_contact(told, self.at["contacts"])
        for one in (self.at["contact"], self.at["friend"]):
            kept.put_photo(one, b"\xff\xd8")

    def _tasks(self) -> None:
        todo = self.server.mailbox(ANN).part(Todo)
        when = {"dateTime": "2026-01-12T00:00:00.0000000", "timeZone": "UTC"}
        self.at["list"] = todo.default
        self.at["task"] = todo.put_task(todo.default, {"title": "Call", "dueDateTime": when})
        todo.add_step(self.at["task"], "Number", done=True)
        todo.add_link(self.at["task"], webUrl="https://a.example", applicationName="A")
        todo.attach(self.at["task"], "a.txt", b"abc")
        self.at["task file"] = todo.task(self.at["task"]).files[0].id

    def path(self, pattern: str) -> str:
        """A route's path, filled in."""
        at = dict(self.at)
        if pattern.startswith("/users/{user}/contactFolders"):
            at |= {"folder": at["contacts"], "contact": at["friend"]}
        at["file"] = at["task file"] if "/todo/" in pattern else at["attached"]
        return pattern.format(**at)


def _series(kind: str, rest: dict[str, Any], span: dict[str, Any]) -> dict[str, Any]:
    pattern = {"type": kind, "interval": 1, **rest}
    when = {"startDate": "2026-01-12", "recurrenceTimeZone": ZONE, **span}
    return {
        "subject": kind,
        "start": {"dateTime": "2026-01-12T09:00:00", "timeZone": ZONE},
        "end": {"dateTime": "2026-01-12T10:00:00", "timeZone": ZONE},
        "recurrence": {"pattern": pattern, "range": when},
    }


@pytest.fixture
def full() -> Iterator[Full]:
    with GraphServer() as server:
        yield Full(server)


@pytest.fixture
def judge(full: Full, contract: Contract) -> Judge:
    made = Judge(contract)
    full.server.observe = made
    return made


@pytest.mark.parametrize("pattern", [route.pattern for route in TABLE])
def test_the_answer_of_every_route_is_valid(full: Full, judge: Judge, pattern: str) -> None:
    is_directory = pattern.endswith("/$count") or "{kind}" in pattern
    query = "?$count=true" if "{kind}" in pattern else ""
    headers = {"ConsistencyLevel": "eventual"} if is_directory and BOX_OF not in pattern else {}
    with Plain(full.server) as plain:
        answer = plain.ask(full.path(pattern) + query, IMMUTABLE, **headers)
    assert answer.status_code in (200, 302), answer.text
    assert judge.problems == []
    assert len(judge.seen) == 1


@pytest.mark.parametrize(
    "path",
    [
        "/events?$select=subject,start&$expand=attachments",
        f"/events/{{event}}?{SERIES}",
        "/contacts?$expand=singleValueExtendedProperties($filter=id eq 'String 0x3a1f')",
        "/mailFolders/inbox/messages/delta?$select=subject,isRead",
        "/mailFolders?includeHiddenFolders=true&$top=1",
        "/mailboxSettings/automaticRepliesSetting",
        "/mailboxSettings/language",
        "/mailboxSettings/workingHours",
        "/mailFolders/nowhere",
        "/events/AAA",
    ],
)
def test_answers_with_options_and_refusals_are_valid(full: Full, judge: Judge, path: str) -> None:
    with Plain(full.server) as plain:
        plain.ask(BOX + path.format(**full.at), 'outlook.timezone="UTC"')
    assert judge.problems == []


def test_what_our_sources_ask_is_documented(full: Full, judge: Judge) -> None:
    source = GraphSource(new_client(full.server), ANN)
    for folder in source.folders():
        page = source.page(folder, "", BatchLimit(10, 10_000))
        list(source.fetch(folder, page.refs))
    source.close()
    groupware = GraphGroupware(new_client(full.server), ANN)
    read: list[object] = []
    for collection in groupware.collections():
        read += groupware.fetch(collection, groupware.entries(collection))
    groupware.close()
    settings = GraphSettings(new_client(full.server), ANN)
    (bills,) = settings.read().rules
    settings.close()
    assert any(done.endswith("folder Shops / Bills") for done in bills.actions)
    assert sum(isinstance(one, Read) for one in read) == 22
    assert judge.problems == []


@pytest.mark.parametrize(
    ("query", "headers", "problem"),
    [
        ({"$search": "x", "$odd": "1"}, {}, "option $odd is not documented"),
        ({"$select": "subject,colour"}, {}, "$select may not have colour"),
        ({"$expand": "exceptions"}, {}, "$expand may not have exceptions"),
        ({}, {"prefer": 'IdType="ImmutableId", odd="1"'}, "preference odd is not documented"),
        ({}, {"consistencylevel": "eventual"}, "ConsistencyLevel means nothing here"),
    ],
)
def test_a_wrong_request_is_found(
    contract: Contract, query: dict[str, str], headers: dict[str, str], problem: str
) -> None:
    found = contract.problems(Ask("GET", f"{BOX}/events", query, headers), Answer({"value": []}))
    assert len(found) == 1
    assert problem in found[0]


@pytest.mark.parametrize(
    ("path", "query", "answer", "problem"),
    [
        ("/events", {}, {"value": [{"type": "odd"}]}, "value/*/type"),
        ("/events", {}, {"value": [{"colour": "red"}]}, "value/*"),
        ("/events", {}, {"value": [{"originalStart": "yesterday"}]}, "value/*/originalStart"),
        ("/events", {"$select": "subject"}, {"value": [{"type": None}]}, "type was not selected"),
        ("/todo/lists", {}, {"value": [{"wellknownListName": "x"}]}, "wellknownListName"),
        ("/messages/A/$value", {}, {}, "octets expected"),
        ("/nothing", {}, {}, "no operation"),
    ],
)
def test_a_wrong_answer_is_found(
    contract: Contract, path: str, query: dict[str, str], answer: Any, problem: str
) -> None:
    found = contract.problems(Ask("GET", BOX + path, query, {}), Answer(answer))
    assert len(found) == 1
    assert problem in found[0]


def test_an_error_without_a_code_is_found(contract: Contract) -> None:
    asked = Ask("GET", f"{BOX}/events", {}, {})
    assert contract.problems(asked, Answer({"error": {"code": "x", "message": "y"}}, 404)) == []
    assert contract.problems(asked, Answer({"error": {"message": "y"}}, 404))


def test_what_is_in_the_files_is_not_called_later(contract: Contract) -> None:
    assert [one.path for one in LATER if contract.in_files(one.path)] == []
    assert contract.in_files("/users/{user}/events/{event}/attachments")
