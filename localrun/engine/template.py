"""A synthesized CDK stack, read for what this machine can run and hold.

`Template.load` reads `<stack>.template.json` and `<stack>.assets.json` of a cloud assembly. Each
method resolves its resources anew and raises TemplateError for what it cannot resolve; nothing is
resolved that nobody asks for. Resources that no method returns are counted by `unsupported`.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from localrun.engine.intrinsics import FunctionUrl, Resolver, TemplateError
from localrun.iam import Statement

__all__ = [
    "BucketResource",
    "EventRuleResource",
    "FunctionResource",
    "SecretResource",
    "StateMachineResource",
    "TableResource",
    "Template",
    "TemplateError",
    "TopicResource",
]

_DATA_TYPES = frozenset(
    {
        "AWS::CloudWatch::Alarm",
        "AWS::DynamoDB::GlobalTable",
        "AWS::DynamoDB::Table",
        "AWS::Events::Rule",
        "AWS::Lambda::Url",
        "AWS::Lambda::Version",
        "AWS::S3::Bucket",
        "AWS::SNS::Topic",
        "AWS::Scheduler::Schedule",
        "AWS::Scheduler::ScheduleGroup",
        "AWS::SecretsManager::Secret",
        "AWS::StepFunctions::StateMachine",
        "AWS::StepFunctions::StateMachineAlias",
        "AWS::StepFunctions::StateMachineVersion",
    }
)
_TABLE_PROPERTIES = (
    "KeySchema",
    "AttributeDefinitions",
    "GlobalSecondaryIndexes",
    "TimeToLiveSpecification",
)
_PLACEHOLDER = re.compile(r"\$\{([A-Za-z0-9_]+)\}")


@dataclass(frozen=True, slots=True)
class FunctionResource:
    """A Python function deployed from an asset. `code` is the asset's folder, absolute."""

    name: str
    arn: str
    handler: str
    code: Path
    timeout: float
    memory: int
    environment: Mapping[str, str]
    reserved: int | None = None


@dataclass(frozen=True, slots=True)
class StateMachineResource:
    """A state machine; its definition has every substitution applied."""

    name: str
    arn: str
    definition: Mapping[str, Any]
    role_arn: str


@dataclass(frozen=True, slots=True)
class BucketResource:
    """`tells`: what happens to its objects is told to EventBridge."""

    name: str
    versioned: bool
    tells: bool = False


@dataclass(frozen=True, slots=True)
class TableResource:
    """A table; schemas and indexes are as DynamoDB's CreateTable takes them."""

    name: str
    arn: str
    key_schema: Sequence[Mapping[str, str]]
    attributes: Sequence[Mapping[str, str]]
    global_indexes: Sequence[Mapping[str, Any]]
    time_to_live_attribute: str | None


@dataclass(frozen=True, slots=True)
class SecretResource:
    """A secret; where `value` is None, AWS generates one by the rules in `generation`, or, if that
    is None too, leaves the secret without one."""

    name: str
    arn: str
    value: str | None
    generation: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class TopicResource:
    name: str
    arn: str


@dataclass(frozen=True, slots=True)
class EventRuleResource:
    """A rule of EventBridge: which events, and who gets them. A target's `paths` and
    `form` are its InputTransformer's."""

    name: str
    pattern: Mapping[str, Any]
    targets: Sequence["RuleTarget"]


@dataclass(frozen=True, slots=True)
class RuleTarget:
    """`arn` is a function's, or a state machine's, which is started. With an empty `form` it gets
    the event as it is. What cannot be delivered goes to the queue `dead_letters`, an ARN; "" for
    none."""

    arn: str
    paths: Mapping[str, str]
    form: str
    dead_letters: str = ""

    @classmethod
    def of(cls, target: Mapping[str, Any]) -> Self:
        """From an entry of a rule's Targets, resolved."""
        transformer = target.get("InputTransformer", {})
        return cls(
            target["Arn"],
            transformer.get("InputPathsMap", {}),
            transformer.get("InputTemplate", ""),
            target.get("DeadLetterConfig", {}).get("Arn", ""),
        )


