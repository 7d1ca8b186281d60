"""The domains of the tenant, before the first address in them is given: registered and verified.

WorkMail takes an address only in a domain whose ownership it has verified, by a TXT record that the
tenant publishes. `rule_on_domain` is pure; `ensure_domains` acts and looks once, and the workflow
waits between two looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from migration.directory_model import MailDomain
from migration.dns_waits import next_wait
from migration.errors import TenantMisconfigured
from migration.model import Note
from migration.ports import Directory, Ledger
from migration.settings import Settings

_LATER = 3600


class Step(StrEnum):
    """What to do about a domain."""

    REGISTER = "register"
    WAIT = "wait"
    USE = "use"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Ruling:
    """A step, and what the operator is told about it; "" for nothing."""

    step: Step
    text: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """Whether all domains can be used, and how long to wait for the next look if not. `early`: not
    all of them can, and users are to be given addresses in the test domain meanwhile."""

    verified: bool
    wait_seconds: int
    early: bool


def rule_on_domain(name: str, domain: MailDomain | None, *, register: bool) -> Ruling:
    """What to do with what WorkMail shows of a domain."""
    if domain is None:
        if register:
            return Ruling(Step.REGISTER)
        problem = f"the domain {name} is not in the organization: add it in the WorkMail console"
        return Ruling(Step.REFUSE, problem)
    if domain.verified:
        return Ruling(Step.USE)
    record = describe_ownership(domain)
    if domain.failed:
        problem = (
            f"WorkMail has given up verifying the domain {name}: publish {record}, and have it "
            "looked for again in the WorkMail console"
        )
        return Ruling(Step.REFUSE, problem)
    return Ruling(
        Step.WAIT, f"the domain {name} is not verified: publish {record}; MX can stay as it is"
    )


def describe_ownership(domain: MailDomain) -> str:
    """The record that proves the ownership of a domain."""
    prefix = f"_amazonses.{domain.name.lower()}"
    wanted = [
        record.value for record in domain.records if record.name.rstrip(".").lower() == prefix
    ]
    # Zone files quote it; forms of DNS providers want it as it is.
    told = wanted[0].strip('"') if wanted else ""
    value = f" with the value {told}" if told else " that the WorkMail console shows"
    return f"the TXT record {prefix}{value}"


def next_look(since: datetime, now: datetime) -> int:
    """Seconds until the next look: as for the DNS at first, an hour once two have passed. A week of
    it costs 1,700 events of the execution's history, beside those of the cut-over."""
    return _LATER if now - since >= timedelta(hours=2) else next_wait(since, now)


def ensure_domains(
    settings: Settings,
    directory: Directory,
    ledger: Ledger,
    run: str,
    since: str,
    now: str,
    *,
    may_begin_early: bool,
) -> Look:
    """Registers what is missing, makes the first domain the default one if that is wanted, and says
    what is verified. The timeline has a line for the records that must be published; it stays the
    same from look to look. A default domain that WorkMail refuses is a line of the timeline: no
    address depends on it.

    `since` is when the waiting began. TenantMisconfigured if a domain is not to be registered, is
    another organization's, was given up by WorkMail, or is not verified after the configured days;
    with the records. Directory's Busy leaves pass.
    """
    rulings = [_ensure(directory, settings, name) for name in settings.domains]
    problems = [ruling.text for ruling in rulings if ruling.step is Step.REFUSE]
    waiting = [ruling.text for ruling in rulings if ruling.step is Step.WAIT]
    began, moment = datetime.fromisoformat(since), datetime.fromisoformat(now)
    if moment - began >= timedelta(days=settings.domain_wait_days):
        days = settings.domain_wait_days
        problems += [f"{text} (waited for {days} days)" for text in waiting]
    if problems:
        raise TenantMisconfigured(problems)
    if waiting:
        ledger.add_note(run, Note(since, "EnsureDomains", "; ".join(waiting)))
        early = may_begin_early and settings.domain_start_before_verified
        return Look(verified=False, wait_seconds=next_look(began, moment), early=early)
    if settings.domain_make_default:
        try:
            _make_default(directory, settings.domains)
        except TenantMisconfigured as refusal:
            remark = "the default domain stays another one: choose it in the WorkMail console"
            ledger.add_note(run, Note(now, "EnsureDomains", f"{remark} ({refusal})"))
    return Look(verified=True, wait_seconds=0, early=False)


def _ensure(directory: Directory, settings: Settings, name: str) -> Ruling:
    ruling = rule_on_domain(name, directory.domain(name), register=settings.domain_register)
    if ruling.step is not Step.REGISTER:
        return ruling
    directory.register_domain(name)
    # It may take a moment until WorkMail shows it, with the record to publish.
    shown = directory.domain(name) or MailDomain(name, verified=False)
    return rule_on_domain(name, shown, register=False)


def _make_default(directory: Directory, domains: Sequence[str]) -> None:
    first = directory.domain(domains[0])
    if first is not None and not first.default:
        directory.set_default_domain(domains[0])
