"""What outlives the stack: the ledger, the bucket, the source's credentials and the passwords of
the target's mailboxes. The secrets with made-up passwords are made by the runs themselves, and
outlive it as well.

All of them are kept when the stack is deleted. After that, a new stack of the same tenant gets a
new table and a new bucket, but the secrets' names are taken: delete or rename the old ones first.

Encryption is that of AWS's own keys (DynamoDB, S3, `aws/secretsmanager`), not a key of the
customer. A key of one's own would have to be granted to every function and to the state machine,
whose Distributed Map reads and writes the bucket outside of any function, and whoever schedules
its deletion loses the ledger and the audit trail. It would keep out nobody whom the narrow grants
let in. Where a rule demands it, it belongs here.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

SOURCE_LOGINS = (
    "Logins of the mail source, put in after the deployment. JSON, one or both of: "
    '{"mailboxes": {"user": "password"}, "admin": {"user": "...", "password": "..."}}. '
    "The administrator opens the mailboxes that have no password of their own."
)

TARGET_PASSWORDS = (
    "Passwords of mailboxes in WorkMail, by address. May stay empty: then new users get what "
    "passwords.new_users in the tenant file says, and IMAP opens the mailboxes alone whose "
    'passwords were made up. JSON: {"mailboxes": {"address": "password"}}; with '
    '"administrator": {"password": "..."} for the migration administrator of the WorkMail console.'
)


class Storage(Construct):
    """`ledger` (table with string keys pk and sk), `bucket`, `secret` (the source's logins) and
    `passwords` (the target's); the secrets have no value at first."""

    def __init__(self, scope: Construct, construct_id: str, *, tenant: str) -> None:
        super().__init__(scope, construct_id)
        # A plain table: TableV2 makes a global table, of which this has no use.
        self.ledger = dynamodb.Table(
            self,
            "Ledger",
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            versioned=True,  # a run reads the very version of the wave that it has written
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            lifecycle_rules=[
                s3.LifecycleRule(abort_incomplete_multipart_upload_after=cdk.Duration.days(7))
            ],
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        # The higher-level Secret would fill it with a random password; this one has no value.
        self.secret = secretsmanager.CfnSecret(
            self, "SourceCredentials", name=secret_name(tenant), description=SOURCE_LOGINS
        )
        self.secret.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        self.passwords = secretsmanager.CfnSecret(
            self, "TargetPasswords", name=passwords_name(tenant), description=TARGET_PASSWORDS
        )
        self.passwords.apply_removal_policy(cdk.RemovalPolicy.RETAIN)


def secret_name(tenant: str) -> str:
    """Where the operator puts the source's credentials."""
    return f"workmail-migration/{tenant}/source"


def passwords_name(tenant: str) -> str:
    """Where the operator puts passwords of the target's mailboxes."""
    return f"workmail-migration/{tenant}/target"


def secrets_prefix(tenant: str) -> str:
    """How the names of all secrets of a tenant begin."""
    return f"workmail-migration/{tenant}/"


def waves_prefix(tenant: str) -> str:
    """Where the runs keep the passwords that they have made up."""
    return f"{secrets_prefix(tenant)}waves/"


def administrator_name(tenant: str) -> str:
    """Where the runs keep the password of an administrator of their own."""
    return f"{secrets_prefix(tenant)}administrator"


def secret_arn(stack: cdk.Stack, name: str) -> str:
    """The ARN of a secret without its random end, or of all whose names begin so."""
    return stack.format_arn(
        service="secretsmanager",
        resource="secret",
        resource_name=name,
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
