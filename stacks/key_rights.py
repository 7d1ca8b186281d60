"""What a role needs on the tenant's key, by what it may do with the things that the key encrypts.

Actions that are not named here need nothing: the service does not touch what is encrypted for them
(ListBucket, DeleteSecret, StartExecution), or has a right of its own (log groups).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from stacks.keys import of_executions, via

_READ = frozenset({"kms:Decrypt"})
_WRITE = frozenset({"kms:GenerateDataKey"})

NEEDS: Mapping[str, frozenset[str]] = {
    # DynamoDB decrypts its table's key for each caller, also to write; it makes data keys itself
    **{
        f"dynamodb:{action}": _READ
        for action in (
            *("BatchGetItem", "BatchWriteItem", "ConditionCheckItem", "DeleteItem"),
            *("GetItem", "PutItem", "Query", "Scan", "UpdateItem"),
        )
    },
    "s3:GetObject": _READ,
    "s3:GetObjectVersion": _READ,
    "s3:PutObject": _WRITE,
    # an upload in parts reads what it has written
    "s3:ListMultipartUploadParts": _READ,
    "secretsmanager:GetSecretValue": _READ,
    "secretsmanager:CreateSecret": _READ | _WRITE,
    "secretsmanager:PutSecretValue": _READ | _WRITE,
    # both look whether a new data key can be decrypted before they use it
    "sns:Publish": _READ | _WRITE,
    "sqs:SendMessage": _READ | _WRITE,
    "states:DescribeExecution": _READ,
    "states:GetExecutionHistory": _READ,
}


def let_use_key(stack: cdk.Stack, key: kms.IKey, machine_name: str) -> None:
    """Gives each role of the stack the use of the key that its other rights want, by the services
    that they name and no other; resources are not looked at, for all of the tenant has one key.
    To be called when all policies are complete. `machine_name`: the state machine whose executions
    a role may ask about."""
    for node in stack.node.find_all():
        if isinstance(node, iam.Policy):
            document = stack.resolve(node.document)
            actions = [action for each in document["Statement"] for action in _actions(each)]
            node.add_statements(*_key_statements(stack, key, actions, machine_name))


def _key_statements(
    stack: cdk.Stack, key: kms.IKey, actions: Iterable[str], machine_name: str
) -> Iterator[iam.PolicyStatement]:
    needed: dict[str, set[str]] = {}
    for action in actions:
        for use in NEEDS.get(action, ()):
            needed.setdefault(use, set()).add(action.partition(":")[0])
    for use, services in sorted(needed.items()):
        if "states" in services:
            yield iam.PolicyStatement(
                actions=[use],
                resources=[key.key_arn],
                conditions=of_executions(stack, machine_name),
            )
        if others := sorted(services - {"states"}):
            yield iam.PolicyStatement(
                actions=[use], resources=[key.key_arn], conditions=via(stack, *others)
            )


def _actions(statement: Mapping[str, Any]) -> list[str]:
    actions = statement["Action"]
    return actions if isinstance(actions, list) else [actions]
