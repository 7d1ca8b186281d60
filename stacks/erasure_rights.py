"""What the functions of the phase erase may do: list what is kept of the tenant, and erase it."""

from __future__ import annotations

from collections.abc import Iterator

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from stacks.ledger_rights import LEADING_KEYS
from stacks.secret_names import administrator_name, waves_prefix
from stacks.storage import Storage, secret_arn


def erasure_statements(
    storage: Storage, tenant: str, *, counts: bool, erases: bool
) -> Iterator[iam.PolicyStatement]:
    """None for who does neither. The scan of the ledger has no leading keys, and none can be asked
    for; what is deleted has. One statement for both kinds of items, because one request deletes
    both: two would each allow only requests of their own kind. Secrets are found by ListSecrets,
    for which IAM knows no narrower resource than all; the call names the prefix of the tenant, and
    shows no value."""
    bucket = storage.bucket
    given = [storage.secret.ref, storage.passwords.ref]
    stack = cdk.Stack.of(storage)
    made = [
        secret_arn(stack, f"{name}*") for name in (waves_prefix(tenant), administrator_name(tenant))
    ]
    allowed = {
        "dynamodb:Scan": [storage.ledger.table_arn],
        "s3:ListBucketVersions": [bucket.bucket_arn],
        "secretsmanager:ListSecrets": ["*"],
        "secretsmanager:GetSecretValue": given,
    }
    erasing = {
        "s3:DeleteObjectVersion": [bucket.arn_for_objects("*")],
        "secretsmanager:DeleteSecret": made,
        "secretsmanager:PutSecretValue": given,
    }
    for action, resources in {**(allowed if counts else {}), **(erasing if erases else {})}.items():
        yield iam.PolicyStatement(actions=[action], resources=resources)
    if erases:
        keys = [f"T#{tenant}", f"M#{tenant}#*"]
        yield iam.PolicyStatement(
            actions=["dynamodb:BatchWriteItem"],
            resources=[storage.ledger.table_arn],
            conditions={"ForAllValues:StringLike": {LEADING_KEYS: keys}},
        )
