"""How often garbage is looked for while messages are copied."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from localrun.fakes.mailbox import MemorySource, MemoryTarget
from migration.copy.collecting import collecting_seldom
from migration.copy.engine import SliceJob, copy_slice


@pytest.fixture(autouse=True)
def threshold() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_it_is_seldom_inside_and_as_before_afterwards() -> None:
    gc.set_threshold(700, 11, 12)
    with pytest.raises(KeyError), collecting_seldom():
        assert gc.get_threshold() == (20_000, 11, 12)
        raise KeyError
    assert gc.get_threshold() == (700, 11, 12)


@pytest.mark.parametrize("first", [0, 50_000])
def test_who_looks_even_less_often_is_left_alone(first: int) -> None:
    gc.set_threshold(first, 11, 12)
    with collecting_seldom():
        assert gc.get_threshold() == (first, 11, 12)


def test_a_slice_looks_seldom() -> None:
    gc.set_threshold(700, 11, 12)
    source, target = MemorySource(), MemoryTarget()
    source.deliver(("INBOX",), b"x")
    seen: list[int] = []

    def look(name: str) -> None:
        seen.append(gc.get_threshold()[0])

    target.step = look
    job = SliceJob("acme", "mailbox1", 1, "2026-11-23T10:00:00Z")
    copy_slice(source, target, MemoryLedger(), MemoryBlobs(), job, lambda: 900.0)
    assert set(seen) == {20_000}
    assert gc.get_threshold() == (700, 11, 12)
