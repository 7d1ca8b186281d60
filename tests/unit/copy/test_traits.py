"""What two servers must show alike of a message although one of them rebuilds it."""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.copy.traits import Traits, compare_traits, read_traits
from migration.mime import MimeStream


def read(mime: bytes) -> Traits:
    traits = read_traits(mime)
    assert traits is not None
    return traits


def letter(
    *, text: str = "Grüße, Bob", html: str = "", attachment: bytes = b"\x00\x01data"
) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Ann Å <Ann@one.example>"
    message["To"] = '"Bob, the" <bob@two.example>, eve@two.example'
    message["Cc"] = "team@two.example"
    message["Date"] = "Thu, 29 Feb 2024 14:30:15 +0200"
    message["Message-ID"] = "<1@one.example>"
    message["Subject"] = (
        "Größe und ein langer Betreff, der gewiss auf zwei Zeilen steht, ganz gewiss"
    )
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    if attachment:
        message.add_attachment(
            attachment, maintype="application", subtype="octet-stream", filename="a.bin"
        )
    return message


def test_the_traits_of_a_letter() -> None:
    traits = read(letter().as_bytes())
    assert traits.message_id == "<1@one.example>"
    assert traits.date == datetime(2024, 2, 29, 12, 30, 15, tzinfo=UTC)
    assert traits.subject.startswith("GrößeundeinlangerBetreff")
    assert traits.sender == {"ann@one.example"}
    assert traits.to == {"bob@two.example", "eve@two.example"}
    assert traits.cc == {"team@two.example"}
    assert len(traits.attachments) == 1
    assert not traits.is_empty


def test_a_message_that_was_rebuilt_says_the_same() -> None:
    """Other encodings, other folding, other order, a header more."""
    original = letter(html="<p>Gr&uuml;&szlig;e, <b>Bob</b></p>")
    rebuilt = EmailMessage()
    rebuilt["Received"] = "from somewhere"
    for name in ("Subject", "Message-ID", "Cc", "To", "From"):
        rebuilt[name] = str(original[name])
    rebuilt["Date"] = "Thu, 29 Feb 2024 12:30:15 +0000"
    rebuilt.set_content("something that the server made of the HTML")
    markup = "<html><head><style>p {}</style></head><body><p>Grüße,\n <b>Bob</b></p></body></html>"
    rebuilt.add_alternative(markup, subtype="html", cte="base64", charset="iso-8859-1")
    rebuilt.add_attachment(
        b"\x00\x01data", maintype="image", subtype="png", filename="other.png", cte="base64"
    )
    assert compare_traits(read(original.as_bytes()), read(rebuilt.as_bytes())) == ()


@pytest.mark.parametrize(
    ("changed", "trait"),
    [
        (letter(text="Grüße, Eve"), "text"),
        (letter(attachment=b"\x00\x01datA"), "attachments"),
        (letter(attachment=b""), "attachments"),
    ],
)
def test_other_content_is_another_trait(changed: EmailMessage, trait: str) -> None:
    assert compare_traits(read(letter().as_bytes()), read(changed.as_bytes())) == (trait,)


def test_what_the_source_lacks_the_target_may_add() -> None:
    bare = read(b"Subject: x\r\n\r\ntext")
    full = read(b"Subject: x\r\nMessage-ID: <a@b>\r\nDate: 1 Jan 2020 00:00:00 +0000\r\n\r\ntext")
    assert compare_traits(bare, full) == ()
    assert compare_traits(full, bare) == ("message-id", "date")


def test_a_message_that_comes_back_empty() -> None:
    nothing = read(b"Subject: x\r\n\r\n \r\n")
    assert nothing.is_empty
    assert compare_traits(read(b"Subject: x\r\n\r\ntext"), nothing) == ("empty",)
    assert compare_traits(nothing, nothing) == ()


def test_a_text_that_can_be_read_in_several_ways_is_not_compared() -> None:
    undeclared = read(b"Subject: Gr\xfc\xdfe\r\n\r\nGr\xfc\xdfe")
    guessed = read(
        "Subject: Größe\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGröße".encode()
    )
    assert (undeclared.subject, undeclared.text, undeclared.is_empty) == ("", "", False)
    assert compare_traits(undeclared, guessed) == ()


def test_a_message_within_the_message_counts_and_is_not_opened() -> None:
    outer = letter(attachment=b"")
    outer.add_attachment(letter())
    traits = read(outer.as_bytes())
    assert traits.attachments == ("message",)


def test_a_stream_is_read_like_bytes() -> None:
    content = letter().as_bytes()
    pieces = (content[start : start + 7] for start in range(0, len(content), 7))
    assert read_traits(MimeStream(len(content), pieces)) == read(content)


BROKEN = [
    b"",
    b"\0",
    b"no header at all",
    b"Subject",
    b": nothing\r\n\r\n",
    b"Subject: =?utf-8?B?!!!?=\r\n\r\nx",
    b"Subject: =?no-such-charset?Q?x?=\r\n\r\nx",
    b"Date: yesterday\r\nDate: 32 Foo 99999 25:61:61 +9999\r\n\r\nx",
    b"Date: Thu, 1 Jan 0001 00:00:00 +1400\r\n\r\nx",
    b"From: <<<@@,;:\r\nTo: undisclosed-recipients:;\r\n\r\nx",
    b"Content-Type: text/plain; charset=hex\r\n\r\nx",
    b'Content-Type: text/plain; charset="\r\n\r\nx',
    b"Content-Type: multipart/mixed\r\n\r\nx",
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n--b\r\n--b--\r\n',
    b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n!!",
    b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%",
    b"Content-Type: text/plain\r\nContent-Transfer-Encoding: uuencode\r\n\r\nbegin 6 x\r\n\x80\r\n",
    b"Content-Disposition: attachment; filename*=x'y'%%\r\n\r\nx",
]


@pytest.mark.parametrize("mime", BROKEN)
def test_broken_mail_is_read_as_far_as_it_goes(mime: bytes) -> None:
    traits = read_traits(mime)
    if traits is not None:
        assert compare_traits(traits, traits) == ()


@given(st.binary(max_size=300))
def test_nothing_is_too_broken(mime: bytes) -> None:
    for content in (mime, b"Content-Type: text/html\r\nSubject: =?utf-8?Q?" + mime):
        traits = read_traits(content)
        if traits is not None:
            assert compare_traits(traits, traits) == ()


def test_mail_that_is_written_to_be_slow_is_not() -> None:
    hostile = b"<!--" * 300_000 + b"<" * 300_000 + b"&" * 100_000
    nested = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (depth, depth)
        for depth in range(400)
    )
    encoded = base64.encodebytes(hostile)
    started = time.monotonic()
    read_traits(b"Content-Type: text/html\r\n\r\n" + hostile)
    read_traits(b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n" + encoded)
    read_traits(nested)
    assert time.monotonic() - started < 10
