"""The manifest: who is migrated, as the tenant's administrator writes it.

It is one CSV file of users, or a folder with users.csv and, where wanted, groups.csv, resources.csv
and permissions.csv, or one YAML or JSON document with these four lists. What stands in them:
migration/manifest_columns.py. An empty value leaves what WorkMail has.

Files become records (manifest_tables.py, manifest_document.py), and the rules see only those: one
entry at a time (manifest_rules.py for users, manifest_groups.py, manifest_resources.py,
manifest_permissions.py), then all of them (manifest_compare.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from migration.directory_model import Group, Resource, Sharing, Wanted
from migration.errors import ManifestInvalid
from migration.manifest_columns import GROUPS, PERMISSIONS, RESOURCES, TABLES, USERS
from migration.manifest_compare import compare, index
from migration.manifest_document import read_document
from migration.manifest_groups import check_group, find_cycles, read_group
from migration.manifest_permissions import check_grant, find_pairs_twice, read_grant, share
from migration.manifest_records import Contents, Fault, Place, Record
from migration.manifest_references import Known, find_unknown
from migration.manifest_resources import check_resource, read_resources
from migration.manifest_rules import check_user, read_user
from migration.manifest_tables import name_hint, read_table
from migration.model import ManifestRow
from migration.ports import BlobStore
from migration.settings import Settings

__all__ = ["Fault", "Manifest", "parse_folder", "parse_manifest", "read_manifest"]

_DOCUMENTS = (".yaml", ".yml", ".json")
_FILES = tuple(table.file for table in TABLES.values())
_SAFE_NAME = re.compile(r"[A-Za-z0-9_./-]+")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is wanted and has no fault of its own, and all faults in the order of files and lines.

    `unknown` tells where entries name members, delegates, mailboxes or grantees that the manifest
    has not: they must be in WorkMail when the entry is provisioned.
    """

    rows: tuple[ManifestRow, ...]
    faults: tuple[Fault, ...]
    groups: tuple[Group, ...] = ()
    resources: tuple[Resource, ...] = ()
    sharings: tuple[Sharing, ...] = ()
    unknown: tuple[Place, ...] = ()

    @property
    def wanted(self) -> tuple[Wanted, ...]:
        """Everything beside the mailboxes."""
        return (*self.groups, *self.resources, *self.sharings)


def parse_manifest(
    body: bytes, domains: Sequence[str], tenant: str = "", name: str = "manifest.csv"
) -> Manifest:
    """Reads a manifest of one file, called `name`, and finds all faults at once: a document if the
    name ends in .yaml, .yml or .json, else a CSV file of users.

    Addresses must be in one of `domains`; an empty sequence allows any. `tenant` is for the ids.
    """
    if name.lower().endswith(_DOCUMENTS):
        return _judge(read_document(name, body), domains, tenant)
    records, faults = read_table(USERS, name, body)
    return _judge(Contents({USERS.name: tuple(records)}, tuple(faults)), domains, tenant)


def parse_folder(files: Mapping[str, bytes], domains: Sequence[str], tenant: str = "") -> Manifest:
    """The same for a folder's files, by their names below it. Names that begin with a dot do not
    count."""
    records: dict[str, tuple[Record, ...]] = {}
    faults: list[Fault] = []
    for table in TABLES.values():
        if table.file in files:
            read, table_faults = read_table(table, table.file, files[table.file])
            records[table.name] = tuple(read)
            faults += table_faults
        elif table.needed:
            remedy = f"add it, with one line per {table.row}"
            faults.append(Fault(Place(table.file, 0), "the file is missing", remedy))
    for name in sorted(files):
        if name not in _FILES and not name.startswith("."):
            shown = name if _SAFE_NAME.fullmatch(name) else "a file of the folder"
            hint = name_hint(name, _FILES)
            remedy = f"{hint if hint.endswith('?') else hint + '.'} Else move it out of the folder"
            faults.append(Fault(Place(shown, 0), "it is no file of a manifest", remedy))
    return _judge(Contents(records, tuple(faults)), domains, tenant)


