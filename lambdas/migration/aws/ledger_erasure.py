"""All items of a tenant in the ledger's table, found by a scan.

A scan, because queries go by partitions, and a mailbox whose item is gone or was never written
would hide its partition from them. The table belongs to the tenant's stack, so that there is
nothing else to read. Keys: aws/ledger.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_LOCK = "LOCK"
_BATCH = 100
_KINDS: Mapping[str, str] = {
    "PAUSE": "words",
    "LAST": "words",
    "N": "timeline",
    "DNS": "dns",
    "Z": "dns",
    "TOLD": "told",
    "FIRST": "told",
    "ASK": "questions",
    "M": "mailboxes",
    "E": "entities",
    "ADMIN": "administrator",
    "G": "administrator",
    "D": "deeds",
    "C": "guides",
    "FENCE": "fences",
    "START": "starts",
    "PROGRESS": "progress",
    "F": "folders",
    "Q": "remarks",
}
"""By what a sort key begins with, up to its first #."""


class LedgerHolding:
    """Holding. The tenant's lock is no part of it: whoever erases holds it. `batch` items go at
    once."""

    def __init__(self, table: Table, tenant: str, batch: int = _BATCH) -> None:
        self._table = table
        self._batch = batch
        in_the_tenants = Attr("pk").eq(f"T#{tenant}") & Attr("sk").ne(_LOCK)
        self._ours = in_the_tenants | Attr("pk").begins_with(f"M#{tenant}#")

    def count(self) -> Mapping[str, int]:
        return Counter(_kind(key["sk"]) for page in self._pages() for key in page)

    def erase(self) -> Iterator[int]:
        for page in self._pages():
            for start in range(0, len(page), self._batch):
                keys = page[start : start + self._batch]
                with self._table.batch_writer() as writer:
                    for key in keys:
                        writer.delete_item(Key=key)
                yield len(keys)

    def _pages(self) -> Iterator[list[dict[str, str]]]:
        request: dict[str, Any] = {
            "ProjectionExpression": "pk, sk",
            "FilterExpression": self._ours,
            "ConsistentRead": True,
        }
        while True:
            answer = self._table.scan(**request)
            yield [{"pk": str(item["pk"]), "sk": str(item["sk"])} for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _kind(sort_key: str) -> str:
    return f"ledger_{_KINDS.get(sort_key.partition('#')[0], 'other')}"
