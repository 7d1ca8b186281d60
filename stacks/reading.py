"""Reads nested frozen dataclasses from YAML, with every fault at once (see checks.py)."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Hashable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from stacks.checks import Check
from stacks.errors import SynthError

Record = TypeVar("Record")

_SHOWN = 80  # characters of a value in a complaint
_TYPE_NAMES: Mapping[type, str] = {
    str: "a text",
    int: "a whole number",
    bool: "true or false",
}


class ConfigError(SynthError):
    """A tenant file cannot be used. `problems` are sentences that begin with the key's path."""

    def __init__(self, source: str, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n  ".join([f"{source} cannot be used:", *problems]))


def read_yaml(path: Path) -> object:
    """The file's content. ConfigError if it cannot be read, is no YAML, or has a key twice."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), [f"it cannot be read ({type(error).__name__})"]) from None
    try:
        return parse_yaml(text)
    except ValueError as error:
        raise ConfigError(str(path), [f"it is no valid YAML: {error}"]) from None


def parse_yaml(text: str) -> object:
    """What the text says; days stay texts. ValueError if it is no YAML, or has a key twice."""
    try:
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


class _StrictLoader(yaml.SafeLoader):
    """YAML allows a key twice and keeps the last, which hides a mistake."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            where = key_node.start_mark
            if not isinstance(key, Hashable):
                raise yaml.constructor.ConstructorError(None, None, "this cannot be a key", where)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands there twice", where
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


# A day that the calendar has not would end the reading, before the other faults are found.
_StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if not tag.endswith(":timestamp")]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_record(cls: type[Record], raw: object, problems: list[str], path: str = "") -> Record:
    """An instance of the dataclass `cls` from a mapping; missing keys get their defaults.

    Faults are added to `problems`, each with the path of its key; only if there is none, the
    result is complete. Nothing at all (`dns:` alone in a line) counts as an empty mapping.
    """
    raw = {} if raw is None else raw
    if not isinstance(raw, Mapping):
        problems.append(f"{path or 'the file'}: must be a mapping of keys to values")
        raw = {}
    types = typing.get_type_hints(cls, include_extras=True)
    prefix = f"{path}." if path else ""
    problems += [
        f"{prefix}{key}: unknown key{_hint(key, types)}" for key in raw if key not in types
    ]
    values: dict[str, object] = {}
    for field in fields(cls):  # type: ignore[arg-type]  # Record is always a dataclass
        where = prefix + field.name
        if field.name in raw or is_dataclass(types[field.name]):
            given = raw.get(field.name)
            values[field.name] = read_value(types[field.name], given, problems, where)
        elif field.default is MISSING and field.default_factory is MISSING:
            problems.append(f"{where}: is missing")
            values[field.name] = None
    return cls(**values)


def split_type(wanted: Any) -> tuple[Any, tuple[Check, ...]]:
    """The type of a field without its checks, and its checks."""
    if typing.get_origin(wanted) is typing.Annotated:
        wanted, *rest = typing.get_args(wanted)
        return wanted, tuple(rest)
    return wanted, ()


def read_value(wanted: Any, raw: object, problems: list[str], path: str) -> object:
    """A value of the type `wanted`, as it may stand in such a dataclass; as read_record."""
    if is_dataclass(wanted):
        return read_record(typing.cast(type, wanted), raw, problems, path)
    wanted, checks = split_type(wanted)
    if typing.get_origin(wanted) is tuple:
        if not isinstance(raw, list):
            problems.append(f"{path}: must be a list")
            return ()
        values = _read_list(typing.get_args(wanted)[0], raw, problems, path)
        problems += [f"{path}: {said}" for check in checks if (said := check(values))]
        return values
    if not isinstance(raw, wanted) or isinstance(raw, bool) is not (wanted is bool):
        quote = "; write it in quotes" if wanted is str and isinstance(raw, int | float) else ""
        problems.append(f"{path}: must be {_TYPE_NAMES[wanted]}, not {_show(raw)}{quote}")
        return None
    problems += [f"{path}: {said}, not {_show(raw)}" for check in checks if (said := check(raw))]
    return raw


def _read_list(
    wanted: Any, raw: list[object], problems: list[str], path: str
) -> tuple[object, ...]:
    values = tuple(
        read_value(wanted, value, problems, f"{path}[{place}]") for place, value in enumerate(raw)
    )
    if len(set(map(str, raw))) < len(raw):
        problems.append(f"{path}: names something twice")
    return values


def _show(raw: object) -> str:
    shown = repr(raw)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."


def _hint(key: object, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(str(key), known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known: {', '.join(known)}"
