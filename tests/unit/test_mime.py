"""Content is the same, whatever servers do to its line ends; a stream is read once."""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.mime import HEAD, Fingerprint, MimeStream, fingerprint, head, pieces, whole

_PARTS = st.lists(st.sampled_from([b"a", b"b", b"\r", b"\n", b"\r\n", b"\0", b" "]), max_size=40)


@given(_PARTS, st.randoms(use_true_random=False))
def test_line_ends_and_nul_do_not_count(parts: list[bytes], chance: random.Random) -> None:
    other = b"".join(
        chance.choice([b"", b"\n", b"\r\n", b"\0"]) if part.strip(b"\r\n\0") == b"" else part
        for part in parts
    )
    assert fingerprint(other + b"\r\n") == fingerprint(b"".join(parts))


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_everything_else_counts(one: bytes, other: bytes) -> None:
    same = one.translate(None, b"\r\n\0") == other.translate(None, b"\r\n\0")
    assert (fingerprint(one) == fingerprint(other)) is same


@given(st.integers(0, 2**32), st.integers(60_000, 200_000))
def test_large_content_has_the_print_of_what_is_left_without_line_ends(
    seed: int, size: int
) -> None:
    content = bytes(random.Random(seed).choices(b"ab =\r\n\0", k=size))
    left = content.translate(None, b"\r\n\0")
    digest = base64.b32encode(hashlib.sha256(left).digest()[:20])
    assert fingerprint(content) == digest.decode().lower()[:26]


@given(st.binary(max_size=300), st.lists(st.integers(1, 50), min_size=1, max_size=9))
def test_pieces_make_the_same_print(content: bytes, sizes: list[int]) -> None:
    made = Fingerprint()
    rest = content
    while rest:
        for size in sizes:
            made.add(memoryview(rest)[:size])
            rest = rest[size:]
    assert made.text == fingerprint(content)
    assert len(made.text) == 26


def chunks(content: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


@pytest.mark.parametrize("length", [1, HEAD - 1, HEAD, HEAD + 1, 3 * HEAD + 17])
@pytest.mark.parametrize("size", [1000, HEAD, 10 * HEAD])
def test_a_stream_is_the_same_as_its_whole(length: int, size: int) -> None:
    content = random.Random(length).randbytes(length)
    stream = MimeStream(length, chunks(content, size))
    assert len(stream) == length
    assert head(stream)[: min(HEAD, length)] == content[: min(HEAD, length)]
    with pytest.raises(ValueError, match="not read to its end"):
        fingerprint(stream)
    assert b"".join(pieces(stream)) == content
    assert stream.is_complete
    assert fingerprint(stream) == fingerprint(content)


def test_a_stream_can_be_read_once() -> None:
    stream = MimeStream(4, chunks(b"abcd", 2))
    assert whole(stream) == b"abcd"
    with pytest.raises(ValueError, match="once"):
        whole(stream)


def test_a_stream_that_was_left_has_no_print_and_gives_its_rest() -> None:
    content = b"x" * (3 * HEAD)
    stream = MimeStream(len(content), chunks(content, HEAD))
    reading = iter(stream)
    assert len(next(reading)) == HEAD
    reading.close()  # type: ignore[attr-defined]  # it is a generator
    stream.close()
    stream.wait()
    assert not stream.is_complete
    with pytest.raises(ValueError, match="not read to its end"):
        fingerprint(stream)
    assert b"".join(stream.rest()) == b"x" * (2 * HEAD)


def test_what_breaks_a_stream_is_raised_to_its_reader() -> None:
    def breaking() -> Iterator[bytes]:
        yield b"x" * HEAD
        raise ConnectionResetError

    stream = MimeStream(2 * HEAD, breaking())
    with pytest.raises(ConnectionResetError):
        whole(stream)
    stream.wait()
    assert not stream.is_complete
