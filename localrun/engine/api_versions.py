"""The operations of the Step Functions API on versions and aliases; see api.py."""

from collections.abc import Iterable, Mapping
from typing import Any

from localrun.engine.api_records import moment
from localrun.engine.engine import Engine
from localrun.engine.machines import InvalidNameError, MachineMissingError, require_name
from localrun.engine.versions import Alias
from localrun.model_service import ApiError

Answer = dict[str, Any]


class VersionsApi:
    """One method per operation. An alias leads to one version: two routes are refused. Lists have
    one page."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def publish_state_machine_version(
        self, state_machine_arn: str, description: str = ""
    ) -> Answer:
        machine = self._engine.machines.get(state_machine_arn)
        if machine is None:
            raise _missing_machine(state_machine_arn)
        version = self._engine.versions.publish(machine, description)
        return {"stateMachineVersionArn": version.arn, "creationDate": moment(version.created)}

    def list_state_machine_versions(self, state_machine_arn: str) -> Answer:
        return {
            "stateMachineVersions": [
                {"stateMachineVersionArn": each.arn, "creationDate": moment(each.created)}
                for each in self._engine.versions.of(state_machine_arn)
            ]
        }

    def create_state_machine_alias(
        self, name: str, routing_configuration: Iterable[Mapping[str, Any]], description: str = ""
    ) -> Answer:
        try:
            require_name(name)
        except InvalidNameError as reason:
            raise ApiError("InvalidName", str(reason)) from reason
        version = self._only_route(routing_configuration)
        arn = f"{version.rpartition(':')[0]}:{name}"
        if arn in self._engine.versions.aliases:
            raise ApiError("ConflictException", f"Alias already exists: '{arn}'")
        alias = self._engine.versions.point(name, version, description)
        return {"stateMachineAliasArn": alias.arn, "creationDate": moment(alias.created)}

    def update_state_machine_alias(
        self,
        state_machine_alias_arn: str,
        description: str | None = None,
        routing_configuration: Iterable[Mapping[str, Any]] = (),
    ) -> Answer:
        alias = self._alias(state_machine_alias_arn)
        routes = list(routing_configuration)
        version = self._only_route(routes) if routes else alias.version
        updated = self._engine.versions.point(alias.name, version, description)
        return {"updateDate": moment(updated.updated)}

    def describe_state_machine_alias(self, state_machine_alias_arn: str) -> Answer:
        alias = self._alias(state_machine_alias_arn)
        return {
            "stateMachineAliasArn": alias.arn,
            "name": alias.name,
            "description": alias.description,
            "routingConfiguration": [{"stateMachineVersionArn": alias.version, "weight": 100}],
            "creationDate": moment(alias.created),
            "updateDate": moment(alias.updated),
        }

    def list_state_machine_aliases(self, state_machine_arn: str) -> Answer:
        try:
            self._engine.find_machine(state_machine_arn)
        except MachineMissingError as reason:
            raise _missing_machine(state_machine_arn) from reason
        return {
            "stateMachineAliases": [
                {"stateMachineAliasArn": each.arn, "creationDate": moment(each.created)}
                for each in self._engine.versions.aliases_of(state_machine_arn)
            ]
        }

    def _alias(self, arn: str) -> Alias:
        alias = self._engine.versions.aliases.get(arn)
        if alias is None:
            raise ApiError("ResourceNotFound", f"Resource not found: '{arn}'")
        return alias

    def _only_route(self, routes: Iterable[Mapping[str, Any]]) -> str:
        found = [route["stateMachineVersionArn"] for route in routes]
        if len(found) != 1:
            raise ApiError("NotImplementedLocally", "an alias leads to one version here")
        if found[0] not in self._engine.versions.machines:
            raise ApiError("ResourceNotFound", f"Resource not found: '{found[0]}'")
        return str(found[0])


def _missing_machine(arn: str) -> ApiError:
    return ApiError("StateMachineDoesNotExist", str(MachineMissingError(arn)))
