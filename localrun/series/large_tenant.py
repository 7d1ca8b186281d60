"""A tenant with many users, groups, rooms and permissions: its manifest, and what must come of it.

Both are made from the same facts and not from each other, so that whoever reads the manifest
wrongly is noticed by the expectation.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

DOMAIN = "acme.example"
_GIVEN = (
    *("Anna", "Bola", "Chen", "Dora", "Emil", "Fay", "Gus", "Hal", "Ida", "Jon"),
    *("Kim", "Lea", "Max", "Nia", "Olu", "Pia", "Rex", "Sun", "Tom", "Uma"),
)
_FAMILY = ("Berg", "Okafor", "Wei", "Sund", "Roux", "Díaz", "Novák", "Kaya", "Ito", "Singh", "Lind")
_DEPARTMENTS = ("Sales", "Finance", "Legal", "Support", "")
_ROOMS = (
    *("Oak", "Birch Boardroom on the third floor", "Größe 7", "North/South bridge", "Elm"),
    *("Quiet corner by the kitchen window", "Maple", "Board room (large)", "Pine", "Ash"),
)
_PERMISSIONS = ("FULL_ACCESS", "SEND_AS", "SEND_ON_BEHALF")

Attributes = Mapping[str, object]
"""Of an entity, in the words of snapshot.py."""


@dataclass(frozen=True, slots=True)
class LargeTenant:
    """`files` is the manifest's folder, by file name. The rest is the directory that must come of
    it, in the form of snapshot.Directory: attributes by address, permissions by owner and
    grantee."""

    files: Mapping[str, bytes]
    users: Mapping[str, Attributes]
    groups: Mapping[str, Attributes]
    resources: Mapping[str, Attributes]
    grants: Mapping[tuple[str, str], frozenset[str]]


def make_tenant(users: int, groups: int, resources: int) -> LargeTenant:
    """The same tenant for the same numbers. At least 20 users and 4 groups."""
    dice = random.Random(4)
    people = [f"user{number:04}@{DOMAIN}" for number in range(1, users + 1)]
    lists = [f"list{number:02}@{DOMAIN}" for number in range(1, groups + 1)]
    rooms = [f"room{number:02}@{DOMAIN}" for number in range(1, resources + 1)]
    user_rows = [_user_row(dice, address) for address in people]
    group_rows = [_group_row(dice, number, lists, people) for number in range(groups)]
    room_rows = [_room_row(dice, address, people, lists) for address in rooms]
    grants = _draw_grants(dice, people, lists)
    grant_rows = [
        {"mailbox": owner, "grantee": grantee, "permissions": " ".join(sorted(given)).lower()}
        for (owner, grantee), given in grants.items()
    ]
    return LargeTenant(
        files={
            "users.csv": _write(user_rows),
            "groups.csv": _write(group_rows),
            "resources.csv": _write(room_rows),
            "permissions.csv": _write(grant_rows),
        },
        users={row["source"]: _expect_user(row) for row in user_rows},
        groups={row["address"]: _expect_group(row) for row in group_rows},
        resources={row["address"]: _expect_room(row) for row in room_rows},
        grants=grants,
    )


Row = Mapping[str, str]


def _write(rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _user_row(dice: random.Random, address: str) -> Row:
    name = address.partition("@")[0]
    first, last = dice.choice(_GIVEN), dice.choice(_FAMILY)
    aliases = [f"{name}.{number}@{DOMAIN}" for number in range(dice.choice((0, 0, 0, 1, 3)))]
    return {
        "source": address,
        "display_name": f"{first} {last}",
        "first_name": first,
        "last_name": last,
        "aliases": " ".join(aliases),
        "department": dice.choice(_DEPARTMENTS),
        "hidden": dice.choice(("", "", "no", "yes")),
        "quota_mb": dice.choice(("", "", "", "10240")),
    }


def _group_row(
    dice: random.Random, number: int, lists: Sequence[str], people: Sequence[str]
) -> Row:
    """Groups hold groups that come later, so that none holds itself in the end."""
    members = dice.sample(people, dice.randint(1, min(20, len(people))))
    later = lists[number + 1 :]
    members += dice.sample(later, min(len(later), dice.choice((0, 0, 1, 2))))
    name = lists[number].partition("@")[0]
    return {
        "address": lists[number],
        "name": f"{name} of {dice.choice(_FAMILY)}",
        "members": " ".join(members),
        "owners": dice.choice(members) if dice.random() < 0.3 else "",
        "aliases": f"{name}.all@{DOMAIN}" if dice.random() < 0.3 else "",
        "hidden": dice.choice(("no", "yes")),
    }


def _room_row(
    dice: random.Random, address: str, people: Sequence[str], lists: Sequence[str]
) -> Row:
    asks = dice.random() < 0.4
    delegates = [dice.choice(people), dice.choice(lists)] if asks else []
    return {
        "address": address,
        "name": f"{dice.choice(_ROOMS)} {address[4:6]}",
        "type": dice.choice(("room", "room", "equipment")),
        "description": dice.choice(("", "Seats 8", "Ask at the desk")),
        "hidden": dice.choice(("no", "yes")),
        "aliases": "",
        "auto_accept": "no" if asks else "yes",
        "auto_decline_recurring": dice.choice(("yes", "no")),
        "auto_decline_conflicts": "yes",
        "delegates": " ".join(delegates),
    }


def _draw_grants(
    dice: random.Random, people: Sequence[str], lists: Sequence[str]
) -> dict[tuple[str, str], frozenset[str]]:
    grants = {}
    for owner in dice.sample(people, max(2, len(people) // 10)):
        grantee = dice.choice([each for each in people if each != owner])
        grants[owner, grantee] = frozenset(dice.sample(_PERMISSIONS, dice.randint(1, 3)))
    for owner in lists[:3]:
        grants[owner, dice.choice(people)] = frozenset({"SEND_AS"})
    return grants


def _expect_user(row: Row) -> Attributes:
    return {
        "display_name": row["display_name"],
        "first_name": row["first_name"],
        "last_name": row["last_name"],
        "department": row["department"],
        "hidden": row["hidden"] == "yes",
        "quota_mb": int(row["quota_mb"] or 51200),
        "aliases": _split(row["aliases"]),
    }


def _expect_group(row: Row) -> Attributes:
    return {
        "name": row["name"],
        "hidden": row["hidden"] == "yes",
        "aliases": _split(row["aliases"]),
        "members": _split(row["members"]),
    }


def _expect_room(row: Row) -> Attributes:
    return {
        "kind": row["type"].upper(),
        "description": row["description"],
        "hidden": row["hidden"] == "yes",
        "aliases": _split(row["aliases"]),
        "booking": tuple(
            row[each] == "yes"
            for each in ("auto_accept", "auto_decline_recurring", "auto_decline_conflicts")
        ),
        "delegates": _split(row["delegates"]),
    }


def _split(cell: str) -> tuple[str, ...]:
    return tuple(sorted(cell.split()))
