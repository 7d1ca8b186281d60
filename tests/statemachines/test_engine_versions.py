"""Versions and aliases of state machines, as boto3 sees them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.statemachines.player import REAL_SECONDS, ROLE, Player, machine

MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:m"


def saying(word: str, seconds: int = 0) -> str:
    """A definition whose executions wait, and end with the word."""
    wait = {"Type": "Wait", "Seconds": seconds, "Next": "Say"}
    say = {"Type": "Pass", "Output": word, "End": True}
    return json.dumps(machine({"Wait": wait, "Say": say} if seconds else {"Say": say}))


def deploy(sfn: Any, definition: str) -> str:
    """The next version of the machine, to which the alias leads; the version's ARN."""
    if not sfn.list_state_machines()["stateMachines"]:
        sfn.create_state_machine(name="m", definition=definition, roleArn=ROLE)
    else:
        sfn.update_state_machine(stateMachineArn=MACHINE, definition=definition)
    version = sfn.publish_state_machine_version(stateMachineArn=MACHINE)["stateMachineVersionArn"]
    route = [{"stateMachineVersionArn": version, "weight": 100}]
    if sfn.list_state_machine_aliases(stateMachineArn=MACHINE)["stateMachineAliases"]:
        alias = f"{MACHINE}:live"
        sfn.update_state_machine_alias(stateMachineAliasArn=alias, routingConfiguration=route)
    else:
        sfn.create_state_machine_alias(name="live", routingConfiguration=route)
    return str(version)


def end(sfn: Any, player: Player, arn: str) -> Any:
    assert player.engine.executions[arn].ended.wait(REAL_SECONDS)
    return sfn.describe_execution(executionArn=arn)


def test_an_alias_starts_the_version_to_which_it_leads(sfn: Any, player: Player) -> None:
    version = deploy(sfn, saying("one"))
    assert version == f"{MACHINE}:1"
    started = sfn.start_execution(stateMachineArn=f"{MACHINE}:live", name="run")
    assert started["executionArn"] == MACHINE.replace(":stateMachine:", ":execution:") + ":run"
    ended = end(sfn, player, started["executionArn"])
    assert ended["output"] == '"one"'
    assert ended["stateMachineArn"] == MACHINE
    assert ended["stateMachineVersionArn"] == version
    assert ended["stateMachineAliasArn"] == f"{MACHINE}:live"
    (listed,) = sfn.list_executions(stateMachineArn=f"{MACHINE}:live")["executions"]
    assert listed["stateMachineAliasArn"] == f"{MACHINE}:live"
    assert len(sfn.list_executions(stateMachineArn=version)["executions"]) == 1
    assert len(sfn.list_executions(stateMachineArn=MACHINE)["executions"]) == 1


def test_a_deployment_does_not_change_what_runs(sfn: Any, player: Player) -> None:
    deploy(sfn, saying("one", seconds=10))
    player.engine.clock.enter()  # time stands still until the second deployment is done
    before = sfn.start_execution(stateMachineArn=f"{MACHINE}:live")["executionArn"]
    deploy(sfn, saying("two"))
    player.engine.clock.leave()
    after = sfn.start_execution(stateMachineArn=f"{MACHINE}:live")["executionArn"]
    first, second = end(sfn, player, before), end(sfn, player, after)
    assert (first["output"], first["stateMachineVersionArn"]) == ('"one"', f"{MACHINE}:1")
    assert (second["output"], second["stateMachineVersionArn"]) == ('"two"', f"{MACHINE}:2")


def test_a_version_can_be_started_itself_and_the_machine_without_one(
    sfn: Any, player: Player
) -> None:
    first = deploy(sfn, saying("one"))
    deploy(sfn, saying("two"))
    old = end(sfn, player, sfn.start_execution(stateMachineArn=first)["executionArn"])
    assert (old["output"], old["stateMachineVersionArn"]) == ('"one"', first)
    assert "stateMachineAliasArn" not in old
    bare = end(sfn, player, sfn.start_execution(stateMachineArn=MACHINE)["executionArn"])
    assert bare["output"] == '"two"'
    assert "stateMachineVersionArn" not in bare


def test_versions_and_aliases_are_described_and_listed(sfn: Any) -> None:
    first, second = deploy(sfn, saying("one")), deploy(sfn, saying("two"))
    versions = sfn.list_state_machine_versions(stateMachineArn=MACHINE)["stateMachineVersions"]
    assert [each["stateMachineVersionArn"] for each in versions] == [second, first]
    described = sfn.describe_state_machine(stateMachineArn=first)
    assert described["stateMachineArn"] == first
    assert '"one"' in described["definition"]
    alias = sfn.describe_state_machine_alias(stateMachineAliasArn=f"{MACHINE}:live")
    assert alias["routingConfiguration"] == [{"stateMachineVersionArn": second, "weight": 100}]
    listed = sfn.list_state_machine_aliases(stateMachineArn=second)["stateMachineAliases"]
    assert [each["stateMachineAliasArn"] for each in listed] == [f"{MACHINE}:live"]
    assert sfn.list_state_machine_aliases(stateMachineArn=first)["stateMachineAliases"] == []


def test_publishing_what_has_not_changed_gives_the_same_version(sfn: Any) -> None:
    version = deploy(sfn, saying("one"))
    again = sfn.publish_state_machine_version(stateMachineArn=MACHINE)
    assert again["stateMachineVersionArn"] == version


def test_what_is_not_there_is_refused(sfn: Any) -> None:
    deploy(sfn, saying("one"))
    errors = sfn.exceptions
    with pytest.raises(errors.StateMachineDoesNotExist):
        sfn.start_execution(stateMachineArn=f"{MACHINE}:dead")
    with pytest.raises(errors.StateMachineDoesNotExist):
        sfn.publish_state_machine_version(stateMachineArn=f"{MACHINE}x")
    with pytest.raises(errors.ResourceNotFound):
        sfn.describe_state_machine_alias(stateMachineAliasArn=f"{MACHINE}:dead")
    route = [{"stateMachineVersionArn": f"{MACHINE}:9", "weight": 100}]
    with pytest.raises(errors.ResourceNotFound):
        sfn.create_state_machine_alias(name="next", routingConfiguration=route)
    route = [{"stateMachineVersionArn": f"{MACHINE}:1", "weight": 100}]
    with pytest.raises(errors.ConflictException):
        sfn.create_state_machine_alias(name="live", routingConfiguration=route)
    with pytest.raises(errors.InvalidDefinition):
        sfn.update_state_machine(stateMachineArn=MACHINE, definition="{}")
