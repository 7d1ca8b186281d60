"""The state machine of a definition file, and the alias by which it is started.

CDK derives nothing from such a file: the substitutions are computed from the functions, and every
right is given here. The definition itself carries TimeoutSeconds; CDK would ignore it here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.errors import SynthError
from stacks.functions import state_name
from stacks.keys import of_executions, of_log_delivery
from stacks.starting import ALIAS

_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
# keys of the bucket: the waves, and what the Distributed Maps write
_WAVES = "plans/*"
_RESULTS = "runs/*"
_KEY_REUSE = 900  # seconds; the longest, as each mailbox's execution has data keys of its own


class SubstitutionsError(SynthError):
    """The definition and the functions do not fit together."""


class Machine(Construct):
    """`machine`: a STANDARD state machine that calls `functions` (by handler) and whose
    Distributed Maps read below plans/ and write below runs/ in `bucket`. Its definition and the
    data of its executions are encrypted with `key`: the console shows them to who may use that.
    `alias` leads to its version of this deployment.

    The definition names versions of functions. So an execution keeps what it began with, the
    definition by Step Functions' own rule, the code by this one, whatever is deployed meanwhile;
    and the versions stay, because nobody knows how long an execution takes."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        definition: Path,
        functions: Mapping[str, lambda_.Function],
        bucket: s3.Bucket,
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, construct_id)
        substitutions = {
            f"{state_name(handler)}Arn": function.current_version.function_arn
            for handler, function in functions.items()
        }
        substitutions["BucketName"] = bucket.bucket_name
        check_substitutions(definition, substitutions)
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_name=name,
            state_machine_type=sfn.StateMachineType.STANDARD,
            definition_body=sfn.DefinitionBody.from_file(str(definition)),
            definition_substitutions=substitutions,
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=logs.LogGroup(
                    self,
                    "Logs",
                    # names below vendedlogs do not fill up the account's log resource policy
                    log_group_name=f"/aws/vendedlogs/states/{name}",
                    retention=logs.RetentionDays.ONE_MONTH,
                    removal_policy=cdk.RemovalPolicy.DESTROY,
                    encryption_key=key,
                ),
                level=sfn.LogLevel.ALL,
                include_execution_data=False,
            ),
        )
        self._encrypt(name, key)
        self._grant(name, functions.values(), bucket)
        self.alias = self._publish()

    def _publish(self) -> sfn.CfnStateMachineAlias:
        machine = cast(sfn.CfnStateMachine, self.machine.node.default_child)
        # A version is replaced by another when its revision changes, which it does with each update
        # of the machine: CloudFormation sees that by this property alone.
        version = sfn.CfnStateMachineVersion(
            self,
            "Version",
            state_machine_arn=self.machine.state_machine_arn,
            state_machine_revision_id=machine.attr_state_machine_revision_id,
        )
        version.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        route = sfn.CfnStateMachineAlias.RoutingConfigurationVersionProperty(
            state_machine_version_arn=version.attr_arn, weight=100
        )
        return sfn.CfnStateMachineAlias(
            self,
            "Alias",
            name=ALIAS,
            description="The version deployed last; what is to run is started by this",
            routing_configuration=[route],
        )

    def _encrypt(self, name: str, key: kms.IKey) -> None:
        """The library's own way lets every log delivery of the account decrypt with the key. And
        its role must have no condition on the service: Step Functions asks as the role itself."""
        resource = self.machine.node.default_child
        assert isinstance(resource, sfn.CfnStateMachine)
        resource.encryption_configuration = sfn.CfnStateMachine.EncryptionConfigurationProperty(
            type="CUSTOMER_MANAGED_KMS_KEY",
            kms_key_id=key.key_arn,
            kms_data_key_reuse_period_seconds=_KEY_REUSE,
        )
        stack = cdk.Stack.of(self)
        for actions, conditions in (
            (("Decrypt", "GenerateDataKey"), of_executions(stack, name)),
            (("GenerateDataKey",), of_log_delivery(stack)),
        ):
            self.machine.add_to_role_policy(
                iam.PolicyStatement(
                    actions=[f"kms:{action}" for action in actions],
                    resources=[key.key_arn],
                    conditions=conditions,
                )
            )

    def _grant(self, name: str, functions: Iterable[lambda_.Function], bucket: s3.Bucket) -> None:
        waves, results = bucket.arn_for_objects(_WAVES), bucket.arn_for_objects(_RESULTS)
        # Children of a Map are called execution:<name>/<label>:<id>. The machine's own ARN is put
        # together from its name, because a reference from its role would be a circle.
        executions = [self._arn("execution", f"{name}:*"), self._arn("execution", f"{name}/*")]
        writing = ("GetObject", "PutObject", "ListMultipartUploadParts", "AbortMultipartUpload")
        statements = [
            # of all versions: older ones are called by executions that began with them
            ("lambda", ("InvokeFunction",), [f"{each.function_arn}:*" for each in functions]),
            ("states", ("StartExecution",), [self._arn("stateMachine", name)]),
            (
                "states",
                ("DescribeExecution", "StopExecution", "RedriveExecution"),
                executions,
            ),
            ("s3", ("GetObject", "GetObjectVersion"), [waves]),
            ("s3", writing, [results]),
        ]
        for service, actions, resources in statements:
            self.machine.add_to_role_policy(
                iam.PolicyStatement(
                    actions=[f"{service}:{action}" for action in actions], resources=resources
                )
            )

    def _arn(self, resource: str, name: str) -> str:
        return cdk.Stack.of(self).format_arn(
            service="states",
            resource=resource,
            resource_name=name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )


def check_substitutions(definition: Path, given: Mapping[str, str]) -> None:
    """SubstitutionsError names every `${X}` that nobody gives, and everything given in vain: the
    former would be deployed as it stands, the latter is a function that no state calls."""
    wanted = set(_PLACEHOLDER.findall(definition.read_text("utf-8")))
    problems = [
        f"{definition.name}: nothing to put in for ${{{name}}}" for name in wanted - set(given)
    ]
    problems += [f"{definition.name}: ${{{name}}} is not used" for name in set(given) - wanted]
    if problems:
        raise SubstitutionsError("\n".join(sorted(problems)))
