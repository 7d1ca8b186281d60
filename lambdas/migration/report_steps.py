"""What the report tells the operator to do next. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from migration.advice import advise
from migration.question_model import Answer
from migration.report_entities import NOT_PROVISIONED
from migration.report_lines import Outcome, Summary, Verdict
from migration.rollback_report import next_rollback_steps

AFTER_DIFFERENCES = (
    "Keep the old server. Look at the folders that differ, and start the workflow again."
)


def next_steps(summary: Summary) -> tuple[str, ...]:
    """What the operator does now, most urgent first."""
    return tuple(_steps(summary))


def _steps(summary: Summary) -> Iterator[str]:
    if summary.failure:
        yield advise(summary.failure.error)
    if summary.rollback:
        yield from next_rollback_steps(summary.rollback)
    yield from _about_domains(summary)
    yield from _after_decisions(summary)
    yield from _about_mail(summary)
    if summary.clients and summary.clients.needs_attention:
        yield (
            "See to what the section on client settings names. Nobody gets a second mail when you "
            'start the workflow with {"phases": ["clients"]}: only those who have had none.'
        )
    if summary.verdict is Verdict.DONE and summary.counts["done"]:
        yield ("Keep the old mailboxes until their owners have looked at the new ones.")


def _about_domains(summary: Summary) -> Iterator[str]:
    if summary.dns_rollback and summary.dns_rollback.left:
        yield (
            "Look at the DNS records that are left: put them right in the hosted zone, or, if they "
            "shall go back as well, make them what was published and start rollback-dns again."
        )
    if summary.dns.went_back:
        yield (
            "Mail goes to the old server again: put the records back that the DNS section expects, "
            "then start the workflow with the phases cutover and delta, to bring what arrived."
        )
    if waiting := summary.counts["in_test_domain"]:
        has = "1 mailbox has its address" if waiting == 1 else f"{waiting} mailboxes have addresses"
        unmade = any(entity.outcome == NOT_PROVISIONED for entity in summary.entities)
        others = "; groups, resources and permissions are made then, too" if unmade else ""
        yield (
            f"Leave MX as it is: {has} in the test domain still. When WorkMail says that the "
            "tenant's domains are verified, start the workflow again with the phase provision, "
            f"which gives them their own{others}."
        )


def _after_decisions(summary: Summary) -> Iterator[str]:
    answers = {decision.answer for decision in summary.decisions}
    if summary.verdict is Verdict.NOT_CUT_OVER:
        yield (
            "Nothing is cut over: the old server goes on as before, and what is copied stays. When "
            "the mail shall go to WorkMail, start the workflow with "
            '{"phases": ["cutover", "delta", "report"]}; a delta pass brings what came meanwhile.'
        )
    if Answer.PROCEED in answers:
        yield (
            "Put the DNS right, and keep the old server: mail may still arrive there. Afterwards "
            'start the workflow with {"phases": ["cutover", "delta", "report"]}.'
        )


def _about_mail(summary: Summary) -> Iterator[str]:
    outcomes = Counter(line.outcome for line in summary.mailboxes)
    if outcomes[Outcome.FAILED]:
        yield (
            "Put right what is named at each failed mailbox, then start the workflow again: what "
            "has been copied stays, and only the rest is copied."
        )
    if outcomes[Outcome.DIFFERS] or outcomes[Outcome.UNFINISHED]:
        yield AFTER_DIFFERENCES
    if any(line.verified and line.verified.differing for line in summary.mailboxes):
        yield (
            "Look at the messages that differ: the lists that are named at each mailbox say which "
            "they are and in what."
        )
    if summary.counts["entities_failed"]:
        yield (
            "Put right what is named at each failed group, resource or permission, then start the "
            "workflow again: what is right already is left alone."
        )
    if summary.counts["rejected"]:
        yield (
            "Give the owners of refused messages their originals from the old server; a new run "
            "refuses them again."
        )
