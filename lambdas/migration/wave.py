"""The wave of a run: what the manifest makes of it, files for the Maps and rows of the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from migration.directory_model import Resource
from migration.errors import InputInvalid, ManifestInvalid
from migration.identity import mailbox_id
from migration.manifest import Manifest, read_manifest
from migration.manifest_records import Fault
from migration.model import Mailbox, MailboxStatus, ManifestRow, Note
from migration.ports import BlobStore, Ledger
from migration.settings import Settings

# Step Functions keeps 32,768 characters of an error; a longer list of faults would be cut amid.
_FAULTS_IN_ERROR = 100

_JSON_LINES = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class Wave:
    """The file that names the mailboxes of a run: its key, its version, its number of lines; and
    the one that names its groups, resources and sharings, which may have none."""

    key: str
    version: str
    count: int
    entities_key: str
    entities_version: str
    entities: int


def to_mailboxes(tenant: str, rows: Iterable[ManifestRow]) -> list[Mailbox]:
    """The mailboxes of the rows, each with the id that it has in every run."""
    return [
        Mailbox(
            id=mailbox_id(tenant, row.target),
            source=row.source,
            target=row.target,
            username=row.username,
            display_name=row.display_name,
            first_name=row.first_name,
            last_name=row.last_name,
            aliases=row.aliases,
            profile=row.profile,
            quota_mb=row.quota_mb,
        )
        for row in rows
    ]


def room_mailboxes(tenant: str, resources: Iterable[Resource]) -> list[Mailbox]:
    """The mailboxes of the rooms and the equipment whose calendars are to be copied."""
    return [
        Mailbox(
            id=mailbox_id(tenant, each.address),
            source=each.source,
            target=each.address,
            username=each.name,
            display_name=each.source_name or each.name,
            is_resource=True,
        )
        for each in resources
        if each.source
    ]


def write_wave(ids: Iterable[str], name: str = "mailbox") -> bytes:
    """JSON lines for a Distributed Map: `name` and an id in each, in the order of the ids."""
    return "".join(json.dumps({name: each}) + "\n" for each in sorted(ids)).encode("ascii")


def plan_wave(
    settings: Settings,
    blobs: BlobStore,
    ledger: Ledger,
    run: str,
    now: str,
    manifest_key: str,
    version: str = "",
) -> Wave:
    """Turns the manifest into the mailboxes of the run, and its groups, resources and sharings;
    nothing is changed if it has a fault. With a `version` of the manifest, that one.

    ManifestInvalid if there is no such file, or with the faults, of which `faults.json` beside
    the wave has all. Doing it again gives the same wave.
    """
    manifest = read_manifest(settings, blobs, manifest_key, version)
    if manifest.faults:
        key = f"plans/{run}/faults.json"
        blobs.put(key, _dump_faults(manifest.faults), "application/json")
        raise ManifestInvalid(_summarise_faults(manifest.faults, key))
    mailboxes = to_mailboxes(settings.tenant, manifest.rows)
    rooms = (
        room_mailboxes(settings.tenant, manifest.resources) if settings.groupware.sources else []
    )
    mailboxes += rooms
    wanted = manifest.wanted
    ledger.plan_mailboxes(run, mailboxes)
    ledger.plan_entities(run, wanted)
    key, entities_key = f"plans/{run}/wave.jsonl", f"plans/{run}/entities.jsonl"
    version = blobs.put(key, write_wave(each.id for each in mailboxes), _JSON_LINES)
    entities = write_wave((each.id for each in wanted), "entity")
    entities_version = blobs.put(entities_key, entities, _JSON_LINES)
    ledger.add_note(run, Note(now, "PlanWave", _tell(manifest, len(rooms))))
    return Wave(key, version, len(mailboxes), entities_key, entities_version, len(wanted))


@dataclass(frozen=True, slots=True)
class Share:
    """The file that names some mailboxes, of this run or of another's; empty texts and 0 without
    any."""

    key: str
    version: str
    count: int


def share_wave(blobs: BlobStore, run: str, pass_id: int, retries: int, ids: Sequence[str]) -> Share:
    """The mailboxes of a pass that are to be tried again. Doing it again gives the same."""
    if not ids:
        return Share("", "", 0)
    key = f"plans/{run}/failed-{pass_id}-{retries + 1}.jsonl"
    return Share(key, blobs.put(key, write_wave(ids), _JSON_LINES), len(ids))


def repeat_wave(
    blobs: BlobStore, ledger: Ledger, run: str, of: str, now: str, *, only_failed: bool = False
) -> Share:
    """Plans the mailboxes of the run `of` for this one, whatever the manifest says by now; not
    those whose users WorkMail has refused, and with `only_failed` those that could not be copied.
    Doing it again gives the same wave.

    InputInvalid if there is no such run, or none of its mailboxes is left."""
    source = f"plans/{of}/wave.jsonl"
    if not blobs.exists(source):
        raise InputInvalid(["run: no run of this name has planned mailboxes"])
    key = f"plans/{run}/wave.jsonl"
    # What this call's first attempt has planned has failed no more: its file says who it was.
    place = key if blobs.exists(key) else source
    ids = {json.loads(line)["mailbox"] for line in blobs.get(place).splitlines()}
    records = [each for each in ledger.mailboxes() if each.mailbox.id in ids]
    mailboxes = [
        record.mailbox
        for record in records
        if not record.refused
        and (place == key or not only_failed or record.status is MailboxStatus.FAILED)
    ]
    if not mailboxes:
        which = "has failed and" if only_failed else "has"
        raise InputInvalid([f"run: none of its mailboxes {which} a user in WorkMail"])
    version = blobs.put(key, write_wave(each.id for each in mailboxes), _JSON_LINES)
    ledger.plan_mailboxes(run, mailboxes)
    what = f"{len(mailboxes)} mailboxes of the run {of} are looked at once more"
    ledger.add_note(run, Note(now, "RepeatWave", what))
    return Share(key, version, len(mailboxes))


def _tell(manifest: Manifest, rooms: int) -> str:
    """What is planned, in a line of the timeline."""
    counts = {
        "groups": len(manifest.groups),
        "resources": len(manifest.resources),
        "resources whose name is made fit": sum(bool(r.source_name) for r in manifest.resources),
        "resources whose calendars are copied": rooms,
        "mailboxes with permissions": len(manifest.sharings),
        "addresses that the manifest has not and WorkMail must have": len(manifest.unknown),
    }
    planned = [f"{len(manifest.rows)} mailboxes planned"]
    return "; ".join(planned + [f"{what}: {count}" for what, count in counts.items() if count])


def _dump_faults(faults: Sequence[Fault]) -> bytes:
    rows = [
        {
            "file": each.file,
            "line": each.line,
            "column": each.column,
            "problem": f"{each.problem}; {each.remedy}",
        }
        for each in faults
    ]
    return json.dumps(rows, indent=1).encode("ascii")


def _summarise_faults(faults: Sequence[Fault], key: str) -> list[str]:
    texts = [fault.text for fault in faults[:_FAULTS_IN_ERROR]]
    left = len(faults) - len(texts)
    return [*texts, f"and {left} more faults, all of them in {key}"] if left else texts
