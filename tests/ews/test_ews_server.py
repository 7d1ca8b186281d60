"""The emulator by itself: who gets in, and the Exchange rules that a migration depends on."""

from __future__ import annotations

import mailbox as maildirs
import re
import subprocess
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
import urllib3

from localrun.fakes import workmail_ews
from localrun.fakes.workmail_ews import EwsServer
from migration.directory_model import Token
from migration.wire.ews import EwsClient
from migration.wire.ews_model import (
    AnswerLost,
    Created,
    EwsError,
    Exists,
    FolderRef,
    NewMessage,
    Property,
    Refused,
    RequestRefused,
    Unauthorized,
)
from tests.ews.conftest import REPO
from tests.ews.harness import ADDRESS, Clock, Schema, Tokens
from tests.ews.samples import mime

INBOX = FolderRef("inbox", distinguished=True)
FLAGS = Property("Integer", tag=0x0E07)
RECEIVED = Property("SystemTime", tag=0x0E06)

ENVELOPE = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"'
    ' xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Header>{header}'
    "</s:Header><s:Body>{body}</s:Body></s:Envelope>"
)
BOB = (
    "<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>bob@example.test"
    "</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>"
)
VERSION = '<t:RequestServerVersion Version="Exchange2010_SP2"/>'
GET_INBOX = (
    "<m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape><m:FolderIds>"
    '<t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder>'
)
IN_INBOX = '<m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/></m:ParentFolderIds>'


def post(
    server: EwsServer, body: str, token: str, header: str = VERSION + BOB
) -> urllib3.BaseHTTPResponse:
    """A request as it stands, for what the client would never send."""
    envelope = ENVELOPE.format(header=header, body=body)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return urllib3.request(
        "POST", server.url, body=envelope.encode(), headers=headers, retries=False
    )


def code(response: urllib3.BaseHTTPResponse) -> str:
    """The first response code in an answer."""
    return response.data.decode().partition("ResponseCode")[2].partition(">")[2].partition("<")[0]


def test_nobody_comes_in_without_a_good_token(server: EwsServer, tokens: Tokens) -> None:
    expired = tokens.issue()
    tokens.expire_all()
    for response in (
        urllib3.request("GET", server.url),
        post(server, GET_INBOX, ""),
        post(server, GET_INBOX, "made-up"),
        post(server, GET_INBOX, expired),
    ):
        assert response.status == 401
        assert response.headers["WWW-Authenticate"] == 'Basic realm="EWS"'
    assert not server.requests


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (VERSION, "ErrorImpersonateUserDenied"),
        (VERSION + BOB.replace("bob@", "nobody@"), "ErrorNonExistentMailbox"),
        (VERSION.replace("2010_SP2", "2013_SP1") + BOB, "ErrorInvalidServerVersion"),
        (VERSION.replace("2010_SP2", "2010_SP1") + BOB, "ErrorInvalidServerVersion"),
    ],
)
def test_header_faults(server: EwsServer, tokens: Tokens, header: str, expected: str) -> None:
    response = post(server, GET_INBOX, tokens.issue(), header)
    assert (response.status, code(response)) == (500, expected)


@pytest.mark.parametrize("verdict", ["denied", "not-ready"])
def test_a_role_that_may_not_impersonate_yet(
    server: EwsServer, tokens: Tokens, verdict: str
) -> None:
    tokens.verdicts["early"] = verdict
    client = EwsClient(server.url, lambda: Token("early"), ADDRESS)
    with pytest.raises(RequestRefused, match="ErrorImpersonateUserDenied"):
        client.get_folder(INBOX)


def test_server_names_its_version(server: EwsServer, tokens: Tokens) -> None:
    answer = post(server, GET_INBOX, tokens.issue()).data.decode()
    for part in ('MajorVersion="14"', 'MinorVersion="2"', 'MajorBuildNumber="390"'):
        assert part in answer
    assert 'Version="Exchange2010_SP2"' in answer


