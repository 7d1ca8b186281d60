"""The live page's server, as a browser and as somebody else's page see it."""

from __future__ import annotations

import errno
import http.client
import json
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from localrun.display import PlainDisplay
from localrun.live.feed import Feed
from localrun.live.looks import choose
from localrun.live.outside import RememberingDisplay
from localrun.live.pages import LivePages
from localrun.live.session import LiveSession, PortUnusableError, wait
from localrun.tenant_command import build_parser
from migration.progress_look import LedgerLook, view_run
from migration.progress_page import PARTS
from migration.progress_view import LogKind, LogLine, ProgressView, RunHead

NOON = "2026-12-04T12:00:00Z"
PATIENCE = 10.0


def view(*happened: str, tenant: str = "acme") -> ProgressView:
    """A run in which this has happened."""
    head = RunHead(tenant, "acme.example", "friday", NOON, NOON)
    log = tuple(LogLine(NOON, LogKind.OUTSIDE, each) for each in happened)
    return replace(view_run(head, LedgerLook(), None), log=log)


class Viewer:
    """Reads events as a browser does: fields until an empty line."""

    def __init__(self, pages: LivePages | LiveSession) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port_of(pages), timeout=PATIENCE)
        self._connection.request("GET", "/events")
        self.response = self._connection.getresponse()
        self.retry = self._fields()["retry"]

    def _fields(self) -> dict[str, str]:
        """Of one event; {} at the end of the stream. A comment has the name ""."""
        found: dict[str, str] = {}
        while line := self.response.readline().decode("utf-8"):
            if line == "\n":
                return found
            name, _, value = line.removesuffix("\n").partition(":")
            found[name] = value.removeprefix(" ")
        return {}

    def next(self) -> dict[str, Any]:
        """What the next event tells, with its id; {} at the end."""
        fields = self._fields()
        while fields.keys() == {""}:
            fields = self._fields()
        if not fields:
            return {}
        assert fields["event"] == "view"
        told: dict[str, Any] = json.loads(fields["data"])
        return {"id": int(fields["id"]), **told}

    def comment(self) -> str:
        """The next event's comment; KeyError if it tells anything."""
        return self._fields()[""]

    def leave(self) -> None:
        self.response.close()
        self._connection.close()


def port_of(pages: LivePages | LiveSession) -> int:
    return int(pages.url.rstrip("/").rpartition(":")[2])


@pytest.fixture
def feed() -> Feed:
    return Feed(view("begun"))


@pytest.fixture
def pages(feed: Feed, tmp_path: Path) -> Iterator[LivePages]:
    with LivePages(feed, lambda: tmp_path) as served:
        yield served
        feed.close()


def ask(
    pages: LivePages, path: str, host: str = "", method: str = "GET"
) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", port_of(pages), timeout=PATIENCE)
    connection.request(method, path, headers={"Host": host} if host else {})
    response = connection.getresponse()
    found = response.status, dict(response.getheaders()), response.read().decode("utf-8")
    connection.close()
    return found


# ---- events


def test_a_viewer_gets_the_whole_view_and_then_what_has_changed(
    feed: Feed, pages: LivePages
) -> None:
    viewer = Viewer(pages)
    assert viewer.response.getheader("Content-Type") == "text/event-stream"
    assert int(viewer.retry) > 0
    first = viewer.next()
    assert list(first["parts"]) == list(PARTS)
    feed.publish(view("begun", "mail arrives"))
    second = viewer.next()
    assert list(second["parts"]) == ["log"]
    assert "mail arrives" in second["parts"]["log"]
    assert second["id"] > first["id"]


def test_who_comes_back_gets_the_whole_view_again(feed: Feed, pages: LivePages) -> None:
    viewer = Viewer(pages)
    viewer.next()
    viewer.leave()
    feed.publish(view("begun", "meanwhile"))
    back = Viewer(pages).next()
    assert list(back["parts"]) == list(PARTS)
    assert "meanwhile" in back["parts"]["log"]


def test_several_viewers_see_the_same(feed: Feed, pages: LivePages) -> None:
    viewers = [Viewer(pages) for _ in range(5)]
    firsts = [viewer.next() for viewer in viewers]
    feed.publish(view("news"))
    assert [viewer.next()["parts"]["log"] for viewer in viewers] == [
        feed_part(feed, "log") for _ in viewers
    ]
    assert all(first["run"] == "friday" for first in firsts)
    assert feed.viewers == 5


def feed_part(feed: Feed, name: str) -> str:
    """As a new viewer gets it."""
    events = feed.events()
    next(events)
    told = json.loads(next(events).decode().split("data: ", 1)[1])
    events.close()
    return str(told["parts"][name])


