"""Which names paths get at a target, with a server that lists what the test wants."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.errors import MailboxUnreachable
from migration.mail import Folder, FolderPlan, SpecialUse
from migration.targets.imap_tree import ImapTree
from migration.wire.imap import ImapConnection
from migration.wire.imap_errors import CommandRefused
from migration.wire.imap_names import Namespaces, read_list
from migration.wire.imap_parse import Response
from tests.unit.wire.scripted import LOGIN, Rule, Scripted

OK = b"TAG OK done\r\n"
WORKMAIL = [
    *(b'* LIST () "/" INBOX', b'* LIST () "/" "Sent Items"', b'* LIST () "/" "Deleted Items"'),
    *(b'* LIST () "/" "Junk E-mail"', b'* LIST () "/" Drafts'),
]
STATUS = b"* STATUS x (UIDVALIDITY 7 UIDNEXT 1)\r\n" + OK


def plan(*path: str, special: SpecialUse | None = None, subscribed: bool = False) -> FolderPlan:
    folder = Folder("key", path, "1", 0, special, subscribed=subscribed)
    return FolderPlan(folder, path, special)


class Answers:
    """What a server says to LIST, CREATE and so on; which commands it got."""

    def __init__(self, rows: Sequence[bytes], spaces: bytes = b"", **more: Rule) -> None:
        listed = b"".join(row + b"\r\n" for row in rows) + OK
        self.rules: dict[bytes, Rule] = {name.encode(): rule for name, rule in more.items()}
        self.rules |= {b"LIST": listed, b"STATUS": STATUS} | self.rules
        self.capabilities = "IMAP4rev1"
        if spaces:
            self.rules[b"NAMESPACE"] = b"* NAMESPACE " + spaces + b"\r\n" + OK
            self.capabilities += " NAMESPACE"
        self.listed: list[bytes] = []
        self.created: list[bytes] = []
        self.subscribed: list[bytes] = []

    def names(self, *plans: FolderPlan) -> list[str]:
        with Scripted(self.rules, capabilities=self.capabilities) as scripted:
            connection = ImapConnection(scripted.server(), LOGIN)
            try:
                return ImapTree.read(connection).ensure(connection, plans)
            finally:
                connection.close()
                self.listed = scripted.asked(b"LIST")
                self.created = [each.removeprefix(b"CREATE ") for each in scripted.asked(b"CREATE")]
                self.subscribed = [
                    each.removeprefix(b"SUBSCRIBE ") for each in scripted.asked(b"SUBSCRIBE")
                ]


def test_special_folders_are_known_by_the_names_that_workmail_gives_them() -> None:
    answers = Answers(WORKMAIL)
    uses = [SpecialUse.INBOX, SpecialUse.SENT, SpecialUse.DRAFTS, SpecialUse.TRASH, SpecialUse.JUNK]
    names = answers.names(*(plan("whatever", special=use) for use in uses))
    assert names == ["INBOX", "Sent Items", "Drafts", "Deleted Items", "Junk E-mail"]
    assert answers.created == []


def test_special_folders_are_known_by_their_flags_before_their_names() -> None:
    rows = [
        *(b'* LIST () "/" Inbox', b'* LIST () "/" "Sent Items"'),
        *(b'* LIST (\\HasNoChildren \\sent) "/" Gesendet', b'* LIST () "/" drafts'),
    ]
    sent, drafts = Answers(rows).names(
        plan("Sent Items", special=SpecialUse.SENT), plan("Drafts", special=SpecialUse.DRAFTS)
    )
    assert (sent, drafts) == ("Gesendet", "drafts")


def test_special_uses_are_asked_for_where_the_list_is_asked_for_more() -> None:
    answers = Answers(WORKMAIL)
    for more, asked in (
        ("", b'LIST "" "*"'),
        (" SPECIAL-USE", b'LIST "" "*"'),
        (" LIST-STATUS", b'LIST "" "*" RETURN (STATUS (UIDVALIDITY UIDNEXT))'),
        (
            " LIST-STATUS SPECIAL-USE",
            b'LIST "" "*" RETURN (SPECIAL-USE STATUS (UIDVALIDITY UIDNEXT))',
        ),
    ):
        answers.capabilities = "IMAP4rev1" + more
        answers.names()
        assert answers.listed == [asked]


def test_what_is_below_a_special_folder_goes_below_it() -> None:
    rows = [b'* LIST () "/" INBOX', b'* LIST (\\Sent) "/" Gesendet']
    answers = Answers(rows)
    names = answers.names(
        plan("Sent Items", special=SpecialUse.SENT), plan("Sent Items", "2020"), plan("Sent Items")
    )
    assert names == ["Gesendet", "Gesendet/2020", "Gesendet"]
    assert answers.created == [b'"Gesendet/2020"']


def test_a_special_folder_that_is_missing_is_created_under_its_path() -> None:
    answers = Answers([b'* LIST () "/" INBOX'])
    assert answers.names(plan("Sent Items", special=SpecialUse.SENT)) == ["Sent Items"]
    assert answers.created == [b'"Sent Items"']


@pytest.mark.parametrize(
    ("delimiter", "spaces", "names"),
    [
        (b"/", b'(("" "/")) NIL NIL', ["A/B.C", "A", "INBOX/Below", "Below"]),
        (
            b".",
            b'(("INBOX." ".")) NIL NIL',
            ["INBOX.A.B_C", "INBOX.A", "INBOX.INBOX.Below", "INBOX.Below"],
        ),
        (
            b"/",
            b'(("INBOX/" "/")) (("user/" "/")) NIL',
            ["INBOX/A/B.C", "INBOX/A", "INBOX/INBOX/Below", "INBOX/Below"],
        ),
        (b"/", b'(("" "/")("#mh/" "/")) NIL NIL', ["A/B.C", "A", "INBOX/Below", "Below"]),
    ],
)
def test_prefix_and_separator(delimiter: bytes, spaces: bytes, names: list[str]) -> None:
    answers = Answers([b'* LIST () "%s" INBOX' % delimiter], spaces)
    plans = [plan("A", "B.C"), plan("A"), plan("Inbox", "Below"), plan("Below")]
    found = answers.names(*plans)
    assert found == names
    assert len(set(found)) == 4, "no two paths share a folder"
    namespaces = Namespaces(tuple(filter(None, [names[1].removesuffix("A")])))
    for name, each in zip(found, plans, strict=True):
        row = read_list(Response(b"*", b'LIST () "%s" "%s"' % (delimiter, name.encode())))
        assert row.path(namespaces)[-1] == each.path[-1].replace(delimiter.decode(), "_")


def test_parents_are_created_first_and_nothing_twice() -> None:
    answers = Answers([b'* LIST () "/" INBOX', b'* LIST (\\Noselect) "/" There'])
    plans = [plan("A", "B", "C"), plan("a"), plan("There", "Child"), plan("A", "B"), plan("A", "X")]
    names = answers.names(*plans)
    assert names == ["A/B/C", "A", "There/Child", "A/B", "A/X"]
    assert answers.created == [b'"A"', b'"A/B"', b'"A/X"', b'"There/Child"', b'"A/B/C"']


def test_names_are_compared_without_case_and_composition() -> None:
    rows = [b'* LIST () "/" INBOX', b'* LIST () "/" "U&Awg-bung"']
    assert Answers(rows).names(plan("Übung")) == ["U&Awg-bung"]
    assert Answers(rows).names(plan("üBUNG")) == ["U&Awg-bung"]


def test_a_refusal_is_right_if_the_folder_is_there() -> None:
    lists = [b'* LIST () "/" INBOX\r\n' + OK, b'* LIST () "/" INBOX\r\n* LIST () "/" A\r\n' + OK]
    answers = Answers([], LIST=lists, CREATE=b"TAG NO [ALREADYEXISTS] x\r\n")
    assert answers.names(plan("A")) == ["A"]
    with pytest.raises(MailboxUnreachable):
        Answers([b'* LIST () "/" INBOX'], CREATE=b"TAG NO [CANNOT] x\r\n").names(plan("A"))


def test_a_pause_at_a_creation_is_no_refusal() -> None:
    answers = Answers([b'* LIST () "/" INBOX'], CREATE=b"TAG NO [UNAVAILABLE] x\r\n")
    with pytest.raises(CommandRefused) as caught:
        answers.names(plan("A"))
    assert caught.value.pause


def test_folders_of_others_are_not_taken() -> None:
    rows = [b'* LIST () "/" INBOX', b'* LIST () "/" shared/A', b'* LIST (\\Sent) "/" shared/Sent']
    answers = Answers(rows, b'(("" "/")) NIL (("shared/" "/"))')
    assert answers.names(plan("Sent Items", special=SpecialUse.SENT)) == ["Sent Items"]


def test_subscriptions_follow_the_source() -> None:
    answers = Answers(WORKMAIL)
    answers.names(
        plan("A", subscribed=True),
        plan("B"),
        plan("Sent Items", special=SpecialUse.SENT, subscribed=True),
    )
    assert answers.subscribed == [b'"A"', b'"Sent Items"']


PATHS = st.lists(st.sampled_from(["A", "B", "Inbox", "ü", "a.b", "c d"]), min_size=1, max_size=3)


@given(st.lists(PATHS.map(tuple), max_size=6))
def test_every_path_has_one_name_below_its_parents(paths: list[tuple[str, ...]]) -> None:
    answers = Answers([b'* LIST () "/" INBOX'])
    names = answers.names(*(plan(*path) for path in paths))
    by_path = dict(zip(paths, names, strict=True))
    assert len({name.lower() for name in by_path.values()}) == len(
        {tuple(part.casefold() for part in path) for path in by_path}
    )
    for path, name in by_path.items():
        assert name.count("/") == len(path) - 1
    assert len(answers.created) == len(set(answers.created))
