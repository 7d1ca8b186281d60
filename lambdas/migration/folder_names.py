"""Names of folders as WorkMail can keep and show them. Pure."""

from __future__ import annotations

import unicodedata

LONGEST_NAME = 255
"""The longest name of one folder, in UTF-16 units."""


def fit_name(name: str) -> tuple[str, str]:
    """The name as WorkMail can keep it, and why it had to change ("" if it did not)."""
    reasons = []
    fit = "".join("_" if _is_forbidden(character) else character for character in name)
    if fit != name:
        reasons.append("characters that a name cannot have")
    if fit != fit.strip():
        fit = fit.strip()
        reasons.append("spaces at its ends")
    if not fit:
        fit = "(unnamed)"
        reasons.append("an empty name")
    if _utf16_length(fit) > LONGEST_NAME:
        fit = _cut(fit, LONGEST_NAME).rstrip()
        reasons.append("a name that is too long")
    return fit, "; ".join(reasons)


def mark_name(name: str, mark: str) -> str:
    """The name with a mark behind it, in brackets, by which it differs from an equal one."""
    suffix = f" ({mark})"
    return _cut(name, LONGEST_NAME - len(suffix)).rstrip() + suffix


def _is_forbidden(character: str) -> bool:
    """Controls, halves of surrogate pairs, and what XML 1.0 (section 2.2) does not allow."""
    return unicodedata.category(character) in ("Cc", "Cs") or character in "\ufffe\uffff"


def _utf16_length(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)


def _cut(text: str, units: int) -> str:
    while _utf16_length(text) > units:
        text = text[: -max(1, (_utf16_length(text) - units) // 2)]
    return text


def fold_name(name: str) -> str:
    """What names that are taken for the same have in common."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
