"""Writes down the settings of a tenant file for people and for editors.

`python -m localrun.config_pages` writes docs/configuration.md, tenants/schema.json and
tenants/example.yaml.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from localrun.tenant_file import render_tenant, show_value
from stacks.schema import Section, Setting, list_sections

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE: Mapping[str, object] = {
    "tenant": "example",
    "region": "eu-west-1",
    "organization_id": "m-0123456789abcdef0123456789abcdef",
    "domains": ["example.com"],
    "source.kind": "imap",
    "source.host": "imap.example.com",
}
"""The settings of tenants/example.yaml, by their paths."""

_TYPES = {str: "string", int: "integer", bool: "boolean"}
_WORDS = {str: "text", int: "number", bool: "`true` or `false`"}

_INTRODUCTION = """\
# The settings of a tenant

One file per tenant: `tenants/acme.yaml` becomes the stack `WorkMailMigration-acme`.
`python -m localrun new-tenant acme` writes one by asking, and `python -m localrun tenants` lists
them with what is wrong with each. Nothing is synthesized before every fault is mended: all are told
at once, each with the name of its setting. Unknown keys are refused.

A setting without a default **must be given**. The shortest file that will do:

```yaml
{example}```

[tenants/example.yaml](../tenants/example.yaml) has every setting with its default and its meaning.
An editor that knows the YAML language server completes and checks them while you write: the first
line of the file names the [JSON schema](../tenants/schema.json). Some things only the synthesis can
tell: days that the calendar has not, addresses that only look like some, settings that do not fit
together (such as `dns.zone_id` without `dns.publish: route53`), and what is too large in sum.

The tenant `example` is there to be looked at: it is synthesized for an account that nobody has, so
that it cannot be deployed by mistake.

This page, the schema and the example are written by `make settings` from the dataclasses in
`stacks/*config.py`.
"""


def make_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a tenant file."""
    top, *inner = list_sections()
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tenant of a migration to Amazon WorkMail",
        **_section_schema(top),
    }
    for section in inner:
        one = _section_schema(section)
        # a section whose name stands alone has its defaults
        one["type"] = "object" if one["required"] else ["object", "null"]
        schema["properties"][section.name] = one
        if one["required"]:
            schema["required"].append(section.name)
    return schema


def _section_schema(section: Section) -> dict[str, Any]:
    return {
        "description": " ".join((*section.about, *section.notes)),
        "type": "object",
        "properties": {one.name: _setting_schema(one) for one in section.settings},
        "required": [one.name for one in section.settings if one.required],
        "additionalProperties": False,
    }


def _setting_schema(setting: Setting) -> dict[str, Any]:
    value: dict[str, Any] = (
        _section_schema(setting.record) if setting.record else {"type": _TYPES[setting.kind]}
    )
    for check in setting.checks:
        value |= check.schema
    if setting.is_list:
        value = {"type": "array", "items": value, "uniqueItems": True}
        for check in setting.list_checks:
            value |= check.schema
    known = {} if setting.required else {"default": setting.default}
    return {"description": setting.meaning, **value, **known}


def make_page() -> str:
    """docs/configuration.md."""
    shortest = render_tenant(EXAMPLE, shortest=True)
    parts = [_INTRODUCTION.format(example=shortest)]
    sections = list_sections()
    records = [one.record for section in sections for one in section.settings if one.record]
    parts += ["\n".join(_section_lines(section)) for section in (*sections, *records)]
    return "\n".join(parts)


def _section_lines(section: Section) -> Iterator[str]:
    yield f"## {section.name or 'The tenant'}\n"
    # at the top, the sentence is only the name of the whole
    yield from (f"{paragraph}\n" for paragraph in section.about if section.name)
    yield "| setting | allowed | default | meaning |"
    yield "| --- | --- | --- | --- |"
    for setting in section.settings:
        cells = (
            f"`{setting.path}`",
            describe_values(setting),
            "**must be given**" if setting.required else f"`{show_value(setting.default)}`",
            setting.meaning,
        )
        yield f"| {' | '.join(_escape(cell) for cell in cells)} |"
    yield ""
    yield from (f"{paragraph}\n" for paragraph in section.notes)


def describe_values(setting: Setting) -> str:
    """The setting's type and what is allowed, in words."""
    if setting.record:
        return f"list; each with the settings of {setting.record.name}"
    words = [check.allowed for check in setting.checks if check.allowed]
    one = "; ".join(words) if words else _WORDS[setting.kind]
    if setting.kind is int and words:
        one = f"number, {one}"
    if not setting.is_list:
        return one
    return f"list; each: {one}" + "".join(f"; {check.allowed}" for check in setting.list_checks)


def _escape(cell: str) -> str:
    """For a Markdown table: stars outside of code stay stars, bars stay bars."""
    outside = re.split(r"(`[^`]*`|\*\*must be given\*\*)", cell.replace("|", "\\|"))
    return "".join(
        part if place % 2 else re.sub(r"([*<>])", r"\\\1", part)
        for place, part in enumerate(outside)
    )


def make_pages() -> Mapping[Path, str]:
    """The text of each file as it should be."""
    return {
        ROOT / "docs" / "configuration.md": make_page(),
        ROOT / "tenants" / "schema.json": json.dumps(make_schema(), indent=2) + "\n",
        ROOT / "tenants" / "example.yaml": render_tenant(EXAMPLE),
    }


def main() -> None:
    """Rewrites the files."""
    for path, text in make_pages().items():
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
