"""What this migration has made in WorkMail's directory, one deed per call that made something.

Standard library only. A deed is written before the call (OPEN) and once more after it. So whoever
died in between leaves a deed whose thing may or may not exist: the directory is asked.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from migration.directory_model import EntityKind, Permission


class DeedKind(StrEnum):
    """What was made. The words stand in reports."""

    USER = "user created"
    GROUP = "group created"
    RESOURCE = "resource created"
    ENABLED = "enabled"
    ALIAS = "alias added"
    MEMBER = "member added"
    DELEGATE = "delegate added"
    PERMISSIONS = "permissions given"
    DOMAIN = "domain registered"


class DeedState(StrEnum):
    """OPEN: the call was about to be made, and its answer is not known. DONE: it has made the
    thing. DOUBTFUL: the thing was there when the call came, and no earlier call of this migration
    explains it: somebody else may have made it. UNDONE: it was taken back."""

    OPEN = "open"
    DONE = "done"
    DOUBTFUL = "doubtful"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that was made, or was about to be.

    `subject` is what it is about: the name of a user, group, resource or domain that is created,
    else WorkMail's id of the entity. `detail` is the address or alias, or the id of the member,
    delegate or grantee. `entity_id` is the id of what was created, once it is known. Permissions
    are those of the grantee `before` and `after`. `run` and `at` say who made it and when.

    `decided_by` is the rollback that has dealt with the deed last, `reason` why it leaves the
    thing; it names no address.
    """

    kind: DeedKind
    run: str
    at: str
    subject: str
    detail: str = ""
    state: DeedState = DeedState.OPEN
    entity_id: str = ""
    before: frozenset[Permission] = frozenset()
    after: frozenset[Permission] = frozenset()
    decided_by: str = ""
    reason: str = ""

    @property
    def key(self) -> str:
        """The same for a repetition of the same call, whose deed takes the place of the first.
        Permissions may be given again and again, by each run on top of the one before. A digest:
        it may stand in events and logs."""
        parts = [str(self.kind), self.subject.casefold(), self.detail.casefold()]
        if self.kind is DeedKind.PERMISSIONS:
            parts.append(self.run)
        digest = hashlib.sha256(json.dumps(parts).encode("ascii")).digest()
        return base64.b32encode(digest[:20]).decode("ascii").lower()[:26]

    @property
    def entity(self) -> str:
        """WorkMail's id of the entity that it is about; "" as long as nobody knows it."""
        return self.entity_id if self.kind in CREATIONS else self.subject


CREATIONS: Mapping[DeedKind, EntityKind] = {
    DeedKind.USER: EntityKind.USER,
    DeedKind.GROUP: EntityKind.GROUP,
    DeedKind.RESOURCE: EntityKind.RESOURCE,
}
"""What each creates."""

LINKS = frozenset({DeedKind.ALIAS, DeedKind.MEMBER, DeedKind.DELEGATE, DeedKind.PERMISSIONS})
