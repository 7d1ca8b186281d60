"""The text of a tenant file, with every setting in it: what is given as it is, all else as a
comment with its default. Removing the # sets it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

import yaml

from stacks.schema import Section, Setting, list_sections

_WIDTH = 98
_SCHEMA_LINE = "# yaml-language-server: $schema=schema.json"
_HEAD = """\
{schema}
#
# One tenant. All settings are here; docs/configuration.md has them as tables.
# A setting that is commented out has its default: remove the # before it to change it.
"""


def render_tenant(given: Mapping[str, object], *, shortest: bool = False) -> str:
    """The file that sets `given`, by paths such as source.host; `shortest`: and no comments."""
    top, *inner = list_sections()
    lines = [] if shortest else [*_HEAD.format(schema=_SCHEMA_LINE).splitlines(), ""]
    lines += _setting_lines(top, given, shortest=shortest)
    for section in inner:
        body = list(_setting_lines(section, given, shortest=shortest))
        if shortest and body:
            lines += [f"{section.name}:", *body]
        elif body:
            about = (*section.about, *section.notes)
            lines += ["", *_comment(" ".join(about), ""), f"{section.name}:", *body]
    return "\n".join(lines) + "\n"


def _setting_lines(
    section: Section, given: Mapping[str, object], *, shortest: bool
) -> Iterator[str]:
    indent = "  " * bool(section.name)
    for setting in section.settings:
        if not shortest:
            yield from _comment(_explain(setting), indent)
        if setting.path in given:
            yield f"{indent}{setting.name}: {show_value(given[setting.path])}"
        elif not shortest:
            yield f"{indent}#{setting.name}: {show_value(setting.default)}"


def _explain(setting: Setting) -> str:
    values = [value for check in setting.checks for value in check.values]
    unsaid = [value for value in values if value not in setting.meaning]
    return setting.meaning + (f" ({', '.join(values)})" if unsaid else "")


def _comment(text: str, indent: str) -> list[str]:
    prefix = f"{indent}# "
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=prefix,
        subsequent_indent=prefix,
        break_on_hyphens=False,
        break_long_words=False,
    )


def show_value(value: object) -> str:
    """A value as YAML in one line."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10**6)
    return text.strip().removesuffix("...").strip().replace("''", '""', int(value == ""))
