"""The manifest: who is migrated, as the tenant's administrator writes it in a CSV file.

UTF-8 with or without a byte order mark, separated by commas or semicolons; the first line names
the columns, in any order; blank lines and lines that begin with # do not count.

    column              meaning
    source              login name or address at the source; required
    target              address in WorkMail; the source if empty
    username            WorkMail's user name; from the target's part before the @ if empty
    display_name        the name as others see it; required
    first_name          optional, as all that follow
    last_name
    aliases             more addresses, separated by spaces or |
    initials, job_title, company, department, office, telephone, street, city, zip_code, country
                        for the address book
    hidden              yes or no: whether the global address list leaves the user out
    role                USER or REMOTE_USER
    quota_mb            how much the mailbox may hold: 1 to 51200
    identity_center_id  the user's id in IAM Identity Center; a new user gets no password then

An empty cell leaves what WorkMail has.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from migration.errors import ManifestInvalid
from migration.identity import mailbox_id
from migration.manifest_rules import (
    COLUMNS,
    REQUIRED,
    USUAL_COLUMNS,
    Fault,
    Reading,
    check_row,
    compare_rows,
    read_row,
)
from migration.model import Mailbox, ManifestRow, Note
from migration.ports import BlobStore, Ledger
from migration.settings import Settings

__all__ = [
    "Fault",
    "Manifest",
    "Wave",
    "parse_manifest",
    "plan_wave",
    "read_manifest",
    "to_mailboxes",
    "write_wave",
]

# Step Functions keeps 32,768 characters of an error; a longer list of faults would be cut amid.
_FAULTS_IN_ERROR = 100

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LINE_END = re.compile(rb"\r\n|\n|\r")
_SAVE_AS_UTF_8 = 'save the file as "CSV UTF-8"'


@dataclass(frozen=True, slots=True)
class Manifest:
    """The rows that have no fault of their own, and all faults in the order of their lines."""

    rows: tuple[ManifestRow, ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Wave:
    """The file that names the mailboxes of a run: its key, its version, its number of lines."""

    key: str
    version: str
    count: int


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str
    readable: bool


def parse_manifest(body: bytes, domains: Sequence[str]) -> Manifest:
    """Reads the manifest and finds all faults at once.

    Targets and aliases must be in one of `domains`; an empty sequence allows any.
    """
    if body.startswith(_UTF_16):
        return Manifest((), (Fault(1, "", "the file is UTF-16, not UTF-8", _SAVE_AS_UTF_8),))
    lines = _split(body)
    if not lines:
        remedy = f"begin with the line {','.join(USUAL_COLUMNS)}"
        return Manifest((), (Fault(1, "", "the manifest is empty", remedy),))
    faults = [
        Fault(line.number, "", "the line is not UTF-8", _SAVE_AS_UTF_8)
        for line in lines
        if not line.readable
    ]
    readings, more_faults = _read_rows(lines, domains)
    faults += more_faults
    faults += compare_rows(readings)
    bad = {fault.line for fault in faults}
    rows = tuple(reading.row for reading in readings if reading.row.line not in bad)
    return Manifest(rows, tuple(sorted(faults, key=_place)))


def _read_rows(lines: Sequence[_Line], domains: Sequence[str]) -> tuple[list[Reading], list[Fault]]:
    """The rows below the header, and the faults of the header and of each row."""
    header, *rest = lines
    delimiter = ";" if header.text.count(";") > header.text.count(",") else ","
    names, faults = _read_header(header, delimiter)
    if names and not rest:
        faults.append(
            Fault(header.number, "", "no line follows the header", "add one line per mailbox")
        )
    readings: list[Reading] = []
    for line in rest if names else ():
        if line.readable:
            values, line_faults = _read_values(line, delimiter, names)
            faults += line_faults
            if any(values.values()):
                reading = read_row(line.number, values)
                readings.append(reading)
                faults += check_row(reading, values, domains)
    return readings, faults


def _place(fault: Fault) -> tuple[int, int]:
    return fault.line, COLUMNS.index(fault.column) if fault.column in COLUMNS else -1


def _split(body: bytes) -> list[_Line]:
    """The lines that count. Each is decoded alone, so that one bad line hides no other."""
    lines = []
    raw_lines = _LINE_END.split(body.removeprefix(codecs.BOM_UTF8))
    for number, raw in enumerate(raw_lines, 1):
        if raw.strip() and not raw.lstrip().startswith(b"#"):
            try:
                lines.append(_Line(number, raw.decode("utf-8"), readable=True))
            except UnicodeDecodeError:
                lines.append(_Line(number, raw.decode("utf-8", "replace"), readable=False))
    return lines


def _cells(line: _Line, delimiter: str) -> list[str] | None:
    """The line's values without the space around them; None if its quotation marks are wrong."""
    try:
        row = next(csv.reader([line.text], delimiter=delimiter, skipinitialspace=True, strict=True))
    except csv.Error:
        return None
    return [cell.strip() for cell in row]


