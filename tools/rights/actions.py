"""Which IAM actions an operation of AWS's API needs, by the Service Authorization Reference.

Mostly one of the operation's own name, with the prefix that botocore's model gives the service.
What differs stands here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache

import botocore.session
from botocore import xform_name
from botocore.model import ServiceModel

SERVICES = (
    *("dynamodb", "s3", "secretsmanager", "sns", "sesv2", "stepfunctions", "scheduler"),
    *("route53", "workmail", "lambda", "events", "sqs", "cloudwatch", "logs", "kms"),
)
"""By botocore's names, those whose calls are looked for in the code."""

_OTHERS: Mapping[tuple[str, str], tuple[str, ...]] = {
    # Without ListBucket, a file that is not there looks like one that is forbidden.
    ("s3", "GetObject"): ("s3:GetObject", "s3:ListBucket"),
    ("s3", "HeadObject"): ("s3:GetObject", "s3:ListBucket"),
    ("s3", "ListObjectsV2"): ("s3:ListBucket",),
    ("s3", "ListObjectVersions"): ("s3:ListBucketVersions",),
    ("s3", "DeleteObjects"): ("s3:DeleteObject",),
    ("scheduler", "CreateSchedule"): ("scheduler:CreateSchedule", "iam:PassRole"),
}
_OF_VERSIONS: Mapping[tuple[str, str], str] = {
    ("s3", "GetObject"): "s3:GetObjectVersion",
    ("s3", "DeleteObject"): "s3:DeleteObjectVersion",
    ("s3", "DeleteObjects"): "s3:DeleteObjectVersion",
}
_IN_A_TRANSACTION = {
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
}


@cache
def model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


@cache
def operations(service: str) -> Mapping[str, str]:
    """The operations of a service by the names of boto3's methods."""
    return {xform_name(each): each for each in model(service).operation_names}


@cache
def method_names() -> frozenset[str]:
    """Everything that may be a method of a client."""
    return frozenset(name for service in SERVICES for name in operations(service))


def actions_of(service: str, operation: str, members: Collection[str]) -> tuple[str, ...]:
    """The IAM actions of a call. `members` are the names of what is given to it, however deep."""
    if operation in ("TransactWriteItems", "TransactGetItems"):
        return tuple(
            sorted(_IN_A_TRANSACTION[each] for each in set(members) & set(_IN_A_TRANSACTION))
        )
    if "VersionId" in members and (service, operation) in _OF_VERSIONS:
        return (_OF_VERSIONS[service, operation],)
    own = f"{model(service).signing_name}:{operation}"
    found = _OTHERS.get((service, operation), (own,))
    if (service, operation) == ("secretsmanager", "CreateSecret") and "Tags" in members:
        found = (*found, "secretsmanager:TagResource")
    return found
