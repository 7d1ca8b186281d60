"""The environment of a function."""

from __future__ import annotations

from dataclasses import fields

import pytest

from migration.errors import SettingsError
from migration.settings import Settings


def environment() -> dict[str, str]:
    numbers = {entry.name for entry in fields(Settings) if entry.type == "int"}
    return {
        entry.name.upper(): "7" if entry.name in numbers else "a, b" for entry in fields(Settings)
    }


def test_every_field_is_read() -> None:
    settings = Settings.from_env(environment())
    assert settings.source_port == 7
    assert settings.domains == ("a", "b")
    assert settings.limits["delta_interval_seconds"] == 420


def test_one_error_names_every_variable_that_is_missing_or_wrong() -> None:
    env = environment() | {"SOURCE_PORT": "imap"}
    del env["TENANT"], env["EWS_URL"]
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(env)
    assert set(caught.value.problems) == {
        "environment variable TENANT is missing",
        "environment variable EWS_URL is missing",
        "environment variable SOURCE_PORT must be a whole number",
    }


def test_an_empty_list_is_empty() -> None:
    assert Settings.from_env(environment() | {"DNS_SERVERS": ""}).dns_servers == ()
