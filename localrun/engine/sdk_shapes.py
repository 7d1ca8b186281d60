"""Arguments and answers of AWS APIs between Step Functions' spelling and boto3's."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias

from localrun.engine.payload import Json, dumps

Spell: TypeAlias = Callable[[str], str]
"""How an integration spells the name of a member."""


class UnknownMemberError(Exception):
    """The API has no such argument."""


def to_boto(value: Json, shape: Any, spell: Spell) -> Any:
    """What boto3 takes for the shape. JSON given where text or bytes belong becomes its text."""
    if shape is None:
        return {}
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        return _structure_to_boto(value, shape, spell)
    if kind == "list" and isinstance(value, list):
        return [to_boto(one, shape.member, spell) for one in value]
    if kind == "map" and isinstance(value, dict):
        return {key: to_boto(one, shape.value, spell) for key, one in value.items()}
    if kind == "string" and not isinstance(value, str):
        return dumps(value)
    if kind == "blob":
        return (value if isinstance(value, str) else dumps(value)).encode()
    return value


def _structure_to_boto(value: dict[str, Json], shape: Any, spell: Spell) -> dict[str, Any]:
    members = {spell(name): name for name in shape.members}
    converted = {}
    for key, inner in value.items():
        if key not in members:
            raise UnknownMemberError(f"The field '{key}' is not supported by Step Functions.")
        name = members[key]
        converted[name] = to_boto(inner, shape.members[name], spell)
    return converted


def from_boto(value: Any, shape: Any, spell: Spell) -> Json:
    """The JSON of an answer: bodies and bytes as text, times in ISO 8601."""
    if hasattr(value, "read"):
        return value.read().decode()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, list):
        return [from_boto(one, shape.member, spell) for one in value]
    if isinstance(value, dict) and shape.type_name == "map":
        return {key: from_boto(one, shape.value, spell) for key, one in value.items()}
    if isinstance(value, dict):
        return {
            spell(name): from_boto(one, shape.members[name], spell) for name, one in value.items()
        }
    return value
