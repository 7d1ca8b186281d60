"""What the operators are asked about a cut-over."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from migration.approval import ask_about_dns, ask_cutover
from migration.dns_model import DnsFinding, DnsRecord, DnsVerdict, DnsWatch
from migration.errors import TenantMisconfigured
from migration.model import Mailbox
from migration.question_model import QuestionKind
from tests.unit.desks import Office
from tests.unit.test_report import SETTINGS

RUN, NOW, LATER = "run-1", "2026-12-04T18:00:00.000Z", "2026-12-06T18:00:00.000Z"
MX = DnsRecord("acme.example", "MX", "10 inbound-smtp.eu-west-1.amazonaws.com.", required=True)


def test_the_cut_overs_question_has_the_state_of_the_copy_and_the_days() -> None:
    office = Office()
    office.ledger.plan_mailboxes(RUN, [Mailbox("a", "a", "a@acme.example", "a", "A")])
    settings = replace(SETTINGS, cutover_approval_days=3)
    ask_cutover(office.desk, settings, RUN, NOW, LATER, "token", 1, 0, 0)
    (question,) = office.ledger.questions()
    assert (question.kind, question.asked) == (QuestionKind.CUTOVER, NOW)
    assert question.until == "2026-12-07T18:00:00.000Z"  # from the first message, not the last
    assert question.answers == ("approve", "reject")
    assert ("Mailboxes", "1 not copied in this run") in question.facts
    (notice,) = office.notifier.told
    assert "acme.example" not in notice.text
    assert notice.facts["open"] == 1


def test_nobody_is_asked_for_what_may_not_begin() -> None:
    office = Office()
    office.ledger.plan_mailboxes("run-0", [Mailbox("a", "a", "a@acme.example", "a", "A")])
    office.ledger.set_provisioned("a", "u", "created", "a@acme.awsapps.com")
    with pytest.raises(TenantMisconfigured, match="1 mailboxes have addresses in the test domain"):
        ask_cutover(office.desk, SETTINGS, RUN, NOW, LATER, "token", 0, 0, 0)
    assert office.ledger.questions() == []
    assert office.notifier.told == []


def test_the_question_about_the_dns_names_what_is_not_right() -> None:
    office = Office()
    findings = [
        DnsFinding(MX, DnsVerdict.WRONG, ("10 mail.old-host.example.",), 300, "192.0.2.1:53"),
        DnsFinding(MX, DnsVerdict.RIGHT, (MX.value,), 300, "192.0.2.2:53"),
    ]
    office.ledger.write_dns(RUN, NOW, findings, DnsWatch(began=NOW))
    settings = replace(SETTINGS, dns_timeout_days=14)
    ask_about_dns(office.desk, settings, RUN, NOW, NOW, "token", 0, 0)
    (question,) = office.ledger.questions()
    assert question.answers == ("wait", "proceed", "stop")
    assert question.facts[0] == ("Waited for", "14 days")
    assert question.facts[1][1].startswith("MX of acme.example: ")


@pytest.mark.parametrize(("looked_for", "offered"), [(14, True), (46, True), (47, False)])
def test_waiting_on_is_offered_only_while_the_history_has_room(
    looked_for: int, offered: bool
) -> None:
    office = Office()
    began = (datetime.fromisoformat(NOW) - timedelta(days=looked_for)).isoformat()
    office.ledger.write_dns(RUN, NOW, [], DnsWatch(began=began))
    settings = replace(SETTINGS, dns_timeout_days=14)
    ask_about_dns(office.desk, settings, RUN, NOW, NOW, "token", 0, 1)
    (question,) = office.ledger.questions()
    assert question.answers == (*(["wait"] if offered else []), "proceed", "stop")
    assert question.facts[0] == ("Waited for", "28 days")
