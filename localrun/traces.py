"""Finds words in texts, however they are written down.

A word may stand there as it is, in other letters, quoted for mail, for IMAP, for a URL or for JSON,
or within something that is base64: then its octets begin at one of three places of a group.
"""

from __future__ import annotations

import base64
import json
import quopri
from collections.abc import Iterable, Iterator
from email.header import Header
from functools import cache
from urllib.parse import quote, quote_plus

_SHORTEST = 8
"""Of base64, so many characters in a row are no chance."""


@cache
def forms_of(word: str) -> tuple[frozenset[str], frozenset[str]]:
    """How the word may be spelled: in any letters, and only in these."""
    octets = word.encode()
    spelled = {
        word,
        json.dumps(word).strip('"'),
        quote(word),
        quote_plus(word),
        quopri.encodestring(octets).decode().strip(),
        Header(word, "utf-8").encode(),
        _encode_utf7(word),
    }
    return frozenset(each.casefold() for each in spelled), frozenset(_within_base64(octets))


def find_words(words: Iterable[str], text: str) -> list[str]:
    """Those of the words that stand in the text, in whatever form."""
    folded = text.casefold()
    found = []
    for word in words:
        any_letters, exactly = forms_of(word)
        if any(each in folded for each in any_letters) or any(each in text for each in exactly):
            found.append(word)
    return found


def _within_base64(octets: bytes) -> Iterator[str]:
    """The characters that depend on the word's octets alone, for each place in a group of three."""
    for lead in range(3):
        encoded = base64.b64encode(b"\0" * lead + octets).decode()
        begin = -(-lead * 8 // 6)
        end = (lead + len(octets)) * 8 // 6
        if end - begin >= _SHORTEST:
            yield encoded[begin:end]
            yield encoded[begin:end].translate(str.maketrans("+/", "-_"))


def _encode_utf7(word: str) -> str:
    """As IMAP names a mailbox (RFC 3501, 5.1.3)."""
    parts: list[str] = []
    run = ""
    for character in [*word, ""]:
        if character and not (" " <= character <= "~"):
            run += character
            continue
        if run:
            encoded = base64.b64encode(run.encode("utf-16-be")).decode().rstrip("=")
            parts.append(f"&{encoded.replace('/', ',')}-")
            run = ""
        parts.append("&-" if character == "&" else character)
    return "".join(parts)
