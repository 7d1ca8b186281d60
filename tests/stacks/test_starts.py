"""What starts the workflow by itself, and by which version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest

from localrun.config_pages import EXAMPLE as GIVEN
from localrun.engine.event_rules import matches
from localrun.tenant_file import render_tenant
from migration.execution_input import MIGRATION, ExecutionInput
from stacks.config import ConfigError, TenantConfig
from stacks.function_table import TABLE
from stacks.migration import MigrationStack
from stacks.start_config import Schedule, Start

if TYPE_CHECKING:
    from tests.stacks.conftest import Resources

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "tenants" / "example.yaml"
ONLY_LIVE = {"ForAnyValue:StringEquals": {"states:StateMachineQualifier": ["live"]}}


def only(resources: Resources, kind: str) -> dict[str, Any]:
    (one,) = resources(kind).values()
    return one


def policies_of(resources: Resources, role: str) -> list[dict[str, Any]]:
    """The statements of the role whose logical id begins so."""
    return [
        statement
        for logical_id, policy in resources("AWS::IAM::Policy").items()
        if logical_id.startswith(role)
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


# ---- versions ------------------------------------------------------------------------------------


def test_versions_outlive_the_deployment_that_replaces_them(resources: Resources) -> None:
    versions = [
        *resources("AWS::Lambda::Version").values(),
        only(resources, "AWS::StepFunctions::StateMachineVersion"),
    ]
    assert len(versions) == 1 + sum(not (row.by_rule or row.by_url) for row in TABLE.values())
    for version in versions:
        assert version["DeletionPolicy"] == version["UpdateReplacePolicy"] == "Retain"


def test_every_update_of_the_machine_is_published_and_gets_the_alias(resources: Resources) -> None:
    (machine,) = resources("AWS::StepFunctions::StateMachine")
    ((version_id, version),) = resources("AWS::StepFunctions::StateMachineVersion").items()
    assert version["Properties"] == {
        "StateMachineArn": {"Ref": machine},
        "StateMachineRevisionId": {"Fn::GetAtt": [machine, "StateMachineRevisionId"]},
    }
    alias = only(resources, "AWS::StepFunctions::StateMachineAlias")["Properties"]
    assert alias["Name"] == "live"
    (route,) = alias["RoutingConfiguration"]
    assert route == {
        "StateMachineVersionArn": {"Fn::GetAtt": [version_id, "Arn"]},
        "Weight": 100,
    }


def test_other_code_settings_or_packages_make_other_versions(
    context: Mapping[str, Any], tmp_path: Path
) -> None:
    """Else a deployment would leave the alias with the old code."""
    config = TenantConfig.load(EXAMPLE)
    usual = versions_of(config, context, tmp_path / "usual")
    assert versions_of(config, context, tmp_path / "same") == usual
    other_settings = replace(config, organization_id="m-" + "f" * 32)
    assert not versions_of(other_settings, context, tmp_path / "settings") & usual
    code = tmp_path / "lambdas"
    code.mkdir()
    for path in (ROOT / "lambdas").glob("*.*"):
        (code / path.name).write_bytes(path.read_bytes())
    other_code = versions_of(config, context, tmp_path / "code", code)
    assert not other_code & usual
    requirements = code / "requirements.txt"
    requirements.write_text(requirements.read_text("utf-8") + "# another\n", "utf-8")
    assert not versions_of(config, context, tmp_path / "packages", code) & other_code


def versions_of(
    config: TenantConfig, context: Mapping[str, Any], out: Path, code: Path = ROOT / "lambdas"
) -> set[str]:
    """The logical ids of the functions' versions."""
    stack = MigrationStack(cdk.App(context=context, outdir=str(out)), config, lambdas=code)
    found = synthesized(stack)
    return {name for name, one in found.items() if one["Type"] == "AWS::Lambda::Version"}


def synthesized(stack: MigrationStack) -> dict[str, Any]:
    app = stack.node.root
    assert isinstance(app, cdk.App)
    resources: dict[str, Any] = (
        app.synth().get_stack_by_name(stack.stack_name).template["Resources"]
    )
    return resources


def test_functions_schedule_late_passes_by_the_alias(resources: Resources) -> None:
    for function in resources("AWS::Lambda::Function").values():
        variables = function["Properties"]["Environment"]["Variables"]
        arn = json.dumps(variables["MACHINE_ARN"])
        assert ":stateMachine:WorkMailMigration-example-migrate-tenant:live" in arn


