"""The manifest's columns about a user's profile and quota: how they are read, and their faults.

All functions are pure. What cannot be read is read as empty, for then there is a fault, and nothing
is done.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from migration.manifest_columns import ADDRESS_BOOK
from migration.manifest_fields import check_yes_no, read_yes_no
from migration.manifest_records import Fault, Record
from migration.model import Profile
from migration.workmail_names import MAX_QUOTA_MB, ROLES, identity_center_id_problem

_MEGABYTES = re.compile("[0-9]{1,9}")


def read_profile(record: Record) -> Profile:
    """The profile of a row. yes, no and the roles may be written in capitals or not."""
    role = record.text("role").upper()
    return Profile(
        **{column.name: record.text(column.name) for column in ADDRESS_BOOK},
        hidden=read_yes_no(record.text("hidden")),
        role=role if role in ROLES else "",
        identity_center_id=record.text("identity_center_id"),
    )


def read_quota(record: Record) -> int:
    """The quota of a row in megabytes; 0 for none."""
    written = record.text("quota_mb")
    return int(written) if _MEGABYTES.fullmatch(written) else 0


def check_profile(record: Record) -> Iterator[Fault]:
    """The faults of one row. The lengths of texts are checked with those of the names."""
    yield from check_yes_no(record, "hidden")
    role = record.text("role")
    if role and role.upper() not in ROLES:
        remedy = f"write {' or '.join(ROLES)}, or nothing"
        yield record.fault("role", "it is no role that WorkMail gives", remedy)
    if record.text("quota_mb") and not 1 <= read_quota(record) <= MAX_QUOTA_MB:
        remedy = f"write megabytes in digits alone, 1 to {MAX_QUOTA_MB}, or nothing"
        yield record.fault("quota_mb", "it is no size that a mailbox can have", remedy)
    identity = record.text("identity_center_id")
    if identity and (problem := identity_center_id_problem(identity)):
        remedy = "copy the user ID that Identity Center shows for the user, or leave it empty"
        yield record.fault("identity_center_id", problem, remedy)
