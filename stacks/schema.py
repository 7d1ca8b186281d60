"""The settings of a tenant file as data, read from the dataclasses that define them and from their
docstrings. What is written about the settings anywhere is made from this.

A docstring begins with what the section is about. Then a paragraph has a line for each setting,
its name, two spaces or more, and its meaning, which may go on in lines that are indented further.
What follows are notes.
"""

from __future__ import annotations

import inspect
import re
import textwrap
import typing
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from typing import Any

from stacks.checks import Check
from stacks.config import TenantConfig
from stacks.reading import parse_yaml, read_value, split_type

_SETTING = re.compile(r"(\w+) {2,}(\S.*)")


class SchemaError(Exception):
    """A setting without a meaning, or a meaning without a setting."""


@dataclass(frozen=True, slots=True)
class Setting:
    """name      as in its section
    path      with its section's: source.host
    kind      str, int, bool or a dataclass; of each value, if it is a list
    checks    of each value, if it is a list
    list_checks  of the list as a whole
    record    the settings of each value, if it is a list of records
    default   None if it must be given
    meaning   in words, without a final full stop
    """

    name: str
    path: str
    annotation: Any = field(repr=False)
    kind: type
    is_list: bool
    checks: tuple[Check, ...]
    list_checks: tuple[Check, ...]
    record: Section | None
    default: Any
    meaning: str

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is None

    def problems(self, value: object) -> list[str]:
        """What TenantConfig.load would say of this value."""
        found: list[str] = []
        read_value(self.annotation, value, found, self.path)
        return found

    def parse(self, text: str) -> object:
        """The value that somebody has typed: a list with commas, or as in the file. What cannot be
        read stays a text, of which `problems` knows what to say."""
        text = text.strip()
        if self.is_list and not text.startswith("["):
            return [self._parse_one(part.strip()) for part in text.split(",") if part.strip()]
        if self.is_list:
            return _parse_or_keep(text)
        return self._parse_one(text)

    def _parse_one(self, text: str) -> object:
        return text if self.kind is str else _parse_or_keep(text)


@dataclass(frozen=True, slots=True)
class Section:
    """`name` is "" for the settings that stand at the top. `about` and `notes` are paragraphs."""

    name: str
    about: tuple[str, ...]
    settings: tuple[Setting, ...]
    notes: tuple[str, ...]


def list_sections() -> tuple[Section, ...]:
    """All sections in the order of the file. SchemaError."""
    types = typing.get_type_hints(TenantConfig, include_extras=True)
    inner = [(name, wanted) for name, wanted in types.items() if is_dataclass(wanted)]
    return _read_section("", TenantConfig), *(_read_section(*section) for section in inner)


def find_setting(path: str) -> Setting | None:
    """The setting with this path; None if there is none."""
    known = (setting for section in list_sections() for setting in section.settings)
    return next((setting for setting in known if setting.path == path), None)


def _read_section(name: str, cls: Any) -> Section:
    about, meanings, notes = read_docstring(inspect.getdoc(cls) or "")
    types = typing.get_type_hints(cls, include_extras=True)
    settings = [one for one in fields(cls) if not is_dataclass(types[one.name])]
    strangers = {one.name for one in settings} ^ set(meanings)
    if strangers:
        raise SchemaError(f"{cls.__name__}: docstring and settings differ: {sorted(strangers)}")
    prefix = f"{name}." if name else ""
    found = [
        _read_setting(one, prefix + one.name, types[one.name], meanings[one.name])
        for one in settings
    ]
    return Section(name, about, tuple(found), notes)


def _read_setting(one: Any, path: str, annotation: Any, meaning: str) -> Setting:
    wanted, checks = split_type(annotation)
    list_checks: tuple[Check, ...] = ()
    is_list = typing.get_origin(wanted) is tuple
    if is_list:
        list_checks = checks
        wanted, checks = split_type(typing.get_args(wanted)[0])
    record = _read_section(f"{path}[]", wanted) if is_dataclass(wanted) else None
    default = None if one.default is MISSING else one.default
    if isinstance(default, tuple):
        default = list(default)
    return Setting(
        name=one.name,
        path=path,
        annotation=annotation,
        kind=wanted,
        is_list=is_list,
        checks=checks,
        list_checks=list_checks,
        record=record,
        default=default,
        meaning=meaning,
    )


def read_docstring(text: str) -> tuple[tuple[str, ...], dict[str, str], tuple[str, ...]]:
    """What a docstring says of the section, of each setting, and after that."""
    about: list[str] = []
    meanings: dict[str, str] = {}
    notes: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        lines = paragraph.splitlines()
        if all(_SETTING.fullmatch(line) or line.startswith("  ") for line in lines):
            meanings |= dict(_read_meanings(paragraph))
        else:
            (notes if meanings else about).append(" ".join(line.strip() for line in lines))
    return tuple(about), meanings, tuple(notes)


def _read_meanings(paragraph: str) -> Iterator[tuple[str, str]]:
    joined = re.sub(r"\n {2,}", " ", textwrap.dedent(paragraph))
    for line in joined.splitlines():
        found = _SETTING.fullmatch(line)
        if not found:
            raise SchemaError(f"no setting and no meaning: {line}")
        yield found[1], found[2].removesuffix(".")


def _parse_or_keep(text: str) -> object:
    try:
        return parse_yaml(text)
    except ValueError:
        return text
