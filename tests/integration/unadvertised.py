"""Notices a client that uses what the server has not advertised.

Servers that hide an extension mostly obey its commands all the same, so no test fails: the client
must be judged by what it sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_LITERAL = re.compile(r"(~?)\{(\d+)(\+?)\}\r\n\Z")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_SMALL = 4096  # of LITERAL-, RFC 7888

# What a command looks like -> the capabilities of which one allows it.
_RULES: dict[str, set[str]] = {
    r"AUTHENTICATE \S+ .": {"SASL-IR"},
    r"STARTTLS": {"STARTTLS"},
    r"ENABLE ": {"ENABLE", "IMAP4REV2"},
    r"ID ": {"ID"},
    r"NAMESPACE": {"NAMESPACE", "IMAP4REV2"},
    r"IDLE": {"IDLE", "IMAP4REV2"},
    r"NOTIFY ": {"NOTIFY"},
    r"COMPRESS ": {"COMPRESS=DEFLATE"},
    r"UNSELECT": {"UNSELECT", "IMAP4REV2"},
    r"(UID )?MOVE ": {"MOVE", "IMAP4REV2"},
    r"UID EXPUNGE ": {"UIDPLUS", "IMAP4REV2"},
    r"(UID )?REPLACE ": {"REPLACE"},
    r"APPEND .*CATENATE \(": {"CATENATE"},
    r"(UID )?SORT ": {"SORT"},
    r"(UID )?THREAD ": {"THREAD=REFERENCES", "THREAD=ORDEREDSUBJECT", "THREAD=REFS"},
    r"(UID )?SEARCH RETURN \(": {"ESEARCH", "IMAP4REV2"},
    r"(UID )?SEARCH .*\b(YOUNGER|OLDER) ": {"WITHIN"},
    r"(GET|SET)QUOTA": {"QUOTA"},
    r"(GET|SET|DELETE)ACL |LISTRIGHTS |MYRIGHTS ": {"ACL"},
    r"(GET|SET)METADATA ": {"METADATA", "METADATA-SERVER"},
    r"XLIST ": {"XLIST"},
    r"LIST \(|LIST .*RETURN \(": {"LIST-EXTENDED", "IMAP4REV2"},
    r"LIST .*RETURN \(.*STATUS \(": {"LIST-STATUS", "IMAP4REV2"},
    r"LIST .*\bSPECIAL-USE\b": {"SPECIAL-USE", "IMAP4REV2"},
    r"CREATE .*\(USE ": {"CREATE-SPECIAL-USE"},
    r"STATUS .*\(.*\bSIZE\b": {"STATUS=SIZE", "IMAP4REV2"},
    r"(SELECT|EXAMINE) .*\(CONDSTORE": {"CONDSTORE", "QRESYNC"},
    r"(SELECT|EXAMINE) .*\(QRESYNC": {"QRESYNC"},
    r".*\b(CHANGEDSINCE|UNCHANGEDSINCE|MODSEQ|HIGHESTMODSEQ)\b": {"CONDSTORE", "QRESYNC"},
    r"(UID )?FETCH .*\bBINARY": {"BINARY", "IMAP4REV2"},
    r"(UID )?FETCH .*\bSAVEDATE\b": {"SAVEDATE"},
    r"(UID )?FETCH .*\bPREVIEW\b": {"PREVIEW"},
    r".*\b(EMAILID|THREADID|MAILBOXID)\b": {"OBJECTID"},
    r".*\bX-GM-": {"X-GM-EXT-1"},
}


@dataclass(frozen=True, slots=True)
class _Command:
    """`text` is without tag, in capitals, `""` in place of each quoted string and `{}` in place of
    each literal, whose (is it binary, its size, is it without asking) are in `literals`."""

    text: str
    literals: tuple[tuple[bool, int, bool], ...]


def find_unadvertised(sent: str, advertised: str | Iterable[str]) -> list[str]:
    """The commands in `sent` (of a server's `sent()`) that none of the advertised capabilities
    allows, each as `COMMAND needs CAPABILITY`; nothing when all is well."""
    names = advertised.split() if isinstance(advertised, str) else advertised
    have = {name.upper() for name in names}
    return [
        f"{command.text} needs {' or '.join(sorted(needed))}"
        for command in _commands(sent)
        for needed in _needs(command)
        if not needed & have
    ]


def _needs(command: _Command) -> Iterator[set[str]]:
    """Sets of capabilities, of each of which one must be there."""
    for pattern, needed in _RULES.items():
        if re.match(pattern, command.text):
            yield needed
    if command.text.startswith("APPEND ") and "CATENATE (" not in command.text:
        _, *after_mailbox = command.text.removeprefix("APPEND ").split(" ", 1)
        if " ".join(after_mailbox).count("{}") > 1:
            yield {"MULTIAPPEND"}
    for is_binary, size, without_asking in command.literals:
        if is_binary:
            yield {"BINARY"}
        if without_asking and size > _SMALL:
            yield {"LITERAL+"}
        elif without_asking:
            yield {"LITERAL+", "LITERAL-", "IMAP4REV2"}


def _commands(sent: str) -> Iterator[_Command]:
    position = 0
    while position < len(sent):
        text = ""
        literals: list[tuple[bool, int, bool]] = []
        while True:
            end = sent.find("\n", position) + 1 or len(sent)
            text += sent[position:end]
            position = end
            literal = _LITERAL.search(text)
            if not literal:
                break
            size = int(literal[2])
            text = text[: literal.start()] + "{}"
            literals.append((bool(literal[1]), size, bool(literal[3])))
            if not literal[3] and _was_refused(text, sent[position:], size):
                break
            position += size
        _, _, command = _QUOTED.sub('""', text.strip()).partition(" ")
        yield _Command(command.upper(), tuple(literals))


def _was_refused(command: str, following: str, size: int) -> bool:
    """Whether the server did not want the literal, so that in its place the next command follows:
    one with a tag of the same kind, of another length."""
    kind = re.match(r"[A-Za-z]*", command)
    prefix = kind[0] if kind else ""
    is_command = re.match(rf"{prefix}\d+ [A-Za-z]+( .*)?\r\n", following)
    return is_command is not None and following[size : size + 1] not in ("\r", " ", ")")
