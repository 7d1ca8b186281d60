"""ImapSource against answers that the embedded server never gives: a scripted client."""

import imaplib
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from migration.errors import MailboxUnreachable, SourceBusy
from migration.model import BatchLimit, Folder, Gone, Item, ItemRef, Unreadable
from migration.sources.imap import ImapLogin, ImapSource
from migration.sources.imap_connection import log_in

REFS = [ItemRef("1", 10), ItemRef("2", 10), ItemRef("3", 10)]
DATE = datetime(2020, 1, 1, tzinfo=timezone(timedelta(hours=2)))


class Client:
    """Stands for IMAPClient. `mails` are the answers to FETCH by uid; `refuses` lists uids for
    which a FETCH is answered NO as a whole."""

    def __init__(self) -> None:
        self.rows: list[tuple[Any, Any, Any]] = [((), b"/", b"INBOX")]
        self.extra: list[tuple[Any, Any, Any]] = []
        self.capabilities: set[str] = set()
        self.mails: dict[int, dict[bytes, Any]] = {}
        self.refuses: set[int] = set()
        self.without_size: set[int] = set()
        self.listed = [1, 2, 3]
        self.closed: set[str] = set()
        self.selected: dict[bytes, Any] = {}
        self.commands: list[str] = []

    def has_capability(self, name: str) -> bool:
        return name in self.capabilities

    def namespace(self) -> Any:
        return (((b"INBOX.", "."),), ((b"user.", "."),), None)

    def list_folders(self) -> Any:
        return self.rows

    def xlist_folders(self) -> Any:
        return self.extra

    def folder_status(self, name: str, what: Any) -> Any:
        if name in self.closed:
            raise imaplib.IMAP4.error("STATUS failed: secret")
        return {b"MESSAGES": 3, b"UIDVALIDITY": 7}

    def select_folder(self, name: str, readonly: bool) -> Any:
        assert readonly
        if name in self.closed:
            raise imaplib.IMAP4.error("SELECT failed: secret")
        return {b"EXISTS": len(self.listed), b"UIDVALIDITY": 7, **self.selected}

    def search(self, criteria: str) -> list[int]:
        self.commands.append(criteria)
        low, _, high = criteria.removeprefix("UID ").partition(":")
        last = max(self.listed, default=0)
        if high == "*":
            return [uid for uid in self.listed if uid >= int(low) or uid == last]
        return [uid for uid in self.listed if int(low) <= uid <= int(high or low)]

    def fetch(self, uids: list[int], what: Any) -> Any:
        assert not any("BODY[" in each for each in what)
        if self.refuses & set(uids):
            raise imaplib.IMAP4.error("FETCH failed")
        if "RFC822.SIZE" in what:
            known = set(self.listed) - self.without_size
            return {uid: {b"RFC822.SIZE": 10} for uid in uids if uid in known}
        return {uid: self.mails[uid] for uid in uids if uid in self.mails}

    def logout(self) -> None:
        self.commands.append("LOGOUT")


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def source(client: Client) -> ImapSource:
    made = ImapSource("127.0.0.1", 1, "none", ImapLogin("u", "p"))
    made._client = client
    return made


def inbox(source: ImapSource) -> Folder:
    return next(each for each in source.folders() if each.path == ("INBOX",))


def mail(**fields: Any) -> dict[bytes, Any]:
    plain: dict[bytes, Any] = {b"BODY[]": b"x", b"FLAGS": (), b"INTERNALDATE": DATE}
    return plain | {name.encode(): value for name, value in fields.items()}


def test_one_bad_message_does_not_spoil_its_neighbours(client: Client, source: ImapSource) -> None:
    client.mails = {1: mail(), 3: mail()}
    client.refuses = {2}
    answers = list(source.fetch(inbox(source), REFS))
    assert [type(each) for each in answers] == [Item, Unreadable, Item]
    assert answers[1] == Unreadable(REFS[1], "fetch-refused")


