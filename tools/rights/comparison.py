"""What is needed beside what is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from localrun.iam import Statement, fits
from tools.rights.calls import find_calls
from tools.rights.machine import machine_needs
from tools.rights.needs import Need, needs_of
from tools.rights.program import Program
from tools.rights.reach import reach
from tools.rights.stack import Granted, Stack

LEADING_KEYS = "dynamodb:LeadingKeys"
MACHINE = "(state machine)"

BY_LAMBDA = (
    *("logs:CreateLogStream", "logs:PutLogEvents"),
    *("xray:PutTraceSegments", "xray:PutTelemetryRecords"),
)
"""What Lambda does in a function's name: write its log, and its traces; Step Functions, too, sends
traces in the machine's name."""

BY_STORES = "kms:"
"""The beginning of what S3, DynamoDB and the like do in the name of whoever calls them."""


@dataclass(frozen=True)
class Compared:
    """One role. `missing`: needed and not allowed; `more`: allowed and not needed."""

    name: str
    needed: frozenset[Need]
    missing: frozenset[Need]
    more: frozenset[Need]

    def complaints(self) -> list[str]:
        """One sentence for each difference, with what to do."""
        row = f"its row in stacks/function_table.py ({{}}), or {self.name}'s code"
        place = "stacks/machine.py" if self.name == MACHINE else row
        return [
            *(
                f"{self.name} calls {_tell(need)} and may not: change {place.format(_field(need))}"
                for need in sorted(self.missing)
            ),
            *(
                f"{self.name} may call {_tell(need)} and never does: change "
                f"{place.format(_field(need))}"
                for need in sorted(self.more)
            ),
        ]


def compare(program: Program, stack: Stack) -> list[Compared]:
    """All functions and the state machine."""
    found = []
    for handler, granted in sorted(stack.functions.items()):
        needed = needs_of(find_calls(reach(program, handler)), granted.place)
        found.append(compare_role(handler, needed | set(_by_lambda(granted)), granted.statements))
    needed = machine_needs(stack.definition, stack.machine_arn)
    found.append(compare_role(MACHINE, needed, stack.machine_statements))
    return found


def _by_lambda(granted: Granted) -> Iterator[Need]:
    """Lambda sends what it gave up on. Who grants sending by CDK's own means grants the other two,
    too, which tell the queue's address and settings and no message."""
    if granted.dead_letters:
        for action in ("SendMessage", "GetQueueAttributes", "GetQueueUrl"):
            yield Need(f"sqs:{action}", granted.dead_letters)


def compare_role(name: str, needed: set[Need], statements: Iterable[Statement]) -> Compared:
    """An allowed resource that is broader than what is needed counts as more, too."""
    allowed = set(allowed_by(statements))
    missing = {need for need in needed if not any(_covers(each, need) for each in allowed)}
    more = {each for each in allowed if not any(_covers(need, each) for need in needed)}
    return Compared(name, frozenset(needed), frozenset(missing), frozenset(more))


def allowed_by(statements: Iterable[Statement]) -> Iterator[Need]:
    """Each action with each resource and each key of the ledger."""
    for statement in statements:
        keys = [
            value
            for condition in statement.conditions
            if condition.key == LEADING_KEYS
            for value in condition.values
        ]
        for action in statement.actions:
            if statement.allows and action not in BY_LAMBDA and not action.startswith(BY_STORES):
                for resource in statement.resources:
                    for key in keys or ["*" if action.startswith("dynamodb:") else ""]:
                        yield Need(action, resource, key)


def _covers(wide: Need, narrow: Need) -> bool:
    """A pattern covers another if it fits it, read as a text: its `*` stands for every text."""
    return (
        wide.action == narrow.action
        and fits(narrow.resource, wide.resource)
        and fits(narrow.key, wide.key)
    )


def _tell(need: Need) -> str:
    return f"{need.action} on {need.key or need.resource}"


def _field(need: Need) -> str:
    """Which field of a row allows it."""
    service = need.action.partition(":")[0]
    if service == "dynamodb":
        return "records" if need.key.startswith("T#") else "folders"
    if service == "secretsmanager":
        end = need.resource.partition("/")[2].partition("/")[2]
        kinds = {"waves": "waves", "administrator": "administrator", "source": "secret"}
        return next((each for kind, each in kinds.items() if end.startswith(kind)), "passwords")
    return _FIELDS.get(need.action, _FIELDS.get(service, "a new field"))


_FIELDS = {
    "s3:GetObject": "reads",
    "s3:ListBucket": "reads",
    "s3:GetObjectVersion": "pinned",
    "s3:PutObject": "writes",
    "s3:ListBucketVersions": "counts_all",
    "s3:DeleteObjectVersion": "erases_all",
    "states:DescribeExecution": "observes",
    "states:StopExecution": "stops",
    "states:ListMapRuns": "stops",
    "states:SendTaskSuccess": "answers",
    "states:SendTaskFailure": "answers",
    "scheduler:ListSchedules": "lists_schedules",
    "scheduler": "schedules",
    "iam": "schedules",
    "workmail": "workmail",
    "route53": "zones",
    "sns": "tells",
    "ses": "mails",
}
