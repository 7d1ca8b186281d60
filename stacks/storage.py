"""What outlives the stack: the ledger, the bucket, the source's credentials and the passwords of
the target's mailboxes. The secrets with made-up passwords are made by the runs themselves, and
outlive it as well.

All of them are kept when the stack is deleted. After that, a new stack of the same tenant gets a
new table and a new bucket, but the secrets' names are taken: delete or rename the old ones first.

All of it is encrypted with the tenant's key (stacks/keys.py), which outlives the stack with it:
whoever deletes that key deletes all of this. Why it is a key of one's own: decision 0024.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from stacks.acknowledgements import acknowledge
from stacks.keys import make_key
from stacks.protection_config import Protection
from stacks.secret_names import passwords_name, secret_name

QUARANTINE = "quarantine/"
"""Below it lie messages that were put aside, as they are."""

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
    """`key`, under which all of it is encrypted, `ledger` (table with string keys pk and sk),
    `bucket`, `secret` (the source's logins) and `passwords` (the target's); the secrets have no
    value at first. `machine_name`: the state machine that may use the key, too."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        tenant: str,
        machine_name: str,
        protection: Protection | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.key = make_key(self, "Key", tenant=tenant, machine_name=machine_name)
        # A plain table: TableV2 makes a global table, of which this has no use.
        self.ledger = dynamodb.Table(
            self,
            "Ledger",
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=self.key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        self.bucket = _make_bucket(self, self.key, protection or Protection())
        self.secret = self._make_secret("SourceCredentials", secret_name(tenant), SOURCE_LOGINS)
        self.passwords = self._make_secret(
            "TargetPasswords", passwords_name(tenant), TARGET_PASSWORDS
        )

    def _make_secret(
        self, construct_id: str, name: str, description: str
    ) -> secretsmanager.CfnSecret:
        # The higher-level Secret would fill it with a random password; this one has no value.
        secret = secretsmanager.CfnSecret(
            self, construct_id, name=name, description=description, kms_key_id=self.key.key_arn
        )
        secret.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        acknowledge(
            secret,
            {"SMG4": "The logins in it are others': their own administrators change them."},
        )
        return secret


def _make_bucket(scope: Construct, key: kms.Key, protection: Protection) -> s3.Bucket:
    days = cdk.Duration.days
    lifecycle = [
        s3.LifecycleRule(
            id="Superseded",
            abort_incomplete_multipart_upload_after=days(7),
            noncurrent_version_expiration=days(protection.superseded_days),
            expired_object_delete_marker=True,
        )
    ]
    if protection.quarantine_days:
        lifecycle.append(
            s3.LifecycleRule(
                id="Quarantine",
                prefix=QUARANTINE,
                expiration=days(protection.quarantine_days),
                # personal mail that is to go goes for good
                noncurrent_version_expiration=days(1),
            )
        )
    bucket = s3.Bucket(
        scope,
        "Bucket",
        versioned=True,  # a run reads the very version of the wave that it has written
        encryption=s3.BucketEncryption.KMS,
        encryption_key=key,
        bucket_key_enabled=True,  # one call of KMS for many objects
        enforce_ssl=True,
        minimum_tls_version=1.2,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,  # no access lists
        lifecycle_rules=lifecycle,
        removal_policy=cdk.RemovalPolicy.RETAIN,
    )
    bucket.add_to_resource_policy(_deny_other_encryption(bucket))
    if protection.quarantine_readers:
        bucket.add_to_resource_policy(_deny_other_readers(bucket, protection))
    acknowledge(
        bucket,
        {
            "S1": "An access log of the bucket would be a second bucket with object keys, read by "
            "nobody; CloudTrail data events are the account's own choice."
        },
    )
    return bucket


def _deny_other_encryption(bucket: s3.Bucket) -> iam.PolicyStatement:
    """Who uploads may leave the encryption to the bucket, or name KMS; not choose another."""
    header = "s3:x-amz-server-side-encryption"
    return iam.PolicyStatement(
        sid="NoOtherEncryption",
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=["s3:PutObject"],
        resources=[bucket.arn_for_objects("*")],
        conditions={"Null": {header: "false"}, "StringNotEquals": {header: "aws:kms"}},
    )


def _deny_other_readers(bucket: s3.Bucket, protection: Protection) -> iam.PolicyStatement:
    """No function reads there; a rule of the bucket's owner is stronger than rights on S3."""
    return iam.PolicyStatement(
        sid="QuarantineReaders",
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=["s3:GetObject", "s3:GetObjectVersion"],
        resources=[bucket.arn_for_objects(f"{QUARANTINE}*")],
        conditions={"ArnNotLike": {"aws:PrincipalArn": list(protection.quarantine_readers)}},
    )


def secret_arn(stack: cdk.Stack, name: str) -> str:
    """The ARN of a secret without its random end, or of all whose names begin so."""
    return stack.format_arn(
        service="secretsmanager",
        resource="secret",
        resource_name=name,
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
