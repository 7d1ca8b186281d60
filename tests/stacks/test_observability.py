"""Dashboard and alarms: what they name exists, and each alarm is raised by what it is for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest

from localrun.engine.alarms import Alarm, read_alarms, watch
from localrun.engine.intrinsics import Resolver
from localrun.engine.metric_store import MetricName, MetricStore
from localrun.engine.template import Template
from migration.measures import NAMESPACE, Metric
from stacks.alarms_config import Alarms
from stacks.config import TenantConfig
from stacks.migration import MigrationStack

if TYPE_CHECKING:
    from tests.stacks.conftest import Resources

ROOT = Path(__file__).resolve().parents[2]
STACK, REGION, ACCOUNT = "WorkMailMigration-example", "eu-west-1", "123456789012"

OF_AWS = {
    # https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
    **{
        ("AWS/States", name): {"StateMachineArn"}
        for name in ("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted")
    },
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    **{
        ("AWS/Lambda", name): {"FunctionName"}
        for name in ("Errors", "Invocations", "Throttles", "Duration", "ConcurrentExecutions")
    },
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/
    # sqs-available-cloudwatch-metrics.html
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): {"QueueName"},
}
"""Metrics that services write, and their dimensions."""


@pytest.fixture(scope="module")
def stack(template: dict[str, Any]) -> Template:
    """The example tenant's stack with its names put in."""
    return Template(template, {}, Resolver(template, STACK, REGION, ACCOUNT))


@pytest.fixture(scope="module")
def dashboard(stack: Template) -> dict[str, Any]:
    ((_, properties),) = stack.resources("AWS::CloudWatch::Dashboard")
    return dict(json.loads(properties["DashboardBody"]))


def shown(dashboard: Mapping[str, Any]) -> Iterator[MetricName]:
    """The metrics of all widgets; those that a search finds with the dimension Error as *."""
    for widget in dashboard["widgets"]:
        for row in widget["properties"].get("metrics", ()):
            if isinstance(row[0], str):
                names = [each for each in row if isinstance(each, str)]
                where = dict(zip(names[2::2], names[3::2], strict=True))
                yield MetricName.of(names[0], names[1], where)
            elif search := re.search(r"\{(.+?),Tenant,Error\} (.+)'", row[0]["expression"]):
                tenant, name = re.findall(r'="(\w+)"', search[2])[:2]
                yield MetricName.of(search[1], name, {"Tenant": tenant, "Error": "*"})


def watched(stack: Template) -> Iterator[MetricName]:
    for alarm in read_alarms(stack):
        yield from (each.metric for each in alarm.watched if each.metric)


def test_every_metric_that_is_named_is_written_by_somebody(
    stack: Template, dashboard: dict[str, Any]
) -> None:
    named = {*shown(dashboard), *watched(stack)}
    assert len(named) > 30
    own = {metric for metric in named if metric.namespace == NAMESPACE}
    failures = MetricName.of(NAMESPACE, "MailboxFailures", {"Tenant": "example", "Error": "*"})
    assert own - {failures} <= {
        MetricName.of(NAMESPACE, metric, {"Tenant": "example"}) for metric in Metric
    }
    for metric in named - own:
        assert {name for name, _ in metric.dimensions} == OF_AWS[metric.namespace, metric.name]


def test_every_metric_that_is_written_is_shown(dashboard: dict[str, Any]) -> None:
    own = {metric.name for metric in shown(dashboard) if metric.namespace == NAMESPACE}
    assert own == {str(metric) for metric in Metric}


def test_functions_machine_and_queues_are_those_of_the_stack(
    stack: Template, dashboard: dict[str, Any]
) -> None:
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{STACK}-migrate-tenant"
    functions = {one["FunctionName"] for _, one in stack.resources("AWS::Lambda::Function")}
    for metric in {*shown(dashboard), *watched(stack)}:
        for name, value in metric.dimensions:
            if name == "FunctionName":
                assert value in functions
            if name == "StateMachineArn":
                assert value == machine  # without an alias: executions of all versions


def test_the_dashboard_links_to_where_things_are(dashboard: dict[str, Any]) -> None:
    (text,) = (one for one in dashboard["widgets"] if one["type"] == "text")
    markdown = text["properties"]["markdown"]
    for part in ("stateMachine:", "prefix=reports/", "prefix=intake/", "docs/monitoring.md"):
        assert part in markdown
    assert (ROOT / "docs" / "monitoring.md").exists()


