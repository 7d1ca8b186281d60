"""What WorkMail shows of items, and what can be changed of them afterwards."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from localrun.fakes.workmail_ews import EwsServer
from migration.errors import CredentialsRejected, MigrationError, TargetBusy
from migration.mail import Gone, Item, ItemRef, Stamped, Stored
from migration.targets import workmail_ews
from migration.targets.workmail_ews import WorkmailEwsTarget
from migration.wire.ews import EwsClient
from migration.wire.ews_model import FolderRef, NewMessage
from tests.ews.harness import ADDRESS, Recorder
from tests.ews.samples import RECEIVED, asking, inbox_of, keys_in, mime, only, stamped, store

INBOX = FolderRef("inbox", distinguished=True)


def stored(target: WorkmailEwsTarget, *batch: Stamped) -> list[str]:
    """The ids of the items in the inbox."""
    outcomes = store(target, inbox_of(target), batch)
    ids = [outcome.target_id for outcome in outcomes if isinstance(outcome, Stored)]
    assert len(ids) == len(batch)
    return ids


# -- show


def test_items_are_shown_as_they_were_given(target: WorkmailEwsTarget) -> None:
    flags = ("\\Seen", "\\Flagged", "\\Answered", "Work")
    batch = [stamped("a", *flags), stamped("b", "\\Draft", "$Forwarded"), stamped("c")]
    ids = stored(target, *batch)
    shown = list(target.show(inbox_of(target), ids))
    assert shown == [
        Item(ItemRef(item_id, len(one.item.mime)), one.item.mime, RECEIVED, one.item.flags)
        for item_id, one in zip(ids, batch, strict=True)
    ]


def test_what_is_gone_is_shown_as_gone(target: WorkmailEwsTarget) -> None:
    first, second = stored(target, stamped("a"), stamped("b"))
    target.remove(inbox_of(target), [first])
    shown = list(target.show(inbox_of(target), [first, second, "never"]))
    assert shown[0] == Gone(ItemRef(first, 0))
    assert isinstance(shown[1], Item)
    assert shown[2] == Gone(ItemRef("never", 0))
    assert list(target.show(inbox_of(target), [])) == []


def test_few_are_shown_at_a_time(
    target: WorkmailEwsTarget, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most 20, and at most so many bytes, or one."""
    monkeypatch.setattr(workmail_ews, "_SHOWN_BYTES", 10_000)
    large = stamped("large", content=mime("large") + b"x" * 20_000)
    medium = [stamped(f"m{number}", content=b"x" * 4_000) for number in range(3)]
    ids = stored(target, *(stamped(f"{number}") for number in range(25)), large, *medium)
    seen = len(recorder.seen)
    iterator = target.show(inbox_of(target), ids)
    assert len(recorder.requests("GetItem")) == 0, "nothing is asked before it is wanted"
    assert len(list(iterator)) == 29
    counts = [len(request[1]) for request in recorder.requests("GetItem")]
    assert counts == [29, 20, 5, 1, 2, 1]
    assert len(recorder.seen) > seen


def test_one_that_is_there_and_cannot_be_shown_is_not_called_gone(
    target: WorkmailEwsTarget, server: EwsServer
) -> None:
    ids = stored(target, stamped("a"))
    folder = inbox_of(target)
    server.faults.busy(1, 3000)
    with pytest.raises(TargetBusy) as busy:
        list(target.show(folder, ids))
    assert busy.value.retry_after == 3.0


