"""Who opens the mailboxes: an impersonation role, a user of the migration's, or the console's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from localrun.fakes.steps import no_step
from migration.access import Access, Entry, Way
from migration.administrator import Administrator, disable_administrator, enable_administrator
from migration.administrator_user import SECRET
from migration.aftermath import Ended, clean_up, make_under_lock
from migration.directory_model import (
    AdministratorRecord,
    Before,
    EntityStatus,
    GrantRecord,
    Permission,
    Resource,
    ResourceKind,
)
from migration.errors import (
    AdministratorPending,
    MailboxUnreachable,
    ProvisioningPending,
    TargetBusy,
    TenantMisconfigured,
    UserRefused,
)
from migration.model import AdministratorKind, Failure, Mailbox, MailboxStatus
from tests.contract.workmail_cloud import mailbox
from tests.unit.administrators import ADMIN, ANNA, BERTA, NOW, ROLE, RUN, Desk, desk, insist
from tests.unit.test_runs import Running

KINDS = AdministratorKind


@pytest.fixture
def place() -> Iterator[Desk]:
    made = desk("anna", "berta")
    yield made
    made.cloud.close()


def enable(place: Desk, kind: AdministratorKind = KINDS.AUTO) -> Administrator:
    enabled = insist(place, lambda: enable_administrator(place.means(), kind, RUN, NOW))
    assert isinstance(enabled, Administrator)
    return enabled


def grants_of(place: Desk) -> list[str]:
    """The owners whose mailboxes the ledger thinks are open, by name."""
    names = {user["Id"]: user["Name"] for user in place.cloud.call("list_users")["Users"]}
    return sorted(names[grant.owner_id] for grant in place.ledger.grants())


def forbid_roles(place: Desk) -> None:
    place.cloud.fake.fail_next("CreateImpersonationRole", "AccessDeniedException", "no", times=99)


# ---- a role ----------------------------------------------------------------------------------


def test_the_role_is_made_once_and_waited_for(place: Desk) -> None:
    with pytest.raises(AdministratorPending):
        enable_administrator(place.means(), KINDS.AUTO, RUN, NOW)
    place.cloud.seconds += 60
    enabled = enable_administrator(place.means(), KINDS.AUTO, RUN, NOW)
    assert enabled.mailbox == ANNA
    assert enabled.access == Access(Way.ROLE, role=str(place.cloud.directory.find_role(ROLE)))
    assert place.opened == [(enabled.access.code, ANNA.target)] * 2
    assert place.roles() == [ROLE]
    assert ADMIN not in place.users()
    (note,) = place.ledger.notes(RUN)
    assert note.what == "an impersonation role opens the mailboxes"


def test_a_mailbox_in_the_test_domain_is_tried_there() -> None:
    place = Desk()
    early = "anna@acme.awsapps.com"
    place.ledger.plan_mailboxes(RUN, [ANNA])
    user_id = place.cloud.add_user("anna", early)
    place.ledger.set_provisioned(ANNA.id, user_id, "created", early)
    enabled = enable(place)
    assert enabled.mailbox == replace(ANNA, target=early)
    assert {address for _, address in place.opened} == {early}
    place.cloud.close()


def test_a_mailbox_that_is_known_to_be_provisioned_is_asked_first() -> None:
    place = desk("anna", "berta")
    place.ledger.plan_mailboxes(RUN, [ANNA])
    place.cloud.service.calls.clear()
    with pytest.raises(AdministratorPending):
        enable_administrator(place.means(), KINDS.ROLE, RUN, NOW)
    assert [address for _, address in place.opened] == [BERTA.target]
    assert place.cloud.operations().count("DescribeUser") == 1
    place.cloud.close()


def test_nothing_is_made_when_no_mailbox_is_ready(place: Desk) -> None:
    for box in (ANNA, BERTA):
        place.ledger.set_failed(box.id, Failure("UserRefused", "x"))
    for kind in KINDS:
        with pytest.raises(TenantMisconfigured, match="run the phase `provision` first"):
            enable_administrator(place.means(), kind, RUN, NOW)
    assert place.roles() == []
    assert set(place.users()) == {"anna", "berta"}
    assert place.ledger.administrator() is None


def test_who_needs_no_rights_gets_none(place: Desk) -> None:
    enabled = enable_administrator(place.means(), KINDS.AUTO, RUN, NOW, needs_rights=False)
    assert enabled == Administrator(Access(Way.OWNERS), ANNA)
    assert (place.roles(), place.opened) == ([], [])


def test_mailboxes_of_other_runs_are_not_asked(place: Desk) -> None:
    with pytest.raises(TenantMisconfigured):
        enable_administrator(place.means(), KINDS.AUTO, "run-2", NOW)


def test_every_role_of_the_name_is_removed_and_no_other(place: Desk) -> None:
    for description in ("run 1", "run 2"):
        place.cloud.directory.create_role(ROLE, description)
    place.cloud.directory.create_role("backup", "x")
    assert disable_administrator(place.means(), RUN, NOW)
    assert place.roles() == ["backup"]
    assert not disable_administrator(place.means(), RUN, NOW)


def test_a_list_that_is_behind_does_not_hold_it_up(
    place: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    role_id = place.cloud.directory.create_role(ROLE, "x")
    monkeypatch.setattr(place.cloud.directory, "find_role", lambda name: role_id)
    assert disable_administrator(place.means(), RUN, NOW)
    assert place.roles() == []


# ---- which of them ---------------------------------------------------------------------------


def test_where_roles_are_forbidden_a_user_opens_the_mailboxes_and_it_is_said_why(
    place: Desk,
) -> None:
    before = place.snapshot()
    forbid_roles(place)
    enabled = enable(place)
    assert enabled.access == Access(Way.USER, entry=Entry.IMPERSONATION)
    assert place.users()[ADMIN] == "ENABLED"
    assert place.roles() == []
    (note,) = place.ledger.notes(RUN)
    assert "CreateImpersonationRole: AccessDeniedException" in note.what
    insist(place, lambda: disable_administrator(place.means(), RUN, NOW))
    assert place.snapshot() == before


def test_where_roles_are_forbidden_the_consoles_administrator_comes_before_a_user(
    place: Desk,
) -> None:
    chief = place.cloud.add_user("chief", "chief@example.com")
    place.cloud.fake.set_migration_admin(place.cloud.organization_id, chief)
    before = place.snapshot()
    forbid_roles(place)
    place.knows_console_password = True
    assert enable(place).access == Access(Way.CONSOLE, entry=Entry.IMPERSONATION)
    assert place.snapshot() == before
    disable_administrator(place.means(), RUN, NOW)
    assert place.snapshot() == before
    assert "switch it off there" in place.ledger.notes(RUN)[-1].what


def test_without_the_password_the_consoles_administrator_is_no_way_in(place: Desk) -> None:
    chief = place.cloud.add_user("chief", "chief@example.com")
    place.cloud.fake.set_migration_admin(place.cloud.organization_id, chief)
    forbid_roles(place)
    assert enable(place).access.way is Way.USER
    with pytest.raises(TenantMisconfigured, match=r'"administrator": \{"password"'):
        enable_administrator(place.means(), KINDS.CONSOLE, RUN, NOW)


def test_a_console_that_has_chosen_nobody_is_told_with_all_that_is_missing(place: Desk) -> None:
    with pytest.raises(TenantMisconfigured) as caught:
        enable_administrator(place.means(), KINDS.CONSOLE, RUN, NOW)
    assert len(caught.value.problems) == 2


def test_a_role_that_the_tenant_file_wants_is_not_replaced_by_a_user(place: Desk) -> None:
    forbid_roles(place)
    with pytest.raises(TenantMisconfigured, match="AccessDeniedException"):
        enable_administrator(place.means(), KINDS.ROLE, RUN, NOW)
    assert ADMIN not in place.users()


@pytest.mark.parametrize("kind", [KINDS.USER, KINDS.CONSOLE])
def test_where_identity_center_alone_signs_in_no_password_is_a_way_in(
    place: Desk, kind: AdministratorKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    mode = "IDENTITY_PROVIDER_ONLY"
    monkeypatch.setattr(place.cloud.directory, "authentication_mode", lambda: mode)
    with pytest.raises(TenantMisconfigured, match=r"target\.administrator: role"):
        enable_administrator(place.means(), kind, RUN, NOW)
    assert ADMIN not in place.users()


def test_the_way_in_that_works_is_found(place: Desk) -> None:
    place.entries = frozenset({Entry.DELEGATE})
    assert enable(place, KINDS.USER).access == Access(Way.USER, entry=Entry.DELEGATE)


@pytest.mark.parametrize("kind", [KINDS.USER, KINDS.CONSOLE])
@pytest.mark.parametrize(
    "code",
    [
        "ErrorAccessDenied",
        "ErrorImpersonateUserDenied",
        "ErrorImpersonationDenied",
        "ErrorImpersonationFailed",
        "ErrorInvalidExchangeImpersonationHeaderData",
    ],
)
def test_an_entry_that_is_refused_is_no_wrong_password(
    place: Desk, kind: AdministratorKind, code: str
) -> None:
    chief = place.cloud.add_user("chief", "chief@example.com")
    place.cloud.fake.set_migration_admin(place.cloud.organization_id, chief)
    place.knows_console_password = True
    place.entries, place.refuses_entry_with = frozenset({Entry.DELEGATE}), code
    assert enable(place, kind).access.entry is Entry.DELEGATE


def test_a_password_that_is_refused_is_not_tried_by_the_other_entry_nor_for_ever(
    place: Desk,
) -> None:
    place.knows_password = False
    with pytest.raises(TenantMisconfigured, match="refused the login of the migration's own user"):
        insist(place, lambda: enable_administrator(place.means(), KINDS.USER, RUN, NOW), 40)
    assert [code for code, _ in place.opened] == ["user:impersonation"] * 10
    with pytest.raises(TenantMisconfigured):
        enable_administrator(place.means(), KINDS.USER, RUN, NOW)
    assert len(place.opened) == 10
    insist(place, lambda: disable_administrator(place.means(), RUN, NOW))
    place.knows_password = True
    assert enable(place, KINDS.USER).access.way is Way.USER


def test_a_password_that_becomes_known_late_is_waited_for(place: Desk) -> None:
    place.knows_password = False
    for _ in range(4):
        with pytest.raises((AdministratorPending, ProvisioningPending)):
            enable_administrator(place.means(), KINDS.USER, RUN, NOW)
        place.cloud.seconds += 20
    place.knows_password = True
    assert enable(place, KINDS.USER).access.way is Way.USER


def test_a_mailbox_that_is_not_to_be_had_by_either_entry_is_told_as_it_says(place: Desk) -> None:
    place.entries, place.refuses_entry_with = frozenset(), "ErrorNonExistentMailbox"
    with pytest.raises(MailboxUnreachable, match="ErrorNonExistentMailbox"):
        enable(place, KINDS.USER)


def test_a_wrong_password_of_the_consoles_administrator_is_tried_once(place: Desk) -> None:
    chief = place.cloud.add_user("chief", "chief@example.com")
    place.cloud.fake.set_migration_admin(place.cloud.organization_id, chief)
    place.knows_console_password, place.knows_password = True, False
    with pytest.raises(TenantMisconfigured, match="refuses the password"):
        enable_administrator(place.means(), KINDS.CONSOLE, RUN, NOW)
    assert len(place.opened) == 1


def test_a_user_whom_nobody_lets_in_is_waited_for(place: Desk) -> None:
    place.entries = frozenset()
    with pytest.raises(AssertionError, match="never became ready"):
        enable(place, KINDS.USER)
    assert {code for code, _ in place.opened} == {"user:impersonation", "user:delegate"}


# ---- the user and its grants ------------------------------------------------------------------


def test_what_the_administrator_was_allowed_before_is_put_back_exactly(place: Desk) -> None:
    admin = place.cloud.add_user(ADMIN)
    place.cloud.call("register_to_work_mail", EntityId=admin, Email=f"{ADMIN}@acme.awsapps.com")
    place.cloud.seconds += 10
    anna = place.ledger.mailbox(ANNA.id).user_id
    berta = place.ledger.mailbox(BERTA.id).user_id
    place.cloud.directory.put_permissions(anna, admin, {Permission.SEND_AS})
    place.cloud.directory.put_permissions(anna, berta, {Permission.FULL_ACCESS})
    before = place.snapshot()
    # As if an earlier run had begun with a user that it had found disabled.
    place.ledger.set_administrator(
        AdministratorRecord(f"{ADMIN}@acme.awsapps.com", Before.DISABLED, admin)
    )
    enable(place, KINDS.USER)
    assert place.cloud.directory.permissions(anna)[admin] == {
        Permission.SEND_AS,
        Permission.FULL_ACCESS,
    }
    assert place.cloud.directory.permissions(berta)[admin] == {Permission.FULL_ACCESS}
    place.ledger.set_administrator(
        AdministratorRecord(f"{ADMIN}@acme.awsapps.com", Before.ENABLED, admin)
    )
    disable_administrator(place.means(), RUN, NOW)
    assert place.snapshot() == before


def test_a_user_that_was_disabled_is_disabled_again_with_its_new_password_gone(
    place: Desk,
) -> None:
    place.cloud.add_user(ADMIN)
    before = place.snapshot()
    enable(place, KINDS.USER)
    assert place.users()[ADMIN] == "ENABLED"
    assert "password" in place.secrets.values[SECRET]
    insist(place, lambda: disable_administrator(place.means(), RUN, NOW))
    assert place.snapshot() == before
    assert place.secrets.values[SECRET] == "{}"
    assert place.ledger.administrator() is None


def test_somebody_elses_enabled_user_of_that_name_is_left_alone(place: Desk) -> None:
    place.cloud.add_user(ADMIN, f"{ADMIN}@example.com")
    before = place.snapshot()
    with pytest.raises(TenantMisconfigured, match="rename or disable that user"):
        enable_administrator(place.means(), KINDS.USER, RUN, NOW)
    assert place.snapshot() == before
    assert not disable_administrator(place.means(), RUN, NOW)
    assert place.snapshot() == before


def test_a_mailbox_that_no_run_has_provisioned_is_opened_too(place: Desk) -> None:
    place.ledger.plan_mailboxes("run-2", [ANNA])
    # planned anew, in a ledger that never knew WorkMail's id
    place.ledger._mailboxes[ANNA.id] = place.ledger._mailboxes[ANNA.id].__class__(ANNA, "run-2")
    insist(place, lambda: enable_administrator(place.means(), KINDS.USER, "run-2", NOW))
    owner = place.cloud.directory.owner_of(ANNA.target)
    assert [grant.owner_id for grant in place.ledger.grants()] == [owner and owner.id]


def plan_one_more(place: Desk, name: str) -> Mailbox:
    """A third mailbox of the run."""
    box = mailbox(name)
    known = [record.mailbox for record in place.ledger.mailboxes(RUN)]
    provisioned = {each.id: place.ledger.mailbox(each.id).user_id for each in known}
    place.ledger.plan_mailboxes(RUN, [*known, box])
    for each, user_id in provisioned.items():
        place.ledger.set_provisioned(each, user_id, "created")
    return box


def test_a_mailbox_whose_address_a_group_has_does_not_hold_up_the_others(place: Desk) -> None:
    gina = plan_one_more(place, "gina")
    group = place.cloud.call("create_group", Name="ginas")["GroupId"]
    place.cloud.seconds += 10
    place.cloud.call("register_to_work_mail", EntityId=group, Email=gina.target)
    assert enable(place, KINDS.USER).access.way is Way.USER
    assert grants_of(place) == ["anna", "berta"]


def plan_room(place: Desk, *, made: bool = True) -> str:
    """A room of the run, whose calendar is copied; WorkMail's id of it."""
    room = Resource("r1", "room@example.com", "room", ResourceKind.ROOM, source="room@old.example")
    room_id = str(place.cloud.call("create_resource", Name="room", Type="ROOM")["ResourceId"])
    place.cloud.seconds += 10
    known = list(place.ledger.mailboxes(RUN))
    box = replace(mailbox("room"), is_resource=True)
    place.ledger.plan_mailboxes(RUN, [box, *(record.mailbox for record in known)])
    for record in known:
        place.ledger.set_provisioned(record.mailbox.id, record.user_id, "created")
    place.ledger.set_status(box.id, MailboxStatus.PROVISIONED)
    place.ledger.plan_entities(RUN, [room])
    if made:
        place.cloud.call("register_to_work_mail", EntityId=room_id, Email=room.address)
        place.cloud.seconds += 10
        done = replace(place.ledger.entity("r1"), status=EntityStatus.DONE, entity_id=room_id)
        place.ledger.set_entity(done)
    return room_id


