"""The settings of the cut-over in tenants/<tenant>.yaml: DNS, approval, delta, and who is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from stacks.checks import (
    between,
    empty_or,
    is_dns_server,
    is_email,
    is_host,
    is_https_url,
    matches,
    not_empty,
    one_of,
)


@dataclass(frozen=True, slots=True)
class Dns:
    """What the DNS must say, how it is watched, and who changes it.

    servers       address:port of the resolvers to ask; none means several public ones
    port          where the authoritative servers of the zones answer, which are asked beside the
                  resolvers; 53 everywhere but on a laptop
    require       what ends the waiting: mx, the MX alone; mx+autodiscover; or all records
    gateways      hosts of a mail gateway that may stand in the MX in WorkMail's place
    mail_from     the name before the domain from which WorkMail's mail comes, such as bounce; its
                  MX and SPF are looked at then. Empty: no such records are wanted
    timeout_days  how long it may take before you are asked whether to go on waiting; the history
                  of an execution has room for 29 days of looking (every 15 minutes, 30 after two
                  weeks, 60 after three)
    publish       route53: the run writes the records into the account's hosted zone, keeps what
                  was there, and the phase rollback-dns puts it back; none: it tells you the records
    zone_id       the hosted zone, if there are several public ones of the domain's name
    lower_ttl     seconds that the old MX record may be cached, set when the run begins, so that the
                  change is seen everywhere soon after; only with publish: route53. 0: left alone
    """

    servers: tuple[Annotated[str, is_dns_server], ...] = ()
    port: Annotated[int, between(1, 65535)] = 53
    require: Annotated[str, one_of("mx", "mx+autodiscover", "all")] = "mx"
    gateways: tuple[Annotated[str, is_host], ...] = ()
    mail_from: Annotated[
        str, matches("([a-z0-9](-?[a-z0-9])*)?", "a single name, such as bounce")
    ] = ""
    timeout_days: Annotated[int, between(1, 28)] = 14
    publish: Annotated[str, one_of("none", "route53")] = "none"
    zone_id: Annotated[str, matches("([A-Z0-9]{1,32})?", "the id of a hosted zone")] = ""
    lower_ttl: Annotated[int, between(0, 86400)] = 0

    def faults(self) -> Iterator[str]:
        """What is wrong with settings that are right one by one."""
        for name in ("zone_id", "lower_ttl"):
            if self.publish == "none" and getattr(self, name):
                yield f"dns.{name}: is only for publish: route53"


@dataclass(frozen=True, slots=True)
class Cutover:
    """When the mail of the tenant begins to go to WorkMail.

    approval        ask: once the mailboxes are copied, the run asks you and waits; auto: it goes on
    approval_days   how long it waits for your answer; then it ends, with nothing cut over
    reminder_hours  how often it asks again meanwhile
    links           how a question can be answered beside the AWS command line: once, by a page
                    whose address is only in the message and good for one answer; iam, by the same
                    page for those whom IAM lets in; none
    drain_minutes   how long to wait, beyond the time that the old MX record is cached, before the
                    first delta pass
    """

    approval: Annotated[str, one_of("ask", "auto")] = "ask"
    approval_days: Annotated[int, between(1, 28)] = 14
    reminder_hours: Annotated[int, between(1, 168)] = 48
    links: Annotated[str, one_of("once", "iam", "none")] = "once"
    drain_minutes: Annotated[int, between(0, 2880)] = 60


@dataclass(frozen=True, slots=True)
class Delta:
    """The passes after the cut-over, for mail that still arrives at the old server.

    interval_minutes  the wait between two passes; the old MX record's TTL has passed before the
                      first one (cutover.drain_minutes)
    passes            at most so many; two passes in a row that copied nothing end it sooner
    late_days         so many days after the end another pass begins by itself, such as [1, 7];
                      none means none
    """

    interval_minutes: Annotated[int, between(1, 10080)] = 720
    passes: Annotated[int, between(1, 50)] = 5
    late_days: tuple[Annotated[int, between(1, 60)], ...] = ()


@dataclass(frozen=True, slots=True)
class Retry:
    """What is done about mailboxes that fail while others are copied.

    passes   so often they are tried again alone: after the full pass all of them, because what was
             wrong may have been mended by then; after a later one those whose server had trouble
    minutes  the wait before that
    """

    passes: Annotated[int, between(0, 3)] = 1
    minutes: Annotated[int, between(1, 1440)] = 30


@dataclass(frozen=True, slots=True)
class Notifications:
    """Who is told what a run does. Everything is published to the topic NotificationTopicArn.

    emails  addresses that are subscribed to it; each must confirm a message from AWS once
    """

    emails: tuple[Annotated[str, is_email], ...] = ()


@dataclass(frozen=True, slots=True)
class Clients:
    """What users are told about their mail programs, after the cut-over.

    send             none: the pages are only written to the bucket, below clients/; old or new:
                     they are mailed as well, to the address of the old mailbox or of the new one
    sender           from whom; SES must have verified the address or its domain
    languages        of pages and mails, the first one on top
    autodiscover_url  asked after the cut-over whether it is WorkMail's; empty means not at all
    """

    send: Annotated[str, one_of("none", "old", "new")] = "none"
    sender: Annotated[str, empty_or(is_email)] = ""
    languages: Annotated[
        tuple[Annotated[str, one_of("en", "de", "fr", "es", "ja")], ...], not_empty
    ] = ("en",)
    autodiscover_url: Annotated[str, empty_or(is_https_url)] = (
        "https://autodiscover.{domain}/autodiscover/autodiscover.xml"
    )

    def faults(self) -> Iterator[str]:
        """What is wrong with settings that are right one by one."""
        if self.send != "none" and not self.sender:
            yield "clients.sender: is missing; somebody must be the sender of the mails"