@pytest.mark.parametrize(
    ("attributes", "content", "expected"),
    [
        ("", "<t:Subject>x</t:Subject>", "ErrorMessageDispositionRequired"),
        (
            'MessageDisposition="SaveOnly"',
            "<t:IsRead>true</t:IsRead><t:Subject>x</t:Subject>",
            "ErrorSchemaValidation",
        ),
        ('MessageDisposition="SaveOnly"', "<t:Topic>x</t:Topic>", "ErrorSchemaValidation"),
        (
            'MessageDisposition="SaveOnly"',
            "<t:MimeContent>***</t:MimeContent>",
            "ErrorMimeContentInvalidBase64String",
        ),
        ('MessageDisposition="SendAndSaveCopy"', "<t:Subject>x</t:Subject>", "ErrorSendAsDenied"),
        (
            'MessageDisposition="SaveOnly"',
            "<t:DateTimeReceived>2015-01-01T00:00:00Z</t:DateTimeReceived>",
            "ErrorInvalidPropertySet",
        ),
    ],
)
def test_wrong_create_item_stores_nothing(
    server: EwsServer, tokens: Tokens, schema: Schema, attributes: str, content: str, expected: str
) -> None:
    body = (
        f"<m:CreateItem {attributes}><m:Items><t:Message>{content}</t:Message></m:Items>"
        "</m:CreateItem>"
    )
    response = post(server, body, tokens.issue())
    assert code(response) == expected
    assert not any(server.folders(ADDRESS).values())
    schema.check(response.data)


def test_new_mailbox_has_workmails_folders(server: EwsServer, client: EwsClient) -> None:
    names = {folder.name for folder in client.folders(FolderRef("msgfolderroot", True))}
    assert {"Inbox", "Sent Items", "Drafts", "Deleted Items", "Junk E-mail", "Calendar"} <= names
    assert ("Sent Items",) in server.folders(ADDRESS)


def test_without_message_flags_a_message_is_a_draft_received_now(
    server: EwsServer, client: EwsClient, clock: Clock
) -> None:
    client.create_items(INBOX, [NewMessage(mime("plain"))])
    (message,) = server.folders(ADDRESS)[("Inbox",)]
    assert message.draft
    assert not message.read
    assert message.received.timestamp() == clock.seconds


@pytest.mark.parametrize(("bits", "read", "draft"), [(0, 0, 0), (1, 1, 0), (8, 0, 1), (9, 1, 1)])
def test_message_flags_and_delivery_time_are_kept(
    server: EwsServer, client: EwsClient, bits: int, read: int, draft: int
) -> None:
    properties = ((FLAGS, str(bits)), (RECEIVED, "2015-02-01T10:20:30.1234567Z"))
    client.create_items(INBOX, [NewMessage(mime("a"), bool(read), (), properties)])
    (message,) = server.folders(ADDRESS)[("Inbox",)]
    assert (message.read, message.draft) == (bool(read), bool(draft))
    assert message.received.replace(microsecond=0) == datetime(2015, 2, 1, 10, 20, 30, tzinfo=UTC)


def test_items_above_the_limit_are_refused_alone(tokens: Tokens) -> None:
    with EwsServer(tokens.check, lambda _: True, lambda: 0.0, max_mime=100) as server:
        client = EwsClient(server.url, tokens.give, ADDRESS)
        large, small = client.create_items(INBOX, [NewMessage(b"x" * 101), NewMessage(b"x" * 100)])
        assert large == Refused("ErrorMessageSizeExceeded")
        assert isinstance(small, Created)


def test_find_item_shows_255_characters_and_1000_items(client: EwsClient) -> None:
    key = Property("String", property_set="7d1e2c54-93b8-4f0a-a6d7-5b0c8e41f2a9", name="Long")
    message = NewMessage(b"", properties=((key, "x" * 300),))
    for _ in range(3):
        client.create_items(INBOX, [message] * 400)
    page = client.find_items(INBOX, Exists(key), [key], limit=5000)
    assert (len(page.items), page.total, page.is_last) == (1000, 1200, False)
    assert page.items[0].values == {key: "x" * 255}


AND_NOT = (
    "<t:And><t:IsGreaterThan>{received}{first}</t:IsGreaterThan>"
    "<t:Not><t:IsEqualTo>{subject}{b}</t:IsEqualTo></t:Not></t:And>"
)
OR = (
    "<t:Or><t:IsEqualTo>{subject}{b}</t:IsEqualTo>"
    "<t:IsLessThanOrEqualTo>{received}{first}</t:IsLessThanOrEqualTo></t:Or>"
)
CONTAINS = (
    '<t:Contains ContainmentMode="Substring" ContainmentComparison="IgnoreCase">'
    '{subject}<t:Constant Value="B"/></t:Contains>'
)