def test_a_room_whose_calendar_is_copied_is_opened_and_given_back(place: Desk) -> None:
    room_id = plan_room(place)
    enabled = enable(place, KINDS.USER)
    administrator = place.ledger.administrator()
    assert enabled.mailbox in (ANNA, BERTA)  # a room tells nothing of who may open a user's mailbox
    assert administrator is not None
    allowed = place.cloud.directory.permissions(room_id)[administrator.user_id]
    assert allowed == {Permission.FULL_ACCESS}
    insist(place, lambda: disable_administrator(place.means(), RUN, NOW))
    assert not place.cloud.directory.permissions(room_id)


def test_the_role_opens_rooms_too(place: Desk) -> None:
    plan_room(place)
    enabled = enable(place, KINDS.ROLE)
    place.open(enabled.access, "room@example.com")
    assert place.opened[-1][1] == "room@example.com"


def test_a_room_that_was_not_made_does_not_hold_up_the_others(place: Desk) -> None:
    plan_room(place, made=False)
    assert enable(place, KINDS.USER).access.way is Way.USER
    assert grants_of(place) == ["anna", "berta"]


def test_a_group_is_no_mailbox_that_is_ready(place: Desk) -> None:
    place.cloud.call("deregister_from_work_mail", EntityId=place.ledger.mailbox(ANNA.id).user_id)
    group = place.cloud.call("create_group", Name="annas")["GroupId"]
    place.cloud.seconds += 10
    place.cloud.call("register_to_work_mail", EntityId=group, Email=ANNA.target)
    place.ledger.plan_mailboxes("run-2", [ANNA, BERTA])
    enabled = insist(place, lambda: enable_administrator(place.means(), KINDS.ROLE, "run-2", NOW))
    assert isinstance(enabled, Administrator)
    assert enabled.mailbox == BERTA


