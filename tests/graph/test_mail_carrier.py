"""How messages are read ahead: in order, within bounds, and how that ends."""

from __future__ import annotations

import gc
import threading
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.errors import SourceBusy
from migration.mail import Gone, Item, ItemRef, Unreadable
from migration.mime import MimeStream, whole
from migration.sources.graph_carrier import THREADS, GraphCarrier
from migration.sources.graph_content import Content
from migration.sources.graph_flags import Told
from tests.graph.sources import wait_until

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
LARGE = 3_000_000


class Reading:
    """Gives messages of the sizes that are asked for. `meet` is called before each."""

    def __init__(self, meet: Callable[[ItemRef], object] = lambda ref: None) -> None:
        self.meet = meet
        self.begun: list[str] = []
        self.at_once = self.most_at_once = 0
        self.contents: list[Content] = []
        self.lock = threading.Lock()

    def read_message(
        self, folder_id: str, ref: ItemRef, content: Content
    ) -> Told | Gone | Unreadable:
        with self.lock:
            self.begun.append(ref.uid)
            self.contents.append(content)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self.meet(ref)
            if ref.uid.startswith("gone"):
                return Gone(ref)
            if ref.uid.startswith("bad"):
                return Unreadable(ref, "ErrorCorruptData")
            for start in range(0, ref.size, 65_536):
                content.write(bytes([len(ref.uid) % 256]) * min(65_536, ref.size - start))
            return Told(ref, MOMENT, frozenset({ref.uid}))
        finally:
            with self.lock:
                self.at_once -= 1


def refs(*sizes: int, prefix: str = "m") -> list[ItemRef]:
    return [ItemRef(f"{prefix}{number}", size) for number, size in enumerate(sizes)]


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    made = threading.Event()
    yield made
    made.set()


KINDS = st.lists(
    st.tuples(st.sampled_from(["m", "gone", "bad"]), st.sampled_from([1, 10, 1_000_000])),
    max_size=12,
)


@given(st.lists(KINDS, max_size=3), st.integers(0, 5))
def test_answers_come_in_order_and_what_is_missing_at_the_end(
    calls: list[list[tuple[str, int]]], left_after: int
) -> None:
    reading = Reading()
    carrier = GraphCarrier(reading)
    asked = [
        [ItemRef(f"{kind}-{call}-{number}", size) for number, (kind, size) in enumerate(kinds)]
        for call, kinds in enumerate(calls)
    ]
    answers = [carrier.fetch("f", each) for each in asked]
    for own, found in zip(asked, answers, strict=True):
        known = [ref for ref in own if ref.uid.startswith("m")]
        others = [ref for ref in own if not ref.uid.startswith("m")]
        got = []
        for answer in found:
            if isinstance(answer, Item):
                assert len(whole(answer.mime)) == answer.ref.size
                assert answer.flags == {answer.ref.uid}
            got.append(answer.ref)
            if len(got) > 6 + left_after:
                break
        assert got == [*known, *others][: len(got)]
    carrier.close()
    assert len(reading.begun) == len(set(reading.begun))
    assert all(content.is_closed for content in reading.contents)


def test_several_are_read_at_once_and_of_the_next_call_too() -> None:
    barrier = threading.Barrier(THREADS)
    reading = Reading(lambda ref: barrier.wait(10))
    carrier = GraphCarrier(reading)
    first, second = carrier.fetch("f", refs(1, 1)), carrier.fetch("f", refs(1, 1, prefix="n"))
    assert [answer.ref.uid for answer in first] == ["m0", "m1"]
    assert [answer.ref.uid for answer in second] == ["n0", "n1"]
    assert reading.most_at_once == THREADS
    carrier.close()


def test_no_more_is_read_ahead_than_there_is_room_for() -> None:
    reading = Reading()
    carrier = GraphCarrier(reading)
    answers = carrier.fetch("f", refs(*[900_000] * 60))
    wait_until(lambda: len(reading.begun) >= 12 and not reading.at_once)
    assert len(reading.begun) * 900_000 <= 16_000_000
    assert sum(1 for _ in answers) == 60
    carrier.close()


