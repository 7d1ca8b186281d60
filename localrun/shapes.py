"""Values of the AWS JSON protocol, checked against a botocore shape.

`decode` reads what a client sent, `encode` writes what a service answers. Both hold a value
strictly to its shape: required and unknown members, types, min and max, enum, pattern (the whole
string must match). AWS ignores unknown members; a fake that did so would hide typing errors.

Both return the converted value and the list of problems; the value is of use only when that list
is empty. Timestamps travel as seconds since the epoch and are aware datetimes in Python, blobs
travel as base64 and are bytes. A null member counts as absent, as AWS does.
The protocol: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
"""

import base64
import binascii
import datetime
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from botocore.model import ListShape, MapShape, Shape, StructureShape

_SHOWN_CHARACTERS = 120


def decode(shape: Shape, value: object) -> tuple[Any, list[str]]:
    """The Python value of a parsed JSON value, and what is wrong with it."""
    return _walk(_Decoder(), shape, value)


def encode(shape: Shape, value: object) -> tuple[Any, list[str]]:
    """The JSON value of a Python value, and what is wrong with it."""
    return _walk(_Encoder(), shape, value)


def _walk(walker: "_Walker", shape: Shape, value: object) -> tuple[Any, list[str]]:
    converted = walker.convert(shape, value, "")
    return converted, walker.problems


class _Walker:
    """Converts one value; collects problems in the words AWS uses for them."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def convert(self, shape: Shape, value: object, path: str) -> Any:
        kind = shape.type_name
        if kind == "structure":
            return self._structure(cast(StructureShape, shape), value, path)
        if kind == "list":
            return self._list(cast(ListShape, shape), value, path)
        if kind == "map":
            return self._map(cast(MapShape, shape), value, path)
        if kind in {"string", "character"}:
            return self._string(shape, value, path)
        if kind == "boolean":
            return value if isinstance(value, bool) else self._refuse(shape, value, path, "boolean")
        if kind == "timestamp":
            return self._timestamp(shape, value, path)
        if kind == "blob":
            return self._blob(shape, value, path)
        return self._number(shape, value, path)

    def _structure(self, shape: StructureShape, value: object, path: str) -> Any:
        if not isinstance(value, Mapping):
            return self._refuse(shape, value, path, "structure")
        present = {name: member for name, member in value.items() if member is not None}
        for name in shape.required_members:
            if name not in present:
                self._fail(shape, None, _join(path, name), "Member must not be null")
        if shape.is_tagged_union and len(present) != 1:
            self._fail(shape, value, path, "Exactly one member of the union must be set")
        converted = {}
        for name, member in present.items():
            if name in shape.members:
                converted[name] = self.convert(shape.members[name], member, _join(path, name))
            else:
                self.problems.append(f"Unknown member '{_join(path, str(name))}'")
        return converted

    def _list(self, shape: ListShape, value: object, path: str) -> Any:
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            return self._refuse(shape, value, path, "list")
        self._check_length(shape, value, len(value), path)
        return [
            self.convert(shape.member, element, f"{path}.{position}.member")
            for position, element in enumerate(value, start=1)
        ]

    def _map(self, shape: MapShape, value: object, path: str) -> Any:
        if not isinstance(value, Mapping):
            return self._refuse(shape, value, path, "map")
        self._check_length(shape, value, len(value), path)
        return {
            self.convert(shape.key, name, f"{path}.key"): self.convert(
                shape.value, member, f"{path}.{name}"
            )
            for name, member in value.items()
        }

    def _string(self, shape: Shape, value: object, path: str) -> Any:
        if not isinstance(value, str):
            return self._refuse(shape, value, path, "string")
        limits = shape.metadata
        self._check_length(shape, value, len(value), path)
        if (allowed := limits.get("enum")) and value not in allowed:
            self._fail(
                shape, value, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]"
            )
        if (pattern := limits.get("pattern")) and not re.fullmatch(pattern, value):
            self._fail(
                shape, value, path, f"Member must satisfy regular expression pattern: {pattern}"
            )
        return value

    def _number(self, shape: Shape, value: object, path: str) -> Any:
        whole = shape.type_name in {"integer", "long"}
        allowed = (int,) if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, allowed):
            return self._refuse(shape, value, path, shape.type_name)
        limits = shape.metadata
        if "min" in limits and value < limits["min"]:
            least = limits["min"]
            self._fail(
                shape, value, path, f"Member must have value greater than or equal to {least}"
            )
        if "max" in limits and value > limits["max"]:
            most = limits["max"]
            self._fail(shape, value, path, f"Member must have value less than or equal to {most}")
        return value

    def _check_length(self, shape: Shape, value: object, length: int, path: str) -> None:
        limits = shape.metadata
        if "min" in limits and length < limits["min"]:
            least = limits["min"]
            self._fail(
                shape, value, path, f"Member must have length greater than or equal to {least}"
            )
        if "max" in limits and length > limits["max"]:
            most = limits["max"]
            self._fail(shape, value, path, f"Member must have length less than or equal to {most}")

    def _timestamp(self, shape: Shape, value: object, path: str) -> Any:
        raise NotImplementedError

    def _blob(self, shape: Shape, value: object, path: str) -> Any:
        raise NotImplementedError

    def _refuse(self, shape: Shape, value: object, path: str, expected: str) -> None:
        self._fail(shape, value, path, f"Member must be of type {expected}")

    def _fail(self, shape: Shape, value: object, path: str, constraint: str) -> None:
        # What the model calls sensitive (passwords, names) is not repeated, as AWS does not.
        secret = shape.metadata.get("sensitive", False)
        shown = "" if secret else f" {json.dumps(value, default=str)[:_SHOWN_CHARACTERS]}"
        self.problems.append(f"Value{shown} at '{path}' failed to satisfy constraint: {constraint}")


class _Decoder(_Walker):
    def _timestamp(self, shape: Shape, value: object, path: str) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self._refuse(shape, value, path, "timestamp")
        return datetime.datetime.fromtimestamp(value, datetime.UTC)

    def _blob(self, shape: Shape, value: object, path: str) -> Any:
        try:
            data = base64.b64decode(value, validate=True) if isinstance(value, str) else None
        except binascii.Error:
            data = None
        if data is None:
            return self._refuse(shape, value, path, "blob")
        self._check_length(shape, value, len(data), path)
        return data


class _Encoder(_Walker):
    def _check_length(self, shape: Shape, value: object, length: int, path: str) -> None:
        # DynamoDB itself answers `"UnprocessedItems": {}`, where its model wants one entry.
        if shape.type_name != "map" or length:
            super()._check_length(shape, value, length, path)

    def _timestamp(self, shape: Shape, value: object, path: str) -> Any:
        if not isinstance(value, datetime.datetime) or value.tzinfo is None:
            return self._refuse(shape, value, path, "timestamp")
        return round(value.timestamp(), 3)

    def _blob(self, shape: Shape, value: object, path: str) -> Any:
        if not isinstance(value, bytes):
            return self._refuse(shape, value, path, "blob")
        self._check_length(shape, value, len(value), path)
        return base64.b64encode(value).decode("ascii")


def _join(path: str, member: str) -> str:
    """AWS writes member names with a small first letter in these messages."""
    name = member[:1].lower() + member[1:]
    return f"{path}.{name}" if path else name
