"""What real servers refuse, and what becomes of it: stored with a code, or rejected with one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from migration.errors import QuotaExceeded
from migration.mail import Folder, FolderPlan, Item, ItemRef, Outcome, Rejected, Stamped, Stored
from migration.mime import MimeStream, fingerprint
from migration.targets.workmail_imap import WorkmailImapTarget
from migration.wire.imap_login import ImapLogin, ImapServer
from tests.integration.cyrus import Cyrus
from tests.integration.cyrus_configuration import BELOW_INBOX
from tests.integration.dovecot import Dovecot
from tests.integration.dovecot_configuration import INBOX_DOT, SLASH
from tests.integration.mail_server import read_folder

ANN = "ann@example.test"
USERS = {ANN: "secret"}
DATE = datetime(2015, 2, 1, 10, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
PLAIN = b"Subject: x\r\n\r\nbody\r\n"
NOTE = b"X-Migration-Note: this message had no header\r\n\r\n"
KEYWORDS = frozenset(f"Label{number}" for number in range(60))

AnyServer = Dovecot | Cyrus


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with Dovecot(SLASH, USERS) as server:
        yield server


@pytest.fixture(scope="module")
def maildir() -> Iterator[Dovecot]:
    with Dovecot(INBOX_DOT, USERS) as server:
        yield server


@pytest.fixture(scope="module")
def cyrus() -> Iterator[Cyrus]:
    with Cyrus(BELOW_INBOX, USERS) as server:
        yield server


@pytest.fixture(params=["dovecot", "maildir", "cyrus"])
def server(request: pytest.FixtureRequest) -> AnyServer:
    found: AnyServer = request.getfixturevalue(request.param)
    return found


def target(server: AnyServer) -> closing[WorkmailImapTarget]:
    where = ImapServer("127.0.0.1", server.port, "none", read_timeout=20)
    return closing(WorkmailImapTarget(where, ImapLogin(ANN, "secret")))


def stamped(
    mime: bytes | MimeStream, flags: frozenset[str] = frozenset(), date: datetime = DATE
) -> Stamped:
    return Stamped("key", Item(ItemRef("1", len(mime)), mime, date, flags))


def store(server: AnyServer, *items: Stamped) -> tuple[Sequence[Outcome], list[Any]]:
    """The outcomes of these in a new folder, and what is there afterwards."""
    with target(server) as opened, server.client(ANN) as client:
        path = (f"F{len(client.list_folders())}",)
        (name,) = opened.ensure_folders([FolderPlan(Folder("k", path, "1", 0), path)])
        outcomes = opened.append(name, items).outcomes()
        return outcomes, read_folder(client, name)


@pytest.mark.parametrize(
    ("mime", "altered", "stored"),
    [
        (PLAIN, {}, PLAIN),
        (b"Subject: x\n\nbare\n", {Cyrus: "crlf"}, b"Subject: x\r\n\r\nbare\r\n"),
        (b"Subject: nul\r\n\r\nbo\0dy\r\n", {Cyrus: "nul-removed"}, None),
        (b"no header at all", {Cyrus: "header-added"}, None),
        (b"bare\nand\0nul", {Cyrus: "crlf+nul-removed+header-added"}, None),
        (b"Subject: x\r\n\r\nbare\rreturn, no end", {}, b"Subject: x\r\n\r\nbare\rreturn, no end"),
        (b"Subject: x\r\n\r\n" + b"y" * 20_000 + b"\r\n", {}, None),
        (b"Subject: \xfcber\r\n\r\n\xff\xfe\r\n", {}, None),
    ],
    ids=["plain", "bare LF", "NUL", "no header", "all of it", "bare CR", "long line", "8-bit"],
)
def test_content(
    server: AnyServer, mime: bytes, altered: dict[type, str], stored: bytes | None
) -> None:
    flags = frozenset({"\\Seen", "$Work"})
    outcomes, there = store(server, stamped(PLAIN), stamped(mime, flags), stamped(PLAIN))
    assert all(isinstance(each, Stored) for each in outcomes)
    codes = [each.altered for each in outcomes if isinstance(each, Stored)]
    assert codes == ["", altered.get(type(server), ""), ""]
    uids = [int(each.target_id.split(":")[1]) for each in outcomes if isinstance(each, Stored)]
    found = dict(zip(sorted(uids), there, strict=True))[uids[1]]
    if stored is not None:
        assert found[b"BODY[]"] == stored
    assert set(found[b"FLAGS"]) - {b"\\Recent"} == {b"\\Seen", b"$Work"}
    assert found[b"INTERNALDATE"] == DATE
    assert [each[b"BODY[]"] for each in there].count(PLAIN) == (3 if mime == PLAIN else 2)


def test_what_was_changed_is_found_again_as_what_it_was(server: AnyServer) -> None:
    contents = [PLAIN, b"Subject: y\n\nbare\n", b"no header at all", b"Subject: z\r\n\r\n\0\r\n"]
    with target(server) as opened:
        path = ("Known",)
        (name,) = opened.ensure_folders([FolderPlan(Folder("k", path, "1", 0), path)])
        mark = opened.mark(name)
        opened.append(name, [stamped(mime) for mime in contents]).outcomes()
        prints = {each.fingerprint for each in opened.since(name, mark, [])}
    known = {fingerprint(mime) for mime in contents}
    if isinstance(server, Cyrus):
        assert prints == known
    else:
        assert len(prints & known) == 3, "Dovecot makes 0x80 of NUL"


@pytest.mark.parametrize(
    ("flags", "left_out", "kept"),
    [
        (KEYWORDS | {"\\Seen", "\\Deleted", "$Forwarded"}, False, None),
        (frozenset({"x" * 120, "\\Seen"}), True, {b"\\Seen"}),
        (frozenset({"a]b", "ü", "a b", "\\Custom", "ok"}), True, {b"ok"}),
    ],
    ids=["sixty", "long", "no atoms"],
)
def test_keywords(
    server: AnyServer, flags: frozenset[str], left_out: bool, kept: set[bytes] | None
) -> None:
    (outcome,), (found,) = store(server, stamped(PLAIN, flags))
    assert isinstance(outcome, Stored)
    assert outcome.altered == ("keywords-left-out" if left_out else "")
    there = set(found[b"FLAGS"]) - {b"\\Recent"}
    assert there == (kept if kept is not None else {flag.encode() for flag in flags})


@pytest.mark.parametrize("year", [1960, 1970, 2000, 2100])
def test_dates(server: AnyServer, year: int) -> None:
    date = datetime(year, 1, 1, tzinfo=UTC)
    (outcome,), (found,) = store(server, stamped(PLAIN, date=date))
    assert isinstance(outcome, Stored)
    if year == 1960 and isinstance(server, Cyrus):
        assert outcome.altered.endswith("date-left-out")
    else:
        assert outcome.altered == ""
    if year == 2000:
        assert found[b"INTERNALDATE"] == date


def test_an_empty_message_is_rejected_and_its_neighbours_are_not(server: AnyServer) -> None:
    outcomes, there = store(server, stamped(PLAIN), stamped(b""), stamped(PLAIN))
    assert len(there) >= 2
    if isinstance(server, Dovecot):
        assert [type(each) for each in outcomes] == [Stored, Stored, Stored]
        assert {each[b"BODY[]"] for each in there} == {PLAIN, NOTE}


@pytest.mark.parametrize("as_stream", [True, False])
def test_a_message_above_the_servers_limit_is_rejected(as_stream: bool) -> None:
    large = b"Subject: x\r\n\r\n" + b"0123456789abcd\r\n" * 90_000
    content = MimeStream(len(large), iter([large])) if as_stream else large
    with Dovecot(SLASH, USERS, max_message_mb=1) as server:
        outcomes, there = store(server, stamped(PLAIN), stamped(content), stamped(PLAIN))
    assert [type(each) for each in outcomes] == [Stored, Rejected, Stored]
    assert outcomes[1] == Rejected("key", "limit")
    assert [each[b"BODY[]"] for each in there] == [PLAIN, PLAIN]


@pytest.mark.parametrize("kind", [Dovecot, Cyrus])
def test_a_full_mailbox_is_said_to_be_full(kind: type[AnyServer]) -> None:
    large = b"Subject: x\r\n\r\n" + b"0123456789abcd\r\n" * 40_000
    layout = SLASH if kind is Dovecot else BELOW_INBOX
    with kind(layout, USERS, quota_mb=1) as server, target(server) as opened:
        opened.append("INBOX", [stamped(PLAIN)]).outcomes()
        for content in (large, MimeStream(2 * len(large), iter([large, large]))):
            with pytest.raises(QuotaExceeded):
                for _ in range(3):
                    opened.append("INBOX", [stamped(content)]).outcomes()
            opened.close()


def test_a_message_that_breaks_off_in_the_middle_leaves_nothing(
    server: AnyServer, tmp_path: Path
) -> None:
    def pieces() -> Iterator[bytes]:
        yield PLAIN + b"x" * 100_000
        raise OSError

    with target(server) as opened, server.client(ANN) as client:
        before = client.folder_status("INBOX", ["MESSAGES"])
        with pytest.raises(OSError):
            opened.append("INBOX", [stamped(MimeStream(2_000_000, pieces()))]).outcomes()
        opened.close()
        opened.append("INBOX", [stamped(PLAIN)]).outcomes()
        after = client.folder_status("INBOX", ["MESSAGES"])
        assert after[b"MESSAGES"] == before[b"MESSAGES"] + 1
