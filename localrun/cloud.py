"""The AWS account of a local run: the synthesized template, made real on this machine.

Data plane: moto in process. Lambda: AWS's own runtime client in child processes. Step Functions:
localrun.engine. DynamoDB, EventBridge Scheduler, WorkMail: emulators. Nothing leaves the loopback
interface.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import boto3
from botocore.config import Config

from localrun.asked import Place
from localrun.engine.api import StepFunctionsApi
from localrun.engine.clock import Clock
from localrun.engine.engine import Engine
from localrun.engine.event_rules import EventRules
from localrun.engine.function_urls import FunctionUrls
from localrun.engine.lambda_host import Function, LambdaHost
from localrun.engine.metric_store import MetricStore, ServiceMetrics
from localrun.engine.template import FunctionResource, Template
from localrun.engine.timed_rules import TimedRules, read_timed_rules
from localrun.fakes.bucket_events import BucketEvents
from localrun.fakes.data_plane import DataPlane, create
from localrun.fakes.dynamodb import FakeDynamoDb
from localrun.fakes.scheduler import FakeScheduler
from localrun.model_service import ModelServer, ModelService
from localrun.rest_server import RestServer
from localrun.world import REGION, World

ACCOUNT = "123456789012"
_MACHINE = "state-machine"
"""The access key of the state machine."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the services listen, by the suffix of the AWS_ENDPOINT_URL variable."""

    other: str
    stepfunctions: str
    lambda_: str
    workmail: str
    scheduler: str
    dynamodb: str

    def variables(self) -> dict[str, str]:
        """The environment that makes the AWS CLI and boto3 talk to this account."""
        return {
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self.other,
            "AWS_ENDPOINT_URL_SFN": self.stepfunctions,
            **({"AWS_ENDPOINT_URL_LAMBDA": self.lambda_} if self.lambda_ else {}),
            "AWS_ENDPOINT_URL_WORKMAIL": self.workmail,
            "AWS_ENDPOINT_URL_SCHEDULER": self.scheduler,
            "AWS_ENDPOINT_URL_DYNAMODB": self.dynamodb,
        }

    def of(self, service: str) -> str:
        """The endpoint of a service by botocore's name."""
        named = {
            "stepfunctions": self.stepfunctions,
            "lambda": self.lambda_,
            "workmail": self.workmail,
            "scheduler": self.scheduler,
            "dynamodb": self.dynamodb,
        }
        return named.get(service, self.other)


