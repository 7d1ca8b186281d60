"""What LIST says, in the ways in which servers say it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from imapclient import imap_utf7

from migration.mail import SpecialUse
from migration.wire.imap_errors import Garbled
from migration.wire.imap_names import (
    Listed,
    Namespaces,
    decode_name,
    encode_name,
    quote_name,
    read_list,
    read_namespaces,
)
from migration.wire.imap_parse import Response

DOVECOT = Namespaces(personal=("",))
COURIER = Namespaces(personal=("INBOX.",), foreign=("shared.", "user."))


def entry(name: str, delimiter: str = "/", *flags: str) -> Listed:
    return Listed(name, delimiter, frozenset(flags))


@pytest.mark.parametrize(
    ("name", "delimiter", "namespaces", "path"),
    [
        ("INBOX", "/", DOVECOT, ("INBOX",)),
        ("Inbox", "/", DOVECOT, ("INBOX",)),
        ("inbox/Sub", "/", DOVECOT, ("INBOX", "Sub")),
        ("A/B.C", "/", DOVECOT, ("A", "B.C")),
        ("INBOX", ".", COURIER, ("INBOX",)),
        ("INBOX.Sent", ".", COURIER, ("Sent",)),
        ("INBOX.Sent.2020", ".", COURIER, ("Sent", "2020")),
        ("INBOX.inbox", ".", COURIER, ("inbox",)),
        ("INBOX.INBOX.Sub", ".", COURIER, ("INBOX", "Sub")),
        ("&ANw-bergabe &- Co", "/", DOVECOT, ("Übergabe & Co",)),
        ("Entw&APw-rfe/&2D3eAA-", "/", DOVECOT, ("Entwürfe", "😀")),
        ("Fl&AOk-", "/", DOVECOT, ("Flé",)),
        ("[Gmail]/Sent", "/", DOVECOT, ("[Gmail]", "Sent")),
        ("\xc3\x9cbung", "/", DOVECOT, ("Übung",)),
        ("No delimiter/here", "", DOVECOT, ("No delimiter/here",)),
    ],
)
def test_paths(name: str, delimiter: str, namespaces: Namespaces, path: tuple[str, ...]) -> None:
    assert entry(name, delimiter).path(namespaces) == path


@pytest.mark.parametrize("name", ["a&b", "a&!!-", "&2D0-", "&AA-", "x&", "\xff\xfe"])
def test_a_name_that_is_no_utf7_can_be_shown(name: str) -> None:
    shown = decode_name(name)
    assert shown
    shown.encode("utf-8")  # it is kept in files and databases


@pytest.mark.parametrize(
    ("line", "literals", "name"),
    [
        (b'LIST () "/" Sent', [], "Sent"),
        (b'LIST () "/" "a \\"b\\" \\\\c"', [], 'a "b" \\c'),
        (b'LIST () "/" \0', [b'a "b" \\c'], 'a "b" \\c'),
        (b'LIST () "/" NIL', [], "NIL"),
        (b'LIST () "/" 2020', [], "2020"),
        (b'LIST () "/" [Gmail]/Sent', [], "[Gmail]/Sent"),
        (b'LIST () "/" "\xc3\x9cbung"', [], "\xc3\x9cbung"),
        (b'LSUB () "/" x', [], "x"),
        (b'LIST () "/" "x" ("CHILDINFO" ("SUBSCRIBED"))', [], "x"),
    ],
)
def test_names_are_read_as_the_server_spells_them(
    line: bytes, literals: list[bytes], name: str
) -> None:
    assert read_list(Response(b"*", line, literals)).name == name


@pytest.mark.parametrize("line", [b"LIST", b'LIST () "/"', b'LIST x "/" y', b"LIST ("])
def test_what_is_no_list_is_garbled(line: bytes) -> None:
    with pytest.raises(Garbled):
        read_list(Response(b"*", line))


def test_flags_know_no_case_and_a_delimiter_may_be_missing() -> None:
    listed = read_list(Response(b"*", b"LIST (\\HasNoChildren \\Sent) NIL Sent"))
    assert listed == entry("Sent", "", "\\hasnochildren", "\\sent")


@pytest.mark.parametrize(
    ("flags", "special"),
    [
        (("\\sent",), SpecialUse.SENT),
        (("\\junk", "\\spam"), SpecialUse.JUNK),
        (("\\spam",), SpecialUse.JUNK),
        (("\\inbox",), SpecialUse.INBOX),
        (("\\trash", "\\hasnochildren"), SpecialUse.TRASH),
        (("\\all",), None),
        ((), None),
    ],
)
def test_special_use(flags: tuple[str, ...], special: SpecialUse | None) -> None:
    assert entry("x", "/", *flags).special is special


def test_the_inbox_is_special_without_a_flag() -> None:
    assert entry("iNbOx").special is SpecialUse.INBOX


def test_what_cannot_be_opened() -> None:
    assert not entry("x", "/", "\\noselect").can_be_opened
    assert not entry("x", "/", "\\nonexistent").can_be_opened
    assert entry("x", "/", "\\hasnochildren").can_be_opened


def test_folders_of_others_are_foreign() -> None:
    assert entry("shared.team", ".").is_foreign(COURIER)
    assert entry("user", ".").is_foreign(COURIER)
    assert not entry("users", ".").is_foreign(COURIER)
    assert not entry("INBOX.shared.x", ".").is_foreign(COURIER)
    assert not entry("shared", "/").is_foreign(DOVECOT)


@pytest.mark.parametrize(
    ("line", "namespaces"),
    [
        (
            b'NAMESPACE (("INBOX." ".")) (("user." ".")) (("shared." "."))',
            Namespaces(("INBOX.",), ("user.", "shared.")),
        ),
        (b'NAMESPACE (("" "/")) NIL NIL', Namespaces(("",))),
        (b'NAMESPACE (("" "/")("#mh/" "/")) NIL NIL', Namespaces(("", "#mh/"))),
        (b'NAMESPACE (("" "/" "X-PARAM" ("a"))) NIL NIL', Namespaces(("",))),
        (b"NAMESPACE NIL NIL NIL", Namespaces()),
        (b"NAMESPACE", Namespaces()),
    ],
)
def test_namespaces(line: bytes, namespaces: Namespaces) -> None:
    assert read_namespaces(Response(b"*", line)) == namespaces


# -- modified UTF-7

NAMES = st.text(
    st.characters(categories=None, exclude_categories=["Cs"], exclude_characters="\r\n\0"),
    max_size=30,
)


@given(NAMES)
def test_names_are_encoded_as_imapclient_does(name: str) -> None:
    assert encode_name(name).encode("ascii") == imap_utf7.encode(name)
    assert decode_name(encode_name(name)) == name == imap_utf7.decode(encode_name(name).encode())


@given(st.text(st.characters(max_codepoint=255), max_size=30))
def test_any_name_of_a_server_is_shown(name: str) -> None:
    decode_name(name).encode("utf-8")


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("Übergabe & Co", "&ANw-bergabe &- Co"),
        ("😀", "&2D3eAA-"),
        ("~peter/台北", "~peter/&U,BTFw-"),
    ],
)
def test_names_in_modified_utf7(name: str, encoded: str) -> None:
    assert encode_name(name) == encoded
    assert decode_name(encoded) == name


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("INBOX", b'"INBOX"'),
        ('a "b" \\c', b'"a \\"b\\" \\\\c"'),
        ("&ANw-bergabe", b'"&ANw-bergabe"'),
        ("\xc3\x9cbung", b'"&ANw-bung"'),
    ],
)
def test_names_in_commands(name: str, quoted: bytes) -> None:
    assert quote_name(name) == quoted
