"""Makes groups, resources and mailbox permissions in WorkMail what the manifest says.

`provision_entity` brings a group or a resource into being; `link_entity` gives it members or
delegates and booking options, and gives grantees their rights, when all that is to be made is made.
Both look first, let entity_changes.py decide, and do what it says; both may be stopped anywhere and
run again. What WorkMail refuses is a failure of that entity with the number of the part; its other
parts and the other entities go on.

WorkMail shows a change only after a while. Then ProvisioningPending leaves, the workflow waits and
calls again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import partial

from migration.directory_model import (
    DirectoryGroup,
    DirectoryResource,
    EntityRecord,
    EntityStatus,
    Group,
    Resource,
    Sharing,
    Wanted,
)
from migration.entity_changes import (
    Action,
    Change,
    EntityRuling,
    Links,
    rule_on_making,
    wanted_resource,
)
from migration.entity_links import booked, rule_on_links
from migration.entity_readings import look_at_aliases, look_at_entity, look_at_links
from migration.errors import ProvisioningPending, UserRefused
from migration.model import Failure
from migration.ports import Directory, Ledger
from migration.provisioning import (
    CHANGED,
    REFUSED,
    RETRY_AFTER,
    UNCHANGED,
    UNDER_WAY,
    attempt,
)

_BRINGING = {
    Action.CREATE: "creating",
    Action.ENABLE: "enabling",
    Action.ENABLE_AGAIN: "enabling again",
}


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would make of a group or resource, and what WorkMail has of it now."""

    ruling: EntityRuling
    entity: DirectoryGroup | DirectoryResource | None = None


def preview_making(directory: Directory, wanted: Group | Resource) -> Preview:
    """What provision_entity would do, without doing it."""
    seen = look_at_entity(directory, wanted)
    ruling = rule_on_making(wanted, seen)
    if not ruling.conflict:
        ruling = rule_on_making(wanted, look_at_aliases(directory, wanted, seen))
    return Preview(ruling, seen.entity)


def preview_links(
    directory: Directory,
    wanted: Wanted,
    entity: DirectoryGroup | DirectoryResource | None,
    given: Mapping[str, str],
    expected: AbstractSet[str],
) -> EntityRuling:
    """What link_entity would do, without doing it. `entity` is the group or resource as
    preview_making has it; `given` as in Links; `expected` are the addresses, in lower case, that
    the run gives to somebody."""
    there = entity if entity and entity.state == "ENABLED" else None
    resource = there if isinstance(there, DirectoryResource) else None
    links = look_at_links(directory, wanted, there.id if there else "", given, resource)
    return rule_on_links(wanted, links, expected)


def provision_entity(directory: Directory, ledger: Ledger, entity_id: str) -> str:
    """created, enabled, enabled again (it was disabled before), changed, unchanged or refused:
    what this run has done, as the ledger has it too. A sharing needs no making.

    ProvisioningPending if WorkMail is not finished; the status is PLANNED until then, and MADE
    afterwards. A refusal or a conflict is recorded as the entity's failure.
    """
    record = ledger.entity(entity_id)
    if record.status is EntityStatus.FAILED:
        return REFUSED
    try:
        record = _make(directory, ledger, record)
    except UserRefused as refusal:
        return _refuse(ledger, ledger.entity(entity_id), str(refusal))
    return record.outcome


def link_entity(directory: Directory, ledger: Ledger, entity_id: str) -> str:
    """As provision_entity, for what the entity refers to; what could not be made before is tried
    once more. Status DONE afterwards, or FAILED if a part of it was refused.

    An address of the manifest's own counts only where it leads to whom the run has given it."""
    if ledger.entity(entity_id).status is EntityStatus.PLANNED:
        provision_entity(directory, ledger, entity_id)
    record = ledger.entity(entity_id)
    if record.status is EntityStatus.FAILED:
        return REFUSED
    wanted = record.wanted
    given = _find_given(ledger, record.run)
    links = look_at_links(directory, wanted, record.entity_id, given)
    ruling = rule_on_links(wanted, links)
    if ruling.conflict:
        return _refuse(ledger, record, ruling.conflict)
    if ruling.changes and record.outcome == UNCHANGED:
        record = replace(record, outcome=CHANGED)
        ledger.set_entity(record)
    refusals = attempt(_link_parts(directory, record, links, ruling.changes))
    failure = _join_failures(record.failure, refusals)
    status = EntityStatus.FAILED if failure else EntityStatus.DONE
    ledger.set_entity(replace(record, status=status, failure=failure, remarks=ruling.remarks))
    return REFUSED if failure else record.outcome


def fail_entity(ledger: Ledger, entity_id: str, failure: Failure) -> None:
    """Records what has ended the entity's work before it was done."""
    record = ledger.entity(entity_id)
    ledger.set_entity(replace(record, status=EntityStatus.FAILED, failure=failure))