@pytest.mark.parametrize("role", ["LatePassesRole", "UploadsRole"])
def test_what_starts_the_workflow_may_do_it_by_the_alias_alone(
    resources: Resources, role: str
) -> None:
    (starting,) = (
        statement
        for statement in policies_of(resources, role)
        if statement["Action"] == "states:StartExecution"
    )
    assert starting["Condition"] == ONLY_LIVE
    assert "live" not in json.dumps(starting["Resource"])


# ---- uploads -------------------------------------------------------------------------------------


def upload_rule(resources: Resources) -> dict[str, Any]:
    (rule,) = (
        one["Properties"]
        for one in resources("AWS::Events::Rule").values()
        if one["Properties"].get("EventPattern", {}).get("source") == ["aws.s3"]
    )
    return dict(rule)


@pytest.mark.parametrize(
    ("key", "starts"),
    [
        ("intake/manifest.csv", True),
        ("intake/wave-2-manifest.yaml", True),
        ("intake/acme/users.csv", True),
        ("intake/acme/groups.csv", False),
        ("intake/acme/resources.csv", False),
        ("intake/acme/permissions.csv", False),
        ("intake/client-templates/en.yaml", False),
        ("intake/passwords.csv", False),
        ("intake/acme/", False),
        ("plans/run-1/users.csv", False),
        ("reports/run-1/users.csv", False),
    ],
)
def test_only_a_manifest_below_intake_starts_a_run(
    resources: Resources, key: str, starts: bool
) -> None:
    pattern = upload_rule(resources)["EventPattern"]
    bucket = pattern["detail"]["bucket"]["name"][0]
    event = {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {"bucket": {"name": bucket}, "object": {"key": key}},
    }
    wanted = {**pattern, "detail": {"object": pattern["detail"]["object"]}}
    assert matches(wanted, event) is starts
    assert not matches(wanted, {**event, "detail-type": "Object Deleted"})


def test_a_manifest_of_another_name_starts_a_run_if_the_tenant_file_names_it(
    context: Mapping[str, Any], tmp_path: Path
) -> None:
    config = replace(TenantConfig.load(EXAMPLE), manifest="intake/acme.yaml")
    stack = MigrationStack(cdk.App(context=context, outdir=str(tmp_path)), config)
    text = json.dumps([one for one in synthesized(stack).values() if "Rule" in one["Type"]])
    assert '{"wildcard": "intake/*users.csv"}, "intake/acme.yaml"]' in text


def test_the_bucket_tells_event_bridge_without_a_function_of_cdks_own(
    resources: Resources,
) -> None:
    bucket = only(resources, "AWS::S3::Bucket")["Properties"]
    assert bucket["NotificationConfiguration"] == {
        "EventBridgeConfiguration": {"EventBridgeEnabled": True}
    }
    assert len(resources("AWS::Lambda::Function")) == len(TABLE)


def test_an_upload_becomes_an_input_that_the_workflow_accepts(resources: Resources) -> None:
    (target,) = upload_rule(resources)["Targets"]
    assert ":live" in json.dumps(target["Arn"])
    transformer = target["InputTransformer"]
    text = transformer["InputTemplate"]
    values = {
        "$.detail.object.key": "intake/acme/users.csv",
        "$.detail.object.version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
        "$.detail.object.sequencer": "617f08299329d189",
    }
    for name, path in transformer["InputPathsMap"].items():
        text = text.replace(f"<{name}>", json.dumps(values[path]))
    given = ExecutionInput.parse(json.loads(text))
    assert (given.manifest, given.trigger) == ("intake/acme/users.csv", "upload")
    assert given.version == "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e"
    assert given.sequence == "617f08299329d189"
    assert given.phases == MIGRATION


def test_an_upload_that_could_not_start_a_run_is_kept(resources: Resources) -> None:
    (target,) = upload_rule(resources)["Targets"]
    assert target["RetryPolicy"] == {
        "MaximumEventAgeInSeconds": 21_600,
        "MaximumRetryAttempts": 24,
    }
    queue = target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0]
    policies = json.dumps(list(resources("AWS::SQS::QueuePolicy").values()))
    assert "UploadsManifests" in policies
    assert f'"{queue}"' in policies


