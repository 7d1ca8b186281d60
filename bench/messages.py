"""Messages as bytes with CRLF: ordinary ones, and the odd ones that old mailboxes hold."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from email.utils import format_datetime
from enum import Enum
from random import Random

_WORDS = (
    b"the of and to in is that for it as was with be by on not he his but at are this have from or "
    b"had an they which one you were all her she there would their we him been has when who no "
    b"more if out so said what up its about than into them can only other time new some could these"
).split()
_NAMES = ("Alice", "Bob", "Chidi", "Dana", "Émile", "Fatima", "Grzegorz", "Hana", "Ivo", "Jürgen")
_LINE = 76
_PROSE_SIZE = 1 << 18


class Odd(Enum):
    """What is wrong with a message, or only unusual."""

    NO_MESSAGE_ID = "no Message-ID"
    NO_DATE = "no Date"
    NO_DATE_NOR_ID = "neither Message-ID nor Date"
    DUPLICATE = "the bytes, flags and date of the message before it"
    SAME_MESSAGE_ID = "the Message-ID of the message before it, and other content"
    RAW_UTF8_HEADER = "UTF-8 in a header, not encoded"
    RAW_LATIN1_HEADER = "Latin-1 in a header, not encoded"
    LONG_LINE = "a line of 100,000 characters"
    LONG_HEADER = "a header of 20,000 characters, folded, and a To of 500 recipients"
    EMPTY_BODY = "nothing after the headers"
    UNENDED_HEADER = "headers only, without the empty line that ends them"
    NO_FINAL_NEWLINE = "the last line has no end"
    BINARY = "an attachment of bytes that are not encoded"
    NO_HEADER = "begins with an empty line"
    FROM_LINE = "an mbox separator before the headers"
    BROKEN_MULTIPART = "a boundary that never comes"
    DOTS = "lines of dots, and one that looks like an IMAP answer"


ODD_KINDS = tuple(Odd)


def text_message(random: Random, index: int, size: int, date: datetime) -> bytes:
    """Plain text of about `size` bytes."""
    head = b"".join(headers(random, index, date).values()) + b"\r\n"
    return head + prose(random, max(0, size - len(head)))


def attachment_message(random: Random, index: int, size: int, date: datetime) -> bytes:
    """A text and a file in base64, of about `size` bytes together."""
    boundary = b"=_%d_%d" % (index, random.randrange(1 << 30))
    first = b"".join(headers(random, index, date).values()) + (
        b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary="%(b)s"\r\n\r\n'
        b"--%(b)s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%(text)s\r\n--%(b)s\r\n"
        b'Content-Type: application/octet-stream; name="scan.bin"\r\n'
        b'Content-Disposition: attachment; filename="scan.bin"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n"
    ) % {b"b": boundary, b"text": prose(random, random.randrange(200, 4_000))}
    last = b"--%s--\r\n" % boundary
    return first + base64_lines(random, max(0, size - len(first) - len(last))) + last


def odd_message(random: Random, kind: Odd, index: int, size: int, date: datetime) -> bytes:
    """A message of that kind, of about `size` bytes where the kind leaves a choice. DUPLICATE is
    the caller's to make: here it is an ordinary message."""
    head = headers(random, index, date)
    body = prose(random, min(size, 200_000))
    if kind in (Odd.NO_MESSAGE_ID, Odd.NO_DATE_NOR_ID):
        del head["Message-ID"]
    if kind in (Odd.NO_DATE, Odd.NO_DATE_NOR_ID):
        del head["Date"]
    if kind is Odd.SAME_MESSAGE_ID:
        head["Message-ID"] = message_id(index - 1)
    _spoil_headers(random, kind, head)
    start = b"".join(head.values())
    if kind is Odd.UNENDED_HEADER:
        return start
    if kind is Odd.FROM_LINE:
        start = b"From alice@example.test Sun Feb  1 10:20:30 2015\r\n" + start
    if kind is Odd.NO_HEADER:
        start = b""
    return start + b"\r\n" + _odd_body(random, kind, body)