def _make(directory: Directory, ledger: Ledger, record: EntityRecord) -> EntityRecord:
    """The record of an entity that is made, as the ledger has it."""
    wanted = record.wanted
    if isinstance(wanted, Sharing):
        return _set_made(ledger, record, "", [])
    seen = look_at_entity(directory, wanted)
    ruling = rule_on_making(wanted, seen)
    if ruling.conflict:
        raise UserRefused(ruling.conflict)
    first = ruling.changes[0].action if ruling.changes else None
    entity = seen.entity
    if first is Action.CREATE:
        new_id = _create(directory, wanted)
        _remember(ledger, record, new_id, _BRINGING[first])
        directory.enable_entity(new_id, wanted.address)
    elif entity and first in _BRINGING:
        _remember(ledger, record, entity.id, _BRINGING[first])
        directory.enable_entity(entity.id, wanted.address)
    elif entity:
        if ruling.changes:
            record = _remember(ledger, record, entity.id, "changing")
        parts = [_make_part(directory, wanted, entity, change) for change in ruling.changes]
        return _set_made(ledger, record, entity.id, attempt(parts))
    raise ProvisioningPending("WorkMail has not enabled it yet", RETRY_AFTER)


def _create(directory: Directory, wanted: Group | Resource) -> str:
    if isinstance(wanted, Group):
        return directory.create_group(wanted).id
    return directory.create_resource(wanted).id


def _remember(ledger: Ledger, record: EntityRecord, entity_id: str, under_way: str) -> EntityRecord:
    """Keeps what is done, for the call that finds the entity enabled. What this run has begun, or
    told already, stays."""
    if record.status is not EntityStatus.PLANNED or record.outcome in UNDER_WAY:
        return record
    begun = replace(record, entity_id=entity_id, outcome=under_way)
    ledger.set_entity(begun)
    return begun


def _set_made(
    ledger: Ledger, record: EntityRecord, entity_id: str, refusals: Sequence[str]
) -> EntityRecord:
    """An earlier run's "created" is "unchanged" in this one; this run's own is told again."""
    outcome = UNDER_WAY.get(record.outcome, UNCHANGED)
    if record.status is not EntityStatus.PLANNED:
        outcome = record.outcome
    made = replace(
        record,
        status=EntityStatus.MADE,
        entity_id=entity_id,
        outcome=outcome,
        failure=_join_failures(None, refusals),
    )
    ledger.set_entity(made)
    return made


def _refuse(ledger: Ledger, record: EntityRecord, reason: str) -> str:
    """What this run has done before it was refused stays told."""
    done = UNDER_WAY.get(record.outcome, REFUSED)
    if record.status is not EntityStatus.PLANNED:
        done = record.outcome
    failure = Failure(UserRefused.__name__, reason)
    ledger.set_entity(replace(record, status=EntityStatus.FAILED, outcome=done, failure=failure))
    return REFUSED


def _join_failures(before: Failure | None, refusals: Sequence[str]) -> Failure | None:
    reasons = [*([before.reason] if before else []), *refusals]
    return Failure(UserRefused.__name__, "; ".join(reasons)) if reasons else None


def _find_given(ledger: Ledger, run: str) -> Mapping[str, str]:
    """As in Links. An id of an earlier run counts: it is that of the manifest's entry, too."""
    given = {record.mailbox.target.lower(): record.user_id for record in ledger.mailboxes(run)}
    for record in ledger.entities(run):
        if not isinstance(record.wanted, Sharing):
            given[record.wanted.address.lower()] = record.entity_id
    return given


# ---- what is done for each change ------------------------------------------------------------


def _make_part(
    directory: Directory,
    wanted: Group | Resource,
    entity: DirectoryGroup | DirectoryResource,
    change: Change,
) -> tuple[str, Callable[[], object]]:
    """The change's label, and what makes it."""
    if change.action is Action.ADD_ALIAS:
        add = partial(directory.add_alias, entity.id, change.subject)
        return f"alias {change.number}: ", add
    if isinstance(wanted, Resource) and isinstance(entity, DirectoryResource):
        return "", partial(directory.update_resource, wanted_resource(wanted, entity))
    return "", partial(directory.update_group, entity.id, bool(wanted.hidden))


def _link_parts(
    directory: Directory, record: EntityRecord, links: Links, changes: Sequence[Change]
) -> list[tuple[str, Callable[[], object]]]:
    """Each change's label, and what makes it."""
    owner_id = links.owner.id if links.owner else record.entity_id
    parts: list[tuple[str, Callable[[], object]]] = []
    for change in changes:
        number, subject = change.number, change.subject
        if change.action is Action.ADD_MEMBER:
            add = partial(directory.add_member, owner_id, subject)
            parts.append((f"member {number}: ", add))
        elif change.action is Action.ADD_DELEGATE:
            add = partial(directory.add_delegate, owner_id, subject)
            parts.append((f"delegate {number}: ", add))
        elif change.action is Action.PUT_PERMISSIONS:
            put = partial(directory.put_permissions, owner_id, subject, change.permissions)
            parts.append((f"grantee {number}: ", put))
        elif isinstance(record.wanted, Resource) and links.resource:
            after = booked(record.wanted.booking, links, links.resource, changes)
            parts.append(("booking: ", partial(directory.update_resource, after)))
    return parts
