"""Small runs over real servers: what is loaded, copied and compared is what was made."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from bench import dovecot
from bench.comparison import Mailbox, Print, difference, read_mailbox
from bench.corpus import FOLDERS, INBOX, Corpus
from bench.dovecot import Dovecot
from bench.ews_passes import EwsBench, EwsPlan
from bench.imap_passes import ImapBench, ImapPlan
from bench.imap_wire import Connection, RefusedError
from bench.loading import AnyCorpus, load
from bench.routes import Routes
from bench.rows import EWS, EWS_WHOLE, FIRST, SECOND
from bench.tools import CEILING, EXCHANGELIB, LOOP, RAW_EWS, TOOLS, Job, Tool

pytestmark = pytest.mark.skipif(bool(dovecot.why_missing()), reason=dovecot.why_missing())

SMALL = Corpus(204, 7_000_000)
TINY = Corpus(60, 400_000, odd=False, big=False, folders=(INBOX, "Sent Items", "Kunden"))


@pytest.fixture(scope="module")
def source() -> Iterator[Dovecot]:
    with Dovecot() as server:
        yield server


@pytest.fixture(scope="module")
def target() -> Iterator[Dovecot]:
    with Dovecot() as server:
        yield server


def as_made(corpus: AnyCorpus) -> Mailbox:
    folders: dict[str, list[Print]] = {folder: [] for folder in FOLDERS}
    size = 0
    for message in corpus.messages():
        flags = frozenset(flag.encode() for flag in message.flags)
        digest = sha256(message.content).digest()
        folders[message.folder].append(Print(digest, message.date.timestamp(), flags))
        size += len(message.content)
    return Mailbox({folder: tuple(prints) for folder, prints in folders.items()}, size)


def test_the_server_shows_what_was_made(source: Dovecot) -> None:
    login = source.login("shown")
    assert load(SMALL, login) == 204
    assert difference(as_made(SMALL), read_mailbox(login)) == ""


def test_a_changed_flag_on_the_server_is_noticed(source: Dovecot) -> None:
    login = source.login("changed")
    load(TINY, login)
    before = read_mailbox(login)
    with Connection(login) as connection:
        connection.run(b'SELECT "INBOX"')
        connection.run(b"STORE 1 +FLAGS (changed)")
        connection.run(b"STORE 2 +FLAGS (\\Deleted)")
        connection.run(b"EXPUNGE")
    assert difference(before, read_mailbox(login)) == "1 missing; 1 with other flags"


def test_a_refusal_is_an_error(source: Dovecot) -> None:
    login = source.login("refused")
    with Connection(login) as connection, pytest.raises(RefusedError, match="NO"):
        connection.run(b'SELECT "no such folder"')


def test_own_copiers_make_identical_copies(source: Dovecot, target: Dovecot) -> None:
    tools = [tool for tool in TOOLS if tool.name in (CEILING, LOOP)]
    said: list[str] = []
    with Routes() as routes:
        bench = ImapBench(source, target, routes, said.append)
        rows = list(bench.passes(ImapPlan(tools, [0], 1, SMALL, TINY)))
    assert sorted((row.tool, row.pass_name) for row in rows) == [
        *((CEILING, FIRST), *[(CEILING, SECOND)] * 3, (LOOP, FIRST), *[(LOOP, SECOND)] * 3)
    ]
    assert [row.reason for row in rows] == [""] * 8
    assert {row.messages for row in rows} == {204}
    assert all(row.seconds > 0 and row.peak_memory_mb > 5 for row in rows)
    assert said[0] == "source: 204 messages, 7 MB, 15 folders"
    assert len(said) == 9


def broken(job: Job) -> list[str]:
    return [sys.executable, "-c", "raise SystemExit('broken')"]


def idle(job: Job) -> list[str]:
    return [sys.executable, "-c", "pass"]


def meddling(job: Job) -> list[str]:
    login = job.source
    code = (
        f"import imaplib; c = imaplib.IMAP4('127.0.0.1', {login.port});"
        f"c.login({login.user!r}, {login.password!r});"
        "c.select('INBOX'); c.store('1', '+FLAGS', 'meddled')"
    )
    return [sys.executable, "-c", code]


def test_tools_that_fail_or_lie_are_found_out(source: Dovecot, target: Dovecot) -> None:
    tools = [Tool(act.__name__, act, lambda: "") for act in (broken, idle, meddling, idle)]
    with Routes() as routes:
        bench = ImapBench(source, target, routes, lambda text: None)
        rows = list(bench.passes(ImapPlan(tools, [0], 1, TINY, TINY)))
    reasons = {row.tool: row.reason for row in rows if row.pass_name == FIRST}
    assert reasons["broken"] == "exit code 1: broken"
    assert reasons["idle"].endswith("60 missing")
    assert reasons["meddling"] == "it changed the source"
    assert [row.pass_name for row in rows if row.tool == "broken"] == [FIRST]
    assert not any(row.identical for row in rows)


def test_ews_clients_write_everything(source: Dovecot) -> None:
    with Routes() as routes:
        bench = EwsBench(source, routes, lambda text: None)
        rows = list(bench.passes(EwsPlan((EXCHANGELIB, RAW_EWS), 0, 1, TINY)))
    assert [(row.tool, row.pass_name, row.reason) for row in rows] == [
        (EXCHANGELIB, EWS, ""),
        (EXCHANGELIB, EWS_WHOLE, ""),
        (RAW_EWS, EWS, ""),
        (RAW_EWS, EWS_WHOLE, ""),
    ]
    for writing, whole in zip(rows[::2], rows[1::2], strict=True):
        assert 0 < writing.seconds < whole.seconds


def test_servers_leave_nothing_behind() -> None:
    with Dovecot() as server:
        load(TINY, server.login("gone"))
        folder = Path(server.folder)
        assert folder.exists()
    assert not folder.exists()
