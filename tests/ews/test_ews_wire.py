"""The wire client against the emulator: tokens, faults, and what is on the wire."""

from __future__ import annotations

import base64

import pytest

from localrun.fakes.workmail_ews import EwsServer
from migration.directory_model import Token
from migration.wire import ews_request
from migration.wire.ews import EwsClient
from migration.wire.ews_model import (
    AnswerLost,
    Created,
    Exists,
    FolderRef,
    HasAny,
    NewMessage,
    Property,
    Refused,
    RequestRefused,
    RequestTooLarge,
    ServerBusy,
    Unauthorized,
    Unreachable,
)
from tests.ews.harness import ADDRESS, Recorder, Schema, Tokens
from tests.ews.samples import mime

INBOX = FolderRef("inbox", distinguished=True)
ROOT = FolderRef("msgfolderroot", distinguished=True)
KEY = Property("String", property_set="7d1e2c54-93b8-4f0a-a6d7-5b0c8e41f2a9", name="MigrationKey")


def new(subject: str, **changes: object) -> NewMessage:
    return NewMessage(mime(subject), properties=((KEY, subject),), **changes)  # type: ignore[arg-type]


def test_batch_gives_one_answer_per_message_in_order(client: EwsClient, server: EwsServer) -> None:
    server.faults.reject_next("ErrorMimeContentInvalid")
    answers = client.create_items(INBOX, [new("a"), new("b"), new("c")])
    assert answers[0] == Refused("ErrorMimeContentInvalid")
    assert all(isinstance(answer, Created) for answer in answers[1:])
    stored = server.folders(ADDRESS)[("Inbox",)]
    assert [message.mime for message in stored] == [mime("b"), mime("c")]
    assert server.requests["CreateItem"] == 1


def test_expired_token_is_replaced_once_and_the_work_goes_on(
    client: EwsClient, server: EwsServer, tokens: Tokens
) -> None:
    client.create_items(INBOX, [new("a")])
    tokens.expire_all()
    client.create_items(INBOX, [new("b")])
    assert tokens.issued == 2
    assert len(server.folders(ADDRESS)[("Inbox",)]) == 2


def test_a_new_token_that_is_refused_ends_it(server: EwsServer) -> None:
    asked: list[int] = []

    def bad_token() -> Token:
        asked.append(1)
        return Token("unknown")

    client = EwsClient(server.url, bad_token, ADDRESS)
    with pytest.raises(Unauthorized):
        client.get_folder(INBOX)
    assert len(asked) == 2
    assert server.mailboxes() == []


@pytest.mark.parametrize("status", [500, 503])
def test_busy_server_says_when_to_come_back(
    client: EwsClient, server: EwsServer, status: int
) -> None:
    server.faults.busy(1, 2500, status)
    with pytest.raises(ServerBusy) as busy:
        client.create_items(INBOX, [new("a")])
    assert busy.value.retry_after == 2.5
    assert busy.value.code == "ErrorServerBusy"
    assert server.folders(ADDRESS)[("Inbox",)] == []


@pytest.mark.parametrize("stored", [True, False])
def test_lost_answer_of_create_item_is_never_sent_again(
    client: EwsClient, server: EwsServer, recorder: Recorder, stored: bool
) -> None:
    server.faults.close_connection_next(after_storing=stored)
    with pytest.raises(AnswerLost):
        client.create_items(INBOX, [new("a")])
    assert server.requests["CreateItem"] == 1
    assert len(server.folders(ADDRESS)[("Inbox",)]) == (1 if stored else 0)


def test_a_read_on_a_connection_that_the_server_closed_is_sent_again(
    client: EwsClient, server: EwsServer
) -> None:
    client.get_folder(INBOX)
    server.faults.close_connection_next(after_storing=False)
    with pytest.raises(AnswerLost):
        client.create_items(INBOX, [new("a")])
    assert client.get_folder(INBOX).total == 0


def test_nobody_listening_is_told_apart_from_a_lost_answer(
    server: EwsServer, tokens: Tokens
) -> None:
    server.close()
    client = EwsClient(server.url, tokens.give, ADDRESS)
    with pytest.raises(Unreachable) as unreachable:
        client.create_items(INBOX, [new("a")])
    assert not unreachable.value.for_good


def test_request_larger_than_the_server_takes(tokens: Tokens) -> None:
    with EwsServer(tokens.check, lambda _: True, lambda: 0.0, max_request=50_000) as small:
        client = EwsClient(small.url, tokens.give, ADDRESS)
        with pytest.raises(RequestTooLarge):
            client.create_items(INBOX, [NewMessage(b"x" * 60_000)])
        assert small.requests["CreateItem"] == 0


