"""The wave that is made of a manifest, and what becomes of one with faults."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from migration.errors import ManifestInvalid
from migration.identity import mailbox_id
from migration.settings import Settings
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
