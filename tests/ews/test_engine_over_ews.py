"""The copy engine over WorkMail's EWS: a batch whose answer was lost is repaired, never doubled."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from localrun.fakes.mailbox import MemorySource
from localrun.fakes.workmail_ews import EwsServer
from localrun.fakes.workmail_ews.faults import Faults
from migration.copy.engine import SliceJob, SliceOutcome, SliceResult, copy_slice
from migration.errors import MailboxUnreachable
from migration.targets.workmail_ews import WorkmailEwsTarget
from migration.wire.ews import EwsClient
from tests.ews.harness import ADDRESS, Clock, Tokens
from tests.ews.samples import mime

MESSAGES = 250  # a batch of 200 in four requests, and the rest in one


class Copy:
    """One mailbox on its way to the server, slice by slice."""

    def __init__(self, server: EwsServer, tokens: Tokens, clock: Clock) -> None:
        self.server, self.clock, self.tokens = server, clock, tokens
        self.source, self.ledger, self.blobs = MemorySource(), MemoryLedger(), MemoryBlobs()
        for number in range(MESSAGES):
            self.source.deliver(("INBOX",), mime(f"{number}"))

    def slice(self) -> SliceResult:
        now = datetime.fromtimestamp(self.clock.seconds, UTC).isoformat()
        target = WorkmailEwsTarget(EwsClient(self.server.url, self.tokens.give, ADDRESS))
        job = SliceJob("acme", "box", 1, now.replace("+00:00", "Z"))
        try:
            return copy_slice(
                self.source, target, self.ledger, self.blobs, job, lambda: 900.0, self.sleep
            )
        finally:
            target.close()

    def sleep(self, seconds: float) -> None:
        self.clock.seconds += seconds

    def finish(self) -> None:
        for _ in range(20):
            result = self.slice()
            if result.outcome is SliceOutcome.DONE:
                return
            self.sleep(result.wait_seconds)
        raise AssertionError("the copy never ends")

    def stored(self) -> list[bytes]:
        return sorted(message.mime for message in self.server.folders(ADDRESS)[("Inbox",)])


@pytest.fixture
def copy(server: EwsServer, tokens: Tokens, clock: Clock) -> Copy:
    return Copy(server, tokens, clock)


EVERYTHING = sorted(mime(f"{number}") for number in range(MESSAGES))


@pytest.mark.parametrize("late", [0, 1, 60, 119])
def test_what_is_stored_after_a_504_is_not_stored_twice(copy: Copy, late: float) -> None:
    copy.server.faults.answer_504_next(store_after=late)
    first = copy.slice()
    assert (first.outcome, first.retry_after) == (SliceOutcome.BACKOFF, 120)
    copy.sleep(first.wait_seconds)
    assert copy.slice().outcome is SliceOutcome.DONE
    assert copy.stored() == EVERYTHING
    assert copy.server.requests["CreateItem"] == 5


@pytest.mark.parametrize("stored", [True, False])
def test_connections_that_break_cost_only_time(copy: Copy, stored: bool) -> None:
    copy.server.faults.close_connection_next(after_storing=stored, times=3)
    copy.finish()
    assert copy.stored() == EVERYTHING
    assert copy.ledger.folders("box")[0].total.copied == MESSAGES


def test_a_mailbox_that_takes_nothing_is_refused_anew_whenever_it_is_tried(copy: Copy) -> None:
    copy.server.faults.refuse(ADDRESS, "ErrorMailboxConfiguration", only_storing=True)
    for _ in range(3):
        with pytest.raises(MailboxUnreachable, match="ErrorMailboxConfiguration"):
            copy.slice()
        copy.sleep(5)
    copy.server.faults.refuse(ADDRESS, "")
    assert copy.slice().outcome is SliceOutcome.DONE
    assert copy.stored() == EVERYTHING


def test_what_was_stored_beside_a_refusal_of_the_mailbox_is_found_after_a_moment(
    copy: Copy,
) -> None:
    copy.server.faults.reject_next("ErrorMailboxConfiguration")
    with pytest.raises(MailboxUnreachable):
        copy.slice()
    assert copy.stored()
    copy.sleep(5)
    assert copy.slice().outcome is SliceOutcome.DONE
    assert copy.stored() == EVERYTHING


def test_a_lost_answer_beside_a_refusal_of_the_mailbox_settles_first(copy: Copy) -> None:
    copy.server.faults.answer_504_next(store_after=100)
    copy.server.faults.reject_next("ErrorMailboxConfiguration")
    first = copy.slice()
    assert (first.outcome, first.retry_after) == (SliceOutcome.BACKOFF, 120)
    copy.sleep(first.wait_seconds)
    copy.finish()
    assert copy.stored() == EVERYTHING


def test_a_server_that_refuses_all_leaves_the_cursor_before_them(copy: Copy) -> None:
    # More than there are: the next batch is under way beside the first one.
    copy.server.faults.reject_next("ErrorInvalidExtendedProperty", times=2 * MESSAGES)
    with pytest.raises(MailboxUnreachable, match="ErrorInvalidExtendedProperty"):
        copy.slice()
    assert copy.ledger.remarks("box") == []
    copy.server.faults = Faults()
    copy.finish()
    assert copy.stored() == EVERYTHING
