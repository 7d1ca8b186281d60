"""A request that is refused as a whole is sent in halves until those to blame are found."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.targets.workmail_halves import halved
from migration.wire.ews_model import EwsError, RequestRefused, RequestTooLarge


class Server:
    """Refuses what holds a bad part; takes each of the others once."""

    def __init__(self, bad: set[int], error: EwsError) -> None:
        self.bad = bad
        self.error = error
        self.taken: list[int] = []

    def send(self, some: Sequence[int]) -> list[str]:
        if self.bad & set(some):
            raise self.error
        self.taken += some
        return [f"took {one}" for one in some]


def blame(one: int, code: str) -> str:
    return f"{one}: {code}"


@given(st.sets(st.integers(0, 30)))
def test_the_others_are_sent_once_and_in_order(bad: set[int]) -> None:
    server = Server(bad, RequestRefused("ErrorSchemaValidation"))
    whole = list(range(31))
    assert halved(server.send, whole, blame) == [
        f"{one}: ErrorSchemaValidation" if one in bad else f"took {one}" for one in whole
    ]
    assert server.taken == [one for one in whole if one not in bad]


def test_what_is_too_large_has_a_code() -> None:
    server = Server({1}, RequestTooLarge("http-413"))
    assert halved(server.send, [1], blame) == ["1: ErrorMessageSizeExceeded"]


def test_what_is_about_more_is_raised() -> None:
    server = Server({1}, RequestRefused("ErrorQuotaExceeded"))
    with pytest.raises(RequestRefused):
        halved(server.send, [1, 2], blame)
    assert server.taken == []
