"""The page on which questions are answered, as it is deployed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stacks.config import TenantConfig
from stacks.function_table import TABLE
from tests.stacks.test_migration_stack import rights, row_of

if TYPE_CHECKING:
    from tests.stacks.conftest import Resources

EXAMPLE = Path(__file__).resolve().parents[2] / "tenants" / "example.yaml"
ASKING = {"approve_cutover", "ask_about_dns", "approve_rollback", "approve_erasure"}


def synthesize(context: Mapping[str, Any], links: str) -> dict[str, Any]:
    """The template of the example tenant with these links; Template refuses circles."""
    import aws_cdk as cdk
    from aws_cdk.assertions import Template

    from stacks.migration import MigrationStack

    config = TenantConfig.load(EXAMPLE, "example")
    config = replace(config, cutover=replace(config.cutover, links=links))
    stack = MigrationStack(cdk.App(context=context), config)
    return dict(Template.from_stack(stack).to_json())


def of_type(template: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    resources = template["Resources"].values()
    return [one["Properties"] for one in resources if one["Type"] == kind]


def told(template: dict[str, Any]) -> set[str]:
    """The handlers that know the page's address."""
    return {
        function["Handler"].removesuffix(".handler")
        for function in of_type(template, "AWS::Lambda::Function")
        if "ANSWER_URL" in function["Environment"]["Variables"]
    }


def test_a_link_of_the_message_opens_the_page_for_anybody(context: Mapping[str, Any]) -> None:
    template = synthesize(context, "once")
    (url,) = of_type(template, "AWS::Lambda::Url")
    assert url["AuthType"] == "NONE"
    assert "Cors" not in url
    (target,) = url["TargetFunctionArn"]["Fn::GetAtt"][:1]
    assert "AnswerQuestion" in target
    permissions = [
        one for one in of_type(template, "AWS::Lambda::Permission") if one["Principal"] == "*"
    ]
    # Both are needed since October 2025; the second holds for calls by the URL alone.
    assert {one["Action"] for one in permissions} == {
        "lambda:InvokeFunctionUrl",
        "lambda:InvokeFunction",
    }
    for one in permissions:
        assert one["FunctionName"] == {"Fn::GetAtt": [target, "Arn"]}
        assert one.get("FunctionUrlAuthType") == "NONE" or one.get("InvokedViaFunctionUrl") is True
    assert told(template) == ASKING


def test_with_iam_nobody_is_let_in_without_a_right(context: Mapping[str, Any]) -> None:
    template = synthesize(context, "iam")
    (url,) = of_type(template, "AWS::Lambda::Url")
    assert url["AuthType"] == "AWS_IAM"
    assert "*" not in [one["Principal"] for one in of_type(template, "AWS::Lambda::Permission")]
    assert told(template) == ASKING


def test_without_links_there_is_no_address(context: Mapping[str, Any]) -> None:
    template = synthesize(context, "none")
    assert of_type(template, "AWS::Lambda::Url") == []
    assert "*" not in [one["Principal"] for one in of_type(template, "AWS::Lambda::Permission")]
    assert told(template) == set()


def test_only_who_asks_or_answers_may_end_a_waiting_task(resources: Resources) -> None:
    for function in resources("AWS::Lambda::Function").values():
        row = row_of(function)
        state = "".join(
            part.title() for part in function["Properties"]["Handler"].split(".")[0].split("_")
        )
        given = rights(resources, state)
        assert ("states:SendTaskSuccess" in given) is row.answers, state
        for action in ("SendTaskSuccess", "SendTaskFailure") * row.answers:
            (machine,) = given[f"states:{action}"]
            assert ":stateMachine:WorkMailMigration-example-migrate-tenant" in machine
            assert "*" not in machine


def test_the_page_may_do_nothing_but_answer(resources: Resources) -> None:
    row = TABLE["answer_question"]
    assert (row.answers, row.tells, row.writes, row.workmail, row.waves) == (
        True, False, (), (), (),
    )  # fmt: skip
    actions = rights(resources, "AnswerQuestion")
    assert {action.split(":")[0] for action in actions} == {
        *("dynamodb", "kms", "logs", "states", "xray"),
    }


def test_who_publishes_may_publish_to_this_topic_alone(resources: Resources) -> None:
    (topic,) = resources("AWS::SNS::Topic")
    tellers = {handler for handler, row in TABLE.items() if row.tells}
    assert tellers >= {*ASKING, "record_answer", "plan_wave", "fail_mailbox", "write_report"}
    for handler in tellers:
        state = "".join(part.title() for part in handler.split("_"))
        assert rights(resources, state)["sns:Publish"] == [json.dumps({"Ref": topic})]
