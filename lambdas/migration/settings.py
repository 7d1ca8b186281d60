"""The settings of one tenant, read once from the environment that the stack gives every function.

stacks/config.py documents what each means to the operator; this is the receiving end.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime

from migration.dns_model import Require
from migration.errors import SettingsError
from migration.model import AdministratorKind, CopyPolicy, DeltaPolicy, NewPasswords

_KILOBYTE, _MEGABYTE = 1024, 1024 * 1024

Patterns = tuple[str, ...]
"""Folder patterns, from a JSON list: a folder's name may hold a comma."""

ANY_IMAP, M365, M365_IMAP = "imap", "m365", "m365-imap"
"""Kinds of sources; M365 is a place of calendars and the like, too."""

DAV, FILES = "dav", "files"
GROUPWARE_NEEDS_EWS = (
    "calendars, address books and tasks can be written over EWS alone, and `target.kind` is "
    "workmail_imap: set it to auto or to workmail_ews, or take `groupware.sources` away"
)


@dataclass(frozen=True, slots=True)
class GroupwareSettings:
    """Where calendars, address books, tasks and notes are: `sources` has some of M365, DAV, FILES.
    `timezone` (IANA's name) is that of times which have none. The years are those in which
    occurrences are written one by one, back from the run and ahead of it. `automatic_replies`: they
    are written into WorkMail, too."""

    sources: tuple[str, ...] = ()
    dav_url: str = ""
    timezone: str = "UTC"
    years_before: int = 5
    years_after: int = 5
    automatic_replies: bool = False

    def window(self, at: str) -> tuple[datetime, datetime]:
        """From when to before when occurrences are written one by one. `at` is now, ISO 8601; whole
        years (UTC), so that all slices of a migration mostly write the same."""
        year = datetime.fromisoformat(at).astimezone(UTC).year
        begin, end = year - self.years_before, year + self.years_after + 1
        return datetime(begin, 1, 1, tzinfo=UTC), datetime(end, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CloudSettings:
    """In which of Microsoft's clouds the source is; "" where it is in none. An address that is
    empty is that of the cloud, `graph_url` with Graph's version."""

    name: str = ""
    login_url: str = ""
    graph_url: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """Every field is an environment variable of the same name in capitals; none has a default.

    Lists are comma-separated. `source_kind` is ANY_IMAP, M365 or M365_IMAP; `source_host` is empty
    with M365, and with M365_IMAP where it is the cloud's; `source_cloud` is JSON. `source_tls` and
    `target_imap_tls` are ssl, starttls or none; `target_kind` is auto, workmail_ews or
    workmail_imap. `dns_servers` are `address:port`, empty for the public ones; `dns_port` is where
    authoritative servers answer. `dns_publish` is none or route53, `cutover_approval` ask or auto,
    `cutover_links` once, iam or none, `clients_send` none, old or new. `autodiscover_url` may hold
    {domain}. `groupware` is JSON, {} for nothing. `end_of_support_acknowledged` is empty or the day
    that the operator wrote down. What begins with `copy_` is for `policy`.
    `secrets_arn` is the ARN of the tenant's secrets up to their path below
    workmail-migration/<tenant>/. What begins with `late_` is for late passes: the schedule group's
    name, the role by which the scheduler starts the workflow `machine_arn`, and its queue.
    """

    tenant: str
    organization_id: str
    domains: tuple[str, ...]
    table_name: str
    bucket_name: str
    manifest_key: str
    source_kind: str
    source_host: str
    source_port: int
    source_tls: str
    source_max_connections: int
    source_cloud: CloudSettings
    source_secret_arn: str
    target_kind: str
    target_secret_arn: str
    target_administrator: AdministratorKind
    ews_url: str
    target_imap_host: str
    target_imap_port: int
    target_imap_tls: str
    copy_include: Patterns
    copy_exclude: Patterns
    copy_received_from: str
    copy_received_before: str
    copy_max_message_mb: int
    copy_max_kilobytes_per_second: int
    copy_delta_policy: DeltaPolicy
    copy_verify_sample: int
    groupware: GroupwareSettings
    domain_register: bool
    domain_wait_days: int
    domain_make_default: bool
    domain_start_before_verified: bool
    dns_servers: tuple[str, ...]
    dns_port: int
    dns_require: Require
    dns_gateways: tuple[str, ...]
    dns_mail_from: str
    dns_timeout_days: int
    dns_publish: str
    dns_zone_id: str
    dns_lower_ttl: int
    cutover_approval: str
    cutover_approval_days: int
    cutover_reminder_hours: int
    cutover_links: str
    cutover_drain_minutes: int
    user_concurrency: int
    mailbox_concurrency: int
    retry_passes: int
    retry_minutes: int
    delta_interval_minutes: int
    delta_passes: int
    delta_late_days: tuple[int, ...]
    report_subjects: bool
    report_live: bool
    rollback_keep_copied: bool
    secrets_arn: str
    passwords_new_users: NewPasswords
    passwords_reset_after_run: bool
    passwords_kms_key: str
    topic_arn: str
    machine_arn: str
    late_group: str
    late_role_arn: str
    late_dead_letters_arn: str
    clients_send: str
    clients_sender: str
    clients_languages: tuple[str, ...]
    autodiscover_url: str
    end_of_support_acknowledged: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Reads all fields; one SettingsError names every variable that is missing or wrong."""
        problems: list[str] = []
        values: dict[str, object] = {}
        for field in fields(cls):
            name = field.name.upper()
            if name not in env:
                problems.append(f"environment variable {name} is missing")
                continue
            read, meaning = _READERS[str(field.type)]
            try:
                values[field.name] = read(env[name])
            except ValueError:
                problems.append(f"environment variable {name} must be {meaning}")
        if problems:
            raise SettingsError(problems)
        return cls(**values)  # type: ignore[arg-type]  # the readers give each field its type

    @property
    def limits(self) -> Mapping[str, int]:
        """The numbers that the workflow's definition needs, by the names it uses."""
        return {
            "users": self.user_concurrency,
            "mailboxes": self._mailboxes_at_once,
            "delta_passes": self.delta_passes,
            "delta_interval_seconds": self.delta_interval_minutes * 60,
            # 0: nobody is asked whether the cut-over may begin
            "approval_seconds": self._answer_seconds if self.cutover_approval == "ask" else 0,
            "answer_seconds": self._answer_seconds,
            "reminder_seconds": self.cutover_reminder_hours * 3600,
            "groupware": len(self.groupware.sources),
            "route53": int(self.dns_publish == "route53"),
            "drain_seconds": self.cutover_drain_minutes * 60,
            "late_passes": len(self.delta_late_days),
            "retry_passes": self.retry_passes,
            "retry_seconds": self.retry_minutes * 60,
        }

    @property
    def _mailboxes_at_once(self) -> int:
        """Graph limits each mailbox by itself, an IMAP server its connections."""
        if self.source_kind == M365:
            return self.mailbox_concurrency
        return max(1, min(self.mailbox_concurrency, self.source_max_connections // _OF_A_MAILBOX))

    @property
    def _answer_seconds(self) -> int:
        return self.cutover_approval_days * 86400

    @property
    def secrets_prefix(self) -> str:
        """How the names of the tenant's secrets begin."""
        return self.secrets_arn.partition(":secret:")[2]

    @property
    def policy(self) -> CopyPolicy:
        """What of a mailbox is copied, and how."""
        return CopyPolicy(
            include=self.copy_include,
            exclude=self.copy_exclude,
            received_from=self.copy_received_from,
            received_before=self.copy_received_before,
            max_message_bytes=self.copy_max_message_mb * _MEGABYTE,
            max_bytes_per_second=self.copy_max_kilobytes_per_second * _KILOBYTE,
            delta=self.copy_delta_policy,
            verify_sample=self.copy_verify_sample,
        )


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _read_numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in _split(text))


def _read_patterns(text: str) -> Patterns:
    read = json.loads(text)
    if not isinstance(read, list) or not all(isinstance(pattern, str) for pattern in read):
        raise ValueError
    return tuple(read)


def _read_groupware(text: str) -> GroupwareSettings:
    read = json.loads(text)
    types = {entry.name: str(entry.type) for entry in fields(GroupwareSettings)}
    if not isinstance(read, dict) or read.keys() - types.keys():
        raise ValueError
    sources = read.pop("sources", [])
    fits = all(type(value).__name__ == types[name] for name, value in read.items())
    if not fits or not isinstance(sources, list) or not {*sources} <= {M365, DAV, FILES}:
        raise ValueError
    return GroupwareSettings(tuple(sources), **read)


def _read_cloud(text: str) -> CloudSettings:
    read = json.loads(text)
    names = {entry.name for entry in fields(CloudSettings)}
    if not isinstance(read, dict) or not all(isinstance(value, str) for value in read.values()):
        raise ValueError
    if read.keys() - names:
        raise ValueError
    return CloudSettings(**read)


def _read_bool(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError
    return text == "true"


_OF_A_MAILBOX = 2
"""Connections to the source: one looks, one carries messages (see sources/imap.py)."""

_READERS: Mapping[str, tuple[Callable[[str], object], str]] = {
    "str": (str, "a text"),
    "int": (int, "a whole number"),
    "tuple[str, ...]": (_split, "a list"),
    "tuple[int, ...]": (_read_numbers, "whole numbers with commas between"),
    "Patterns": (_read_patterns, "a JSON list of texts"),
    "GroupwareSettings": (_read_groupware, "a JSON object of the tenant file's `groupware`"),
    "CloudSettings": (_read_cloud, "a JSON object of the cloud's name and addresses"),
    "AdministratorKind": (AdministratorKind, f"one of {', '.join(AdministratorKind)}"),
    "DeltaPolicy": (DeltaPolicy, f"one of {', '.join(DeltaPolicy)}"),
    "NewPasswords": (NewPasswords, f"one of {', '.join(NewPasswords)}"),
    "Require": (Require, f"one of {', '.join(Require)}"),
    "bool": (_read_bool, "true or false"),
}
"""By the type of a field: what reads it, and what the text must be."""