# -- flags


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((), ("\\Seen",)),
        (("\\Seen",), ()),
        ((), ("\\Flagged", "\\Answered", "work", "$Label1")),
        (("\\Flagged", "\\Answered", "work"), ("\\Seen", "other")),
        (("\\Answered",), ("$Forwarded",)),
        (("$Forwarded", "\\Flagged", "\\Seen"), ("$Forwarded", "\\Flagged", "\\Seen")),
        (("\\Draft",), ("\\Draft", "\\Seen")),
    ],
)
def test_flags_become_those_that_were_given(
    target: WorkmailEwsTarget, before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    (item_id,) = stored(target, stamped("a", *before))
    target.set_flags(inbox_of(target), {item_id: frozenset(after)})
    (item,) = target.show(inbox_of(target), [item_id])
    assert isinstance(item, Item)
    assert item.flags == set(after)
    assert item.received == RECEIVED


def test_many_flags_are_set_in_few_requests(target: WorkmailEwsTarget, server: EwsServer) -> None:
    ids = stored(target, *(stamped(f"{number}") for number in range(120)))
    target.set_flags(
        inbox_of(target), {**dict.fromkeys(ids, frozenset({"\\Seen"})), "gone": frozenset()}
    )
    assert all(message.read for message in server.folders(ADDRESS)[("Inbox",)])
    assert server.requests["UpdateItem"] == 3


def test_flags_are_set_again_when_the_answer_is_lost(
    target: WorkmailEwsTarget, server: EwsServer
) -> None:
    ids = stored(target, stamped("a"))
    server.faults.busy(1, 2000)
    with pytest.raises(TargetBusy):
        target.set_flags(inbox_of(target), {ids[0]: frozenset({"\\Seen"})})
    target.set_flags(inbox_of(target), {ids[0]: frozenset({"\\Seen"})})
    assert only(server).read


def test_the_draft_bit_stays(target: WorkmailEwsTarget, server: EwsServer) -> None:
    (item_id,) = stored(target, stamped("a", "\\Draft"))
    target.set_flags(inbox_of(target), {item_id: frozenset()})
    assert only(server).draft


# -- receipts


def test_the_emulator_sends_receipts_as_a_server_may(
    server: EwsServer, client: EwsClient, target: WorkmailEwsTarget
) -> None:
    """Else the tests below would prove nothing."""
    client.create_items(INBOX, [NewMessage(asking("a"), is_read=True), NewMessage(asking("b"))])
    first, second = server.folders(ADDRESS)[("Inbox",)]
    client.delete_items([first.id, second.id])
    assert server.receipts(ADDRESS) == [f"read {first.id}", f"not-read {second.id}"]


def test_nobody_learns_that_a_message_was_read_or_deleted(
    target: WorkmailEwsTarget, server: EwsServer
) -> None:
    batch = [
        stamped("a", content=asking("a")),
        stamped("b", "\\Seen", content=asking("b")),
        stamped("c", content=asking("c")),
    ]
    ids = stored(target, *batch)
    folder = inbox_of(target)
    target.set_flags(folder, {ids[0]: frozenset({"\\Seen"}), ids[1]: frozenset()})
    target.set_flags(folder, {ids[1]: frozenset({"\\Seen", "work"})})
    target.remove(folder, ids)
    assert keys_in(server, "Inbox") == []
    assert server.receipts(ADDRESS) == []


# -- remove


def test_items_are_removed_for_good_and_only_once(
    target: WorkmailEwsTarget, server: EwsServer
) -> None:
    ids = stored(target, *(stamped(f"{number}") for number in range(120)))
    folder = inbox_of(target)
    target.remove(folder, [*ids[:100], "never"])
    target.remove(folder, ids[:100])
    assert keys_in(server, "Inbox") == [f"{number}" for number in range(100, 120)]
    assert keys_in(server, "Deleted Items") == []
    target.remove(folder, [])
    assert server.requests["DeleteItem"] == 2


CHANGES: list[Callable[[WorkmailEwsTarget, str, str], None]] = [
    lambda target, folder, item: target.remove(folder, [item]),
    lambda target, folder, item: target.set_flags(folder, {item: frozenset({"\\Seen"})}),
]


@pytest.mark.parametrize("act", CHANGES)
@pytest.mark.parametrize(
    ("code", "expected"),
    [("ErrorAccessDenied", CredentialsRejected), ("ErrorServerBusy", TargetBusy)],
)
def test_refusals_that_are_about_the_mailbox_are_raised(
    target: WorkmailEwsTarget,
    server: EwsServer,
    act: Callable[[WorkmailEwsTarget, str, str], None],
    code: str,
    expected: type[MigrationError],
) -> None:
    (item_id,) = stored(target, stamped("a"))
    folder = inbox_of(target)
    server.faults.refuse_change_next(code)
    with pytest.raises(expected):
        act(target, folder, item_id)


@pytest.mark.parametrize("act", CHANGES)
def test_what_refuses_to_be_changed_is_left_alone(
    target: WorkmailEwsTarget,
    server: EwsServer,
    act: Callable[[WorkmailEwsTarget, str, str], None],
) -> None:
    """What cannot be kept quiet is not deleted either."""
    (item_id,) = stored(target, stamped("a"))
    server.faults.refuse_change_next("ErrorItemSave", times=2)
    act(target, inbox_of(target), item_id)
    assert keys_in(server, "Inbox") == ["a"]
    assert not only(server).read