def test_the_output_leads_to_the_dashboard(stack: Template, template: dict[str, Any]) -> None:
    ((_, properties),) = stack.resources("AWS::CloudWatch::Dashboard")
    url = stack.outputs()["DashboardUrl"]
    assert url.endswith(f"#dashboards/dashboard/{properties['DashboardName']}")


def test_queries_read_the_logs_of_the_functions_and_not_too_many(
    stack: Template, resources: Resources
) -> None:
    groups = {
        each["Properties"]["LogGroupName"] for each in resources("AWS::Logs::LogGroup").values()
    }
    queries = stack.resources("AWS::Logs::QueryDefinition")
    assert len(queries) == 3
    for _, properties in queries:
        assert set(properties["LogGroupNames"]) <= groups
        assert len(properties["LogGroupNames"]) <= 50  # what a query may read


def test_queries_for_slices_find_those_of_mail_and_of_calendars(stack: Template) -> None:
    texts = {
        properties["Name"].rpartition("/")[2]: properties["QueryString"]
        for _, properties in stack.resources("AWS::Logs::QueryDefinition")
    }
    handlers = ROOT / "lambdas" / "migration"
    for name in ("slice_run.py", "groupware_run.py"):
        (message,) = re.findall(r'(?:tell_slice\(\s*)"([a-z ]+)"', (handlers / name).read_text())
        for query in ("slices", "slowest mailboxes"):
            assert f'"{message}"' in texts[query], (query, message)


# ---- alarms ------------------------------------------------------------------------------------


def test_every_alarm_tells_the_topic_and_says_what_to_do(resources: Resources) -> None:
    headings = re.findall(r"^### (.+)$", (ROOT / "docs/monitoring.md").read_text("utf-8"), re.M)
    (topic,) = resources("AWS::SNS::Topic")
    named = set()
    for alarm in resources("AWS::CloudWatch::Alarm").values():
        properties = alarm["Properties"]
        assert properties["AlarmActions"] == [{"Ref": topic}]
        found = re.search(
            r"^.{60,} See docs/monitoring\.md#([a-z-]+)\.$", properties["AlarmDescription"]
        )
        assert found, properties["AlarmDescription"]
        named.add(found[1])
        over = [] if found[1] == "end-of-support" else [{"Ref": topic}]
        assert properties.get("OKActions", []) == over
    assert named == set(headings)


def test_every_queue_is_watched(stack: Template, resources: Resources) -> None:
    queues = {
        value
        for metric in watched(stack)
        for name, value in metric.dimensions
        if name == "QueueName"
    }
    assert len(queues) == len(resources("AWS::SQS::Queue"))


def synthesize(settings: Alarms, tmp_path: Path) -> Template:
    config = replace(TenantConfig.load(ROOT / "tenants" / "example.yaml"), alarms=settings)
    app = cdk.App(context={"aws:cdk:bundling-stacks": []}, outdir=str(tmp_path))
    document = app_template(app, MigrationStack(app, config))
    return Template(document, {}, Resolver(document, STACK, REGION, ACCOUNT))


def app_template(app: cdk.App, stack: MigrationStack) -> dict[str, Any]:
    return dict(app.synth().get_stack_by_name(stack.stack_name).template)


def test_settings_move_thresholds(tmp_path: Path) -> None:
    stack = synthesize(
        Alarms(stalled_minutes=45, quarantined_percent=7, end_of_support_days=(90,)), tmp_path
    )
    thresholds = {name_of(alarm): alarm.threshold for alarm in read_alarms(stack)}
    assert thresholds["NoProgress"] == 45
    assert thresholds["QuarantineRate"] == 7
    assert [name for name in thresholds if name.startswith("EndOf")] == ["EndOfSupport90"]


def test_without_alarms_the_dashboard_stays(tmp_path: Path) -> None:
    stack = synthesize(Alarms(enabled=False), tmp_path)
    assert read_alarms(stack) == []
    assert len(stack.resources("AWS::CloudWatch::Dashboard")) == 1


# ---- each alarm is raised by what it is for, and not by a little less ---------------------------

Values = Mapping[str, list[float]]
"""By the metric's name: the values of the minutes 0, 5, 10 and so on."""