def test_only_this_rule_may_use_its_role(resources: Resources) -> None:
    (role,) = (
        one["Properties"]
        for logical_id, one in resources("AWS::IAM::Role").items()
        if logical_id.startswith("UploadsRole")
    )
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "events.amazonaws.com"}
    assert set(trust["Condition"]["StringEquals"]) == {"aws:SourceAccount", "aws:SourceArn"}
    name = upload_rule(resources)["Name"]
    assert f":rule/{name}" in json.dumps(trust["Condition"])


def test_without_uploads_there_is_no_rule_and_the_bucket_tells_nothing(
    context: Mapping[str, Any], tmp_path: Path
) -> None:
    config = replace(TenantConfig.load(EXAMPLE), start=Start(on_upload=False))
    stack = MigrationStack(cdk.App(context=context, outdir=str(tmp_path)), config)
    found = synthesized(stack)
    assert not [name for name in found if name.startswith("Uploads")]
    (bucket,) = (one for one in found.values() if one["Type"] == "AWS::S3::Bucket")
    assert "NotificationConfiguration" not in bucket["Properties"]


def test_only_who_reads_the_manifest_reads_older_versions_of_it() -> None:
    assert {handler for handler, row in TABLE.items() if row.pinned} == {"plan_wave", "preflight"}


# ---- schedules -----------------------------------------------------------------------------------

SCHEDULES = (
    Schedule("first-copy", "2026-12-05T20:00", "Europe/Berlin"),
    Schedule("nightly", "cron(0 2 * * ? *)", phases=("copy", "report")),
)