def test_a_user_who_is_not_enabled_does_not_hold_up_the_others(place: Desk) -> None:
    dora = plan_one_more(place, "dora")
    place.ledger.set_provisioned(dora.id, place.cloud.add_user("dora"), "creating")
    assert enable(place, KINDS.USER).access.way is Way.USER
    assert place.cloud.directory.permissions(place.ledger.mailbox(BERTA.id).user_id)
    insist(place, lambda: disable_administrator(place.means(), RUN, NOW))
    assert place.ledger.grants() == []


@pytest.mark.parametrize(
    ("error", "opened"),
    [
        ("UserRefused", ["anna", "berta"]),
        # a rollback wants to look into it
        ("QuotaExceeded", ["anna", "berta", "dora"]),
    ],
)
def test_a_mailbox_whose_user_was_refused_is_not_opened(
    place: Desk, error: str, opened: list[str]
) -> None:
    dora = plan_one_more(place, "dora")
    place.ledger.set_provisioned(dora.id, place.cloud.add_user("dora", dora.target), "created")
    place.ledger.set_failed(dora.id, Failure(error, "x"))
    assert enable(place, KINDS.USER).access.way is Way.USER
    assert grants_of(place) == opened


def test_a_mailbox_that_refuses_once_is_opened_by_the_next_call(place: Desk) -> None:
    place.cloud.fake.fail_next("PutMailboxPermissions", "ThrottlingException", "later")
    enable(place, KINDS.USER)
    assert grants_of(place) == ["anna", "berta"]
    assert all(grant.given for grant in place.ledger.grants())


