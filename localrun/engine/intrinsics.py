"""CloudFormation's intrinsic functions, resolved to the names things have on this machine.

Every resource gets the physical name its properties ask for, else `<stack>-<logical id>`; ARNs
are made from it as AWS makes them. Versions have the number of the deployment. Resolved are Ref,
Fn::GetAtt, Fn::Join, Fn::Sub, Fn::Select and Fn::Split; any other function is refused by name. The
functions' reference:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

SECRET_SUFFIX: Final = "local1"
"""The six characters that Secrets Manager adds to a secret's name in its ARN."""

_SUBSTITUTION = re.compile(r"\$\{([^}]+)\}")
_NO_VALUE: Final = object()


class TemplateError(Exception):
    """The template cannot be run on this machine; the message says what and why."""


@dataclass(frozen=True, slots=True)
class _Naming:
    """How a resource type is named, and what Ref and Fn::GetAtt make of the name."""

    name_property: str
    longest_name: int
    arn: str
    """With {region}, {account} and {name}."""
    ref_is_arn: bool = False
    attributes: Mapping[str, str] | None = None
    """Beside Arn; written like `arn`."""


_NAMINGS: Mapping[str, _Naming] = {
    "AWS::S3::Bucket": _Naming(
        "BucketName",
        63,
        "arn:aws:s3:::{name}",
        attributes={
            "DomainName": "{name}.s3.amazonaws.com",
            "RegionalDomainName": "{name}.s3.{region}.amazonaws.com",
        },
    ),
    "AWS::DynamoDB::Table": _Naming(
        "TableName", 255, "arn:aws:dynamodb:{region}:{account}:table/{name}"
    ),
    "AWS::DynamoDB::GlobalTable": _Naming(
        "TableName", 255, "arn:aws:dynamodb:{region}:{account}:table/{name}"
    ),
    "AWS::Lambda::Function": _Naming(
        "FunctionName", 64, "arn:aws:lambda:{region}:{account}:function:{name}"
    ),
    "AWS::StepFunctions::StateMachine": _Naming(
        "StateMachineName",
        80,
        "arn:aws:states:{region}:{account}:stateMachine:{name}",
        ref_is_arn=True,
        attributes={"Name": "{name}"},
    ),
    "AWS::SNS::Topic": _Naming(
        "TopicName",
        256,
        "arn:aws:sns:{region}:{account}:{name}",
        ref_is_arn=True,
        attributes={"TopicArn": "arn:aws:sns:{region}:{account}:{name}", "TopicName": "{name}"},
    ),
    "AWS::SQS::Queue": _Naming(
        "QueueName",
        80,
        "arn:aws:sqs:{region}:{account}:{name}",
        attributes={"QueueName": "{name}"},
    ),
    "AWS::SecretsManager::Secret": _Naming(
        "Name",
        512,
        f"arn:aws:secretsmanager:{{region}}:{{account}}:secret:{{name}}-{SECRET_SUFFIX}",
        ref_is_arn=True,
        attributes={
            "Id": f"arn:aws:secretsmanager:{{region}}:{{account}}:secret:{{name}}-{SECRET_SUFFIX}"
        },
    ),
    "AWS::Scheduler::ScheduleGroup": _Naming(
        "Name", 64, "arn:aws:scheduler:{region}:{account}:schedule-group/{name}"
    ),
    "AWS::IAM::Role": _Naming("RoleName", 64, "arn:aws:iam::{account}:role/{name}"),
    "AWS::Logs::LogGroup": _Naming(
        "LogGroupName", 512, "arn:aws:logs:{region}:{account}:log-group:{name}:*"
    ),
    "AWS::KMS::Key": _Naming("", 255, "arn:aws:kms:{region}:{account}:key/{name}"),
}
_UNKNOWN = _Naming("", 255, "arn:aws:local:{region}:{account}:{name}")


FunctionUrl = Callable[[str, str], str]
"""The URL of a function, by its name and by who may call it (NONE or AWS_IAM)."""


