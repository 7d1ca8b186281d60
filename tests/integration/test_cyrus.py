"""How Cyrus differs from other servers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from imapclient.exceptions import IMAPClientError

from tests.integration.cyrus import Cyrus, skip_without_cyrus
from tests.integration.cyrus_configuration import BELOW_INBOX, CLASSIC
from tests.integration.mail_server import append_exactly, read_folder

ANN, BOB = "ann@example.test", "bob@example.test"
USERS = {ANN: "secret", BOB: "b0bs"}
MAIL = b"Subject: x\r\n\r\nbody\r\n"

Start = Callable[..., Cyrus]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts servers that end with the test."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(
            Cyrus(BELOW_INBOX, USERS, {"boss": "b0ss"}, **options)
        )


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        (b"Subject: x\r\n\r\nnu\0l\r\n", "NUL"),
        (b"Subject: x\n\nbare\n", "bare newlines"),
        (b"no header at all\r\n", "invalid header"),
    ],
)
def test_cyrus_refuses_what_others_take(start: Start, message: bytes, complaint: str) -> None:
    with start().client(ANN) as client:
        with pytest.raises(IMAPClientError, match=complaint):
            append_exactly(client, "INBOX", message)
        assert read_folder(client, "INBOX") == []


def test_cyrus_changes_what_others_keep(start: Start) -> None:
    server = start()
    server.append(
        ANN, "INBOX", b"Subject: \xfcber\r\n\r\nb\xf6dy\r\n", (), datetime(1970, 1, 1, tzinfo=UTC)
    )
    with server.client(ANN) as client:
        (message,) = read_folder(client, "INBOX")
    assert message[b"BODY[]"] == b"Subject: Xber\r\n\r\nb\xf6dy\r\n"
    assert message[b"INTERNALDATE"] > datetime.now(UTC) - timedelta(minutes=5)


def test_classic_cyrus_has_no_users_with_a_dot() -> None:
    skip_without_cyrus()
    with pytest.raises(ValueError, match="serves no users with"):
        Cyrus(CLASSIC, {"bob.b@example.test": "x"})


def test_cyrus_lets_a_master_in_as_somebody_without_a_mailbox(start: Start) -> None:
    with start().connect() as client:
        client.plain_login("boss", "b0ss", "nobody@example.test")
        assert client.list_folders() == []


def test_the_servers_processes_are_not_roots(start: Start) -> None:
    server = start()
    owners = {Path(f"/proc/{number}").stat().st_uid for number in server.process_ids()}
    assert 0 not in owners or os.getuid() != 0
