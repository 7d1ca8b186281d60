"""The servers around the account know each other."""

from __future__ import annotations

import pytest

from localrun.engine.clock import Clock
from localrun.world import World
from migration.access import Entry
from migration.errors import AdministratorPending, CredentialsRejected
from migration.targets.workmail_ews import WorkmailEwsTarget
from migration.wire.ews import EwsClient
from migration.wire.ews_login import Basic


class StandingClock(Clock):
    """Moves when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 1_800_000_000.0

    def now(self) -> float:
        return self.seconds


@pytest.mark.parametrize("entry", list(Entry))
def test_an_administrator_of_workmail_gets_into_its_mail_server(entry: Entry) -> None:
    clock = StandingClock()
    with World(clock, "example.test", {}, {}) as world:
        fake, organization = world.workmail, world.organization_id
        for name in ("admin", "anna"):
            fake.create_user(
                organization_id=organization,
                name=name,
                display_name=name,
                password="Admins-password-1",
            )
            clock.seconds += 10
            fake.register_to_work_mail(
                organization_id=organization, entity_id=name, email=f"{name}@example.test"
            )
        clock.seconds += 100

        def probe(password: str = "Admins-password-1") -> None:
            login = Basic("admin@example.test", password, entry)
            target = WorkmailEwsTarget(EwsClient(world.ews.url, login, "anna@example.test"))
            try:
                target.probe()
            finally:
                target.close()

        with pytest.raises(AdministratorPending):
            probe()
        with pytest.raises(CredentialsRejected):
            probe("wrong")
        fake.put_mailbox_permissions(
            organization_id=organization,
            entity_id="anna",
            grantee_id="admin",
            permission_values=["FULL_ACCESS"],
        )
        with pytest.raises(AdministratorPending):
            probe()
        clock.seconds += 60
        probe()
        assert world.ews.mailboxes() == ["anna@example.test"]
