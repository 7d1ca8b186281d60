"""What a tenant's settings say about how long a run takes, what it waits for, and who must act."""

from __future__ import annotations

from dataclasses import dataclass, replace

from migration.mail import BatchLimit
from migration.settings import M365, Settings

GRAPH_RATE, GRAPH_BATCH = 16.0, 50
"""Messages that Microsoft Graph gives of one mailbox, in a second (10,000 questions in 10 minutes,
and each message is one) and in a batch: as wire.graph_throttle and sources.graph_lookout have
them."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The settings of the same names in the tenant file, as far as an estimate needs them.

    mailboxes_at_once     copied at the same time, with what the source's connections allow
    kilobytes_per_second  of one mailbox; 0 means no limit
    messages_per_second   of one mailbox, as the source allows; 0 means no limit
    batch_messages        that the source gives at once
    approval_days         how long an answer to the question is waited for; 0: nobody is asked
    publishes             the run changes the DNS records itself
    leaves_out            some folders, days or sizes are not copied
    guides                users are mailed the settings of mail programs
    """

    tenant: str
    domains: tuple[str, ...]
    mailboxes_at_once: int = 10
    users_at_once: int = 5
    kilobytes_per_second: int = 0
    messages_per_second: float = 0.0
    batch_messages: int = BatchLimit().items
    leaves_out: bool = False
    domain_days: int = 3
    approval_days: int = 14
    publishes: bool = False
    dns_days: int = 14
    drain_minutes: int = 60
    delta_passes: int = 5
    delta_minutes: int = 720
    late_days: tuple[int, ...] = ()
    retry_passes: int = 1
    retry_minutes: int = 30
    guides: bool = False

    def with_source(self, kind: str) -> Terms:
        """The same, by what a source of this kind allows."""
        if kind != M365:
            return self
        return replace(self, messages_per_second=GRAPH_RATE, batch_messages=GRAPH_BATCH)

    @classmethod
    def of(cls, settings: Settings) -> Terms:
        """Those that the functions of the tenant work by."""
        asks = settings.cutover_approval == "ask"
        return cls(
            tenant=settings.tenant,
            domains=settings.domains,
            mailboxes_at_once=settings.limits["mailboxes"],
            users_at_once=settings.user_concurrency,
            kilobytes_per_second=settings.copy_max_kilobytes_per_second,
            leaves_out=_leaves_out(settings),
            domain_days=settings.domain_wait_days,
            approval_days=settings.cutover_approval_days if asks else 0,
            publishes=settings.dns_publish == "route53",
            dns_days=settings.dns_timeout_days,
            drain_minutes=settings.cutover_drain_minutes,
            delta_passes=settings.delta_passes,
            delta_minutes=settings.delta_interval_minutes,
            late_days=settings.delta_late_days,
            retry_passes=settings.retry_passes,
            retry_minutes=settings.retry_minutes,
            guides=settings.clients_send != "none",
        ).with_source(settings.source_kind)


def _leaves_out(settings: Settings) -> bool:
    return bool(
        settings.copy_include
        or settings.copy_exclude
        or settings.copy_received_from
        or settings.copy_received_before
        or settings.copy_max_message_mb
    )