def _read_header(header: _Line, delimiter: str) -> tuple[list[str], list[Fault]]:
    """The names of the columns. No names if the line is no header at all: then whatever follows
    cannot be told. Its words are not quoted, since they may be somebody's address."""
    names = [cell.lower() for cell in _cells(header, delimiter) or []]
    if not set(names) & set(COLUMNS):
        remedy = f"write {','.join(USUAL_COLUMNS)} above it"
        problem = "the first line does not name the columns"
        return [], [Fault(header.number, "", problem, remedy)]
    faults = []
    for position, name in enumerate(names, 1):
        if name not in COLUMNS:
            close = difflib.get_close_matches(name, COLUMNS, n=1)
            remedy = f"did you mean {close[0]}?" if close else f"known are {', '.join(COLUMNS)}"
            faults.append(Fault(header.number, "", f"column {position} is unknown", remedy))
        elif name in names[: position - 1]:
            problem = f"column {position} is there a second time"
            faults.append(Fault(header.number, name, problem, "remove one of the two"))
    faults += [
        Fault(header.number, name, "the column is missing", "add it")
        for name in REQUIRED
        if name not in names
    ]
    return names, faults


def _read_values(
    line: _Line, delimiter: str, names: Sequence[str]
) -> tuple[Mapping[str, str], list[Fault]]:
    """The values of the known columns; none if they cannot be told apart."""
    cells = _cells(line, delimiter)
    if cells is None:
        remedy = 'close every " on the line where it opens, and write "" for one inside'
        return {}, [Fault(line.number, "", "its quotation marks do not fit", remedy)]
    if len(cells) != len(names) and any(cells):
        problem = f"it has {len(cells)} values, and the header names {len(names)} columns"
        remedy = f'give one value per column, and put values that hold {delimiter} into "..."'
        return {}, [Fault(line.number, "", problem, remedy)]
    pairs = zip(names, cells, strict=False)  # a line of separators alone counts as blank
    return {name: cell for name, cell in pairs if name in COLUMNS}, []


def to_mailboxes(tenant: str, rows: Iterable[ManifestRow]) -> list[Mailbox]:
    """The mailboxes of the rows, each with the id that it has in every run."""
    return [
        Mailbox(
            id=mailbox_id(tenant, row.target),
            source=row.source,
            target=row.target,
            username=row.username,
            display_name=row.display_name,
            first_name=row.first_name,
            last_name=row.last_name,
            aliases=row.aliases,
            profile=row.profile,
            quota_mb=row.quota_mb,
        )
        for row in rows
    ]


def write_wave(mailboxes: Iterable[Mailbox]) -> bytes:
    """JSON lines for the Distributed Map, ids only, in the order of the ids."""
    ids = sorted(mailbox.id for mailbox in mailboxes)
    return "".join(json.dumps({"mailbox": each}) + "\n" for each in ids).encode("ascii")


def read_manifest(settings: Settings, blobs: BlobStore, manifest_key: str) -> Manifest:
    """The manifest of that key with its faults; ManifestInvalid if there is no such file."""
    try:
        body = blobs.get(manifest_key)
    except KeyError:
        where = f"s3://{settings.bucket_name}/{manifest_key}"
        raise ManifestInvalid([f"there is no manifest: upload it to {where}"]) from None
    return parse_manifest(body, settings.domains)


def plan_wave(
    settings: Settings, blobs: BlobStore, ledger: Ledger, run: str, now: str, manifest_key: str
) -> Wave:
    """Turns the manifest into the mailboxes of the run; nothing is changed if it has a fault.

    ManifestInvalid if there is no such file, or with the faults, of which `faults.json` beside
    the wave has all. Doing it again gives the same wave.
    """
    manifest = read_manifest(settings, blobs, manifest_key)
    if manifest.faults:
        key = f"plans/{run}/faults.json"
        blobs.put(key, _dump_faults(manifest.faults), "application/json")
        raise ManifestInvalid(_summarise_faults(manifest.faults, key))
    mailboxes = to_mailboxes(settings.tenant, manifest.rows)
    ledger.plan_mailboxes(run, mailboxes)
    key = f"plans/{run}/wave.jsonl"
    version = blobs.put(key, write_wave(mailboxes), "application/x-ndjson")
    ledger.add_note(run, Note(now, "PlanWave", f"{len(mailboxes)} mailboxes planned"))
    return Wave(key, version, len(mailboxes))


def _dump_faults(faults: Sequence[Fault]) -> bytes:
    rows = [
        {"line": each.line, "column": each.column, "problem": f"{each.problem}; {each.remedy}"}
        for each in faults
    ]
    return json.dumps(rows, indent=1).encode("ascii")


def _summarise_faults(faults: Sequence[Fault], key: str) -> list[str]:
    texts = [fault.text for fault in faults[:_FAULTS_IN_ERROR]]
    left = len(faults) - len(texts)
    return [*texts, f"and {left} more faults, all of them in {key}"] if left else texts
