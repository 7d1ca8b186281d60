"""What the ledger needs of DynamoDB, by moto and by the emulator of a local run alike."""

from typing import TYPE_CHECKING, Any

import pytest
from boto3.dynamodb.conditions import Attr, ConditionBase, Key
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

HERE = {"pk": "a", "sk": "M#1"}


def refused(error: pytest.ExceptionInfo[ClientError]) -> str:
    return error.value.response["Error"]["Code"]


def read(table: "Table", sk: str = "M#1") -> Any:
    return table.get_item(Key={"pk": "a", "sk": sk}, ConsistentRead=True).get("Item")


def test_an_item_comes_back_as_it_was_put(table: "Table") -> None:
    item: dict[str, Any] = {
        **HERE,
        "number": 12,
        "flag": False,
        "nothing": None,
        "tags": {"b", "a"},
        "list": ["x", 1, {"deep": "é"}],
        "map": {},
        "text": "",
    }
    table.put_item(Item=item)
    assert read(table) == item
    table.put_item(Item=HERE)
    assert read(table) == HERE
    assert read(table, "M#2") is None


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (Attr("owner").eq("me"), True),
        (Attr("owner").eq("you"), False),
        (Attr("missing").eq("me"), False),
        (Attr("owner").ne("you"), True),
        (Attr("number").eq(7), True),
        (Attr("number").lt(8), True),
        (Attr("number").lte(6), False),
        (Attr("number").gt(6), True),
        (Attr("number").gte(8), False),
        (Attr("owner").exists(), True),
        (Attr("owner").not_exists(), False),
        (Attr("missing").not_exists(), True),
        (Attr("owner").is_in(["you", "me"]), True),
        (Attr("missing").is_in(["you", "me"]), False),
        (Attr("owner").begins_with("m"), True),
        (Attr("tags").contains("b"), True),
        (Attr("tags").contains("z"), False),
        (Attr("owner").contains("e"), True),
        (Attr("tags").size().lt(3), True),
        (Attr("tags").size().lt(2), False),
        (Attr("number").eq(7) & Attr("owner").eq("you"), False),
        (Attr("number").eq(8) | Attr("owner").eq("me"), True),
        (Attr("missing").not_exists() & (Attr("number").eq(8) | Attr("flag").eq(True)), True),
    ],
)
def test_conditions(table: "Table", condition: ConditionBase, *, holds: bool) -> None:
    table.put_item(Item={**HERE, "owner": "me", "number": 7, "tags": {"a", "b"}, "flag": True})
    update: Any = {
        "Key": HERE,
        "UpdateExpression": "SET done = :done",
        "ExpressionAttributeValues": {":done": 1},
    }
    if holds:
        table.update_item(**update, ConditionExpression=condition)
        assert read(table)["done"] == 1
        return
    with pytest.raises(ClientError) as error:
        table.update_item(**update, ConditionExpression=condition)
    assert refused(error) == "ConditionalCheckFailedException"
    assert "done" not in read(table)
    found = table.query(KeyConditionExpression=Key("pk").eq("a"), FilterExpression=condition)
    assert (found["Items"], found["ScannedCount"]) == ([], 1)


def test_an_update_sets_removes_and_adds(table: "Table") -> None:
    made = table.update_item(
        Key=HERE,
        UpdateExpression="SET #owner = :owner, height = :n ADD counted :one, tags :tags",
        ExpressionAttributeNames={"#owner": "owner"},
        ExpressionAttributeValues={":owner": "me", ":n": 5, ":one": 1, ":tags": {"a"}},
        ReturnValues="ALL_NEW",
    )
    assert made["Attributes"] == {**HERE, "owner": "me", "height": 5, "counted": 1, "tags": {"a"}}
    shown = table.update_item(
        Key=HERE,
        UpdateExpression="ADD counted :one, tags :tags REMOVE height",
        ExpressionAttributeValues={":one": 2, ":tags": {"a", "b"}},
        ReturnValues="UPDATED_NEW",
    )
    assert shown["Attributes"] == {"counted": 3, "tags": {"a", "b"}}
    assert read(table) == {**HERE, "owner": "me", "counted": 3, "tags": {"a", "b"}}


