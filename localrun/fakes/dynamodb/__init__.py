"""DynamoDB for the ledger: tables with two text keys, and the operations that it asks for.

moto has all of the service, and reads the whole table for every Query: with 10,000 mailboxes most
of a run's time went there. This has what the ledger needs and no more, takes the same time however
many items there are, and counts what is written where. tests/contract holds it to what moto does.
What it lacks (indexes, projections, functions of SET) is refused, not guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from localrun.fakes.dynamodb.expressions import (
    Condition,
    ExpressionError,
    Junction,
    Names,
    Test,
    aliases,
    change,
    holds,
    parse_condition,
    parse_update,
)
from localrun.fakes.dynamodb.tables import Page, Place, Table
from localrun.fakes.dynamodb.values import Item, Value, item_size, only
from localrun.model_service import ApiError

ITEM_BYTES = 400 * 1024
"""The largest item, the names of its attributes among it."""

_SERVED = ("NONE", "ALL_NEW", "UPDATED_NEW")
_Named = Mapping[str, str] | None
_Valued = Mapping[str, Value] | None


class FakeDynamoDb:
    """A backend for localrun.model_service. `tables` are by name."""

    def __init__(self, now: Callable[[], float], region: str, account: str) -> None:
        self.tables: dict[str, Table] = {}
        self._made: dict[str, dict[str, Any]] = {}
        self._expiry: dict[str, str] = {}
        self._now = now
        self._arn = f"arn:aws:dynamodb:{region}:{account}:table/"

    # -- tables

    def create_table(
        self,
        *,
        table_name: str,
        key_schema: Sequence[Mapping[str, str]],
        attribute_definitions: Sequence[Mapping[str, str]],
        billing_mode: str,
    ) -> dict[str, Any]:
        if table_name in self.tables:
            raise ApiError("ResourceInUseException", f"Table already exists: {table_name}")
        kinds = {each["AttributeName"]: each["AttributeType"] for each in attribute_definitions}
        keys = [each["AttributeName"] for each in key_schema]
        if len(keys) != 2 or any(kinds.get(key) != "S" for key in keys):
            raise ApiError("NotImplementedLocally", "a table has two keys here, both texts")
        self.tables[table_name] = Table((keys[0], keys[1]))
        self._made[table_name] = {
            "TableName": table_name,
            "TableArn": f"{self._arn}{table_name}",
            "TableStatus": "ACTIVE",
            "KeySchema": list(key_schema),
            "AttributeDefinitions": list(attribute_definitions),
            "CreationDateTime": datetime.fromtimestamp(self._now(), UTC),
            "BillingModeSummary": {"BillingMode": billing_mode},
        }
        return {"TableDescription": self._made[table_name]}

    def describe_table(self, *, table_name: str) -> dict[str, Any]:
        items = len(self._table(table_name))
        return {"Table": {**self._made[table_name], "ItemCount": items}}

    def update_time_to_live(
        self, *, table_name: str, time_to_live_specification: Mapping[str, Any]
    ) -> dict[str, Any]:
        self._table(table_name)
        self._expiry[table_name] = time_to_live_specification["AttributeName"]
        return {"TimeToLiveSpecification": time_to_live_specification}

    # -- single items

    def get_item(
        self, *, table_name: str, key: Item, consistent_read: bool = False
    ) -> dict[str, Any]:
        table = self._table(table_name)
        item = table.read(_place(table, key, exactly=True))
        return {} if item is None else {"Item": item}

    def put_item(self, *, table_name: str, item: Item) -> dict[str, Any]:
        table = self._table(table_name)
        table.write(_place(table, item), _checked(item))
        return {}

    def delete_item(
        self,
        *,
        table_name: str,
        key: Item,
        condition_expression: str = "",
        expression_attribute_names: _Named = None,
        expression_attribute_values: _Valued = None,
    ) -> dict[str, Any]:
        table = self._table(table_name)
        place = _place(table, key, exactly=True)
        names = Names(expression_attribute_names or {}, expression_attribute_values or {})
        _check_aliases(names, condition_expression)
        _demand(condition_expression, table.read(place), names)
        table.write(place, None)
        return {}

    def update_item(
        self,
        *,
        table_name: str,
        key: Item,
        update_expression: str,
        condition_expression: str = "",
        expression_attribute_names: _Named = None,
        expression_attribute_values: _Valued = None,
        return_values: str = "NONE",
    ) -> dict[str, Any]:
        table = self._table(table_name)
        place = _place(table, key, exactly=True)
        names = Names(expression_attribute_names or {}, expression_attribute_values or {})
        _check_aliases(names, condition_expression, update_expression)
        before = table.read(place)
        _demand(condition_expression, before, names)
        after, touched = _updated(table, update_expression, before or dict(key), names)
        table.write(place, _checked(after))
        if return_values not in _SERVED:
            raise ApiError("NotImplementedLocally", f"ReturnValues {return_values}")
        if return_values == "NONE":
            return {}
        shown = after if return_values == "ALL_NEW" else _only_those(after, touched)
        return {"Attributes": shown}

    # -- several items

    def query(
        self,
        *,
        table_name: str,
        key_condition_expression: str,
        expression_attribute_names: _Named = None,
        expression_attribute_values: _Valued = None,
        filter_expression: str = "",
        exclusive_start_key: Item | None = None,
        consistent_read: bool = False,
        limit: int | None = None,
    ) -> dict[str, Any]:
        table = self._table(table_name)
        names = Names(expression_attribute_names or {}, expression_attribute_values or {})
        _check_aliases(names, key_condition_expression, filter_expression)
        partition, prefix = _range(table, key_condition_expression, names)
        after = _place(table, exclusive_start_key, exactly=True)[1] if exclusive_start_key else None
        page = table.query(partition, prefix, after, limit)
        return _answer(table, page, filter_expression, names)

    def scan(
        self,
        *,
        table_name: str,
        expression_attribute_names: _Named = None,
        expression_attribute_values: _Valued = None,
        filter_expression: str = "",
        projection_expression: str = "",
        exclusive_start_key: Item | None = None,
        consistent_read: bool = False,
        limit: int | None = None,
    ) -> dict[str, Any]:
        """Of projections it knows plain names of attributes."""
        table = self._table(table_name)
        names = Names(expression_attribute_names or {}, expression_attribute_values or {})
        after = _place(table, exclusive_start_key, exactly=True) if exclusive_start_key else None
        answer = _answer(table, table.scan(after, limit), filter_expression, names)
        if shown := {name.strip() for name in projection_expression.split(",") if name}:
            answer["Items"] = [
                {name: value for name, value in item.items() if name in shown}
                for item in answer["Items"]
            ]
        return answer

    def batch_write_item(
        self, *, request_items: Mapping[str, Sequence[Mapping[str, Any]]]
    ) -> dict[str, Any]:
        writes: list[tuple[Table, Place, Item | None]] = []
        for table_name, requests in request_items.items():
            table = self._table(table_name)
            for request in requests:
                item = request["PutRequest"]["Item"] if "PutRequest" in request else None
                key = item if item is not None else request["DeleteRequest"]["Key"]
                writes.append((table, _place(table, key), item and _checked(item)))
        if len(writes) > 25:
            raise _invalid("Too many items requested for the BatchWriteItem call")
        if len({(id(table), place) for table, place, _ in writes}) < len(writes):
            raise _invalid("Provided list of item keys contains duplicates")
        for table, place, item in writes:
            table.write(place, item)
        return {"UnprocessedItems": {}}

    def transact_write_items(
        self,
        *,
        transact_items: Sequence[Mapping[str, Mapping[str, Any]]],
        client_request_token: str = "",
    ) -> dict[str, Any]:
        writes: list[tuple[Table, Place, Item | None]] = []
        reasons: list[str] = []
        for each in transact_items:
            ((what, request),) = each.items()
            if what not in ("Put", "Delete"):
                raise ApiError("NotImplementedLocally", f"{what} in a transaction")
            table = self._table(request["TableName"])
            item = _checked(request["Item"]) if what == "Put" else None
            place = _place(table, request["Item"] if what == "Put" else request["Key"])
            reasons.append(_refusal(request, table.read(place)))
            writes.append((table, place, item))
        if any(reason != "None" for reason in reasons):
            text = f"please refer cancellation reasons for specific reasons [{', '.join(reasons)}]"
            raise ApiError("TransactionCanceledException", f"Transaction cancelled, {text}")
        for table, place, item in writes:
            table.write(place, item, times=2)
        return {}

    def _table(self, name: str) -> Table:
        name = name.rpartition("/")[2]
        if name not in self.tables:
            raise ApiError("ResourceNotFoundException", "Requested resource not found")
        return self.tables[name]


def _place(table: Table, item: Mapping[str, Value], *, exactly: bool = False) -> Place:
    try:
        place = table.place(item)
    except KeyError as missing:
        text = f"One of the required keys was not given a value: {missing}"
        raise _invalid(text if not exactly else _NO_KEY) from None
    except ValueError:
        raise _invalid("Type mismatch for key") from None
    if exactly and len(item) != 2:
        raise _invalid(_NO_KEY)
    if not all(place):
        raise _invalid(
            "The AttributeValue for a key attribute cannot contain an empty string value"
        )
    return place


_NO_KEY = "The provided key element does not match the schema"


def _checked(item: Item) -> Item:
    if item_size(item) > ITEM_BYTES:
        raise _invalid("Item size has exceeded the maximum allowed size")
    return item


def _updated(
    table: Table, expression: str, item: Item, names: Names
) -> tuple[Item, Collection[str]]:
    """The item after an update, and the attributes that it names."""
    try:
        changes = parse_update(expression)
        touched = {names.attribute(each.name) for each in changes}
        if not touched.isdisjoint(table.keys):
            raise _invalid("Cannot update attribute: this attribute is part of the key")
        return change(changes, item, names), touched
    except ExpressionError as fault:
        raise _invalid(f"Invalid UpdateExpression: {fault}") from None


def _only_those(item: Item, names: Collection[str]) -> Item:
    return {name: value for name, value in item.items() if name in names}


def _demand(expression: str, item: Item | None, names: Names) -> None:
    if not _holds(expression, item, names):
        text = "The conditional request failed"
        raise ApiError("ConditionalCheckFailedException", text)


def _holds(expression: str, item: Item | None, names: Names) -> bool:
    try:
        return not expression or holds(parse_condition(expression), item or {}, names)
    except ExpressionError as fault:
        raise _invalid(f"Invalid ConditionExpression: {fault}") from None


def _refusal(request: Mapping[str, Any], item: Item | None) -> str:
    """Why a part of a transaction is refused, in the words of the service; None."""
    names = Names(
        request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
    )
    expression = request.get("ConditionExpression", "")
    _check_aliases(names, expression)
    return "None" if _holds(expression, item, names) else "ConditionalCheckFailed"


def _check_aliases(names: Names, *expressions: str) -> None:
    """All that are defined must be used; those that are not defined are found when used."""
    try:
        used = frozenset[str]().union(*map(aliases, expressions))
    except ExpressionError as fault:
        raise _invalid(f"Invalid expression: {fault}") from None
    for kind, defined in (("Names", names.names), ("Values", names.values)):
        if unused := sorted(set(defined) - used):
            text = f"Value provided in ExpressionAttribute{kind} unused in expressions: keys: "
            raise _invalid(f"{text}{{{', '.join(unused)}}}")


def _range(table: Table, expression: str, names: Names) -> tuple[str, str]:
    """The partition that a KeyConditionExpression names, and how the sort keys begin."""
    try:
        condition = parse_condition(expression)
        parts: Sequence[Condition] = (
            condition.parts
            if isinstance(condition, Junction) and condition.what == "AND"
            else [condition]
        )
        found = {
            (part.what, names.attribute(part.operands[0])): only(names.value(part.operands[1]))
            for part in parts
            if isinstance(part, Test) and len(part.operands) == 2
        }
    except ExpressionError as fault:
        raise _invalid(f"Invalid KeyConditionExpression: {fault}") from None
    partition = found.pop(("=", table.keys[0]), None)
    prefix = found.pop(("begins_with", table.keys[1]), ("S", ""))
    if partition is None or found or len(parts) > 2:
        raise _invalid("Query key condition not supported")
    return partition[1], prefix[1]


def _answer(table: Table, page: Page, filtered: str, names: Names) -> dict[str, Any]:
    items = [item for item in page.items if _holds(filtered, item, names)]
    answer: dict[str, Any] = {
        "Items": items,
        "Count": len(items),
        "ScannedCount": len(page.items),
    }
    if page.last is not None:
        keys = zip(table.keys, page.last, strict=True)
        answer["LastEvaluatedKey"] = {name: {"S": value} for name, value in keys}
    return answer


def _invalid(message: str) -> ApiError:
    return ApiError("ValidationException", message)
