"""What a function needs of IAM: its API calls, with the ARNs of what they name.

The patterns of values.py become ARNs by the environment that the template gives the function. What
is known at run time only is bounded by what is written down here, each with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tools.rights.calls import ApiCall

_UNKNOWN = ("*",)
"""Of what a call does not tell: no narrow role allows it, so that it is noticed."""
_FOUND_ITEMS = ("T#{tenant}", "M#{tenant}#*")
"""The partition keys of items that are deleted without being named in the code: they were found by
a scan, whose filter is the tenant's items and those of its mailboxes (aws/ledger_erasure.py)."""
_FOUND_SECRETS = ("{secrets_arn}waves/*", "{secrets_arn}administrator")
"""The secrets that are deleted without being named in the code: they were found by ListSecrets, and
of those the ones that the migration has made are taken (aws/secret_erasure.py)."""
_OF_BUCKETS = ("s3:ListBucket", "s3:ListBucketVersions")
"""Actions on the bucket, by the Service Authorization Reference; all others are on its objects."""


@dataclass(frozen=True, order=True)
class Need:
    """An action on a resource, an ARN with `*` for what is open. `key`: of the ledger, which
    partition keys; "" for everything else."""

    action: str
    resource: str
    key: str = ""


@dataclass(frozen=True)
class Place:
    """Where a stack is, and the environment of one of its functions."""

    region: str
    account: str
    environment: Mapping[str, str]

    def fill(self, text: str) -> str:
        """The text with the settings in it."""
        return re.sub(r"\{(\w+)\}", lambda match: self.environment[match[1].upper()], text)

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


def needs_of(calls: list[ApiCall], place: Place) -> set[Need]:
    """What these calls need."""
    return {need for call in calls for need in _needs(call, place)}


def _needs(call: ApiCall, place: Place) -> Iterator[Need]:
    name = {"sesv2": "ses"}.get(call.service, call.service)
    for action in call.actions:
        for resource in _RESOURCES[name](replace(call, actions=(action,)), place):
            for key in _leading_keys(call):
                yield Need(action, resource, _of_mailboxes(place.fill(key).replace("**", "*")))


def _of_mailboxes(key: str) -> str:
    """A role is given the items of all mailboxes, or those of none: which one, and whether its mail
    or its calendars (`-items`), is not told apart."""
    first, mark, rest = key.partition("#")
    tenant, then, _ = rest.partition("#")
    return f"{first}{mark}{tenant}#*" if first == "M" and then else key


def _leading_keys(call: ApiCall) -> tuple[str, ...]:
    """A scan has none: it reads every partition."""
    if call.service != "dynamodb":
        return ("",)
    found = _FOUND_ITEMS if call.operation == "BatchWriteItem" else _UNKNOWN
    return call.texts("pk") or found


def _ledger(call: ApiCall, place: Place) -> Iterator[str]:
    yield place.arn("dynamodb", f"table/{place.environment['TABLE_NAME']}")


def _bucket(call: ApiCall, place: Place) -> Iterator[str]:
    """Keys count by their first folder. A version that is always empty is none: what would ask for
    it is not reached."""
    bucket = place.environment["BUCKET_NAME"]
    if call.texts("VersionId") == ("",):
        return
    if call.actions[0] in _OF_BUCKETS:
        yield f"arn:aws:s3:::{bucket}"
        return
    for text in call.texts("Key") or _UNKNOWN:
        key = place.fill(text)
        first, slash, _ = key.partition("/")
        yield f"arn:aws:s3:::{bucket}/{first}/*" if slash else f"arn:aws:s3:::{bucket}/{key}"


def _secret(call: ApiCall, place: Place) -> Iterator[str]:
    """The paths below waves/ count as one. A secret's ARN has a random end, unless one asks for a
    secret that is not there. Of a new secret, the name is the end of the tenant's ARN."""
    if call.operation == "ListSecrets":
        yield "*"  # IAM knows nothing narrower
        return
    if names := call.texts("Name"):
        for text in names:
            yield _without_run(place.fill(text.replace("*", "{secrets_arn}", 1)))
        return
    found = call.texts("SecretId") or _UNKNOWN
    if call.operation == "DeleteSecret" and found == _UNKNOWN:
        found = _FOUND_SECRETS
    for text in found:
        yield _without_run(place.fill(text))


def _without_run(arn: str) -> str:
    before, waves, _ = arn.partition("/waves/")
    made_by_a_run = waves or arn.endswith("/administrator")
    return f"{before}{waves}*" if made_by_a_run else arn


def _execution(call: ApiCall, place: Place) -> Iterator[str]:
    """Executions are named by the ledger's lock and by the execution itself, and are those of the
    tenant's machine; whoever answers a task has its token, and IAM asks for the machine. Neither's
    ARN has the alias by which the machine is started: an execution's is
    execution:<machine>:<name>, and a token tells nothing of what was started."""
    machine = without_qualifier(place.environment["MACHINE_ARN"])
    if call.operation.startswith("SendTask"):
        yield machine
    else:
        yield machine.replace(":stateMachine:", ":execution:") + ":*"


def without_qualifier(arn: str) -> str:
    """The ARN of a state machine or of a function without its version or alias, which is the eighth
    part: arn:aws:states:<region>:<account>:stateMachine:<name>:<alias>."""
    return ":".join(arn.split(":")[:7])


def _schedule(call: ApiCall, place: Place) -> Iterator[str]:
    if call.actions == ("iam:PassRole",):
        yield place.environment["LATE_ROLE_ARN"]
    elif call.operation == "ListSchedules":
        yield "*"  # IAM knows nothing narrower
    else:
        for group in call.texts("GroupName") or _UNKNOWN:
            yield place.arn("scheduler", f"schedule/{place.fill(group)}/*")


def _zone(call: ApiCall, place: Place) -> Iterator[str]:
    """Zones are found by the tenant's domains; only their changes can be bounded to those."""
    kinds = {"ListHostedZonesByName": "*", "GetChange": "arn:aws:route53:::change/*"}
    yield kinds.get(call.operation, "arn:aws:route53:::hostedzone/*")


def _sender(call: ApiCall, place: Place) -> Iterator[str]:
    sender = place.environment["CLIENTS_SENDER"]
    for name in (sender, sender.rpartition("@")[2]):
        yield place.arn("ses", f"identity/{name}")


def _organization(call: ApiCall, place: Place) -> Iterator[str]:
    yield place.arn("workmail", f"organization/{place.environment['ORGANIZATION_ID']}")


def _topic(call: ApiCall, place: Place) -> Iterator[str]:
    for text in call.texts("TopicArn") or _UNKNOWN:
        yield place.fill(text)


_RESOURCES = {
    "dynamodb": _ledger,
    "s3": _bucket,
    "secretsmanager": _secret,
    "stepfunctions": _execution,
    "scheduler": _schedule,
    "route53": _zone,
    "ses": _sender,
    "workmail": _organization,
    "sns": _topic,
}
