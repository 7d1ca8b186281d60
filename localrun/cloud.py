"""The AWS account of a local run: the synthesized template, made real on this machine.

Data plane: moto in process. Lambda: AWS's own runtime client in child processes. Step Functions:
localrun.engine. DynamoDB, EventBridge Scheduler, WorkMail: emulators. Nothing leaves the loopback
interface.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import boto3
from botocore.config import Config

from localrun.engine.api import StepFunctionsApi
from localrun.engine.clock import Clock
from localrun.engine.engine import Engine
from localrun.engine.event_rules import EventRules
from localrun.engine.function_urls import FunctionUrls
from localrun.engine.lambda_host import Function, LambdaHost
from localrun.engine.template import Template
from localrun.fakes.data_plane import DataPlane, create
from localrun.fakes.dynamodb import FakeDynamoDb
from localrun.fakes.scheduler import FakeScheduler
from localrun.model_service import ModelServer, ModelService
from localrun.rest_server import RestServer
from localrun.world import REGION, World

ACCOUNT = "123456789012"


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
    """Deploys the template of `cdk_out` and runs its state machine."""

    def __init__(
        self,
        world: World,
        cdk_out: Path,
        stack: str,
        logs: Path,
        observers: tuple[Callable[[Any, Mapping[str, Any]], None], ...] = (),
    ) -> None:
        self._stack = ExitStack()
        self._clients: dict[str, Any] = {}
        self._session: Any = boto3.Session()  # Any: services are named at run time
        self._lock = threading.Lock()
        self.clock: Clock = world.clock
        self.urls = FunctionUrls(
            lambda function, payload: self.lambdas.invoke(function, payload),
            world.clock.now,
            ACCOUNT,
        )
        self._stack.callback(self.urls.close)
        self.template = Template.load(cdk_out, stack, REGION, ACCOUNT, self.urls.url)
        plane = self._stack.enter_context(DataPlane())
        self.rules = EventRules(
            world.clock,
            self.template.event_rules(),
            invoke=lambda function, payload: self.lambdas.invoke(function, payload),
            region=REGION,
            account=ACCOUNT,
        )
        self.engine = Engine(
            world.clock,
            invoke=lambda function, payload: self.lambdas.invoke(function, payload),
            client=self.client,
            region=REGION,
            account=ACCOUNT,
            observers=(*observers, self.rules.observe),
        )
        api = ModelService("stepfunctions", StepFunctionsApi(self.engine))
        server = self._stack.enter_context(ModelServer([api]))
        self.scheduler = FakeScheduler(world.clock, self._start_late, REGION, ACCOUNT)
        schedules = self._stack.enter_context(
            RestServer("scheduler", ModelService("scheduler", self.scheduler))
        )
        self.database = FakeDynamoDb(world.clock.now, REGION, ACCOUNT)
        database = self._stack.enter_context(
            ModelServer([ModelService("dynamodb", self.database, keep_calls=False)])
        )
        account = Endpoints(
            plane.url, server.url, "", world.workmail_api.url, schedules.url, database.url
        )
        self.lambdas = LambdaHost(account.variables(), logs, now=world.clock.iso)
        self._stack.callback(self.lambdas.close)
        self.endpoints = replace(account, lambda_=self.lambdas.url)
        create(self.template, self.client)
        self._deploy_functions((world.workmail_api, server))
        self.state_machine_arn = self._deploy_machine()

    def client(self, service: str) -> Any:
        """A boto3 client of this account, by botocore's name of the service."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._session.client(
                    service,
                    endpoint_url=self.endpoints.of(service),
                    region_name=REGION,
                    aws_access_key_id=ACCOUNT,
                    aws_secret_access_key="local",
                    config=Config(
                        inject_host_prefix=False,
                        max_pool_connections=64,
                        retries={"total_max_attempts": 1},
                        s3={"addressing_style": "path"},
                    ),
                )
            return self._clients[service]

    def table(self, name: str) -> Any:
        """A DynamoDB table of this account, as boto3's resource."""
        return self._session.resource(
            "dynamodb",
            endpoint_url=self.endpoints.dynamodb,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="local",
        ).Table(name)

    def output(self, name: str) -> str:
        """A stack output."""
        return str(self.template.outputs()[name])

    def _start_late(self, machine: str, state_input: Any) -> None:
        """What EventBridge Scheduler does when a time has come."""
        self.engine.start(machine, state_input=state_input)

    def _deploy_functions(self, servers: Iterable[ModelServer]) -> None:
        """Each function has an access key of its own, as it has a role of its own in AWS: WorkMail
        and Step Functions refuse what its policies do not allow."""
        for name, actions in self.template.rights().items():
            for server in servers:
                server.restrict(name, actions)
        for function in self.template.functions():
            self.lambdas.add(
                Function(
                    name=function.name,
                    arn=function.arn,
                    code=function.code,
                    handler=function.handler,
                    timeout=function.timeout,
                    memory=function.memory,
                    environment={**function.environment, "AWS_ACCESS_KEY_ID": function.name},
                    reserved=function.reserved,
                )
            )

    def _deploy_machine(self) -> str:
        (machine,) = self.template.state_machines()
        made = self.client("stepfunctions").create_state_machine(
            name=machine.name, definition=json.dumps(machine.definition), roleArn=machine.role_arn
        )
        return str(made["stateMachineArn"])

    def close(self) -> None:
        """Ends the children and the servers; may be called twice."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
