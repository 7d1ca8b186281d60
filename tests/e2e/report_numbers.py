"""What every place says of a run in numbers: both servers, the ledger, the notice of the end, and
the files of the report. Each is counted by itself; nothing of the report's own code is used."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from localrun.runner import Run
from migration.figures import format_bytes
from migration.mail import Fate
from migration.model import MailboxStatus

Numbers = dict[str, int | str]

_TILES = {"Mailboxes": "mailboxes", "Complete": "done", "Exceptions": "exceptions"}
_TILES |= {"Failed": "failed", "Messages": "messages", "Refused": "rejected"}
_TILES |= {"Adjusted": "adjusted", "Size": "size in words"}
_AGREES = ("done", "exceptions")


def read_numbers(run: Run, name: str) -> dict[str, Numbers]:
    """By the place. The report of the execution `name` has been fetched, and the servers are as
    they were when it ended."""
    mailboxes, failures = _read_csv(run.out, "mailboxes"), _read_csv(run.out, "failures")
    return {
        "servers": dict(_of_servers(run, mailboxes, failures)),
        "ledger": _of_ledger(run, name),
        "summary.json": _of_summary(json.loads((run.out / "summary.json").read_bytes())),
        "report.html": dict(_of_page((run.out / "report.html").read_text("utf-8"))),
        "mailboxes.csv": _of_mailboxes(mailboxes),
        "failures.csv": _of_failures(failures),
        "notice": dict(_of_notice(run.notices.told[-1]["facts"])),
    }


def find_differences(told: Mapping[str, Numbers]) -> list[str]:
    """What two places say differently."""
    names = {name for numbers in told.values() for name in numbers}
    by_name = {
        name: {place: numbers[name] for place, numbers in told.items() if name in numbers}
        for name in sorted(names)
    }
    return [f"{name}: {said}" for name, said in by_name.items() if len(set(said.values())) > 1]


def _of_servers(
    run: Run, mailboxes: list[dict[str, str]], failures: list[dict[str, str]]
) -> Iterator[tuple[str, int]]:
    """The source is looked at where source and target should agree, and less what was refused."""
    stored = run.world.count_stored()
    yield "messages", sum(stored.values())
    agreeing = {row["id"]: row["source"] for row in mailboxes if row["outcome"] in _AGREES}
    counts = sizes = 0
    for address in agreeing.values():
        count, size = _look_at_source(run, address)
        counts, sizes = counts + count, sizes + size
    yield "at source", counts
    lost = [row for row in failures if row["id"] in agreeing and _is_refused(row)]
    yield "rejected", counts - sum(stored.get(address, 0) for address in _targets(mailboxes))
    yield "size", sizes - sum(int(row["size"]) for row in lost)


def _targets(mailboxes: list[dict[str, str]]) -> list[str]:
    return [row["target"] for row in mailboxes if row["outcome"] in _AGREES]


def _look_at_source(run: Run, address: str) -> tuple[int, int]:
    """Messages in all folders, and their bytes."""
    sizes: list[int] = []
    if run.world.graph is not None:
        folders = run.world.graph.mailbox(address).folders().values()
        sizes += [len(each.mime) for folder in folders for each in folder]
        return len(sizes), sum(sizes)
    with run.world.old_mailbox(address) as client:
        for flags, _, folder in client.list_folders():
            if b"\\Noselect" not in flags:
                client.select_folder(folder, readonly=True)
                found = client.fetch(client.search(), ["RFC822.SIZE"]) if client.search() else {}
                sizes += [each[b"RFC822.SIZE"] for each in found.values()]
    return len(sizes), sum(sizes)


def _of_ledger(run: Run, name: str) -> Numbers:
    records = list(run.ledger.mailboxes(name))
    folders = [each for one in records for each in run.ledger.folders(one.mailbox.id)]
    fates = [each.fate for one in records for each in run.ledger.remarks(one.mailbox.id)]
    return {
        "mailboxes": len(records),
        "failed": sum(each.status is MailboxStatus.FAILED for each in records),
        "messages": sum(each.total.copied for each in folders),
        "rejected": sum(fate is not Fate.ADJUSTED for fate in fates),
        "adjusted": sum(fate is Fate.ADJUSTED for fate in fates),
        "folders": len(folders),
        "size": sum(each.total.size for each in folders),
    }


def _of_summary(summary: Any) -> Numbers:
    names = ("mailboxes", "done", "exceptions", "failed", "messages", "rejected", "adjusted")
    lines = summary["mailboxes"]
    return {
        **{name: summary["counts"][name] for name in names},
        "folders": sum(len(line["folders"]) for line in lines),
        "size": sum(line["size"] for line in lines),
    }


def _of_page(html: str) -> Iterator[tuple[str, int | str]]:
    """The tiles; a page about no mailbox has none."""
    for label, value in re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", html):
        if label in _TILES:
            yield _TILES[label], value if label == "Size" else int(value.replace(",", ""))


def _read_csv(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _of_mailboxes(rows: list[dict[str, str]]) -> Numbers:
    def total(column: str) -> int:
        return sum(int(row[column] or 0) for row in rows)

    outcomes = [row["outcome"] for row in rows]
    agreeing = [row for row in rows if row["outcome"] in _AGREES]
    return {
        "mailboxes": len(rows),
        "done": outcomes.count("done"),
        "exceptions": sum(each in ("exceptions", "differs", "unfinished") for each in outcomes),
        "failed": outcomes.count("failed"),
        "messages": total("messages"),
        "rejected": total("refused"),
        "adjusted": total("adjusted"),
        "folders": total("folders"),
        "size": total("size"),
        "size in words": format_bytes(total("size")),
        "at source": sum(int(row["at_source"] or 0) for row in agreeing),
    }


def _is_refused(row: Mapping[str, str]) -> bool:
    return row["kind"] == "message" and row["fate"] != "adjusted"


def _of_failures(rows: list[dict[str, str]]) -> Numbers:
    ends = [row["fate"] for row in rows if row["kind"] == "mailbox"]
    adjusted = sum(row["kind"] == "message" and row["fate"] == "adjusted" for row in rows)
    return {
        "failed": ends.count("failed"),
        "rejected": sum(map(_is_refused, rows)),
        "adjusted": adjusted,
    }


def _of_notice(facts: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for name in ("mailboxes", "done", "exceptions", "failed", "messages", "rejected", "adjusted"):
        yield name, facts[name]