def test_a_viewer_who_hangs_up_is_forgotten_and_disturbs_nobody(tmp_path: Path) -> None:
    feed = Feed(view("begun"), heartbeat=0.05)
    with LivePages(feed, lambda: tmp_path) as pages:
        stays, leaves = Viewer(pages), Viewer(pages)
        stays.next(), leaves.next()
        assert feed.viewers == 2
        leaves.leave()
        until(lambda: feed.viewers == 1)
        feed.publish(view("afterwards"))
        assert "afterwards" in stays.next()["parts"]["log"]
        feed.close()


def test_while_nothing_happens_the_connection_is_kept_alive(tmp_path: Path) -> None:
    feed = Feed(view("begun"), heartbeat=0.05)
    with LivePages(feed, lambda: tmp_path) as pages:
        viewer = Viewer(pages)
        viewer.next()
        assert viewer.comment() == "still here"
        feed.close()


def test_a_viewer_who_reads_nothing_holds_up_nobody(feed: Feed, pages: LivePages) -> None:
    idle = socket.create_connection(("127.0.0.1", port_of(pages)))
    idle.sendall(f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{port_of(pages)}\r\n\r\n".encode())
    until(lambda: feed.viewers == 1)
    begun = time.monotonic()
    for number in range(50):
        feed.publish(view("x" * 100_000 + str(number)))
    assert time.monotonic() - begun < PATIENCE
    assert "49" in Viewer(pages).next()["parts"]["log"][-2000:]
    idle.close()


def test_the_last_view_is_sent_before_the_stream_ends(feed: Feed, pages: LivePages) -> None:
    viewer = Viewer(pages)
    viewer.next()
    feed.publish(view("the end"), "The run has ended.")
    feed.close()
    last = viewer.next()
    assert "the end" in last["parts"]["log"]
    assert last["lastWords"] == "The run has ended."
    assert viewer.next() == {}
    assert feed.wait_until_left(PATIENCE)


def test_a_view_that_came_while_nobody_looked_is_not_missed(feed: Feed, pages: LivePages) -> None:
    feed.publish(view("unseen"))
    assert "unseen" in Viewer(pages).next()["parts"]["log"]
    assert feed.viewed.is_set()


def test_a_name_of_a_mailbox_cannot_end_an_event(feed: Feed, pages: LivePages) -> None:
    hostile = "a\n\nevent: other\ndata: <script>\u2028"
    viewer = Viewer(pages)
    viewer.next()
    feed.publish(view("news", tenant=hostile))
    told = viewer.next()
    assert "<script>" not in told["parts"]["now"]
    feed.publish(view("more"))
    assert "more" in viewer.next()["parts"]["log"]


# ---- what is served, and to whom


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "[::1]"])
@pytest.mark.parametrize("path", ["/", "/events", "/report/report.html"])
def test_another_name_gets_nothing(pages: LivePages, host: str, path: str) -> None:
    status, _, text = ask(pages, path, host)
    assert status == 421
    assert "acme" not in text


def test_localhost_is_a_name_of_this_machine(pages: LivePages) -> None:
    assert ask(pages, "/", f"localhost:{port_of(pages)}")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_changed(pages: LivePages, method: str) -> None:
    status, headers, _ = ask(pages, "/", method=method)
    assert (status, headers["Allow"]) == (405, "GET")


def test_the_page_is_the_latest_and_may_ask_nobody_else(feed: Feed, pages: LivePages) -> None:
    feed.publish(view("the latest"))
    status, headers, text = ask(pages, "/")
    assert status == 200
    assert "the latest" in text
    assert "connect-src &#39;self&#39;" in text
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"
    assert not [name for name in headers if name.startswith("Access-Control")]


