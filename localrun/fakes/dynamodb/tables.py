"""One table: its items in the order of their keys, and what was written to it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from localrun.fakes.dynamodb.values import Item, Value, item_size, only

PAGE_BYTES = 1024 * 1024
"""What one Query or Scan reads at most, before its filter."""

Place = tuple[str, str]
"""The values of the partition key and of the sort key."""


@dataclass(slots=True)
class Usage:
    """What a table was asked for. `units` are write units by partition key (of 1,024 bytes, a
    transaction's twice); `kinds` by the beginning of the sort key up to its first #; `largest` is
    the item of most bytes, and where it stood."""

    units: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    largest: int = 0
    largest_at: Place = ("", "")


@dataclass(frozen=True, slots=True)
class Page:
    """Items that were read, and the key after which there are more; None at the end."""

    items: Sequence[Item]
    last: Place | None


class Table:
    """Keys are two strings; items are never changed, only replaced."""

    def __init__(self, keys: tuple[str, str]) -> None:
        self.keys = keys
        self.usage = Usage()
        self._items: dict[str, dict[str, Item]] = {}
        self._order: dict[str, list[str]] = {}

    def place(self, item: Mapping[str, Value]) -> Place:
        """Where an item belongs. KeyError for one without its keys, ValueError for keys that are no
        texts."""
        found = [only(item[name]) for name in self.keys]
        if any(kind != "S" for kind, _ in found):
            raise ValueError("keys are texts")
        return found[0][1], found[1][1]

    def read(self, place: Place) -> Item | None:
        return self._items.get(place[0], {}).get(place[1])

    def write(self, place: Place, item: Item | None, *, times: int = 1) -> None:
        """Puts the item there, or takes the one away that is there; `times` as many units as
        usual."""
        before = self.read(place)
        self._count(place, before, item, times)
        if item is None:
            if before is not None:
                self._drop(place)
            return
        self._items.setdefault(place[0], {})[place[1]] = item
        if before is None:
            insort(self._order.setdefault(place[0], []), place[1])

    def __len__(self) -> int:
        return sum(map(len, self._items.values()))

    def query(self, partition: str, prefix: str, after: str | None, limit: int | None) -> Page:
        """The items of a partition whose sort key begins with `prefix`, after that key."""
        order = self._order.get(partition, [])
        start = bisect_left(order, prefix) if after is None else bisect_right(order, after)
        names = (order[number] for number in range(start, len(order)))
        return self._page(self._while(partition, prefix, names), limit)

    def scan(self, after: Place | None, limit: int | None) -> Page:
        """All items."""
        places = ((partition, each) for partition in sorted(self._order) for each in
                  list(self._order[partition]))  # fmt: skip
        return self._page((each for each in places if after is None or each > after), limit)

    def _while(self, partition: str, prefix: str, names: Iterator[str]) -> Iterator[Place]:
        for name in names:
            if not name.startswith(prefix):
                return
            yield partition, name

    def _page(self, places: Iterator[Place], limit: int | None) -> Page:
        items: list[Item] = []
        size, last = 0, None
        for place in places:
            if last is not None and (size > PAGE_BYTES or len(items) == limit):
                return Page(items, last)
            item = self._items[place[0]][place[1]]
            items.append(item)
            size += item_size(item)
            last = place
        return Page(items, None)

    def _count(self, place: Place, before: Item | None, after: Item | None, times: int) -> None:
        new = item_size(after) if after else 0
        most = max(new, item_size(before) if before else 0)
        units = times * max(1, -(-most // 1024))
        usage = self.usage
        usage.units[place[0]] += units
        usage.kinds[place[1].partition("#")[0]] += units
        if new > usage.largest:
            usage.largest, usage.largest_at = new, place

    def _drop(self, place: Place) -> None:
        del self._items[place[0]][place[1]]
        order = self._order[place[0]]
        del order[bisect_left(order, place[1])]
        if not order:
            del self._order[place[0]], self._items[place[0]]
