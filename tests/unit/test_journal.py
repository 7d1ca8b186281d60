"""What is kept of everything that is made in the directory."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from localrun.fakes.ledger import MemoryLedger
from migration.deeds import Deed, DeedKind, DeedState
from migration.directory_model import Made, Permission
from migration.errors import ProvisioningPending, UserRefused
from migration.journal import NOT_JOURNALLED, JournalledDirectory, keep_journal
from migration.ports import Directory
from tests.contract.workmail_cloud import DOMAIN, WorkMailCloud, mailbox

ANNA = mailbox("anna")
ALIAS = f"a.berg@{DOMAIN}"
NOW = "2026-12-04T18:00:00Z"
READS = {
    *("organization", "domain", "user", "users", "find_user", "owner_of", "owner_of_name"),
    *("find_group", "find_resource", "state_of", "aliases", "members", "delegates", "permissions"),
    *("retention_days", "access_rules", "enforces_dmarc", "authentication_mode"),
    *("enabled_users", "mailbox_size", "find_role"),
}
CREATED = Deed(DeedKind.USER, "run-1", NOW, "anna")


@pytest.fixture
def cloud() -> Iterator[WorkMailCloud]:
    cloud = WorkMailCloud()
    yield cloud
    cloud.close()


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger()


def journal(cloud: WorkMailCloud, ledger: MemoryLedger, run: str = "run-1") -> Directory:
    return keep_journal(cloud.directory, ledger, run, NOW)


def deeds(ledger: MemoryLedger) -> dict[DeedKind, Deed]:
    found = list(ledger.deeds())
    assert len({deed.kind for deed in found}) == len(found)
    return {deed.kind: deed for deed in found}


def public(type_: type) -> set[str]:
    return {name for name, _ in inspect.getmembers(type_, callable) if not name.startswith("_")}


def test_every_call_that_changes_something_is_journalled_or_named_with_a_reason() -> None:
    journalled = public(JournalledDirectory)
    assert public(Directory) == journalled | set(NOT_JOURNALLED) | READS
    assert not journalled & set(NOT_JOURNALLED)
    assert not READS & (journalled | set(NOT_JOURNALLED))
    assert all(NOT_JOURNALLED.values())


@pytest.mark.parametrize("name", sorted(public(JournalledDirectory)))
def test_what_is_journalled_is_called_as_the_directory_is(name: str) -> None:
    ours = inspect.signature(getattr(JournalledDirectory, name))
    assert ours == inspect.signature(getattr(Directory, name))


def test_what_is_not_journalled_passes(cloud: WorkMailCloud, ledger: MemoryLedger) -> None:
    user_id = cloud.add_user("anna", ANNA.target)
    user = journal(cloud, ledger).find_user(ANNA.target, "anna")
    assert user is not None
    assert user.id == user_id
    journal(cloud, ledger).update_user(replace(user, display_name="Anna Berg"))
    assert list(ledger.deeds()) == []


def test_a_new_user_leaves_a_deed_for_each_call(cloud: WorkMailCloud, ledger: MemoryLedger) -> None:
    directory = journal(cloud, ledger)
    made = directory.create_user(ANNA)
    assert made.is_new
    with pytest.raises(ProvisioningPending):
        directory.enable_entity(made.id, ANNA.target)
    assert deeds(ledger)[DeedKind.ENABLED].state is DeedState.OPEN
    cloud.seconds += 5
    directory.enable_entity(made.id, ANNA.target)
    assert directory.enable_entity(made.id, ANNA.target) is False  # WorkMail does not show it yet
    cloud.seconds += 10
    directory.add_alias(made.id, ALIAS)
    assert deeds(ledger) == {
        DeedKind.USER: replace(CREATED, state=DeedState.DONE, entity_id=made.id),
        DeedKind.ENABLED: Deed(
            DeedKind.ENABLED, "run-1", NOW, made.id, ANNA.target, DeedState.DONE
        ),
        DeedKind.ALIAS: Deed(DeedKind.ALIAS, "run-1", NOW, made.id, ALIAS, DeedState.DONE),
    }
    assert not any("@" in deed.key or "anna" in deed.key for deed in ledger.deeds())


def test_an_open_deed_stands_before_the_call_is_made(
    cloud: WorkMailCloud, ledger: MemoryLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Deed | None] = []
    make = cloud.directory.create_user

    def create_user(*arguments: object) -> Made:
        seen.append(ledger.deed(CREATED.key))
        return make(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(cloud.directory, "create_user", create_user)
    journal(cloud, ledger).create_user(ANNA)
    assert seen == [CREATED]


def test_what_an_earlier_call_explains_is_ours(cloud: WorkMailCloud, ledger: MemoryLedger) -> None:
    ledger.record_deed(CREATED)  # its worker died, and it is not known when
    user_id = cloud.add_user("anna")
    assert journal(cloud, ledger, "run-2").create_user(ANNA) == Made(user_id, is_new=False)
    deed = ledger.deed(CREATED.key)
    assert deed == replace(CREATED, state=DeedState.DONE, entity_id=user_id)


@pytest.mark.parametrize("earlier", [None, DeedState.UNDONE, DeedState.DOUBTFUL])
def test_what_nothing_explains_is_doubtful_and_stays_so(
    cloud: WorkMailCloud, ledger: MemoryLedger, earlier: DeedState | None
) -> None:
    if earlier is not None:
        ledger.record_deed(replace(CREATED, state=earlier))
    cloud.add_user("anna")
    for run in ("run-1", "run-2"):
        journal(cloud, ledger, run).create_user(ANNA)
        assert deeds(ledger)[DeedKind.USER].state is DeedState.DOUBTFUL


def test_what_was_doubtful_and_is_made_anew_is_ours(
    cloud: WorkMailCloud, ledger: MemoryLedger
) -> None:
    ledger.record_deed(replace(CREATED, state=DeedState.DOUBTFUL))
    journal(cloud, ledger).create_user(ANNA)
    assert deeds(ledger)[DeedKind.USER].state is DeedState.DONE


Act = Callable[[Directory, str], object]


@pytest.mark.parametrize(
    ("operation", "code", "act"),
    [
        (
            "RegisterToWorkMail",
            "EmailAddressInUseException",
            lambda directory, id_: directory.enable_entity(id_, ANNA.target),
        ),
        (
            "CreateAlias",
            "LimitExceededException",
            lambda directory, id_: directory.add_alias(id_, ALIAS),
        ),
        (
            "CreateUser",
            "ReservedNameException",
            lambda directory, id_: directory.create_user(mailbox("berta")),
        ),
    ],
)
def test_what_was_refused_was_not_made(
    cloud: WorkMailCloud, ledger: MemoryLedger, operation: str, code: str, act: Act
) -> None:
    user_id = cloud.add_user("anna")
    cloud.fake.fail_next(operation, code, "no")
    with pytest.raises(UserRefused):
        act(journal(cloud, ledger), user_id)
    (deed,) = ledger.deeds()
    assert deed.state is DeedState.UNDONE


def test_a_refusal_leaves_what_was_known_before(cloud: WorkMailCloud, ledger: MemoryLedger) -> None:
    known = Deed(DeedKind.ALIAS, "run-1", NOW, cloud.add_user("anna"), ALIAS, DeedState.DONE)
    ledger.record_deed(known)
    cloud.fake.fail_next("CreateAlias", "LimitExceededException", "full")
    with pytest.raises(UserRefused):
        journal(cloud, ledger, "run-2").add_alias(known.subject, ALIAS)
    assert list(ledger.deeds()) == [known]


def test_permissions_keep_what_stood_before_each_run(
    cloud: WorkMailCloud, ledger: MemoryLedger
) -> None:
    owner, grantee = cloud.add_user("anna", ANNA.target), cloud.add_user("bo", f"bo@{DOMAIN}")
    send, full = Permission.SEND_AS, Permission.FULL_ACCESS
    cloud.directory.put_permissions(owner, grantee, {send})
    journal(cloud, ledger).put_permissions(owner, grantee, {full})
    journal(cloud, ledger).put_permissions(owner, grantee, {full, send})
    journal(cloud, ledger, "run-2").put_permissions(owner, grantee, {full})
    shown = {deed.run: (deed.before, deed.after) for deed in ledger.deeds()}
    assert shown == {
        "run-1": (frozenset({send}), frozenset({full, send})),
        "run-2": (frozenset({full, send}), frozenset({full})),
    }
    assert cloud.directory.permissions(owner) == {grantee: frozenset({full})}
