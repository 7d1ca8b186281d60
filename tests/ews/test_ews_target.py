"""WorkmailEwsTarget: what it finds, what it raises, and that nobody is ever sent anything."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from localrun.fakes.workmail_ews import EwsServer
from migration.directory_model import Token
from migration.errors import CredentialsRejected, FolderGone, MailboxUnreachable, TargetBusy
from migration.mail import Item, ItemRef, SpecialUse, Stamped, Stored
from migration.ports import Capabilities, Target
from migration.targets.workmail_ews import WorkmailEwsTarget
from migration.wire.ews import EwsClient
from migration.wire.ews_model import FolderRef, NewMessage
from tests.ews.harness import ADDRESS, Recorder, Schema, Tokens
from tests.ews.samples import (
    RECEIVED,
    asking,
    ensure,
    found,
    inbox_of,
    mime,
    plan,
    stamped,
    store,
    stream,
)


def test_it_is_a_target(target: WorkmailEwsTarget) -> None:
    as_port: Target = target
    assert as_port.capabilities == Capabilities(
        max_item_bytes=40 * 1024 * 1024,
        keeps_key=True,
        keeps_bytes=False,
        sets_flags=True,
        removes=True,
    )


def test_since_finds_exactly_the_keys_that_are_there(
    target: WorkmailEwsTarget, client: EwsClient
) -> None:
    folder = inbox_of(target)
    mark = target.mark(folder)
    keys = [f"key-{number:04}" for number in range(130)]
    outcomes = store(target, folder, [stamped(key) for key in keys[::2]])
    ids = {one.target_id for one in outcomes if isinstance(one, Stored)}
    client.create_items(FolderRef(folder), [NewMessage(mime("by the user"))])
    there = target.since(folder, mark, keys)
    assert {each.key for each in there} == set(keys[::2])
    assert {each.target_id for each in there} == ids
    assert len(ids) == 65
    assert found(target, folder, []) == set()
    assert found(target, folder, ["KEY-0000"]) == set(), "case matters to us"


def test_count_is_of_migrated_items_only(target: WorkmailEwsTarget, client: EwsClient) -> None:
    folder = inbox_of(target)
    assert target.count(folder) == 0
    store(target, folder, [stamped(f"k{number}") for number in range(30)])
    client.create_items(FolderRef(folder), [NewMessage(mime("by the user"))] * 3)
    assert target.count(folder) == 30


@pytest.mark.parametrize(
    "act",
    [
        lambda target: ensure(target, "A"),
        lambda target: target.count("folder"),
        lambda target: target.since("folder", "", ["a"]),
        lambda target: store(target, "folder", [stamped("a")]),
        lambda target: store(target, "folder", [stamped("a", content=stream(b"x" * 100_000))]),
        lambda target: list(target.show("folder", ["a"])),
        lambda target: target.set_flags("folder", {"a": frozenset({"\\Seen"})}),
        lambda target: target.remove("folder", ["a"]),
        lambda target: target.remove_folder("folder"),
    ],
)
def test_whatever_is_asked_failures_are_leaves_of_the_tree(
    server: EwsServer, tokens: Tokens, act: Callable[[Target], object]
) -> None:
    def target(address: str, token: Callable[[], Token] = tokens.give) -> Target:
        return WorkmailEwsTarget(EwsClient(server.url, token, address))

    with pytest.raises(CredentialsRejected):
        act(target(ADDRESS, lambda: Token("unknown")))
    with pytest.raises(MailboxUnreachable, match="ErrorNonExistentMailbox"):
        act(target("nobody@example.test"))
    server.faults.busy(1, 1500)
    with pytest.raises(TargetBusy) as busy:
        act(target(ADDRESS))
    assert busy.value.retry_after == 1.5
    server.close()
    with pytest.raises(TargetBusy):
        act(target(ADDRESS))


@pytest.mark.parametrize(
    "act",
    [
        lambda target, folder, item: target.count(folder),
        lambda target, folder, item: target.since(folder, "", ["a"]),
        lambda target, folder, item: store(target, folder, [stamped("b")]),
        lambda target, folder, item: list(target.show(folder, [item])),
        lambda target, folder, item: target.set_flags(folder, {item: frozenset()}),
    ],
)
def test_a_folder_that_was_deleted_meanwhile(
    target: WorkmailEwsTarget, act: Callable[[Target, str, str], object]
) -> None:
    folder = ensure(target, "A")
    (outcome,) = store(target, folder, [stamped("a")])
    assert isinstance(outcome, Stored)
    target.remove_folder(folder)
    with pytest.raises(FolderGone):
        act(target, folder, outcome.target_id)
    target.remove(folder, [outcome.target_id])
    target.remove_folder(folder)


def test_messages_of_errors_name_no_address(server: EwsServer, tokens: Tokens) -> None:
    target = WorkmailEwsTarget(EwsClient(server.url, tokens.give, "nobody@example.test"))
    with pytest.raises(MailboxUnreachable) as unreachable:
        target.count("folder")
    assert "@" not in str(unreachable.value)


def test_nothing_is_sent_and_everything_is_schema_valid(
    target: WorkmailEwsTarget, server: EwsServer, recorder: Recorder, schema: Schema
) -> None:
    folder = ensure(target, "A", "B")
    flags = ("\\Seen", "\\Answered", "\\Flagged", "work", "<&>")
    nasty = Stamped("n", Item(ItemRef("n", 0), b"", RECEIVED, frozenset({"\x01bad\ud800"})))
    batch = [stamped("a", *flags), stamped("b", "$Forwarded"), nasty]
    batch.append(stamped("c", content=stream(asking("c") + b"x" * 70_000)))
    outcomes = store(target, folder, batch)
    ids = [outcome.target_id for outcome in outcomes if isinstance(outcome, Stored)]
    assert len(ids) == 4
    target.since(folder, "", ["a", "b", "c"])
    target.count(folder)
    target.set_flags(folder, {ids[1]: frozenset(flags), ids[0]: frozenset(), "gone": frozenset()})
    assert len(list(target.show(folder, [*ids, "gone"]))) == 5
    target.remove(folder, [*ids, "gone"])
    target.ensure_folders([plan("A", "C"), plan("A", "D"), plan("Inbox", special=SpecialUse.INBOX)])
    target.remove_folder(folder)
    target.remove_folder(folder)
    assert schema.check_all(recorder) == 2 * len(recorder.seen)
    wanted: dict[str, dict[str, str]] = {
        "CreateItem": {"MessageDisposition": "SaveOnly", "SendMeetingInvitations": "SendToNone"},
        "UpdateItem": {
            "MessageDisposition": "SaveOnly",
            "ConflictResolution": "AlwaysOverwrite",
            "SendMeetingInvitationsOrCancellations": "SendToNone",
        },
        "DeleteItem": {"DeleteType": "HardDelete", "SendMeetingCancellations": "SendToNone"},
        "DeleteFolder": {"DeleteType": "HardDelete"},
    }
    for operation, attributes in wanted.items():
        requests = recorder.requests(operation)
        assert requests, operation
        assert all(request.items() == list(attributes.items()) for request in requests)
    reading = {"GetFolder", "FindFolder", "FindItem", "GetItem", "CreateFolder"}
    assert set(recorder.operations()) == set(wanted) | reading
    assert server.receipts(ADDRESS) == []
