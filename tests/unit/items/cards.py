"""Contacts, made at random, and vCards as programs write them."""

from __future__ import annotations

from hypothesis import strategies as st

from migration.items.contact import (
    Address,
    Contact,
    ContactKind,
    DayOfLife,
    Handle,
    Mail,
    Name,
    Page,
    Phone,
    Place,
    Related,
    Relation,
    Use,
)
from migration.items.content import Attachment
from tests.unit.items.events import addresses, moments, names, shown, texts, words

plain = st.text(shown, max_size=20).map(lambda text: " ".join(text.split()))
told = plain.map(lambda text: text.replace('"', "'"))
parts = st.one_of(plain, st.just("n" * 300))
preferences = st.integers(0, 100)
places = st.sampled_from(Place)
uses = st.lists(st.sampled_from([use for use in Use if use is not Use.VOICE]), max_size=2)
days = st.builds(
    DayOfLife, st.integers(1, 12), st.integers(1, 28), st.sampled_from((None, 1890, 1990, 2024))
)


def some(values: st.SearchStrategy, most: int = 2):  # type: ignore[no-untyped-def]
    return st.lists(values, max_size=most).map(tuple)


mails = st.builds(Mail, addresses.filter(lambda one: ":" not in one), places, preferences, told)
phones = st.builds(
    Phone,
    st.sampled_from(("+49 30 123", "0800-CALL;ME", "1")),
    places,
    uses.map(lambda some: tuple(use for use in Use if use in some)),
    preferences,
    told,
)
postal = st.builds(
    Address,
    *(parts.filter(bool), plain, plain, plain, plain, plain, plain),
    *(places, preferences, told, names.map(str.strip)),
)
photos = st.one_of(
    st.none(),
    st.builds(Attachment, st.just(""), st.just("image/png"), st.binary(min_size=1, max_size=90)),
    st.just(Attachment("", "image/jpeg", None, "https://photos.example/a.jpg")),
)
contacts = st.builds(
    Contact,
    st.sampled_from(("uid-1", "a b;c,d", "8f14e45f-ceea-4672-8a25-1b2c3d4e5f60")),
    st.sampled_from(ContactKind),
    texts,
    st.builds(Name, plain, plain, plain, plain, plain),
    some(words).map(lambda some: tuple(dict.fromkeys(some))),
    *(texts, texts, st.builds(Name, plain, plain, plain)),
    *(plain, some(plain.filter(bool)), texts, texts, texts),
    *(some(mails, 5), some(phones), some(postal)),
    some(st.builds(Handle, words, words.map(lambda text: text.replace('"', "'")), places)),
    some(st.builds(Page, st.just("https://page.example/?a=b,c;d"), places, told)),
    *(st.one_of(st.none(), days), st.one_of(st.none(), days)),
    some(
        st.builds(Related, plain.filter(bool), st.sampled_from(Relation), told).map(
            lambda one: one if one.relation is Relation.OTHER else Related(one.name, one.relation)
        )
    ),
    texts,
    some(words).map(lambda some: tuple(dict.fromkeys(some))),
    photos,
    some(st.sampled_from(("a@x.example", "urn:uuid:1"))),
    some(words).map(lambda some: tuple(dict.fromkeys(some))),
    *(texts, texts, st.booleans()),
    some(st.tuples(told, texts)),
    st.one_of(st.none(), moments),
)

APPLE = b"""\
BEGIN:VCARD\r
VERSION:3.0\r
PRODID:-//Apple Inc.//macOS 15.1//EN\r
N:Doe;Jane;Q.,R.;Dr.;Jr.\r
FN:Jane Doe\r
ORG:Example\\, Inc.;Sales;North\r
item1.EMAIL;type=INTERNET;type=pref:jane@x.example\r
item1.X-ABLabel:Newsletter\r
EMAIL;type=INTERNET;type=WORK:jd@x.example\r
TEL;type=CELL;type=VOICE:+1 555 1\r
TEL;type=WORK;type=FAX:+1 555 2\r
item2.ADR;type=HOME:;;1 Main St\\nApt 2;Town;ST;12345;USA\r
item2.X-ABADR:us\r
BDAY;X-APPLE-OMIT-YEAR=1604:1604-02-29\r
item3.X-ABDATE:2020-05-01\r
item3.X-ABLabel:_$!<Anniversary>!$_\r
item4.X-ABRELATEDNAMES:John\r
item4.X-ABLabel:_$!<Spouse>!$_\r
item5.X-ABRELATEDNAMES:Rex\r
item5.X-ABLabel:Dog\r
IMPP;X-SERVICE-TYPE=Skype;type=HOME:skype:jane\r
NOTE:one\\ntwo\r
PHOTO;ENCODING=b;TYPE=JPEG:AAEC\r
 Aw==\r
UID:AB-1\r
X-ABUID:x\r
END:VCARD\r
"""

OUTLOOK = b"""\
BEGIN:VCARD\r
VERSION:2.1\r
N;LANGUAGE=de;CHARSET=Windows-1252:M\xfcller;Max\r
FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Max M=C3=BCller=\r
 junior\r
TEL;WORK;VOICE:+49 30 1\r
TEL;HOME;FAX:+49 30 2\r
ADR;WORK;PREF;ENCODING=QUOTED-PRINTABLE:;;Weg 1=0D=0AHof;Berlin;;10115;Deutschland\r
LABEL;WORK;PREF;ENCODING=QUOTED-PRINTABLE:Weg 1=0D=0A10115 Berlin\r
X-MS-OL-DEFAULT-POSTAL-ADDRESS:2\r
EMAIL;PREF;INTERNET:max@x.example\r
X-MS-MANAGER:Ann Boss\r
PHOTO;TYPE=JPEG;ENCODING=BASE64:\r
 AAECAw==\r
\r
REV:20260101T120000Z\r
END:VCARD\r
"""

LIST = b"""\
BEGIN:VCARD
VERSION:4.0
KIND:group
FN:The team
UID:urn:uuid:g1
MEMBER:mailto:a@x.example
MEMBER:urn:uuid:c1
END:VCARD
BEGIN:VCARD
VERSION:3.0
FN:Old list
X-ADDRESSBOOKSERVER-KIND:group
X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:c2
END:VCARD
"""