@pytest.mark.parametrize(
    ("restriction", "expected"),
    [
        ("<t:IsEqualTo>{subject}{b}</t:IsEqualTo>", {"b"}),
        ("<t:IsNotEqualTo>{subject}{b}</t:IsNotEqualTo>", {"a", "c"}),
        ("<t:IsGreaterThanOrEqualTo>{received}{second}</t:IsGreaterThanOrEqualTo>", {"b", "c"}),
        ("<t:IsLessThan>{received}{second}</t:IsLessThan>", {"a"}),
        (AND_NOT, {"c"}),
        (OR, {"a", "b"}),
        ("<t:Exists>{flag}</t:Exists>", {"c"}),
        (CONTAINS, {"b"}),
        ("<t:Or><t:IsEqualTo>{subject}{b}</t:IsEqualTo></t:Or>", {"b"}),
    ],
)
def test_restrictions(
    server: EwsServer,
    client: EwsClient,
    tokens: Tokens,
    schema: Schema,
    restriction: str,
    expected: set[str],
) -> None:
    for number, name in enumerate("abc", start=1):
        flag = ((Property("Integer", tag=0x1090), "2"),) if name == "c" else ()
        moment = (RECEIVED, f"2015-02-0{number}T00:00:00Z")
        client.create_items(INBOX, [NewMessage(mime(name), False, (), (moment, *flag))])
    constant = '<t:FieldURIOrConstant><t:Constant Value="{}"/></t:FieldURIOrConstant>'
    filled = restriction.format(
        subject='<t:FieldURI FieldURI="item:Subject"/>',
        received='<t:FieldURI FieldURI="item:DateTimeReceived"/>',
        flag='<t:ExtendedFieldURI PropertyTag="4240" PropertyType="Integer"/>',
        b=constant.format("B"),
        first=constant.format("2015-02-01T00:00:00Z"),
        second=constant.format("2015-02-02T01:00:00+01:00"),
    )
    body = (
        '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>'
        '<t:AdditionalProperties><t:FieldURI FieldURI="item:Subject"/></t:AdditionalProperties>'
        f"</m:ItemShape><m:Restriction>{filled}</m:Restriction>"
        '<m:SortOrder><t:FieldOrder Order="Descending"><t:FieldURI FieldURI="item:Subject"/>'
        f"</t:FieldOrder></m:SortOrder>{IN_INBOX}</m:FindItem>"
    )
    schema.check(ENVELOPE.format(header="", body=body).encode())
    answer = post(server, body, tokens.issue())
    schema.check(answer.data)
    subjects = [part.partition("<")[0] for part in answer.data.decode().split("Subject>")[1::2]]
    assert subjects == sorted(expected, reverse=True)


def test_all_properties_of_an_item_are_valid_by_the_schema(
    server: EwsServer, client: EwsClient, tokens: Tokens, schema: Schema
) -> None:
    nasty = b"Subject: =?utf-8?q?a=00b?=\r\nFrom: \xff <x@y>\r\nTo: <>, a b\r\n\r\n\x00"
    first, second = client.create_items(
        INBOX, [NewMessage(mime("a"), True, ("Work",)), NewMessage(nasty)]
    )
    assert isinstance(first, Created)
    assert isinstance(second, Created)
    ids = "".join(f'<t:ItemId Id="{one.id}"/>' for one in (first, second))
    for shape in ("IdOnly", "Default", "AllProperties"):
        body = (
            f"<m:GetItem><m:ItemShape><t:BaseShape>{shape}</t:BaseShape>"
            "<t:IncludeMimeContent>true</t:IncludeMimeContent></m:ItemShape>"
            f"<m:ItemIds>{ids}</m:ItemIds></m:GetItem>"
        )
        schema.check(post(server, body, tokens.issue()).data)
        body = (
            f'<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>{shape}</t:BaseShape>'
            f"</m:ItemShape>{IN_INBOX}</m:FindItem>"
        )
        schema.check(post(server, body, tokens.issue()).data)