def test_a_refused_message_that_is_no_longer_listed_is_gone(
    client: Client, source: ImapSource
) -> None:
    client.refuses = {2}
    client.listed = [1, 3]
    assert list(source.fetch(inbox(source), REFS[1:2])) == [Gone(REFS[1])]


def test_a_message_without_a_body_is_unreadable(client: Client, source: ImapSource) -> None:
    client.mails = {1: {b"FLAGS": (), b"INTERNALDATE": DATE, b"BODY[]": None}}
    assert list(source.fetch(inbox(source), REFS[:1])) == [Unreadable(REFS[0], "no-body")]


def test_flags_are_text_and_recent_is_none_of_ours(client: Client, source: ImapSource) -> None:
    client.mails = {1: mail(FLAGS=(b"\\Seen", b"\\Recent", 2020, None, b"$Work"))}
    (item,) = source.fetch(inbox(source), REFS[:1])
    assert isinstance(item, Item)
    assert item.flags == {"\\Seen", "2020", "NIL", "$Work"}


def test_a_missing_internaldate_is_taken_from_the_header(
    client: Client, source: ImapSource
) -> None:
    dated = b"Date: Wed, 1 Jan 2020 00:00:00 +0200\r\n\r\nx"
    client.mails = {1: mail(INTERNALDATE=None), 2: mail(INTERNALDATE=None)}
    client.mails[1][b"BODY[]"] = dated
    first, second = source.fetch(inbox(source), REFS[:2])
    assert isinstance(first, Item)
    assert isinstance(second, Item)
    assert first.received == DATE
    assert second.received == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("date", [b"Mon, 3 Apr 99999999999 12:00:00 +0000", b"yesterday", b""])
def test_a_date_that_makes_no_sense_is_1970(
    client: Client, source: ImapSource, date: bytes
) -> None:
    client.mails = {1: mail(INTERNALDATE=None) | {b"BODY[]": b"Date: " + date + b"\r\n\r\nx"}}
    (item,) = source.fetch(inbox(source), REFS[:1])
    assert isinstance(item, Item)
    assert item.received == datetime(1970, 1, 1, tzinfo=UTC)


def test_the_last_message_is_not_taken_for_a_new_one(client: Client, source: ImapSource) -> None:
    # No UIDNEXT: the server must be asked, and answers UID 4:* with message 3.
    page = source.page(inbox(source), "3", BatchLimit())
    assert client.commands == ["UID 4:*"]
    assert (page.refs, page.cursor, page.more) == ((), "3", False)


def test_a_known_uidnext_saves_the_search(client: Client, source: ImapSource) -> None:
    client.selected = {b"UIDNEXT": 4}
    assert source.page(inbox(source), "3", BatchLimit()).refs == ()
    assert client.commands == []


def test_a_huge_folder_is_listed_in_parts(client: Client, source: ImapSource) -> None:
    client.listed = [5, 250_000, 250_001]
    client.selected = {b"EXISTS": 150_000, b"UIDNEXT": 250_002}
    place = inbox(source)
    uids: list[str] = []
    cursor, more = "", True
    while more:
        page = source.page(place, cursor, BatchLimit(items=2))
        uids += [ref.uid for ref in page.refs]
        cursor, more = page.cursor, page.more
    assert uids == ["5", "250000", "250001"]
    for command in client.commands:
        low, high = command.removeprefix("UID ").split(":")
        line = 11 * (int(high) - int(low) + 1)  # UIDs of ten digits
        assert line < 1_000_000, "imaplib's longest line"


def test_a_message_that_is_left_out_of_the_sizes_is_not_passed_over(
    client: Client, source: ImapSource
) -> None:
    client.mails = {1: mail(), 3: mail()}
    client.without_size = {2}
    place = inbox(source)
    page = source.page(place, "", BatchLimit())
    assert page.refs == (REFS[0], ItemRef("2", 0), REFS[2])
    answers = list(source.fetch(place, page.refs))
    assert answers[1] == Unreadable(ItemRef("2", 0), "no-body")


