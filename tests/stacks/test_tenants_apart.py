"""Several tenants in one account and Region: no name is taken twice, and no right of one reaches
what is another's, even where one tenant's name begins as another's does."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import permutations
from typing import Any

import aws_cdk as cdk
import pytest

from stacks.config import TenantConfig
from stacks.cutover_config import Clients, Dns
from stacks.function_table import TABLE
from stacks.migration import MigrationStack
from stacks.secret_names import administrator_name, waves_prefix
from tests.stacks.conftest import EXAMPLE
from tests.stacks.test_migration_stack import UNBOUNDED, as_list

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # several stacks are synthesized

ACCOUNT, REGION = "111111111111", "eu-west-1"
TENANTS = ("acme", "acme-2", "a", "a-copy-slice", "a-migrate-tenant")

# How resources that can be named are called in ARNs, and by which property they are named.
NAMES = {
    "AWS::Lambda::Function": ("FunctionName", "arn:aws:lambda:{at}:function:{name}"),
    "AWS::Logs::LogGroup": ("LogGroupName", "arn:aws:logs:{at}:log-group:{name}"),
    "AWS::StepFunctions::StateMachine": (
        "StateMachineName",
        "arn:aws:states:{at}:stateMachine:{name}",
    ),
    "AWS::Scheduler::ScheduleGroup": ("Name", "arn:aws:scheduler:{at}:schedule-group/{name}"),
    "AWS::SNS::Topic": ("TopicName", "arn:aws:sns:{at}:{name}"),
    "AWS::SecretsManager::Secret": ("Name", "arn:aws:secretsmanager:{at}:secret:{name}-AbCdEf"),
    "AWS::SQS::Queue": ("QueueName", "arn:aws:sqs:{at}:{name}"),
    "AWS::DynamoDB::Table": ("TableName", "arn:aws:dynamodb:{at}:table/{name}"),
    "AWS::S3::Bucket": ("BucketName", "arn:aws:s3:::{name}"),
    "AWS::IAM::Role": ("RoleName", f"arn:aws:iam::{ACCOUNT}:role/{{name}}"),
    "AWS::Events::Rule": ("Name", "arn:aws:events:{at}:rule/{name}"),
    "AWS::KMS::Key": ("KeyId", "arn:aws:kms:{at}:key/{name}"),
    "AWS::CloudWatch::Alarm": ("AlarmName", "arn:aws:cloudwatch:{at}:alarm:{name}"),
    "AWS::CloudWatch::Dashboard": (
        "DashboardName",
        f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{{name}}",
    ),
}
_NAME_PROPERTIES = {name for name, _ in NAMES.values()}


class Tenant:
    """A synthesized tenant, its template resolved as CloudFormation would."""

    def __init__(self, name: str, template: dict[str, Any]) -> None:
        self.name = name
        self.stack = f"WorkMailMigration-{name}"
        self.resources: dict[str, dict[str, Any]] = template["Resources"]

    def physical(self, logical_id: str) -> str:
        """The name it was given, or one as CloudFormation makes them."""
        one = self.resources[logical_id]
        key = NAMES.get(one["Type"], ("", ""))[0]
        given = one.get("Properties", {}).get(key)
        made_up = f"{self.stack}-{logical_id}-{abs(hash(logical_id)) % 10**12:012d}"
        if one["Type"] == "AWS::S3::Bucket":
            made_up = made_up.lower()
        return str(self.resolve(given)) if given else made_up

    def arn(self, logical_id: str) -> str:
        kind = self.resources[logical_id]["Type"]
        pattern = NAMES[kind][1]
        return pattern.format(at=f"{REGION}:{ACCOUNT}", name=self.physical(logical_id))

    def arns(self) -> Iterator[str]:
        """Of everything that a policy can mean: the resources, and what is made in them later."""
        for logical_id, one in self.resources.items():
            if one["Type"] not in NAMES:
                continue
            arn = self.arn(logical_id)
            yield arn
            if one["Type"] == "AWS::S3::Bucket":
                yield from (f"{arn}/{key}/x" for key in ("plans", "runs", "audit", "reports"))
            if one["Type"] == "AWS::Logs::LogGroup":
                yield f"{arn}:log-stream:x"
            if one["Type"] == "AWS::Lambda::Function":
                yield f"{arn}:1"
            if one["Type"] == "AWS::Scheduler::ScheduleGroup":
                yield arn.replace(":schedule-group/", ":schedule/") + "/x"
            if one["Type"] == "AWS::StepFunctions::StateMachine":
                yield arn.replace(":stateMachine:", ":execution:") + ":x"
                yield arn.replace(":stateMachine:", ":execution:") + "/CopyMailboxes:x"
                yield arn.replace(":stateMachine:", ":mapRun:") + "/CopyMailboxes:x"
        for name in (administrator_name(self.name), f"{waves_prefix(self.name)}1"):
            yield f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf"

    def names(self) -> Iterator[tuple[str, str]]:
        """Type and name of each resource that has a name in the template."""
        for logical_id, one in self.resources.items():
            properties = one.get("Properties", {})
            if NAMES.get(one["Type"], ("", ""))[0] in properties:
                yield one["Type"], self.physical(logical_id)

    def patterns(self) -> Iterator[tuple[str, str]]:
        """Action and resource of everything that is allowed to a role of this tenant."""
        for one in self.resources.values():
            properties = one.get("Properties", {})
            documents = [properties.get("PolicyDocument", {})] * (one["Type"] == "AWS::IAM::Policy")
            documents += [each["PolicyDocument"] for each in properties.get("Policies", [])]
            for document in documents:
                for statement in document["Statement"]:
                    for action in as_list(statement["Action"]):
                        for resource in as_list(statement["Resource"]):
                            yield action, str(self.resolve(resource))

    def resolve(self, value: Any) -> Any:
        """The intrinsic functions that stand in our templates."""
        if not isinstance(value, dict):
            return value
        ((function, argument),) = value.items()
        if function == "Ref":
            pseudo = {
                "AWS::Partition": "aws",
                "AWS::Region": REGION,
                "AWS::AccountId": ACCOUNT,
                "AWS::StackName": self.stack,
            }
            if argument in pseudo:
                return pseudo[argument]
            kind = self.resources[argument]["Type"]
            by_arn = kind in ("AWS::SNS::Topic", "AWS::SecretsManager::Secret")
            return self.arn(argument) if by_arn else self.physical(argument)
        if function == "Fn::GetAtt":
            logical_id, attribute = argument
            assert attribute.endswith("Arn"), attribute
            ending = ":*" if self.resources[logical_id]["Type"] == "AWS::Logs::LogGroup" else ""
            return self.arn(logical_id) + ending
        assert function == "Fn::Join", function
        separator, parts = argument
        return separator.join(str(self.resolve(part)) for part in parts)


@pytest.fixture(scope="module")
def tenants(context: Mapping[str, Any]) -> list[Tenant]:
    """All in the same account and Region; each sends mail and publishes in zones of its own."""
    app = cdk.App(context=context)
    example = TenantConfig.load(EXAMPLE)
    stacks = [
        MigrationStack(
            app,
            replace(
                example,
                tenant=name,
                account=ACCOUNT,
                organization_id=f"m-{number:032x}",
                domains=(f"{name}.example",),
                dns=Dns(publish="route53", zone_id=f"Z{number}"),
                clients=Clients(send="old", sender=f"it@{name}.example"),
            ),
        )
        for number, name in enumerate(TENANTS)
    ]
    assembly = app.synth()
    templates = [assembly.get_stack_by_name(stack.stack_name).template for stack in stacks]
    return [Tenant(name, found) for name, found in zip(TENANTS, templates, strict=True)]


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """As IAM matches: * stands for anything, also for colons and slashes."""
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(p) or re.escape(p) for p in re.split(r"([*?])", pattern)))


def test_no_name_is_taken_twice(tenants: list[Tenant]) -> None:
    names = Counter((kind, name.lower()) for tenant in tenants for kind, name in tenant.names())
    assert len(names) > 40 * len(tenants)
    assert [name for name, number in names.items() if number > 1] == []


def test_every_named_resource_is_looked_at(tenants: list[Tenant]) -> None:
    """A type that is named and missing above would be looked over."""
    for one in tenants[0].resources.values():
        named = _NAME_PROPERTIES & set(one.get("Properties", {})) - {"Name", "FunctionName"}
        assert not named or one["Type"] in NAMES or "Policy" in one["Type"], one["Type"]


def test_no_right_of_a_tenant_reaches_what_is_anothers(tenants: list[Tenant]) -> None:
    for mine in tenants:
        granted = {pattern for action, pattern in mine.patterns() if action not in UNBOUNDED}
        assert len(granted) > 60
        compiled = list(map(compile_pattern, granted))
        anothers = {arn for other in tenants if other is not mine for arn in other.arns()}
        assert [(p.pattern, arn) for p in compiled for arn in anothers if p.fullmatch(arn)] == []


def test_the_rights_reach_what_is_their_own(tenants: list[Tenant]) -> None:
    """Else the test above would say nothing."""
    (mine, *_) = tenants
    compiled = [compile_pattern(pattern) for _, pattern in mine.patterns() if pattern != "*"]
    reached = {arn for arn in mine.arns() for pattern in compiled if pattern.fullmatch(arn)}
    kinds = {":function:", ":log-group:", ":execution:", ":schedule/", ":secret:", ":table/"}
    assert [kind for kind in kinds if not any(kind in arn for arn in reached)] == []


def test_organizations_zones_and_senders_are_their_own(tenants: list[Tenant]) -> None:
    services = {"workmail": "organization/m-", "route53": "hostedzone/Z", "ses": "identity/"}
    found: dict[str, list[set[str]]] = {service: [] for service in services}
    for tenant in tenants:
        for service, sign in services.items():
            found[service].append(
                {
                    pattern
                    for action, pattern in tenant.patterns()
                    if action.startswith(f"{service}:") and sign in pattern
                }
            )
    for each in found.values():
        assert all(each)
        assert sum(map(len, each)) == len(set().union(*each))


def test_no_function_of_one_tenant_can_have_the_name_of_anothers() -> None:
    """`a` with copy-slice and `a-copy` with slice would meet."""
    names = [handler.replace("_", "-") for handler in TABLE]
    assert [(one, two) for one, two in permutations(names, 2) if one.endswith(f"-{two}")] == []


def test_the_environment_of_a_function_names_nothing_of_another_tenant(
    tenants: list[Tenant],
) -> None:
    for mine, other in permutations(tenants, 2):
        functions = [o for o in mine.resources.values() if o["Type"] == "AWS::Lambda::Function"]
        text = json.dumps([one["Properties"]["Environment"] for one in functions])
        assert f"workmail-migration/{other.name}/" not in text
        assert f":stateMachine:{other.stack}-migrate-tenant" not in text.replace(
            f"{mine.stack}-migrate-tenant", ""
        )
