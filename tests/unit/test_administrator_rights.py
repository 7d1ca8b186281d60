"""The roles of the functions that make the administrator, and take it away, allow what their code
calls, also where something is in their way. The stories have the ordinary paths: the laptop's cloud
refuses what a role does not allow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from migration.access import Access, Way
from migration.administrator import disable_administrator, enable_administrator
from migration.model import AdministratorKind
from tests.unit.administrators import ADMIN, ANNA, NOW, RUN, Desk, desk, insist, with_rights_of

KINDS = AdministratorKind
TAKING_AWAY = pytest.mark.parametrize("handler", ["disable_administrator", "clean_up"])


@pytest.fixture
def place() -> Iterator[Desk]:
    made = desk("anna", "berta", "carl")
    yield made
    made.cloud.close()


def enable(place: Desk, kind: AdministratorKind = KINDS.USER) -> Access:
    with with_rights_of(place, "enable_administrator"):
        insist(place, lambda: enable_administrator(place.means(), kind, RUN, NOW))
        return enable_administrator(place.means(), kind, RUN, NOW).access


def disable(place: Desk, handler: str) -> None:
    with with_rights_of(place, handler):
        insist(place, lambda: disable_administrator(place.means(), RUN, NOW))


def everything_is_over(place: Desk) -> bool:
    known = place.ledger.grants() or place.ledger.administrator() or place.roles()
    return not known and ADMIN not in place.users()


@TAKING_AWAY
def test_a_user_who_has_left_meanwhile_does_not_keep_the_administrator(
    place: Desk, handler: str
) -> None:
    enable(place)
    berta = next(grant.owner_id for grant in place.ledger.grants()[1:])
    place.cloud.call("deregister_from_work_mail", EntityId=berta)
    place.cloud.seconds += 60
    disable(place, handler)
    assert everything_is_over(place)


@TAKING_AWAY
def test_a_user_that_workmail_shows_late_as_disabled_is_deleted_all_the_same(
    place: Desk, handler: str
) -> None:
    enable(place)
    for operation in ("DeregisterFromWorkMail", "DeleteUser"):
        place.cloud.fake.fail_next(operation, "EntityStateException", "not yet")
    disable(place, handler)
    assert everything_is_over(place)


@TAKING_AWAY
def test_a_role_goes_with_the_same_rights(place: Desk, handler: str) -> None:
    assert enable(place, KINDS.ROLE).way is Way.ROLE
    disable(place, handler)
    assert everything_is_over(place)


def test_the_administrator_comes_through_what_is_there_already(place: Desk) -> None:
    """A user of an earlier attempt whose answer was lost, and who is registered already."""
    place.cloud.add_user(ADMIN)
    place.cloud.fake.fail_next("RegisterToWorkMail", "EntityAlreadyRegisteredException", "x")
    with with_rights_of(place, "enable_administrator"), pytest.raises(Exception, match="Entity"):
        enable_administrator(place.means(), KINDS.USER, RUN, NOW)
    assert enable(place).way is Way.USER
    assert place.ledger.mailbox(ANNA.id).user_id in {
        each.owner_id for each in place.ledger.grants()
    }
    disable(place, "disable_administrator")
    assert place.users()[ADMIN] == "DISABLED"


def test_the_consoles_administrator_takes_the_place_of_the_migrations_own(place: Desk) -> None:
    chief = place.cloud.add_user("chief", "chief@example.com")
    place.cloud.fake.set_migration_admin(place.cloud.organization_id, chief)
    place.knows_console_password = True
    assert enable(place, KINDS.USER).way is Way.USER
    assert enable(place, KINDS.CONSOLE).way is Way.CONSOLE
    disable(place, "disable_administrator")
    assert place.ledger.administrator() is None
