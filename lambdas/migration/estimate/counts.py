"""The model: how often the migration of a workload uses each service.

Every factor stands for something in the definition or in the code that can be counted in a run on
this machine; tests/e2e/test_estimate.py does, and holds the sums to within a quarter. Seconds are
assumptions, because no run on a laptop shows them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from migration.dns_waits import next_wait
from migration.estimate.functions import MEMORY
from migration.estimate.hours import (
    CALLS_FOR_A_USER,
    SECONDS_FOR_A_USER,
    SECONDS_OF_A_QUIET_SLICE,
    hours_at_work,
    seconds_to_verify,
)
from migration.estimate.workload import Workload

# -- the parent execution: states that a run enters once, and those of each round of a loop
_STATES = 55
_STATES_OF_A_PASS = 6  # DeltaPass, CopyMailboxes, SummarisePass, AfterPass, wait, RecheckDns
_STATES_OF_A_LOOK = 3  # CheckDns, IsCutOver, WaitForDns
_CALLS = 26
_CALLS_OF_A_PASS = 2  # SummarisePass, RecheckDns

# -- a child of CopyMailboxes: OpenMailbox, CopySlice, SliceOutcome, VerifyMailbox
_STATES_OF_A_CHILD = 4
_STATES_OF_A_SLICE = 2
_CALLS_OF_A_CHILD = 2

# -- the ledger, in requests
_WRITES = 35
_WRITES_OF_A_LOOK = 1.2
_WRITES_OF_A_USER = 12  # plan, deeds before and after each call, what came of it, the guide
_WRITES_OF_A_FOLDER = 3  # claim, first intent, what verification saw
_WRITES_OF_A_BATCH = 1.25  # its commit is the next one's intent, where they meet
_WRITES_OF_A_FIRST_DELTA = 2  # a folder's claim and the state of its flags
_READS = 100
_READS_OF_A_LOOK = 3
_READS_OF_A_USER = 10
_READS_OF_A_CHILD = 8
_READS_OF_A_FOLDER = 3
_BYTES_OF_A_FOLDER, _BYTES_OF_A_MAILBOX = 600, 1_500
_SCANS = 12  # readings of all mailboxes, beside two in each pass
_READ_UNIT = 4_096
_UNITS_OF_A_BATCH = 4  # an intent names up to a few hundred messages

# -- the bucket: audit file per batch, findings per mailbox and pass, five files of client settings
_PUTS = 25
_PUTS_OF_A_USER = 5
_GETS = 6
_SECRET_CALLS = 9
_BYTES_OF_A_MESSAGE = 160  # its row in the audit

# -- measure-progress, by a rule: a look at the lock, and while a run works at all mailboxes
_MEASUREMENTS_AN_HOUR = 12
_HOURS_OF_A_MONTH = 730

# -- what a run on a laptop cannot show
_SECONDS_OF_A_CALL = 1.0  # of most functions
_BYTES_LOGGED = 1_500  # by a call, and by a state


@dataclass(frozen=True, slots=True)
class Counts:
    """What is used in all. Ledger writes and reads are requests, their units what is billed.
    `calls` are those of states; `measurements` come to them, and to the units."""

    transitions: float
    calls: float
    measurements: float
    gigabyte_seconds: float
    ledger_writes: float
    ledger_reads: float
    write_units: float
    read_units: float
    s3_puts: float
    s3_gets: float
    secret_calls: float
    notices: float
    log_gigabytes: float
    ledger_gigabytes: float
    s3_gigabytes: float


def count(work: Workload) -> Counts:
    """The sums for a whole run: provision, copy, cut-over, delta passes, report, client settings,
    and the late passes after it."""
    looks = count_looks(work.days)
    calls, transitions = _calls(work, looks), _transitions(work, looks)
    writes, reads = _ledger_writes(work, looks), _ledger_reads(work, looks)
    measurements = work.months * _HOURS_OF_A_MONTH * _MEASUREMENTS_AN_HOUR
    users = work.mailboxes * CALLS_FOR_A_USER
    puts = work.batches + work.children + work.mailboxes * _PUTS_OF_A_USER + _PUTS
    listings = work.children + work.all_folders * (work.passes + 1)
    logged = (calls + measurements + transitions) * _BYTES_LOGGED
    return Counts(
        transitions=transitions,
        calls=calls,
        measurements=measurements,
        gigabyte_seconds=sum(_gigabyte_seconds(work, calls, measurements)),
        ledger_writes=writes,
        ledger_reads=reads,
        write_units=writes + work.batches * _WRITES_OF_A_BATCH * (_UNITS_OF_A_BATCH - 1),
        read_units=reads + measurements + _bytes_read_beside(work) / _READ_UNIT,
        s3_puts=puts + listings,
        s3_gets=work.batches * (work.passes + 1) + work.children + _GETS,
        secret_calls=work.children * _CALLS_OF_A_CHILD + users + work.more_slices + _SECRET_CALLS,
        notices=looks * 0.05 + work.passes + 20,
        log_gigabytes=logged / 1e9,
        ledger_gigabytes=_bytes_at_rest(work) / 1e9,
        s3_gigabytes=work.messages * _BYTES_OF_A_MESSAGE / 1e9,
    )


def _calls(work: Workload, looks: float) -> float:
    own = _CALLS + work.passes * _CALLS_OF_A_PASS + looks
    users = work.mailboxes * CALLS_FOR_A_USER
    return own + users + work.children * _CALLS_OF_A_CHILD + work.more_slices


def _transitions(work: Workload, looks: float) -> float:
    own = _STATES + work.passes * _STATES_OF_A_PASS + looks * _STATES_OF_A_LOOK
    users = work.mailboxes * CALLS_FOR_A_USER
    copying = work.children * _STATES_OF_A_CHILD + work.more_slices * _STATES_OF_A_SLICE
    return own + users + copying


def _ledger_writes(work: Workload, looks: float) -> float:
    folders = work.all_folders
    copying = work.mailboxes + folders * _WRITES_OF_A_FOLDER + work.batches * _WRITES_OF_A_BATCH
    first_delta = work.mailboxes + folders * _WRITES_OF_A_FIRST_DELTA if work.delta_passes else 0
    users = work.mailboxes * _WRITES_OF_A_USER
    return _WRITES + looks * _WRITES_OF_A_LOOK + copying + first_delta + work.children + users


def _ledger_reads(work: Workload, looks: float) -> float:
    own = _READS + looks * _READS_OF_A_LOOK
    users = work.mailboxes * _READS_OF_A_USER
    copying = work.children * _READS_OF_A_CHILD + work.all_folders * _READS_OF_A_FOLDER
    return own + users + copying


def _bytes_read_beside(work: Workload) -> float:
    """Of queries that read more than a unit: all mailboxes at the ends of passes and while the run
    is measured, all folders of a mailbox by the copy once and by verification twice."""
    times = 2 * work.passes + _SCANS + _MEASUREMENTS_AN_HOUR * hours_at_work(work)
    folders = 3 * work.passes * work.all_folders * _BYTES_OF_A_FOLDER
    return times * work.mailboxes * _BYTES_OF_A_MAILBOX + folders


def _bytes_at_rest(work: Workload) -> float:
    return work.all_folders * _BYTES_OF_A_FOLDER + work.mailboxes * _BYTES_OF_A_MAILBOX


def _gigabyte_seconds(work: Workload, calls: float, measurements: float) -> Iterator[float]:
    """Of copying, of verifying, of creating users, of measuring, and of all the rest."""
    users = work.mailboxes * CALLS_FOR_A_USER
    quiet = work.children * SECONDS_OF_A_QUIET_SLICE
    yield (work.copy_seconds + quiet) * _gigabytes("copy_slice")
    yield work.children * seconds_to_verify(work) * _gigabytes("verify_mailbox")
    yield users * SECONDS_FOR_A_USER * _gigabytes("provision_user")
    yield measurements * _SECONDS_OF_A_CALL * _gigabytes("measure_progress")
    rest = calls - work.children * _CALLS_OF_A_CHILD - users
    yield max(0.0, rest) * _SECONDS_OF_A_CALL * 0.5


def _gigabytes(handler: str) -> float:
    return MEMORY[handler] / 1024


def count_looks(days: float) -> int:
    """How often the DNS is looked at in so many days, by the waits that a run chooses."""
    began = datetime(2026, 1, 1, tzinfo=UTC)
    now, looks = began, 1
    while now - began < timedelta(days=days):
        now += timedelta(seconds=next_wait(began, now))
        looks += 1
    return looks
