"""The frame around every handler."""

from __future__ import annotations

from typing import Any

import pytest

from migration import events
from migration.entry import entry
from migration.errors import InputInvalid, MailboxUnreachable, Unexpected

EVENT = {
    "run": "r",
    "mailbox": "m",
    "early": False,
    "passwords": "none",
    "now": "2026-12-04T18:00:00Z",
}
PRIVATE = "alice@acme.example"


@entry(events.ProvisionUser)
def obedient(job: events.ProvisionUser, _context: Any) -> events.ProvisionUserResult:
    return events.ProvisionUserResult(f"seen {job.mailbox}")


@entry(events.ProvisionUser)
def broken(_job: events.ProvisionUser, _context: Any) -> events.ProvisionUserResult:
    raise KeyError(PRIVATE)


@entry(events.ProvisionUser)
def refusing(_job: events.ProvisionUser, _context: Any) -> events.ProvisionUserResult:
    raise MailboxUnreachable("the target has no such mailbox")


def test_the_result_goes_out_as_json() -> None:
    assert obedient(EVENT, None) == {"outcome": "seen m"}


def test_a_wrong_event_is_refused_by_name() -> None:
    with pytest.raises(InputInvalid, match="mailbox is missing"):
        obedient({"run": "r", "now": ""}, None)


def test_our_own_errors_pass_as_they_are() -> None:
    with pytest.raises(MailboxUnreachable, match="no such mailbox"):
        refusing(EVENT, None)


def test_any_other_exception_loses_its_text_and_keeps_its_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(Unexpected) as caught:
        broken(EVENT, None)
    assert str(caught.value).startswith("KeyError at test_entry.py:")
    assert caught.value.__cause__ is None
    assert PRIVATE not in str(caught.value) + capsys.readouterr().out
