"""The series `wave-10000`: as many mailboxes as WorkMail may have, through the whole definition.

Of the mailboxes one in a hundred cannot be copied at first. Two thirds of these are mended while
the run waits to try them again, and the last third after it: another run takes only those. What
AWS limits is measured on the way, and nothing may be beyond it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from rich.console import Console

from localrun.compare import compare_mailbox
from localrun.contents import ImapAccess, read_ews
from localrun.outcome import find_problems
from localrun.runner import Options, Run
from localrun.series.process_usage import read_usage
from localrun.series.series import Played, Series, opened
from localrun.series.small_tenant import check_free
from localrun.series.wave_tenant import (
    ADMIN,
    ADMIN_PASSWORD,
    AT_ONCE,
    CONNECTIONS,
    LETTERS,
    WaveTenant,
    make_tenant,
    mend_passwords,
    story,
)
from localrun.series.wave_watch import Watch, measure_account, tabulate
from migration.identity import mailbox_id
from migration.model import MailboxRecord, MailboxStatus

NAME = "wave-10000"
SIZE = 10_000
_LIMITS = {"users": 20, "mailboxes": AT_ONCE}
_CLOCK = "jump*20"
"""Users come into being seconds after they are made; so many mailboxes would wait for hours while
others are at work, if virtual time did not run faster than real time."""
_TOLD_SECONDS = 30
_COMPARED = 100


def play(options: Options, console: Console, size: int) -> Played:
    """The run, and the one for the rest. `size`: mailboxes."""
    tenant = make_tenant(size or SIZE)
    options = replace(options, clock=_CLOCK) if options.clock == "jump" else options
    begun = time.monotonic()
    with opened(story(tenant, NAME, _LIMITS), options, console) as run:
        wave = Wave(run, tenant)
        with _progress(run, console, tenant):
            problems = list(wave.play())
        measures = [*wave.watch.measures(), *measure_account(run)]
        usage = read_usage()
    console.print(tabulate(measures))
    problems += [each.problem for each in measures if each.problem]
    facts = {
        "mailboxes": len(tenant.users),
        "failed_at_first": len(tenant.failing),
        "seconds": round(time.monotonic() - begun),
        "cpu_seconds": round(usage.own),
        "cpu_seconds_of_functions": round(usage.children),
        "peak_mb": round(usage.peak / 1e6),
        "peak_mb_of_a_function": round(usage.child_peak / 1e6),
        **wave.facts,
    }
    return Played(tuple(problems), facts)


class Wave:
    """What happens, in its order; what should not be is yielded as a sentence. `facts` is what
    there is to tell of it."""

    def __init__(self, run: Run, tenant: WaveTenant) -> None:
        self.watch = Watch()
        self.facts: dict[str, Any] = {}
        self._run = run
        self._tenant = tenant
        self._ids = {address: mailbox_id(f"{NAME}-local", address) for address in tenant.users}
        run.world.workmail_service.keep_calls = False
        run.cloud.engine.watch(self.watch.observe)

    def play(self) -> Iterator[str]:
        """Both runs."""
        assert self._run.world.imap is not None
        self._run.world.imap.most_connections = 0
        yield from self._first_run()
        mend_passwords(self._run)
        yield from self._second_run()
        connections = self._run.world.imap.most_connections
        self.facts["connections"] = connections
        if not 0 < connections <= CONNECTIONS:
            yield f"{connections} connections were open at the source, {CONNECTIONS} may be"
        yield from self._compare()
        yield from self._count_units()

    def _first_run(self) -> Iterator[str]:
        tenant, everybody = self._tenant, set(self._tenant.users)
        described = self._run.wait(self._run.start("first", {}))
        yield from self._check_end(described, "exceptions", tenant.mended_late)
        full, retry, delta, *others = self._visits("Mailboxes")
        yield from self._check_visits("the full pass", full, everybody)
        yield from self._check_visits("the retry", retry, set(tenant.failing))
        yield from self._check_visits("the delta pass", delta, everybody)
        if others:
            yield f"there were {len(others)} more passes"
        errors = self._errors("first")
        wanted = {address: tenant.failing[address] for address in tenant.mended_late}
        if errors != wanted:
            yield f"failed in the end: {len(errors)}, there should be {len(wanted)}"

    def _second_run(self) -> Iterator[str]:
        """Brings those that the first has left, and looks at nobody else."""
        told = {"phases": ["delta", "report"], "run": "first", "only": "failed"}
        before = len(self._visits("Mailboxes"))
        described = self._run.wait(self._run.start("second", told))
        yield from self._check_end(described, "done", ())
        left = set(self._tenant.mended_late)
        for visited in self._visits("Mailboxes")[before:]:
            yield from self._check_visits("the second run", visited, left)
        if len(self._visits("Mailboxes")) == before:
            yield "the second run made no pass"

    def _check_end(
        self, described: Mapping[str, Any], verdict: str, failed: Sequence[str]
    ) -> Iterator[str]:
        name = described["name"]
        if described["status"] != "SUCCEEDED":
            yield f"{name}: {described['status']}: {described.get('cause', '')}"
        said = self._run.fetch_verdict(name)
        if said != verdict:
            yield f"{name}: the report says {said!r}, expected {verdict!r}"
        records = list(self._run.ledger.mailboxes(name))
        found = {each.mailbox.target for each in records if each.status is MailboxStatus.FAILED}
        if found != set(failed):
            yield f"{name}: {len(found)} mailboxes failed, there should be {len(failed)}"
        self.facts[f"{name}_copied"] = sum(map(_copied, records))
        yield from check_free(self._run, name)

    def _errors(self, run: str) -> dict[str, str]:
        return {
            each.mailbox.target: each.failure.error
            for each in self._run.ledger.mailboxes(run)
            if each.failure is not None
        }

    def _visits(self, label: str) -> list[set[str]]:
        """The ids of the mailboxes that each Map Run has visited, in their order."""
        runs = self._run.cloud.engine.map_runs
        return [self.watch.visited[arn] for arn, one in runs.items() if one.label == label]

    def _check_visits(self, what: str, visited: set[str], wanted: set[str]) -> Iterator[str]:
        ids = {self._ids[address] for address in wanted}
        if visited != ids:
            yield (
                f"{what} left out {len(ids - visited)} mailboxes, and visited "
                f"{len(visited - ids)} others"
            )

    def _compare(self) -> Iterator[str]:
        """Every mailbox by its count; those that had failed, and some others, by every message."""
        stored = self._run.world.count_stored()
        wrong = [each for each in self._tenant.users if stored.get(each, 0) != LETTERS]
        if wrong:
            yield f"{len(wrong)} mailboxes do not hold {LETTERS} messages"
        step = max(1, len(self._tenant.users) // _COMPARED)
        some = {*self._tenant.failing, *self._tenant.users[::step]}
        source = self._run.world.source
        access = ImapAccess(
            str(source["host"]), int(source["port"]), "none", {}, (ADMIN, ADMIN_PASSWORD)
        )
        for address in sorted(some):
            known = self._run.ledger.folders(self._ids[address])
            there = read_ews(self._run.world.ews, address)
            yield from find_problems(
                list(compare_mailbox(address, access.read(address), there, known))
            )
        self.facts["compared_by_message"] = len(some)

    def _count_units(self) -> Iterator[str]:
        """How many write units a mailbox costs, and how many of them go to the tenant's one key."""
        table = self._run.cloud.database.tables[self._run.cloud.output("LedgerTable")]
        units = table.usage.units
        of_tenant = units[f"T#{NAME}-local"]
        mailboxes = len(self._tenant.users)
        self.facts["write_units"] = sum(units.values())
        self.facts["write_units_of_the_tenants_key_by_mailbox"] = round(of_tenant / mailboxes, 1)
        most = max(number for key, number in units.items() if key.startswith("M#"))
        self.facts["most_write_units_of_a_mailbox"] = most
        if of_tenant > 40 * mailboxes:
            yield f"{of_tenant} write units went to the tenant's key"


