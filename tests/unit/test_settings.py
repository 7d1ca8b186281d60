"""The environment of a function."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from migration.errors import SettingsError
from migration.model import CopyPolicy, DeltaPolicy
from migration.settings import CloudSettings, GroupwareSettings, Settings
from migration.wire.graph_model import CLOUDS
from stacks.groupware_config import Groupware
from stacks.schema import find_setting
from stacks.source_config import Source

_SAMPLES = {
    "int": "7",
    "bool": "true",
    "tuple[int, ...]": "1, 7",
    "Require": "mx",
    "Patterns": '["Work, private", "**/Old"]',
    "GroupwareSettings": '{"sources": ["dav"], "dav_url": "https://dav.example/"}',
    "CloudSettings": '{"name": "global"}',
    "DeltaPolicy": "add",
    "NewPasswords": "generate",
    "AdministratorKind": "auto",
}


def environment() -> dict[str, str]:
    """A value of the right type for every setting."""
    return {entry.name.upper(): _SAMPLES.get(str(entry.type), "a, b") for entry in fields(Settings)}


def test_every_field_is_read() -> None:
    settings = Settings.from_env(environment())
    assert settings.source_port == 7
    assert settings.domains == ("a", "b")
    assert settings.copy_include == ("Work, private", "**/Old")
    assert settings.limits["delta_interval_seconds"] == 420
    days, hours = settings.cutover_approval_days, settings.cutover_reminder_hours
    assert settings.limits["answer_seconds"] == days * 86400
    assert settings.limits["reminder_seconds"] == hours * 3600
    for approval, seconds in (("ask", days * 86400), ("auto", 0)):
        asked = replace(settings, cutover_approval=approval)
        assert asked.limits["approval_seconds"] == seconds
    assert settings.rollback_keep_copied is True
    assert settings.delta_late_days == (1, 7)


def test_one_error_names_every_variable_that_is_missing_or_wrong() -> None:
    env = environment() | {
        "SOURCE_PORT": "imap",
        "COPY_INCLUDE": "Work",
        "COPY_EXCLUDE": "[1]",
        "COPY_DELTA_POLICY": "mirror",
        "ROLLBACK_KEEP_COPIED": "yes",
        "PASSWORDS_NEW_USERS": "ask",
        "PASSWORDS_RESET_AFTER_RUN": "yes",
        "DOMAIN_REGISTER": "1",
        "DELTA_LATE_DAYS": "1;7",
        "DNS_REQUIRE": "some",
    }
    del env["TENANT"], env["EWS_URL"]
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(env)
    assert set(caught.value.problems) == {
        "environment variable TENANT is missing",
        "environment variable EWS_URL is missing",
        "environment variable SOURCE_PORT must be a whole number",
        "environment variable COPY_INCLUDE must be a JSON list of texts",
        "environment variable COPY_EXCLUDE must be a JSON list of texts",
        "environment variable COPY_DELTA_POLICY must be one of add, follow",
        "environment variable ROLLBACK_KEEP_COPIED must be true or false",
        "environment variable PASSWORDS_NEW_USERS must be one of generate, secret, none",
        "environment variable DELTA_LATE_DAYS must be whole numbers with commas between",
        "environment variable DNS_REQUIRE must be one of mx, mx+autodiscover, all",
        "environment variable PASSWORDS_RESET_AFTER_RUN must be true or false",
        "environment variable DOMAIN_REGISTER must be true or false",
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"sources": "dav"}',
        '{"sources": ["imap"]}',
        '{"years_after": "5"}',
        '{"url": ""}',
    ],
)
def test_what_is_no_setting_of_calendars_is_refused(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(environment() | {"GROUPWARE": text})
    assert caught.value.problems[0].startswith("environment variable GROUPWARE must be ")


def test_without_sources_no_calendars_are_copied() -> None:
    settings = Settings.from_env(environment() | {"GROUPWARE": "{}"})
    assert settings.groupware == GroupwareSettings()
    assert settings.limits["groupware"] == 0
    assert Settings.from_env(environment()).limits["groupware"] == 1


def test_occurrences_are_written_one_by_one_over_whole_years() -> None:
    settings = GroupwareSettings(years_before=2, years_after=0)
    begin, horizon = settings.window("2026-12-31T23:30:00-05:00")
    assert (begin.isoformat(), horizon.isoformat()) == (
        "2025-01-01T00:00:00+00:00",
        "2028-01-01T00:00:00+00:00",
    )


def test_what_the_stack_gives_is_what_the_functions_read() -> None:
    config = Groupware(
        ("m365", "dav", "files"), "https://dav.example/{user}/", "Europe/Berlin", 1, 0
    )
    read = Settings.from_env(environment() | {"GROUPWARE": config.as_json}).groupware
    assert read == GroupwareSettings(
        ("m365", "dav", "files"), "https://dav.example/{user}/", "Europe/Berlin", 1, 0
    )
    assert Groupware().as_json == "{}"


@pytest.mark.parametrize(
    ("config", "cloud"),
    [
        (Source("imap", "mail.example"), CloudSettings()),
        (Source("m365"), CloudSettings("global")),
        (Source("m365-imap", cloud="china"), CloudSettings("china")),
        (
            Source("m365", login_url="http://127.0.0.1:1", graph_url="http://127.0.0.1:1/v1.0/"),
            CloudSettings("global", "http://127.0.0.1:1", "http://127.0.0.1:1/v1.0"),
        ),
    ],
)
def test_the_cloud_is_read_as_the_stack_gives_it(config: Source, cloud: CloudSettings) -> None:
    read = Settings.from_env(environment() | {"SOURCE_CLOUD": config.cloud_json})
    assert read.source_cloud == cloud


@pytest.mark.parametrize("text", ["", "[]", '{"name": 1}', '{"url": "https://graph.example"}'])
def test_what_is_no_cloud_is_refused(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(environment() | {"SOURCE_CLOUD": text})
    assert caught.value.problems == (
        "environment variable SOURCE_CLOUD must be a JSON object of the cloud's name and addresses",
    )


def test_a_tenant_file_knows_the_clouds_that_the_functions_know() -> None:
    setting = find_setting("source.cloud")
    assert setting is not None
    assert {value for check in setting.checks for value in check.values} == set(CLOUDS)


def test_an_empty_list_is_empty() -> None:
    assert Settings.from_env(environment() | {"DNS_SERVERS": ""}).dns_servers == ()


@pytest.mark.parametrize(
    ("mailboxes", "connections", "together"),
    [("10", "4", 2), ("10", "50", 10), ("5", "11", 5), ("5", "1", 1)],
)
def test_no_more_mailboxes_are_copied_at_once_than_the_source_may_be_asked_for(
    mailboxes: str, connections: str, together: int
) -> None:
    env = environment() | {
        "MAILBOX_CONCURRENCY": mailboxes,
        "SOURCE_MAX_CONNECTIONS": connections,
    }
    assert Settings.from_env(env).limits["mailboxes"] == together
    assert Settings.from_env(env | {"SOURCE_KIND": "m365-imap"}).limits["mailboxes"] == together
    # Graph limits each mailbox by itself
    graph = Settings.from_env(env | {"SOURCE_KIND": "m365"})
    assert graph.limits["mailboxes"] == int(mailboxes)


def test_the_policy_is_in_bytes() -> None:
    env = environment() | {
        "COPY_INCLUDE": '["Work"]',
        "COPY_EXCLUDE": "[]",
        "COPY_RECEIVED_FROM": "2015-01-01",
        "COPY_RECEIVED_BEFORE": "",
        "COPY_MAX_MESSAGE_MB": "40",
        "COPY_MAX_KILOBYTES_PER_SECOND": "100",
        "COPY_DELTA_POLICY": "follow",
        "COPY_VERIFY_SAMPLE": "-1",
    }
    assert Settings.from_env(env).policy == CopyPolicy(
        include=("Work",),
        received_from="2015-01-01",
        max_message_bytes=41_943_040,
        max_bytes_per_second=102_400,
        delta=DeltaPolicy.FOLLOW,
        verify_sample=-1,
    )
