"""The composition root: the only file that chooses implementations and reads the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import Any

import boto3

from migration.aws.blobs import S3Blobs
from migration.aws.directory import WorkMailDirectory, build_client
from migration.aws.executions import StepFunctions
from migration.aws.ledger import DynamoLedger
from migration.aws.secrets import SourceSecret
from migration.errors import TenantMisconfigured, UserRefused
from migration.ports import (
    BlobStore,
    Directory,
    Executions,
    Ledger,
    Resolver,
    Secrets,
    Source,
    Target,
)
from migration.settings import Settings
from migration.sources import imap
from migration.sources.imap_login import choose_login
from migration.targets.workmail_ews import WorkmailEwsTarget
from migration.wire.ews import EwsClient
from migration.wire.resolver import DnsPythonResolver


class Wiring:
    """Everything a handler may ask for, made when it is first asked for."""

    def __init__(self, settings: Settings, region: str) -> None:
        self.settings = settings
        self.region = region

    @property
    def role_name(self) -> str:
        """The impersonation role of this tenant's migration."""
        return f"workmail-migration-{self.settings.tenant}"[:64]

    @cached_property
    def ledger(self) -> Ledger:
        table = boto3.resource("dynamodb").Table(self.settings.table_name)
        return DynamoLedger(table, self.settings.tenant)

    @cached_property
    def blobs(self) -> BlobStore:
        return S3Blobs(boto3.client("s3"), self.settings.bucket_name)

    @cached_property
    def secrets(self) -> Secrets:
        return SourceSecret(boto3.client("secretsmanager"), self.settings.source_secret_arn)

    @cached_property
    def executions(self) -> Executions:
        return StepFunctions(boto3.client("stepfunctions"))

    @cached_property
    def directory(self) -> Directory:
        return WorkMailDirectory(build_client(self.region), self.settings.organization_id)

    @cached_property
    def resolver(self) -> Resolver:
        return DnsPythonResolver(self.settings.dns_servers)

    @contextmanager
    def open_mailbox(self, mailbox_id: str, role: str) -> Iterator[tuple[Source, Target]]:
        """Both sides of one mailbox, closed afterwards."""
        mailbox = self.ledger.mailbox(mailbox_id).mailbox
        with ExitStack() as stack:
            source = self._source(mailbox.source)
            stack.callback(source.close)
            target = self._target(mailbox.target, role)
            stack.callback(target.close)
            yield source, target

    def was_refused(self, mailbox_id: str) -> bool:
        """Whether WorkMail refused this user in this run. Other failures of an earlier pass are
        tried again."""
        failure = self.ledger.mailbox(mailbox_id).failure
        return failure is not None and failure.error == UserRefused.__name__

    def probe_source(self) -> None:
        """Connects to the source without logging in; MailboxUnreachable, SourceBusy."""
        settings = self.settings
        imap.probe(settings.source_host, settings.source_port, settings.source_tls)

    def probe_target(self, role: str, address: str) -> None:
        """Opens a mailbox by impersonation, reading only; raises what the target raises."""
        target = self._target(address, role)
        try:
            target.probe()
        finally:
            target.close()

    def _source(self, user: str) -> Source:
        settings = self.settings
        if settings.source_kind != "imap":
            raise TenantMisconfigured([f"there is no source of kind {settings.source_kind}"])
        login = choose_login(self.secrets.read(), user)
        return imap.ImapSource(
            settings.source_host, settings.source_port, settings.source_tls, login
        )

    def _target(self, address: str, role: str) -> WorkmailEwsTarget:
        if self.settings.target_kind != "workmail_ews":
            raise TenantMisconfigured([f"there is no target of kind {self.settings.target_kind}"])

        def token() -> str:
            return self.directory.assume_role(role).value

        return WorkmailEwsTarget(EwsClient(self.settings.ews_url, token, address))


def seconds_left(context: Any) -> Callable[[], float]:
    """How long this invocation may still go on, from Lambda's context."""
    return lambda: float(context.get_remaining_time_in_millis()) / 1000


def wire() -> Wiring:
    """The wiring of this process's environment; SettingsError names what is missing."""
    return Wiring(Settings.from_env(os.environ), os.environ.get("AWS_REGION", ""))