@pytest.mark.parametrize(
    "request_",
    [
        {"UpdateExpression": "SET owner = :v"},  # a reserved word
        {"UpdateExpression": "SET good = :w"},
        {"UpdateExpression": "SET good :v"},
        {"UpdateExpression": "SET good = :v", "ExpressionAttributeNames": {"#unused": "u"}},
        {"UpdateExpression": "SET sk = :v"},
    ],
)
def test_an_update_that_makes_no_sense_is_refused(table: "Table", request_: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as error:
        table.update_item(Key=HERE, ExpressionAttributeValues={":v": "x"}, **request_)
    assert refused(error) == "ValidationException"
    assert read(table) is None


def test_what_is_set_where_nothing_is_stays_afterwards(table: "Table") -> None:
    def update(value: int) -> Any:
        return table.update_item(
            Key=HERE,
            UpdateExpression="SET height = :n, #begun = if_not_exists(#begun, :n)",
            ExpressionAttributeNames={"#begun": "begun"},
            ExpressionAttributeValues={":n": value},
            ReturnValues="ALL_NEW",
        )["Attributes"]

    assert update(1) == {**HERE, "height": 1, "begun": 1}
    assert update(2) == {**HERE, "height": 2, "begun": 1}


def test_an_item_is_deleted_on_its_condition(table: "Table") -> None:
    table.put_item(Item={**HERE, "owner": "me"})
    with pytest.raises(ClientError) as error:
        table.delete_item(Key=HERE, ConditionExpression=Attr("owner").eq("you"))
    assert refused(error) == "ConditionalCheckFailedException"
    assert read(table) is not None
    table.delete_item(Key=HERE, ConditionExpression=Attr("owner").eq("me"))
    assert read(table) is None
    table.delete_item(Key=HERE)


def test_a_query_finds_a_prefix_in_order_and_filters(table: "Table") -> None:
    for sk in ("M#3", "L", "M#1", "N", "M#2", "M#10"):
        table.put_item(Item={"pk": "a", "sk": sk, "odd": sk in ("M#1", "M#3")})
    table.put_item(Item={"pk": "b", "sk": "M#4"})
    key = Key("pk").eq("a") & Key("sk").begins_with("M#")
    found = table.query(KeyConditionExpression=key, ConsistentRead=True)
    assert [item["sk"] for item in found["Items"]] == ["M#1", "M#10", "M#2", "M#3"]
    odd = table.query(KeyConditionExpression=key, FilterExpression=Attr("odd").eq(True))
    assert [item["sk"] for item in odd["Items"]] == ["M#1", "M#3"]
    assert (odd["Count"], odd["ScannedCount"]) == (2, 4)
    assert "LastEvaluatedKey" not in found
    assert table.query(KeyConditionExpression=Key("pk").eq("c"))["Items"] == []


def test_a_query_of_more_than_a_megabyte_has_pages(table: "Table") -> None:
    for number in range(8):
        table.put_item(Item={"pk": "a", "sk": f"M#{number}", "body": "x" * 300_000})
    request: dict[str, Any] = {"KeyConditionExpression": Key("pk").eq("a")}
    pages = []
    while True:
        answer = table.query(**request)
        pages.append([item["sk"] for item in answer["Items"]])
        if "LastEvaluatedKey" not in answer:
            break
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
    assert [sk for page in pages for sk in page] == [f"M#{number}" for number in range(8)]
    assert len(pages) > 1
    assert max(map(len, pages)) <= 4


def test_all_items_are_scanned(table: "Table") -> None:
    places = [("a", "1"), ("a", "2"), ("b", "1")]
    for pk, sk in places:
        table.put_item(Item={"pk": pk, "sk": sk})
    assert sorted((item["pk"], item["sk"]) for item in table.scan()["Items"]) == places


def test_a_scan_filters_and_shows_what_is_asked_for(table: "Table") -> None:
    for pk, sk in (("a", "M#1"), ("a", "N#1"), ("b", "M#2")):
        table.put_item(Item={"pk": pk, "sk": sk, "text": "x"})
    found = table.scan(
        FilterExpression=Attr("pk").eq("a") & Attr("sk").begins_with("M#"),
        ProjectionExpression="pk, sk",
        ConsistentRead=True,
    )
    assert found["Items"] == [{"pk": "a", "sk": "M#1"}]
    assert (found["Count"], found["ScannedCount"]) == (1, 3)


def test_an_item_has_at_most_400_kilobytes(table: "Table") -> None:
    table.put_item(Item={**HERE, "body": "x" * 400_000})
    with pytest.raises(ClientError) as error:
        table.put_item(Item={**HERE, "body": "x" * 410_000})
    assert refused(error) == "ValidationException"


def test_a_batch_puts_and_deletes(table: "Table") -> None:
    with table.batch_writer() as batch:
        for number in range(30):
            batch.put_item(Item={"pk": "a", "sk": f"{number:02}"})
    with table.batch_writer() as batch:
        for number in range(28):
            batch.delete_item(Key={"pk": "a", "sk": f"{number:02}"})
    assert [item["sk"] for item in table.scan()["Items"]] == ["28", "29"]


def test_a_batch_names_no_item_twice(table: "Table") -> None:
    put: Any = {"PutRequest": {"Item": HERE}}
    with pytest.raises(ClientError) as error:
        table.meta.client.batch_write_item(RequestItems={table.name: [put, put]})
    assert refused(error) == "ValidationException"


@pytest.mark.parametrize("owner", ["me", "you"])
def test_a_transaction_is_all_or_nothing(table: "Table", owner: str) -> None:
    table.put_item(Item={**HERE, "owned": "me"})
    client = table.meta.client
    put = {"TableName": table.name, "Item": {"pk": "a", "sk": "M#2"}}
    delete = {
        "TableName": table.name,
        "Key": HERE,
        "ConditionExpression": "owned = :owner",
        "ExpressionAttributeValues": {":owner": owner},
    }
    request: Any = [{"Put": put}, {"Delete": delete}]
    if owner == "me":
        client.transact_write_items(TransactItems=request)
    else:
        with pytest.raises(client.exceptions.TransactionCanceledException):
            client.transact_write_items(TransactItems=request)
    assert (read(table) is None, read(table, "M#2") is None) == (owner == "me", owner == "you")


def test_a_table_that_is_not_there_is_said_so(table: "Table") -> None:
    with pytest.raises(ClientError) as error:
        table.meta.client.get_item(TableName="other", Key=HERE)
    assert refused(error) == "ResourceNotFoundException"


# What moto answers otherwise than the service, or not at all.


@pytest.mark.parametrize("condition", [Attr("height").lt("8"), Attr("missing").size().lt(2)])
def test_what_cannot_be_compared_does_not_hold(
    emulated_table: "Table", condition: ConditionBase
) -> None:
    emulated_table.put_item(Item={**HERE, "height": 7})
    with pytest.raises(ClientError) as error:
        emulated_table.delete_item(Key=HERE, ConditionExpression=condition)
    assert refused(error) == "ConditionalCheckFailedException"


def test_a_name_that_nobody_has_defined_is_refused(emulated_table: "Table") -> None:
    with pytest.raises(ClientError) as error:
        emulated_table.update_item(
            Key=HERE, UpdateExpression="SET #x = :v", ExpressionAttributeValues={":v": 1}
        )
    assert refused(error) == "ValidationException"


def test_what_nobody_plays_is_said_so(emulated_table: "Table") -> None:
    with pytest.raises(ClientError) as error:
        emulated_table.get_item(Key=HERE, ProjectionExpression="pk")
    assert refused(error) == "NotImplementedLocally"
