"""The plan of a migration before it begins, as one value: what will happen, how long it takes, what
it costs, what is in the way. Pure; the page, its JSON and the terminal show this and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from migration.directory_plan import PlanRow, count
from migration.directory_plan import Verdict as RowVerdict
from migration.estimate.forecast import Forecast, look_ahead
from migration.estimate.phases import FULL_PASS, Wanted
from migration.estimate.sizes import Sizes, guess_sizes
from migration.estimate.terms import Terms
from migration.figures import format_range, format_usd, format_usd_range
from migration.manifest import Manifest
from migration.survey_model import SourceSurvey

_PERMISSIONS = "permissions"
_KINDS = ("user", "group", "resource", _PERMISSIONS)


class Verdict(StrEnum):
    """Whether the run may begin. With CAREFULLY it goes on, and something should be read before."""

    READY = "ready"
    CAREFULLY = "ready, with warnings"
    NOT_READY = "not ready"


@dataclass(frozen=True, slots=True)
class KindCount:
    """What the manifest wants of one kind, and what becomes of it. All but `total` are 0 where
    WorkMail was not asked."""

    kind: str
    total: int
    create: int
    change: int
    leave: int
    conflict: int
    unknown: int


@dataclass(frozen=True, slots=True)
class MigrationPlan:
    """`run` is "" before there is one, `rows` are empty if WorkMail was not asked; `unasked` says
    why then. `notices` are facts that need no action. `forecast` and `sizes` are None where the
    manifest has faults, or is missing: nobody knows what is to be done."""

    tenant: str
    run: str
    at: str
    manifest: str
    verdict: Verdict
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    notices: tuple[str, ...]
    kinds: tuple[KindCount, ...]
    sizes: Sizes | None
    survey: SourceSurvey | None
    forecast: Forecast | None
    unasked: str
    rows: tuple[PlanRow, ...]

    @property
    def conflicts(self) -> tuple[PlanRow, ...]:
        """What is left as it is, and why."""
        return tuple(row for row in self.rows if row.verdict is RowVerdict.CONFLICT)


@dataclass(frozen=True, slots=True)
class Known:
    """What was found out before a plan is made. `manifest` is None if there is none; `given_size`
    in gigabytes, 0 if nobody said it."""

    terms: Terms
    phases: frozenset[str]
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    provisions: bool = True
    domains_open: bool = False
    manifest: Manifest | None = None
    survey: SourceSurvey | None = None
    rows: tuple[PlanRow, ...] = ()
    unasked: str = ""
    given_size: float = 0.0


def make_plan(known: Known, run: str, at: str, manifest: str) -> MigrationPlan:
    """Puts together what is known; `manifest` is its file's name or key."""
    faults = tuple(fault.text for fault in known.manifest.faults) if known.manifest else ()
    problems = known.problems + faults
    whole = known.manifest if known.manifest and not faults else None
    sizes = _guess(known, whole) if whole else None
    return MigrationPlan(
        tenant=known.terms.tenant,
        run=run,
        at=at,
        manifest=manifest,
        verdict=_judge(problems, known.warnings, known.rows),
        problems=problems,
        warnings=known.warnings,
        notices=known.notices,
        kinds=tuple(_count(whole, known.rows)) if whole else (),
        sizes=sizes,
        survey=known.survey,
        forecast=_look_ahead(known, whole, sizes) if whole and sizes else None,
        unasked=known.unasked,
        rows=known.rows,
    )


def _judge(problems: Sequence[str], warnings: Sequence[str], rows: Sequence[PlanRow]) -> Verdict:
    if problems:
        return Verdict.NOT_READY
    counted = count(rows)
    if warnings or counted[RowVerdict.CONFLICT] or counted[RowVerdict.UNKNOWN]:
        return Verdict.CAREFULLY
    return Verdict.READY


def _guess(known: Known, manifest: Manifest) -> Sizes:
    seen = known.survey.mailboxes if known.survey else ()
    return guess_sizes(len(manifest.rows), seen, known.given_size)


def _look_ahead(known: Known, manifest: Manifest, sizes: Sizes) -> Forecast:
    """What is not looked at counts as to be made."""
    to_do = [
        row for row in known.rows if row.verdict not in (RowVerdict.LEAVE, RowVerdict.CONFLICT)
    ]
    users = sum(row.what == _KINDS[0] for row in to_do) if known.rows else len(manifest.rows)
    entities = len(to_do) - users if known.rows else len(manifest.wanted)
    wanted = Wanted(
        known.phases,
        users,
        entities,
        known.provisions,
        known.domains_open,
        known.survey.round_trip if known.survey else 0.0,
    )
    return look_ahead(sizes, known.terms, wanted)


def _count(manifest: Manifest, rows: Sequence[PlanRow]) -> Iterable[KindCount]:
    totals = (manifest.rows, manifest.groups, manifest.resources, manifest.sharings)
    for kind, wanted in zip(_KINDS, totals, strict=True):
        counted = count(row for row in rows if row.what == kind)
        if wanted:
            yield KindCount(kind, len(wanted), *(counted[verdict] for verdict in RowVerdict))


def summarise(plan: MigrationPlan) -> tuple[tuple[str, str], ...]:
    """Three lines for a terminal or the timeline, label and text, without personal data: the
    verdict, how long, what it costs. The latter two only with a forecast."""
    lines = [("verdict", describe_verdict(plan))]
    if plan.forecast:
        lines += [("duration", _tell_duration(plan.forecast)), ("cost", _tell_cost(plan.forecast))]
    return tuple(lines)


def _tell_duration(forecast: Forecast) -> str:
    ended = format_range(forecast.ended.least, forecast.ended.most)
    if any(phase.name == FULL_PASS for phase in forecast.phases):
        copied = format_range(forecast.copied.least, forecast.copied.most)
        told = f"the first copy is complete after {copied}, all is over after {ended}"
    else:
        told = f"all is over after {ended}"
    waits = any(phase.waits_for_you for phase in forecast.phases)
    return told + (", if nobody is waited for" if waits else "")


def _tell_cost(forecast: Forecast) -> str:
    aws = format_usd_range([bill.total for bill in forecast.bills])
    return f"AWS {aws}; WorkMail itself {format_usd(forecast.bills[1].seats)} a month"


def describe_verdict(plan: MigrationPlan) -> str:
    """`ready`, `ready, with 2 warnings and 1 conflict`, `not ready: 3 problems`."""
    if plan.verdict is Verdict.NOT_READY:
        return f"{plan.verdict}: {_several(len(plan.problems), 'problem')}"
    unknown = sum(kind.unknown for kind in plan.kinds)
    parts = [
        _several(number, what)
        for number, what in (
            (len(plan.warnings), "warning"),
            (len(plan.conflicts), "conflict"),
        )
        if number
    ]
    parts += [f"{unknown} not looked at"] if unknown else []
    return f"ready, with {' and '.join(parts)}" if parts else str(Verdict.READY)


def _several(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")
