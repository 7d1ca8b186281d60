"""State CopySlice = lambdas/copy_slice.py = ${CopySliceArn} = function <stack>-copy-slice."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App, Stack
from aws_cdk.aws_sns import Topic

from migration.model import CopyPolicy
from migration.settings import Settings
from stacks.config import TenantConfig
from stacks.function_row import Row
from stacks.function_table import TABLE
from stacks.functions import Functions, HandlersError, match_handlers, state_name
from stacks.late_passes import LatePasses
from stacks.machine import SubstitutionsError, check_substitutions
from stacks.storage import Storage

if TYPE_CHECKING:
    from tests.stacks.conftest import Resources

ROOT = Path(__file__).resolve().parents[2]
LAMBDAS = ROOT / "lambdas"
DEFINITION = ROOT / "statemachines" / "migrate_tenant.asl.json"


def walk(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """All states, those inside of Maps and branches too."""
    for name, state in machine["States"].items():
        yield name, state
        inner = [state["ItemProcessor"]] if "ItemProcessor" in state else state.get("Branches", [])
        for one in inner:
            yield from walk(one)


@pytest.fixture(scope="module")
def lambda_states() -> dict[str, dict[str, Any]]:
    """The states that call a function."""
    states = walk(json.loads(DEFINITION.read_text("utf-8")))
    return {name: state for name, state in states if "FunctionName" in state.get("Arguments", {})}


@pytest.fixture(scope="module")
def handlers() -> set[str]:
    return {path.stem for path in LAMBDAS.glob("*.py") if not path.name.startswith("_")}


def test_every_state_calls_the_function_of_its_name(
    lambda_states: dict[str, dict[str, Any]], handlers: set[str]
) -> None:
    called = {name: state["Arguments"]["FunctionName"] for name, state in lambda_states.items()}
    wanted = handlers - called_otherwise()
    assert called == {state_name(one): f"${{{state_name(one)}Arn}}" for one in wanted}


def called_by_rules() -> set[str]:
    return {handler for handler, row in TABLE.items() if row.by_rule}


def called_otherwise() -> set[str]:
    """By rules, or by a URL of their own."""
    return called_by_rules() | {handler for handler, row in TABLE.items() if row.by_url}


def test_every_other_handler_is_called_by_a_rule(resources: Resources) -> None:
    functions = resources("AWS::Lambda::Function")
    targets = [
        functions[target["Arn"]["Fn::GetAtt"][0]]["Properties"]["Handler"]
        for rule in resources("AWS::Events::Rule").values()
        for target in rule["Properties"]["Targets"]
        if "Fn::GetAtt" in target["Arn"]  # the other rule starts the workflow
    ]
    assert sorted(targets) == [f"{handler}.handler" for handler in sorted(called_by_rules())]


def test_every_handler_is_a_function_of_its_name(handlers: set[str], resources: Resources) -> None:
    functions = {
        one["Properties"]["FunctionName"]: one["Properties"]["Handler"]
        for one in resources("AWS::Lambda::Function").values()
    }
    assert functions == {
        f"WorkMailMigration-example-{one.replace('_', '-')}": f"{one}.handler" for one in handlers
    }


def test_every_substitution_is_a_version_of_the_function_of_its_name(
    handlers: set[str], resources: Resources
) -> None:
    (machine,) = resources("AWS::StepFunctions::StateMachine").values()
    given = machine["Properties"]["DefinitionSubstitutions"]
    functions, versions = resources("AWS::Lambda::Function"), resources("AWS::Lambda::Version")
    named = {
        name: functions[versions[value["Ref"]]["Properties"]["FunctionName"]["Ref"]]["Properties"][
            "Handler"
        ]
        for name, value in given.items()
        if name != "BucketName"
    }
    wanted = handlers - called_otherwise()
    assert named == {f"{state_name(one)}Arn": f"{one}.handler" for one in wanted}
    assert given["BucketName"] == {"Ref": next(iter(resources("AWS::S3::Bucket")))}


def test_a_function_gives_up_before_its_state_does(
    lambda_states: dict[str, dict[str, Any]], resources: Resources
) -> None:
    timeouts = {
        one["Properties"]["Handler"].removesuffix(".handler"): one["Properties"]["Timeout"]
        for one in resources("AWS::Lambda::Function").values()
    }
    for handler in timeouts.keys() - called_otherwise():
        given = lambda_states[state_name(handler)]["TimeoutSeconds"]
        if isinstance(given, str):
            assert TABLE[handler].asks  # it waits for an answer: until the next reminder
            (least,) = re.findall(r"\$min\(\[\$limits\.reminder_seconds, \$max\(\[(\d+), ", given)
            given = min(int(least), 3600)  # an hour is the shortest reminder_hours
        assert timeouts[handler] < given, handler


def test_a_function_is_given_what_the_settings_read(resources: Resources) -> None:
    for function in resources("AWS::Lambda::Function").values():
        variables = function["Properties"]["Environment"]["Variables"]
        handler = function["Properties"]["Handler"].removesuffix(".handler")
        page = {"ANSWER_URL"} if TABLE[handler].asks else set()
        assert set(variables) == {field.name.upper() for field in fields(Settings)} | page


def test_the_settings_can_read_what_a_function_is_given(resources: Resources) -> None:
    function = next(iter(resources("AWS::Lambda::Function").values()))
    variables = function["Properties"]["Environment"]["Variables"]
    given = {name: value if isinstance(value, str) else "x" for name, value in variables.items()}
    settings = Settings.from_env(given)
    assert (settings.tenant, settings.domains) == ("example", ("example.com",))
    assert (settings.source_port, settings.mailbox_concurrency) == (993, 10)
    assert settings.policy == CopyPolicy()


# ---- what does not fit together ----------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in LAMBDAS.glob("*.py"):
        shutil.copy(path, tmp_path)
    shutil.copy(LAMBDAS / "requirements.txt", tmp_path)
    return tmp_path


def test_a_handler_without_a_row_fails_the_synth_by_name(folder: Path) -> None:
    (folder / "send_guides.py").touch()
    (folder / "_shared.py").touch()
    stack = Stack(App(context={"aws:cdk:bundling-stacks": []}), "S")
    with pytest.raises(HandlersError) as caught:
        Functions(
            stack,
            "Functions",
            config=TenantConfig.load(ROOT / "tenants" / "example.yaml"),
            storage=(storage := Storage(stack, "Storage", tenant="example", machine_name="m")),
            topic=Topic(stack, "Topic"),
            late_passes=LatePasses(stack, "LatePasses", machine_name="m", key=storage.key),
            machine_name="m",
            folder=folder,
        )
    assert str(caught.value) == "lambdas/send_guides.py has no row in stacks/function_table.py"


def test_a_row_without_a_handler_is_refused_by_name(folder: Path) -> None:
    (folder / "prepare.py").unlink()
    with pytest.raises(HandlersError, match=r"the row prepare .* has no lambdas/prepare\.py"):
        match_handlers(folder, TABLE)


def test_handlers_are_the_files_that_do_not_begin_with_an_underscore(tmp_path: Path) -> None:
    for name in ("b.py", "a.py", "_c.py", "d.txt"):
        (tmp_path / name).touch()
    assert match_handlers(tmp_path, {"a": Row(), "b": Row()}) == ["a", "b"]


def test_a_name_that_lambda_would_refuse_fails_the_synth(folder: Path) -> None:
    stack = Stack(App(context={"aws:cdk:bundling-stacks": []}), "S" * 44)
    with pytest.raises(HandlersError, match="at most 64 characters"):
        Functions(
            stack,
            "Functions",
            config=TenantConfig.load(ROOT / "tenants" / "example.yaml"),
            storage=(storage := Storage(stack, "Storage", tenant="example", machine_name="m")),
            topic=Topic(stack, "Topic"),
            late_passes=LatePasses(stack, "LatePasses", machine_name="m", key=storage.key),
            machine_name="m",
            folder=folder,
        )


def test_the_longest_tenant_name_leaves_room_for_every_handler() -> None:
    longest = max(TABLE, key=len)
    assert len(f"WorkMailMigration-{'x' * 24}-{longest}") <= 64


def test_missing_and_unused_substitutions_are_named(tmp_path: Path) -> None:
    definition = tmp_path / "m.asl.json"
    definition.write_text('{"a": "${GivenArn}", "b": "${ForgottenArn}"}', "utf-8")
    with pytest.raises(SubstitutionsError) as caught:
        check_substitutions(definition, {"GivenArn": "x", "UnusedArn": "y"})
    assert str(caught.value).splitlines() == [
        "m.asl.json: ${UnusedArn} is not used",
        "m.asl.json: nothing to put in for ${ForgottenArn}",
    ]
