"""What an operator may set for a tenant: the schema of tenants/<tenant>.yaml.

A setting without a default must be given. Unknown keys are refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Self

from stacks.alarms_config import Alarms
from stacks.checks import (
    between,
    empty_or,
    is_day,
    is_domain,
    is_folder_pattern,
    is_host,
    is_https_url,
    matches,
    not_empty,
    one_of,
)
from stacks.cutover_config import Clients, Cutover, Delta, Dns, Notifications, Retry
from stacks.groupware_config import Groupware
from stacks.protection_config import Protection
from stacks.reading import ConfigError, read_record, read_yaml
from stacks.report_config import Report
from stacks.source_config import IMAP, PORTS, Source
from stacks.start_config import Schedule, Start, schedule_faults

__all__ = ["ConfigError", "TenantConfig"]

_PATTERN_BYTES = 700  # of the 4 KB that a function's environment may have in all


@dataclass(frozen=True, slots=True)
class Target:
    """Where the mail goes.

    kind       how it is written: workmail_ews, which needs no password; workmail_imap, which needs
               the password of every mailbox in the target's secret; or auto: a test message in the
               first mailbox shows whether EWS keeps dates and flags, and IMAP is taken if it does
               not and the password is known
    administrator  who opens all mailboxes over EWS: role, an impersonation role, which needs no
               password and costs nothing; user, a user that each run makes, gives access to every
               mailbox, and removes; console, the migration administrator whom you have chosen in
               WorkMail's console, whose password is in the target's secret; or auto: the first of
               role, console and user that is to be had
    ews_url    empty means the endpoint of the Region
    imap_host  empty means the server of the Region
    imap_tls   as the source's
    imap_port  0 means the usual one: 993 with ssl, else 143
    """

    kind: Annotated[str, one_of("auto", "workmail_ews", "workmail_imap")] = "auto"
    administrator: Annotated[str, one_of("auto", "role", "user", "console")] = "auto"
    ews_url: Annotated[str, empty_or(is_https_url)] = ""
    imap_host: Annotated[str, empty_or(is_host)] = ""
    imap_tls: Annotated[str, one_of("ssl", "starttls", "none")] = "ssl"
    imap_port: Annotated[int, between(0, 65535)] = 0


@dataclass(frozen=True, slots=True)
class Copy:
    """What of the mailboxes is copied, and how.

    A folder pattern holds the names of a folder and its parents, joined by /. Upper and lower case
    are the same. * stands for any characters within a name, ** for any number of names. A pattern
    without a * means the folder and everything below it, one with a * what it fits and no more:
    Archive leaves out Archive/2019 as well, Archive/20* does not touch Archive/2019/May, and
    Archive/** means all that is below Archive.

    include         folders to copy; none means all. The inbox is copied even if it is not named:
                    mail that comes late to the old server comes there
    exclude         folders to leave out, the inbox too if one of these fits; stronger than include
    received_from   the first day (UTC) of which messages are copied; empty means all
    received_before  the first day of which they are not copied any more
    max_message_mb  larger messages are left out (1 MB is 1,048,576 bytes); 0 means that all are
                    copied that WorkMail takes, up to 40 MB
    max_kilobytes_per_second  how fast one mailbox is read (1 KB is 1,024 bytes); 0 means no limit
    delta_policy    what the later passes bring: add, new messages and changed flags; or follow,
                    which also deletes and moves in WorkMail what was deleted or moved at the source
    verify_sample   messages of each folder that verification compares byte by byte; -1 means all,
                    0 none

    The report counts the messages that are left out. A later run whose settings include them copies
    them.
    """

    include: tuple[Annotated[str, is_folder_pattern], ...] = ()
    exclude: tuple[Annotated[str, is_folder_pattern], ...] = ()
    received_from: Annotated[str, is_day] = ""
    received_before: Annotated[str, is_day] = ""
    max_message_mb: Annotated[int, between(0, 40)] = 0
    max_kilobytes_per_second: Annotated[int, between(0, 1_000_000)] = 0
    delta_policy: Annotated[str, one_of("add", "follow")] = "add"
    verify_sample: Annotated[int, between(-1, 1_000_000)] = 20

    def faults(self) -> Iterator[str]:
        """What is wrong with settings that are right one by one."""
        if self.received_from and "" < self.received_before <= self.received_from:
            yield "copy.received_before: must be later than copy.received_from"
        size = len(json.dumps([*self.include, *self.exclude], ensure_ascii=False).encode())
        if size > _PATTERN_BYTES:
            yield (
                f"copy: include and exclude have {size} bytes together, and {_PATTERN_BYTES} are "
                "the most; a pattern with * may stand for many"
            )


@dataclass(frozen=True, slots=True)
class DomainSetup:
    """What is done about a domain in which WorkMail takes no addresses yet. The run's timeline and
    the report have the TXT record that must be published.

    register      add it to the organization if it is not there; WorkMail and SES take mail for it
                  then, but only once MX points to them
    wait_days     how long a run waits until WorkMail has verified it; WorkMail itself looks for the
                  record for 72 hours after the registration
    make_default  suggest the first of `domains` for new addresses in the WorkMail console
    start_before_verified  do not wait: create the users with addresses in the organization's test
                  domain, <alias>.awsapps.com, copy their mail, and give them their own addresses
                  before the cut-over, when the domain is verified; groups, resources and
                  permissions come with these
    """

    register: bool = True
    wait_days: Annotated[int, between(1, 7)] = 3
    make_default: bool = False
    start_before_verified: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """How much happens at the same time.

    users      users created or enabled; WorkMail throttles its API per account
    mailboxes  mailboxes copied, each by one Lambda function, and over IMAP never more at once than
               half of source.max_connections; an account has 1,000 concurrent functions unless AWS
               has raised it
    reserve    keep so many functions of the account for copying, and as many for verification, and
               never let more run: an execution that was aborted may have some at work still. The
               account must have 100 left beside them, else the deployment fails
    """

    users: Annotated[int, between(1, 50)] = 5
    mailboxes: Annotated[int, between(1, 500)] = 10
    reserve: bool = False


@dataclass(frozen=True, slots=True)
class Rollback:
    """What the phase rollback takes back of what this migration has made.

    keep_copied  whether mail that was copied keeps a mailbox, as mail does that WorkMail has
                 received or its user has written; without it such mailboxes go, because the old
                 server still has their mail
    """

    keep_copied: bool = False


@dataclass(frozen=True, slots=True)
class Passwords:
    """What users who are created can sign in with. Users who are there already keep theirs.

    new_users  generate: the password that the target's secret has for the address, else one that is
               made up; secret: that of the target's secret, else none; none: none. Users of IAM
               Identity Center get none, nor does anybody where it alone signs users in
    reset_after_run  after every run that copied, users whom the migration has created get other
               passwords, made up too; off once they have got theirs, else it takes them away again
    kms_key    the ARN of another key for made-up passwords than the tenant's own; its policy must
               let the account's functions use it. Secrets that are there keep their key

    Made-up passwords are in Secrets Manager and nowhere else; the report says in which secrets.
    """

    new_users: Annotated[str, one_of("generate", "secret", "none")] = "generate"
    reset_after_run: bool = False
    kms_key: Annotated[
        str,
        matches(
            r"(arn:aws:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+)?",
            "the ARN of a key, such as arn:aws:kms:eu-west-1:123456789012:key/...",
        ),
    ] = ""


@dataclass(frozen=True, slots=True)
class TenantConfig:
    """One tenant.

    tenant           its name, the file's name without .yaml; a part of every resource's name
    region           where the WorkMail organization is, and where the stack goes
    organization_id  WorkMail's id of it
    domains          the mail domains that move; the first is the one of new mailboxes
    account          the AWS account; empty means the one of the credentials at deployment
    manifest         who is migrated, a key in the tenant's bucket below intake/: one CSV file of
                     users; a folder, whose key ends in /, with users.csv and, where wanted,
                     groups.csv, resources.csv, permissions.csv; or a document, .yaml, .yml or .json
    schedules        times at which the workflow starts by itself, such as a first copy weeks before
                     the cut-over
    end_of_support_acknowledged  the day on which WorkMail ends, written down by somebody who
                     knows it; empty until then, and the preflight asks for it
    """

    tenant: Annotated[
        str,
        matches(
            "[A-Za-z0-9](-?[A-Za-z0-9]){0,23}", "letters, digits and single dashes, at most 24"
        ),
    ]
    region: Annotated[str, one_of("us-east-1", "us-west-2", "eu-west-1")]
    organization_id: Annotated[
        str, matches("m-[0-9a-f]{32}", "m- and 32 digits or letters from a to f")
    ]
    domains: Annotated[tuple[Annotated[str, is_domain], ...], not_empty]
    source: Source
    account: Annotated[str, matches(r"(\d{12})?", "12 digits")] = ""
    manifest: Annotated[
        str,
        matches(r"intake/[A-Za-z0-9_./-]+", "a key that begins with intake/, without spaces"),
    ] = "intake/manifest.csv"
    start: Start = field(default_factory=Start)
    schedules: tuple[Schedule, ...] = ()
    target: Target = Target()
    copy: Copy = Copy()
    groupware: Groupware = field(default_factory=Groupware)
    domain_setup: DomainSetup = DomainSetup()
    dns: Dns = field(default_factory=Dns)
    limits: Limits = Limits()
    delta: Delta = field(default_factory=Delta)
    retry: Retry = field(default_factory=Retry)
    cutover: Cutover = field(default_factory=Cutover)
    notifications: Notifications = field(default_factory=Notifications)
    clients: Clients = field(default_factory=Clients)
    report: Report = field(default_factory=Report)
    rollback: Rollback = Rollback()
    alarms: Alarms = field(default_factory=Alarms)
    passwords: Passwords = Passwords()
    protection: Protection = field(default_factory=Protection)
    end_of_support_acknowledged: Annotated[str, is_day] = ""

    @property
    def mailboxes_at_once(self) -> int:
        """How many are copied at the same time: as Settings.limits has it."""
        return self.source.limit_mailboxes(self.limits.mailboxes)

    @classmethod
    def load(cls, path: Path, tenant: str = "") -> Self:
        """Reads a tenant file; ConfigError lists every problem in it.

        `tenant`: the name that it must have; empty for any.
        """
        problems: list[str] = []
        config = read_record(cls, read_yaml(path), problems)
        if tenant and config.tenant and config.tenant != tenant:
            problems.append(f"tenant: must be {tenant}, as the file is called, not {config.tenant}")
        sections = (config.source, config.copy, config.groupware, config.dns, config.clients)
        for section in sections:
            if None not in astuple(section):  # what is of a wrong type is not compared
                problems += section.faults()
        if "m365" in config.groupware.sources and config.source.kind == IMAP:
            problems.append("groupware.sources: m365 needs source.kind m365 or m365-imap")
        if not any(p.startswith("schedules") for p in problems):
            problems += schedule_faults(config.schedules)
        if problems:
            raise ConfigError(str(path), problems)
        return replace(
            config,
            source=replace(config.source, port=config.source.port or PORTS[config.source.tls]),
            target=_with_endpoints(config.target, config.region),
        )


def _with_endpoints(target: Target, region: str) -> Target:
    """https://docs.aws.amazon.com/general/latest/gr/workmail.html"""
    return replace(
        target,
        ews_url=target.ews_url or f"https://ews.mail.{region}.awsapps.com/EWS/Exchange.asmx",
        imap_host=target.imap_host or f"imap.mail.{region}.awsapps.com",
        imap_port=target.imap_port or PORTS[target.imap_tls],
    )
