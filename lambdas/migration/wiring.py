"""The composition root: it chooses implementations, and nothing else reads the environment. Those
of the source, and of calendars and the like, are chosen in rooms of their own (source_sides.py,
groupware_sides.py).

What opens mailboxes, asks the DNS or fills in templates is imported by what makes it, when it is
first asked for: a function begins with what it needs, and not with what all need together
(docs/decisions/0022-bundling.md; tests/unit/test_imports_of_handlers.py holds it).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from random import Random
from secrets import SystemRandom
from typing import TYPE_CHECKING, Any

import boto3

from migration.access import Access, Way
from migration.aws.blobs import S3Blobs
from migration.aws.ledger import DynamoLedger
from migration.aws.notifier import Topic
from migration.errors import CredentialsRejected, TenantMisconfigured
from migration.logs import bind_more
from migration.ports import (
    BlobStore,
    Directory,
    Executions,
    Ledger,
    Metrics,
    Notifier,
    Resolver,
    Schedules,
    Secrets,
    Source,
    Target,
    WaitingTasks,
    WaveSecrets,
    Zones,
)
from migration.settings import GROUPWARE_NEEDS_EWS, Settings
from migration.starts import Starting
from migration.telling import Teller

if TYPE_CHECKING:
    from migration.administrator import Administrator, Means, Removal
    from migration.client_sending import Means as ClientMeans
    from migration.cutover import Lookout
    from migration.discovery_model import Outline
    from migration.erasure import Means as ErasureMeans
    from migration.groupware_port import GroupwareSource, GroupwareTarget
    from migration.groupware_sides import GroupwareSides
    from migration.mailbox_settings import SettingsEnds
    from migration.model import ItemsVerdict, MailboxRecord
    from migration.progress_file import ProgressFile
    from migration.publishing import Means as PublishingMeans
    from migration.questions import Desk
    from migration.source_sides import SourceSides
    from migration.survey_model import GroupwareSurvey, SourceSurvey
    from migration.target_choice import Candidate
    from migration.targets.workmail_ews import WorkmailEwsTarget
    from migration.targets.workmail_imap import WorkmailImapTarget
    from migration.wave_passwords import KnownPasswords
    from migration.wire.ews import EwsClient
    from migration.wire.ews_login import Login


class Wiring:
    """Everything a handler may ask for, made when it is first asked for. `answer_url` is the page
    on which questions are answered, empty if there is none."""

    def __init__(self, settings: Settings, region: str, answer_url: str = "") -> None:
        self.settings = settings
        self.region = region
        self.answer_url = answer_url

    @property
    def role_name(self) -> str:
        """The impersonation role of this tenant's migration."""
        return f"workmail-migration-{self.settings.tenant}"[:64]

    @cached_property
    def ledger(self) -> Ledger:
        table = boto3.resource("dynamodb").Table(self.settings.table_name)
        return DynamoLedger(table, self.settings.tenant)

    @cached_property
    def metrics(self) -> Metrics:
        from migration.aws.emf import EmfMetrics

        return EmfMetrics(self.settings.tenant)

    @cached_property
    def blobs(self) -> BlobStore:
        return S3Blobs(boto3.client("s3"), self.settings.bucket_name)

    @cached_property
    def secrets(self) -> Secrets:
        from migration.aws.secrets import TenantSecrets

        settings = self.settings
        client = boto3.client("secretsmanager")
        return TenantSecrets(client, settings.source_secret_arn, settings.target_secret_arn)

    @cached_property
    def waves(self) -> WaveSecrets:
        from migration.aws.wave_secrets import TenantWaves

        settings = self.settings
        client = boto3.client("secretsmanager")
        key = settings.passwords_kms_key
        return TenantWaves(client, settings.secrets_arn, settings.tenant, key)

    @cached_property
    def passwords(self) -> KnownPasswords:
        from migration.wave_passwords import KnownPasswords

        return KnownPasswords(self.settings.tenant, self.ledger, self.secrets, self.waves)

    @cached_property
    def random(self) -> Random:
        """What passwords are drawn from: the operating system's."""
        return SystemRandom()

    @cached_property
    def executions(self) -> Executions:
        from migration.aws.executions import StepFunctions

        return StepFunctions(boto3.client("stepfunctions"))

    @cached_property
    def notifier(self) -> Notifier:
        return Topic(boto3.client("sns"), self.settings.topic_arn)

    @property
    def teller(self) -> Teller:
        """By whom operators are told things once."""
        return Teller(self.ledger, self.notifier, self.settings.tenant)

    @cached_property
    def tasks(self) -> WaitingTasks:
        from migration.aws.waiting_tasks import WaitingTasks as StepFunctionsTasks

        return StepFunctionsTasks(boto3.client("stepfunctions"))

    @property
    def desk(self) -> Desk:
        """What the operators are asked with."""
        from migration.question_texts import Place
        from migration.questions import Desk

        settings = self.settings
        place = Place(
            settings.tenant,
            self.region,
            settings.bucket_name,
            settings.cutover_links,
            self.answer_url,
            settings.cutover_reminder_hours,
        )
        return Desk(self.ledger, self.blobs, self.teller, self.tasks, self.random, place)

    @cached_property
    def schedules(self) -> Schedules:
        from migration.aws.schedules import Destination, EventBridgeSchedules

        settings = self.settings
        return EventBridgeSchedules(
            boto3.client("scheduler"),
            Destination(
                settings.late_group,
                settings.machine_arn,
                settings.late_role_arn,
                settings.late_dead_letters_arn,
            ),
        )

    @cached_property
    def progress_file(self) -> ProgressFile:
        """What shows the tenant's run in the bucket, if the tenant wants it."""
        from migration.aws.histories import StepFunctionsHistories
        from migration.progress_file import ProgressFile

        histories = StepFunctionsHistories(boto3.client("stepfunctions"))
        return ProgressFile(self.settings, self.ledger, self.blobs, histories)

    @cached_property
    def directory(self) -> Directory:
        from migration.aws.directory import WorkMailDirectory, build_client

        return WorkMailDirectory(build_client(self.region), self.settings.organization_id)

    def journalled_directory(self, run: str, now: str) -> Directory:
        """The directory for whoever makes something in it: the ledger keeps what."""
        from migration.journal import keep_journal

        return keep_journal(self.directory, self.ledger, run, now)

    @property
    def lookout(self) -> Lookout:
        """What one look at the DNS is made with: its resolver keeps the zones that it has found."""
        from migration.cutover import Lookout

        return Lookout(
            self.settings, self.region, self.directory, self.resolver, self.ledger, self.teller
        )

    @property
    def resolver(self) -> Resolver:
        """Another one each time: it keeps what it has found of the zones and their servers."""
        from migration.wire.authority import WholeDns

        return WholeDns(self.settings.dns_servers, self.settings.dns_port)

    @cached_property
    def zones(self) -> Zones:
        from migration.aws.zones import Route53Zones, build_client

        return Route53Zones(build_client())

    @property
    def publishing_means(self) -> PublishingMeans:
        """What DNS records are published with, and put back."""
        from migration.publishing import Means as PublishingMeans

        return PublishingMeans(
            self.settings,
            self.region,
            self.directory,
            self.zones,
            self.resolver,
            self.ledger,
            self.blobs,
            self.teller,
        )

    def starting(self, context: Any) -> Starting:
        """What an execution is admitted with; `context` is Lambda's."""
        usual = self.settings.manifest_key
        return Starting(self.ledger, self.executions, self.teller, usual, moment(context))

    def administrator_means(self, context: Any) -> Means:
        """What the migration administrator is made with; `context` is Lambda's."""
        from migration.administrator import Means
        from migration.passwords import find_console_password

        return Means(
            self.directory,
            self.ledger,
            self.waves,
            self.role_name,
            seconds_left(context),
            self.random,
            self.settings.tenant,
            self.probe_target,
            lambda: bool(find_console_password(self.secrets.read_target())),
        )

    def administrator_removal(self, context: Any) -> Removal:
        """What the migration administrator is taken away with; `context` is Lambda's."""
        from migration.administrator import Removal

        return Removal(
            self.directory, self.ledger, self.waves, self.role_name, seconds_left(context)
        )

    def client_means(self, context: Any) -> ClientMeans:
        """What users' client settings are made and sent with; `context` is Lambda's."""
        from migration.aws.mailer import SesMailer, build_mail_client
        from migration.client_sending import Means as ClientMeans
        from migration.wire.autodiscover import HttpAutodiscover

        return ClientMeans(
            self.settings,
            self.region,
            self.directory,
            self.ledger,
            self.blobs,
            SesMailer(build_mail_client()),
            HttpAutodiscover(),
            seconds_left(context),
            time.sleep,
        )

    def erasure_means(self, context: Any) -> ErasureMeans:
        """What the tenant's data is erased with, the ledger last; `context` is Lambda's."""
        from migration.aws.bucket_erasure import BucketHolding
        from migration.aws.ledger_erasure import LedgerHolding
        from migration.aws.secret_erasure import SecretsHolding
        from migration.erasure import Means as ErasureMeans
        from migration.erasure_proof import FOLDER as PROOFS
        from migration.late_passes import LatePasses

        settings = self.settings
        secrets = boto3.client("secretsmanager")
        given = (settings.source_secret_arn, settings.target_secret_arn)
        table = boto3.resource("dynamodb").Table(settings.table_name)
        holdings = (
            LatePasses(self.schedules),
            SecretsHolding(secrets, settings.secrets_prefix, given),
            BucketHolding(boto3.client("s3"), settings.bucket_name, PROOFS),
            LedgerHolding(table, settings.tenant),
        )
        left = seconds_left(context)
        return ErasureMeans(settings.tenant, holdings, self.ledger, self.blobs, left)

    @contextmanager
    def open_mailbox(
        self, mailbox_id: str, access: str, target_kind: str
    ) -> Iterator[tuple[Source, Target]]:
        """Both sides of one mailbox, closed afterwards. `target_kind` and `access` (a code) are
        what EnableAdministrator has settled; the latter opens the mailbox over EWS. Of a resource
        no mail is copied."""
        record = self.ledger.mailbox(mailbox_id)
        with ExitStack() as stack:
            source = self._sources.mail(record.mailbox)
            stack.callback(source.close)
            target = self._target(record, Access.parse(access), target_kind)
            stack.callback(target.close)
            yield source, target

    @contextmanager
    def open_groupware(
        self, mailbox_id: str, access: str, at: str
    ) -> Iterator[tuple[GroupwareSource, GroupwareTarget]]:
        """Both sides of the mailbox's calendars, address books, tasks and notes, closed afterwards.
        `access` as in open_mailbox; `at` is now, ISO 8601. TenantMisconfigured if nobody opens the
        mailboxes over EWS: there is no other way to write these."""
        record, entered = self.ledger.mailbox(mailbox_id), Access.parse(access)
        if entered.way is Way.OWNERS:
            raise TenantMisconfigured([GROUPWARE_NEEDS_EWS])
        with ExitStack() as stack:
            source = self._groupware.source(record.mailbox)
            stack.callback(source.close)
            client = self._ews_client(record.at_present.target, entered)
            target = self._groupware.target(record, client, at)
            stack.callback(target.close)
            yield source, target

    @contextmanager
    def open_settings(self, mailbox_id: str, access: str) -> Iterator[SettingsEnds | None]:
        """Where the rules and the automatic reply of the mailbox are read, and where the latter is
        written; closed afterwards. None where its source has none to tell. `access` as in
        open_mailbox."""
        record = self.ledger.mailbox(mailbox_id)
        ends = self._groupware.settings_ends(
            record, lambda: self._ews_client(record.at_present.target, Access.parse(access))
        )
        try:
            yield ends
        finally:
            if ends is not None:
                ends.close()

    def verify_groupware(
        self, mailbox_id: str, access: str, pass_id: int, context: Any
    ) -> ItemsVerdict | None:
        """What verification says of the mailbox's calendars and the like; None where they are not
        copied. As open_groupware; `context` is Lambda's."""
        if not self.settings.groupware.sources:
            return None
        from migration.groupware_check import check_groupware

        policy = self.settings.policy
        with self.open_groupware(mailbox_id, access, moment(context)) as ends:
            return check_groupware(*ends, self.ledger, self.blobs, mailbox_id, pass_id, policy)

    @contextmanager
    def open_target(self, mailbox_id: str, access: str, target_kind: str) -> Iterator[Target]:
        """The WorkMail side alone, closed afterwards; as open_mailbox."""
        record = self.ledger.mailbox(mailbox_id)
        target = self._target(record, Access.parse(access), target_kind)
        try:
            yield target
        finally:
            target.close()

    def candidates(self, enabled: Administrator) -> list[Candidate]:
        """The ways into the administrator's mailbox, the better one first."""
        from migration.target_choice import EWS, IMAP, Candidate

        record = self.ledger.mailbox(enabled.mailbox.id)
        no_password = (
            ""
            if self.target_password(record.mailbox.target)
            else ("the target's secret has no password for the mailbox that was tried")
        )
        return [
            Candidate(EWS, lambda: self._target(record, enabled.access, EWS)),
            Candidate(IMAP, lambda: self._target(record, enabled.access, IMAP), no_password),
        ]

    def target_password(self, address: str) -> str:
        """The password of the WorkMail mailbox with this address in the manifest: the operator's,
        or the one that was made up; "" if there is none."""
        return self.passwords.of(address)

    def was_refused(self, mailbox_id: str) -> bool:
        """Whether WorkMail refused this user in this run."""
        return self.ledger.mailbox(mailbox_id).refused

    def survey_source(self, secret: Mapping[str, object], users: Sequence[str]) -> SourceSurvey:
        """Connects to the source, and looks shortly into mailboxes of these users; `secret` is the
        source's. As sources.imap_survey."""
        return self._sources.survey(secret, users)

    def survey_directory(self, secret: Mapping[str, object], seconds: float) -> Outline | None:
        """The users and groups of the source's directory, as SourceSides.outline."""
        return self._sources.outline(secret, seconds)

    def survey_groupware(
        self, place: str, secret: Mapping[str, object], users: Sequence[str]
    ) -> GroupwareSurvey:
        """Looks shortly into the calendars and address books of these users at a `place` of
        groupware.sources that is a server's. As sources.groupware_survey."""
        from migration.sources.groupware_survey import survey

        sides = self._groupware
        return survey(lambda user: sides.server(place, secret, user), users, time.monotonic)

    def probe_target(self, access: Access, address: str) -> None:
        """Opens a mailbox as the administrator, reading only; raises what the target raises."""
        target = self._ews_target(address, access)
        try:
            target.probe()
        finally:
            target.close()

    @cached_property
    def _sources(self) -> SourceSides:
        from migration.source_sides import SourceSides

        return SourceSides(self.settings, self.secrets)

    @cached_property
    def _groupware(self) -> GroupwareSides:
        from migration.groupware_sides import GroupwareSides

        return GroupwareSides(self.settings, self.secrets, self.blobs, self._sources)

    def _target(self, record: MailboxRecord, access: Access, kind: str) -> Target:
        from migration.target_choice import EWS, IMAP

        # Only users have a password that opens their mailbox over IMAP.
        if kind == EWS or record.mailbox.is_resource:
            return self._ews_target(record.at_present.target, access)
        if kind == IMAP:
            return self._imap_target(record)
        raise TenantMisconfigured([f"there is no target of kind {kind}"])

    def _ews_target(self, address: str, access: Access) -> WorkmailEwsTarget:
        from migration.targets.workmail_ews import WorkmailEwsTarget

        return WorkmailEwsTarget(self._ews_client(address, access))

    def _ews_client(self, address: str, access: Access) -> EwsClient:
        from migration.wire.ews import EwsClient

        return EwsClient(self.settings.ews_url, self._ews_login(access), address)

    def _ews_login(self, access: Access) -> Login:
        from migration.administrator_user import SECRET
        from migration.passwords import find_console_password, read_administrator
        from migration.wire.ews_login import Basic

        if access.way is Way.ROLE:
            return lambda: self.directory.assume_role(access.role)
        administrator = self.ledger.administrator()
        if administrator is None or access.entry is None:
            raise CredentialsRejected("there is no administrator any more who could open mailboxes")
        if access.way is Way.CONSOLE:
            password = find_console_password(self.secrets.read_target())
        else:
            password = read_administrator(self.waves.read(SECRET))
        return Basic(administrator.address, password, access.entry)

    def _imap_target(self, record: MailboxRecord) -> WorkmailImapTarget:
        """Passwords are kept by the manifest's address, which may not be the one that logs in."""
        from migration.source_sides import imap_server
        from migration.targets.workmail_imap import WorkmailImapTarget
        from migration.wire.imap_login import ImapLogin

        password = self.target_password(record.mailbox.target)
        if not password:
            raise CredentialsRejected("the target's secret has no password for this mailbox")
        settings = self.settings
        server = imap_server(
            settings.target_imap_host, settings.target_imap_port, settings.target_imap_tls
        )
        return WorkmailImapTarget(server, ImapLogin(record.at_present.target, password))


def seconds_left(context: Any) -> Callable[[], float]:
    """How long this invocation may still go on, from Lambda's context."""
    return lambda: float(context.get_remaining_time_in_millis()) / 1000


def moment(context: Any) -> str:
    """When this attempt is at work, ISO 8601. `now` in an event is the same for all attempts, of
    which the last may come hours after the first. Whoever calls may tell the time in the context's
    custom values: on a laptop, days pass in seconds."""
    custom = getattr(getattr(context, "client_context", None), "custom", None)
    if custom and "now" in custom:
        return str(custom["now"])
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def wire() -> Wiring:
    """The wiring of this process's environment; SettingsError names what is missing."""
    settings = Settings.from_env(os.environ)
    bind_more(tenant=settings.tenant)
    # Only those who ask know the page's address: it would be a circle for the page's own function.
    return _wire(settings, os.environ.get("AWS_REGION", ""), os.environ.get("ANSWER_URL", ""))


@lru_cache(maxsize=1)
def _wire(settings: Settings, region: str, answer_url: str) -> Wiring:
    """One for all invocations of a process: its clients keep their connections, and a connection
    to AWS takes longer to open than most calls take."""
    return Wiring(settings, region, answer_url)
