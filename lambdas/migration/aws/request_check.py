"""Checks a request against its botocore model before it is sent.

botocore itself checks types, required members and minima; patterns, maxima and enumerations are
left to the service, which answers without saying which value it means. Problems name the member
and the rule, never the value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from botocore.model import ListShape, OperationModel, Shape, StringShape, StructureShape


def find_problems(operation: OperationModel, parameters: Mapping[str, object]) -> list[str]:
    """What in the parameters breaks the operation's input shape."""
    shape = operation.input_shape
    return [] if shape is None else list(_check("", shape, parameters))


def _check(path: str, shape: Shape, value: object) -> Iterator[str]:
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        for name, member in value.items():
            if name in shape.members:
                yield from _check(f"{path}.{name}".lstrip("."), shape.members[name], member)
    elif isinstance(shape, ListShape) and isinstance(value, list):
        if len(value) > shape.metadata.get("max", len(value)):
            yield f"{path} has {len(value)} entries, and {shape.metadata['max']} are the most"
        for number, entry in enumerate(value):
            yield from _check(f"{path}[{number}]", shape.member, entry)
    elif isinstance(shape, StringShape) and isinstance(value, str):
        yield from _check_text(path, shape, value)


def _check_text(path: str, shape: StringShape, value: str) -> Iterator[str]:
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", len(value))
    if not least <= len(value) <= most:
        yield f"{path} has {len(value)} characters, and must have {least} to {most}"
    pattern = shape.metadata.get("pattern")
    # The model's patterns are Java's, where \w is ASCII. The service matches the whole value.
    if pattern and not re.fullmatch(pattern, value, re.ASCII):
        yield f"{path} does not match {pattern}"
    if shape.enum and value not in shape.enum:
        yield f"{path} is none of {', '.join(shape.enum)}"
