"""The key under which everything of a tenant is encrypted, and who may use it for what.

Nobody may use it directly, the account's administrators included: only by a service that keeps
something encrypted, and only who has the right on the key in an IAM policy as well. Administrators
manage it, and so may change this policy.

What each service wants is in its guide: of Step Functions "Data at rest encryption", of SQS "Key
management", of CloudWatch Logs "Encrypt log data using AWS KMS".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

MANAGING = (
    *("CreateAlias", "UpdateAlias", "DeleteAlias", "ListAliases"),
    *("DescribeKey", "UpdateKeyDescription", "EnableKey", "DisableKey"),
    *("GetKeyPolicy", "PutKeyPolicy", "ListKeyPolicies"),
    *("EnableKeyRotation", "DisableKeyRotation", "GetKeyRotationStatus"),
    *("ListKeyRotations", "RotateKeyOnDemand"),
    *("TagResource", "UntagResource", "ListResourceTags"),
    *("ListGrants", "RevokeGrant", "RetireGrant"),
    *("ScheduleKeyDeletion", "CancelKeyDeletion"),
)
USING = (
    *("Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo"),
    *("GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "DescribeKey"),
)
SERVICES = ("dynamodb", "lambda", "s3", "secretsmanager", "sns", "sqs", "states")
"""Those that ask for the key in the name of whoever calls them."""

_DELETION_DAYS = 30  # the longest that KMS allows


def make_key(scope: Construct, construct_id: str, *, tenant: str, machine_name: str) -> kms.Key:
    """The tenant's key: renewed every year, kept when the stack goes, and deleted only 30 days
    after somebody has ordered it. Its alias is alias/workmail-migration/<tenant>."""
    return kms.Key(
        scope,
        construct_id,
        alias=f"workmail-migration/{tenant}",
        description=f"All that the mail migration of tenant {tenant} keeps",
        enable_key_rotation=True,
        pending_window=cdk.Duration.days(_DELETION_DAYS),
        removal_policy=cdk.RemovalPolicy.RETAIN,
        policy=iam.PolicyDocument(
            statements=[
                *_for_the_account(cdk.Stack.of(scope), machine_name),
                *_for_services(cdk.Stack.of(scope)),
            ]
        ),
    )


def via(stack: cdk.Stack, *services: str) -> Mapping[str, object]:
    """The condition that the key is asked for by one of these services."""
    names = [f"{service}.{stack.region}.amazonaws.com" for service in services]
    return {"StringEquals": {"kms:ViaService": names}}


def of_executions(stack: cdk.Stack, machine_name: str) -> Mapping[str, object]:
    """The condition that data of the state machine's executions is at stake. Step Functions gives
    its ARN as encryption context. Children of a Distributed Map and published versions have longer
    ones; which of them KMS is told is not documented."""
    machine = stack.format_arn(
        service="states",
        resource="stateMachine",
        resource_name=machine_name,
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
    names = [machine, f"{machine}:*", f"{machine}/*"]
    return {"StringLike": {"kms:EncryptionContext:aws:states:stateMachineArn": names}}


def of_log_delivery(stack: cdk.Stack) -> Mapping[str, object]:
    """The condition that lines of the state machine are on their way to CloudWatch Logs."""
    return {"StringEquals": {"kms:EncryptionContext:SourceArn": _arn(stack, "logs", "*")}}


def _for_the_account(stack: cdk.Stack, machine_name: str) -> Iterator[iam.PolicyStatement]:
    """What IAM policies of the account may give; without them nobody has any of it."""
    wanted: tuple[tuple[str, tuple[str, ...], Mapping[str, object]], ...] = (
        ("Manage", MANAGING, {}),
        ("UseByServices", USING, via(stack, *SERVICES)),
        # DynamoDB and Lambda make grants for what they do without a caller
        (
            "LetServicesGoOn",
            ("CreateGrant",),
            {**via(stack, *SERVICES), "Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
        # the machine's own role asks KMS without a service between
        ("Execute", ("Decrypt", "GenerateDataKey"), of_executions(stack, machine_name)),
        ("LogExecutions", ("GenerateDataKey",), of_log_delivery(stack)),
    )
    for name, actions, conditions in wanted:
        yield _statement(name, iam.AccountRootPrincipal(), actions, conditions)


def _for_services(stack: cdk.Stack) -> Iterator[iam.PolicyStatement]:
    """What services do without a caller of this account, for things of this stack alone."""
    groups = [
        _arn(stack, "logs", f"log-group:{prefix}/{stack.stack_name}-*")
        for prefix in ("/aws/lambda", "/aws/vendedlogs/states")
    ]
    wanted: tuple[tuple[str, str, tuple[str, ...], Mapping[str, object]], ...] = (
        (
            "KeepLogs",
            f"logs.{stack.region}.amazonaws.com",
            USING,
            {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        ),
        ("DeliverLogs", "delivery.logs.amazonaws.com", ("Decrypt",), of_log_delivery(stack)),
        (
            "KeepDeadLetters",
            "events.amazonaws.com",
            ("Decrypt", "GenerateDataKey"),
            _from(stack, _arn(stack, "events", f"rule/{stack.stack_name}-*")),
        ),
        (
            "TellOfAlarms",
            "cloudwatch.amazonaws.com",
            ("Decrypt", "GenerateDataKey"),
            from_alarms(stack),
        ),
    )
    for name, service, actions, conditions in wanted:
        yield _statement(name, iam.ServicePrincipal(service), actions, conditions)


def from_alarms(stack: cdk.Stack) -> Mapping[str, object]:
    """The condition that an alarm of this stack is the reason: its name must begin with the
    stack's, which CloudFormation sees to where none is given."""
    return _from(stack, _arn(stack, "cloudwatch", f"alarm:{stack.stack_name}-*"))


def _from(stack: cdk.Stack, source: str) -> Mapping[str, object]:
    """Against the confused deputy: the service works for every account."""
    return {
        "StringEquals": {"aws:SourceAccount": stack.account},
        "ArnLike": {"aws:SourceArn": source},
    }


def _statement(
    name: str, principal: iam.IPrincipal, actions: tuple[str, ...], conditions: Mapping[str, object]
) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid=name,
        principals=[principal],
        actions=[f"kms:{action}" for action in actions],
        resources=["*"],  # in a key's policy: this key
        conditions=conditions or None,
    )


def _arn(stack: cdk.Stack, service: str, rest: str) -> str:
    return f"arn:{stack.partition}:{service}:{stack.region}:{stack.account}:{rest}"
