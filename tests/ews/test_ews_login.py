"""A user with a password opens the mailboxes of others, by either entry, and only while allowed."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from localrun.fakes.workmail_ews import EwsServer
from localrun.loopback import LoopbackServer, Request, Response
from migration.access import Entry
from migration.directory_model import Token
from migration.errors import AdministratorPending, CredentialsRejected, MailboxUnreachable
from migration.mail import SpecialUse, Stored
from migration.ports import Target
from migration.targets.workmail_ews import WorkmailEwsTarget
from migration.wire.ews import EwsClient
from migration.wire.ews_login import Basic, PasswordKeeper
from migration.wire.ews_model import (
    EwsError,
    FolderRef,
    NotAdmitted,
    Refused,
    RequestRefused,
    Unauthorized,
)
from tests.ews.harness import ADDRESS, Clock, Recorder, Schema
from tests.ews.samples import ensure, inbox_of, mime, plan, stamped, store, stream

ADMIN = "admin@example.test"
EVE = "eve@example.test"
PASSWORD = "Pässword: 1"
INBOX = FolderRef("inbox", distinguished=True)
ROOT = FolderRef("msgfolderroot", distinguished=True)


@dataclass
class Doors:
    """Whom the server knows, and who may open what; `tried` has every login in order."""

    passwords: dict[str, str] = field(default_factory=lambda: {ADMIN: PASSWORD})
    granted: set[tuple[str, str]] = field(default_factory=lambda: {(ADMIN, ADDRESS)})
    tried: list[bool] = field(default_factory=list)

    def check_password(self, user: str, password: str) -> bool:
        self.tried.append(self.passwords.get(user) == password)
        return self.tried[-1]

    def may_open(self, user: str, mailbox: str) -> str:
        return "ok" if user == mailbox or (user, mailbox) in self.granted else "denied"


@pytest.fixture
def doors() -> Doors:
    return Doors()


@pytest.fixture
def server(doors: Doors, recorder: Recorder, clock: Clock) -> Iterator[EwsServer]:
    with EwsServer(
        lambda *_: "unknown",
        {ADDRESS, EVE, ADMIN}.__contains__,
        clock,
        observe=recorder,
        check_password=doors.check_password,
        may_open=doors.may_open,
    ) as running:
        yield running


OpenClient = Callable[..., EwsClient]


@pytest.fixture
def open_client(server: EwsServer) -> Iterator[OpenClient]:
    made: list[EwsClient] = []

    def opened(
        entry: Entry = Entry.DELEGATE, mailbox: str = ADDRESS, password: str = PASSWORD
    ) -> EwsClient:
        made.append(EwsClient(server.url, Basic(ADMIN, password, entry), mailbox))
        return made[-1]

    yield opened
    for client in made:
        client.close()


both = pytest.mark.parametrize("entry", list(Entry))


# -- the header


def test_the_header_is_as_rfc_7617_has_it() -> None:
    login = Basic("test", "123\u00a3")
    assert login.credentials == "dGVzdDoxMjPCow=="
    assert login.entry is Entry.IMPERSONATION
    keeper = PasswordKeeper(login)
    assert (keeper.scheme, keeper.current(60).value) == ("Basic", "dGVzdDoxMjPCow==")


def test_nothing_shows_the_password() -> None:
    login = Basic(ADMIN, PASSWORD, Entry.DELEGATE)
    for shown in (repr(login), str(login), repr(PasswordKeeper(login).current(60))):
        assert PASSWORD not in shown
        assert ADMIN not in shown
        assert base64.b64encode(f"{ADMIN}:{PASSWORD}".encode()).decode() not in shown


def test_a_user_name_that_the_header_cannot_carry() -> None:
    with pytest.raises(ValueError, match="colon"):
        Basic("a:b", PASSWORD)


@pytest.mark.parametrize("url", ["http://ews.example.test/EWS/Exchange.asmx", "ftp://127.0.0.1/"])
def test_a_password_never_travels_openly(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        EwsClient(url, Basic(ADMIN, PASSWORD), ADDRESS)


# -- entries


@both
def test_it_goes_into_the_mailbox_of_somebody_else(
    open_client: OpenClient, server: EwsServer, entry: Entry
) -> None:
    server.basic_entries = {entry}
    target = WorkmailEwsTarget(open_client(entry))
    folder = ensure(target, "A", "B")
    (outcome,) = store(target, folder, [stamped("a", content=mime("a"))])
    assert isinstance(outcome, Stored)
    assert [message.mime for message in server.folders(ADDRESS)["A", "B"]] == [mime("a")]
    assert server.mailboxes() == [ADDRESS]


@both
def test_where_workmail_has_only_the_other_entry(
    open_client: OpenClient, server: EwsServer, entry: Entry
) -> None:
    server.basic_entries = set(Entry) - {entry}
    with pytest.raises(AdministratorPending) as pending:
        WorkmailEwsTarget(open_client(entry)).probe()
    assert pending.value.retry_after == 30
    code = "ErrorAccessDenied" if entry is Entry.DELEGATE else "ErrorImpersonateUserDenied"
    assert code in str(pending.value)
    assert server.mailboxes() == []


def test_only_impersonation_has_the_header(open_client: OpenClient, recorder: Recorder) -> None:
    for entry in Entry:
        client = open_client(entry)
        folder = client.create_folder(ROOT, f"<&> {entry}")
        client.folders(ROOT)
        client.get_folders([INBOX, FolderRef(folder)])
        client.delete_folder(FolderRef(folder))
    assert len(recorder.seen) == 8
    impersonating = [request for request, _, _ in recorder.seen[:4]]
    delegated = [request for request, _, _ in recorder.seen[4:]]
    assert all(b"ExchangeImpersonation" in request for request in impersonating)
    assert not any(b"t:Mailbox" in request for request in impersonating)
    assert not any(b"ExchangeImpersonation" in request for request in delegated)
    owner = f"<t:Mailbox><t:EmailAddress>{ADDRESS}</t:EmailAddress></t:Mailbox>".encode()
    root = b'<t:DistinguishedFolderId Id="msgfolderroot">' + owner + b"</t:DistinguishedFolderId>"
    inbox = b'<t:DistinguishedFolderId Id="inbox">' + owner + b"</t:DistinguishedFolderId>"
    wanted = [[root], [root], [inbox], []]
    for request, names in zip(delegated, wanted, strict=True):
        assert request.count(b"<t:Mailbox>") == len(names)
        assert all(name in request for name in names)


@both
def test_whatever_goes_over_the_wire_is_valid_by_the_schema(
    open_client: OpenClient, recorder: Recorder, schema: Schema, entry: Entry
) -> None:
    target = WorkmailEwsTarget(open_client(entry, "o'neil&co@example.test"))
    with pytest.raises(MailboxUnreachable):
        target.probe()
    target = WorkmailEwsTarget(open_client(entry))
    folder = ensure(target, "A", "B")
    outcomes = store(target, folder, [stamped("a"), stamped("b", content=stream(mime("b")))])
    ids = [outcome.target_id for outcome in outcomes if isinstance(outcome, Stored)]
    assert len(ids) == 2
    assert len(target.since(folder, "", ["a", "b"])) == target.count(folder) == 2
    assert len(list(target.show(folder, [*ids, "gone"]))) == 3
    target.set_flags(folder, {ids[0]: frozenset({"\\Seen"})})
    target.remove(folder, ids)
    target.remove_folder(folder)
    with pytest.raises(RequestRefused):
        target._client.get_folder(FolderRef(folder))
    assert schema.check_all(recorder) == 2 * len(recorder.seen)
    bodies = b"".join(request for request, _, _ in recorder.seen)
    assert (b"ExchangeImpersonation" in bodies) is (entry is Entry.IMPERSONATION)
    assert (b"<t:Mailbox>" in bodies) is (entry is Entry.DELEGATE)


@both
def test_nobody_with_such_an_address(open_client: OpenClient, entry: Entry) -> None:
    with pytest.raises(MailboxUnreachable, match="ErrorNonExistentMailbox") as unreachable:
        WorkmailEwsTarget(open_client(entry, "nobody@example.test")).probe()
    assert "@" not in str(unreachable.value)


@both
def test_the_own_mailbox(open_client: OpenClient, server: EwsServer, entry: Entry) -> None:
    target = WorkmailEwsTarget(open_client(entry, ADMIN))
    store(target, inbox_of(target), [stamped("mine")])
    assert len(server.folders(ADMIN)["Inbox",]) == 1


# -- without access


WITHOUT_ACCESS: dict[str, Callable[[Target, str, str], object]] = {
    "probe": lambda target, folder, item: target.probe(),  # type: ignore[attr-defined]
    "ensure": lambda target, folder, item: target.ensure_folders(
        [plan("New"), plan("Inbox", special=SpecialUse.INBOX)]
    ),
    "append": lambda target, folder, item: store(target, folder, [stamped("b"), stamped("c")]),
    "append a stream": lambda target, folder, item: store(
        target, folder, [stamped("d", content=stream(mime("d") + b"x" * 100_000))]
    ),
    "since": lambda target, folder, item: target.since(folder, "", ["a"]),
    "count": lambda target, folder, item: target.count(folder),
    "show": lambda target, folder, item: list(target.show(folder, [item])),
    "set_flags": lambda target, folder, item: target.set_flags(folder, {item: frozenset()}),
    "remove": lambda target, folder, item: target.remove(folder, [item]),
    "remove_folder": lambda target, folder, item: target.remove_folder(folder),
}


@both
@pytest.mark.parametrize("code", ["", "ErrorAccessDenied"])
@pytest.mark.parametrize("act", WITHOUT_ACCESS.values(), ids=WITHOUT_ACCESS)
def test_what_is_hidden_is_never_taken_for_gone(
    open_client: OpenClient,
    server: EwsServer,
    doors: Doors,
    entry: Entry,
    code: str,
    act: Callable[[Target, str, str], object],
) -> None:
    """Whether the server says that it is not there, or that access is denied."""
    target = WorkmailEwsTarget(open_client(entry))
    folder = ensure(target, "A")
    (outcome,) = store(target, folder, [stamped("a")])
    assert isinstance(outcome, Stored)
    if code:
        server.basic_entries = set()
    else:
        doors.granted.clear()
    again = WorkmailEwsTarget(open_client(entry))
    with pytest.raises(AdministratorPending) as pending:
        act(again, folder, outcome.target_id)
    assert "@" not in str(pending.value)
    doors.granted.add((ADMIN, ADDRESS))
    server.basic_entries = set(Entry)
    assert [len(messages) for messages in server.folders(ADDRESS).values()].count(1) == 1
    act(again, folder, outcome.target_id)


def test_what_is_gone_is_gone_for_a_delegate_too(
    open_client: OpenClient, server: EwsServer
) -> None:
    client = open_client()
    folder = client.create_folder(ROOT, "A")
    client.delete_folder(FolderRef(folder))
    before = server.requests["GetFolder"]
    with pytest.raises(RequestRefused, match="ErrorFolderNotFound"):
        client.get_folder(FolderRef(folder))
    assert server.requests["GetFolder"] == before + 2, "the inbox was looked at"
    assert client.get_items(["gone"]) == [Refused("ErrorItemNotFound")]


def test_ids_of_another_mailbox_open_nothing(open_client: OpenClient, doors: Doors) -> None:
    doors.granted.add((ADMIN, EVE))
    client, eves = open_client(), open_client(mailbox=EVE)
    folder = eves.create_folder(ROOT, "Eve's")
    assert client.get_folder(FolderRef(folder)).name == "Eve's"
    doors.granted.discard((ADMIN, EVE))
    assert client.get_folders([FolderRef(folder)]) == [Refused("ErrorFolderNotFound")]
    with pytest.raises(NotAdmitted):
        eves.get_folder(FolderRef(folder))


# -- a password that is refused


@both
def test_a_refused_password_is_tried_once(
    open_client: OpenClient, server: EwsServer, doors: Doors, recorder: Recorder, entry: Entry
) -> None:
    client = open_client(entry, password="wrong")
    target = WorkmailEwsTarget(client)
    for act in (target.probe, lambda: ensure(target, "A"), lambda: target.count("folder")):
        with pytest.raises(CredentialsRejected, match="http-401") as rejected:
            act()
        assert "@" not in str(rejected.value)
        assert "wrong" not in str(rejected.value)
    target.close()
    with pytest.raises(CredentialsRejected):
        target.probe()
    assert doors.tried == [False]
    assert [status for _, status, _ in recorder.seen] == [401]
    assert server.mailboxes() == []


def test_many_threads_try_a_wrong_password_once(open_client: OpenClient, doors: Doors) -> None:
    client = open_client(password="wrong")

    def ask(_: int) -> object:
        try:
            return client.get_folder(INBOX)
        except Unauthorized as error:
            return str(error)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(32))) == ["http-401"] * 32
    assert doors.tried == [False]


def test_connections_that_are_made_ahead_try_it_once(
    open_client: OpenClient, doors: Doors, server: EwsServer
) -> None:
    target = WorkmailEwsTarget(open_client(password="wrong"))
    target.open()
    with pytest.raises(CredentialsRejected):
        store(target, "folder", [stamped(f"{number}") for number in range(300)])
    assert doors.tried == [False]


def test_a_right_password_goes_over_all_connections(open_client: OpenClient, doors: Doors) -> None:
    client = open_client()

    def ask(_: int) -> int:
        return client.get_folder(INBOX).total

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(ask, range(40))) == 0
    assert len(doors.tried) == 40
    assert all(doors.tried)
    assert client._transport._pool.num_connections > 1


def test_a_password_that_is_changed_meanwhile_ends_it(
    open_client: OpenClient, doors: Doors
) -> None:
    target = WorkmailEwsTarget(open_client())
    folder = inbox_of(target)
    doors.passwords[ADMIN] = "another"
    for content in (None, stream(mime("b"))):
        with pytest.raises(CredentialsRejected):
            store(target, folder, [stamped("a", content=content)])
    assert doors.tried.count(False) == 1


def test_a_first_request_that_gets_no_answer_does_not_hold_the_others(
    open_client: OpenClient, server: EwsServer, doors: Doors
) -> None:
    client = open_client()
    server.faults.busy(1, 100)
    with pytest.raises(Exception, match="ErrorServerBusy"):
        client.get_folder(INBOX)
    assert client.get_folder(INBOX).total == 0


@contextmanager
def gateway(status: int) -> Iterator[tuple[EwsClient, list[int]]]:
    """A client of a server that answers everything with a bare status, and the answers."""
    answers: list[int] = []

    def respond(_: Request) -> Response:
        answers.append(status)
        return Response(status)

    server = LoopbackServer(respond)
    client = EwsClient(server.url, Basic(ADMIN, PASSWORD, Entry.DELEGATE), ADDRESS)
    try:
        yield client, answers
    finally:
        client.close()
        server.close()


def test_a_password_that_is_forbidden_is_tried_once() -> None:
    with gateway(403) as (client, answers):
        for _ in range(3):
            with pytest.raises(Unauthorized, match="http-403"):
                client.get_folder(INBOX)
        assert answers == [403]


@pytest.mark.parametrize("status", [404, 429, 500, 503])
def test_an_answer_of_somebody_in_between_does_not_say_that_the_password_is_right(
    status: int,
) -> None:
    with gateway(status) as (client, answers):
        with pytest.raises(EwsError):
            client.get_folder(INBOX)
        assert set(answers) == {status}
        assert not client._transport.is_ready_for_stream


def test_a_role_is_not_let_in_as_a_user(server: EwsServer, doors: Doors) -> None:
    asked: list[int] = []

    def give() -> Token:
        asked.append(1)
        return Token("t")

    with pytest.raises(Unauthorized):
        EwsClient(server.url, give, ADDRESS).get_folder(INBOX)
    assert (len(asked), doors.tried) == (2, [])
