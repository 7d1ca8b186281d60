"""What the report says, as values; a Summary as JSON is summary.json.

Schema 1. Fields are only added within a schema; one that is removed or changes its meaning makes
the next. Addresses and folder names stand here, because the report is for the tenant's own
administrator and lies in the tenant's own bucket; subjects only where the tenant file wants them.
Contents do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from migration.copy.findings import Verified
from migration.mail import Fate
from migration.model import Agreement, Failure, MailboxStatus, Note, PassLine
from migration.progress_model import ProgressPoint
from migration.report_dns import DnsReport
from migration.report_entities import EntityLine
from migration.report_phases import PhaseLine

if TYPE_CHECKING:
    from migration.client_report import ClientsReport
    from migration.dns_rollback import DnsRollback

SCHEMA = 1


class Verdict(StrEnum):
    """How the run ended. NOT_CUT_OVER: the operators did not want the cut-over, or did not say so;
    nothing has failed."""

    DONE = "done"
    EXCEPTIONS = "exceptions"
    NOT_CUT_OVER = "not cut over"
    FAILED = "failed"


class Outcome(StrEnum):
    """How the run ended for one mailbox. NOT_COPIED: the run was not asked to copy it, or did not
    get so far. UNFINISHED: the copy began and nobody has judged it, or it was paused."""

    DONE = "done"
    EXCEPTIONS = "exceptions"
    DIFFERS = "differs"
    UNFINISHED = "unfinished"
    FAILED = "failed"
    NOT_COPIED = "not copied"


@dataclass(frozen=True, slots=True)
class FolderLine:
    """A folder: what source, ledger and target held when they were last compared, and what the
    ledger has counted over all runs. `skipped` were left out by the tenant's filters. Sizes in
    bytes."""

    key: str
    path: tuple[str, ...]
    target_path: tuple[str, ...]
    source: int | None
    ledger: int
    target: int | None
    refused: int
    gone: int
    size: int
    agreement: Agreement | None
    reason: str
    skipped: int = 0

    @property
    def dealt(self) -> int:
        """Messages that were dealt with, whatever became of them."""
        return self.ledger + self.refused + self.gone + self.skipped


@dataclass(frozen=True, slots=True)
class RemarkLine:
    """A message that was not copied, or not exactly. `path` is empty if the ledger has no such
    folder. `received` is the date that the source has for it (ISO 8601), "" if it was not told.
    `subject` is "" unless the tenant file wants subjects."""

    folder_key: str
    path: tuple[str, ...]
    uid: str
    size: int
    reason: str
    fate: Fate
    received: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class MailboxLine:
    """A mailbox. `messages` and `size` are what the target has by the ledger, over all runs;
    `copied` is what the last pass added. `reasons` are those that no folder line tells. `refusals`
    were not copied, `adjusted` not exactly. `user_remarks` say what of the WorkMail user could not
    be made as the manifest says. `verified` is what the last pass has compared, with its lists in
    the file `lists`. `password_in` is as in the ledger. `address` is the one of the test domain
    that the mailbox has as long as its own domain is not verified, "" afterwards. `passes` are
    those of this run, oldest first; `begun` is when its copy began, `ended` when it was judged last
    (ISO 8601, "" unknown)."""

    id: str
    display_name: str
    source: str
    target: str
    provisioned: str
    user_remarks: tuple[str, ...]
    status: MailboxStatus
    outcome: Outcome
    failure: Failure | None
    reasons: tuple[str, ...]
    messages: int
    size: int
    copied: int
    refused: int
    gone: int
    folders: tuple[FolderLine, ...]
    refusals: tuple[RemarkLine, ...]
    adjusted: tuple[RemarkLine, ...]
    verified: Verified | None
    lists: str
    password_in: str
    address: str
    passes: tuple[PassLine, ...] = ()
    begun: str = ""
    ended: str = ""


@dataclass(frozen=True, slots=True)
class DeedLine:
    """Something that a rollback has dealt with: what it is, whom it is about, the address, member
    or grantee, and why it is left ("" if nobody has dealt with it)."""

    what: str
    about: str
    detail: str
    run: str
    reason: str


@dataclass(frozen=True, slots=True)
class RollbackReport:
    """What a rollback came to. `of` names the run that it takes back. `taken_back` counts by what
    it was. `unfinished` are things that nobody could take back and nobody has a reason for.
    `was_approved` is False if nothing was begun."""

    of: str
    was_approved: bool
    taken_back: Mapping[str, int]
    kept: tuple[DeedLine, ...]
    unfinished: tuple[DeedLine, ...]
    not_taken_back: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What the operators were asked about the cut-over, and what they said: an Answer. `by` is as
    in Question, `told` says it in words."""

    question: str
    asked: str
    answer: str
    by: str
    answered: str
    told: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The whole report. `counts`: mailboxes, done, exceptions, failed, messages, rejected,
    adjusted; what is missing from done + exceptions + failed to mailboxes was not copied in this
    run. `passwords`: how many users have a generated password, by the name of the secret that holds
    it. in_test_domain in `counts` are mailboxes that have not got their own addresses yet; entities
    and entities_failed in `counts` are groups, resources and permissions of mailboxes;
    `entity_outcomes` tells them by kind and outcome. `clients` is None if the run did not come to
    the settings of mail programs. `progress` is how far the run was at which time, from its begin
    to the report; `phases` are what it did one after the other."""

    schema: int
    tenant: str
    run: str
    written: str
    verdict: Verdict
    failure: Failure | None
    counts: Mapping[str, int]
    provisioned: Mapping[str, int]
    passwords: Mapping[str, int]
    end_of_support: str
    days_left: int
    timeline: tuple[Note, ...]
    dns: DnsReport
    mailboxes: tuple[MailboxLine, ...]
    entities: tuple[EntityLine, ...]
    entity_outcomes: Mapping[str, Mapping[str, int]]
    rollback: RollbackReport | None = None
    decisions: tuple[Decision, ...] = ()
    dns_rollback: DnsRollback | None = None
    clients: ClientsReport | None = None
    progress: tuple[ProgressPoint, ...] = ()
    phases: tuple[PhaseLine, ...] = ()
