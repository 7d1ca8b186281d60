"""The frame around every handler."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from migration import events
from migration.entry import entry
from migration.errors import InputInvalid, MailboxUnreachable, Unexpected
from migration.logs import bind_more, logger

EVENT = {
    "run": "r",
    "mailbox": "m",
    "early": False,
    "passwords": "none",
    "now": "2026-12-04T18:00:00Z",
}
KEYS = {"state", "request", "run", "mailbox", "pass_id", "entity", "tenant"}
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


def test_log_lines_know_their_call_and_nothing_of_the_one_before() -> None:
    def keys() -> dict[str, object]:
        return {name: value for name, value in logger.get_current_keys().items() if name in KEYS}

    context = SimpleNamespace(aws_request_id="request-1")
    obedient(EVENT, context)
    expected = {"state": "ProvisionUser", "request": "request-1", "run": "r", "mailbox": "m"}
    assert keys() == expected
    bind_more(tenant="acme")
    assert keys() == {**expected, "tenant": "acme"}
    with pytest.raises(InputInvalid):
        obedient({}, SimpleNamespace(aws_request_id="request-2"))
    assert keys() == {"state": "ProvisionUser", "request": "request-2"}
