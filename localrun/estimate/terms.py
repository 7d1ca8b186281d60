"""A tenant file as the terms of an estimate."""

from __future__ import annotations

from migration.estimate.terms import Terms
from stacks.config import Copy, TenantConfig


def read_terms(config: TenantConfig) -> Terms:
    """What the functions of this tenant will work by: as Terms.of reads it there."""
    cutover, delta, retry = config.cutover, config.delta, config.retry
    return Terms(
        tenant=config.tenant,
        domains=config.domains,
        mailboxes_at_once=config.mailboxes_at_once,
        users_at_once=config.limits.users,
        kilobytes_per_second=config.copy.max_kilobytes_per_second,
        leaves_out=_leaves_out(config.copy),
        domain_days=config.domain_setup.wait_days,
        approval_days=cutover.approval_days if cutover.approval == "ask" else 0,
        publishes=config.dns.publish == "route53",
        dns_days=config.dns.timeout_days,
        drain_minutes=cutover.drain_minutes,
        delta_passes=delta.passes,
        delta_minutes=delta.interval_minutes,
        late_days=delta.late_days,
        retry_passes=retry.passes,
        retry_minutes=retry.minutes,
        guides=config.clients.send != "none",
    ).with_source(config.source.kind)


def _leaves_out(copy: Copy) -> bool:
    chosen = (copy.include, copy.exclude, copy.received_from, copy.received_before)
    return any(chosen) or copy.max_message_mb > 0
