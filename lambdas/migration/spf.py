"""Sender Policy Framework (RFC 7208): SES is let in, and what else the record says is kept.

Pure: the text of a record in, the text to publish out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SES = "include:amazonses.com"
ALONE = f"v=spf1 {SES} ~all"
"""What is published where there is no policy yet."""

MOST_LOOKUPS = 10
_ROOMY = 450  # characters; RFC 7208, 3.4: an answer should fit into 512 octets

_SPF = re.compile(r"v=spf1(?: |$)", re.IGNORECASE)
_MODIFIER = re.compile(r"[a-z][a-z0-9_.-]*=", re.IGNORECASE)
_LOOKUP = re.compile(r"(?:include|a|mx|ptr|exists)(?:[:/]|$)")
_QUALIFIERS = "+-~?"


@dataclass(frozen=True, slots=True)
class SpfMerge:
    """`text` is to be published; `lookups` counts its own terms that receivers look up, without
    those of the records that it includes. `remarks` are sentences for the owner; they name no host
    of his."""

    text: str
    lookups: int
    remarks: tuple[str, ...] = ()


def is_spf(text: str) -> bool:
    """Whether a TXT value, its strings joined, is an SPF record (4.5: exactly this version)."""
    return bool(_SPF.match(text))


def merge_spf(existing: str) -> SpfMerge:
    """The policy with SES let in before its `all`, every other term in its place and spelling; with
    none ("") one that lets in SES alone.

    Without `all` the term comes behind the last mechanism: a `redirect=` is followed only where no
    mechanism matches (6.1), so it goes on to hold for all other senders. A term for SES that has no
    effect, because it stands behind `all` (5.1), or that rejects, is replaced. Merging what has
    been merged changes nothing. ValueError if `existing` is no SPF record.
    """
    if not existing:
        return _judge(ALONE, [])
    if not is_spf(existing):
        raise ValueError("this is not an SPF record")
    version, *terms = existing.split()
    if SES in (_plain(term) for term in terms[: _end(terms)]):
        return _judge(existing, [])
    remarks = []
    kept = [term for term in terms if _name(term) != SES]
    if len(kept) != len(terms):
        remarks.append(
            "a term for amazonses.com stood behind `all` or did not let it in: it was replaced"
        )
    place = _end(kept)
    return _judge(" ".join([version, *kept[:place], SES, *kept[place:]]), remarks)


def count_lookups(text: str) -> int:
    """The terms of an SPF record that make receivers ask the DNS (4.6.4), as far as it is read: up
    to its `all`, which also makes `redirect=` mean nothing."""
    terms = text.split()[1:]
    names = [_name(term) for term in terms]
    if "all" in names:
        return sum(bool(_LOOKUP.match(name)) for name in names[: names.index("all")])
    redirects = any(name.startswith("redirect=") for name in names)
    return sum(bool(_LOOKUP.match(name)) for name in names) + redirects


def _end(terms: list[str]) -> int:
    """Where a term is to be put so that it is read and comes last: at the first `all`, else behind
    the last mechanism."""
    names = [_name(term) for term in terms]
    if "all" in names:
        return names.index("all")
    mechanisms = [place for place, term in enumerate(terms) if not _MODIFIER.match(term)]
    return mechanisms[-1] + 1 if mechanisms else 0


def _name(term: str) -> str:
    """The term in small letters without its qualifier and final dot."""
    return term.lstrip(_QUALIFIERS).rstrip(".").lower()


def _plain(term: str) -> str:
    """The same, but with a qualifier that does not mean "let in" kept."""
    return term.removeprefix("+").rstrip(".").lower()


def _judge(text: str, remarks: list[str]) -> SpfMerge:
    lookups = count_lookups(text)
    if lookups > MOST_LOOKUPS:
        remarks.append(
            f"the SPF record asks for {lookups} lookups, more than the {MOST_LOOKUPS} that "
            "receivers make (RFC 7208, 4.6.4): they will treat it as an error until you shorten it"
        )
    elif lookups == MOST_LOOKUPS:
        remarks.append(
            f"the SPF record asks for {lookups} lookups by itself; if one of its includes asks for "
            f"more, the limit of {MOST_LOOKUPS} is passed (RFC 7208, 4.6.4)"
        )
    names = [_name(term) for term in text.split()[1:]]
    if "all" not in names and not any(name.startswith("redirect=") for name in names):
        remarks.append("the SPF record has no `all`: it says nothing about other senders")
    if len(text) > _ROOMY:
        remarks.append(
            f"the SPF record has {len(text)} characters: answers may not fit into 512 octets "
            "(RFC 7208, 3.4)"
        )
    return SpfMerge(text, lookups, tuple(remarks))
