"""From what a source's directory shows to a manifest, and to what the administrator must know.

All functions are pure. What is written reads back without a fault: whatever the manifest's rules
refuse is left out or made fit here, and told (discovery_notes.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from migration import discovery_notes as notes
from migration.directory_model import EntityKind
from migration.discovery_addresses import Addresses, choose_addresses
from migration.discovery_groups import Known, choose_members, choose_owners, note_group
from migration.discovery_model import (
    Discovery,
    FoundGroup,
    FoundMailbox,
    MailboxKind,
    Observation,
)
from migration.discovery_names import Names, clean, cut
from migration.discovery_notes import Notes
from migration.manifest_columns import ADDRESS_BOOK, GROUPS, RESOURCES, TABLES, USERS, Table
from migration.spreadsheet import write_sheet
from migration.workmail_names import MAX_DESCRIPTION, MAX_QUOTA_MB, MAX_TEXT, derive_username

Row = Mapping[str, str]
"""One line of the manifest: its columns, those that are empty left out."""

_RESOURCES = frozenset({MailboxKind.ROOM, MailboxKind.EQUIPMENT})
_LARGE = MAX_QUOTA_MB * 1024**2
_QUOTED = re.compile(r'[",;#]')


@dataclass(frozen=True, slots=True)
class Draft:
    """A manifest in rows, by the names of its lists, and what the administrator must know of it.
    `targets` has the address in WorkMail of each mailbox that was found, "" if it is left out."""

    rows: Mapping[str, Sequence[Row]]
    targets: tuple[str, ...]
    notes: tuple[Observation, ...]


def draft_manifest(found: Discovery, domains: Sequence[str]) -> Draft:
    """The manifest of everything that has an address in one of `domains`; an empty sequence allows
    any. Entries are ordered by their addresses."""
    told = Notes()
    mailboxes = sorted(found.mailboxes, key=lambda one: one.address.lower())
    groups = sorted(found.groups, key=lambda one: one.address.lower())
    opened = list(_leave_unopened(mailboxes, told))
    wanted = [
        *(Addresses(box.address, box.aliases) for box in opened),
        *(Addresses(group.address, group.aliases) for group in groups),
    ]
    chosen = choose_addresses(wanted, domains, told)
    boxes = [
        (box, place) for box, place in zip(opened, chosen[: len(opened)], strict=True) if place
    ]
    lists = [
        (group, place) for group, place in zip(groups, chosen[len(opened) :], strict=True) if place
    ]
    names = Names()
    people = [pair for pair in boxes if pair[0].kind not in _RESOURCES]
    things = [pair for pair in boxes if pair[0].kind in _RESOURCES]
    known = Known(dict(_index(boxes, lists)))
    rows = {
        USERS.name: [_user_row(box, place, names, told) for box, place in people],
        GROUPS.name: _group_rows(lists, known, names, told),
        RESOURCES.name: [_resource_row(box, place, names, told) for box, place in things],
    }
    targets = {box: place.target for box, place in boxes}
    return Draft(
        {name: listed for name, listed in rows.items() if listed},
        tuple(targets.get(box, "") for box in found.mailboxes),
        (*told.all(), *found.notes),
    )


def write_manifest(draft: Draft) -> dict[str, bytes]:
    """The files of the manifest's folder by their names; none for a list without entries."""
    return {
        table.file: _write_table(table, draft.rows[table.name])
        for table in TABLES.values()
        if table.name in draft.rows
    }


def write_mailboxes(found: Discovery, draft: Draft) -> bytes:
    """A table of all mailboxes that were found, for the administrator."""
    names = ("source", "address", "kind", "address in WorkMail", "name", "can sign in", "licence")
    return write_sheet(
        (*names, "archive", "items", "megabytes"),
        [
            (
                *(box.source, box.address, box.kind.value, target, box.display_name),
                *(box.enabled, box.licensed, box.archived, box.messages),
                None if box.size is None else round(box.size / 1024**2),
            )
            for box, target in zip(found.mailboxes, draft.targets, strict=True)
        ],
    )


def _leave_unopened(mailboxes: Sequence[FoundMailbox], told: Notes) -> Iterator[FoundMailbox]:
    """Those whose name at the source can be written, and is theirs alone."""
    seen: set[str] = set()
    for box in mailboxes:
        if not box.source or clean(box.source) != box.source or box.source.lower() in seen:
            told.add(notes.NO_SOURCE, box.address)
            continue
        seen.add(box.source.lower())
        yield box