CASES: Mapping[str, tuple[Values, Values]] = {
    "RunFailed": ({"ExecutionsTimedOut": [1]}, {"ExecutionsFailed": [0]}),
    "NoProgress": ({"MinutesWithoutProgress": [25, 30]}, {"MinutesWithoutProgress": [25, 29.9]}),
    "QuarantineRate": (
        {"MessagesCopied": [99], "MessagesQuarantined": [1]},
        {"MessagesCopied": [98], "MessagesQuarantined": [1]},
    ),
    "ServersThrottle": (
        {"Backoffs": [4] * 15, "MailboxesRunning": [2] * 15},
        {"Backoffs": [4] * 3, "MailboxesRunning": [2] * 15},
    ),
    "FunctionsThrottled": ({"Throttles": [4, 4, 4]}, {"Throttles": [3, 3, 3]}),
    "FunctionErrors": (
        {"Errors": [2, 2, 1], "Invocations": [20, 3, 2]},
        {"Errors": [2, 2, 1], "Invocations": [20, 4, 2]},
    ),
    "NotMeasured": ({"Errors": [1, 1, 1]}, {"Errors": [1, 0, 1]}),
    "DeadLetters": (
        {"ApproximateNumberOfMessagesVisible": [1]},
        {"ApproximateNumberOfMessagesVisible": [0]},
    ),
    "EndOfSupport60": ({"DaysToEndOfSupport": [59]}, {"DaysToEndOfSupport": [60]}),
    "EndOfSupport30": ({"DaysToEndOfSupport": [29]}, {"DaysToEndOfSupport": [30]}),
    "EndOfSupport7": ({"DaysToEndOfSupport": [6]}, {"DaysToEndOfSupport": [7]}),
}


def name_of(alarm: Alarm) -> str:
    """Without the stack's; one name for the queues of all constructs."""
    name = alarm.name.removeprefix(f"{STACK}-")
    return "DeadLetters" if name.startswith("DeadLetters") else name


def is_raised(alarm: Alarm, values: Values) -> bool:
    """By these values of its metrics; of several with the same name, by those of the last one."""
    store = MetricStore()
    metrics = {each.metric.name: each.metric for each in alarm.watched if each.metric}
    for name, series in values.items():
        for place, value in enumerate(series):
            store.put(metrics[name], place * 300.0, value)
    return bool(list(watch(alarm, store, 0, 7200)))


def test_every_alarm_has_a_case_here(stack: Template) -> None:
    assert {name_of(alarm) for alarm in read_alarms(stack)} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_an_alarm_is_raised_at_its_threshold_and_not_before(name: str, stack: Template) -> None:
    alarms = [alarm for alarm in read_alarms(stack) if name_of(alarm) == name]
    enough, too_little = CASES[name]
    assert [is_raised(alarm, enough) for alarm in alarms] == [True] * max(1, len(alarms))
    assert not any(is_raised(alarm, too_little) for alarm in alarms)


def test_without_any_value_no_alarm_is_raised(stack: Template) -> None:
    assert [alarm.name for alarm in read_alarms(stack) if is_raised(alarm, {})] == []


# ---- measuring and tracing -----------------------------------------------------------------------


def test_progress_is_measured_every_five_minutes_and_nothing_is_repeated(
    stack: Template, resources: Resources
) -> None:
    (rule,) = (
        one for _, one in stack.resources("AWS::Events::Rule") if "ScheduleExpression" in one
    )
    (target,) = rule["Targets"]
    assert rule["ScheduleExpression"] == "rate(5 minutes)"
    assert target["Arn"].endswith(":function:WorkMailMigration-example-measure-progress")
    assert target["RetryPolicy"]["MaximumRetryAttempts"] == 0
    asynchronous = {
        json.dumps(one["Properties"]["FunctionName"]): one["Properties"]
        for one in resources("AWS::Lambda::EventInvokeConfig").values()
    }
    (config,) = (one for name, one in asynchronous.items() if "MeasureProgress" in name)
    assert config["MaximumRetryAttempts"] == 0


def test_functions_and_machine_are_traced_without_the_sdk(resources: Resources) -> None:
    for function in resources("AWS::Lambda::Function").values():
        assert function["Properties"]["TracingConfig"] == {"Mode": "Active"}
    (machine,) = resources("AWS::StepFunctions::StateMachine").values()
    assert machine["Properties"]["TracingConfiguration"] == {"Enabled": True}
    packages = (ROOT / "lambdas" / "requirements.txt").read_text("utf-8")
    assert "xray" not in packages.casefold()
    assert "[tracer]" not in packages


def test_the_documentation_names_every_metric() -> None:
    """In its table, and nowhere else a metric of ours that is none."""
    text = (ROOT / "docs" / "monitoring.md").read_text("utf-8")
    table = text.split("## Metrics")[1].split("## Logs")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(map(str, Metric))