def test_a_user_who_was_made_anew_is_given_every_mailbox_once_more(place: Desk) -> None:
    """Somebody has deleted the one of an earlier run, whose rights were never taken away."""
    before = place.snapshot()
    enable(place, KINDS.USER)
    (first,) = {grant.grantee_id for grant in place.ledger.grants()}
    place.cloud.call("deregister_from_work_mail", EntityId=first)
    place.cloud.seconds += 60
    place.cloud.call("delete_user", UserId=first)
    place.cloud.seconds += 60
    enable(place, KINDS.USER)
    record = place.ledger.administrator()
    assert record is not None
    assert {grant.grantee_id for grant in place.ledger.grants()} == {record.user_id} != {first}
    insist(place, lambda: disable_administrator(place.means(), RUN, NOW))
    assert place.snapshot() == before


def test_what_another_user_was_given_is_taken_before_it_is_forgotten(place: Desk) -> None:
    """The tenant's administrator of before has another id, and is enabled still."""
    other = place.cloud.add_user("former", "former@example.com")
    anna = place.ledger.mailbox(ANNA.id).user_id
    before = place.snapshot()
    place.cloud.directory.put_permissions(anna, other, {Permission.FULL_ACCESS})
    place.ledger.set_grant(GrantRecord(anna, other, given=True))
    enable(place, KINDS.USER)
    assert other not in place.cloud.directory.permissions(anna)
    insist(place, lambda: disable_administrator(place.means(), RUN, NOW))
    assert place.snapshot() == before