def test_maildir_beside_the_memory_holds_the_same_mail(tokens: Tokens, tmp_path: Path) -> None:
    with EwsServer(tokens.check, lambda _: True, lambda: 1e9, maildir=tmp_path) as server:
        client = EwsClient(server.url, tokens.give, ADDRESS)
        root = FolderRef("msgfolderroot", distinguished=True)
        parent = client.create_folder(root, "A.B/\u00e9")
        child = client.create_folder(FolderRef(parent), "C")
        properties = (
            (FLAGS, "1"),
            (RECEIVED, "2015-02-01T10:20:30Z"),
            (Property("Integer", tag=0x1090), "2"),
            (Property("Integer", tag=0x1081), "102"),
        )
        client.create_items(FolderRef(child), [NewMessage(mime("a"), True, (), properties)])
        client.create_items(INBOX, [NewMessage(mime("b"))])
    inbox = maildirs.Maildir(tmp_path / ADDRESS, create=False)
    assert [message.get_flags() for message in inbox] == ["D"]
    assert {"Sent Items", "Drafts", "A\\2eB\\2f&AOk-", "A\\2eB\\2f&AOk-.C"} <= set(
        inbox.list_folders()
    )
    (message,) = inbox.get_folder("A\\2eB\\2f&AOk-.C")
    assert message.get_flags() == "FRS"
    assert message.get_date() == datetime(2015, 2, 1, 10, 20, 30, tzinfo=UTC).timestamp()
    assert message["Subject"] == "a"


def test_close_ends_open_connections(server: EwsServer, client: EwsClient) -> None:
    client.get_folder(INBOX)
    server.close()
    with pytest.raises(EwsError):
        client.get_folder(INBOX)


def test_fault_is_for_one_request_only(server: EwsServer, client: EwsClient) -> None:
    server.faults.close_connection_next(after_storing=False)
    with pytest.raises(AnswerLost):
        client.create_items(INBOX, [NewMessage(mime("a"))])
    assert isinstance(client.create_items(INBOX, [NewMessage(mime("a"))])[0], Created)
    with pytest.raises(Unauthorized):
        EwsClient(server.url, lambda: Token("no"), ADDRESS).get_folder(INBOX)


def test_the_server_runs_as_a_process_of_its_own(tmp_path: Path) -> None:
    command = [
        "-m",
        "localrun.fakes.workmail_ews",
        "--token",
        "T",
        "--mailbox",
        ADDRESS,
        "b@c.test",
    ]
    with subprocess.Popen(
        [sys.executable, *command, "--maildir", str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=REPO,
    ) as process:
        assert process.stdout is not None
        url = f"http://127.0.0.1:{int(process.stdout.readline())}/EWS/Exchange.asmx"
        client = EwsClient(url, lambda: Token("T"), ADDRESS.upper())
        assert isinstance(client.create_items(INBOX, [NewMessage(mime("a"))])[0], Created)
        client.close()
        for token, address in (("T", "c@c.test"), ("U", ADDRESS)):
            with pytest.raises(EwsError):
                EwsClient(url, partial(Token, token), address).get_folder(INBOX)
        process.communicate()
    assert process.returncode == 0
    assert len(maildirs.Maildir(tmp_path / ADDRESS, create=False)) == 1


def test_codes_that_the_server_gives_exist(schema: Schema) -> None:
    """A misspelt code would teach the client something that no server says."""
    sources = Path(workmail_ews.__file__).parent.glob("*.py")
    used = {
        found for path in sources for found in re.findall('"(Error[A-Z]\\w+)"', path.read_text())
    }
    assert len(used) > 20
    assert used - schema.codes == set()


def test_a_mailbox_is_the_same_by_whichever_address_it_is_opened(tokens: Tokens) -> None:
    old, new = "bob@acme.example.test", "bob@example.test"
    owners = {old: "user-1", new: "user-1", "eve@example.test": "user-2"}
    with EwsServer(
        tokens.check, owners.__contains__, lambda: 1e9, mailbox_of=lambda one: owners[one]
    ) as server:
        for address in (old, new):
            client = EwsClient(server.url, tokens.give, address, read_seconds=10)
            (created,) = client.create_items(INBOX, [NewMessage(mime(address))])
            assert isinstance(created, Created)
            client.close()
        assert server.mailboxes() == [old]
        assert len(server.folders(old)["Inbox",]) == 2
        assert server.folders(new) == server.folders(old)
        assert server.folders("eve@example.test")["Inbox",] == []


def test_another_owner_of_an_address_has_another_mailbox() -> None:
    owners = {"a@example.test": "first"}
    mime = b"Subject: new\r\n\r\nx\r\n"
    with EwsServer(
        lambda *_: "ok", lambda _: True, lambda: 1e9, mailbox_of=lambda a: owners.get(a, a)
    ) as server:
        server.deliver("a@example.test", mime)
        assert [one.mime for one in server.folders("a@example.test")["Inbox",]] == [mime]
        owners["a@example.test"] = "second"
        assert server.folders("a@example.test")["Inbox",] == []
        owners["a@example.test"] = "first"
        assert len(server.folders("a@example.test")["Inbox",]) == 1
