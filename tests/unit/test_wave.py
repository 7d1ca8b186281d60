"""The wave that is made of a manifest, and what becomes of one with faults."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from migration.errors import ManifestInvalid
from migration.identity import entity_id, mailbox_id
from migration.settings import FILES, GroupwareSettings, Settings
from migration.wave import plan_wave, to_mailboxes, write_wave
from tests.unit.test_manifest import DOMAINS, TEN_FAULTS, parse
from tests.unit.test_settings import environment

KEY = "intake/manifest.csv"
NOW = "2026-11-30T09:00:00Z"


def settings() -> Settings:
    read = Settings.from_env(environment())
    return replace(read, tenant="acme", domains=DOMAINS, bucket_name="bucket")


def test_the_wave_holds_ids_in_their_order_and_nothing_else() -> None:
    mailboxes = to_mailboxes("acme", parse(*THREE).rows)
    ids = sorted(mailbox_id("acme", f"{name}@example.com") for name in "abc")
    assert write_wave(each.id for each in mailboxes) == b"".join(
        b'{"mailbox": "%s"}\n' % i.encode() for i in ids
    )


THREE = ("source,display_name", *(f"{name}@example.com,{name.upper()}" for name in "cab"))


def test_planning_a_wave_twice_gives_the_same() -> None:
    blobs, ledger = MemoryBlobs(), MemoryLedger()
    blobs.put(KEY, "\n".join(THREE).encode())
    first = plan_wave(settings(), blobs, ledger, "run-1", NOW, KEY)
    body = blobs.get(first.key)
    second = plan_wave(settings(), blobs, ledger, "run-1", NOW, KEY)
    assert (first.key, first.count) == ("plans/run-1/wave.jsonl", 3)
    assert (second.key, second.count) == (first.key, 3)
    assert blobs.get(second.key) == body
    wave = [json.loads(line)["mailbox"] for line in body.splitlines()]
    assert [record.mailbox.id for record in ledger.mailboxes("run-1")] == wave
    assert [note.what for note in ledger.notes("run-1")] == ["3 mailboxes planned"]


def test_a_faulty_manifest_changes_nothing_and_names_every_fault() -> None:
    blobs, ledger = MemoryBlobs(), MemoryLedger()
    blobs.put(KEY, "\n".join(TEN_FAULTS).encode())
    with pytest.raises(ManifestInvalid) as caught:
        plan_wave(settings(), blobs, ledger, "run-1", NOW, KEY)
    expected = [fault.text for fault in parse(*TEN_FAULTS).faults]
    assert list(caught.value.problems) == expected
    assert ledger.writes == 0
    assert set(blobs.files()) == {KEY, "plans/run-1/faults.json"}
    kept = json.loads(blobs.get("plans/run-1/faults.json"))
    assert len(kept) == 10
    assert kept[4] == {
        "file": "manifest.csv",
        "line": 5,
        "column": "source",
        "problem": "it is empty; write the login name or address that the mailbox has at the "
        "source",
    }


def test_the_error_of_a_hopeless_manifest_stays_within_step_functions_limit() -> None:
    blobs = MemoryBlobs()
    rows = [f"u{number}!@example.com,{'N' * 257}" for number in range(1000)]
    blobs.put(KEY, "\n".join(("source,display_name", *rows)).encode())
    with pytest.raises(ManifestInvalid) as caught:
        plan_wave(settings(), blobs, MemoryLedger(), "r", NOW, KEY)
    assert len(str(caught.value)) < 25_000
    assert caught.value.problems[-1] == "and 1900 more faults, all of them in plans/r/faults.json"
    assert len(json.loads(blobs.get("plans/r/faults.json"))) == 2000


def test_a_missing_manifest_says_where_to_upload_it() -> None:
    with pytest.raises(ManifestInvalid, match=r"upload it to s3://bucket/intake/manifest\.csv"):
        plan_wave(settings(), MemoryBlobs(), MemoryLedger(), "r", NOW, KEY)


def test_a_folder_is_planned_with_its_groups_resources_and_permissions() -> None:
    blobs, ledger = MemoryBlobs(), MemoryLedger()
    tables = {
        "users": THREE,
        "groups": ("address,members", "g@example.com,a@example.com x@example.com"),
        "resources": ("address,type,name", "r@example.com,room,Room 1", "s@example.com,room,S"),
        "permissions": ("mailbox,grantee,permissions", "a@example.com,b@example.com,send_as"),
    }
    for name, lines in tables.items():
        blobs.put(f"intake/acme/{name}.csv", "\n".join(lines).encode())
    wave = plan_wave(settings(), blobs, ledger, "run-1", NOW, "intake/acme/")
    again = plan_wave(settings(), blobs, ledger, "run-1", NOW, "intake/acme/")
    ids = sorted(
        [
            entity_id("acme", "group", "g@example.com"),
            entity_id("acme", "resource", "r@example.com"),
            entity_id("acme", "resource", "s@example.com"),
            entity_id("acme", "sharing", "a@example.com"),
        ]
    )
    assert (wave.count, wave.entities) == (again.count, again.entities) == (3, 4)
    assert (wave.entities_key, wave.entities_version) == ("plans/run-1/entities.jsonl", "1")
    assert again.entities_version == "2"
    written = blobs.get(wave.entities_key).decode().splitlines()
    assert [json.loads(line) for line in written] == [{"entity": each} for each in ids]
    assert [record.wanted.id for record in ledger.entities("run-1")] == ids
    (note, *_) = ledger.notes("run-1")
    assert note.what == (
        "3 mailboxes planned; groups: 1; resources: 2; resources whose name is made fit: 1; "
        "mailboxes with permissions: 1; addresses that the manifest has not and WorkMail must "
        "have: 1"
    )


def test_calendars_of_resources_are_in_the_wave_where_calendars_are_copied() -> None:
    blobs, ledger = MemoryBlobs(), MemoryLedger()
    lines = (
        "address,type,name,source",
        "r@example.com,room,Room,r@old.example",
        "s@example.com,room,S,",
    )
    blobs.put("intake/acme/users.csv", "\n".join(THREE).encode())
    blobs.put("intake/acme/resources.csv", "\n".join(lines).encode())
    without = plan_wave(
        replace(settings(), groupware=GroupwareSettings()),
        blobs,
        ledger,
        "run-1",
        NOW,
        "intake/acme/",
    )
    assert without.count == 3
    wanted = replace(settings(), groupware=GroupwareSettings((FILES,)))
    wave = plan_wave(wanted, blobs, ledger, "run-2", NOW, "intake/acme/")
    (room,) = (each.mailbox for each in ledger.mailboxes("run-2") if each.mailbox.is_resource)
    assert wave.count == 4
    assert room.id == mailbox_id("acme", "r@example.com")
    assert (room.source, room.target, room.display_name) == (
        "r@old.example",
        "r@example.com",
        "Room",
    )
    (note, *_) = ledger.notes("run-2")
    assert "resources: 2; resources whose calendars are copied: 1" in note.what


def test_users_alone_have_a_file_of_entities_without_a_line() -> None:
    blobs, ledger = MemoryBlobs(), MemoryLedger()
    blobs.put(KEY, "\n".join(THREE).encode())
    wave = plan_wave(settings(), blobs, ledger, "run-1", NOW, KEY)
    assert (wave.entities, blobs.get(wave.entities_key)) == (0, b"")
    assert list(ledger.entities("run-1")) == []


def test_faults_of_a_document_are_kept_with_file_line_and_column() -> None:
    blobs, ledger = MemoryBlobs(), MemoryLedger()
    blobs.put("intake/m.yaml", b"users:\n  - source: a@example.com\n    display_name: 5\n")
    with pytest.raises(ManifestInvalid, match=r"^m\.yaml, line 3, column 19 \(users\[0\]\."):
        plan_wave(settings(), blobs, ledger, "r", NOW, "intake/m.yaml")
    assert json.loads(blobs.get("plans/r/faults.json")) == [
        {
            "file": "m.yaml",
            "line": 3,
            "column": "column 19 (users[0].display_name)",
            "problem": "it is a number; write it in quotes",
        }
    ]
    assert ledger.writes == 0
