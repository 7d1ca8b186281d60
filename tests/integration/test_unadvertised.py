"""Clients are judged by what they sent."""

from __future__ import annotations

import pytest

from tests.integration.unadvertised import find_unadvertised


@pytest.mark.parametrize(
    ("sent", "needed"),
    [
        ("a1 UID EXPUNGE 1\r\n", "UIDPLUS"),
        ("a1 uid move 1 Trash\r\n", "MOVE"),
        ("a1 SELECT INBOX (CONDSTORE)\r\n", "CONDSTORE"),
        ("a1 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 7)\r\n", "CONDSTORE"),
        ('a1 STATUS "x" (MESSAGES HIGHESTMODSEQ)\r\n', "CONDSTORE"),
        ('a1 LIST "" "*" RETURN (STATUS (MESSAGES))\r\n', "LIST-STATUS"),
        ('a1 LIST (SUBSCRIBED) "" "*"\r\n', "LIST-EXTENDED"),
        ('a1 CREATE "Sent" (USE (\\Sent))\r\n', "CREATE-SPECIAL-USE"),
        ("a1 NAMESPACE\r\n", "NAMESPACE"),
        ("a1 ENABLE UTF8=ACCEPT\r\n", "ENABLE"),
        ("a1 AUTHENTICATE PLAIN AGEAYg==\r\n", "SASL-IR"),
        ("a1 UID FETCH 1 (BINARY.PEEK[])\r\n", "BINARY"),
        ("a1 APPEND x {3+}\r\nabc\r\n", "LITERAL+"),
        ("a1 APPEND x ~{3}\r\nabc\r\n", "BINARY"),
        ("a1 APPEND {1}\r\nx {3}\r\nabc (\\Seen) {3}\r\ndef\r\n", "MULTIAPPEND"),
    ],
)
def test_what_needs_an_extension_is_found_unless_it_is_there(sent: str, needed: str) -> None:
    assert any(needed in each for each in find_unadvertised(sent, "IMAP4rev1"))
    everything = f"IMAP4rev1 LIST-EXTENDED {needed.lower()}"
    assert find_unadvertised(sent, everything) == []


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "a1 SELECT INBOX\r\na2 UID FETCH 1:* (FLAGS BODY.PEEK[])\r\n",
        'a1 SELECT "UID MOVE (CONDSTORE MODSEQ"\r\n',
        "a1 APPEND {1}\r\nx (\\Seen) {20}\r\na2 UID EXPUNGE 1:*\r\n\r\n",
        "a1 AUTHENTICATE PLAIN\r\nAGEAYg==\r\n",
        'a1 LIST "" "*"\r\na2 IDEAL\r\na3 LOGOUT',
    ],
)
def test_the_plain_protocol_needs_nothing(sent: str) -> None:
    assert find_unadvertised(sent, ["IMAP4rev1"]) == []


def test_only_small_literals_may_go_without_asking_where_literal_minus_is_all() -> None:
    small, large = (f"a1 APPEND x {{{size}+}}\r\n{'y' * size}\r\n" for size in (4096, 4097))
    assert find_unadvertised(small, "LITERAL-") == []
    assert find_unadvertised(large, "LITERAL-") == ["APPEND X {} needs LITERAL+"]
    assert find_unadvertised(large, "LITERAL+") == []


def test_a_command_after_a_literal_that_was_refused_is_seen() -> None:
    sent = "AB1 APPEND x {4000}\r\nAB2 UID EXPUNGE 1\r\nAB3 LOGOUT\r\n"
    assert find_unadvertised(sent, "") == ["UID EXPUNGE 1 needs IMAP4REV2 or UIDPLUS"]
