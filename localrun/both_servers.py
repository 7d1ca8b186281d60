"""Both servers of a run, read and compared mailbox by mailbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from localrun.compare import FolderComparison, compare_mailbox
from localrun.contents import Contents, ImapAccess, read_ews, read_graph
from localrun.outcome import leave_out
from localrun.scenario import Scenario
from localrun.world import READER, World
from migration.model import MailboxRecord
from migration.ports import Ledger


def compare_servers(
    world: World, scenario: Scenario, ledger: Ledger, records: Sequence[MailboxRecord]
) -> list[FolderComparison]:
    """Every folder of these mailboxes: what the source, the ledger and the target have of it. What
    the ledger says was refused is left out."""
    read_source = _reader(world, scenario)
    compared: list[FolderComparison] = []
    for record in records:
        mailbox = record.mailbox
        known = ledger.folders(mailbox.id)
        here = read_source(mailbox.source)
        there = _read_target(world, scenario, mailbox.target)
        found = compare_mailbox(mailbox.target, here, there, known)
        compared += leave_out(found, known, ledger.remarks(mailbox.id))
    return compared


def _reader(world: World, scenario: Scenario) -> Callable[[str], Contents]:
    """What reads a mailbox of the source by its name there."""
    if world.graph is not None:
        return partial(read_graph, world.graph)
    source, admin = world.source, scenario.secret.get("admin")
    access = ImapAccess(
        str(source["host"]),
        int(source["port"]),
        str(source["tls"]),
        dict(scenario.secret.get("mailboxes", {})),
        (admin["user"], admin["password"]) if admin else None,
    )
    return access.read


def _read_target(world: World, scenario: Scenario, address: str) -> Contents:
    if scenario.written_over == "EWS":
        return read_ews(world.ews, address)
    access = ImapAccess("127.0.0.1", world.workmail_imap.port, "none", {}, READER)
    return access.read(address)
