"""How long a run takes and what it costs: at least, usually, and probably at most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from migration.estimate.bill import Estimate, estimate
from migration.estimate.phases import Course, Phase, Span, Wanted
from migration.estimate.sizes import Sizes
from migration.estimate.terms import Terms
from migration.estimate.workload import Workload, as_set

_SPEEDS = (2.0, 1.0, 0.5)
"""MB/s of one mailbox: fast, usual, slow. Nobody knows what WorkMail bears."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """`copied`: from the start until the first copy is complete; `ended`: until the end of the run;
    both as if people did at once what they are waited for. `bills`: the least, the usual and the
    most that it costs."""

    phases: tuple[Phase, ...]
    copied: Span
    ended: Span
    bills: tuple[Estimate, Estimate, Estimate]
    assumptions: tuple[str, ...]


def look_ahead(sizes: Sizes, terms: Terms, wanted: Wanted) -> Forecast:
    """What a run of these sizes comes to, by these terms."""
    fast, usual, slow = (
        _make_work(sizes, terms, wanted, gigabytes, speed)
        for gigabytes, speed in zip((sizes.least, sizes.usual, sizes.most), _SPEEDS, strict=True)
    )
    course = Course(sizes, terms, wanted, fast, usual, slow)
    until_copied = [*course.before_copying(), *course.copying()]
    phases = [*until_copied, *course.afterwards()]
    return Forecast(
        tuple(phases),
        _sum(until_copied),
        _sum(phases),
        (estimate(fast), estimate(usual), estimate(slow)),
        tuple(_assume(sizes, terms, estimate(usual))),
    )


def _make_work(
    sizes: Sizes, terms: Terms, wanted: Wanted, gigabytes: float, speed: float
) -> Workload:
    work = Workload(
        sizes.mailboxes,
        gigabytes,
        sizes.messages,
        folders=sizes.folders,
        megabytes_per_second=speed,
        round_trip=wanted.round_trip,
        largest=min(sizes.largest, gigabytes),
    )
    work = as_set(work, terms)
    return replace(
        work,
        days=work.days if wanted.cuts_over else 0.0,
        delta_passes=work.delta_passes if "delta" in wanted.phases else 0,
        late_passes=work.late_passes if "delta" in wanted.phases else 0,
    )


def _sum(phases: Sequence[Phase]) -> Span:
    """Of those that wait for people the least counts."""
    total = Span(0.0, 0.0)
    for each in phases:
        total += Span(each.span.least, each.span.least) if each.waits_for_you else each.span
    return total


def _assume(sizes: Sizes, terms: Terms, bill: Estimate) -> Iterator[str]:
    yield f"How much mail there is: {sizes.reason}."
    if terms.leaves_out:
        yield (
            "Sizes are those of whole mailboxes, although the tenant file leaves some of it out "
            "(copy): it takes less."
        )
    yield (
        f"Ranges are for half and twice of {_SPEEDS[1]:g} MB/s for each mailbox, and for the least "
        "and the most of the sizes; outages and throttling that lasts come to it."
    )
    yield "What an earlier run has copied is not copied again: then it takes less than this."
    yield from (f"{text[0].upper()}{text[1:]}." for text in bill.assumptions)
