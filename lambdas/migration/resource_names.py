"""Names of resources that WorkMail takes: at most 20 letters, digits and . _ -.

A longer or an unfit name is made fit: letters lose their accents, what is between words becomes a
hyphen, and what is too long is cut before the last word, which often holds the number. Where little
of a name would be left, as of one in another script, the address serves. Two names that meet get
numbers. All functions are pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence

from migration.workmail_names import MAX_RESOURCE_NAME, fits_resource

_LAST_WORD = 8  # characters of the last word that stay

# what Unicode does not take apart
_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D"}
    | {"ł": "l", "Ł": "L", "þ": "th", "Þ": "Th", "ð": "d", "Ð": "D", "ı": "i", "\u2019": "'"}
)
_BETWEEN_WORDS = re.compile(r"[^A-Za-z0-9_.-]+")
_WITHIN_WORDS = re.compile(r"(?<=\w)'(?=\w)")


def derive_names(names: Mapping[str, str], taken: Collection[str]) -> dict[str, str]:
    """A fit name for each resource, by its address. `names` holds the wanted ones.

    A name that fits stays, whatever it meets. The others are different from each other, from those,
    and from what is `taken`, without regard to case. The order of `names` does not matter.
    """
    derived = {address: name for address, name in names.items() if fits_resource(name)}
    used = {name.lower() for name in (*taken, *derived.values())}
    for address in sorted(names.keys() - derived.keys()):
        name = _number(make_fit(names[address], address), used)
        used.add(name.lower())
        derived[address] = name
    return derived


def make_fit(name: str, address: str) -> str:
    """The name as WorkMail takes it; the same if it is fit already."""
    if fits_resource(name):
        return name
    for text in (name, address.partition("@")[0]):
        words = _split(text)
        if _letters("".join(words)) * 2 >= max(1, _letters(text)):
            return _join(words)
    return "resource"


def _split(text: str) -> list[str]:
    """The words of a text, in letters, digits and . _ - alone."""
    apart = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    bare = "".join(sign for sign in apart if not unicodedata.combining(sign))
    words = _BETWEEN_WORDS.sub(" ", _WITHIN_WORDS.sub("", bare)).split()
    return [word for word in (word.strip("-._") for word in words) if word]


def _letters(text: str) -> int:
    return sum(sign.isalnum() for sign in text)


def _join(words: Sequence[str]) -> str:
    """The words with hyphens between them; if that is too long, as much of their beginning as fits
    before the last of them."""
    whole = "-".join(words)
    if len(whole) <= MAX_RESOURCE_NAME or len(words) == 1:
        return _cut(whole, MAX_RESOURCE_NAME)
    last = words[-1][:_LAST_WORD]
    return f"{_cut('-'.join(words[:-1]), MAX_RESOURCE_NAME - len(last) - 1)}-{last}"


def _cut(text: str, length: int) -> str:
    return text[:length].rstrip("-._")


def _number(name: str, used: Collection[str]) -> str:
    number, numbered = 1, name
    while numbered.lower() in used:
        number += 1
        numbered = f"{_cut(name, MAX_RESOURCE_NAME - len(str(number)) - 1)}-{number}"
    return numbered
