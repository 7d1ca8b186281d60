"""What failures of an IMAP connection mean for a target."""

from __future__ import annotations

import pytest

from migration.errors import (
    CredentialsRejected,
    FolderGone,
    MailboxUnreachable,
    MigrationError,
    QuotaExceeded,
    TargetBusy,
)
from migration.targets.imap_errors import is_about_message, translate
from migration.wire.imap_errors import (
    ConnectionLost,
    Garbled,
    ImapError,
    LoginRefused,
    NotConnected,
    refused,
)


@pytest.mark.parametrize(
    ("error", "meaning", "wait", "lost"),
    [
        (NotConnected("SSLCertVerificationError", for_good=True), MailboxUnreachable, 0, False),
        (NotConnected("ConnectionRefusedError", for_good=False), TargetBusy, 30, False),
        (LoginRefused("AUTHENTICATIONFAILED"), CredentialsRejected, 0, False),
        (ConnectionLost("closed"), TargetBusy, 30, True),
        (ConnectionLost("BYE"), TargetBusy, 30, False),
        (ConnectionLost("BYE", 2.5), TargetBusy, 2.5, False),
        (Garbled("unreadable-response"), TargetBusy, 30, True),
        (refused("NO", "[OVERQUOTA] secret"), QuotaExceeded, 0, False),
        (refused("NO", "Quota exceeded secret"), QuotaExceeded, 0, False),
        (refused("NO", "[TRYCREATE] secret"), FolderGone, 0, False),
        (refused("NO", "[NONEXISTENT] secret"), FolderGone, 0, False),
        (refused("NO", "[INUSE] secret"), TargetBusy, 30, False),
        (refused("NO", "[LIMIT] secret"), TargetBusy, 30, False),
        (refused("BAD", "Backoff Time: 500 milliseconds; secret"), TargetBusy, 0.5, False),
        (refused("NO", "secret"), MailboxUnreachable, 0, False),
    ],
)
def test_what_failures_mean(
    error: ImapError, meaning: type[MigrationError], wait: float, *, lost: bool
) -> None:
    meant = translate(error)
    assert type(meant) is meaning
    assert "secret" not in str(meant)
    if isinstance(meant, TargetBusy):
        assert (meant.retry_after, meant.lost) == (wait, lost)


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("Message contains bare newlines", True),
        ("[CANNOT] Invalid keyword", True),
        ("[LIMIT] Mail is too large", True),
        ("[TOOBIG] x", True),
        ("[LIMIT] Backoff Time: 5 milliseconds", False),
        ("[UNAVAILABLE] x", False),
        ("[INUSE] x", False),
        ("[OVERQUOTA] x", False),
        ("[TRYCREATE] x", False),
        ("Server is throttling", False),
    ],
)
def test_which_refusals_are_about_the_message(text: str, *, about: bool) -> None:
    assert is_about_message(refused("NO", text)) is about
