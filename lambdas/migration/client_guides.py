"""The guide for one user in one language, as values: sections with their steps and tables. Pure.

The words come from client_texts/<language>.yaml, in which names in braces stand for values. Every
language has the same keys; an operator may replace single ones (client_templates.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from migration.clients import IMAP_PORT, SMTP_PORT, Account, SignIn

IPHONE_FILE = "iphone.mobileconfig"
MAC_FILE = "mac.mobileconfig"
SECTIONS = ("web", "outlook_windows", "outlook_mac", "macos", "ios", "android", "thunderbird")
PLACEHOLDERS = frozenset(
    {"name", "address", "domain", "web", "web_user", "secret", "iphone_file", "mac_file"}
)

_PLACEHOLDER = re.compile(r"\{(\w+)\}")

Texts = Mapping[str, str | tuple[str, ...]]
"""The words of a language, by dotted keys such as sections.web.title; steps are several."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A row of a section's table. `exact`: it is to be typed letter by letter."""

    label: str
    value: str
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Section:
    """One kind of mail program. `files` lie beside the page and are attached to the mail."""

    id: str
    title: str
    steps: tuple[str, ...]
    facts: tuple[Fact, ...]
    note: str = ""
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Guide:
    """All that a page or a mail says in one language. `language` is its code, such as de."""

    language: str
    language_name: str
    subject: str
    heading: str
    greeting: str
    intro: str
    sign_in_heading: str
    sign_in: str
    keep_old: str
    sections: tuple[Section, ...]
    files_label: str
    footer: str


def make_guide(language: str, texts: Texts, account: Account) -> Guide:
    """The guide for the account. `texts` are complete (see client_templates.py)."""
    words = _Words(texts, account)
    return Guide(
        language=language,
        language_name=words("name"),
        subject=words("subject"),
        heading=words("heading"),
        greeting=words("greeting" if account.name else "greeting_without_name"),
        intro=words("intro"),
        sign_in_heading=words("sign_in.heading"),
        sign_in=words(f"sign_in.{account.sign_in}"),
        keep_old=words("keep_old"),
        sections=tuple(_make_section(name, words, account) for name in SECTIONS),
        files_label=words("labels.files"),
        footer=words("footer"),
    )


def find_placeholders(text: str) -> frozenset[str]:
    """The names in braces."""
    return frozenset(_PLACEHOLDER.findall(text))


class _Words:
    """Looks words up and fills them in."""

    def __init__(self, texts: Texts, account: Account) -> None:
        self._texts = texts
        self._values = {
            "name": account.name,
            "address": account.address,
            "domain": account.domain,
            "web": account.servers.web,
            "web_user": account.web_user,
            "secret": str(texts[f"secret.{account.sign_in}"]),
            "iphone_file": IPHONE_FILE,
            "mac_file": MAC_FILE,
        }

    def __call__(self, key: str) -> str:
        text = self._texts[key]
        assert isinstance(text, str), key
        return self._fill(text)

    def steps(self, key: str) -> tuple[str, ...]:
        """The steps under the key."""
        steps = self._texts[key]
        assert isinstance(steps, tuple), key
        return tuple(map(self._fill, steps))

    def _fill(self, text: str) -> str:
        """In one go: a value that looks like a placeholder stays as it is."""
        return _PLACEHOLDER.sub(lambda match: self._values[match[1]], text)


def _make_section(name: str, words: _Words, account: Account) -> Section:
    by_token = name == "web" and account.sign_in is SignIn.TOKEN
    needs_autodiscover = name == "outlook_windows" and not account.automatic
    files = {"macos": (MAC_FILE,), "ios": (IPHONE_FILE,)}
    return Section(
        id=name,
        title=words(f"sections.{name}.title"),
        steps=words.steps(f"sections.{name}.steps{'_token' if by_token else ''}"),
        facts=tuple(_list_facts(name, words, account)),
        note=words("notes.autodiscover") if needs_autodiscover else "",
        files=files.get(name, ()),
    )


def _list_facts(name: str, words: _Words, account: Account) -> Iterator[Fact]:
    servers = account.servers
    if name == "web":
        yield Fact(words("labels.web_address"), servers.web)
        if account.sign_in is not SignIn.TOKEN:
            yield Fact(words("labels.user_name"), account.web_user)
        return
    yield Fact(words("labels.address"), account.address)
    yield Fact(words("labels.user_name"), account.address)
    if name in ("outlook_mac", "macos"):
        yield Fact(words("labels.server_url"), servers.ews_url)
    if name in ("ios", "android"):
        yield Fact(words("labels.server"), servers.mobile)
        yield Fact(words("labels.domain"), words("values.leave_empty"), exact=False)
        yield from _list_security(words)
    if name == "thunderbird":
        yield Fact(words("labels.incoming"), servers.imap)
        yield Fact(words("labels.port"), str(IMAP_PORT))
        yield Fact(words("labels.outgoing"), servers.smtp)
        yield Fact(words("labels.port"), str(SMTP_PORT))
        yield from _list_security(words)
        yield Fact(words("labels.authentication"), words("values.normal_password"), exact=False)


def _list_security(words: _Words) -> Sequence[Fact]:
    return [Fact(words("labels.security"), "SSL/TLS", exact=False)]
