"""One Lambda function per handler: lambdas/copy_slice.py is <stack>-copy-slice.

The table of function_table.py has a row per handler. A handler without a row fails the synth, and
so does a row without a handler; so a new step cannot be deployed with rights that nobody has
chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.config import TenantConfig
from stacks.environment import check_environment, make_environment
from stacks.erasure_rights import erasure_statements
from stacks.errors import SynthError
from stacks.function_row import Row
from stacks.function_table import TABLE
from stacks.late_passes import LatePasses
from stacks.layer import ARCHITECTURE, RUNTIME, make_code, make_layer
from stacks.ledger_rights import ledger_statements
from stacks.page_rights import add_page
from stacks.secret_names import administrator_name, waves_prefix
from stacks.storage import Storage, secret_arn
from stacks.zone_rights import zone_statements

_NAME_LIMIT = 64  # of a Lambda function's name


class HandlersError(SynthError):
    """Handlers and table do not fit together."""


class Functions(Construct):
    """`by_handler`: the function of each handler, by the name of its file; `by_state`: those that a
    state calls. `answer_url` is empty if the tenant wants no links."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: TenantConfig,
        storage: Storage,
        topic: sns.Topic,
        late_passes: LatePasses,
        machine_name: str,
        folder: Path,
        table: Mapping[str, Row] = TABLE,
    ) -> None:
        super().__init__(scope, construct_id)
        self._config = config
        self._storage = storage
        self._topic = topic
        self._late_passes = late_passes
        self._machine_name = machine_name
        self._environment = make_environment(config, storage, topic, late_passes)
        check_environment(self._environment)
        self._layer = make_layer(self, "Packages", folder / "requirements.txt")
        self._code = make_code(self, folder)
        self.by_handler: Mapping[str, lambda_.Function] = {
            handler: self._add(handler, table[handler]) for handler in match_handlers(folder, table)
        }
        self.by_state: Mapping[str, lambda_.Function] = {
            handler: function
            for handler, function in self.by_handler.items()
            if not table[handler].by_rule and not table[handler].by_url
        }
        self.answer_url = self._open_page(table)

    def _open_page(self, table: Mapping[str, Row]) -> str:
        """The page on which questions are answered, told to those who ask; "" without one. Its own
        function is not told: that would be a circle."""
        links = self._config.cutover.links
        pages = [self.by_handler[handler] for handler, row in table.items() if row.by_url]
        if links == "none" or not pages:
            return ""
        (page,) = pages
        auth = lambda_.FunctionUrlAuthType
        url = page.add_function_url(auth_type=auth.AWS_IAM if links == "iam" else auth.NONE)
        for handler, row in table.items():
            if row.asks:
                self.by_handler[handler].add_environment("ANSWER_URL", url.url)
        return url.url

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
            encryption_key=self._storage.key,
        )
        role = iam.Role(
            self, f"{state}Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")
        )
        late = self._late_passes.statements(row.schedules, lists=row.lists_schedules)
        erasing = erasure_statements(
            self._storage, self._config.tenant, counts=row.counts_all, erases=row.erases_all
        )
        for statement in [*self._statements(row), *late, *erasing]:
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
            environment_encryption=self._storage.key,
            reserved_concurrent_executions=self._reserved(row),
            log_group=log_group,
            role=role,
            # executions that began with a version go on with it (see machine.py)
            current_version_options=lambda_.VersionOptions(removal_policy=cdk.RemovalPolicy.RETAIN),
            # Lambda itself makes the segments: without the X-Ray SDK, which ends in February 2027
            tracing=lambda_.Tracing.ACTIVE,
        )

    def _reserved(self, row: Row) -> int | None:
        """As many as mailboxes are opened at once, if the tenant wants that; None: no limit."""
        config = self._config
        return config.mailboxes_at_once if config.limits.reserve and row.opens else None

    def _statements(self, row: Row) -> list[iam.PolicyStatement]:
        shows = row.shows and self._config.report.live
        row = add_page(row) if shows else row
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
        machine = stack.format_arn(
            service="states",
            resource="stateMachine",
            resource_name=self._machine_name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        # `*` for the random end, which an ARN has not that asks for a secret that is not there
        waves = secret_arn(stack, f"{waves_prefix(self._config.tenant)}*")
        administrator = secret_arn(stack, f"{administrator_name(self._config.tenant)}*")
        made_up = {*row.waves, *row.administrator}
        key = self._config.passwords.kms_key
        using_key = ("Decrypt", "GenerateDataKey") if made_up - {"GetSecretValue"} else ("Decrypt",)
        secrets = [self._storage.secret.ref] * row.secret
        secrets += [self._storage.passwords.ref] * row.passwords
        # without ListBucket, a file that is not there looks like one that is forbidden
        wanted = [
            ("s3", ("GetObject",), [bucket.arn_for_objects(keys) for keys in row.reads]),
            ("s3", ("GetObjectVersion",), [bucket.arn_for_objects(keys) for keys in row.pinned]),
            ("s3", ("ListBucket",), [bucket.bucket_arn] if row.reads else []),
            ("s3", ("PutObject",), [bucket.arn_for_objects(keys) for keys in row.writes]),
            ("secretsmanager", ("GetSecretValue",), secrets),
            ("secretsmanager", row.waves, [waves] if row.waves else []),
            ("secretsmanager", row.administrator, [administrator] if row.administrator else []),
            ("kms", using_key, [key] if key and made_up else []),
            ("workmail", row.workmail, [organization] if row.workmail else []),
            ("states", ("DescribeExecution",), [executions] * row.observes),
            ("states", ("SendTaskSuccess", "SendTaskFailure"), [machine] * row.answers),
            ("states", ("GetExecutionHistory",), [executions] * shows),
            ("states", ("StopExecution", "ListMapRuns"), [executions] * row.stops),
            ("sns", ("Publish",), [self._topic.topic_arn] * row.tells),
        ]
        statements = [
            iam.PolicyStatement(
                actions=[f"{service}:{action}" for action in actions], resources=resources
            )
            for service, actions, resources in wanted
            if resources
        ]
        statements += ledger_statements(
            self._storage.ledger, self._config.tenant, records=row.records, folders=row.folders
        )
        statements += zone_statements(stack, self._config, row.zones)
        if row.mails and self._config.clients.send != "none":
            statements.append(self._let_mail())
        return statements

    def _let_mail(self) -> iam.PolicyStatement:
        """SES knows the sender by the address or by its domain, whichever was verified."""
        stack, sender = cdk.Stack.of(self), self._config.clients.sender
        return iam.PolicyStatement(
            actions=["ses:SendEmail"],
            resources=[
                stack.format_arn(service="ses", resource="identity", resource_name=name)
                for name in (sender, sender.rpartition("@")[2])
            ],
            conditions={"StringEquals": {"ses:FromAddress": sender}},
        )


def match_handlers(folder: Path, table: Mapping[str, Row]) -> list[str]:
    """The handlers of a folder, in alphabetical order: its files but those that begin with _.
    HandlersError names every file without a row, and every row without a file."""
    files = {path.stem for path in folder.glob("[!_]*.py")}
    problems = [
        f"lambdas/{name}.py has no row in stacks/function_table.py" for name in files - set(table)
    ]
    problems += [
        f"the row {name} in stacks/function_table.py has no lambdas/{name}.py"
        for name in set(table) - files
    ]
    if problems:
        raise HandlersError("\n".join(sorted(problems)))
    return sorted(files)


def state_name(handler: str) -> str:
    """copy_slice -> CopySlice"""
    return "".join(word.capitalize() for word in handler.split("_"))
