"""What an operator may set about the protection of a tenant's data and rights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from stacks.checks import between, matches

_READER = r"arn:aws:iam::\d{12}:(role|user)/[\w+=,.@/*-]+"
_BOUNDARY = r"([\w+=,.@-]{1,128}|arn:aws:iam::(\d{12}|aws):policy/[\w+=,.@/-]+)?"


@dataclass(frozen=True, slots=True)
class Protection:
    """Who may see the tenant's data, and how long it is kept.

    quarantine_readers  ARNs of the roles and users who may read messages that were put aside, below
                  quarantine/; everybody else is denied it, whatever their rights on S3. None means
                  everybody in the account who may read the bucket and use the tenant's key
    quarantine_days  so many days after a message was put aside, S3 deletes it; 0 means never: it
                  may be the only copy once the old server is gone
    superseded_days  so many days after an object was overwritten or deleted, S3 forgets what it
                  was; an execution may last 120 days and reads the very version it began with
    permissions_boundary  the name or the ARN of a policy that bounds every role of the stack; the
                  context @aws-cdk/core:permissionsBoundary does the same for all tenants
    """

    quarantine_readers: tuple[
        Annotated[str, matches(_READER, "the ARN of a role or user")], ...
    ] = ()
    quarantine_days: Annotated[int, between(0, 3650)] = 0
    superseded_days: Annotated[int, between(121, 3650)] = 130
    permissions_boundary: Annotated[
        str, matches(_BOUNDARY, "the name or the ARN of an IAM policy")
    ] = ""
