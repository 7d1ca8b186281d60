"""How much mail there is, as far as anybody knows: measured, told or assumed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean, stdev

from migration.estimate.workload import AVERAGE_MESSAGE
from migration.figures import format_bytes
from migration.survey_model import SourceMailbox

_GIGABYTE = 1_000_000_000
_ASSUMED = (0.25, 1.0, 4.0)
"""Gigabytes of a mailbox of which nothing is known: little, usual, much."""
_MESSAGE = (0.5, 1.0, 2.0)
"""How the average message of a tenant lies to AVERAGE_MESSAGE: small, usual, large."""
_LEAST_DOUBT = 0.1
"""Of what was not looked into, however alike the others were."""
FOLDERS = 20
"""Of a mailbox, where none was looked into."""


class Basis(StrEnum):
    """What a number rests on; SET is by the tenant file."""

    MEASURED = "measured"
    GIVEN = "given"
    SET = "set"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Sizes:
    """Of all mailboxes together, in gigabytes (decimal): `usual` is the likely one. `largest` is
    the largest mailbox that is known, 0 if none is. `looked_into` of `mailboxes`; `reason` says in
    a sentence where the numbers come from."""

    mailboxes: int
    least: float
    usual: float
    most: float
    messages: int
    folders: int
    largest: float
    looked_into: int
    basis: Basis
    reason: str


def guess_sizes(mailboxes: int, seen: Sequence[SourceMailbox], given: float = 0.0) -> Sizes:
    """What `mailboxes` hold of which those were seen. `given`: gigabytes, by somebody who knows;
    0 if nobody does."""
    folders = round(fmean(each.folders for each in seen)) if seen else FOLDERS
    messages = round(_scale([each.messages for each in seen], mailboxes)[1]) if seen else 0
    sizes = [each.size for each in seen if each.size is not None]
    if given:
        least, usual, most, basis = given, given, given, Basis.GIVEN
        reason = f"{given:,g} GB, as was given"
    elif len(sizes) == len(seen) > 0:
        least, usual, most = (each / _GIGABYTE for each in _scale(sizes, mailboxes))
        basis, reason = Basis.MEASURED, f"{_tell(len(seen), mailboxes)} told their sizes"
    elif seen:
        counts = _scale([each.messages for each in seen], mailboxes)
        least, usual, most = _times(counts, _MESSAGE, AVERAGE_MESSAGE / _GIGABYTE)
        basis = Basis.ASSUMED
        reason = (
            f"{_tell(len(seen), mailboxes)} told how many messages they hold, none its size: "
            f"{AVERAGE_MESSAGE // 1000} kB a message are assumed, half and twice of it"
        )
    else:
        least, usual, most = _times((mailboxes,) * 3, _ASSUMED, 1.0)
        basis = Basis.ASSUMED
        reason = "no mailbox was looked into: 1 GB each is assumed, a quarter and four times of it"
    largest = max(sizes, default=0) / _GIGABYTE
    messages = messages or round(usual * _GIGABYTE / AVERAGE_MESSAGE)
    return Sizes(
        mailboxes, least, usual, most, messages, folders, largest, len(seen), basis, reason
    )


def _scale(seen: Sequence[int], total: int) -> tuple[float, float, float]:
    """Of all, by those seen: least, usual and most. What was seen is certain; the mean of the rest
    lies within two standard errors of theirs."""
    rest = max(0, total - len(seen))
    mean = fmean(seen)
    spread = stdev(seen) if len(seen) > 1 else mean
    doubt = max(2 * spread / math.sqrt(len(seen)), _LEAST_DOUBT * mean) if rest else 0.0
    known = float(sum(seen))
    return known + rest * max(0.0, mean - doubt), known + rest * mean, known + rest * (mean + doubt)


def _times(
    numbers: Iterable[float], factors: Iterable[float], each: float
) -> tuple[float, float, float]:
    least, usual, most = (
        number * factor * each for number, factor in zip(numbers, factors, strict=True)
    )
    return least, usual, most


def _tell(seen: int, total: int) -> str:
    return "all mailboxes" if seen >= total else f"{seen} of {total} mailboxes"


def tell_size(sizes: Sizes) -> str:
    """`12.0 GB`, `8.1 to 14.0 GB` or `512 MB to 2.1 GB`."""
    least, most = (format_bytes(round(each * _GIGABYTE)) for each in (sizes.least, sizes.most))
    if least == most:
        return least
    (low, unit), (_, other) = least.split(), most.split()
    return f"{low} to {most}" if unit == other else f"{least} to {most}"
