"""What is claimed of the copy engine, and whether the rows bear it out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from bench.rows import EWS, EWS_WHOLE, FIRST, LARGE, LIMITED, SECOND, Row
from bench.tools import CEILING, EXCHANGELIB, INTERIMAP, MIGRATION, PEERS, RAW_EWS

_MEMORY_MB = 128
_LEDGER_WRITES = 0.05
_EWS_RATIO = 4.0


@dataclass(frozen=True, slots=True)
class Claim:
    """`value` is the figure it turns on; None when what it needs was not measured."""

    text: str
    value: float | None
    holds: bool
    detail: str = ""

    @property
    def verdict(self) -> str:
        """A word or two."""
        if self.value is None:
            return "not measured"
        return "yes" if self.holds else "NO"


def judge(rows: Sequence[Row]) -> list[Claim]:
    """All claims, in the order of docs/performance.md."""
    find = _Finder(rows)
    return [
        _at_least("at 20 ms at least 2 times interimap", 2.0, find.speed_ratio(INTERIMAP, 20)),
        _at_least("at 50 ms at least 3 times interimap", 3.0, find.speed_ratio(INTERIMAP, 50)),
        *(
            _at_least(
                f"at {trip} ms at least 70 % of the ceiling", 0.7, find.speed_ratio(CEILING, trip)
            )
            for trip in (20, 50, 0)
        ),
        _at_least(
            "at 0 ms not slower than any peer",
            1.0,
            _worst(find.speed_ratio(peer, 0) for peer in PEERS),
        ),
        _at_least(
            "second pass not slower than interimap's",
            1.0,
            _worst(find.time_ratio(INTERIMAP, trip) for trip in find.round_trips),
        ),
        _identical(find),
        _memory(find),
        _limited(find),
        _ledger(find),
        _ews(find),
    ]


def claim_lines(claims: Iterable[Claim]) -> list[str]:
    """One line a claim: the verdict, the claim, its figure."""
    lines = []
    for claim in claims:
        figure = "" if claim.value is None else f": {claim.value:,.3g}"
        detail = f" ({claim.detail})" if claim.detail else ""
        lines.append(f"{claim.verdict:<12} {claim.text}{figure}{detail}")
    return lines


class _Finder:
    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = {row.key: row for row in rows}
        self.ours = [row for row in rows if row.tool == MIGRATION]
        self.round_trips = sorted({row.round_trip for row in self.ours if row.pass_name == FIRST})

    def ours_of(self, *passes: str) -> list[Row]:
        """Our rows of these passes."""
        return [row for row in self.ours if row.pass_name in passes]

    def speed_ratio(self, other: str, round_trip: int, pass_name: str = FIRST) -> float | None:
        """How many times faster ours is; None when one of the two is missing. A run of ours that
        failed is infinitely slow."""
        return self._ratio(other, round_trip, pass_name, lambda row: row.messages_per_second)

    def time_ratio(self, other: str, round_trip: int) -> float | None:
        """The same for the second pass, where there is nothing to count but time."""
        return self._ratio(
            other, round_trip, SECOND, lambda row: 1 / row.seconds if row.seconds else 0.0
        )

    def row(self, tool: str, pass_name: str) -> Row | None:
        """Of a pass that is measured at one round trip only."""
        found = [row for row in self._rows.values() if row.key[::2] == (tool, pass_name)]
        return found[0] if found else None

    def _ratio(
        self, other: str, round_trip: int, pass_name: str, speed: Callable[[Row], float]
    ) -> float | None:
        ours = self._rows.get((MIGRATION, round_trip, pass_name))
        theirs = self._rows.get((other, round_trip, pass_name))
        if ours is None or theirs is None or not speed(theirs):
            return None
        return speed(ours) / speed(theirs)


def _worst(ratios: Iterable[float | None]) -> float | None:
    return min((ratio for ratio in ratios if ratio is not None), default=None)


def _at_least(text: str, wanted: float, ratio: float | None) -> Claim:
    return Claim(text, ratio, ratio is not None and ratio >= wanted)


def _identical(find: _Finder) -> Claim:
    rows = find.ours_of(FIRST, SECOND, LARGE, LIMITED, EWS, EWS_WHOLE)
    wrong = [row for row in rows if not row.identical]
    detail = wrong[0].reason if wrong else ""
    share = (len(rows) - len(wrong)) / len(rows) if rows else None
    return Claim("every copy is identical", share, not wrong, detail)


def _memory(find: _Finder) -> Claim:
    rows = find.ours_of(FIRST, SECOND, LARGE, LIMITED)
    peak = max((row.peak_memory_mb for row in rows), default=None)
    text = f"peak memory at most {_MEMORY_MB} MB, messages of 40 MB included"
    return Claim(text, peak, peak is not None and peak <= _MEMORY_MB)


def _limited(find: _Finder) -> Claim:
    rows = find.ours_of(LIMITED)
    passed = [row for row in rows if row.seconds and row.identical]
    detail = rows[0].reason if rows else ""
    text = "six messages of 40 MB within 512 MB of address space"
    return Claim(text, len(passed) if rows else None, passed == rows, detail)


def _ledger(find: _Finder) -> Claim:
    counts = [row.ledger_writes_per_message for row in find.ours_of(FIRST)]
    most = max((count for count in counts if count is not None), default=None)
    text = f"at most {_LEDGER_WRITES} ledger writes a message"
    return Claim(text, most, most is not None and most <= _LEDGER_WRITES)


def _ews(find: _Finder) -> Claim:
    ours = find.row(MIGRATION, EWS)
    trip = ours.round_trip if ours else 0
    claim = _at_least(
        "EWS at least 4 times exchangelib", _EWS_RATIO, find.speed_ratio(EXCHANGELIB, trip, EWS)
    )
    limit = _raw_ratio(find)
    if limit is None or limit >= _EWS_RATIO:
        return claim
    detail = f"the emulator is the limit: raw requests reach {limit:.3g} times"
    return replace(claim, detail=detail)


def _raw_ratio(find: _Finder) -> float | None:
    """How many times faster than exchangelib the emulator lets anybody be."""
    raw, theirs = find.row(RAW_EWS, EWS), find.row(EXCHANGELIB, EWS)
    if raw is None or theirs is None or not theirs.seconds:
        return None
    return raw.messages_per_second / theirs.messages_per_second
