"""Positions in delta rounds, and what of a message becomes of what Graph tells."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.mail import ItemRef
from migration.sources.graph_cursor import Position, read_cursor, write_cursor
from migration.sources.graph_flags import id_of, is_complete, read_told, read_uid

LINK = "/users('x')/mailFolders('y')/messages/delta?$skiptoken=a=/b"
UIDS = st.text("abcXYZ019-_=~", min_size=1, max_size=40)


@given(st.booleans(), st.sets(UIDS), st.sets(UIDS))
def test_a_position_is_read_from_its_cursor(
    is_end: bool, given_: set[str], others: set[str]
) -> None:
    position = Position(LINK, is_end).after(given_)
    again = read_cursor(write_cursor(position))
    assert again == position
    assert all(again.has_given(uid) for uid in given_)
    assert not any(again.has_given(uid) for uid in others - given_)


def test_the_beginning_is_an_empty_cursor() -> None:
    assert read_cursor("") == Position()


MESSAGE = {
    "id": "AAk=",
    "receivedDateTime": "2026-01-31T12:00:00Z",
    "sentDateTime": "2026-01-31T11:58:00Z",
    "changeKey": "CQAAABYAAAB/+a==",
    "isRead": True,
    "isDraft": False,
    "flag": {"flagStatus": "notFlagged"},
    "categories": [],
    "singleValueExtendedProperties": [{"id": "Integer 0xe08", "value": "1234"}],
}


def test_size_and_date_are_told() -> None:
    told = read_told(MESSAGE)
    moment = datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert (told.ref, told.received) == (ItemRef("AAk=", 1234, moment.isoformat()), moment)


@pytest.mark.parametrize(
    ("changed", "flags"),
    [
        ({}, {"\\Seen"}),
        ({"isRead": False}, set()),
        ({"isDraft": True}, {"\\Seen", "\\Draft"}),
        ({"flag": {"flagStatus": "flagged"}}, {"\\Seen", "\\Flagged"}),
        ({"flag": {"flagStatus": "complete"}}, {"\\Seen"}),
        ({"flag": None}, {"\\Seen"}),
        ({"categories": ["Red category", "Ärger"]}, {"\\Seen", "Red category", "Ärger"}),
        ({"categories": ["\\Draft"]}, {"\\Seen"}),
    ],
)
def test_what_graph_tells_becomes_flags(changed: dict[str, object], flags: set[str]) -> None:
    assert read_told({**MESSAGE, **changed}).flags == flags


@pytest.mark.parametrize(
    ("verb", "flags"),
    [
        ("102", {"\\Seen", "\\Answered"}),
        ("103", {"\\Seen", "\\Answered"}),
        ("104", {"\\Seen", "$Forwarded"}),
        ("0", {"\\Seen"}),
        ("108", {"\\Seen"}),
    ],
)
@pytest.mark.parametrize("spelled", ["Integer 0x1081", "Integer 0x1081".lower(), "Long 0x1081"])
def test_the_last_verb_tells_who_answered(verb: str, flags: set[str], spelled: str) -> None:
    verbs = [{"id": spelled, "value": verb}]
    assert read_told({**MESSAGE, "singleValueExtendedProperties": verbs}).flags == flags


def test_a_draft_that_was_edited_is_another_message() -> None:
    draft = {**MESSAGE, "isDraft": True}
    edited = {**draft, "changeKey": "CQAAABYAAAB/+b=="}
    assert len({read_uid(MESSAGE), read_uid(draft), read_uid(edited)}) == 3
    assert {id_of(read_uid(each)) for each in (MESSAGE, draft, edited)} == {"AAk="}


@pytest.mark.parametrize("name", [name for name in MESSAGE if name not in ("id", "sentDateTime")])
def test_a_message_without_something_is_not_complete(name: str) -> None:
    assert is_complete(MESSAGE)
    assert not is_complete({key: value for key, value in MESSAGE.items() if key != name})


def test_what_is_missing_counts_as_not_set() -> None:
    told = read_told({"id": "AAk="})
    assert (told.ref.size, told.ref.received, told.flags) == (0, "", frozenset())
    assert told.received == datetime(1601, 1, 1, tzinfo=UTC)


def test_without_a_date_of_reception_that_of_sending_or_making_counts() -> None:
    """The last change may be that somebody has read an old message today."""
    made = {
        "id": "AAk=",
        "lastModifiedDateTime": "2026-11-28T08:30:00Z",
        "createdDateTime": "2026-02-01T08:30:00.1234567Z",
    }
    told = read_told(made)
    assert told.received == datetime(2026, 2, 1, 8, 30, 0, 123456, tzinfo=UTC)
    assert told.ref.received == told.received.isoformat()
    for nothing in ("0001-01-01T00:00:00Z", "1601-01-01T00:00:00Z"):
        assert read_told({**made, "receivedDateTime": nothing}) == told
    sent = {**made, "sentDateTime": "2015-02-01T05:00:00Z"}
    assert read_told(sent).received == datetime(2015, 2, 1, 5, 0, tzinfo=UTC)
