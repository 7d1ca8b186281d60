"""What a run tells of itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from migration import notices
from migration.model import Agreement, Failure, Mailbox, MailboxVerdict, Notice, NoticeKind, Tally
from migration.report import Written
from migration.runs import PassSummary
from tests.unit.desks import Office

RUN, NOW = "run-1", "2026-12-04T18:00:00Z"
PLACE = "https://eu-west-1.console.aws.amazon.com/s3/object/b?region=eu-west-1&prefix=r"
COUNTS = {"mailboxes": 3, "done": 2, "exceptions": 0, "failed": 1, "messages": 312, "rejected": 0}


@pytest.fixture
def office() -> Office:
    office = Office()
    boxes = [Mailbox(f"m{n:03}", "x", f"x{n}@acme.example", "x", "Jane X") for n in range(30)]
    office.ledger.plan_mailboxes(RUN, boxes)
    return office


def copied(office: Office, *ids: str) -> None:
    for each in ids:
        verdict = MailboxVerdict(1, Agreement.AGREE, Tally(100, 2_000_000), Tally(100, 2_000_000))
        office.ledger.set_verdict(each, verdict)


def test_the_begin_says_how_much_is_planned(office: Office) -> None:
    for _ in range(2):
        notices.tell_start(office.teller, RUN, NOW, 1200, 45)
    (notice,) = office.notifier.told
    assert notice.subject == "acme: the migration of 1,200 mailboxes has begun"
    assert "45 groups, resources and permissions" in " ".join(notice.text.split())
    assert notice.facts == {"mailboxes": 1200, "entities": 45}


def test_what_met_another_run_is_told_with_what_to_do(office: Office) -> None:
    owner = "arn:aws:states:eu-west-1:123456789012:execution:m:friday"
    for _ in range(2):
        notices.tell_not_started(
            *(office.teller, RUN, NOW, owner),
            *("a manifest was uploaded", "Upload it once more, or:", '{"manifest": "a-b"}'),
        )
    (notice,) = office.notifier.told
    assert notice.kind is NoticeKind.NOT_STARTED
    assert notice.subject == "acme: a manifest was uploaded, and has started nothing"
    text = " ".join(notice.text.split())
    assert text.startswith("A manifest was uploaded, while the run friday is under way: it has")
    assert notice.text.endswith('Upload it once more, or:\n\n  {"manifest": "a-b"}\n')
    assert notice.facts == {"under_way": "friday", "input": '{"manifest": "a-b"}'}


def test_the_full_pass_is_told_with_its_figures_and_what_to_do(office: Office) -> None:
    copied(office, "m000", "m001")
    office.ledger.set_failed("m002", Failure("QuotaExceeded", "x"))
    summary = PassSummary(1, 1, 1, 0, 0, 200)
    notices.tell_pass(office.teller, RUN, NOW, 1, summary)
    (notice,) = office.notifier.told
    assert notice.subject == "acme: 2 mailboxes copied, 1 failed"
    assert "200 messages, 4.0 MB" in notice.text
    assert "QuotaExceeded (1): Make room in the WorkMail mailbox" in notice.text
    assert notice.facts["bytes"] == 4_000_000


@pytest.mark.parametrize(("passes", "paused"), [(2, 0), (1, 3)])
def test_later_passes_and_paused_ones_are_not_told(
    office: Office, passes: int, paused: int
) -> None:
    notices.tell_pass(office.teller, RUN, NOW, passes, PassSummary(1, 0, 0, paused, paused, 1))
    assert office.notifier.told == []


def test_of_a_thousand_failures_ten_are_told_each_once(office: Office) -> None:
    for _ in range(2):  # the second time, Lambda repeats them
        for number in range(1000):
            notices.tell_failure(office.teller, RUN, NOW, f"m{number:03}", "CredentialsRejected")
    told = [notice.facts["mailbox"] for notice in office.notifier.told]
    assert told == [f"m{number:03}" for number in range(10)]
    notice = office.notifier.told[0]
    assert notice.kind is NoticeKind.MAILBOX_FAILED
    assert "M#m000" in notice.text
    assert "Put the right password" in notice.text


def test_the_cut_over_is_told_once_it_is_there(office: Office) -> None:
    notices.tell_cutover(office.teller, RUN, NOW, False)
    assert office.notifier.told == []
    for _ in range(2):
        notices.tell_cutover(office.teller, RUN, NOW, True)
    (notice,) = office.notifier.told
    assert notice.kind is NoticeKind.CUT_OVER


@pytest.mark.parametrize(
    ("verdict", "failure", "kind", "subject"),
    [
        ("done", None, NoticeKind.FINISHED, "acme: the run has ended: done"),
        (
            "not cut over",
            None,
            NoticeKind.FINISHED,
            "acme: the run has ended: not cut over",
        ),
        (
            "failed",
            Failure("PreflightFailed", "anna@acme.example"),
            NoticeKind.FAILED,
            "acme: the run has failed (PreflightFailed)",
        ),
    ],
)
def test_the_end_says_the_verdict_and_where_the_report_is(
    office: Office, verdict: str, failure: Failure | None, kind: NoticeKind, subject: str
) -> None:
    written = Written(verdict, "reports/run-1/report.html", COUNTS, ("Do this first.",))
    for _ in range(2):
        notices.tell_end(office.teller, RUN, NOW, written, failure, PLACE)
    (notice,) = office.notifier.told
    assert (notice.kind, notice.subject) == (kind, subject)
    assert PLACE in notice.text
    assert "- Do this first." in notice.text
    assert notice.facts["failed"] == 1


def test_an_abort_is_told_unless_the_run_has_told_its_end(office: Office) -> None:
    for _ in range(2):
        notices.tell_abort(office.teller, RUN, NOW, "ABORTED")
    (notice,) = office.notifier.told
    assert notice.kind is NoticeKind.FAILED
    assert notice.subject == "acme: the migration was ended (ABORTED)"
    written = Written("failed", "reports/run-2/report.html", COUNTS)
    failure = Failure("PreflightFailed", "x")
    notices.tell_end(office.teller, "run-2", NOW, written, failure, PLACE)
    notices.tell_abort(office.teller, "run-2", NOW, "FAILED")
    assert [each.run for each in office.notifier.told] == [RUN, "run-2"]


def test_the_console_shows_the_report() -> None:
    page = notices.console_page("eu-west-1", "bucket", "reports/run 1/report.html")
    assert page == (
        "https://eu-west-1.console.aws.amazon.com/s3/object/bucket?region=eu-west-1"
        "&prefix=reports%2Frun%201%2Freport.html"
    )


TOLD: list[Callable[[Office], None]] = [
    lambda office: notices.tell_start(office.teller, RUN, NOW, 1, 0),
    lambda office: notices.tell_pass(office.teller, RUN, NOW, 1, PassSummary(1, 0, 1, 0, 1, 1)),
    lambda office: notices.tell_failure(office.teller, RUN, NOW, "m000", "UserRefused"),
    lambda office: notices.tell_cutover(office.teller, RUN, NOW, True),
    lambda office: notices.tell_abort(office.teller, RUN, NOW, "TIMED_OUT"),
    lambda office: notices.tell_end(
        office.teller, RUN, NOW, Written("exceptions", "k", COUNTS), None, PLACE
    ),
]


@pytest.mark.parametrize("tell", TOLD)
def test_notices_are_fit_for_people_and_name_nobody(
    office: Office, tell: Callable[[Office], None]
) -> None:
    office.ledger.set_failed("m001", Failure("UserRefused", "jane@acme.example"))
    tell(office)
    (notice,) = office.notifier.told
    check_fit(notice)


def check_fit(notice: Notice) -> None:
    assert len(notice.subject) < 100
    assert notice.subject.isascii() and notice.subject.isprintable()
    assert "@" not in notice.text + notice.subject + str(dict(notice.facts))
    assert "Jane" not in notice.text
    long = [line for line in notice.text.splitlines() if len(line) > 80 and "https://" not in line]
    assert not long
    assert notice.text.endswith("\n")
