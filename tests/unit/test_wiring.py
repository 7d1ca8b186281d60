"""What the composition root decides by itself."""

from __future__ import annotations

import pytest

from localrun.fakes.ledger import MemoryLedger
from migration.errors import SettingsError
from migration.model import Failure, Mailbox
from migration.settings import Settings
from migration.wiring import Wiring, wire
from tests.unit.test_settings import environment


@pytest.fixture
def wiring() -> Wiring:
    wiring = Wiring(Settings.from_env(environment()), "eu-west-1")
    ledger = MemoryLedger()
    ledger.plan_mailboxes("run", [Mailbox("m", "a", "a@acme.example", "a", "A")])
    wiring.__dict__["ledger"] = ledger  # where cached_property keeps it
    return wiring


@pytest.mark.parametrize(
    ("failure", "refused"),
    [
        (None, False),
        (Failure("UserRefused", "the name is reserved"), True),
        (Failure("MailboxUnreachable", "an outage of an earlier pass"), False),
        (Failure("Unfinished", "x"), False),
    ],
)
def test_only_a_refused_user_is_not_copied(
    wiring: Wiring, failure: Failure | None, refused: bool
) -> None:
    if failure:
        wiring.ledger.set_failed("m", failure)
    assert wiring.was_refused("m") is refused


def test_an_incomplete_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TABLE_NAME", raising=False)
    with pytest.raises(SettingsError, match="TABLE_NAME is missing"):
        wire()
