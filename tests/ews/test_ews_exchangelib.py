"""An independent client, exchangelib, drives the emulator; all that both send is schema-valid."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import exchangelib
import pytest
from exchangelib import (
    IMPERSONATION,
    Account,
    Configuration,
    Credentials,
    ExtendedProperty,
    Folder,
    Message,
    Version,
)
from exchangelib.errors import (
    ErrorFolderExists,
    ErrorImpersonateUserDenied,
    ErrorNonExistentMailbox,
)
from exchangelib.fields import FieldPath
from exchangelib.items import HARD_DELETE, ID_ONLY
from exchangelib.services import CreateFolder, DeleteFolder, GetFolder
from exchangelib.version import EXCHANGE_2010_SP2
from requests import PreparedRequest
from requests.auth import AuthBase

from localrun.fakes.workmail_ews import EwsServer
from migration.mail import Gone, Item, ItemRef, Stored
from migration.targets.workmail_ews import WorkmailEwsTarget
from migration.wire.ews import EwsClient
from migration.wire.ews_model import Exists, FolderRef
from migration.wire.ews_model import Property as WireProperty
from tests.ews.harness import ADDRESS, Recorder, Schema, Tokens
from tests.ews.samples import inbox_of, mime, stamped, store

GUID = "7d1e2c54-93b8-4f0a-a6d7-5b0c8e41f2a9"


class BearerAuth(AuthBase):
    """AWS's sample does the same: exchangelib has no bearer token of somebody else's making."""

    def __init__(self, username: str, password: str) -> None:
        self.token = password

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        r.headers["Authorization"] = f"Bearer {self.token}"
        return r


class MigrationKey(ExtendedProperty):  # type: ignore[misc]
    property_set_id = GUID
    property_name = "MigrationKey"
    property_type = "String"


class DeliveryTime(ExtendedProperty):  # type: ignore[misc]
    property_tag = 0x0E06
    property_type = "SystemTime"


class MessageFlags(ExtendedProperty):  # type: ignore[misc]
    property_tag = 0x0E07
    property_type = "Integer"


@pytest.fixture(scope="module", autouse=True)
def registered() -> Iterator[None]:
    fields = {
        "migration_key": MigrationKey,
        "delivery_time": DeliveryTime,
        "message_flags": MessageFlags,
    }
    exchangelib.transport.AUTH_TYPE_MAP["workmail-bearer"] = BearerAuth
    for name, kind in fields.items():
        Message.register(name, kind)
    yield
    for name in fields:
        Message.deregister(name)


def open_account(server: EwsServer, token: str, address: str = ADDRESS) -> Any:
    config = Configuration(
        service_endpoint=server.url,
        credentials=Credentials("role", token),
        auth_type="workmail-bearer",
        version=Version(build=EXCHANGE_2010_SP2),
    )
    return Account(
        primary_smtp_address=address, config=config, autodiscover=False, access_type=IMPERSONATION
    )


@pytest.fixture
def account(server: EwsServer, tokens: Tokens) -> Iterator[Any]:
    made = open_account(server, tokens.issue())
    yield made
    made.protocol.close()


def message(account: Any, folder: Any, key: str, **fields: Any) -> Any:
    made = Message(
        account=account, folder=folder, mime_content=mime(key), migration_key=key, **fields
    )
    return made.save()


def test_create_search_and_read(
    account: Any, server: EwsServer, recorder: Recorder, schema: Schema
) -> None:
    received = datetime(2015, 2, 1, 10, 20, 30, tzinfo=UTC)
    when = exchangelib.EWSDateTime.from_datetime(received)
    for key in ("k1", "k2", "k3"):
        message(
            account,
            account.inbox,
            key,
            delivery_time=when,
            message_flags=1,
            is_read=True,
            categories=["Work"],
        )
    found = list(account.inbox.filter(migration_key="k2"))
    assert [item.subject for item in found] == ["k2"]
    (item,) = found
    assert item.mime_content == mime("k2")
    assert item.datetime_received == when
    assert (item.is_read, item.is_draft, item.categories) == (True, False, ["Work"])
    assert item.sender.email_address == "alice@example.test"
    subjects = account.inbox.all().order_by("-subject").values_list("subject", flat=True)
    assert list(subjects) == ["k3", "k2", "k1"]
    assert account.inbox.filter(migration_key__in=["k1", "k3", "k9"]).count() == 2
    assert account.inbox.filter(datetime_received__gt=when).count() == 0
    assert len(server.folders(ADDRESS)[("Inbox",)]) == 3
    assert schema.check_all(recorder) > 0


def test_update_move_and_delete(
    account: Any, server: EwsServer, recorder: Recorder, schema: Schema
) -> None:
    folder = Folder(parent=account.msg_folder_root, name="Projects 2015/Q1").save()
    child = Folder(parent=folder, name="Inner").save()
    item = message(account, account.inbox, "k1", message_flags=0)
    item.is_read = True
    item.categories = ["Later"]
    item.migration_key = "k1-new"
    item.save(update_fields=["is_read", "categories", "migration_key"])
    item.move(child)
    where = ("Projects 2015/Q1", "Inner")
    (stored,) = server.folders(ADDRESS)[where]
    assert (stored.read, stored.categories, stored.mime) == (True, ("Later",), mime("k1"))
    item.categories = None
    item.save(update_fields=["categories"])
    item.move_to_trash()
    assert [len(server.folders(ADDRESS)[path]) for path in (where, ("Deleted Items",))] == [0, 1]
    child.delete()
    assert where not in server.folders(ADDRESS)
    account.trash.all().delete()
    assert server.folders(ADDRESS)[("Deleted Items",)] == []
    assert schema.check_all(recorder) > 0


def test_several_folders_in_one_request(
    account: Any, server: EwsServer, recorder: Recorder, schema: Schema
) -> None:
    parent = account.msg_folder_root
    wanted = [Folder(parent=parent, name=name) for name in ("A", "B", "inbox", "C")]
    answers = list(CreateFolder(account=account).call(parent_folder=parent, folders=wanted))
    assert isinstance(answers[2], ErrorFolderExists)
    made = [answer for answer in answers if isinstance(answer, Folder)]
    account.inbox.refresh()
    fields = [FieldPath(field=Folder.get_field_by_fieldname("name"))]
    seen = list(
        GetFolder(account=account).call(
            folders=[*made, account.inbox], additional_fields=fields, shape=ID_ONLY
        )
    )
    assert [folder.name for folder in seen] == ["A", "B", "C", "Inbox"]
    deleted = list(DeleteFolder(account=account).call(folders=made[:2], delete_type=HARD_DELETE))
    assert deleted == [True, True]
    assert {("A",), ("C",)} & set(server.folders(ADDRESS)) == {("C",)}
    assert schema.check_all(recorder) > 0


def test_what_the_target_changed_exchangelib_sees(
    account: Any, target: WorkmailEwsTarget, server: EwsServer
) -> None:
    outcomes = store(target, inbox_of(target), map(stamped, ("a", "b")))
    ids = [outcome.target_id for outcome in outcomes if isinstance(outcome, Stored)]
    target.set_flags(inbox_of(target), {ids[0]: frozenset({"\\Seen", "work"})})
    target.remove(inbox_of(target), ids[1:])
    (item,) = account.inbox.all()
    assert (item.id, item.is_read, item.categories) == (ids[0], True, ["work"])
    item.is_read, item.categories = False, ["home"]
    item.save(update_fields=["is_read", "categories"])
    (shown,) = target.show(inbox_of(target), ids[:1])
    assert isinstance(shown, Item)
    assert shown.flags == {"home"}
    item.delete()
    assert list(target.show(inbox_of(target), ids)) == [Gone(ItemRef(id_, 0)) for id_ in ids]


def test_folder_tree_is_walked(account: Any) -> None:
    Folder(parent=account.inbox, name="Below").save()
    account.root.refresh()
    names = {folder.name for folder in account.msg_folder_root.walk()}
    assert {"Inbox", "Sent Items", "Drafts", "Deleted Items", "Junk E-mail", "Below"} <= names
    assert account.sent.name == "Sent Items"
    assert account.junk.total_count == 0


def test_impersonation_is_checked(server: EwsServer, tokens: Tokens) -> None:
    with pytest.raises(ErrorNonExistentMailbox):
        open_account(server, tokens.issue(), "nobody@example.test").inbox.refresh()
    denied = tokens.issue()
    tokens.verdicts[denied] = "denied"
    with pytest.raises(ErrorImpersonateUserDenied):
        open_account(server, denied).inbox.refresh()


def test_mailboxes_are_apart(account: Any, server: EwsServer, tokens: Tokens) -> None:
    mine = message(account, account.inbox, "k1")
    other = open_account(server, tokens.issue(), "eve@example.test")
    assert other.inbox.filter(migration_key="k1").count() == 0
    (answer,) = other.fetch([(mine.id, mine.changekey)])
    assert isinstance(answer, exchangelib.errors.ErrorItemNotFound)


def test_what_exchangelib_wrote_the_wire_client_finds(account: Any, client: EwsClient) -> None:
    message(account, account.inbox, "k1")
    key = WireProperty("String", property_set=GUID, name="MigrationKey")
    page = client.find_items(FolderRef(account.inbox.id), Exists(key), [key])
    assert [item.values[key] for item in page.items] == ["k1"]
