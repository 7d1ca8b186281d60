"""Each thing is told once, and a topic that fails stops nothing."""

from __future__ import annotations

import pytest

from localrun.fakes.ledger import MemoryLedger
from localrun.fakes.notifier import MemoryNotifier
from migration.errors import MigrationError, ProvisioningPending, TenantMisconfigured
from migration.model import Notice, NoticeKind
from migration.telling import Teller

AT = "2026-12-04T18:00:00Z"


def notice(subject: str = "acme: begun", run: str = "run-1") -> Notice:
    return Notice(NoticeKind.STARTED, run, AT, subject, "text")


def test_a_thing_is_told_once_per_run() -> None:
    notifier = MemoryNotifier()
    teller = Teller(MemoryLedger(), notifier)
    teller.tell(notice())
    teller.tell(notice("acme: begun again"))
    teller.tell(notice("acme: a day"), key="dns 2026-12-04")
    teller.tell(notice("acme: another run", "run-2"))
    assert [each.subject for each in notifier.told] == [
        "acme: begun",
        "acme: a day",
        "acme: another run",
    ]


@pytest.mark.parametrize("error", [ProvisioningPending("throttled", 1), TenantMisconfigured(["x"])])
def test_a_failing_topic_is_noted_and_the_next_call_tries_again(error: MigrationError) -> None:
    notifier, ledger = MemoryNotifier(error), MemoryLedger()
    teller = Teller(ledger, notifier)
    teller.tell(notice())
    (note,) = ledger.notes("run-1")
    assert "nobody could be told `acme: begun`" in note.what
    notifier.error = None
    teller.tell(notice())
    assert len(notifier.told) == 1