def _copied(record: MailboxRecord) -> int:
    return record.verdict.total.copied if record.verdict else 0


@contextmanager
def _progress(run: Run, console: Console, tenant: WaveTenant) -> Iterator[None]:
    """A line every half minute: how far the Map Run at work is, its rate, and when it will end."""
    over = threading.Event()

    def tell() -> None:
        while not over.wait(_TOLD_SECONDS):
            if line := _describe(run):
                console.print(line, markup=False, highlight=False)

    seen: dict[str, tuple[float, int]] = {}

    def _describe(run: Run) -> str:
        for arn, one in list(run.cloud.engine.map_runs.items()):
            if one.status != "RUNNING":
                continue
            done = sum(n for status, n in one.child_counts().items() if status != "RUNNING")
            first, count = seen.setdefault(arn, (time.monotonic(), done))
            rate = (done - count) / max(1e-9, time.monotonic() - first)
            left = f", {(one.total_children - done) / rate / 60:.0f} min left" if rate else ""
            memory = read_usage().peak / 1e6
            return (
                f"{one.label}: {done:,} of {one.total_children:,}, {rate:.1f} a second{left}; "
                f"{memory:.0f} MB"
            )
        return ""

    thread = threading.Thread(target=tell, daemon=True, name="progress")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


WAVE = Series(
    NAME,
    "10,000 mailboxes through all states; 1 % fail, and are tried again alone; AWS's limits hold.",
    play,
)
