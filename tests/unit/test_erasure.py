"""What is asked before anything is erased, what slices erase, and what the proof says."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from localrun.fakes.erasure import MemoryHolding
from localrun.fakes.ledger import MemoryLedger
from migration.erasure import (
    LAST_ROUND,
    Means,
    ask_erasure,
    erase_tenant,
    plan_erasure,
    prove_erasure,
)
from migration.errors import ErasureIncomplete, ErasureRefused, TenantMisconfigured
from migration.model import Agreement, Mailbox, MailboxVerdict, Notice, Tally
from migration.question_model import Answer
from migration.questions import answer
from tests.unit.desks import Office

NOW, RUN = "2026-12-04T18:00:00.000Z", "run-9"
FOUND = {"bucket_audit": 2, "ledger_deeds": 1, "ledger_mailboxes": 2}


def endless() -> float:
    return 900.0


class Erasing:
    """An office with two holdings."""

    def __init__(self, seconds_left: Callable[[], float] = endless) -> None:
        self.office = Office()
        self.bucket = MemoryHolding("bucket_audit", "bucket_audit", batch=1)
        self.ledger = MemoryHolding("ledger_mailboxes", "ledger_mailboxes", "ledger_deeds", batch=1)
        holdings = (self.bucket, self.ledger)
        self.means = Means("acme", holdings, self.office.ledger, self.office.blobs, seconds_left)

    def approve(self, given: str = Answer.APPROVE) -> None:
        ask_erasure(self.office.desk, 14, RUN, NOW, NOW, "token-0", 0, FOUND)
        (question,) = self.office.ledger.questions(RUN)
        answer(self.office.ledger, self.office.tasks, question, given, "link", NOW)

    def proof(self) -> dict[str, object]:
        body = json.loads(self.office.blobs.get(f"erased/{RUN}.json"))
        assert isinstance(body, dict)
        return body


def plan(ledger: MemoryLedger, agreement: Agreement | None) -> None:
    ledger.plan_mailboxes("run-1", [Mailbox("box", "s", "t", "u", "n")])
    if agreement is not None:
        ledger.set_verdict("box", MailboxVerdict(1, agreement, Tally(), Tally()))


@pytest.mark.parametrize("agreement", [None, Agreement.DIFFER])
def test_a_migration_that_is_not_finished_keeps_what_it_knows(agreement: Agreement | None) -> None:
    erasing = Erasing()
    plan(erasing.office.ledger, agreement)
    with pytest.raises(ErasureRefused, match="1 of 1 mailboxes") as caught:
        plan_erasure(erasing.means, unfinished=False)
    assert '"unfinished": true' in str(caught.value)
    assert plan_erasure(erasing.means, unfinished=True) == FOUND


@pytest.mark.parametrize("agreement", [Agreement.AGREE, Agreement.EXCEPTIONS])
def test_what_is_verified_is_finished(agreement: Agreement) -> None:
    erasing = Erasing()
    plan(erasing.office.ledger, agreement)
    assert plan_erasure(erasing.means, unfinished=False) == FOUND
    assert len(erasing.bucket.things) == 2


def test_late_passes_that_have_not_begun_are_not_forgotten() -> None:
    erasing = Erasing()
    late = MemoryHolding("schedules_late")
    means = replace(erasing.means, holdings=(*erasing.means.holdings, late))
    with pytest.raises(ErasureRefused, match="1 late passes have not begun"):
        plan_erasure(means, unfinished=False)


def test_the_question_tells_numbers_and_what_will_not_be_possible() -> None:
    erasing = Erasing()
    erasing.approve()
    (notice,) = erasing.office.notifier.told
    assert notice.subject == "acme: erase all personal data?"
    assert dict(notice.facts) | {"ledger": 3, "bucket": 2} == dict(notice.facts)
    for word in ("no rollback", "no delta pass", "Items of the ledger"):
        assert word in " ".join(notice.text.split())
    file = json.loads(erasing.office.blobs.get(f"reports/{RUN}/approval.json"))
    assert file["ledger_mailboxes"] == "2"


def test_nothing_is_erased_that_nobody_has_approved() -> None:
    for given in ("", Answer.REJECT):
        erasing = Erasing()
        if given:
            erasing.approve(given)
        with pytest.raises(ErasureRefused, match="nobody's approval"):
            erase_tenant(erasing.means, RUN, NOW, FOUND)
        assert (len(erasing.bucket.things), len(erasing.ledger.things)) == (2, 3)
        assert list(erasing.office.blobs.list("erased/")) == []


def test_a_slice_ends_in_time_and_the_next_one_goes_on() -> None:
    times = iter([900.0, 59.0, *[900.0] * 9])
    erasing = Erasing(lambda: next(times))
    erasing.approve()
    assert erase_tenant(erasing.means, RUN, NOW, FOUND) == (True, 2)
    assert erase_tenant(erasing.means, RUN, NOW, FOUND) == (False, 3)
    assert (erasing.bucket.things, erasing.ledger.things) == ([], [])


def test_the_proof_says_what_was_found_who_approved_and_what_remains_until_when() -> None:
    erasing = Erasing()
    erasing.approve()
    erase_tenant(erasing.means, RUN, NOW, FOUND)
    erasing.office.ledger._questions.clear()  # it goes with the rest
    proved = prove_erasure(erasing.means, erasing.office.notifier, RUN, NOW, 0)
    assert (proved.left, proved.erased, proved.told) == (0, 5, True)
    proof = erasing.proof()
    assert proof["found"] == FOUND
    assert proof["left"] == dict.fromkeys(FOUND, 0)
    assert proof["approved"] == {"at": NOW, "by": "link"}
    remains = proof["remains"]
    assert isinstance(remains, list)
    assert {"what": remains[0]["what"], "until": "2027-01-08"} == remains[0]
    assert "point-in-time" in remains[0]["what"]
    told = erasing.office.notifier.told[-1]
    assert told.subject == "acme: all personal data of the migration is erased"
    assert told.facts["erased"] == 5


def test_what_is_left_is_no_proof_and_after_many_rounds_an_error() -> None:
    erasing = Erasing()
    erasing.approve()
    erase_tenant(erasing.means, RUN, NOW, FOUND)
    erasing.ledger.things.append("ledger_timeline")
    told = len(erasing.office.notifier.told)
    proved = prove_erasure(erasing.means, erasing.office.notifier, RUN, NOW, 0)
    assert (proved.left, proved.told) == (1, False)
    assert (erasing.proof()["finished"], erasing.proof()["remains"]) == ("", [])
    with pytest.raises(ErasureIncomplete, match="1 ledger_timeline"):
        prove_erasure(erasing.means, erasing.office.notifier, RUN, NOW, LAST_ROUND)
    assert len(erasing.office.notifier.told) == told


def test_a_topic_that_cannot_be_used_costs_the_message_alone() -> None:
    class Broken:
        def tell(self, notice: Notice) -> None:
            raise TenantMisconfigured([f"no topic for {notice.kind}"])

    erasing = Erasing()
    erasing.approve()
    erase_tenant(erasing.means, RUN, NOW, FOUND)
    proved = prove_erasure(erasing.means, Broken(), RUN, NOW, 0)
    assert (proved.left, proved.told) == (0, False)
    assert erasing.proof()["finished"] == NOW
