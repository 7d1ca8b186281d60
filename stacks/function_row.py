"""What one function is given: a row of function_table.py."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """What one function gets. Its rights are exactly what its code calls: `make rights` shows it,
    and a test says what a row lacks or has in vain.

    timeout   seconds; less than the TimeoutSeconds of its state, so that Lambda's own error,
              which tells more, comes first
    memory    MB; the share of a CPU grows with it
    records   actions on the ledger's items of the tenant
    folders   actions on the ledger's items of its mailboxes: folders and messages
    reads     key patterns of the bucket
    pinned    key patterns of the bucket: of these it may read every version
    writes    key patterns of the bucket
    secret    may read the source's credentials
    passwords  may read the passwords of the target's mailboxes
    waves     actions on the secrets with made-up passwords of users
    administrator  actions on the secret with that of the migration's own administrator
    workmail  actions on the tenant's organization
    zones     actions on Route 53's hosted zones, if the tenant publishes there
    observes  may ask whether an execution of the state machine still runs
    stops     may abort an execution of the state machine, and ask which of its Maps are at work
    schedules  actions on the tenant's schedules; who creates them may pass the scheduler its role
    lists_schedules  may list schedules, for which IAM knows no narrower resource than all
    tells     may publish to the topic of notifications
    answers   may answer the tasks of the state machine that wait for a token
    asks      knows the page on which questions are answered
    mails     may send mail from clients.sender, if the tenant wants mails to be sent
    counts_all  may list all that is kept of the tenant (erasure_rights.py)
    erases_all  may erase it
    shows     writes the progress page, if the tenant wants one (page_rights.py)
    opens     opens mailboxes at the source, so that limits.reserve is about it
    by_rule   called by a rule (triggers.py, observability.py), not by a state of its name
    by_url    called by its own URL, if the tenant wants links, and not by a state of its name
    """

    timeout: int = 100
    memory: int = 256
    records: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    pinned: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    secret: bool = False
    passwords: bool = False
    waves: tuple[str, ...] = ()
    administrator: tuple[str, ...] = ()
    workmail: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    observes: bool = False
    stops: bool = False
    schedules: tuple[str, ...] = ()
    lists_schedules: bool = False
    tells: bool = False
    answers: bool = False
    asks: bool = False
    mails: bool = False
    counts_all: bool = False
    erases_all: bool = False
    shows: bool = False
    opens: bool = False
    by_rule: bool = False
    by_url: bool = False
