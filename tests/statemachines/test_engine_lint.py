"""The linter: silent on a good definition, and one finding for each injected mistake."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localrun.engine.lint import lint, main

FUNCTIONS = ("PlanWave", "CopySlice", "Ask")
ERRORS = ("SourceBusy", "PlanInvalid")


def retry() -> list[dict[str, Any]]:
    names = ["SourceBusy", "Lambda.TooManyRequestsException", "Sandbox.Timedout"]
    first = {"ErrorEquals": names, "IntervalSeconds": 2, "MaxDelaySeconds": 60}
    last = {"ErrorEquals": ["States.ALL"], "MaxAttempts": 2, "BackoffRate": 1.5}
    return [{**first, "JitterStrategy": "FULL"}, {**last, "JitterStrategy": "FULL"}]


def catch(target: str) -> list[dict[str, Any]]:
    first = {"ErrorEquals": ["PlanInvalid"], "Next": target}
    return [first, {"ErrorEquals": ["States.ALL"], "Next": target}]


def task(function: str, target: str, **fields: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Comment": f"Calls {function}.",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": f"${{{function}Arn}}", "Payload": "{% $states.input %}"},
        "TimeoutSeconds": 960,
        "Retry": retry(),
        "Catch": catch(target),
        **fields,
    }


def good() -> dict[str, Any]:
    copy_slice = task(
        "CopySlice",
        "SliceFailed",
        Assign={"round": "{% $round + 1 %}"},
        Next="SliceDone",
    )
    rule = {"Condition": "{% $round > 5 or $states.input.done %}", "Next": "SliceEnd"}
    child = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "StartSlice",
        "States": {
            "StartSlice": {
                "Type": "Pass",
                "Comment": "Counts.",
                "Assign": {"round": 0},
                "Next": "CopySlice",
            },
            "CopySlice": copy_slice,
            "SliceDone": {
                "Type": "Choice",
                "Comment": "Again?",
                "Choices": [rule],
                "Default": "CopySlice",
            },
            "SliceEnd": {"Type": "Succeed", "Comment": "Done."},
            "SliceFailed": {"Type": "Fail", "Comment": "Not done.", "Error": "SliceFailed"},
        },
    }
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSONL"},
        "Arguments": {"Bucket": "${PlanBucket}", "Key": "{% $key %}"},
    }
    item = {
        "TableName": "${LedgerTable}",
        "Key": {"pk": {"S": "{% $key %}"}},
        "UpdateExpression": "SET done = :d",
        "ExpressionAttributeValues": {":d": {"Bool": True}},
    }
    return {
        "Comment": "A good machine.",
        "QueryLanguage": "JSONata",
        "TimeoutSeconds": 86400,
        "StartAt": "PlanWave",
        "States": {
            "PlanWave": task(
                "PlanWave",
                "Failed",
                Assign={"key": "{% $states.result.Payload.key %}"},
                Next="CopyMailboxes",
            ),
            "CopyMailboxes": {
                "Type": "Map",
                "Comment": "A child for every mailbox.",
                "Label": "mailboxes",
                "ItemReader": reader,
                "ItemSelector": {
                    "row": "{% $states.context.Map.Item.Value %}",
                    "key": "{% $key %}",
                },
                "MaxConcurrency": 10,
                "ToleratedFailurePercentage": 100,
                "ItemProcessor": child,
                "Catch": catch("Failed"),
                "Next": "Note",
            },
            "Note": {
                "Type": "Task",
                "Comment": "Writes down that it is done.",
                "Resource": "arn:aws:states:::aws-sdk:dynamodb:updateItem",
                "Arguments": item,
                "TimeoutSeconds": 30,
                "Retry": retry()[1:],
                "Catch": [
                    {
                        "ErrorEquals": ["DynamoDb.ConditionalCheckFailedException"],
                        "Next": "Failed",
                    },
                    {"ErrorEquals": ["States.ALL"], "Next": "Failed"},
                ],
                "Next": "Ask",
            },
            "Ask": task(
                "Ask",
                "Failed",
                Resource="arn:aws:states:::lambda:invoke.waitForTaskToken",
                Arguments={
                    "FunctionName": "${AskArn}",
                    "Payload": {"token": "{% $states.context.Task.Token %}"},
                },
                HeartbeatSeconds=900,
                Next="Rest",
            ),
            "Rest": {"Type": "Wait", "Comment": "A pause.", "Seconds": 60, "Next": "Twice"},
            "Twice": {
                "Type": "Parallel",
                "Comment": "Both at once.",
                "Branches": [
                    {"StartAt": one, "States": {one: {"Type": "Succeed", "Comment": "Ends."}}}
                    for one in ("Left", "Right")
                ],
                "Output": "{% $map([1, 2], function($n) { $n * 2 }) %}",
                "End": True,
            },
            "Failed": {"Type": "Fail", "Comment": "Gives up.", "Error": "GaveUp"},
        },
    }


def put(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    """A mistake: something else at a path such as `States.Rest.Seconds`, or nothing for None."""

    def break_it(definition: dict[str, Any]) -> None:
        *above, last = path.split(".")
        place: Any = definition
        for part in above:
            place = place[int(part) if isinstance(place, list) else part]
        key: Any = int(last) if isinstance(place, list) else last
        if value is None:
            del place[key]
        else:
            place[key] = value

    return break_it


CHILD = "States.CopyMailboxes.ItemProcessor"
SLICE = f"{CHILD}.States.CopySlice"
PLAN = "States.PlanWave"
SDK = "arn:aws:states:::aws-sdk"
NOTHING = {"Type": "Pass", "Comment": "Nothing.", "End": True}

MISTAKES: list[tuple[str, object, str]] = [
    ("QueryLanguage", "JSONPath", "only JSONata"),
    ("States.Rest.QueryLanguage", "JSONPath", "Rest: QueryLanguage"),
    ("TimeoutSeconds", None, "machine has no TimeoutSeconds"),
    ("StartAt", "Nowhere", "Nowhere"),
    ("States.Rest.Next", "Nowhere", "Rest: it goes to Nowhere"),
    ("States.Rest.Next", None, "Rest needs either a Next or End"),
    ("States.Rest.Type", "Sleep", "Rest: the Type Sleep"),
    ("States.Rest.Timestamp", "2026-01-01T00:00:00Z", "exactly one of Seconds"),
    ("States.Lost", NOTHING, "Lost: no way from PlanWave"),
    (f"{CHILD}.States.Lost", NOTHING, "CopyMailboxes/Lost: no way"),
    (f"{CHILD}.States.SliceDone.Default", "Failed", "CopyMailboxes/SliceDone: it goes to Failed"),
    ("States.Twice.Branches.1", {"StartAt": "Rest", "States": {"Rest": NOTHING}}, "same name"),
    ("States.Twice.Output", "{% $map([1], %}", "Twice: Output: it does not parse"),
    (f"{SLICE}.Assign.round", "{% $rounds + 1 %}", "CopySlice: Assign/round: $rounds"),
    (
        f"{SLICE}.Arguments.Payload",
        "{% $key %}",
        "CopyMailboxes/CopySlice: Arguments/Payload: $key",
    ),
    (f"{PLAN}.Arguments.Payload", "{% $key %}", "PlanWave: Arguments/Payload: $key"),
    ("States.Twice.Output", "{% $eval('1') %}", "no $eval"),
    ("States.Twice.Output", "{% $states.errorOutput %}", "errorOutput"),
    ("States.Twice.Output", "{% $sort([1], function($a, $b) { $c > $b }) %}", "$c is not assigned"),
    (f"{PLAN}.Resource", "arn:aws:states:::lambda:invok", "lambda:invok"),
    (f"{PLAN}.Resource", "arn:aws:states:::lambda:invoke.sync", "invoke.sync"),
    (f"{PLAN}.Arguments.FunctionName", None, "needs the argument FunctionName"),
    (f"{PLAN}.Arguments.FunctionName", "${PlanWavArn}", "${PlanWavArn} stands for no function"),
    (f"{PLAN}.Arguments.FunctionName", "plan-wave", "not a function by its substitution"),
    (f"{PLAN}.Arguments.PayLoad", {}, "has no argument PayLoad"),
    ("States.Note.Resource", f"{SDK}:dynamodbs:updateItem", "dynamodbs"),
    ("States.Note.Resource", f"{SDK}:dynamodb:updateItems", "updateItems"),
    ("States.Note.Arguments.TabelName", "x", "has no argument TabelName"),
    ("States.Note.Arguments.Key", None, "needs the argument Key"),
    ("States.Note.Arguments.Key.pk", {"Str": "x"}, "UpdateItem.Key.pk has no argument Str"),
    ("States.Note.Catch.0.ErrorEquals", ["DynamoDB.ConditionalCheckFailed"], "has no error"),
    (f"{PLAN}.Catch.0.ErrorEquals", ["PlanInvalidd"], "nothing ends with the error PlanInvalidd"),
    (f"{PLAN}.Catch.0.ErrorEquals", ["States.TimedOut"], "no error States.TimedOut"),
    (f"{PLAN}.Catch.0.ErrorEquals", ["States.Runtime"], "nothing can catch"),
    (f"{PLAN}.Catch.0.ErrorEquals", ["States.ALL"], "alone and last"),
    (f"{PLAN}.Retry.1.ErrorEquals", ["States.ALL", "SourceBusy"], "alone and last"),
    (f"{PLAN}.Retry.1.ErrorEquals", ["SourceBusy"], "was named before"),
    (f"{PLAN}.Retry.0.ErrorEquals", [], "needs a list of names"),
    (f"{PLAN}.Retry.0.MaxDelaySeconds", 2, "MaxDelaySeconds 2"),
    (f"{PLAN}.Retry.0.IntervalSeconds", 0, "IntervalSeconds 0"),
    (f"{PLAN}.Retry.0.MaxAttempts", -1, "MaxAttempts -1"),
    (f"{PLAN}.Retry.1.BackoffRate", 0.5, "BackoffRate 0.5"),
    (f"{PLAN}.Retry.0.JitterStrategy", None, "JitterStrategy FULL"),
    (f"{PLAN}.Retry.0.JitterStrategy", "SOME", "JitterStrategy SOME"),
    (f"{PLAN}.Retry", None, "PlanWave: a Task needs Retry"),
    (f"{SLICE}.Catch", None, "CopySlice: a Task needs Catch"),
    (f"{SLICE}.TimeoutSeconds", None, "CopySlice: a Task needs TimeoutSeconds"),
    ("States.Ask.Arguments.Payload", {}, "Ask: nobody is given its token"),
    ("States.Ask.HeartbeatSeconds", 960, "must be less than TimeoutSeconds"),
    (f"{PLAN}.HeartbeatSeconds", 10, "without a token"),
    ("States.Rest.Comment", None, "Rest: it has no Comment"),
    (f"{CHILD}.States.SliceEnd.Comment", " ", "SliceEnd: it has no Comment"),
    ("States.CopyMailboxes.MaxConcurrency", None, "needs MaxConcurrency"),
    ("States.CopyMailboxes.ToleratedFailurePercentage", None, "bound of tolerated failures"),
    ("States.CopyMailboxes.ToleratedFailurePercentage", 101, "no percentage"),
    ("States.CopyMailboxes.Label", None, "needs a Label"),
    (f"{CHILD}.ProcessorConfig.ExecutionType", None, "needs the ExecutionType"),
    (f"{CHILD}.ProcessorConfig.Mode", "INLINE", "an inline Map has no Label"),
    (f"{CHILD}.ProcessorConfig.Mode", "DISTRIBUTE", "neither INLINE nor DISTRIBUTED"),
    ("States.CopyMailboxes.ItemReader.ReaderConfig.InputType", "NDJSON", "InputType NDJSON"),
    ("States.CopyMailboxes.ItemsPath", "$.x", "ItemsPath"),
]


@pytest.mark.parametrize(("path", "value", "finding"), MISTAKES)
def test_injected_mistake_is_found(path: str, value: object, finding: str) -> None:
    definition = copy.deepcopy(good())
    put(path, value)(definition)
    problems = lint(definition, functions=FUNCTIONS, error_names=ERRORS)
    assert any(finding in problem for problem in problems), problems


def test_good_definition_has_no_findings() -> None:
    assert lint(good(), functions=FUNCTIONS, error_names=ERRORS) == []


def test_names_are_not_checked_against_empty_lists() -> None:
    assert lint(good()) == []


@pytest.mark.parametrize("junk", [[], "x", {"States": []}, {"States": {"A": 1}, "StartAt": 1}])
def test_junk_is_a_finding_and_no_crash(junk: Any) -> None:
    assert lint(junk) != []


def test_command_prints_findings_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    right, wrong, junk = (tmp_path / name for name in ("right", "wrong", "junk"))
    right.write_text(json.dumps(good()))
    wrong.write_text(json.dumps({**good(), "StartAt": "Nowhere"}))
    junk.write_text("{")
    assert main([str(right)]) == 0
    assert capsys.readouterr().out == ""
    assert main([str(right), str(wrong), str(junk)]) == 1
    printed = capsys.readouterr().out
    assert f"{wrong}: " in printed
    assert f"{junk}: the file is not JSON" in printed
