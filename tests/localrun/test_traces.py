"""A word is found in whatever form a text has it."""

from __future__ import annotations

import base64
import json
import quopri
from collections.abc import Callable
from email.header import Header
from urllib.parse import quote, quote_plus

import pytest

from localrun.traces import find_words

WORD = "Zqfolder-Übersicht & Größe"
SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "small": str.lower,
    "capitals": str.upper,
    "JSON": json.dumps,
    "JSON in JSON": lambda text: json.dumps(json.dumps(text, ensure_ascii=False)),
    "URL": quote,
    "form": quote_plus,
    "quoted-printable": lambda text: quopri.encodestring(text.encode()).decode(),
    "header": lambda text: Header(text, "utf-8").encode(),
    "UTF-7 of IMAP": lambda text: (
        text.replace("&", "&-").replace("Ü", "&ANw-").replace("öß", "&APYA3w-")
    ),
}


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
def test_every_spelling_is_found(spell: Callable[[str], str]) -> None:
    assert find_words([WORD], f'{{"x": "{spell(WORD)}"}}') == [WORD]
    assert find_words([WORD], spell("Zqfolder-Uebersicht")) == []


@pytest.mark.parametrize("lead", range(6))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_word_within_base64_is_found_wherever_it_begins(
    lead: int, encode: Callable[[bytes], bytes]
) -> None:
    text = encode(b"?" * lead + WORD.encode() + b" and more").decode()
    assert find_words([WORD], text) == [WORD]
    assert find_words(["another-word"], text) == []


def test_only_the_words_that_are_there_are_found() -> None:
    assert find_words(["zq-anna-local", "zq-otto-local"], "to zq-otto-local@acme") == [
        "zq-otto-local"
    ]
