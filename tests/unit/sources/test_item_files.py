"""FileSource: what the contract (tests/contract/test_groupware_source.py) does not say of files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localrun.fakes.blobs import MemoryBlobs
from migration.groupware_port import CollectionKind, Entry, NotReadable, Read
from migration.items.ical_read import read_calendar
from migration.items.losses import Loss
from migration.sources.item_file_index import index_file
from migration.sources.item_files import FileSource

FOLDER = "intake/groupware/ann@example.test/"
CALENDAR, CONTACTS, TASKS, NOTES = CollectionKind


def event(uid: str, *lines: str, component: str = "VEVENT") -> list[str]:
    told = [f"UID:{uid}"] if uid else []
    start = ["DTSTART:20240301T100000"]
    return [f"BEGIN:{component}", *told, *start, *lines, f"END:{component}"]


def calendar(*parts: list[str], head: tuple[str, ...] = ()) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", *head]
    lines += [line for part in parts for line in part]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def source(**files: bytes) -> FileSource:
    """`work_ics` is the file work.ics."""
    blobs = MemoryBlobs()
    for name, data in files.items():
        blobs.put(FOLDER + ".".join(name.rsplit("_", 1)), data)
    return FileSource(blobs, "Ann@Example.test")


def read(files: FileSource, kind: CollectionKind = CALENDAR) -> list[Read | NotReadable]:
    (collection,) = [one for one in files.collections() if one.kind is kind]
    answers = list(files.fetch(collection, files.entries(collection)))
    assert all(isinstance(one, Read | NotReadable) for one in answers)
    return [one for one in answers if isinstance(one, Read | NotReadable)]


def test_only_the_persons_own_folder_is_read_however_its_name_is_written() -> None:
    blobs = MemoryBlobs()
    for folder in ("ann@example.test", "ANN@example.TEST", "ann@example.test.evil", "bob@x.test"):
        blobs.put(f"intake/groupware/{folder}/in {folder[:4]}.vcf", b"")
    blobs.put("intake/groupware/ann@example.test/", b"")  # what the S3 console makes of a folder
    found = FileSource(blobs, "Ann@example.test").collections()
    assert sorted(one.name for one in found) == ["in ANN@", "in ann@"]


def test_a_collection_is_named_by_its_file_unless_the_calendar_says_a_name() -> None:
    files = source(
        a_ics=calendar(event("1"), head=("X-WR-CALNAME:B\\, ö",)), b_vcf=b"BEGIN:VCARD\nEND:VCARD"
    )
    assert [(one.kind, one.name) for one in files.collections()] == [
        (CALENDAR, "B, ö"),
        (CONTACTS, "b"),
    ]


def test_other_endings_are_told_and_not_read() -> None:
    files = source(a_ics=calendar(event("1")), b_csv=b"x", c_pst=b"y")
    (one,) = files.collections()
    assert one.losses == (
        Loss("file", "2 of them", "ends neither in .ics nor in .vcf; it is not read"),
    )
    (only,) = source(b_csv=b"x").collections()
    assert [loss.where for loss in only.losses] == ["one"]
    assert list(source(b_csv=b"x").entries(only)) == []


def test_what_is_no_calendar_is_told_as_one_entry_that_cannot_be_read() -> None:
    (answer,) = read(source(a_ics=b"<html>log in first</html>"))
    assert isinstance(answer, NotReadable)
    assert answer.reason == "malformed"
    assert answer.losses == (Loss("file", CALENDAR, "no item begins in it"),)


def test_an_empty_file_is_an_empty_collection() -> None:
    assert read(source(a_ics=b" \r\n")) == []
    assert read(source(a_vcf=b""), CONTACTS) == []


def test_a_file_that_was_cut_off_gives_what_is_whole() -> None:
    whole = calendar(event("1"), event("2", "SUMMARY:x"))
    first, second = read(source(a_ics=whole[: whole.index(b"SUMMARY")]))
    assert isinstance(first, Read) and first.entry.uid == "1"
    assert isinstance(second, NotReadable) and second.entry.uid == "2"
    assert second.losses == (Loss("file", CALENDAR, "line 7: VEVENT does not end"),)


def test_all_components_of_one_uid_are_one_entry() -> None:
    master = event("1", "RRULE:FREQ=DAILY;COUNT=3")
    override = event("1", "RECURRENCE-ID:20240302T100000", "SUMMARY:other")
    answer, other = read(source(a_ics=calendar(master, event("2"), override)))
    assert isinstance(answer, Read) and isinstance(other, Read)
    (series,) = answer.items
    assert len(series.overrides) == 1  # type: ignore[union-attr]


def test_the_same_uid_in_other_components_is_another_entry_of_another_collection() -> None:
    files = source(a_ics=calendar(event("1"), event("1", component="VTODO")))
    assert [one.kind for one in files.collections()] == [CALENDAR, TASKS]
    assert [answer.entry.uid for answer in read(files)] == ["1"]
    assert [answer.entry.uid for answer in read(files, TASKS)] == ["1"]


def test_items_without_a_uid_are_known_by_what_they_say() -> None:
    one, two = event("", "SUMMARY:one"), event("", "SUMMARY:two")
    first = [answer.entry for answer in read(source(a_ics=calendar(one, two, one)))]
    turned = [answer.entry for answer in read(source(a_ics=calendar(two, one, one)))]
    assert len({entry.uid for entry in first}) == 3
    assert set(first) == set(turned)


def test_when_it_was_exported_changes_no_version() -> None:
    old = calendar(event("1", "DTSTAMP:20240101T000000Z"))
    new = calendar(event("1", "DTSTAMP:20250101T000000Z"))
    other = calendar(event("1", "DTSTAMP:20240101T000000Z", "SUMMARY:x"))
    versions = [read(source(a_ics=data))[0].entry.version for data in (old, new, other)]
    assert versions[0] == versions[1] != versions[2]


def test_lines_are_those_of_the_file() -> None:
    zone = ["BEGIN:VTIMEZONE", "TZID:X", "BEGIN:STANDARD", "DTSTART:16010101T000000"]
    zone += ["TZOFFSETFROM:+0100", "TZOFFSETTO:+0100", "END:STANDARD", "END:VTIMEZONE"]
    data = calendar(
        zone, event("1"), event("2", "X-LOST:1"), event("3", "RRULE:FREQ=DAILY;COUNT=0")
    )
    lines = data.decode().split("\r\n")
    first, second, third = read(source(a_ics=data))
    assert isinstance(first, Read) and first.losses == ()
    lost = f"line {lines.index('X-LOST:1') + 1}"
    assert isinstance(second, Read) and [lost in loss.where for loss in second.losses] == [True]
    wrong = f"line {lines.index('RRULE:FREQ=DAILY;COUNT=0') + 1}"
    assert any(wrong in f"{loss.where} {loss.why}" for loss in third.losses)


def test_the_calendars_own_settings_are_told_once_and_its_zone_is_kept() -> None:
    head = ("X-WR-TIMEZONE:Europe/Berlin", "X-LOST:1", "X-APPLE-CALENDAR-COLOR:#ff0000")
    files = source(
        a_ics=calendar(event("1"), event("2"), ["BEGIN:VFREEBUSY", "END:VFREEBUSY"], head=head)
    )
    (collection,) = files.collections()
    assert sorted(loss.what for loss in collection.losses) == ["VFREEBUSY", "X-LOST", "colour"]
    alone = read(files)[0]
    assert isinstance(alone, Read) and alone.losses == ()
    assert alone.items == read_calendar(calendar(event("1"), head=head)).events


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_vcards_of_old_phones_are_read(end: str) -> None:
    lines = ["BEGIN:VCARD", "VERSION:2.1", "N;CHARSET=ISO-8859-1:M\xfcller;Ann"]
    lines += ["NOTE;ENCODING=QUOTED-PRINTABLE:one=", "END:VCARD", "UID:1", "END:VCARD"]
    lines += [
        "BEGIN:VCARD",
        "VERSION:2.1",
        "N:B",
        "PHOTO;ENCODING=BASE64;JPEG:AAA=",
        "END:VCARD",
        "",
    ]
    first, second = read(source(a_vcf=end.join(lines).encode("latin-1")), CONTACTS)
    assert isinstance(first, Read) and isinstance(second, Read)
    assert first.entry.uid == "1"
    assert first.items[0].name.family == "Müller"  # type: ignore[union-attr]
    assert first.items[0].note == "oneEND:VCARD"  # type: ignore[union-attr]
    assert second.items[0].photo.data == b"\x00\x00"  # type: ignore[union-attr]


def test_a_byte_order_mark_hides_nothing() -> None:
    assert len(read(source(a_ics=b"\xef\xbb\xbf" + calendar(event("1"))))) == 1


def test_a_file_that_vanished_is_empty() -> None:
    blobs = MemoryBlobs()
    blobs.put(FOLDER + "a.ics", calendar(event("1")))
    files = FileSource(blobs, "ann@example.test")
    (collection,) = files.collections()
    assert list(FileSource(MemoryBlobs(), "ann@example.test").entries(collection)) == []


def test_the_only_calendar_is_the_default_and_so_is_one_that_is_called_so() -> None:
    defaults = [one.is_default for one in source(a_ics=calendar(event("1"))).collections()]
    assert defaults == [True]
    files = source(a_ics=calendar(event("1")), calendar_ics=calendar(event("1")))
    assert {one.name: one.is_default for one in files.collections()} == {
        "a": False,
        "calendar": True,
    }
    files = source(a_ics=calendar(event("1")), b_ics=calendar(event("1")))
    assert not any(one.is_default for one in files.collections())


LINES = """BEGIN:VCALENDAR END:VCALENDAR BEGIN:VEVENT END:VEVENT UID:1 UID:2 UID;X=1: = SUMMARY:x
DTSTART:20240301 BEGIN:VTODO END:VTODO BEGIN:VALARM END:VALARM BEGIN:VTIMEZONE TZID:X END:VTIMEZONE
BEGIN:VCARD END:VCARD"""
TEXT = st.sampled_from([*LINES.split(), " folded", ""])


@given(st.lists(TEXT, max_size=30), st.sampled_from(["\r\n", "\n", "\r"]))
def test_whatever_is_in_a_file_is_answered(lines: list[str], end: str) -> None:
    files = source(a_ics=end.join(lines).encode())
    for collection in files.collections():
        entries = files.entries(collection)
        assert len({entry.uid for entry in entries}) == len(entries)
        answers = list(files.fetch(collection, entries))
        assert [answer.entry for answer in answers] == list(entries)
        assert all(isinstance(answer, Read | NotReadable) for answer in answers)


ITEMS = st.lists(
    st.tuples(
        st.sampled_from(["VEVENT", "VTODO", "VJOURNAL"]), st.sampled_from("abc"), st.text("xyz")
    ),
    max_size=8,
)


@given(ITEMS)
def test_a_file_in_parts_says_what_it_says_as_a_whole(items: list[tuple[str, str, str]]) -> None:
    parts = [
        event(uid, f"SUMMARY:{text}", component=name)
        if name != "VEVENT" or text
        else event(uid, component=name)
        for name, uid, text in items
    ]
    data = calendar(*parts)
    whole = read_calendar(data)
    files = source(a_ics=data)
    found = [
        item
        for collection in files.collections()
        for answer in files.fetch(collection, files.entries(collection))
        if isinstance(answer, Read)
        for item in answer.items
    ]
    expected = [*whole.events, *whole.tasks, *whole.notes]
    assert sorted(map(repr, found)) == sorted(map(repr, expected))


def test_a_large_file_is_indexed_by_its_octets() -> None:
    padding = [f"DESCRIPTION:{'x' * 70}"] * 40
    data = calendar(*(event(str(number), *padding) for number in range(3000)))
    index = index_file(data)
    assert len(index.items) == 3000
    (piece,) = index.items[CALENDAR, "2999"].pieces
    assert data[piece.start : piece.end].startswith(b"BEGIN:VEVENT\r\nUID:2999\r\n")
    assert data[: piece.start].count(b"\n") + 1 == piece.line


def test_an_entry_that_is_not_there_has_vanished() -> None:
    files = source(a_ics=calendar(event("1")))
    (collection,) = files.collections()
    (answer,) = files.fetch(collection, [Entry("2", "x")])
    assert not isinstance(answer, Read | NotReadable)