class Resolver:
    """Resolves values of one template. Names are made on demand, so order does not matter. Without
    `function_url` the URLs of functions look like AWS's, and lead nowhere. `deployment` counts the
    deployments of the stack: every one publishes a version of each function and machine."""

    def __init__(
        self,
        template: Mapping[str, Any],
        stack: str,
        region: str,
        account: str,
        function_url: FunctionUrl | None = None,
        deployment: int = 1,
    ) -> None:
        self._deployment = deployment
        self._function_url = function_url or (
            lambda name, _: f"https://{_digest(name)[:32]}.lambda-url.{region}.on.aws/"
        )
        self._resources: Mapping[str, Any] = template.get("Resources", {})
        self._parameters: Mapping[str, Any] = template.get("Parameters", {})
        self._stack = stack
        self._place = {"region": region, "account": account}
        self._pseudo: Mapping[str, object] = {
            "AWS::AccountId": account,
            "AWS::NoValue": _NO_VALUE,
            "AWS::Partition": "aws",
            "AWS::Region": region,
            "AWS::StackId": f"arn:aws:cloudformation:{region}:{account}:stack/{stack}/local",
            "AWS::StackName": stack,
            "AWS::URLSuffix": "amazonaws.com",
        }
        self._being_named: list[str] = []

    def resolve(self, value: Any) -> Any:
        """The value with every intrinsic function replaced. Raises TemplateError."""
        if isinstance(value, list):
            resolved = [self.resolve(element) for element in value]
            return [element for element in resolved if element is not _NO_VALUE]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            function, argument = next(iter(value.items()))
            if function == "Ref" or function.startswith("Fn::"):
                return self._apply(function, argument)
        members = {name: self.resolve(member) for name, member in value.items()}
        return {name: member for name, member in members.items() if member is not _NO_VALUE}

    def name(self, logical_id: str) -> str:
        """The physical name of a resource."""
        resource = self._resource(logical_id)
        naming = _NAMINGS.get(resource["Type"], _UNKNOWN)
        given = resource.get("Properties", {}).get(naming.name_property)
        if given is None:
            return self._default_name(logical_id, resource["Type"], naming.longest_name)
        if logical_id in self._being_named:
            circle = " -> ".join([*self._being_named, logical_id])
            raise TemplateError(f"names depend on each other in a circle: {circle}")
        self._being_named.append(logical_id)
        try:
            return str(self.resolve(given))
        finally:
            self._being_named.pop()

    def arn(self, logical_id: str) -> str:
        return self._attribute(logical_id, "Arn")

    def _apply(self, function: str, argument: Any) -> Any:
        if function == "Ref":
            return self._ref(argument)
        if function == "Fn::GetAtt":
            logical_id, attribute = (
                argument if isinstance(argument, list) else argument.split(".", 1)
            )
            return self._attribute(logical_id, attribute)
        if function == "Fn::Join":
            separator, parts = argument
            return separator.join(str(part) for part in self.resolve(parts))
        if function == "Fn::Sub":
            return self._substitute(argument)
        if function == "Fn::Select":
            index, choices = argument
            return self._select(int(self.resolve(index)), self.resolve(choices))
        if function == "Fn::Split":
            separator, text = argument
            return self.resolve(text).split(separator)
        if function == "Fn::ImportValue":
            raise TemplateError(f"Fn::ImportValue of {argument}: other stacks do not run here")
        raise TemplateError(f"{function} is not resolved on this machine")

    def _ref(self, target: str) -> object:
        if target in self._pseudo:
            return self._pseudo[target]
        if target in self._parameters:
            parameter = self._parameters[target]
            if "Default" not in parameter:
                raise TemplateError(f"the parameter {target} has no default")
            return parameter["Default"]
        if qualified := self._qualified(target):
            return qualified
        naming = _NAMINGS.get(self._resource(target)["Type"], _UNKNOWN)
        return self.arn(target) if naming.ref_is_arn else self.name(target)

    def _qualified(self, logical_id: str) -> str:
        """The ARN of a version or an alias; "" for any other resource."""
        resource = self._resource(logical_id)
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Lambda::Version":
            name = self.resolve(properties["FunctionName"])
            arn = _NAMINGS["AWS::Lambda::Function"].arn.format(**self._place, name=name)
            return f"{arn}:{self._deployment}"
        if resource["Type"] == "AWS::StepFunctions::StateMachineVersion":
            return f"{self.resolve(properties['StateMachineArn'])}:{self._deployment}"
        if resource["Type"] == "AWS::StepFunctions::StateMachineAlias":
            (route,) = self.resolve(properties["RoutingConfiguration"])
            machine = route["StateMachineVersionArn"].rpartition(":")[0]
            return f"{machine}:{self.resolve(properties['Name'])}"
        return ""

    def _attribute(self, logical_id: str, attribute: str) -> str:
        qualified = self._qualified(logical_id)
        if qualified and attribute == "Arn":
            return qualified
        resource_type = self._resource(logical_id)["Type"]
        if (resource_type, attribute) == ("AWS::Lambda::Url", "FunctionUrl"):
            properties = self.resolve(self._resource(logical_id)["Properties"])
            function = str(properties["TargetFunctionArn"]).rpartition(":")[2]
            return self._function_url(function, properties["AuthType"])
        naming = _NAMINGS.get(resource_type, _UNKNOWN)
        form = naming.arn if attribute == "Arn" else (naming.attributes or {}).get(attribute)
        if form is None:
            raise TemplateError(
                f"{logical_id}.{attribute}: {resource_type} has no such attribute on this machine"
            )
        return form.format(**self._place, name=self.name(logical_id))

    def _substitute(self, argument: Any) -> str:
        text, own = (argument, {}) if isinstance(argument, str) else argument
        own = self.resolve(own)

        def replacement(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"  # ${!x} is how Fn::Sub writes the text ${x}
            if name in own:
                return str(own[name])
            if "." in name:
                return self._attribute(*name.split(".", 1))
            return str(self._ref(name))

        return _SUBSTITUTION.sub(replacement, text)

    @staticmethod
    def _select(index: int, choices: list[Any]) -> Any:
        if not 0 <= index < len(choices):
            raise TemplateError(f"Fn::Select of element {index} of {len(choices)}")
        return choices[index]

    def _resource(self, logical_id: str) -> Mapping[str, Any]:
        if logical_id not in self._resources:
            raise TemplateError(f"the template has no resource {logical_id}")
        resource: Mapping[str, Any] = self._resources[logical_id]
        return resource

    def _default_name(self, logical_id: str, resource_type: str, longest: int) -> str:
        if resource_type == "AWS::SecretsManager::Secret":
            # CDK takes a generated secret's name from its ARN, and counts on this form of it.
            return f"{logical_id}-{_digest(self._stack)[:12]}"
        name = f"{self._stack}-{logical_id}"
        if resource_type == "AWS::S3::Bucket":
            name = re.sub(r"[^a-z0-9-]", "-", name.lower())
        return name if len(name) <= longest else f"{name[: longest - 9]}-{_digest(name)[:8]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
