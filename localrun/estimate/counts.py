"""The model: how often the migration of a workload uses each service.

Every factor stands for something in the definition or in the code that can be counted in a run on
this machine; tests/e2e/test_estimate.py does, and holds the sums to within a quarter. Seconds are
assumptions, because no run on a laptop shows them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from localrun.estimate.workload import Workload
from migration.dns_waits import next_wait
from stacks.function_table import TABLE

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
_CALLS_FOR_A_USER = 4  # the first and its repetitions, until WorkMail shows what it was asked for

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
_READS_OF_A_CHILD = 7
_READS_OF_A_FOLDER = 3
_BYTES_OF_A_FOLDER, _BYTES_OF_A_MAILBOX = 600, 1_500
_SCANS = 12  # readings of all mailboxes, beside two in each pass
_READ_UNIT, _WRITE_UNIT = 4_096, 1_024
_UNITS_OF_A_BATCH = 4  # an intent names up to a few hundred messages

# -- the bucket: audit file per batch, findings per mailbox and pass, five files of client settings
_PUTS = 25
_PUTS_OF_A_USER = 5
_GETS = 6
_SECRET_CALLS = 9
_BYTES_OF_A_MESSAGE = 160  # its row in the audit

# -- what a run on a laptop cannot show
_SECONDS_OF_A_CALL = 1.0  # of most functions
_SECONDS_FOR_A_USER = 4.0
_SECONDS_OF_A_QUIET_SLICE = 5.0  # logins at both servers, and a list of folders
_SECONDS_TO_VERIFY = 5.0
_SECONDS_TO_VERIFY_A_FOLDER = 1.5  # counts and a sample of both sides
_BYTES_LOGGED_BY_A_CALL = 1_500
_BYTES_LOGGED_BY_A_STATE = 1_500


@dataclass(frozen=True, slots=True)
class Counts:
    """What is used in all. Ledger writes and reads are requests, their units what is billed."""

    transitions: float
    calls: float
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
    children = work.mailboxes * work.passes
    again = work.slices - work.mailboxes  # slices beyond the first of each mailbox
    users = work.mailboxes * _CALLS_FOR_A_USER
    calls = (
        _CALLS + work.passes * _CALLS_OF_A_PASS + looks + users
        + children * _CALLS_OF_A_CHILD + again
    )  # fmt: skip
    transitions = (
        _STATES + work.passes * _STATES_OF_A_PASS + looks * _STATES_OF_A_LOOK + users
        + children * _STATES_OF_A_CHILD + again * _STATES_OF_A_SLICE
    )  # fmt: skip
    folders = work.mailboxes * work.folders
    writes = _ledger_writes(work, looks)
    reads = _READS + looks * _READS_OF_A_LOOK + work.mailboxes * _READS_OF_A_USER
    reads += children * _READS_OF_A_CHILD + folders * _READS_OF_A_FOLDER
    at_rest = folders * _BYTES_OF_A_FOLDER + work.mailboxes * _BYTES_OF_A_MAILBOX
    scans = (2 * work.passes + _SCANS) * work.mailboxes * _BYTES_OF_A_MAILBOX
    lists = (
        work.passes * folders * 3 * _BYTES_OF_A_FOLDER
    )  # by the copy once, by verification twice
    puts = work.batches + children + work.mailboxes * _PUTS_OF_A_USER + _PUTS
    listings = children + folders * (work.passes + 1)
    rows = work.messages * _BYTES_OF_A_MESSAGE
    logged = calls * _BYTES_LOGGED_BY_A_CALL + transitions * _BYTES_LOGGED_BY_A_STATE
    return Counts(
        transitions=transitions,
        calls=calls,
        gigabyte_seconds=sum(_gigabyte_seconds(work, calls)),
        ledger_writes=writes,
        ledger_reads=reads,
        write_units=writes + work.batches * _WRITES_OF_A_BATCH * (_UNITS_OF_A_BATCH - 1),
        read_units=reads + (scans + lists) / _READ_UNIT,
        s3_puts=puts + listings,
        s3_gets=work.batches * (work.passes + 1) + children + _GETS,
        secret_calls=children * _CALLS_OF_A_CHILD + users + again + _SECRET_CALLS,
        notices=looks * 0.05 + work.passes + 20,
        log_gigabytes=logged / 1e9,
        ledger_gigabytes=at_rest / 1e9,
        s3_gigabytes=rows / 1e9,
    )


def _ledger_writes(work: Workload, looks: float) -> float:
    folders = work.mailboxes * work.folders
    copying = work.mailboxes + folders * _WRITES_OF_A_FOLDER + work.batches * _WRITES_OF_A_BATCH
    first_delta = work.mailboxes + folders * _WRITES_OF_A_FIRST_DELTA if work.delta_passes else 0
    verdicts = work.mailboxes * work.passes
    users = work.mailboxes * _WRITES_OF_A_USER
    return _WRITES + looks * _WRITES_OF_A_LOOK + copying + first_delta + verdicts + users


def _gigabyte_seconds(work: Workload, calls: float) -> Iterator[float]:
    """Of copying, of verifying, of creating users, and of all the rest."""
    children = work.mailboxes * work.passes
    users = work.mailboxes * _CALLS_FOR_A_USER
    quiet = children * _SECONDS_OF_A_QUIET_SLICE
    looking = children * (_SECONDS_TO_VERIFY + work.folders * _SECONDS_TO_VERIFY_A_FOLDER)
    yield (work.copy_seconds + quiet) * _gigabytes("copy_slice")
    yield looking * _gigabytes("verify_mailbox")
    yield users * _SECONDS_FOR_A_USER * _gigabytes("provision_user")
    rest = calls - children * _CALLS_OF_A_CHILD - users
    yield max(0.0, rest) * _SECONDS_OF_A_CALL * 0.5


def _gigabytes(handler: str) -> float:
    return TABLE[handler].memory / 1024


def count_looks(days: float) -> int:
    """How often the DNS is looked at in so many days, by the waits that a run chooses."""
    began = datetime(2026, 1, 1, tzinfo=UTC)
    now, looks = began, 1
    while now - began < timedelta(days=days):
        now += timedelta(seconds=next_wait(began, now))
        looks += 1
    return looks


def hours_to_provision(work: Workload) -> float:
    """Until all users are there."""
    waiting = 20.0  # seconds between a call and the repetition that sees what it did
    seconds = _CALLS_FOR_A_USER * _SECONDS_FOR_A_USER + waiting
    return work.mailboxes * seconds / work.users_at_once / 3600


def hours_of_the_full_pass(work: Workload) -> float:
    """Until all mail is copied and verified, while so many mailboxes as possible are copied at
    once, all of the same size."""
    at_once = min(work.at_once, work.mailboxes)
    return (work.copy_seconds / at_once + _looking(work)) / 3600


def hours_of_a_quiet_pass(work: Workload) -> float:
    """Of a delta pass that brings little."""
    return _looking(work) / 3600


def _looking(work: Workload) -> float:
    each = _SECONDS_OF_A_QUIET_SLICE + _SECONDS_TO_VERIFY
    each += work.folders * _SECONDS_TO_VERIFY_A_FOLDER
    return each * work.mailboxes / min(work.at_once, work.mailboxes)
