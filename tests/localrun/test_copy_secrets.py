"""Secrets of a copy: where they may stand, and what they make of a login."""

from __future__ import annotations

from pathlib import Path

import pytest

from localrun.copy_places import EwsPlace, ImapPlace
from localrun.copy_secrets import (
    Secret,
    SecretRefusedError,
    check_secret,
    is_open_to_others,
    make_login,
    make_token,
    parse_secret,
    read_secret,
    secret_from_environment,
)
from migration.errors import CredentialsRejected
from migration.wire.imap_login import ImapLogin

ANN = ImapPlace("ann", "mail.example", 993, "ssl")
EWS = EwsPlace("https://ews.example/EWS", "ann@new.example")


@pytest.mark.parametrize(
    ("text", "login"),
    [
        ("pw\n", ImapLogin("ann", "pw")),
        ("pw\r\nsecond line\n", ImapLogin("ann", "pw")),
        (" p w ", ImapLogin("ann", " p w ")),
        ('{"password": "{x"}', ImapLogin("ann", "{x")),
        ('\n{"token": "tk"}\n', ImapLogin("ann", token="tk")),
        (
            '{"admin": {"user": "boss", "password": "pw"}}',
            ImapLogin("boss", "pw", authorize_as="ann"),
        ),
        ('{"master": {"user": "boss", "password": "pw"}}', ImapLogin("ann", "pw", master="boss")),
    ],
)
def test_a_file_says_how_to_log_in(text: str, login: ImapLogin) -> None:
    assert make_login(ANN, parse_secret(text)) == login


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\nhunter2",
        "{hunter2",
        '{"password": ""}',
        '{"password": 7}',
        '{"password": "hunter2", "token": "hunter2"}',
        '{"admin": {"user": "boss"}}',
        '{"admin": {"user": "boss", "password": "hunter2", "more": 1}}',
        '{"admin": "hunter2"}',
        "{}",
    ],
)
def test_what_is_no_secret_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(SecretRefusedError) as caught:
        parse_secret(text)
    assert "hunter2" not in str(caught.value)


def test_a_secret_shows_nothing_of_itself() -> None:
    secrets = [parse_secret("hunter2"), parse_secret('{"token": "hunter2"}')]
    assert "hunter2" not in repr(secrets)


def test_the_environment_holds_a_password_or_a_token() -> None:
    assert secret_from_environment("source", {"SOURCE_PASSWORD": "pw"}) == Secret(password="pw")
    assert secret_from_environment("target", {"TARGET_TOKEN": "tk"}) == Secret(token="tk")
    with pytest.raises(SecretRefusedError, match="set SOURCE_PASSWORD or SOURCE_TOKEN, or give"):
        secret_from_environment("source", {"TARGET_PASSWORD": "pw"})
    with pytest.raises(SecretRefusedError, match="both SOURCE_PASSWORD and SOURCE_TOKEN"):
        secret_from_environment("source", {"SOURCE_PASSWORD": "pw", "SOURCE_TOKEN": "tk"})


def test_a_file_counts_more_than_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from-file\n")
    environment = {"SOURCE_PASSWORD": "from-environment"}
    assert read_secret("source", file, environment) == Secret(plain="from-file")
    assert read_secret("source", None, environment) == Secret(password="from-environment")


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(SecretRefusedError, match=r"cannot read .*missing: No such file"):
        read_secret("source", tmp_path / "missing", {})
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(SecretRefusedError, match="not UTF-8"):
        read_secret("source", binary, {})
    binary.write_text("")
    with pytest.raises(SecretRefusedError, match=r"cannot use .*binary: its first line is empty"):
        read_secret("source", binary, {})


def test_a_file_that_others_can_read_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("pw")
    file.chmod(0o640)
    assert is_open_to_others(file)
    file.chmod(0o600)
    assert not is_open_to_others(file)
    assert not is_open_to_others(tmp_path / "missing")


def test_ews_takes_a_token_alone() -> None:
    check_secret(EWS, parse_secret("tk"))
    check_secret(EWS, parse_secret('{"token": "tk"}'))
    check_secret(ANN, parse_secret('{"password": "pw"}'))
    for text in ('{"password": "pw"}', '{"admin": {"user": "boss", "password": "pw"}}'):
        with pytest.raises(SecretRefusedError, match="bearer token"):
            check_secret(EWS, parse_secret(text))


def test_a_token_is_read_again_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")
    token = make_token(file, parse_secret("first"))
    assert token().value == "first"
    file.write_text('{"token": "second"}')
    assert token().value == "second"
    file.unlink()
    with pytest.raises(CredentialsRejected, match="cannot read"):
        token()
    assert make_token(None, Secret(token="tk"))().value == "tk"
