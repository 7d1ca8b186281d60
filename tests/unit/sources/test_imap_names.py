"""What LIST says, in the ways in which servers say it."""

import pytest

from migration.model import SpecialUse
from migration.sources.imap_names import Listed, Namespaces, listed

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
        ("&ANw-bergabe &- Co", "/", DOVECOT, ("Übergabe & Co",)),
        ("Entw&APw-rfe/&2D3eAA-", "/", DOVECOT, ("Entwürfe", "😀")),
        ("Fl&AOk", "/", DOVECOT, ("Flé",)),
        ("\xc3\x9cbung", "/", DOVECOT, ("Übung",)),
        ("No delimiter/here", "", DOVECOT, ("No delimiter/here",)),
    ],
)
def test_paths(name: str, delimiter: str, namespaces: Namespaces, path: tuple[str, ...]) -> None:
    assert entry(name, delimiter).path(namespaces) == path


def test_a_name_that_is_no_utf7_is_shown_as_it_is() -> None:
    assert entry("a&b").path(DOVECOT)[0]
    assert entry("a&!!-").path(DOVECOT)[0]


def test_parsed_rows_become_text_again() -> None:
    row = listed((b"\\HasNoChildren", b"\\Sent"), b"/", b"Sent")
    assert row == entry("Sent", "/", "\\hasnochildren", "\\sent")
    assert listed((), None, 2020) == entry("2020", "")
    assert listed((), b"/", None) == entry("NIL")


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
