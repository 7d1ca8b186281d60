"""The distributed Map: readers, batches, tolerance, results."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from localrun.engine.execution import Execution
from localrun.engine.item_batcher import make_batches
from tests.statemachines.player import (
    Player,
    distributed,
    event_types,
    finish,
    machine,
    virtual_seconds,
)

REGION = "eu-west-1"
HOUR = 3600
ECHO = {"E": {"Type": "Pass", "End": True}}
FAIL_BAD: dict[str, Any] = {
    "D": {
        "Type": "Choice",
        "Choices": [{"Condition": "{% $states.input.bad %}", "Next": "F"}],
        "Default": "E",
    },
    "F": {"Type": "Fail", "Error": "Bad", "Cause": "as told"},
    "E": {"Type": "Succeed", "Output": "{% [$states.input.n] %}"},
}
ITEMS = [{"n": n, "bad": n == 3} for n in range(10)]


@pytest.fixture
def bucket() -> Iterator[Any]:
    with mock_aws():
        s3 = boto3.Session("key", "secret", region_name=REGION).client("s3")
        where: Any = {"LocationConstraint": REGION}
        s3.create_bucket(Bucket="files", CreateBucketConfiguration=where)
        yield s3


def play(definition: dict[str, Any], state_input: object = None, s3: Any = None) -> Execution:
    return Player(clients={"s3": s3}).play(machine({"M": definition}), state_input)


def reader(kind: str | None, key: str, **config: Any) -> dict[str, Any]:
    where: dict[str, Any] = {"Bucket": "files", "Key": key}
    settings = {"InputType": kind, **config}
    return {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": settings,
        "Arguments": where,
    }


@pytest.mark.parametrize(
    ("body", "config", "items"),
    [
        ('{"a":1}\n\n{"a":2}\n', {"kind": "JSONL"}, [{"a": 1}, {"a": 2}]),
        ("", {"kind": "JSONL"}, []),
        ("[1,2,3]", {"kind": "JSON", "MaxItems": 2}, [1, 2]),
        ('{"x":{"y":[5]}}', {"kind": "JSON", "ItemsPointer": "/x/y"}, [5]),
        ('{"k":5}', {"kind": "JSON"}, [{"Key": "k", "Value": 5}]),
        (
            '\ufeffa,b\r\n1,"x, y"\r\n\r\n2\r\n3,4,5\r\n',
            {"kind": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
            [{"a": "1", "b": "x, y"}, {"a": "2", "b": ""}, {"a": "3", "b": "4"}],
        ),
        (
            "1;2\n",
            {
                "kind": "CSV",
                "CSVHeaderLocation": "GIVEN",
                "CSVHeaders": ["p", "q"],
                "CSVDelimiter": "SEMICOLON",
            },
            [{"p": "1", "q": "2"}],
        ),
    ],
)
def test_files_as_items(bucket: Any, body: str, config: dict[str, Any], items: object) -> None:
    bucket.put_object(Bucket="files", Key="in", Body=body.encode())
    ended = play(distributed(ECHO, ItemReader=reader(key="in", **config)), s3=bucket)
    assert ended.output == items


def test_reader_reads_the_version_it_names(bucket: Any) -> None:
    bucket.put_bucket_versioning(Bucket="files", VersioningConfiguration={"Status": "Enabled"})
    old = bucket.put_object(Bucket="files", Key="in", Body=b"[1]")["VersionId"]
    bucket.put_object(Bucket="files", Key="in", Body=b"[2]")
    definition = reader("JSON", "in")
    definition["Arguments"]["VersionId"] = "{% $states.input.version %}"
    ended = play(distributed(ECHO, ItemReader=definition), {"version": old}, bucket)
    assert ended.output == [1]


def test_objects_of_a_bucket_as_items(bucket: Any) -> None:
    for key in ("in/a", "in/b", "other"):
        bucket.put_object(Bucket="files", Key=key, Body=b"x")
    definition = distributed(
        ECHO,
        ItemReader={
            "Resource": "arn:aws:states:::s3:listObjectsV2",
            "Arguments": {"Bucket": "files", "Prefix": "in/"},
        },
        ItemSelector="{% $states.context.Map.Item.Value.Key %}",
    )
    assert play(definition, s3=bucket).output == ["in/a", "in/b"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [("JSON", b"{"), ("JSONL", b'{"a":1}\n{'), ("CSV", b'a\n"1'), ("JSON", b"5"), ("JSON", None)],
)
def test_unreadable_file_is_an_item_reader_failure(
    bucket: Any, kind: str, body: bytes | None
) -> None:
    if body is not None:
        bucket.put_object(Bucket="files", Key="in", Body=body)
    ended = play(distributed(ECHO, ItemReader=reader(kind, "in")), s3=bucket)
    assert ended.error == "States.ItemReaderFailed"


def test_children_are_executions_with_their_own_history_and_no_outer_variables() -> None:
    seen: list[Execution] = []
    inner = {"E": {"Type": "Pass", "Output": "{% $exists($v) %}", "End": True}}
    states = {
        "V": {"Type": "Pass", "Assign": {"v": 1}, "Next": "M"},
        "M": distributed(inner, Items=[1, 2], Label="twins"),
    }
    player = Player(observers=[lambda execution, event: seen.append(execution)])
    ended = player.play(machine(states))
    assert ended.output == [False, False]
    children = {one for one in seen if one.map_run is not None}
    assert len(children) == 2
    for child in children:
        assert "/twins:" in child.arn
        assert event_types(child) == [
            "ExecutionStarted",
            "PassStateEntered",
            "PassStateExited",
            "ExecutionSucceeded",
        ]
    assert "PassStateEntered" not in event_types(ended)[4:]
    assert "MapRunSucceeded" in event_types(ended)


def test_no_more_children_at_once_than_max_concurrency() -> None:
    wait = {"W": {"Type": "Wait", "Seconds": HOUR, "End": True}}
    ended = play(distributed(wait, Items="{% $range(1, 10, 1) %}", MaxConcurrency=4))
    assert 3 * HOUR <= virtual_seconds(ended) < 3 * HOUR + 60


def test_batches_carry_their_shared_input() -> None:
    batcher = {"MaxItemsPerBatch": 2, "BatchInput": {"t": "{% $states.input.t %}"}}
    ended = play(
        distributed(ECHO, Items="{% $states.input.l %}", ItemBatcher=batcher),
        {"l": [1, 2, 3], "t": "x"},
    )
    shared = {"BatchInput": {"t": "x"}}
    assert ended.output == [{**shared, "Items": [1, 2]}, {**shared, "Items": [3]}]


def test_batches_end_before_their_bytes_do() -> None:
    batches = make_batches(["x" * 10] * 5, {"MaxInputBytesPerBatch": 40})
    sizes = [len(json.dumps(batch, separators=(",", ":"))) for batch, _ in batches]
    assert [count for _, count in batches] == [2, 2, 1]
    assert max(sizes) <= 40


def test_no_items_are_no_failure() -> None:
    assert play(distributed(ECHO, Items=[])).output == []


@pytest.mark.parametrize(
    ("tolerance", "error"),
    [
        ({}, "States.ExceedToleratedFailureThreshold"),
        ({"ToleratedFailurePercentage": 5}, "States.ExceedToleratedFailureThreshold"),
        ({"ToleratedFailurePercentage": 10}, None),
        ({"ToleratedFailureCount": "{% $states.input[0].n + 1 %}"}, None),
        ({"ToleratedFailureCount": 5, "ToleratedFailurePercentage": 1}, "States.Exceed"),
    ],
)
def test_tolerated_failures(tolerance: dict[str, Any], error: str | None) -> None:
    ended = play(distributed(FAIL_BAD, **tolerance), ITEMS)
    if error is None:
        assert ended.output[3] == {"Status": "FAILED", "Error": "Bad", "Cause": "as told"}
        assert ended.output[4] == [4]
    else:
        assert (ended.error or "").startswith(error)


def test_batches_count_their_items_as_failed() -> None:
    fail = {"F": {"Type": "Fail", "Error": "Bad"}}
    batcher = {"MaxItemsPerBatch": 5}
    once = distributed(fail, Items=ITEMS, ItemBatcher=batcher, ToleratedFailureCount=9)
    assert play(once).error == "States.ExceedToleratedFailureThreshold"


def test_too_many_failures_end_the_running_children_and_start_no_more() -> None:
    states = {
        "D": FAIL_BAD["D"] | {"Default": "W"},
        "F": FAIL_BAD["F"],
        "W": {"Type": "Wait", "Seconds": HOUR, "End": True},
    }
    player = Player()
    items = [{"bad": False}, {"bad": True}, *[{"bad": False}] * 8]
    ended = player.play(machine({"M": distributed(states, Items=items, MaxConcurrency=2)}))
    (run,) = player.engine.map_runs.values()
    assert ended.error == "States.ExceedToleratedFailureThreshold"
    assert virtual_seconds(ended) < HOUR
    assert run.status == "FAILED"
    assert run.child_counts() == {"ABORTED": 1, "FAILED": 1}


def test_stopping_the_parent_stops_its_children() -> None:
    waits = {"W": {"Type": "Wait", "Seconds": HOUR, "End": True}}
    player = Player()
    player.clock.enter()  # keeps the time from leaping
    execution = player.start(machine({"M": distributed(waits, Items=[1, 2])}))
    while len(player.engine.executions) < 3:
        pass
    player.engine.stop(execution)
    finish(execution)
    player.clock.leave()
    (run,) = player.engine.map_runs.values()
    assert (execution.status, run.status) == ("ABORTED", "ABORTED")
    assert "SUCCEEDED" not in run.child_counts()


def test_timeout_of_the_parent_ends_its_map_run() -> None:
    waits = {"W": {"Type": "Wait", "Seconds": HOUR, "End": True}}
    player = Player()
    ended = player.play(machine({"M": distributed(waits, Items=[1])}, TimeoutSeconds=60))
    (run,) = player.engine.map_runs.values()
    assert (ended.status, run.status) == ("TIMED_OUT", "ABORTED")
    assert run.child_counts() == {"ABORTED": 1}


def test_express_children_end_after_five_minutes() -> None:
    definition = distributed({"W": {"Type": "Wait", "Seconds": HOUR, "End": True}}, Items=[1])
    definition["ItemProcessor"]["ProcessorConfig"]["ExecutionType"] = "EXPRESS"
    player = Player()
    assert player.play(machine({"M": definition})).status == "FAILED"
    (run,) = player.engine.map_runs.values()
    assert run.child_counts() == {"TIMED_OUT": 1}


def test_joined_results_above_the_limit_fail_even_when_output_drops_them() -> None:
    large = {"E": {"Type": "Pass", "Output": "{% $pad('', 30000, 'x') %}", "End": True}}
    ended = play(distributed(large, Items="{% $range(1, 10, 1) %}", Output="small"))
    assert ended.error == "States.DataLimitExceeded"