@pytest.fixture(scope="module")
def scheduled(
    context: Mapping[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """The resources of a tenant with two schedules."""
    config = replace(TenantConfig.load(EXAMPLE), schedules=SCHEDULES)
    out = str(tmp_path_factory.mktemp("scheduled"))
    return synthesized(MigrationStack(cdk.App(context=context, outdir=out), config))


def schedules_in(found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        one["Properties"]["Name"]: one["Properties"]
        for one in found.values()
        if one["Type"] == "AWS::Scheduler::Schedule"
    }


def test_without_schedules_there_is_nothing_of_them(resources: Resources) -> None:
    assert resources("AWS::Scheduler::Schedule") == {}
    assert len(resources("AWS::Scheduler::ScheduleGroup")) == 1


def test_schedules_begin_when_the_tenant_file_says_and_on_time(scheduled: dict[str, Any]) -> None:
    made = schedules_in(scheduled)
    times = {
        name: (one["ScheduleExpression"], one["ScheduleExpressionTimezone"])
        for name, one in made.items()
    }
    assert times == {
        "first-copy": ("at(2026-12-05T20:00:00)", "Europe/Berlin"),
        "nightly": ("cron(0 2 * * ? *)", "UTC"),
    }
    assert {one["FlexibleTimeWindow"]["Mode"] for one in made.values()} == {"OFF"}


def test_a_schedule_becomes_an_input_that_the_workflow_accepts(scheduled: dict[str, Any]) -> None:
    for schedule in SCHEDULES:
        target = schedules_in(scheduled)[schedule.name]["Target"]
        assert target["Arn"]["Fn::GetAtt"][0].startswith("WorkflowAlias")
        text = target["Input"].replace("<aws.scheduler.scheduled-time>", "2026-12-05T19:00:00Z")
        given = ExecutionInput.parse(json.loads(text))
        assert given.phases == schedule.phases
        assert (given.trigger, given.sequence) == (schedule.name, "2026-12-05T19:00:00Z")


def test_what_a_schedule_could_not_start_is_kept(scheduled: dict[str, Any]) -> None:
    for one in schedules_in(scheduled).values():
        assert one["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] == 86_400
        assert "DeadLetters" in one["Target"]["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0]


def test_an_abort_does_not_reach_the_tenant_files_schedules(scheduled: dict[str, Any]) -> None:
    """Functions may touch the group of late passes alone."""
    groups = {one["GroupName"] for one in schedules_in(scheduled).values()}
    assert groups == {"WorkMailMigration-example-schedules"}
    granted = json.dumps(
        [
            one
            for name, one in scheduled.items()
            if name.startswith("Functions") and "Policy" in name
        ]
    )
    assert "example-late-passes/*" in granted
    assert "example-schedules" not in granted


def test_schedules_of_this_group_alone_may_use_their_role(scheduled: dict[str, Any]) -> None:
    (role,) = (
        one
        for name, one in scheduled.items()
        if name.startswith("SchedulesRole") and "Policy" not in name
    )
    text = json.dumps(role["Properties"]["AssumeRolePolicyDocument"])
    assert ":schedule-group/WorkMailMigration-example-schedules" in text
    (policy,) = (
        one for name, one in scheduled.items() if name.startswith("SchedulesRoleDefaultPolicy")
    )
    starting, sending, *using_key = policy["Properties"]["PolicyDocument"]["Statement"]
    assert (starting["Action"], sending["Action"]) == ("states:StartExecution", "sqs:SendMessage")
    assert starting["Condition"] == ONLY_LIVE
    assert [one["Action"] for one in using_key] == [["kms:Decrypt", "kms:GenerateDataKey"]]


# ---- the tenant file -----------------------------------------------------------------------------


def write(folder: Path, more: str) -> Path:
    path = folder / "example.yaml"
    path.write_text(render_tenant(GIVEN, shortest=True) + more, "utf-8")
    return path


def test_schedules_are_read_with_their_defaults(tmp_path: Path) -> None:
    more = """
start: {on_upload: false}
schedules:
  - {name: first-copy, at: 2026-12-05T20:00:00, timezone: Europe/Berlin}
  - {name: nightly, at: rate(1 day), phases: [copy, report]}
"""
    config = TenantConfig.load(write(tmp_path, more))
    assert config.start == Start(on_upload=False)
    first, nightly = config.schedules
    assert first == Schedule("first-copy", "2026-12-05T20:00:00", "Europe/Berlin")
    assert first.expression == "at(2026-12-05T20:00:00)"
    assert first.phases == ("provision", "copy")
    assert (nightly.expression, nightly.timezone) == ("rate(1 day)", "UTC")


def test_all_faults_of_schedules_are_told_at_once(tmp_path: Path) -> None:
    more = """
start: {on_upload: maybe}
schedules:
  - {name: upload, at: "2026-12-05 20:00"}
  - {name: two words, at: rate(1 days), timezone: Mars/Olympus, phases: [rollback]}
  - {at: cron(0 2 * * * *), when: never}
"""
    with pytest.raises(ConfigError) as caught:
        TenantConfig.load(write(tmp_path, more))
    begins = [problem.split(":")[0] for problem in caught.value.problems]
    assert sorted(begins) == [
        "schedules[0].at",
        "schedules[0].name",
        "schedules[1].at",
        "schedules[1].name",
        "schedules[1].phases[0]",
        "schedules[1].timezone",
        "schedules[2].at",
        "schedules[2].name",
        "schedules[2].when",
        "start.on_upload",
    ]


def test_schedules_that_do_not_go_together_are_told(tmp_path: Path) -> None:
    more = """
schedules:
  - {name: first-copy, at: "2026-12-05T20:00"}
  - {name: first-copy, at: "2026-12-06T20:00", phases: []}
"""
    with pytest.raises(ConfigError) as caught:
        TenantConfig.load(write(tmp_path, more))
    assert list(caught.value.problems) == [
        "schedules[1].name: first-copy is the name of another one",
        "schedules[1].phases: needs at least one",
    ]


@pytest.mark.parametrize("phase", [*MIGRATION, "clients"])
def test_every_phase_of_a_migration_can_be_scheduled(tmp_path: Path, phase: str) -> None:
    more = f'\nschedules: [{{name: x, at: "2026-12-05T20:00", phases: [{phase}]}}]\n'
    (schedule,) = TenantConfig.load(write(tmp_path, more)).schedules
    assert ExecutionInput.parse({"phases": list(schedule.phases)}).phases == (phase,)


@pytest.mark.parametrize(
    "at",
    ["rate(12 hours)", "rate(1 minute)", "cron(0 20 ? * FRI#1 *)", "cron(0/15 8-18 L * ? 2027)"],
)
def test_expressions_of_the_scheduler_are_accepted(tmp_path: Path, at: str) -> None:
    more = f'\nschedules: [{{name: x, at: "{at}"}}]\n'
    (schedule,) = TenantConfig.load(write(tmp_path, more)).schedules
    assert schedule.expression == at