def _spoil_headers(random: Random, kind: Odd, head: dict[str, bytes]) -> None:
    if kind is Odd.RAW_UTF8_HEADER:
        head["Subject"] = "Subject: Grüße aus Łódź, 東京\r\n".encode()
    elif kind is Odd.RAW_LATIN1_HEADER:
        head["Subject"] = "Subject: Grüße, à bientôt\r\n".encode("latin-1")
        head["From"] = "From: Jürgen Größe <juergen@example.test>\r\n".encode("latin-1")
    elif kind is Odd.LONG_HEADER:
        head["To"] = b"To: " + b",\r\n ".join(b"r%d@example.test" % i for i in range(500)) + b"\r\n"
        folded = b"\r\n ".join(b"<%040x@x.test>" % random.getrandbits(160) for _ in range(400))
        head["References"] = b"References: " + folded + b"\r\n"
    elif kind is Odd.BROKEN_MULTIPART:
        head["Type"] = b"Content-Type: multipart/alternative; boundary=never\r\n"
    elif kind is Odd.BINARY:
        head["Type"] = (
            b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n"
        )


def _odd_body(random: Random, kind: Odd, body: bytes) -> bytes:
    if kind is Odd.LONG_LINE:
        return prose(random, 100_000).replace(b"\r\n", b" ") + b"\r\n" + body
    if kind is Odd.EMPTY_BODY:
        return b""
    if kind is Odd.NO_FINAL_NEWLINE:
        return body + b"the end"
    if kind is Odd.BINARY:
        return random.randbytes(60_000).translate(None, b"\0\r\n") + b"\r\n"
    if kind is Odd.DOTS:
        return b".\r\n..\r\n" + body + b"a1 OK done\r\n* BYE {5}\r\n)\r\n.\r\n"
    return body


def message_id(index: int) -> bytes:
    """The header line that an ordinary message has."""
    return b"Message-ID: <%d.%x@example.test>\r\n" % (index, index * 2_654_435_761 % (1 << 32))


def headers(random: Random, index: int, date: datetime) -> dict[str, bytes]:
    """Header lines by name, in the order of the message."""
    sender, to = random.choice(_NAMES), random.choice(_NAMES)
    subject = b" ".join(random.choices(_WORDS, k=random.randrange(1, 9)))
    from_line = (
        f"From: =?utf-8?B?{b64encode(sender.encode()).decode()}?= <s{index % 97}@example.test>"
    )
    return {
        "Received": b"Received: from mx.example.test by mail.example.test with ESMTP; "
        + format_datetime(date).encode()
        + b"\r\n",
        "From": from_line.encode() + b"\r\n",
        "To": b"To: =?utf-8?B?" + b64encode(to.encode()) + b"?= <me@example.test>\r\n",
        "Subject": b"Subject: " + subject + b"\r\n",
        "Date": b"Date: " + format_datetime(date).encode() + b"\r\n",
        "Message-ID": message_id(index),
    }


def prose(random: Random, size: int) -> bytes:
    """About `size` bytes of lines of words, the last one ended; "" for nothing."""
    if size <= 2:
        return b""
    words: list[bytes] = []
    length = column = 0
    while length < min(size, _PROSE_SIZE):
        word = random.choice(_WORDS)
        column += len(word) + 1
        end = b"\r\n" if column > _LINE else b" "
        column = 0 if column > _LINE else column
        words += (word, end)
        length += len(word) + len(end)
    text = b"".join(words)
    repeated = text * (size // len(text) + 1)
    return repeated[: size - 2].rstrip(b"\r") + b"\r\n"


def base64_lines(random: Random, size: int) -> bytes:
    """About `size` bytes of base64 in lines of 76 characters; whole lines only."""
    lines = size // (_LINE + 2)
    encoded = b64encode(random.randbytes(lines * _LINE // 4 * 3))
    return b"".join(encoded[at : at + _LINE] + b"\r\n" for at in range(0, len(encoded), _LINE))
