"""The manifest's columns about profile and quota."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.manifest import parse_manifest
from migration.model import Profile
from migration.wave import to_mailboxes

IDENTITY = "906789abcd-0a1b2c3d-0000-4000-8000-0123456789ab"
START = "source,display_name"


def texts(columns: str, *rows: str) -> list[str]:
    lines = [f"{START},{columns}"]
    lines += [f"u{number}@example.com,U,{row}" for number, row in enumerate(rows)]
    faults = parse_manifest("\n".join(lines).encode(), []).faults
    return [fault.text.removeprefix("manifest.csv, ") for fault in faults]


def test_every_column_reaches_the_mailbox() -> None:
    columns = (
        "initials,job_title,company,department,office,telephone,street,city,zip_code,country,"
        "hidden,role,quota_mb,identity_center_id"
    )
    row = f"AB,Chief,Acme,Sales,3.14,+47 1,Way 1,Oslo,0150,Norway,Yes,remote_user,2048,{IDENTITY}"
    manifest = parse_manifest(f"{START},{columns}\na@example.com,A,{row}\n".encode(), [])
    assert manifest.faults == ()
    (mailbox,) = to_mailboxes("acme", manifest.rows)
    assert mailbox.quota_mb == 2048
    assert mailbox.profile == Profile(
        "AB", "Chief", "Acme", "Sales", "3.14", "+47 1", "Way 1", "Oslo", "0150", "Norway",
        True, "REMOTE_USER", IDENTITY,
    )  # fmt: skip


def test_empty_cells_say_nothing() -> None:
    body = f"{START},hidden,role,quota_mb,city\na@example.com,A,,,,\n".encode()
    (row,) = parse_manifest(body, []).rows
    assert (row.profile, row.quota_mb) == (Profile(), 0)


@pytest.mark.parametrize(
    ("column", "value", "fault"),
    [
        ("hidden", "perhaps", "it is neither yes nor no; write yes, no, or nothing"),
        ("role", "RESOURCE",
         "it is no role that WorkMail gives; write USER or REMOTE_USER, or nothing"),
        ("identity_center_id", "anna.berg",
         ("it is no user ID of Identity Center; copy the user ID that Identity Center shows for "
          "the user, or leave it empty")),
        ("city", "x" * 257, "it has 257 characters, and 256 are the most; shorten it"),
        ("hidden", "y\x07", "it holds the control character U+0007; type the value anew"),
    ],
)  # fmt: skip
def test_a_fault_has_line_column_problem_and_remedy(column: str, value: str, fault: str) -> None:
    assert texts(column, value) == [f"line 2, {column}: {fault}"]
    assert value not in fault


@pytest.mark.parametrize(
    "value", ["0", "51201", "-1", "1.5", "50 GB", "\u0661", "9" * 5000, "none"]
)
def test_sizes_that_no_mailbox_can_have(value: str) -> None:
    remedy = "write megabytes in digits alone, 1 to 51200, or nothing"
    expected = f"line 2, quota_mb: it is no size that a mailbox can have; {remedy}"
    assert texts("quota_mb", value) == [expected]


@given(st.integers(1, 51200))
def test_every_size_of_workmail_is_read(size: int) -> None:
    body = f"{START},quota_mb\na@example.com,A,{size}\n".encode()
    assert [row.quota_mb for row in parse_manifest(body, []).rows] == [size]


def test_an_identity_belongs_to_one_user() -> None:
    (text,) = texts(
        "identity_center_id", IDENTITY, "", IDENTITY.upper().replace("ABCD", "abcd"), ""
    )
    assert text.startswith("line 4, identity_center_id: it is the same as in line 2; write another")
    assert IDENTITY not in text
