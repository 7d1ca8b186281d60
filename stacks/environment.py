"""The environment of the functions: what migration/settings.py reads."""

from __future__ import annotations

import json
from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_sns as sns

from stacks.config import Copy, TenantConfig
from stacks.errors import SynthError
from stacks.late_passes import LatePasses
from stacks.secret_names import secrets_prefix
from stacks.storage import Storage, secret_arn

ENVIRONMENT_LIMIT = 4096
"""Bytes of a function's environment as JSON; 4 KB:
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

_UNKNOWN = 100
"""Bytes that are reckoned for a value that only the deployment knows: with the longest tenant's
name, from 63 of the bucket's to 116 of a queue's ARN, and less than 100 on the average."""

_LATER = 150
"""Bytes for what some functions get beside the others: the answer page's address."""


class EnvironmentTooLargeError(SynthError):
    """The tenant's settings do not fit into a function's environment."""


def check_environment(environment: Mapping[str, str]) -> None:
    """EnvironmentTooLargeError names the largest variables if Lambda would refuse these."""
    known = {
        name: "x" * _UNKNOWN if cdk.Token.is_unresolved(value) else value
        for name, value in environment.items()
    }
    size = len(json.dumps(known, ensure_ascii=False).encode()) + _LATER
    if size > ENVIRONMENT_LIMIT:
        largest = sorted(known, key=lambda name: -len(known[name].encode()))[:5]
        listed = ", ".join(f"{name} {len(known[name].encode())}" for name in largest)
        raise EnvironmentTooLargeError(
            f"the settings make {size} bytes of environment, and a function has at most "
            f"{ENVIRONMENT_LIMIT}; the largest: {listed}. Shorten lists of the tenant file, or "
            "make two tenants of it"
        )


def make_environment(
    config: TenantConfig, storage: Storage, topic: sns.Topic, late_passes: LatePasses
) -> dict[str, str]:
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
        "SOURCE_CLOUD": config.source.cloud_json,
        "SOURCE_SECRET_ARN": storage.secret.ref,
        "TARGET_KIND": config.target.kind,
        "TARGET_SECRET_ARN": storage.passwords.ref,
        "TARGET_ADMINISTRATOR": config.target.administrator,
        "EWS_URL": config.target.ews_url,
        "TARGET_IMAP_HOST": config.target.imap_host,
        "TARGET_IMAP_PORT": str(config.target.imap_port),
        "TARGET_IMAP_TLS": config.target.imap_tls,
        **_copy_environment(config.copy),
        "GROUPWARE": config.groupware.as_json,
        "DOMAIN_REGISTER": str(config.domain_setup.register).lower(),
        "DOMAIN_WAIT_DAYS": str(config.domain_setup.wait_days),
        "DOMAIN_MAKE_DEFAULT": str(config.domain_setup.make_default).lower(),
        "DOMAIN_START_BEFORE_VERIFIED": str(config.domain_setup.start_before_verified).lower(),
        **_cutover_environment(config),
        "USER_CONCURRENCY": str(config.limits.users),
        "MAILBOX_CONCURRENCY": str(config.limits.mailboxes),
        "RETRY_PASSES": str(config.retry.passes),
        "RETRY_MINUTES": str(config.retry.minutes),
        "DELTA_INTERVAL_MINUTES": str(config.delta.interval_minutes),
        "DELTA_PASSES": str(config.delta.passes),
        "DELTA_LATE_DAYS": ",".join(map(str, config.delta.late_days)),
        "REPORT_SUBJECTS": str(config.report.subjects).lower(),
        "REPORT_LIVE": str(config.report.live).lower(),
        "ROLLBACK_KEEP_COPIED": str(config.rollback.keep_copied).lower(),
        "SECRETS_ARN": secret_arn(cdk.Stack.of(storage), secrets_prefix(config.tenant)),
        "PASSWORDS_NEW_USERS": config.passwords.new_users,
        "PASSWORDS_RESET_AFTER_RUN": str(config.passwords.reset_after_run).lower(),
        "PASSWORDS_KMS_KEY": config.passwords.kms_key or storage.key.key_arn,
        **_telling_environment(config, topic),
        "MACHINE_ARN": late_passes.machine,
        "LATE_GROUP": late_passes.group,
        "LATE_ROLE_ARN": late_passes.role.role_arn,
        "LATE_DEAD_LETTERS_ARN": late_passes.dead_letters.queue_arn,
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


def _cutover_environment(config: TenantConfig) -> dict[str, str]:
    dns, cutover = config.dns, config.cutover
    return {
        "DNS_SERVERS": ",".join(dns.servers),
        "DNS_PORT": str(dns.port),
        "DNS_REQUIRE": dns.require,
        "DNS_GATEWAYS": ",".join(dns.gateways),
        "DNS_MAIL_FROM": dns.mail_from,
        "DNS_TIMEOUT_DAYS": str(dns.timeout_days),
        "DNS_PUBLISH": dns.publish,
        "DNS_ZONE_ID": dns.zone_id,
        "DNS_LOWER_TTL": str(dns.lower_ttl),
        "CUTOVER_APPROVAL": cutover.approval,
        "CUTOVER_APPROVAL_DAYS": str(cutover.approval_days),
        "CUTOVER_REMINDER_HOURS": str(cutover.reminder_hours),
        "CUTOVER_LINKS": cutover.links,
        "CUTOVER_DRAIN_MINUTES": str(cutover.drain_minutes),
    }


def _telling_environment(config: TenantConfig, topic: sns.Topic) -> dict[str, str]:
    return {
        "TOPIC_ARN": topic.topic_arn,
        "CLIENTS_SEND": config.clients.send,
        "CLIENTS_SENDER": config.clients.sender,
        "CLIENTS_LANGUAGES": ",".join(config.clients.languages),
        "AUTODISCOVER_URL": config.clients.autodiscover_url,
    }
