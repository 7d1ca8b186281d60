"""The stack of one tenant."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
from constructs import Construct

from stacks.config import TenantConfig
from stacks.functions import Functions
from stacks.late_passes import LatePasses
from stacks.machine import Machine
from stacks.notifications import Notifications
from stacks.observability import Observability
from stacks.storage import Storage, passwords_name, secret_name, waves_prefix
from stacks.triggers import Triggers

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
        )
        machine_name = f"{self.stack_name}-migrate-tenant"
        self.storage = Storage(self, "Storage", tenant=config.tenant)
        self.notifications = Notifications(
            self, "Notifications", tenant=config.tenant, emails=config.notifications.emails
        )
        self.late_passes = LatePasses(self, "LatePasses", machine_name=machine_name)
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
        )
        Triggers(
            self,
            "Triggers",
            machine=self.workflow.machine,
            clean_up=self.functions.by_handler["clean_up"],
        )
        self.observability = self._observe(config)
        cdk.Tags.of(self).add("app", "workmail-migration")
        cdk.Tags.of(self).add("tenant", config.tenant)
        self._add_outputs(config)

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

    def _add_outputs(self, config: TenantConfig) -> None:
        machine_arn = self.workflow.machine.state_machine_arn
        start = (
            f"aws stepfunctions start-execution --region {config.region} "
            f"--state-machine-arn {machine_arn} --input '{{}}'"
        )
        outputs = {
            "StateMachineArn": (machine_arn, "The workflow"),
            "BucketName": (self.storage.bucket.bucket_name, f"Put {config.manifest} here"),
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
        for name, (value, description) in outputs.items():
            cdk.CfnOutput(self, name, value=value, description=description)