def _index(
    boxes: Sequence[tuple[FoundMailbox, Addresses]],
    groups: Sequence[tuple[FoundGroup, Addresses]],
) -> Iterator[tuple[str, tuple[EntityKind, str]]]:
    """Aliases first: where an address is there twice, the primary one wins."""
    entities: list[tuple[EntityKind, FoundMailbox | FoundGroup, Addresses]] = [
        *(
            (EntityKind.RESOURCE if box.kind in _RESOURCES else EntityKind.USER, box, place)
            for box, place in boxes
        ),
        *((EntityKind.GROUP, group, place) for group, place in groups),
    ]
    for kind, found, place in entities:
        yield from ((alias.lower(), (kind, place.target)) for alias in found.aliases)
    for kind, found, place in entities:
        yield found.address.lower(), (kind, place.target)


def _user_row(box: FoundMailbox, place: Addresses, names: Names, told: Notes) -> Row:
    username = names.user(place.target)
    if username != derive_username(place.target):
        told.add(notes.OTHER_USERNAME, f"{place.target}: {username}")
    _note_mailbox(box, place.target, told)
    profile = {column.name: getattr(box.profile, column.name) for column in ADDRESS_BOOK}
    texts = {
        "display_name": box.display_name,
        "first_name": box.first_name,
        "last_name": box.last_name,
        **profile,
    }
    return _filled(
        {
            "source": box.source,
            "target": place.target,
            "username": username,
            **{name: _text(value, MAX_TEXT, place.target, told) for name, value in texts.items()},
            "aliases": " ".join(place.aliases),
            "hidden": "yes" if box.profile.hidden else "",
        },
        {"display_name": place.target.partition("@")[0]},
    )


def _note_mailbox(box: FoundMailbox, target: str, told: Notes) -> None:
    person = box.kind is MailboxKind.USER
    for text, holds in (
        (notes.SHARED, box.kind is MailboxKind.SHARED),
        (notes.DISABLED, person and not box.enabled),
        (notes.UNLICENSED, person and box.enabled and box.licensed is False),
        (notes.ARCHIVED, box.archived),
        (notes.LARGE, (box.size or 0) > _LARGE),
    ):
        if holds:
            told.add(text, target)


def _resource_row(box: FoundMailbox, place: Addresses, names: Names, told: Notes) -> Row:
    usual = place.target.partition("@")[0]
    wanted = _text(box.display_name, MAX_TEXT, place.target, told) or usual
    name = names.resource(wanted)
    if name != wanted:
        told.add(notes.OTHER_RESOURCE_NAME, f"{place.target}: {name}")
    return _filled(
        {
            "address": place.target,
            "name": name,
            "type": box.kind.value,
            "description": _text(box.description, MAX_DESCRIPTION, place.target, told),
            "hidden": "yes" if box.profile.hidden else "",
            "aliases": " ".join(place.aliases),
            "source": box.source,
        }
    )


def _group_rows(
    groups: Sequence[tuple[FoundGroup, Addresses]], known: Known, names: Names, told: Notes
) -> list[Row]:
    members = choose_members([(place.target, group) for group, place in groups], known, told)
    rows = []
    for group, place in groups:
        wanted = _text(group.name, MAX_TEXT, place.target, told)
        name = names.group(wanted, place.target)
        if wanted and name != wanted:
            told.add(notes.OTHER_GROUP_NAME, f"{place.target}: {name}")
        note_group(place.target, group, members[place.target], told)
        rows.append(
            _filled(
                {
                    "address": place.target,
                    "name": name,
                    "members": " ".join(members[place.target]),
                    "owners": " ".join(choose_owners(group, known)),
                    "aliases": " ".join(place.aliases),
                    "hidden": "yes" if group.hidden else "",
                }
            )
        )
    return rows


def _text(value: str, longest: int, target: str, told: Notes) -> str:
    text = clean(value)
    if len(text) > longest:
        told.add(notes.CUT, target)
    return cut(text, longest)


def _filled(columns: Row, defaults: Row | None = None) -> Row:
    """What is not empty, with defaults for what must not be."""
    filled = {name: value for name, value in columns.items() if value}
    return {**(defaults or {}), **filled}


def _write_table(table: Table, rows: Sequence[Row]) -> bytes:
    """With the usual columns, and those others that have a value, in their order. UTF-8 with a byte
    order mark, by which Excel knows it."""
    used = {name for row in rows for name in row}.union(table.usual)
    names = [name for name in table.names if name in used]
    lines = [",".join(names)]
    lines += [",".join(_quote(row.get(name, "")) for name in names) for row in rows]
    return ("\r\n".join(lines) + "\r\n").encode("utf-8-sig")


def _quote(value: str) -> str:
    """A number sign too is put in quotes: at the beginning of a line it would make a comment."""
    if not _QUOTED.search(value):
        return value
    return '"' + value.replace('"', '""') + '"'