def read_manifest(
    settings: Settings, blobs: BlobStore, manifest_key: str, version: str = ""
) -> Manifest:
    """The manifest of that key with its faults: a folder's if the key ends in /. With a `version`,
    that one of the file, or of the folder's users.csv, whose other files are the newest.
    ManifestInvalid if there is no such file or version, or nothing in the folder."""
    where = f"s3://{settings.bucket_name}/{manifest_key}"
    if manifest_key.endswith("/"):
        files = {key.removeprefix(manifest_key): key for key in blobs.list(manifest_key)}
        bodies = {
            name: blobs.get(key)
            for name, key in files.items()
            if name and not name.endswith("/") and not (version and name == USERS.file)
        }
        if version:
            bodies[USERS.file] = _get_version(blobs, manifest_key + USERS.file, version)
        if not bodies:
            raise ManifestInvalid([f"there is no manifest: upload {USERS.file} to {where}"])
        return parse_folder(bodies, settings.domains, settings.tenant)
    name = manifest_key.rpartition("/")[2]
    if version:
        body = _get_version(blobs, manifest_key, version)
        return parse_manifest(body, settings.domains, settings.tenant, name)
    try:
        body = blobs.get(manifest_key)
    except KeyError:
        folder = next(iter(blobs.list(f"{manifest_key}/")), None)
        hint = "; a folder's name must end in /" if folder else ""
        raise ManifestInvalid([f"there is no manifest: upload it to {where}{hint}"]) from None
    return parse_manifest(body, settings.domains, settings.tenant, name)


def _get_version(blobs: BlobStore, key: str, version: str) -> bytes:
    try:
        return blobs.get(key, version)
    except KeyError:
        problem = f"there is no version {version} of {key} any more: upload it again"
        raise ManifestInvalid([problem]) from None


def _judge(contents: Contents, domains: Sequence[str], tenant: str) -> Manifest:
    """All rules, over whatever could be read."""
    users = [read_user(record) for record in contents.of(USERS.name)]
    known = Known(index(users, contents.of(GROUPS.name), contents.of(RESOURCES.name)))
    groups = [read_group(record, tenant, known) for record in contents.of(GROUPS.name)]
    taken = [user.row.username for user in users] + [each.group.name for each in groups]
    resources = read_resources(contents.of(RESOURCES.name), tenant, known, taken)
    grants = [read_grant(record, known) for record in contents.of(PERMISSIONS.name)]

    faults = list(contents.faults)
    for user in users:
        faults += check_user(user, domains)
    for group in groups:
        faults += check_group(group.record, known, domains)
    for resource in resources:
        faults += check_resource(resource.record, known, domains)
    for grant in grants:
        faults += check_grant(grant, known, domains)
    faults += compare(users, groups, resources)
    faults += find_cycles(groups)
    faults += find_pairs_twice(grants)

    bad = {fault.place.record for fault in faults}
    good_grants = [each for each in grants if each.record.place.record not in bad]
    return Manifest(
        rows=tuple(each.row for each in users if each.record.place.record not in bad),
        faults=tuple(sorted(faults, key=_order)),
        groups=tuple(each.group for each in groups if each.record.place.record not in bad),
        resources=tuple(each.resource for each in resources if each.record.place.record not in bad),
        sharings=tuple(share(good_grants, tenant)),
        unknown=tuple(_find_unknown(contents, known)),
    )


def _find_unknown(contents: Contents, known: Known) -> Iterator[Place]:
    yield from find_unknown(known, contents.of(GROUPS.name), ("members",))
    yield from find_unknown(known, contents.of(RESOURCES.name), ("delegates",))
    yield from find_unknown(known, contents.of(PERMISSIONS.name), ("mailbox", "grantee"))


def _order(fault: Fault) -> tuple[int, str, int, int, int, int]:
    """Files in the order of the lists, then lines, then characters or columns."""
    place = fault.place
    file = _FILES.index(place.file) if place.file in _FILES else len(_FILES)
    table = TABLES.get(place.record.partition("[")[0])
    columns = table.names if table else ()
    column = columns.index(place.column) if place.column in columns else -1
    return file, place.file, place.line, place.character, column, place.item
