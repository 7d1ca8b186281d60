"""The phases of a run in their order: what each does, who must act, how long it takes and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from migration.estimate.hours import (
    hours_of_a_quiet_pass,
    hours_of_the_full_pass,
    hours_to_provision,
)
from migration.estimate.sizes import Basis, Sizes, tell_size
from migration.estimate.terms import Terms
from migration.estimate.workload import Workload
from migration.figures import format_bytes, format_duration, format_milliseconds, format_range

FULL_PASS = "Full pass"  # noqa: S105 - no password

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
_SECONDS_OF_AN_ENTITY = 15.0
"""A group, resource or mailbox with permissions: its calls, and the waits between them."""
_TTL = (5 * _MINUTE, _DAY)
"""Between these lies the time to live of most MX records."""
_QUIET_PASSES = 2
"""In a row end the delta passes."""


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds: at least, and probably at most."""

    least: float
    most: float

    def __add__(self, other: Span) -> Span:
        return Span(self.least + other.least, self.most + other.most)


@dataclass(frozen=True, slots=True)
class Phase:
    """`you` is what people have to do meanwhile, "" if nothing. `waits_for_you`: it lasts until
    they have done it, `span.most` being when the run asks what to do, or ends."""

    name: str
    does: str
    span: Span
    reason: str
    basis: Basis
    you: str = ""
    waits_for_you: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run has to do. `users` to create or change, `entities` likewise: groups, resources,
    mailboxes with permissions. `phases` are those of the execution's input, `provisions` says
    whether users are this run's to make, `domains_open` whether a domain is not verified yet.
    `round_trip` is in seconds, 0 if it was not measured."""

    phases: frozenset[str]
    users: int
    entities: int
    provisions: bool = True
    domains_open: bool = False
    round_trip: float = 0.0

    @property
    def cuts_over(self) -> bool:
        """Where Exchange manages the users, MX stays there (docs/decisions/0014)."""
        return "cutover" in self.phases and self.provisions


@dataclass(frozen=True, slots=True)
class Course:
    """How a run of these sizes goes by these terms, as a workload that goes fast, as usual, slowly;
    each of its three parts as phases in their order."""

    sizes: Sizes
    terms: Terms
    wanted: Wanted
    fast: Workload
    usual: Workload
    slow: Workload

    def before_copying(self) -> Iterator[Phase]:
        yield Phase(
            "Prepare",
            "takes the tenant's lock, checks everything, writes this plan",
            Span(10, 15 * _MINUTE),
            "WorkMail is asked two to four times for each entry of the manifest",
            Basis.ASSUMED,
        )
        if "provision" in self.wanted.phases and self.wanted.provisions:
            yield from self._provisioning()
        if {"copy", "delta"} & self.wanted.phases:
            yield Phase(
                "Administrator",
                "makes what opens all mailboxes in WorkMail, and tries one with a test message",
                Span(5, 10 * _MINUTE),
                "WorkMail honours new rights after some minutes",
                Basis.ASSUMED,
            )

    def _provisioning(self) -> Iterator[Phase]:
        terms, wanted = self.terms, self.wanted
        if wanted.domains_open:
            yield Phase(
                "Domains",
                "adds domains to the organization and waits until WorkMail takes addresses there",
                Span(0, terms.domain_days * _DAY),
                f"the tenant file waits so long (domain_setup.wait_days: {terms.domain_days})",
                Basis.SET,
                "Publish the TXT record that the timeline names for each domain.",
                waits_for_you=True,
            )
        seconds = hours_to_provision(replace(self.usual, mailboxes=wanted.users)) * _HOUR
        yield Phase(
            "Users",
            "creates, enables and changes users, with their aliases and passwords",
            Span(seconds / 2, seconds * 2),
            f"{wanted.users:,} users to make or change, {terms.users_at_once} at a time "
            "(limits.users); what WorkMail's API bears is assumed",
            Basis.ASSUMED,
        )
        if wanted.entities:
            seconds = wanted.entities * _SECONDS_OF_AN_ENTITY / terms.users_at_once
            yield Phase(
                "Groups, resources, permissions",
                "makes them, then their members, delegates and rights",
                Span(seconds / 2, seconds * 4),
                f"{wanted.entities:,} to make or change; a group of many members takes longer",
                Basis.ASSUMED,
            )

    def copying(self) -> Iterator[Phase]:
        if "copy" not in self.wanted.phases:
            return
        yield Phase(
            FULL_PASS,
            "copies every mailbox and verifies it; the old server goes on as before",
            Span(*(hours_of_the_full_pass(each) * _HOUR for each in (self.fast, self.slow))),
            self._explain_copying(),
            self.sizes.basis,
        )
        if passes := self.terms.retry_passes:
            wait = passes * self.terms.retry_minutes * _MINUTE
            yield Phase(
                "Once more",
                "tries mailboxes alone that failed",
                Span(0, wait),
                f"only if one fails; retry.passes: {passes}, retry.minutes: "
                f"{self.terms.retry_minutes}",
                Basis.SET,
                "Mend what the message names: a wrong password, a full mailbox.",
            )

    def _explain_copying(self) -> str:
        sizes, streams = self.sizes, self.usual.streams
        least, most = self.fast.megabytes_per_second, self.slow.megabytes_per_second
        told = [
            f"{tell_size(sizes)} ({sizes.reason})",
            f"{streams} mailboxes at once, each at {most:g} to {least:g} MB/s (assumed)",
        ]
        if self.usual.is_paced:
            pace = self.usual.messages_per_second
            told.append(f"the source gives at most {pace:g} messages a second of each")
        alone = self.usual.longest_seconds
        if alone > self.usual.copy_seconds / streams:
            size = format_bytes(round(sizes.largest * 1e9))
            told.append(f"the largest mailbox ({size}) alone takes {format_duration(alone)}")
        trip = self.wanted.round_trip
        told.append(
            f"the source is {format_milliseconds(trip)} away (measured)"
            if trip
            else "how far the source is was not measured"
        )
        return "; ".join(told)

    def afterwards(self) -> Iterator[Phase]:
        if self.wanted.cuts_over:
            yield from self._cutting_over()
        if "delta" in self.wanted.phases:
            yield self._delta()
        yield Phase(
            "Verify and report",
            "compares the counts, takes the administrator away, writes client settings and report",
            Span(30, 15 * _MINUTE),
            "reading the ledger, and a file for each mailbox",
            Basis.ASSUMED,
            "Read the report before you turn the old server off.",
        )

    def _cutting_over(self) -> Iterator[Phase]:
        terms = self.terms
        if days := terms.approval_days:
            yield Phase(
                "Approval",
                "asks whether the cut-over may begin, and waits",
                Span(0, days * _DAY),
                f"unanswered, it ends with nothing cut over (cutover.approval_days: {days})",
                Basis.SET,
                "Answer the question: approve on the evening on which mail shall move.",
                waits_for_you=True,
            )
        yield self._dns()
        yield self._drain()

    def _dns(self) -> Phase:
        days = self.terms.dns_days
        if self.terms.publishes:
            return Phase(
                "DNS",
                "publishes the records in Route 53 and waits until every server has them",
                Span(_MINUTE, _TTL[1]),
                "caches forget within the old records' time to live",
                Basis.ASSUMED,
            )
        return Phase(
            "DNS",
            "waits until MX points to WorkMail, as every server says",
            Span(_MINUTE, days * _DAY),
            "caches forget within the old records' time to live; then you are asked whether to "
            f"wait on (dns.timeout_days: {days})",
            Basis.SET,
            "Publish the records: files for your provider are in the report's folder.",
            waits_for_you=True,
        )

    def _drain(self) -> Phase:
        minutes = self.terms.drain_minutes
        return Phase(
            "Drain",
            "lets senders forget the old server",
            Span(*_TTL) + Span(minutes * _MINUTE, minutes * _MINUTE),
            f"the old MX may be cached for {format_range(*_TTL)}, and cutover.drain_minutes is "
            f"{minutes}",
            Basis.ASSUMED,
        )

    def _delta(self) -> Phase:
        most = self.terms.delta_passes
        least = min(_QUIET_PASSES, most) if self.wanted.cuts_over else 1
        wait = self.terms.delta_minutes * _MINUTE
        quick, long = (hours_of_a_quiet_pass(each) * _HOUR for each in (self.fast, self.slow))
        late = self.terms.late_days
        return Phase(
            "Delta passes",
            "brings what came to the old server meanwhile, until two passes in a row found nothing",
            Span(
                least * quick + (least - 1) * wait, most * (long + 10 * _MINUTE) + (most - 1) * wait
            ),
            f"{least} to {most} passes, {format_duration(wait)} apart (delta.interval_minutes)"
            + (f"; once more {', '.join(map(str, late))} days after the end" if late else ""),
            Basis.SET,
        )