def test_large_messages_wait_on_disk_within_bounds() -> None:
    reading = Reading()
    carrier = GraphCarrier(reading)
    answers = carrier.fetch("f", refs(*[30_000_000] * 8))
    wait_until(lambda: len(reading.begun) >= 3 and not reading.at_once)
    assert len(reading.begun) <= 4
    assert sum(content.in_memory for content in reading.contents) == 0
    for answer in answers:
        assert isinstance(answer, Item)
        assert isinstance(answer.mime, MimeStream)
        answer.mime.close()
    carrier.close()
    assert len(reading.contents) == 8
    assert all(content.is_closed for content in reading.contents)


def test_a_message_larger_than_all_room_comes_nevertheless() -> None:
    carrier = GraphCarrier(Reading())
    answer = next(carrier.fetch("f", [ItemRef("m", 200_000_000)]))
    assert isinstance(answer, Item)
    assert isinstance(answer.mime, MimeStream)
    assert len(answer.mime) == 200_000_000
    answer.mime.close()
    carrier.close()


def test_sizes_that_were_told_wrong_do_not_fill_the_room_for_ever() -> None:
    class Larger(Reading):
        def read_message(
            self, folder_id: str, ref: ItemRef, content: Content
        ) -> Told | Gone | Unreadable:
            return super().read_message(folder_id, ItemRef(ref.uid, 800_000), content)

    carrier = GraphCarrier(Larger())
    for _ in range(3):
        assert sum(1 for _ in carrier.fetch("f", refs(*[0] * 50))) == 50
    carrier.close()


def test_an_error_is_raised_where_it_is_waited_for() -> None:
    def meet(ref: ItemRef) -> None:
        if ref.uid == "m1":
            raise SourceBusy("throttled", 7.0)

    carrier = GraphCarrier(Reading(meet))
    answers, behind = carrier.fetch("f", refs(1, 1, 1)), carrier.fetch("f", refs(1, prefix="n"))
    assert next(answers).ref.uid == "m0"
    with pytest.raises(SourceBusy) as busy:
        next(answers)
    assert busy.value.retry_after == 7.0
    assert next(behind).ref.uid == "n0"
    carrier.close()


def test_who_leaves_early_makes_room(gate: threading.Event) -> None:
    reading = Reading(lambda ref: ref.uid == "m0" or gate.wait(10))
    carrier = GraphCarrier(reading)
    answers = carrier.fetch("f", refs(*[LARGE] * 30))
    first = next(answers)
    assert isinstance(first, Item)
    answers.close()  # type: ignore[attr-defined]
    gate.set()
    wait_until(lambda: not reading.at_once)
    assert len(reading.begun) <= THREADS + 1
    wait_until(lambda: all(content.is_closed for content in reading.contents))
    assert [answer.ref.uid for answer in carrier.fetch("f", refs(1))] == ["m0"]
    carrier.close()


def test_closing_ends_whoever_waits(gate: threading.Event) -> None:
    reading = Reading(lambda ref: gate.wait(10))
    carrier = GraphCarrier(reading)
    answers = carrier.fetch("f", refs(LARGE, 1))
    failed: list[Exception] = []

    def read() -> None:
        try:
            next(answers)
        except SourceBusy as error:
            failed.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    wait_until(lambda: bool(reading.begun))
    carrier.close()
    carrier.close()
    thread.join(10)
    assert len(failed) == 1
    gate.set()
    wait_until(lambda: all(content.is_closed for content in reading.contents))
    assert sum(1 for _ in carrier.fetch("f", refs(1, 1))) == 2
    carrier.close()


def test_a_stream_that_is_closed_under_its_reader_ends_with_a_busy_source() -> None:
    carrier = GraphCarrier(Reading())
    item = next(carrier.fetch("f", refs(LARGE)))
    assert isinstance(item, Item)
    assert isinstance(item.mime, MimeStream)
    pieces = iter(item.mime)
    next(pieces)
    carrier.close()
    with pytest.raises(SourceBusy):
        list(pieces)


def test_no_file_is_left_to_the_garbage_collector() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        carrier = GraphCarrier(Reading())
        answers = carrier.fetch("f", refs(*[LARGE] * 5))
        for _ in range(2):
            item = next(answers)
            assert isinstance(item, Item)
            assert isinstance(item.mime, MimeStream)
            item.mime.close()
        carrier.close()
        del answers, item
        gc.collect()