@pytest.mark.parametrize("url", ["http://ews.example.test/EWS/Exchange.asmx", "ftp://127.0.0.1/"])
def test_plain_http_is_for_this_machine_only(url: str, tokens: Tokens) -> None:
    with pytest.raises(ValueError, match="https"):
        EwsClient(url, tokens.give, ADDRESS)
    assert tokens.issued == 0


def test_filter_on_the_named_property_finds_what_has_it(client: EwsClient) -> None:
    client.create_items(INBOX, [new("k1"), new("k2"), NewMessage(mime("other"))])
    page = client.find_items(INBOX, HasAny(KEY, ("k2", "k3")), [KEY])
    assert [item.values for item in page.items] == [{KEY: "k2"}]
    assert page.is_last
    assert client.find_items(INBOX, Exists(KEY), limit=1).total == 2


def test_pages_lead_to_all_items(client: EwsClient) -> None:
    client.create_items(INBOX, [new(f"k{number}") for number in range(7)])
    found: list[str] = []
    offset, is_last = 0, False
    while not is_last:
        page = client.find_items(INBOX, Exists(KEY), [KEY], offset, limit=3)
        found += [item.values[KEY] for item in page.items]
        offset, is_last = page.next_offset, page.is_last
    assert sorted(found) == [f"k{number}" for number in range(7)]


def test_folders_are_listed_created_and_counted(client: EwsClient) -> None:
    parent = client.create_folder(ROOT, 'A/B "<&>\u00e9\U0001f600')
    child = client.create_folder(FolderRef(parent), "C")
    known = {folder.id: folder for folder in client.folders(ROOT)}
    assert known[parent].name == 'A/B "<&>\u00e9\U0001f600'
    assert known[child].parent_id == parent
    client.create_items(FolderRef(child), [new("a")])
    assert client.get_folder(FolderRef(child)).total == 1
    with pytest.raises(RequestRefused, match="ErrorFolderExists"):
        client.create_folder(FolderRef(parent), "c")
    with pytest.raises(RequestRefused, match="ErrorFolderNotFound"):
        client.get_folder(FolderRef("nowhere"))


def test_text_that_xml_cannot_carry_is_replaced(client: EwsClient, server: EwsServer) -> None:
    wild = "a\x00b\ud800c\r\n\t<>&\"'"
    client.create_items(INBOX, [new("a", categories=(wild,))])
    (stored,) = server.folders(ADDRESS)[("Inbox",)]
    assert stored.categories == ("a\ufffdb\ufffdc\r\n\t<>&\"'",)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 49_151, 49_152, 49_153, 300_000])
def test_streamed_base64_has_the_length_that_was_announced(size: int) -> None:
    content = bytes(number % 251 for number in range(size))
    request = ews_request.create_items(ADDRESS, INBOX, [NewMessage(content), NewMessage(b"x")])
    body = b"".join(request)
    assert len(body) == request.length
    assert body == b"".join(request), "a request can be sent again"
    assert base64.b64encode(content) in body


def test_message_of_30_megabytes_arrives(client: EwsClient, server: EwsServer) -> None:
    content = mime("large") + b"0123456789abcdef" * 2_000_000
    (answer,) = client.create_items(INBOX, [NewMessage(content)])
    assert isinstance(answer, Created)
    assert server.folders(ADDRESS)[("Inbox",)][0].mime == content


def test_everything_on_the_wire_is_valid_by_the_schema(
    client: EwsClient, server: EwsServer, recorder: Recorder, schema: Schema
) -> None:
    folder = client.create_folder(ROOT, "Projects")
    server.faults.reject_next("ErrorServerBusy")
    flagged = (Property("Integer", tag=0x1090), "2")
    date = (Property("SystemTime", tag=0x0E06), "2015-02-01T10:20:30Z")
    message = NewMessage(mime("a"), True, ("Work", "Home"), ((KEY, "a"), flagged, date))
    client.create_items(FolderRef(folder), [message, message, NewMessage(mime("plain"))])
    client.folders(ROOT)
    client.get_folder(INBOX)
    client.find_items(FolderRef(folder), HasAny(KEY, ("a", "b")), [KEY, flagged[0]])
    client.find_items(FolderRef(folder), HasAny(KEY, ("a",)))
    client.find_items(FolderRef(folder), Exists(KEY), limit=1)
    with pytest.raises(RequestRefused):
        client.create_folder(ROOT, "Projects")
    server.faults.busy(1, 1000)
    with pytest.raises(ServerBusy):
        client.get_folder(INBOX)
    assert schema.check_all(recorder) == 2 * len(recorder.seen) == 18


def test_connection_and_token_are_kept(
    server: EwsServer, client: EwsClient, tokens: Tokens
) -> None:
    for number in range(5):
        client.create_items(INBOX, [new(str(number))])
    assert client._transport._pool.num_connections == 1
    assert tokens.issued == 1
