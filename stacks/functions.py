"""One Lambda function per handler: lambdas/copy_slice.py is <stack>-copy-slice.

`TABLE` has a row per handler: how big it is and what it may do. A handler without a row fails the
synth, and so does a row without a handler; so a new step cannot be deployed with rights that
nobody has chosen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.config import Copy, TenantConfig
from stacks.errors import SynthError
from stacks.layer import ARCHITECTURE, RUNTIME, make_layer
from stacks.storage import Storage, secrets_prefix, waves_prefix

_NAME_LIMIT = 64  # of a Lambda function's name


@dataclass(frozen=True, slots=True)
class Row:
    """What one function gets. All of them read and write the ledger.

    timeout   seconds; less than the TimeoutSeconds of its state, so that Lambda's own error,
              which tells more, comes first
    memory    MB; the share of a CPU grows with it
    reads     key patterns of the bucket
    writes    key patterns of the bucket
    secret    may read the source's credentials
    passwords  may read the passwords of the target's mailboxes
    waves     actions on the secrets with made-up passwords
    workmail  actions on the tenant's organization
    observes  may ask whether an execution of the state machine still runs
    by_rule   called by a rule (see triggers.py) and not by a state of its name
    """

    timeout: int = 100
    memory: int = 256
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    secret: bool = False
    passwords: bool = False
    waves: tuple[str, ...] = ()
    workmail: tuple[str, ...] = ()
    observes: bool = False
    by_rule: bool = False


_READ_WAVES = ("GetSecretValue",)
_WRITE_WAVES = ("GetSecretValue", "CreateSecret", "TagResource", "PutSecretValue")
_CHANGE_WAVES = ("GetSecretValue", "PutSecretValue")
_ASK_ORGANIZATION = ("DescribeOrganization", "DescribeIdentityProviderConfiguration")
_TAKE_RIGHTS_AWAY = (
    *("ListImpersonationRoles", "DeleteImpersonationRole"),
    *("PutMailboxPermissions", "DeleteMailboxPermissions"),
    *("DescribeEntity", "DescribeUser", "DeregisterFromWorkMail", "DeleteUser"),
)
_FIND_USER = ("DescribeEntity", "DescribeUser")
_SEE_ENTITY = (
    *("DescribeGroup", "ListGroups", "DescribeResource", "ListAliases"),
    *("ListGroupMembers", "ListResourceDelegates", "ListMailboxPermissions"),
)
_FIND_NAME = ("ListGroups", "DescribeResource", "DescribeUser")
_MAKE_ENTITY = (
    *(*_FIND_USER, "DescribeGroup", "ListGroups", "DescribeResource", "ListAliases"),
    *("CreateGroup", "UpdateGroup", "CreateResource", "UpdateResource"),
    *("RegisterToWorkMail", "CreateAlias"),
)

TABLE: Mapping[str, Row] = {
    "prepare": Row(observes=True),
    # the plan asks WorkMail two to four times for each of the manifest's entries
    "preflight": Row(
        timeout=880,
        memory=512,
        reads=("intake/*",),
        writes=("plans/*",),
        secret=True,
        passwords=True,
        workmail=(
            *("DescribeOrganization", "GetMailDomain", "GetDefaultRetentionPolicy"),
            *("ListAccessControlRules", "DescribeInboundDmarcSettings"),
            *("DescribeIdentityProviderConfiguration", "ListUsers", "GetMailboxDetails"),
            *_FIND_USER,
            *_SEE_ENTITY,
        ),
    ),
    "plan_wave": Row(timeout=280, memory=512, reads=("intake/*",), writes=("plans/*",)),
    "ensure_domains": Row(
        workmail=("GetMailDomain", "RegisterMailDomain", "UpdateDefaultMailDomain")
    ),
    "prepare_passwords": Row(
        timeout=280,
        passwords=True,
        waves=_WRITE_WAVES,
        workmail=("DescribeOrganization", "DescribeIdentityProviderConfiguration"),
    ),
    "provision_user": Row(
        passwords=True,
        waves=_READ_WAVES,
        workmail=(
            *_FIND_USER,
            "DescribeOrganization",
            "GetMailDomain",
            "UpdatePrimaryEmailAddress",
            "CreateUser",
            "RegisterToWorkMail",
            "UpdateUser",
            "GetMailboxDetails",
            "UpdateMailboxQuota",
            "ListAliases",
            "CreateAlias",
        ),
    ),
    "provision_entity": Row(workmail=_MAKE_ENTITY),
    # a group of 1,000 members is 2,000 calls
    "link_entity": Row(
        timeout=280,
        workmail=(
            *_MAKE_ENTITY,
            *("ListGroupMembers", "AssociateMemberToGroup"),
            *("ListResourceDelegates", "AssociateDelegateToResource"),
            *("ListMailboxPermissions", "PutMailboxPermissions"),
        ),
    ),
    "fail_entity": Row(),
    "settle_passwords": Row(
        timeout=280, waves=("GetSecretValue", "PutSecretValue", "DeleteSecret")
    ),
    "enable_administrator": Row(
        timeout=280,
        passwords=True,
        waves=_WRITE_WAVES,
        workmail=(
            *_FIND_USER,
            "ListImpersonationRoles",
            "CreateImpersonationRole",
            "AssumeImpersonationRole",
            *_ASK_ORGANIZATION,
            *("CreateUser", "ResetPassword", "RegisterToWorkMail"),
            *("ListMailboxPermissions", "PutMailboxPermissions"),
        ),
    ),
    # TLS, base64 and XML want CPU; the memory itself stays below 512 MB for any mailbox
    "copy_slice": Row(
        timeout=900,
        memory=1024,
        reads=("audit/*",),
        writes=("audit/*", "quarantine/*"),
        secret=True,
        passwords=True,
        waves=_READ_WAVES,
        workmail=("AssumeImpersonationRole",),
    ),
    # the traits of a message of 40 MB need several times its size
    "verify_mailbox": Row(
        timeout=900,
        memory=1024,
        reads=("audit/*", "verify/*"),
        writes=("verify/*",),
        secret=True,
        passwords=True,
        waves=_READ_WAVES,
        workmail=("AssumeImpersonationRole",),
    ),
    "fail_mailbox": Row(),
    "summarise_pass": Row(timeout=280),
    "check_dns": Row(workmail=("GetMailDomain",)),
    "verify_tenant": Row(timeout=280),
    "reset_passwords": Row(
        timeout=280, passwords=True, waves=_WRITE_WAVES, workmail=("ResetPassword",)
    ),
    "plan_rollback": Row(
        timeout=280,
        memory=512,
        writes=("plans/*", "reports/*"),
        workmail=("ListUsers", *_FIND_NAME),
    ),
    "approve_rollback": Row(writes=("reports/*",)),
    "look_into_mailbox": Row(
        timeout=280,
        memory=512,
        reads=("audit/*",),
        passwords=True,
        waves=_READ_WAVES,
        workmail=("DescribeUser", "AssumeImpersonationRole"),
    ),
    "order_rollback": Row(
        timeout=280, memory=512, writes=("plans/*",), workmail=("ListUsers", *_FIND_NAME)
    ),
    "undo_step": Row(
        timeout=280,
        reads=("audit/*",),
        writes=("audit/*",),
        workmail=(
            *_FIND_NAME,
            "DescribeGroup",
            "ListMailboxPermissions",
            "PutMailboxPermissions",
            "DeleteMailboxPermissions",
            "DeleteAlias",
            "DisassociateMemberFromGroup",
            "DisassociateDelegateFromResource",
            "DeregisterFromWorkMail",
            "DeleteUser",
            "DeleteGroup",
            "DeleteResource",
            "DeregisterMailDomain",
        ),
    ),
    "disable_administrator": Row(timeout=280, waves=_CHANGE_WAVES, workmail=_TAKE_RIGHTS_AWAY),
    "write_report": Row(
        timeout=280, memory=512, reads=("verify/*", "reports/*"), writes=("reports/*",)
    ),
    "release_lock": Row(),
    "clean_up": Row(
        timeout=900,
        waves=_CHANGE_WAVES,
        workmail=_TAKE_RIGHTS_AWAY,
        observes=True,
        by_rule=True,
    ),
}


class HandlersError(SynthError):
    """Handlers and table do not fit together."""


class Functions(Construct):
    """`by_handler`: the function of each handler, by the name of its file; `by_state`: those that a
    state calls."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: TenantConfig,
        storage: Storage,
        machine_name: str,
        folder: Path,
        table: Mapping[str, Row] = TABLE,
    ) -> None:
        super().__init__(scope, construct_id)
        self._config = config
        self._storage = storage
        self._machine_name = machine_name
        self._environment = make_environment(config, storage)
        self._layer = make_layer(self, "Packages", folder / "requirements.txt")
        self._code = lambda_.Code.from_asset(
            str(folder), exclude=["requirements.txt", "**/__pycache__", "**/*.pyc"]
        )
        self.by_handler: Mapping[str, lambda_.Function] = {
            handler: self._add(handler, table[handler]) for handler in match_handlers(folder, table)
        }
        self.by_state: Mapping[str, lambda_.Function] = {
            handler: function
            for handler, function in self.by_handler.items()
            if not table[handler].by_rule
        }

    def _add(self, handler: str, row: Row) -> lambda_.Function:
        name = f"{cdk.Stack.of(self).stack_name}-{handler.replace('_', '-')}"
        if len(name) > _NAME_LIMIT:
            raise HandlersError(f"{name}: a function's name has at most {_NAME_LIMIT} characters")
        state = state_name(handler)
        log_group = logs.LogGroup(
            self,
            f"{state}Logs",
            log_group_name=f"/aws/lambda/{name}",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=cdk.RemovalPolicy.DESTROY,  # ids and counts; the record is the ledger
        )
        role = iam.Role(
            self, f"{state}Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")
        )
        for statement in self._statements(row):
            role.add_to_policy(statement)
        # instead of AWSLambdaBasicExecutionRole, which may write to every log group
        log_group.grant_write(role)
        return lambda_.Function(
            self,
            state,
            function_name=name,
            description=f"State {state} of the migration of tenant {self._config.tenant}",
            runtime=RUNTIME,
            architecture=ARCHITECTURE,
            handler=f"{handler}.handler",
            code=self._code,
            layers=[self._layer],
            memory_size=row.memory,
            timeout=cdk.Duration.seconds(row.timeout),
            environment=self._environment,
            log_group=log_group,
            role=role,
        )

    def _statements(self, row: Row) -> list[iam.PolicyStatement]:
        stack, bucket = cdk.Stack.of(self), self._storage.bucket
        organization = stack.format_arn(
            service="workmail",
            resource="organization",
            resource_name=self._config.organization_id,
        )
        executions = stack.format_arn(
            service="states",
            resource="execution",
            resource_name=f"{self._machine_name}:*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        ledger = ("BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem")
        waves = _secret_arn(stack, f"{waves_prefix(self._config.tenant)}*")
        key = self._config.passwords.kms_key
        secrets = [self._storage.secret.ref] * row.secret
        secrets += [self._storage.passwords.ref] * row.passwords
        # without ListBucket, a file that is not there looks like one that is forbidden
        wanted = [
            ("dynamodb", ledger, [self._storage.ledger.table_arn]),
            ("s3", ("GetObject",), [bucket.arn_for_objects(keys) for keys in row.reads]),
            ("s3", ("ListBucket",), [bucket.bucket_arn] if row.reads else []),
            ("s3", ("PutObject",), [bucket.arn_for_objects(keys) for keys in row.writes]),
            ("secretsmanager", ("GetSecretValue",), secrets),
            ("secretsmanager", row.waves, [waves] if row.waves else []),
            ("kms", ("Decrypt", "GenerateDataKey"), [key] if key and row.waves else []),
            ("workmail", row.workmail, [organization] if row.workmail else []),
            ("states", ("DescribeExecution",), [executions] * row.observes),
        ]
        return [
            iam.PolicyStatement(
                actions=[f"{service}:{action}" for action in actions], resources=resources
            )
            for service, actions, resources in wanted
            if resources
        ]


def match_handlers(folder: Path, table: Mapping[str, Row]) -> list[str]:
    """The handlers of a folder, in alphabetical order: its files but those that begin with _.
    HandlersError names every file without a row, and every row without a file."""
    files = {path.stem for path in folder.glob("[!_]*.py")}
    problems = [
        f"lambdas/{name}.py has no row in stacks/functions.py" for name in files - set(table)
    ]
    problems += [
        f"the row {name} in stacks/functions.py has no lambdas/{name}.py"
        for name in set(table) - files
    ]
    if problems:
        raise HandlersError("\n".join(sorted(problems)))
    return sorted(files)


def state_name(handler: str) -> str:
    """copy_slice -> CopySlice"""
    return "".join(word.capitalize() for word in handler.split("_"))


def _secret_arn(stack: cdk.Stack, name: str) -> str:
    """The ARN of a secret without its random end, or of all whose names begin so."""
    return stack.format_arn(
        service="secretsmanager",
        resource="secret",
        resource_name=name,
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )


def make_environment(config: TenantConfig, storage: Storage) -> dict[str, str]:
    """What migration/settings.py reads: each of its fields in capitals. Lists have commas, but
    for the folder patterns: a folder's name may have one, so they are JSON."""
    return {
        "TENANT": config.tenant,
        "ORGANIZATION_ID": config.organization_id,
        "DOMAINS": ",".join(config.domains),
        "TABLE_NAME": storage.ledger.table_name,
        "BUCKET_NAME": storage.bucket.bucket_name,
        "MANIFEST_KEY": config.manifest,
        "SOURCE_KIND": config.source.kind,
        "SOURCE_HOST": config.source.host,
        "SOURCE_PORT": str(config.source.port),
        "SOURCE_TLS": config.source.tls,
        "SOURCE_MAX_CONNECTIONS": str(config.source.max_connections),
        "SOURCE_SECRET_ARN": storage.secret.ref,
        "TARGET_KIND": config.target.kind,
        "TARGET_SECRET_ARN": storage.passwords.ref,
        "TARGET_ADMINISTRATOR": config.target.administrator,
        "EWS_URL": config.target.ews_url,
        "TARGET_IMAP_HOST": config.target.imap_host,
        "TARGET_IMAP_PORT": str(config.target.imap_port),
        "TARGET_IMAP_TLS": config.target.imap_tls,
        **_copy_environment(config.copy),
        "DOMAIN_REGISTER": str(config.domain_setup.register).lower(),
        "DOMAIN_WAIT_DAYS": str(config.domain_setup.wait_days),
        "DOMAIN_MAKE_DEFAULT": str(config.domain_setup.make_default).lower(),
        "DOMAIN_START_BEFORE_VERIFIED": str(config.domain_setup.start_before_verified).lower(),
        "DNS_SERVERS": ",".join(config.dns.servers),
        "DNS_TIMEOUT_DAYS": str(config.dns.timeout_days),
        "USER_CONCURRENCY": str(config.limits.users),
        "MAILBOX_CONCURRENCY": str(config.limits.mailboxes),
        "DELTA_INTERVAL_MINUTES": str(config.delta.interval_minutes),
        "DELTA_PASSES": str(config.delta.passes),
        "ROLLBACK_KEEP_COPIED": str(config.rollback.keep_copied).lower(),
        "SECRETS_ARN": _secret_arn(cdk.Stack.of(storage), secrets_prefix(config.tenant)),
        "PASSWORDS_NEW_USERS": config.passwords.new_users,
        "PASSWORDS_RESET_AFTER_RUN": str(config.passwords.reset_after_run).lower(),
        "PASSWORDS_KMS_KEY": config.passwords.kms_key,
        "END_OF_SUPPORT_ACKNOWLEDGED": config.end_of_support_acknowledged,
    }


def _copy_environment(copy: Copy) -> dict[str, str]:
    return {
        "COPY_INCLUDE": json.dumps(copy.include, ensure_ascii=False),
        "COPY_EXCLUDE": json.dumps(copy.exclude, ensure_ascii=False),
        "COPY_RECEIVED_FROM": copy.received_from,
        "COPY_RECEIVED_BEFORE": copy.received_before,
        "COPY_MAX_MESSAGE_MB": str(copy.max_message_mb),
        "COPY_MAX_KILOBYTES_PER_SECOND": str(copy.max_kilobytes_per_second),
        "COPY_DELTA_POLICY": copy.delta_policy,
        "COPY_VERIFY_SAMPLE": str(copy.verify_sample),
    }
