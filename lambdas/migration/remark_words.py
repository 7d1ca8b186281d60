"""What the report says of a message that was not copied, or not exactly: in words, and what to do.

Codes are those of sources, targets and filters; one that is not known here is shown as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from migration.mail import Fate

_FATES: Mapping[Fate, str] = {
    Fate.REJECTED: "refused",
    Fate.UNREADABLE: "unreadable",
    Fate.QUARANTINED: "put aside",
    Fate.ADJUSTED: "adjusted",
}

_WHAT: Mapping[Fate, str] = {
    Fate.REJECTED: "WorkMail does not take it.",
    Fate.UNREADABLE: "The old server lists it and cannot give it.",
    Fate.QUARANTINED: "It has ended its workers again and again, so the copy went on without it.",
    Fate.ADJUSTED: "It is in WorkMail, but not exactly as it was.",
}

_REASONS: Mapping[str, str] = {
    "too-large": "It is larger than WorkMail takes.",
    "crlf": "Its line ends were made regular.",
    "nul-removed": "NUL characters were taken out.",
    "header-added": "It had no header; a short one was put before it.",
    "keywords-left-out": "Keywords that WorkMail does not take were left out.",
    "date-left-out": "Its date of receipt was not taken; it shows the time of the copy.",
}

_ADVICE: Mapping[Fate, str] = {
    Fate.REJECTED: "Give its owner the original from the old server; a new run refuses it again.",
    Fate.UNREADABLE: "Open it on the old server with another program; if that cannot read it "
    "either, it is lost there, too.",
    Fate.QUARANTINED: "Give its owner the raw form, which was put aside in the tenant's bucket, or "
    "the original from the old server.",
    Fate.ADJUSTED: "Nothing, as long as the original is kept until its owner has looked at it.",
}


def name_fate(fate: Fate) -> str:
    """One or two words; the fate's own name for one that needs no remark."""
    return _FATES.get(fate, str(fate))


def explain(fate: Fate, reason: str) -> str:
    """What happened. `reason` is a code, or several joined with +."""
    known = [_REASONS[code] for code in reason.split("+") if code in _REASONS]
    return " ".join(known) or _WHAT.get(fate, "")


def advise_on(fate: Fate) -> str:
    """What the operator does about it."""
    return _ADVICE.get(fate, "")
