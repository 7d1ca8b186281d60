"""The stack of one tenant."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks.acknowledgements import explain_wildcards
from stacks.boundary import find_boundary
from stacks.config import TenantConfig
from stacks.functions import Functions
from stacks.key_rights import let_use_key
from stacks.late_passes import LatePasses
from stacks.machine import Machine
from stacks.notifications import Notifications
from stacks.observability import Observability
from stacks.schedules import Schedules
from stacks.secret_names import passwords_name, secret_name, waves_prefix
from stacks.storage import Storage
from stacks.triggers import Triggers
from stacks.uploads import Uploads

ROOT = Path(__file__).resolve().parents[1]
LAMBDAS = ROOT / "lambdas"
DEFINITION = ROOT / "statemachines" / "migrate_tenant.asl.json"


class MigrationStack(cdk.Stack):
    """WorkMailMigration-<tenant>: protected against deletion; what holds data outlives it."""

    def __init__(self, scope: Construct, config: TenantConfig, *, lambdas: Path = LAMBDAS) -> None:
        super().__init__(
            scope,
            f"WorkMailMigration-{config.tenant}",
            description=f"Moves the mail tenant {config.tenant} to Amazon WorkMail",
            env=cdk.Environment(account=config.account or None, region=config.region),
            termination_protection=True,
            permissions_boundary=find_boundary(scope, config.protection.permissions_boundary),
        )
        machine_name = f"{self.stack_name}-migrate-tenant"
        self.storage = Storage(
            self,
            "Storage",
            tenant=config.tenant,
            machine_name=machine_name,
            protection=config.protection,
        )
        key = self.storage.key
        self.notifications = Notifications(
            self, "Notifications", tenant=config.tenant, emails=config.notifications.emails, key=key
        )
        self.late_passes = LatePasses(self, "LatePasses", machine_name=machine_name, key=key)
        self.functions = Functions(
            self,
            "Functions",
            config=config,
            storage=self.storage,
            topic=self.notifications.topic,
            late_passes=self.late_passes,
            machine_name=machine_name,
            folder=lambdas,
        )
        self.workflow = Machine(
            self,
            "Workflow",
            name=machine_name,
            definition=DEFINITION,
            functions=self.functions.by_state,
            bucket=self.storage.bucket,
            key=key,
        )
        self._add_triggers(config, key)
        self.observability = self._observe(config)
        cdk.Tags.of(self).add("app", "workmail-migration")
        cdk.Tags.of(self).add("tenant", config.tenant)
        self._add_outputs(config)
        let_use_key(self, key, machine_name)
        explain_wildcards(self)

    def _observe(self, config: TenantConfig) -> Observability:
        """Last, because it watches the queues of all the others."""
        return Observability(
            self,
            "Observability",
            config=config,
            machine=self.workflow.machine,
            functions=self.functions.by_handler,
            bucket=self.storage.bucket,
            topic=self.notifications.topic,
        )

    def _add_triggers(self, config: TenantConfig, key: kms.IKey) -> None:
        machine, alias = self.workflow.machine, self.workflow.alias
        clean_up = self.functions.by_handler["clean_up"]
        self.triggers = Triggers(self, "Triggers", machine=machine, clean_up=clean_up, key=key)
        if config.start.on_upload:
            Uploads(
                self,
                "Uploads",
                bucket=self.storage.bucket,
                manifest=config.manifest,
                machine=machine,
                alias=alias,
                dead_letters=self.triggers.dead_letters,
            )
        if config.schedules:
            Schedules(
                self,
                "Schedules",
                schedules=config.schedules,
                machine=machine,
                alias=alias,
                dead_letters=self.late_passes.dead_letters,
            )

    def _add_outputs(self, config: TenantConfig) -> None:
        machine_arn, alias = self.workflow.machine.state_machine_arn, self.workflow.alias.attr_arn
        bucket, region = self.storage.bucket.bucket_name, config.region
        console = f"https://{region}.console.aws.amazon.com"
        start = (
            f"aws stepfunctions start-execution --region {region} "
            f"--state-machine-arn {alias} --input '{{}}'"
        )
        upload = ", which starts a run" if config.start.on_upload else ""
        outputs = {
            "StateMachineArn": (machine_arn, "The workflow"),
            "StateMachineAliasArn": (alias, "What starts the workflow starts it by this"),
            "StateMachineUrl": (
                f"{console}/states/home?region={region}#/statemachines/view/{machine_arn}",
                "The workflow's page: its executions, and the button that starts one",
            ),
            "BucketName": (bucket, f"Put {config.manifest} here{upload}"),
            "BucketUrl": (
                f"{console}/s3/buckets/{bucket}?region={region}&prefix=intake/",
                "The page of the folder for manifests",
            ),
            "SourceSecretName": (secret_name(config.tenant), "Put the source's logins here"),
            "TargetSecretName": (
                passwords_name(config.tenant),
                "Passwords of WorkMail mailboxes, if there are any",
            ),
            "WaveSecretsPrefix": (
                waves_prefix(config.tenant),
                "Secrets of made-up passwords begin so; the report names them",
            ),
            "LedgerTable": (self.storage.ledger.table_name, "What is known to be copied"),
            "NotificationTopicArn": (
                self.notifications.topic.topic_arn,
                "Told what a run does; subscribe whom you like",
            ),
            "DashboardUrl": (
                self.observability.dashboard_url,
                "How far a run is, and what is wrong",
            ),
            "StartCommand": (start, "Starts the migration; so does {} in the console"),
        }
        if config.report.live:
            page = f"s3://{bucket}/reports/RUN/progress.html"
            outputs |= {
                "ProgressCommand": (
                    f"aws s3 presign --region {region} --expires-in 43200 {page}",
                    "With the execution's name for RUN: the address of the page of a run at work",
                )
            }
        for name, (value, description) in outputs.items():
            cdk.CfnOutput(self, name, value=value, description=description)