def test_a_namesake_of_the_user_that_is_gone_is_left_alone(place: Desk) -> None:
    enable(place, KINDS.USER)
    (own,) = {grant.grantee_id for grant in place.ledger.grants()}
    place.cloud.call("deregister_from_work_mail", EntityId=own)
    place.cloud.seconds += 60
    place.cloud.call("delete_user", UserId=own)
    place.cloud.seconds += 60
    place.cloud.add_user(ADMIN, f"{ADMIN}@example.com")
    # what WorkMail says of it when the 30 days are over
    place.cloud.fake.fail_next("DescribeUser", "EntityNotFoundException", "gone")
    insist(place, lambda: disable_administrator(place.means(), RUN, NOW))
    assert place.users()[ADMIN] == "ENABLED"
    assert place.ledger.administrator() is None


def test_a_user_of_its_own_goes_before_the_consoles_administrator_is_used(place: Desk) -> None:
    """An earlier run's rights were never taken away, and somebody has chosen one since."""
    enable(place, KINDS.USER)
    chief = place.cloud.add_user("chief", "chief@example.com")
    place.cloud.fake.set_migration_admin(place.cloud.organization_id, chief)
    place.knows_console_password = True
    assert enable(place, KINDS.CONSOLE).access.way is Way.CONSOLE
    assert ADMIN not in place.users()
    assert place.ledger.grants() == []
    assert place.secrets.values[SECRET] == "{}"
    disable_administrator(place.means(), RUN, NOW)
    assert place.users()["chief"] == "ENABLED"


