"""Questions to the operators: asked, asked again, answered by a page or by a command."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace

import pytest

from migration.errors import TenantMisconfigured
from migration.question_model import Answer, Question, QuestionKind
from migration.questions import Asking, Reply, answer, ask, file_key, find, record
from tests.unit.desks import Office

RUN, NOW, UNTIL = "run-1", "2026-12-04T18:00:00.000Z", "2026-12-18T18:00:00.000Z"
LATER = "2026-12-06T18:00:00.000Z"
ASKING = Asking(
    run=RUN,
    kind=QuestionKind.CUTOVER,
    asked=NOW,
    now=NOW,
    until=UNTIL,
    token="token-0",
    reminder=0,
    answers=(Answer.APPROVE, Answer.REJECT),
    facts=(("Mailboxes", "3 complete"), ("Copied", "312 messages, 5.2 MB")),
    numbers={"mailboxes": 3},
    note="approval is asked for",
)


@pytest.fixture
def office() -> Office:
    office = Office()
    office.tasks.waiting = {"token-0"}
    return office


def remind(office: Office, number: int = 1) -> None:
    """The state is entered again: the token of before is void."""
    office.tasks.waiting = {f"token-{number}"}
    ask(office.desk, replace(ASKING, now=LATER, token=f"token-{number}", reminder=number))


def the_question(office: Office) -> Question:
    (question,) = office.ledger.questions()
    return question


def given(office: Office, word: str, now: str = LATER) -> Reply:
    reply, _ = answer(office.ledger, office.tasks, the_question(office), word, "link", now)
    return reply


def test_a_question_is_told_with_figures_link_and_file(office: Office) -> None:
    key = ask(office.desk, ASKING)
    question = the_question(office)
    assert (len(question.id), question.token) == (64, "token-0")
    (notice,) = office.notifier.told
    assert notice.subject == "acme: approve the cut-over?"
    for part in (
        "Mailboxes  3 complete",
        "Copied     312 messages, 5.2 MB",
        f"https://answers.example/{question.id}",
        f"aws s3 cp s3://acme-bucket/{key} - --region eu-west-1",
        "Until 2026-12-18 18:00 UTC",
        "every 48 hours",
    ):
        assert part in notice.text
    assert notice.facts["mailboxes"] == 3
    assert notice.facts["page"] == f"https://answers.example/{question.id}"
    assert [note.what for note in office.ledger.notes(RUN)] == ["approval is asked for"]


def test_the_token_stands_in_the_ledger_and_in_the_file_alone(office: Office) -> None:
    key = ask(office.desk, ASKING)
    (notice,) = office.notifier.told
    assert "token-0" not in json.dumps([notice.text, dict(notice.facts), notice.subject])
    assert "token-0" in office.blobs.get(key).decode()
    assert the_question(office).id not in office.blobs.get(key).decode()


def test_the_files_commands_give_each_answer(office: Office) -> None:
    asked = json.loads(office.blobs.get(ask(office.desk, ASKING)))
    assert asked["reject"] == (
        "aws stepfunctions send-task-success --region eu-west-1 --task-token token-0 "
        '--task-output \'{"answer": "reject"}\''
    )
    assert asked["until"] == UNTIL


def test_a_reminder_keeps_the_link_and_changes_the_commands(office: Office) -> None:
    ask(office.desk, ASKING)
    remind(office)
    first, second = office.notifier.told
    assert first.facts["page"] == second.facts["page"]
    assert second.subject == "acme: approve the cut-over? (reminder 1)"
    assert b"token-0" not in office.blobs.get(file_key(RUN, QuestionKind.CUTOVER))
    assert len(office.ledger.notes(RUN)) == 1


def test_the_same_entry_told_again_after_a_crash_sends_one_message(office: Office) -> None:
    ask(office.desk, ASKING)
    ask(office.desk, ASKING)
    assert len(office.notifier.told) == 1
    # a retry of the state has another token, and the message of before names a void one
    ask(office.desk, replace(ASKING, token="token-1"))
    assert len(office.notifier.told) == 2


def test_a_topic_that_fails_stops_no_question(office: Office) -> None:
    office.notifier.error = TenantMisconfigured(["the topic is gone"])
    ask(office.desk, ASKING)
    assert office.blobs.exists(file_key(RUN, QuestionKind.CUTOVER))
    assert any("nobody could be told" in note.what for note in office.ledger.notes(RUN))


@pytest.mark.parametrize("links", ["once", "iam", "none"])
def test_the_message_says_how_this_tenant_answers(links: str) -> None:
    office = Office(links=links)
    ask(office.desk, ASKING)
    (notice,) = office.notifier.told
    assert ("page" in notice.facts) is (links != "none")
    assert ("--aws-sigv4" in notice.text) is (links == "iam")
    assert "aws s3 cp" in notice.text
    if links == "iam":
        assert f"id={the_question(office).id}&answer=ANSWER" in notice.text


def test_an_answer_ends_the_waiting_once(office: Office) -> None:
    ask(office.desk, ASKING)
    assert given(office, "approve") is Reply.TAKEN
    assert office.tasks.answered == {"token-0": {"answer": "approve"}}
    assert given(office, "approve") is Reply.BEFORE
    assert given(office, "reject") is Reply.BEFORE
    assert len(office.tasks.answered) == 1
    notes = [note.what for note in office.ledger.notes(RUN) if note.state == "RecordAnswer"]
    assert notes == ["the cut-over was approved (by the page that the message names)"]


@pytest.mark.parametrize("word", ["", "wait", "expired", "APPROVE", "approve "])
def test_what_is_no_answer_changes_nothing(office: Office, word: str) -> None:
    ask(office.desk, ASKING)
    assert given(office, word) is Reply.NONE
    assert the_question(office).answer == ""


def test_an_answer_after_the_last_day_changes_nothing(office: Office) -> None:
    ask(office.desk, ASKING)
    assert given(office, "approve", "2026-12-18T18:00:00.001Z") is Reply.EXPIRED
    assert the_question(office).answer == ""
    assert given(office, "approve", UNTIL) is Reply.TAKEN


def test_an_answer_between_two_reminders_is_taken_by_the_next(office: Office) -> None:
    ask(office.desk, ASKING)
    office.tasks.waiting = set()
    assert given(office, "reject") is Reply.LATE
    assert not [note for note in office.ledger.notes(RUN) if note.state == "RecordAnswer"]
    remind(office)
    assert office.tasks.answered == {"token-1": {"answer": "reject"}}
    assert len(office.notifier.told) == 1  # nobody is reminded of what is answered


def test_whoever_dies_before_the_answer_was_sent_can_send_it_again(office: Office) -> None:
    ask(office.desk, ASKING)
    office.ledger.settle(the_question(office), "approve", "link", LATER)
    assert given(office, "approve") is Reply.TAKEN
    assert office.tasks.answered == {"token-0": {"answer": "approve"}}


def test_the_question_of_an_id_is_found_and_no_other(office: Office) -> None:
    ask(office.desk, ASKING)
    question = the_question(office)
    assert find(office.ledger, question.id) == question
    for wrong in ("", question.id[:-1], f"{question.id}0", question.id.upper(), "é" * 64):
        if wrong != question.id:
            assert find(office.ledger, wrong) is None


# ---- what the workflow has got


def recorded(office: Office, word: str) -> bool:
    return record(office.ledger, office.teller, RUN, "cutover", NOW, word, LATER)


def test_an_answer_by_a_command_is_kept_and_told(office: Office) -> None:
    ask(office.desk, ASKING)
    assert recorded(office, "reject") is True
    question = the_question(office)
    assert (question.answer, question.by, question.answered) == ("reject", "command", LATER)
    assert office.notifier.told[-1].subject == (
        "acme: the cut-over was rejected: nothing is cut over"
    )
    assert given(office, "approve") is Reply.BEFORE


def test_recording_again_says_it_once(office: Office) -> None:
    ask(office.desk, ASKING)
    given(office, "approve")
    assert recorded(office, "approve") and recorded(office, "approve")
    assert the_question(office).by == "link"
    assert len([each for each in office.notifier.told if "answer" in each.facts]) == 1
    assert len([note for note in office.ledger.notes(RUN) if note.state == "RecordAnswer"]) == 1


def test_what_the_workflow_got_counts_if_the_page_took_another_answer(office: Office) -> None:
    ask(office.desk, ASKING)
    office.tasks.waiting = set()
    given(office, "approve")
    assert recorded(office, "reject")
    assert (the_question(office).answer, the_question(office).by) == ("reject", "command")


def test_a_question_that_nobody_answered_is_over(office: Office) -> None:
    ask(office.desk, ASKING)
    assert recorded(office, "expired")
    assert "nobody has answered" in office.ledger.notes(RUN)[-1].what
    assert given(office, "approve") is Reply.BEFORE


@pytest.mark.parametrize("word", ["", "yes", "wait"])
def test_what_is_no_answer_is_not_recorded(office: Office, word: str) -> None:
    ask(office.desk, ASKING)
    assert recorded(office, word) is False
    assert the_question(office).answer == ""


def test_an_answer_counts_that_was_taken_before_it_could_not_be_given_any_more(
    office: Office,
) -> None:
    answers = (Answer.WAIT, Answer.PROCEED, Answer.STOP)
    asking = replace(ASKING, kind=QuestionKind.DNS, answers=answers)
    ask(office.desk, asking)
    office.tasks.waiting = set()
    assert given(office, "wait") is Reply.LATE
    office.tasks.waiting = {"token-1"}
    ask(office.desk, replace(asking, token="token-1", reminder=1, answers=answers[1:]))
    assert office.tasks.answered == {"token-1": {"answer": "wait"}}
    assert record(office.ledger, office.teller, RUN, "dns", NOW, "wait", LATER)


def test_a_rollback_is_answered_as_it_always_was(office: Office) -> None:
    ask(office.desk, replace(ASKING, kind=QuestionKind.ROLLBACK))
    assert given(office, "approve") is Reply.TAKEN
    assert office.tasks.answered == {"token-0": {"approved": True}}
    other = Office()
    other.tasks.waiting = {"token-0"}
    ask(other.desk, replace(ASKING, kind=QuestionKind.ROLLBACK))
    assert given(other, "reject") is Reply.TAKEN
    assert other.tasks.answered == {"token-0": "RollbackRejected"}


# ---- killed


@pytest.mark.parametrize("stop", range(1, 7))
def test_asking_that_is_killed_anywhere_comes_to_the_same_question(stop: int) -> None:
    """Killed after each write, and entered again as Step Functions does: with another token."""
    office, writes = Office(), 0

    def step(_name: str) -> None:
        nonlocal writes
        writes += 1
        if writes == stop:
            raise KeyboardInterrupt

    office.ledger.step = step
    with suppress(KeyboardInterrupt):
        ask(office.desk, ASKING)
    office.ledger.step = lambda _name: None
    office.tasks.waiting = {"token-1"}
    ask(office.desk, replace(ASKING, token="token-1"))
    question = the_question(office)
    assert question.token == "token-1"
    assert b"token-1" in office.blobs.get(file_key(RUN, QuestionKind.CUTOVER))
    assert office.notifier.told[-1].facts["page"] == f"https://answers.example/{question.id}"
    assert given(office, "approve") is Reply.TAKEN
