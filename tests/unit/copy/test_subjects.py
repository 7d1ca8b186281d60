"""Subjects as they are kept for the report."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.copy.subjects import LONGEST, decode_subject, find_subject
from migration.mime import HEAD, MimeStream


def shown(mime: bytes) -> str:
    return decode_subject(find_subject(mime))


@pytest.mark.parametrize(
    ("mime", "subject"),
    [
        (b"From: a\r\nSubject: Minutes\r\n\r\nSubject: of the body", "Minutes"),
        (b"subject:Minutes\n\nbody", "Minutes"),
        (b"SUBJECT \t: Minutes\r\n of\r\n\tMay\r\nTo: b\r\n\r\n", "Minutes of May"),
        (b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= =?utf-8?b?IGF1cw==?=\r\n\r\n", "Grüße aus"),
        (b"Subject: =?iso-8859-1?Q?Gr=FC=DFe?=\r\n =?iso-8859-1?Q?_aus?=\r\n\r\n", "Grüße aus"),
        ("Subject: Grüße\r\n\r\n".encode(), "Grüße"),
        (b"Subject: Gr\xfc\xdfe\r\n\r\n", "Gr\ufffd\ufffde"),
        (b"Subject: =?utf-8?q?Gr=FC?=\r\n\r\n", "Gr\ufffd"),
        (b"Subject: =?x-unknown?q?Gr=FC?=\r\n\r\n", "Gr\ufffd"),
        (b"Subject:\r\n\r\n", ""),
        (b"X-Subject: no\r\nFrom: Subject: no\r\n\r\nbody", ""),
        (b"\r\nSubject: of the body", ""),
        (b"Subject: one\r\nSubject: two\r\n\r\n", "one"),
        (b"Subject: " + b"x" * 9_000 + b"\r\n\r\n", "x" * LONGEST),
        (b"Subject: cut off", "cut off"),
        (b"", ""),
    ],
)
def test_a_subject_is_shown_as_mail_programs_do(mime: bytes, subject: str) -> None:
    assert shown(mime) == subject


def test_a_large_message_shows_its_subject_and_is_read_afterwards() -> None:
    mime = b"Subject: large\r\n\r\n" + b"x" * 2 * HEAD
    stream = MimeStream(len(mime), iter([mime]))
    assert decode_subject(find_subject(stream)) == "large"
    assert b"".join(stream) == mime


@given(st.text(min_size=1, max_size=LONGEST // 2))
def test_what_is_encoded_comes_back(text: str) -> None:
    encoded = text.encode("utf-8", "replace")
    words = b"".join(b"=%02X" % octet for octet in encoded)
    expected = " ".join(encoded.decode().split())
    assert shown(b"Subject: =?utf-8?q?%s?=\r\n\r\n" % words) == expected


@given(
    st.binary(max_size=400)
    | st.lists(
        st.sampled_from(
            [b"=?", b"?=", b"utf-8", b"?q?", b"?b?", b"==", b"=", b" ", b"\r\n ", b"\xff"]
        ),
        max_size=30,
    ).map(b"".join)
)
def test_whatever_stands_there_is_one_line_that_can_be_written(field: bytes) -> None:
    text = shown(b"Subject: " + field)
    assert len(text) <= LONGEST
    assert text.encode("utf-8").decode() == text
    assert "\n" not in text
    assert "\r" not in text