def test_when_the_time_is_over_it_goes_on_with_the_next_call(place: Desk) -> None:
    before = place.snapshot()
    left = iter([900.0, 5.0])
    insist(place, lambda: enable_administrator(place.means(), KINDS.USER, RUN, NOW))
    assert len(place.ledger.grants()) == 2
    place.seconds_left = lambda: next(left, 900.0)
    with pytest.raises(TargetBusy):
        disable_administrator(place.means(), RUN, NOW)
    assert len(place.ledger.grants()) == 1
    insist(place, lambda: disable_administrator(place.means(), RUN, NOW))
    assert place.snapshot() == before


# ---- aborted while it is being made -----------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "operation"),
    [
        (KINDS.ROLE, "CreateImpersonationRole"),
        (KINDS.USER, "CreateUser"),
        (KINDS.USER, "RegisterToWorkMail"),
        (KINDS.USER, "PutMailboxPermissions"),
    ],
)
def test_a_clean_up_in_the_middle_leaves_no_rights(
    place: Desk, kind: AdministratorKind, operation: str
) -> None:
    """The cleaner comes and goes just before WorkMail does what the function has asked for."""
    before = place.snapshot()
    place.ledger.acquire_lock("arn:me", NOW)
    ended = Ended("arn:me", RUN, "ABORTED", NOW)
    cleaned: list[str] = []

    def take() -> bool:
        return disable_administrator(place.means(), RUN, NOW)

    def make() -> Administrator:
        return enable_administrator(place.means(), kind, RUN, NOW)

    def come(model: Any, **_: object) -> None:
        if model.name == operation and not cleaned:
            cleaned.append(operation)
            place.cloud.seconds += 30
            assert clean_up(place.ledger, Running(), take, ended, NOW)

    events = place.cloud.client.meta.events
    events.register("before-call.workmail", come, unique_id="cleaner")
    while not cleaned:
        with suppress(AdministratorPending, ProvisioningPending):
            make_under_lock(place.ledger, "arn:me", make, take)
        place.cloud.seconds += 30
    insist(place, take)
    assert place.snapshot() == before
    assert place.ledger.grants() == []


