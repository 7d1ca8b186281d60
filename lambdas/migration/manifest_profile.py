"""The manifest's columns about a user's profile and quota: how they are read, and their faults.

All functions are pure. A fault is here its column, its problem and its remedy; none holds a value.
What cannot be read is read as empty, for then there is a fault, and nothing is done.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from migration.model import Profile
from migration.workmail_names import MAX_QUOTA_MB, ROLES, identity_center_id_problem

ADDRESS_BOOK_COLUMNS = (
    "initials",
    "job_title",
    "company",
    "department",
    "office",
    "telephone",
    "street",
    "city",
    "zip_code",
    "country",
)
PROFILE_COLUMNS = (*ADDRESS_BOOK_COLUMNS, "hidden", "role", "quota_mb", "identity_center_id")

_HIDDEN = {"yes": True, "no": False}
_MEGABYTES = re.compile("[0-9]{1,9}")


def read_profile(values: Mapping[str, str]) -> Profile:
    """The profile of a row. yes, no and the roles may be written in capitals or not."""
    role = values.get("role", "").upper()
    return Profile(
        **{column: values.get(column, "") for column in ADDRESS_BOOK_COLUMNS},
        hidden=_HIDDEN.get(values.get("hidden", "").lower()),
        role=role if role in ROLES else "",
        identity_center_id=values.get("identity_center_id", ""),
    )


def read_quota(values: Mapping[str, str]) -> int:
    """The quota of a row in megabytes; 0 for none."""
    written = values.get("quota_mb", "")
    return int(written) if _MEGABYTES.fullmatch(written) else 0


def check_profile(values: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """The faults of one row. The lengths of texts are checked with those of the names."""
    hidden, role = values.get("hidden", ""), values.get("role", "")
    if hidden and hidden.lower() not in _HIDDEN:
        yield "hidden", "it is neither yes nor no", "write yes, no, or nothing"
    if role and role.upper() not in ROLES:
        yield "role", "it is no role that WorkMail gives", f"write {' or '.join(ROLES)}, or nothing"
    if values.get("quota_mb") and not 1 <= read_quota(values) <= MAX_QUOTA_MB:
        remedy = f"write megabytes in digits alone, 1 to {MAX_QUOTA_MB}, or nothing"
        yield "quota_mb", "it is no size that a mailbox can have", remedy
    identity = values.get("identity_center_id", "")
    if identity and (problem := identity_center_id_problem(identity)):
        remedy = "copy the user ID that Identity Center shows for the user, or leave it empty"
        yield "identity_center_id", problem, remedy