class Cloud:
    """Deploys the template of `cdk_out` and runs its state machine. `guard` knows what the
    functions and the machine have done by their roles, and what they were refused."""

    def __init__(
        self,
        world: World,
        cdk_out: Path,
        stack: str,
        logs: Path,
        observers: tuple[Callable[[Any, Mapping[str, Any]], None], ...] = (),
    ) -> None:
        self._stack = ExitStack()
        self._clients: dict[tuple[str, str], Any] = {}
        self._resources: list[Any] = []
        self._session: Any = boto3.Session()  # Any: services are named at run time
        self._lock = threading.Lock()
        self.clock: Clock = world.clock
        self.measured = MetricStore()
        services = ServiceMetrics(self.measured, world.clock)
        invoke = services.count(lambda function, payload: self.lambdas.invoke(function, payload))
        self.urls = FunctionUrls(
            invoke,
            world.clock.now,
            ACCOUNT,
        )
        self._stack.callback(self.urls.close)
        self.template = Template.load(cdk_out, stack, REGION, ACCOUNT, self.urls.url)
        self.guard = guard = world.workmail_api.guard
        place = Place(REGION, ACCOUNT)
        plane = self._stack.enter_context(DataPlane(guard=guard, place=place))
        self.rules = EventRules(
            world.clock,
            self.template.event_rules(),
            invoke=invoke,
            start=self._start,
            region=REGION,
            account=ACCOUNT,
        )
        self.uploads = BucketEvents(self.rules.tell, world.clock.iso, REGION, ACCOUNT)
        timed = TimedRules(world.clock, read_timed_rules(self.template), invoke)
        self.engine = Engine(
            world.clock,
            invoke=invoke,
            client=self._client_of_the_machine,
            region=REGION,
            account=ACCOUNT,
            observers=(*observers, self.rules.observe, timed.observe, services.observe),
        )
        api = ModelService("stepfunctions", StepFunctionsApi(self.engine))
        server = self._stack.enter_context(ModelServer([api], guard=guard, place=place))
        self.scheduler = FakeScheduler(world.clock, self._start, REGION, ACCOUNT)
        schedules = self._stack.enter_context(
            RestServer(
                "scheduler", ModelService("scheduler", self.scheduler), guard=guard, place=place
            )
        )
        self.database = FakeDynamoDb(world.clock.now, REGION, ACCOUNT)
        database = self._stack.enter_context(
            ModelServer(
                [ModelService("dynamodb", self.database, keep_calls=False)],
                guard=guard,
                place=place,
            )
        )
        account = Endpoints(
            plane.url, server.url, "", world.workmail_api.url, schedules.url, database.url
        )
        self.lambdas = LambdaHost(account.variables(), logs, now=world.clock.iso)
        self._stack.callback(self.lambdas.close)
        self._stack.callback(timed.close)
        self.endpoints = replace(account, lambda_=self.lambdas.url)
        create(self.template, self.client)
        self._deploy_functions()
        self.state_machine_arn = self._create_machine()
        self.alias_arn = self._create_alias()
        timed.start()

    def client(self, service: str, signer: str = ACCOUNT) -> Any:
        """A boto3 client of this account, by botocore's name of the service."""
        with self._lock:
            if (service, signer) not in self._clients:
                self._clients[service, signer] = self._session.client(
                    service,
                    endpoint_url=self.endpoints.of(service),
                    region_name=REGION,
                    aws_access_key_id=signer,
                    aws_secret_access_key="local",
                    config=Config(
                        inject_host_prefix=False,
                        max_pool_connections=64,
                        retries={"total_max_attempts": 1},
                        s3={"addressing_style": "path"},
                    ),
                )
            return self._clients[service, signer]

    def _client_of_the_machine(self, service: str) -> Any:
        """For what the state machine does itself: its role decides."""
        return self.client(service, _MACHINE)

    def table(self, name: str) -> Any:
        """A DynamoDB table of this account, as boto3's resource."""
        resource = self._session.resource(
            "dynamodb",
            endpoint_url=self.endpoints.dynamodb,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="local",
        )
        with self._lock:
            self._resources.append(resource)
        return resource.Table(name)

    def output(self, name: str) -> str:
        """A stack output."""
        return str(self.template.outputs()[name])

    def deploy_again(self, template: Template) -> None:
        """What an update of the stack does to functions and workflow, while executions run:
        `template` is the next deployment's, and changes nothing else."""
        for function in template.functions():
            self.lambdas.update(_deployed(function))
            self.lambdas.publish(function.name)
        (machine,) = template.state_machines()
        self.deploy_workflow(machine.definition)

    def deploy_workflow(self, definition: Mapping[str, Any]) -> None:
        """Another definition for executions that begin after it, published under the alias."""
        workflow = self.client("stepfunctions")
        workflow.update_state_machine(
            stateMachineArn=self.state_machine_arn, definition=json.dumps(definition)
        )
        workflow.update_state_machine_alias(
            stateMachineAliasArn=self.alias_arn, routingConfiguration=self._publish()
        )

    def _start(self, machine: str, state_input: Any) -> None:
        """What EventBridge and its scheduler do."""
        self.engine.start(machine, state_input=state_input)

    def _deploy_functions(self) -> None:
        """Each function has an access key of its own, as it has a role of its own in AWS: what its
        policies do not allow is refused."""
        for name, statements in self.template.rights().items():
            self.guard.restrict(name, statements)
        for function in self.template.functions():
            self.lambdas.add(_deployed(function))
            self.lambdas.publish(function.name)

    def _create_machine(self) -> str:
        (machine,) = self.template.state_machines()
        role = machine.role_arn.rpartition("/")[2]
        self.guard.restrict(_MACHINE, self.template.policies().get(role, ()))
        made = self.client("stepfunctions").create_state_machine(
            name=machine.name, definition=json.dumps(machine.definition), roleArn=machine.role_arn
        )
        return str(made["stateMachineArn"])

    def _create_alias(self) -> str:
        ((_, alias),) = self.template.resources("AWS::StepFunctions::StateMachineAlias")
        made = self.client("stepfunctions").create_state_machine_alias(
            name=alias["Name"], routingConfiguration=self._publish()
        )
        return str(made["stateMachineAliasArn"])

    def _publish(self) -> list[dict[str, Any]]:
        """The route to the version that the workflow has now."""
        version = self.client("stepfunctions").publish_state_machine_version(
            stateMachineArn=self.state_machine_arn
        )
        return [{"stateMachineVersionArn": version["stateMachineVersionArn"], "weight": 100}]

    def close(self) -> None:
        """Ends the children and the servers, and then what was connected with them; may be called
        twice."""
        self._stack.close()
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()
            for resource in self._resources:
                resource.meta.client.close()
            self._resources.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _deployed(function: FunctionResource) -> Function:
    return Function(
        name=function.name,
        arn=function.arn,
        code=function.code,
        handler=function.handler,
        timeout=function.timeout,
        memory=function.memory,
        environment={**function.environment, "AWS_ACCESS_KEY_ID": function.name},
        reserved=function.reserved,
    )