# ---- something cannot be put back -------------------------------------------------------------


def test_a_permission_that_stays_keeps_neither_the_others_nor_the_user_nor_the_role(
    place: Desk,
) -> None:
    before = place.snapshot()
    enable(place, KINDS.USER)
    place.cloud.directory.create_role(ROLE, "x")
    place.cloud.fake.fail_next("DeleteMailboxPermissions", "InvalidParameterException", "no")
    with pytest.raises(UserRefused, match="DeleteMailboxPermissions"):
        disable_administrator(place.means(), RUN, NOW)
    assert len(place.ledger.grants()) == 1
    assert (place.users().get(ADMIN), place.roles()) == (None, [])
    insist(place, lambda: disable_administrator(place.means(), RUN, NOW))
    assert place.ledger.grants() == []
    assert place.snapshot() == before


def test_roles_that_may_not_be_listed_keep_no_user(place: Desk) -> None:
    before = place.snapshot()
    enable(place, KINDS.USER)
    place.cloud.fake.fail_next("ListImpersonationRoles", "AccessDeniedException", "no")
    with pytest.raises(TenantMisconfigured, match="ListImpersonationRoles"):
        disable_administrator(place.means(), RUN, NOW)
    assert (place.snapshot(), place.ledger.grants()) == (before, [])


def test_a_user_who_cannot_be_disabled_keeps_no_role_and_is_tried_again(place: Desk) -> None:
    enable(place, KINDS.USER)
    place.cloud.directory.create_role(ROLE, "x")
    place.cloud.fake.fail_next("DeregisterFromWorkMail", "ThrottlingException", "later")
    with pytest.raises(ProvisioningPending):
        disable_administrator(place.means(), RUN, NOW)
    assert place.roles() == []
    assert place.ledger.administrator() is not None
    insist(place, lambda: disable_administrator(place.means(), RUN, NOW))
    assert ADMIN not in place.users()


