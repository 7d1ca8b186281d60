"""Trials with somebody's own IMAP server: what is accepted, and what the refusals say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from localrun.trial import TrialRefusedError, make_trial, parse_source, read_credentials

MANIFEST = "source,target,display_name\nana@old.example,ana@new.example,Ana\n"
ADMIN = {"SOURCE_ADMIN_USER": "boss", "SOURCE_ADMIN_PASSWORD": "pw"}


@pytest.mark.parametrize(
    ("url", "host", "port", "tls"),
    [
        ("imaps://mail.example", "mail.example", 993, "ssl"),
        ("imaps://mail.example:9993", "mail.example", 9993, "ssl"),
        ("imap://mail.example", "mail.example", 143, "starttls"),
        ("imap://127.0.0.1:1143", "127.0.0.1", 1143, "none"),
        ("imap://[::1]:1143", "::1", 1143, "none"),
    ],
)
def test_a_source_url_decides_port_and_tls(url: str, host: str, port: int, tls: str) -> None:
    assert parse_source(url) == {"kind": "imap", "host": host, "port": port, "tls": tls}


@pytest.mark.parametrize("url", ["http://x", "mail.example", "imaps://", "imaps://u:p@x"])
def test_other_urls_are_refused_without_echoing_a_password_as_advice(url: str) -> None:
    with pytest.raises(TrialRefusedError, match="--source must"):
        parse_source(url)


def test_credentials_come_from_the_environment_or_a_file(tmp_path: Path) -> None:
    assert read_credentials(None, ADMIN, ["a", "b"]) == {
        "admin": {"user": "boss", "password": "pw"}
    }
    alone = read_credentials(None, {"SOURCE_PASSWORD": "pw"}, ["a"])
    assert alone == {"mailboxes": {"a": "pw"}}
    file = tmp_path / "secret.json"
    file.write_text(json.dumps({"mailboxes": {"a": "x"}}))
    assert read_credentials(file, {}, ["a"]) == {"mailboxes": {"a": "x"}}


@pytest.mark.parametrize(
    ("content", "env"), [("[]", {}), ("{}", {}), ("not json", {}), (None, {}), (None, {"X": "y"})]
)
def test_missing_credentials_say_what_to_set(
    tmp_path: Path, content: str | None, env: dict[str, str]
) -> None:
    file = tmp_path / "secret.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(TrialRefusedError, match="credentials"):
        read_credentials(file if content is not None else None, env, ["a", "b"])


def test_a_trial_takes_its_domain_from_the_manifest(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.csv"
    manifest.write_text(MANIFEST)
    trial = make_trial("imaps://mail.example", manifest, None, ADMIN)
    assert trial.domain == "new.example"
    assert trial.input == {"phases": ["provision", "copy", "report"]}


def test_a_trial_answers_all_faults_of_the_manifest(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.csv"
    manifest.write_text(MANIFEST + "b@old.example,b'@new.example,B\nc@old.example,c@new.example,\n")
    with pytest.raises(TrialRefusedError, match=r"(?s)line 3.*line 4"):
        make_trial("imaps://mail.example", manifest, None, ADMIN)


def test_a_trial_without_a_manifest_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(TrialRefusedError, match="cannot read the manifest"):
        make_trial("imaps://mail.example", tmp_path / "none.csv", None, ADMIN)