def test_messages_that_vanish_before_their_size_is_known_are_gone(
    client: Client, source: ImapSource
) -> None:
    place = inbox(source)
    source.page(place, "", BatchLimit(items=1))
    client.listed = []
    page = source.page(place, "1", BatchLimit())
    refs = (ItemRef("2", 0), ItemRef("3", 0))
    assert (page.refs, page.cursor, page.more) == (refs, "3", False)
    assert list(source.fetch(place, refs)) == [Gone(refs[0]), Gone(refs[1])]


def test_prefixes_are_stripped_and_other_peoples_folders_left_out(
    client: Client, source: ImapSource
) -> None:
    client.capabilities = {"NAMESPACE"}
    client.rows = [
        ((), b".", b"INBOX"),
        ((), b".", b"INBOX.Sent"),
        ((), b".", b"user.bob"),
        ((b"\\Noselect",), b".", b"INBOX.Parent"),
        ((), b".", b"INBOX.Parent.Child"),
    ]
    assert [each.path for each in source.folders()] == [
        ("INBOX",),
        ("Sent",),
        ("Parent", "Child"),
    ]


def test_xlist_tells_special_folders_where_nothing_else_does(
    client: Client, source: ImapSource
) -> None:
    client.capabilities = {"XLIST"}
    client.rows = [((), b"/", b"Verschickt")]
    client.extra = [((b"\\Sent",), b"/", b"Verschickt")]
    (folder,) = source.folders()
    assert folder.special == "sent"


def test_a_folder_deleted_while_listing_is_left_out(client: Client, source: ImapSource) -> None:
    client.closed = {"Old"}
    rows = [((), b"/", b"INBOX"), ((), b"/", b"Old")]
    client.rows = rows
    answers = iter([rows, rows[:1]])
    client.list_folders = lambda: next(answers)  # type: ignore[method-assign]
    assert [each.path for each in source.folders()] == [("INBOX",)]


def test_a_folder_that_cannot_be_opened_fails_the_mailbox(
    client: Client, source: ImapSource
) -> None:
    place = inbox(source)
    client.closed = {"INBOX"}
    with pytest.raises(MailboxUnreachable) as caught:
        source.page(place, "", BatchLimit())
    assert "secret" not in str(caught.value)
    source._client = client
    with pytest.raises(MailboxUnreachable):
        source.folders()


def test_a_folder_deleted_since_it_was_listed_asks_for_another_listing(
    client: Client, source: ImapSource
) -> None:
    place = inbox(source)
    client.closed = {"INBOX"}
    client.rows = []
    with pytest.raises(SourceBusy) as caught:
        source.page(place, "", BatchLimit())
    assert caught.value.retry_after == 1


class LoginClient:
    """Takes down how it was asked to log in."""

    def __init__(self, *capabilities: str) -> None:
        self.capabilities = capabilities
        self.calls: list[tuple[str, ...]] = []

    def has_capability(self, name: str) -> bool:
        return name in self.capabilities

    def login(self, *arguments: str) -> None:
        self.calls.append(("LOGIN", *arguments))

    def plain_login(self, *arguments: str) -> None:
        self.calls.append(("PLAIN", *arguments))


@pytest.mark.parametrize(
    ("capabilities", "login", "call"),
    [
        ((), ImapLogin("u", "p"), ("LOGIN", "u", "p")),
        (("LOGINDISABLED",), ImapLogin("u", "p"), ("PLAIN", "u", "p")),
        ((), ImapLogin("u", "pä"), ("PLAIN", "u", "pä")),
        ((), ImapLogin("boss", "p", authorize_as="u"), ("PLAIN", "boss", "p", "u")),
    ],
)
def test_the_way_to_log_in(
    capabilities: tuple[str, ...], login: ImapLogin, call: tuple[str, ...]
) -> None:
    client = LoginClient(*capabilities)
    log_in(client, login)
    assert client.calls == [call]