@pytest.mark.parametrize(
    "path",
    [
        *("/report/tenant.yaml", "/report/../secret.txt", "/report/%2e%2e/secret.txt"),
        *("/report/logs/report.html", "/report.html", "/report/", "/favicon.ico"),
    ],
)
def test_nothing_but_the_report_is_served(pages: LivePages, tmp_path: Path, path: str) -> None:
    for name in ("tenant.yaml", "logs/report.html", "../secret.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("secret")
    status, _, text = ask(pages, path)
    assert status == 404
    assert "secret" not in text


def test_the_report_is_served_when_there_is_one(pages: LivePages, tmp_path: Path) -> None:
    assert ask(pages, "/report/report.html")[0] == 404
    (tmp_path / "report.html").write_text("done")
    status, headers, text = ask(pages, "/report/report.html")
    assert (status, text) == (200, "done")
    assert headers["Content-Type"].startswith("text/html")


# ---- the run


class Played:
    """An execution, as far as one chooses among them."""

    started = 0.0

    def __init__(self, name: str, status: str = "RUNNING", stopped: float | None = None) -> None:
        self.name, self.status, self.stopped = name, status, stopped


@pytest.mark.parametrize(
    ("executions", "working", "shown"),
    [
        ([Played("one"), Played("two")], "one", "one"),
        ([Played("one"), Played("two")], "", "two"),
        ([Played("one"), Played("two", "FAILED", 1)], "", "one"),
        ([Played("one", "FAILED", 9), Played("two", "ABORTED", 3)], "two", "one"),
    ],
    ids=["has the lock", "began last", "is running", "ended last"],
)
def test_the_execution_that_works_is_shown(executions: list[Any], working: str, shown: str) -> None:
    assert choose(executions, working).name == shown


def test_what_a_display_is_told_is_passed_on_and_what_happens_outside_is_kept() -> None:
    file = StringIO()
    outside: deque[LogLine] = deque()
    display = RememberingDisplay(PlainDisplay(Console(file=file, width=80)), outside)
    display.say("ready")
    display.state("Prepare", 1_796_407_200.0)
    display.happen("mail arrives", 1_796_407_201.0)
    display.note("noted", 1_796_407_202.0)
    display.tell("told", 1_796_407_203.0)
    display.close()
    assert list(outside) == [
        LogLine("2026-12-04T18:00:01+00:00", LogKind.OUTSIDE, "mail arrives"),
    ]
    assert [line.partition("  ")[2] for line in file.getvalue().splitlines()] == [
        *("", "Prepare", "outside: mail arrives", "noted: noted", "told: told"),
    ]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_look_that_fails_ends_the_page_instead_of_letting_it_stand_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Blind:
        """Cannot look."""

        def __init__(self, *_: object) -> None: ...

        def look(self) -> None:
            raise LookupError("gone")

    class Nothing:
        """A run that is never looked at."""

        out = Path("nowhere")

    monkeypatch.setattr("localrun.live.session.Looker", Blind)
    run: Any = Nothing()
    with LiveSession("watched") as session:
        viewer = Viewer(session)
        viewer.next()
        session.begin(run)
        assert viewer.next() == {}
        assert session.feed.wait_until_left(PATIENCE)
        until(lambda: is_refused(session))


def is_refused(session: LiveSession) -> bool:
    """Whether a viewer who comes now is answered by nobody."""
    connection = http.client.HTTPConnection("127.0.0.1", port_of(session), timeout=PATIENCE)
    try:
        connection.request("GET", "/events")
        connection.getresponse()
    except ConnectionError:
        return True
    finally:
        connection.close()
    return False


def test_who_kept_a_connection_open_gets_nothing_after_the_end(feed: Feed, tmp_path: Path) -> None:
    with LivePages(feed, lambda: tmp_path) as pages:
        connection = http.client.HTTPConnection("127.0.0.1", port_of(pages), timeout=PATIENCE)
        connection.request("GET", "/")
        assert connection.getresponse().read()
        pages.close()
        with pytest.raises(http.client.RemoteDisconnected):
            connection.request("GET", "/events")
            connection.getresponse()
        connection.close()


# ---- the command


def test_a_port_that_is_taken_is_named() -> None:
    with LiveSession("first") as session:
        port = port_of(session)
        with pytest.raises(PortUnusableError, match=f"port {port} is taken"):
            LiveSession("second", port)


@pytest.mark.parametrize("port", [70_000, -1])
def test_a_port_that_is_none_is_told_in_words(port: int) -> None:
    with pytest.raises(PortUnusableError, match=f"port {port} is none; ports go from 1 to 65535"):
        LiveSession("watched", port)


def test_a_port_that_only_the_administrator_may_use_is_not_called_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("localrun.live.session.LivePages", refuse)
    with pytest.raises(PortUnusableError, match="port 80 is not for this user"):
        LiveSession("watched", 80)


def test_it_is_waited_until_something_has_come_or_the_time_is_up() -> None:
    wait(lambda: True, StringIO(), PATIENCE)  # whose input nobody can wait for
    wait(lambda: False, StringIO(), 0)


def test_it_is_waited_for_a_line_of_the_keyboard() -> None:
    here, there = socket.socketpair()
    with here, there, there.makefile("r") as keyboard:
        threading.Timer(0.1, here.sendall, (b"\n",)).start()
        begun = time.monotonic()
        wait(lambda: False, keyboard, PATIENCE)
        assert time.monotonic() - begun < PATIENCE


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", (False, None, False)),
        ("--serve", (True, None, False)),
        ("--serve --port 8080 --no-wait", (True, 8080, True)),
        ("scenario sample --serve --port 8080", (True, 8080, False)),
        ("--serve --port 8080 scenario sample", (True, 8080, False)),
    ],
)
def test_the_options_stand_before_or_after_the_command(
    arguments: str, expected: tuple[bool, int | None, bool]
) -> None:
    parsed = build_parser().parse_args(arguments.split())
    assert (parsed.serve, getattr(parsed, "port", None), parsed.no_wait) == expected


def until(true: Any) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)
