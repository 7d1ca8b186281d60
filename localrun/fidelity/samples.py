"""One example of each feature that calendars and contacts have, as a source would write it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sample:
    """`lines` are added to a bare item. `place` says where the feature is kept if not as itself."""

    feature: str
    lines: tuple[str, ...]
    place: str = ""


_ALARM = ("BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT15M", "END:VALARM")
_OTHER = ("END:VEVENT", "BEGIN:VEVENT", "UID:u", "RECURRENCE-ID:20260106T090000Z")
_SERIES = "RRULE:FREQ=DAILY;COUNT=5"

EVENT = (
    Sample("Title, text, place", ("SUMMARY:a", "DESCRIPTION:b", "LOCATION:c")),
    Sample("Text in HTML (Outlook)", ("X-ALT-DESC;FMTTYPE=text/html:<b>a</b>",)),
    Sample("Text in HTML (Thunderbird)", ('DESCRIPTION;ALTREP="data:text/html,%3Cb%3E":a',)),
    Sample("End", ("DTEND:20260105T100000Z",)),
    Sample("Length", ("DURATION:PT1H",)),
    Sample(
        "Whole day, as Outlook writes it",
        ("DTSTART:20260105T000000Z", "DTEND:20260106T000000Z", "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"),
        "a whole day without a zone",
    ),
    Sample("Time zone of IANA", ("DTSTART;TZID=Europe/Berlin:20260105T090000",)),
    Sample(
        "Time zone by its Windows name",
        ("DTSTART;TZID=W. Europe Standard Time:20260105T090000",),
        "the IANA zone of that name",
    ),
    Sample("Time without a zone", ("DTSTART:20260105T090000",)),
    Sample("Unknown time zone without rules", ("DTSTART;TZID=Somewhere:20260105T090000",)),
    Sample("Recurrence by a rule", (_SERIES,)),
    Sample("Recurrence on extra dates", ("RDATE:20260107T090000Z",)),
    Sample("Extra date with its own end", ("RDATE;VALUE=PERIOD:20260107T090000Z/PT1H",)),
    Sample("Excluded date", (_SERIES, "EXDATE:20260106T090000Z")),
    Sample(
        "Occurrence with another time, title, text, attendees and attachment",
        (_SERIES, *_OTHER, "DTSTART:20260106T110000Z", "SUMMARY:a", "DESCRIPTION:b",
         "ATTENDEE:mailto:a@x.example", "ATTACH:https://x.example/a"),
    ),
    Sample("Cancelled occurrence",
           (_SERIES, *_OTHER, "DTSTART:20260106T090000Z", "STATUS:CANCELLED")),
    Sample("Occurrence moved beyond the next one",
           (_SERIES, *_OTHER, "DTSTART:20260108T110000Z")),
    Sample("Series over nights on which the clock changes",
           ("DTSTART;TZID=Europe/Berlin:20260105T230000",
            "DTEND;TZID=Europe/Berlin:20260106T050000", "RRULE:FREQ=DAILY;COUNT=200")),
    Sample("Series in a zone that Windows does not have",
           ("DTSTART;TZID=Antarctica/Troll:20260105T090000", "RRULE:FREQ=WEEKLY;COUNT=40")),
    Sample("Change from one occurrence on (RANGE)",
           (_SERIES, *_OTHER[:-1], "RECURRENCE-ID;RANGE=THISANDFUTURE:20260106T090000Z",
            "DTSTART:20260106T110000Z")),
    Sample("Second rule", (_SERIES, "RRULE:FREQ=WEEKLY;COUNT=2")),
    Sample("Rule for exclusions (EXRULE)", (_SERIES, "EXRULE:FREQ=WEEKLY;COUNT=1")),
    Sample("Rule that repeats within a day", ("RRULE:FREQ=HOURLY;COUNT=3",)),
    Sample("Rule by another calendar", ("RRULE:RSCALE=HEBREW;FREQ=YEARLY",)),
    Sample("Rule that is none", ("RRULE:FREQ=SOMETIMES",)),
    Sample("Attendees of a meeting that somebody else leads",
           ("ORGANIZER:mailto:a@x.example", "ATTENDEE;CN=B:mailto:b@x.example")),
    Sample("Organizer", ("ORGANIZER;CN=A:mailto:a@x.example",)),
    Sample("Attendees with role, answer and kind", (
        "ATTENDEE;ROLE=OPT-PARTICIPANT;PARTSTAT=ACCEPTED;CUTYPE=ROOM;RSVP=TRUE:mailto:r@x.example",)),
    Sample("Delegation of an attendee",
           ('ATTENDEE;DELEGATED-TO="mailto:b@x.example":mailto:a@x.example',)),
    Sample("Number of guests (Google)", ("ATTENDEE;X-NUM-GUESTS=2:mailto:a@x.example",)),
    Sample("Result of sending an invitation", ("REQUEST-STATUS:2.0;Success",)),
    Sample("Reminder", _ALARM),
    Sample("Reminder by mail, repeated, from the end", (
        "BEGIN:VALARM", "ACTION:EMAIL", "TRIGGER;RELATED=END:PT0S", "ATTENDEE:mailto:a@x.example",
        "REPEAT:2", "DURATION:PT5M", "END:VALARM")),
    Sample("Sound of a reminder", (*_ALARM[:-1], "ATTACH:Basso", "END:VALARM")),
    Sample("Categories", ("CATEGORIES:a,b",)),
    Sample("Colour", ("COLOR:red",)),
    Sample("Private or confidential", ("CLASS:CONFIDENTIAL",)),
    Sample("Unknown sensitivity", ("CLASS:X-SECRET",)),
    Sample("Shown as free", ("TRANSP:TRANSPARENT",)),
    Sample("Shown as out of office", ("X-MICROSOFT-CDO-BUSYSTATUS:OOF",)),
    Sample("Shown as working elsewhere", ("X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE",)),
    Sample("No other time may be proposed", ("X-MICROSOFT-DISALLOW-COUNTER:TRUE",)),
    Sample("Importance (Outlook)", ("X-MICROSOFT-CDO-IMPORTANCE:2",), "the priority"),
    Sample("Priority", ("PRIORITY:1",)),
    Sample("Status", ("STATUS:TENTATIVE",)),
    Sample("Cancelled event", ("STATUS:CANCELLED",)),
    Sample("Link of an online meeting", ("X-GOOGLE-CONFERENCE:https://meet.example/a",)),
    Sample("Attached file", ("ATTACH;VALUE=BINARY;ENCODING=BASE64;FILENAME=a.txt:YQ==",)),
    Sample("Attached link", ("ATTACH:https://x.example/a",)),
    Sample("Address of a page, position on the map", ("URL:https://x.example", "GEO:52.5;13.4")),
    Sample("Map of Apple", ("X-APPLE-STRUCTURED-LOCATION;VALUE=URI:geo:52.5,13.4",)),
    Sample("Comments, contacts, resources", ("COMMENT:a", "CONTACT:b", "RESOURCES:c")),
    Sample("Created, changed, version",
           ("CREATED:20260101T000000Z", "LAST-MODIFIED:20260102T000000Z", "SEQUENCE:3")),
    Sample("Parent of an item", ("RELATED-TO:p",)),
    Sample("Other relations", ("RELATED-TO;RELTYPE=SIBLING:p",)),
    Sample("Language of a text", ("SUMMARY;LANGUAGE=de:a",)),
    Sample("Property of one program", ("X-FOO:1",)),
)  # fmt: skip

TASK = (
    Sample("Title, text, categories", ("SUMMARY:a", "DESCRIPTION:b", "CATEGORIES:c")),
    Sample("Start and due", ("DTSTART;VALUE=DATE:20260105", "DUE;VALUE=DATE:20260107")),
    Sample("Due at a time of the day", ("DUE;TZID=Europe/Berlin:20260107T150000",)),
    Sample("Status, percentage, completion",
           ("STATUS:COMPLETED", "PERCENT-COMPLETE:100", "COMPLETED:20260107T120000Z")),
    Sample("Waiting, deferred (Outlook)", ("STATUS:X-WAITING",)),
    Sample("Cancelled task", ("STATUS:CANCELLED",)),
    Sample("Recurrence", ("DUE;VALUE=DATE:20260107", "RRULE:FREQ=WEEKLY")),
    Sample("Recurrence that counts from the last completion (Outlook)",
           ("DUE;VALUE=DATE:20260107", "RRULE:FREQ=WEEKLY", "X-AFTER-COMPLETION:TRUE")),
    Sample("Recurrence for which Exchange has no pattern",
           ("DUE;VALUE=DATE:20260107", "RRULE:FREQ=MONTHLY;BYMONTHDAY=7,20")),
    Sample("Excluded date",
           ("DUE;VALUE=DATE:20260107", "RRULE:FREQ=WEEKLY", "EXDATE;VALUE=DATE:20260114")),
    Sample("Reminder at a moment",
           ("BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER;VALUE=DATE-TIME:20260106T080000Z",
            "END:VALARM")),
    Sample("Reminder so long before it is due", ("DUE:20260107T120000Z", *_ALARM)),
    Sample("Reminder of a task without a day", _ALARM),
    Sample("Work, billing, mileage, companies (Outlook)",
           ("X-TOTAL-WORK:60", "X-ACTUAL-WORK:30", "X-BILLING:a", "X-MILEAGE:b",
            "X-COMPANIES:c")),
    Sample("Organizer and attendees",
           ("ORGANIZER:mailto:a@x.example", "ATTENDEE:mailto:b@x.example")),
    Sample("Place, page", ("LOCATION:a", "URL:https://x.example")),
    Sample("Priority, private", ("PRIORITY:1", "CLASS:PRIVATE")),
    Sample("Task above it", ("RELATED-TO:p",)),
    Sample("Attached file", ("ATTACH;VALUE=BINARY;ENCODING=BASE64;FILENAME=a.txt:YQ==",)),
    Sample("Order in the list (Apple)", ("X-APPLE-SORT-ORDER:1",)),
)  # fmt: skip

NOTE = (
    Sample("Title, text, day", ("SUMMARY:a", "DESCRIPTION:b", "DTSTART;VALUE=DATE:20260105")),
    Sample("Several texts", ("DESCRIPTION:a", "DESCRIPTION:b"), "one text"),
    Sample("Status, categories", ("STATUS:FINAL", "CATEGORIES:c")),
)

CONTACT = (
    Sample("Names", ("N:Doe;Jane;Q.;Dr.;Jr.", "NICKNAME:J")),
    Sample("How the name is spoken", ("X-PHONETIC-FIRST-NAME:a",)),
    Sample("Company, departments, title, profession", ("ORG:a;b;c", "TITLE:d", "ROLE:e")),
    Sample("E-mail addresses, any number",
           tuple(f"EMAIL;TYPE=WORK:{one}@x.example" for one in "abcd")),
    Sample("Telephone numbers with their use", ("TEL;TYPE=WORK,FAX:1", "TEL;TYPE=CELL:2")),
    Sample("Telephone with an unknown use", ("TEL;TYPE=SATELLITE:1",)),
    Sample("Addresses", ("ADR;TYPE=HOME:;;Street 1;Town;;12345;Country",)),
    Sample("Address as it is printed (vCard 3)", ("LABEL;TYPE=HOME:Street 1",)),
    Sample("Names in chats", ("IMPP:xmpp:a@x.example", "X-SKYPE:b")),
    Sample("Pages", ("URL;TYPE=WORK:https://x.example",)),
    Sample("Birthday, with or without a year", ("BDAY:--0229",)),
    Sample("Birthday in words", ("BDAY;VALUE=text:in spring",)),
    Sample("Anniversary", ("ANNIVERSARY:20200501",)),
    Sample("Other days (Apple)", ("i.X-ABDATE:2020-05-01", "i.X-ABLabel:Hired"),
           "a field with the user's label"),
    Sample("Spouse, children, assistant, manager", (
        "RELATED;TYPE=spouse;VALUE=text:a", "X-CHILD:b", "X-ASSISTANT:c", "X-MANAGER:d")),
    Sample("Labels of the user's own (Apple)", ("i.EMAIL:a@x.example", "i.X-ABLabel:News")),
    Sample("Note, categories", ("NOTE:a", "CATEGORIES:b,c")),
    Sample("Photo", ("PHOTO;ENCODING=b;TYPE=JPEG:AAEC",)),
    Sample("Logo, sound, key", ("LOGO:https://x.example/l", "SOUND:https://x.example/s", "KEY:k")),
    Sample("Distribution list", ("KIND:group", "MEMBER:mailto:a@x.example")),
    Sample("Private", ("CLASS:PRIVATE",)),
    Sample("Position, time zone, gender", ("GEO:geo:1,2", "TZ:Europe/Berlin", "GENDER:F")),
    Sample("Property of one program", ("X-FOO:1",)),
)  # fmt: skip

KINDS: Mapping[str, tuple[Sample, ...]] = {
    "Events": EVENT,
    "Tasks": TASK,
    "Notes": NOTE,
    "Contacts": CONTACT,
}

RULES = (
    ("every third day", "20260105", "FREQ=DAILY;INTERVAL=3"),
    ("on working days", "20260105", "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR"),
    ("every other Monday and Thursday", "20260105", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH"),
    ("on the 5th", "20260105", "FREQ=MONTHLY"),
    ("on the last day of the month", "20260131", "FREQ=MONTHLY;BYMONTHDAY=-1"),
    ("on the 30th, or the last day", "20260130",
     "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1"),
    ("on the first Monday", "20260105", "FREQ=MONTHLY;BYDAY=1MO"),
    ("on the last working day", "20260130", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"),
    ("on 5 January", "20260105", "FREQ=YEARLY"),
    ("on 5 January of every other year", "20260105", "FREQ=YEARLY;INTERVAL=2"),
    ("on the first Monday of January", "20260105", "FREQ=YEARLY;BYMONTH=1;BYDAY=1MO"),
    ("on the 5th and the 20th", "20260105", "FREQ=MONTHLY;BYMONTHDAY=5,20"),
    ("on the fifth Monday", "20260330", "FREQ=MONTHLY;BYDAY=5MO"),
    ("on Monday of week 2", "20260105", "FREQ=YEARLY;BYWEEKNO=2;BYDAY=MO"),
    ("on the 31st, in months that have one", "20260131", "FREQ=MONTHLY"),
    ("on 29 February, in years that have one", "20240229", "FREQ=YEARLY"),
    ("at nine and at three", "20260105", "FREQ=DAILY;BYHOUR=9,15"),
    ("on Tuesdays, and begins on a Monday", "20260105", "FREQ=WEEKLY;BYDAY=TU"),
    ("every 1,000 days", "20260105", "FREQ=DAILY;INTERVAL=1000"),
    ("1,000 times", "20260105", "FREQ=DAILY;COUNT=1000"),
)  # fmt: skip
"""How events repeat in words, when they begin (at nine), and the rule."""