@pytest.mark.parametrize("gone", ["owner", "grantee"])
def test_what_was_allowed_before_is_over_where_one_of_both_is_disabled(
    place: Desk, gone: str
) -> None:
    admin = place.cloud.add_user(ADMIN, f"{ADMIN}@acme.awsapps.com")
    anna = place.ledger.mailbox(ANNA.id).user_id
    everything = {Permission.SEND_AS, Permission.FULL_ACCESS}
    place.cloud.directory.put_permissions(anna, admin, everything)
    place.ledger.set_administrator(
        AdministratorRecord(f"{ADMIN}@acme.awsapps.com", Before.DISABLED, admin)
    )
    place.ledger.set_grant(GrantRecord(anna, admin, frozenset({Permission.SEND_AS}), given=True))
    ended = {"owner": anna, "grantee": admin}[gone]
    place.cloud.call("deregister_from_work_mail", EntityId=ended)
    place.cloud.seconds += 60
    insist(place, lambda: disable_administrator(place.means(), RUN, NOW))
    assert place.ledger.grants() == []
    assert place.ledger.administrator() is None
    assert place.users()[ADMIN] == "DISABLED"
    # Nobody waits there with full access until he is enabled again.
    assert admin not in place.cloud.directory.permissions(anna)


# ---- killed anywhere ---------------------------------------------------------------------------

READING = ("Describe", "List", "Get", "Assume")


class Killed(BaseException):
    """The function died."""


class Assassin:
    """Lets so many changes of WorkMail and writes of the ledger happen, and kills after the next
    one, when nobody has heard of it yet."""

    def __init__(self, place: Desk, changes: int) -> None:
        self._left = changes
        self._place = place
        place.ledger.step = self._after_write
        self._events = place.cloud.client.meta.events
        self._events.register("after-call.workmail", self._after_call, unique_id="assassin")

    def retire(self) -> None:
        self._place.ledger.step = no_step
        self._events.unregister("after-call.workmail", unique_id="assassin")

    def _after_write(self, name: str) -> None:
        if name.startswith("after "):
            self._count()

    def _after_call(self, model: Any, **_: object) -> None:
        if not model.name.startswith(READING):
            self._count()

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Killed


@pytest.mark.parametrize("kind", [KINDS.USER, KINDS.ROLE])
def test_killed_after_any_change_the_rights_end_all_the_same(kind: AdministratorKind) -> None:
    for changes in range(60):
        place = desk("anna", "berta")
        before = place.snapshot()
        assassin, died = Assassin(place, changes), False
        try:
            enable(place, kind)
            insist(place, partial(disable_administrator, place.means(), RUN, NOW))
        except Killed:
            died = True
        assassin.retire()
        place.cloud.seconds += 30
        insist(place, partial(disable_administrator, place.means(), RUN, NOW))
        assert place.snapshot() == before
        assert place.ledger.grants() == []
        assert place.ledger.administrator() is None
        place.cloud.close()
        if not died:
            break
    assert changes >= {KINDS.USER: 15, KINDS.ROLE: 2}[kind]


@pytest.mark.parametrize("kind", [KINDS.USER, KINDS.ROLE])
def test_killed_after_any_change_it_goes_on_and_ends_as_if_nothing_had_been(
    kind: AdministratorKind,
) -> None:
    quiet = desk("anna", "berta")
    enable(quiet, kind)
    expected = quiet.snapshot()
    quiet.cloud.close()
    for changes in range(60):
        place = desk("anna", "berta")
        assassin, died = Assassin(place, changes), False
        try:
            enable(place, kind)
        except Killed:
            died = True
        assassin.retire()
        place.cloud.seconds += 30
        enable(place, kind)
        assert place.snapshot() == expected
        place.cloud.close()
        if not died:
            break
    assert changes > 1
