"""A short look at an IMAP source: it is measured, nothing is opened, failures are told."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from migration.errors import MailboxUnreachable
from migration.sources.imap_survey import survey
from migration.survey_model import SECONDS_AT_MOST, SourceMailbox, Unopened
from migration.wire.imap_login import ImapServer
from tests.unit.wire.scripted import Command, Rule, Rules, Scripted, Talk

ADMIN = {"admin": {"user": "root", "password": "secret"}}
USERS = [f"u{number}@example.test" for number in range(4)]
OK = b"TAG OK done\r\n"
LIST = b'* LIST () "/" INBOX\r\n* LIST () "/" "Old mail"\r\n' + OK
COUNTS = b"* STATUS x (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 7)\r\n" + OK
SIZES = "IMAP4rev1 STATUS=SIZE AUTH=PLAIN SASL-IR"


def ticking(step: float = 0.25) -> Iterator[float]:
    return (number * step for number in count())


def status(talk: Talk, command: Command) -> None:
    """The size with the size, the counts with the counts."""
    answer = b"* STATUS x (SIZE 500)\r\n" + OK if b"(SIZE)" in command.text else COUNTS
    talk.say(answer.replace(b"TAG", command.tag))


def rules(status: Rule = status) -> Rules:
    return {b"LIST": LIST, b"STATUS": status}


def test_mailboxes_are_measured_and_not_opened() -> None:
    with Scripted(rules(), capabilities=SIZES) as server:
        seen = survey(server.server(), ADMIN, USERS[:2], ticking().__next__)
        assert seen.mailboxes == (SourceMailbox(0, 2, 6, 1000), SourceMailbox(1, 2, 6, 1000))
        assert seen.unopened == ()
        assert seen.connect_seconds == seen.round_trip == seen.login_seconds == 0.25
        assert not server.asked(b"EXAMINE") + server.asked(b"SELECT") + server.asked(b"FETCH")


def test_a_server_without_sizes_is_asked_for_none() -> None:
    with Scripted(rules(), capabilities="IMAP4rev1 AUTH=PLAIN") as server:
        seen = survey(server.server(), ADMIN, USERS[:1], ticking().__next__)
        assert seen.mailboxes == (SourceMailbox(0, 2, 6, None),)
        assert not [each for each in server.asked(b"STATUS") if b"(SIZE)" in each]


def test_a_folder_that_does_not_tell_its_size_leaves_the_mailbox_without_one() -> None:
    def refuse(talk: Talk, command: Command) -> None:
        if b"Old" in command.text and b"(SIZE)" in command.text:
            talk.say(command.tag + b" NO not now\r\n")
        else:
            status(talk, command)

    with Scripted(rules(refuse), capabilities=SIZES) as server:
        seen = survey(server.server(), ADMIN, USERS[:1], ticking().__next__)
    assert seen.mailboxes == (SourceMailbox(0, 2, 6, None),)


def test_no_mailbox_is_begun_when_the_time_is_over() -> None:
    with Scripted(rules(), capabilities=SIZES) as server:
        clock = ticking(SECONDS_AT_MOST / 4).__next__
        seen = survey(server.server(), ADMIN, USERS, clock)
    assert len(seen.mailboxes) == 1


def test_a_mailbox_that_fails_is_told_and_the_next_is_looked_into() -> None:
    refusing = {b"AUTHENTICATE": b"TAG NO [AUTHENTICATIONFAILED] secret\r\n"}
    with Scripted({}, refusing, rules(), capabilities=SIZES) as server:
        seen = survey(server.server(), ADMIN, USERS[:2], ticking().__next__)
    assert seen.unopened == (Unopened(0, "CredentialsRejected"),)
    assert len(seen.mailboxes) == 1


def test_nobody_goes_on_guessing_passwords() -> None:
    refusing = {b"AUTHENTICATE": b"TAG NO [AUTHENTICATIONFAILED] secret\r\n"}
    with Scripted(refusing, capabilities=SIZES) as server:
        seen = survey(server.server(), ADMIN, USERS, ticking().__next__)
        assert len(server.asked(b"AUTHENTICATE")) == 3
    assert [each.place for each in seen.unopened] == [0, 1, 2]
    assert (seen.login_seconds, seen.round_trip) == (0, 0)


def test_a_server_that_wants_a_pause_is_left_alone() -> None:
    busy = {b"AUTHENTICATE": b"TAG NO [UNAVAILABLE] later\r\n"}
    with Scripted(busy, capabilities=SIZES) as server:
        seen = survey(server.server(), ADMIN, USERS, ticking().__next__)
    assert seen.unopened == (Unopened(0, "SourceBusy"),)


def test_a_mailbox_without_a_login_costs_no_connection() -> None:
    with Scripted(rules(), capabilities=SIZES) as server:
        seen = survey(server.server(), {"mailboxes": {}}, USERS[:2], ticking().__next__)
        assert server.commands == []
    assert [each.error for each in seen.unopened] == ["CredentialsRejected"] * 2


def test_without_a_connection_there_is_nothing_to_tell() -> None:
    with Scripted() as server:
        port = server.port
    with pytest.raises(MailboxUnreachable):
        survey(ImapServer("127.0.0.1", port, "none"), ADMIN, USERS, ticking().__next__)
