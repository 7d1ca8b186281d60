"""The page, the schema and the example of the settings say what TenantConfig.load does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from localrun.config_pages import EXAMPLE, make_page, make_pages, make_schema
from localrun.tenant_file import render_tenant
from stacks.checks import Check
from stacks.config import TenantConfig
from stacks.reading import ConfigError, parse_yaml
from stacks.schema import SchemaError, Setting, list_sections, read_docstring
from tests.stacks.conftest import SMALLEST

ROOT = Path(__file__).resolve().parents[2]
VALIDATOR = Draft202012Validator(make_schema())
SETTINGS = [setting for section in list_sections() for setting in section.settings]
FINE = (
    *("", "account: '012345678901'", "copy: {include: [Work/2019, '**/Old', 'A, B']}"),
    *("dns:", "limits: {users: 1}\ndelta:", "manifest: intake/a/b.json"),
    "dns: {servers: ['192.0.2.53:53', '[2001:db8::53]:5353'], mail_from: bounce}",
    "target: {ews_url: 'http://127.0.0.1:8080/EWS/Exchange.asmx', imap_host: 2001:db8::1}",
    "target: {ews_url: 'HTTPS://ews.example:443/x?y#z'}",
    "end_of_support_acknowledged: 2027-03-31",
    "clients: {send: old, sender: it@acme.example, languages: [de, en]}",
    "passwords: {kms_key: 'arn:aws:kms:eu-west-1:123456789012:key/mrk-01'}",
)
WRONG = (
    *("account: 123456789012", "account: '123'", "manifest: secrets/x.csv", "domain: x", "dns: 1"),
    *("copy: {include: ['a//b']}", "copy: {include: ['x**']}", "copy: {exclude: [' ']}"),
    *("copy: {received_from: May}", "copy: {max_message_mb: 41}", "copy: {includes: []}"),
    *("copy: {delta_policy: mirror}", "copy: {verify_sample: -2}", "copy: {include: a}"),
    *("dns: {servers: [192.0.2.53]}", "dns: {servers: ['dns.example:53']}", "dns: {port: 0}"),
    *("dns: {timeout_days: 29}", "dns: {gateways: [x, x]}", "dns: {mail_from: a.b}"),
    *("limits: {users: '5'}", "limits: {users: true}", "limits: {users: 0}", "delta: {passes: x}"),
    *("target: {kind: maildir}", "target: {ews_url: 'http://ews.example.com/'}"),
    *("target: {ews_url: 'https://user@ews.example/'}", "target: {ews_url: 'https://e:x/'}"),
    *("target: {imap_host: '-'}", "target: {imap_tls: ''}", "target: {imap_port: 65536}"),
    *("clients: {languages: []}", "clients: {languages: [xx]}", "clients: {sender: it}"),
    *("notifications: {emails: ['<a@b.example>']}", "notifications: {emails: [a@b]}"),
    *("passwords: {kms_key: alias/mine}", "rollback: {keep_copied: 1}", "cutover: {links: yes}"),
    *("end_of_support_acknowledged: soon", "domain_setup: {wait_days: 8}", "[]", "''"),
)
ONLY_AT_SYNTHESIS = (
    *("copy: {received_from: 2015-02-30}", "dns: {zone_id: Z1}", "dns: {lower_ttl: 300}"),
    *("clients: {send: new}", "copy: {received_from: 2016-01-01, received_before: 2015-01-01}"),
    *("dns: {servers: ['999.0.2.53:53']}", "dns: {servers: ['192.0.2.53:99999']}"),
    *("limits: {users: 5.0}", f"copy: {{exclude: ['{'x' * 1600}']}}"),
)
"""What no JSON schema tells, or only one that nobody could read."""


def is_loaded(folder: Path, text: str) -> bool:
    path = folder / "acme.yaml"
    path.write_text(text, "utf-8")
    try:
        TenantConfig.load(path)
    except ConfigError:
        return False
    return True


def with_more(lines: str) -> str:
    return lines if lines in {"[]", "''"} else f"{SMALLEST}{lines}\n"


@pytest.mark.parametrize("path", make_pages(), ids=lambda path: path.name)
def test_what_is_committed_is_what_would_be_generated(path: Path) -> None:
    assert path.read_text("utf-8") == make_pages()[path], "run `make settings`"


def test_the_schema_is_one_and_knows_every_setting() -> None:
    Draft202012Validator.check_schema(make_schema())
    assert len(SETTINGS) > 45
    for setting in SETTINGS:
        found: Any = VALIDATOR.schema
        for name in setting.path.split("."):
            found = found["properties"][name]
        assert found["description"] == setting.meaning
        assert ("default" in found) is not setting.required


@pytest.mark.parametrize("lines", FINE)
def test_what_is_loaded_passes_the_schema(tmp_path: Path, lines: str) -> None:
    text = with_more(lines)
    assert is_loaded(tmp_path, text)
    assert [error.message for error in VALIDATOR.iter_errors(parse_yaml(text))] == []


@pytest.mark.parametrize("text", [render_tenant(EXAMPLE), render_tenant(EXAMPLE, shortest=True)])
def test_the_example_passes_both(tmp_path: Path, text: str) -> None:
    assert is_loaded(tmp_path, text)
    assert VALIDATOR.is_valid(parse_yaml(text))


@pytest.mark.parametrize("lines", WRONG)
def test_what_is_refused_fails_the_schema(tmp_path: Path, lines: str) -> None:
    text = with_more(lines)
    assert not is_loaded(tmp_path, text)
    assert not VALIDATOR.is_valid(parse_yaml(text))


@pytest.mark.parametrize("path", [setting.path for setting in SETTINGS if setting.required])
def test_what_must_be_given_is_missed_by_both(tmp_path: Path, path: str) -> None:
    text = render_tenant({name: value for name, value in EXAMPLE.items() if name != path})
    text = "\n".join(line for line in text.splitlines() if "null" not in line)
    assert not is_loaded(tmp_path, text)
    assert not VALIDATOR.is_valid(parse_yaml(text))


@pytest.mark.parametrize("lines", ONLY_AT_SYNTHESIS, ids=lambda lines: lines[:40])
def test_what_only_the_synthesis_tells(tmp_path: Path, lines: str) -> None:
    text = with_more(lines)
    assert not is_loaded(tmp_path, text)
    assert VALIDATOR.is_valid(parse_yaml(text)), "it can go into WRONG"


PARTS = (
    "a",
    "-",
    ".",
    "@",
    "/",
    "**",
    "*",
    " ",
    ":",
    "1",
    "[",
    "]",
    "https://",
    "localhost",
    "x.y",
)


@given(st.sampled_from(SETTINGS), st.lists(st.sampled_from(PARTS), max_size=7).map("".join))
def test_the_schema_refuses_nothing_that_a_check_lets_pass(setting: Setting, text: str) -> None:
    value = [text] if setting.is_list else text
    if setting.kind is str and not setting.problems(value):
        schema: Any = VALIDATOR.schema
        for name in setting.path.split("."):
            schema = schema["properties"][name]
        assert Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.path)
def test_every_setting_is_described(setting: Setting) -> None:
    for check in (*setting.checks, *setting.list_checks):
        assert isinstance(check, Check), (
            "made with stacks/checks.py, so that it can be written down"
        )
        assert check.allowed or check.schema
    assert setting.required or not setting.problems(setting.default)
    assert len(setting.meaning) > 5
    assert f"`{setting.path}`" in make_page()
    assert not setting.meaning.endswith(".")


def test_a_docstring_is_read_in_its_three_parts() -> None:
    text = (
        "What it is.\nMore.\n\nkind  how\n      it is\nhost    where\n\nA note,\nlong.\n\nAnother."
    )
    assert read_docstring(text) == (
        ("What it is. More.",),
        {"kind": "how it is", "host": "where"},
        ("A note, long.", "Another."),
    )


def test_a_setting_without_a_meaning_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TenantConfig, "__doc__", "One tenant.\n\ntenant  its name\n")
    with pytest.raises(SchemaError, match="docstring and settings differ"):
        list_sections()
