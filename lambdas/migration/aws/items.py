"""The three verbs that the ledger needs of a DynamoDB table with string keys `pk` and `sk`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import ConditionBase, Key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


class ItemTable:
    """Reads are consistent; an update whose condition does not hold is an answer, no exception."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.refused = table.meta.client.exceptions.ConditionalCheckFailedException

    def update(
        self,
        pk: str,
        sk: str,
        sets: Mapping[str, Any],
        removes: Iterable[str] = (),
        condition: ConditionBase | None = None,
        firsts: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any] | None:
        """The item after the update; None if the condition does not hold. What is in `firsts` is
        set where there is nothing yet.

        Names are always aliased: several of ours (owner, status, total) are reserved words.
        """
        firsts = firsts or {}
        changes = [f"#{name} = :{name}" for name in sets]
        changes += [f"#{name} = if_not_exists(#{name}, :{name})" for name in firsts]
        values = {**sets, **firsts}
        expression = f"SET {', '.join(changes)}"
        if removes := list(removes):
            expression += " REMOVE " + ", ".join(f"#{name}" for name in removes)
        request: dict[str, Any] = {
            "Key": {"pk": pk, "sk": sk},
            "UpdateExpression": expression,
            "ExpressionAttributeNames": {f"#{name}": name for name in [*values, *removes]},
            "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
            "ReturnValues": "ALL_NEW",
        }
        if condition is not None:
            request["ConditionExpression"] = condition
        try:
            return self._table.update_item(**request)["Attributes"]
        except self.refused:
            return None

    def read(self, pk: str, sk: str) -> Mapping[str, Any] | None:
        """The item, None if there is none."""
        return self._table.get_item(Key={"pk": pk, "sk": sk}, ConsistentRead=True).get("Item")

    def query(
        self, pk: str, prefix: str, condition: ConditionBase | None = None
    ) -> Iterator[Mapping[str, Any]]:
        """The items whose sort key begins with `prefix`, in its order, page after page."""
        request: dict[str, Any] = {
            "KeyConditionExpression": Key("pk").eq(pk) & Key("sk").begins_with(prefix),
            "ConsistentRead": True,
        }
        if condition is not None:
            request["FilterExpression"] = condition
        while True:
            answer = self._table.query(**request)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