class Template:
    """One stack of a cloud assembly."""

    def __init__(
        self, document: Mapping[str, Any], assets: Mapping[str, Path], resolver: Resolver
    ) -> None:
        self._resources: Mapping[str, Any] = document.get("Resources", {})
        self._outputs: Mapping[str, Any] = document.get("Outputs", {})
        self._assets = assets
        self._resolver = resolver

    @classmethod
    def load(
        cls,
        cdk_out: Path,
        stack: str,
        region: str,
        account: str,
        function_url: FunctionUrl | None = None,
        deployment: int = 1,
    ) -> Self:
        """Read a stack. TemplateError, naming the stacks there are, when it is not there. See
        Resolver for `function_url` and `deployment`."""
        template_file = cdk_out / f"{stack}.template.json"
        if not template_file.is_file():
            found = sorted(path.name.split(".")[0] for path in cdk_out.glob("*.template.json"))
            raise TemplateError(f"no stack {stack} in {cdk_out}; found: {', '.join(found)}")
        document = json.loads(template_file.read_text("utf-8"))
        resolver = Resolver(document, stack, region, account, function_url, deployment)
        return cls(document, _asset_paths(cdk_out, stack), resolver)

    def functions(self) -> list[FunctionResource]:
        found = []
        for logical_id, properties in self._all("AWS::Lambda::Function"):
            if not _runs_here(properties):
                continue
            variables = properties.get("Environment", {}).get("Variables", {})
            resolved = self._resolver.resolve(variables)
            found.append(
                FunctionResource(
                    name=self._resolver.name(logical_id),
                    arn=self._resolver.arn(logical_id),
                    handler=properties["Handler"],
                    code=self._asset(logical_id, properties["Code"]["S3Key"]),
                    timeout=float(self._resolver.resolve(properties.get("Timeout", 3))),
                    memory=int(self._resolver.resolve(properties.get("MemorySize", 128))),
                    environment={name: str(value) for name, value in resolved.items()},
                    reserved=properties.get("ReservedConcurrentExecutions"),
                )
            )
        return found

    def policies(self) -> dict[str, tuple[Statement, ...]]:
        """The statements of the stack's policies by the names of the roles that have them."""
        found: defaultdict[str, list[Statement]] = defaultdict(list)
        for _, policy in self._all("AWS::IAM::Policy"):
            document = self._resolver.resolve(policy["PolicyDocument"])
            statements = [Statement.parse(each) for each in document["Statement"]]
            for role in self._resolver.resolve(policy["Roles"]):
                found[role] += statements
        return {role: tuple(statements) for role, statements in found.items()}

    def rights(self) -> dict[str, tuple[Statement, ...]]:
        """What the policies of the stack say of each function, by its name."""
        policies = self.policies()
        return {
            self._resolver.name(logical_id): policies.get(role.rpartition("/")[2], ())
            for logical_id, properties in self._all("AWS::Lambda::Function")
            for role in [str(self._resolver.resolve(properties["Role"]))]
        }

    def dead_letters(self) -> dict[str, str]:
        """Where Lambda puts what a function has failed at, called without waiting: ARNs by the
        function's name."""
        return {
            str(self._resolver.resolve(properties["FunctionName"])): str(
                self._resolver.resolve(properties["DestinationConfig"]["OnFailure"]["Destination"])
            )
            for _, properties in self._all("AWS::Lambda::EventInvokeConfig")
            if "OnFailure" in properties.get("DestinationConfig", {})
        }

    def state_machines(self) -> list[StateMachineResource]:
        return [
            StateMachineResource(
                name=self._resolver.name(logical_id),
                arn=self._resolver.arn(logical_id),
                definition=self._definition(logical_id, properties),
                role_arn=self._resolver.resolve(properties["RoleArn"]),
            )
            for logical_id, properties in self._all("AWS::StepFunctions::StateMachine")
        ]

    def buckets(self) -> list[BucketResource]:
        return [
            BucketResource(
                self._resolver.name(logical_id),
                properties.get("VersioningConfiguration", {}).get("Status") == "Enabled",
                properties.get("NotificationConfiguration", {})
                .get("EventBridgeConfiguration", {})
                .get("EventBridgeEnabled", False),
            )
            for logical_id, properties in self._all("AWS::S3::Bucket")
        ]

    def tables(self) -> list[TableResource]:
        found = []
        for logical_id, properties in self._all(
            "AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"
        ):
            used = {name: properties[name] for name in _TABLE_PROPERTIES if name in properties}
            resolved = self._resolver.resolve(used)
            time_to_live = resolved.get("TimeToLiveSpecification", {})
            found.append(
                TableResource(
                    name=self._resolver.name(logical_id),
                    arn=self._resolver.arn(logical_id),
                    key_schema=resolved["KeySchema"],
                    attributes=resolved["AttributeDefinitions"],
                    global_indexes=resolved.get("GlobalSecondaryIndexes", []),
                    time_to_live_attribute=time_to_live.get("AttributeName")
                    if time_to_live.get("Enabled")
                    else None,
                )
            )
        return found

    def secrets(self) -> list[SecretResource]:
        return [
            SecretResource(
                self._resolver.name(logical_id),
                self._resolver.arn(logical_id),
                self._resolver.resolve(properties.get("SecretString")),
                self._resolver.resolve(properties.get("GenerateSecretString")),
            )
            for logical_id, properties in self._all("AWS::SecretsManager::Secret")
        ]

    def topics(self) -> list[TopicResource]:
        return [
            TopicResource(self._resolver.name(logical_id), self._resolver.arn(logical_id))
            for logical_id, _ in self._all("AWS::SNS::Topic")
        ]

    def schedule_groups(self) -> list[str]:
        """The names of EventBridge Scheduler's groups."""
        return [
            self._resolver.name(logical_id)
            for logical_id, _ in self._all("AWS::Scheduler::ScheduleGroup")
        ]

    def event_rules(self) -> list[EventRuleResource]:
        """The rules that are enabled and have a pattern."""
        found = []
        for logical_id, properties in self._all("AWS::Events::Rule"):
            if properties.get("State", "ENABLED") == "ENABLED" and "EventPattern" in properties:
                resolved = self._resolver.resolve(properties.get("Targets", []))
                targets = [RuleTarget.of(target) for target in resolved]
                pattern = self._resolver.resolve(properties["EventPattern"])
                found.append(EventRuleResource(logical_id, pattern, targets))
        return found

    def resources(self, kind: str) -> list[tuple[str, Mapping[str, Any]]]:
        """Logical id and properties of all resources of a type."""
        return [
            (logical_id, self._resolver.resolve(properties))
            for logical_id, properties in self._all(kind)
        ]

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs by their logical id."""
        return {
            name: self._resolver.resolve(output["Value"]) for name, output in self._outputs.items()
        }

    def unsupported(self) -> Counter[str]:
        """How many resources of which types nobody creates here.

        Functions that do not run here are listed with what they need instead, as in
        "AWS::Lambda::Function (nodejs22.x)".
        """
        counted: Counter[str] = Counter()
        for resource in self._resources.values():
            kind = resource["Type"]
            properties = resource.get("Properties", {})
            if kind == "AWS::Lambda::Function":
                if not _runs_here(properties):
                    inline = "inline code, " if "ZipFile" in properties["Code"] else ""
                    counted[f"{kind} ({inline}{properties.get('Runtime', 'image')})"] += 1
            elif kind not in _DATA_TYPES:
                counted[kind] += 1
        return counted

    def _all(self, *types: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for logical_id, resource in self._resources.items():
            if resource["Type"] in types:
                yield logical_id, resource.get("Properties", {})

    def _asset(self, logical_id: str, key: object) -> Path:
        resolved = self._resolver.resolve(key)
        if resolved not in self._assets:
            raise TemplateError(f"{logical_id}: the assembly has no asset {resolved}")
        return self._assets[resolved]

    def _definition(self, logical_id: str, properties: Mapping[str, Any]) -> Mapping[str, Any]:
        if "DefinitionS3Location" in properties:
            text = self._asset(logical_id, properties["DefinitionS3Location"]["Key"]).read_text(
                "utf-8"
            )
        elif "DefinitionString" in properties:
            text = self._resolver.resolve(properties["DefinitionString"])
        else:
            text = json.dumps(self._resolver.resolve(properties["Definition"]))
        values = self._resolver.resolve(properties.get("DefinitionSubstitutions", {}))
        missing = sorted(set(_PLACEHOLDER.findall(text)) - set(values))
        if missing:
            names = ", ".join(f"${{{name}}}" for name in missing)
            raise TemplateError(f"the definition of {logical_id} has no value for {names}")
        filled = _PLACEHOLDER.sub(lambda match: _as_text(values[match[1]]), text)
        try:
            definition: Mapping[str, Any] = json.loads(filled)
        except ValueError as reason:
            raise TemplateError(f"the definition of {logical_id} is not JSON: {reason}") from None
        return definition


def _runs_here(properties: Mapping[str, Any]) -> bool:
    """Whether a function is Python from an asset: what the Lambda host can run."""
    return str(properties.get("Runtime")).startswith("python") and "S3Key" in properties["Code"]


def _as_text(value: object) -> str:
    """A substitution's value as CloudFormation writes it: booleans in JSON's spelling."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _asset_paths(cdk_out: Path, stack: str) -> dict[str, Path]:
    """Where the file assets lie, by the object key under which they would be published."""
    manifest_file = cdk_out / f"{stack}.assets.json"
    if not manifest_file.is_file():
        return {}
    files = json.loads(manifest_file.read_text("utf-8"))["files"]
    return {
        destination["objectKey"]: (cdk_out / asset["source"]["path"]).resolve()
        for asset in files.values()
        if "path" in asset["source"]
        for destination in asset["destinations"].values()
    }
