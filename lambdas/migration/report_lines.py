"""What the report says, as values; a Summary as JSON is summary.json.

Schema 1. Fields are only added within a schema; one that is removed or changes its meaning makes
the next. Addresses and folder names stand here, because the report is for the tenant's own
administrator and lies in the tenant's own bucket; subjects only where the tenant file wants them.
Contents do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal

from migration.copy.findings import Verified
from migration.mail import Fate
from migration.model import Agreement, Failure, MailboxStatus, Note, PassLine
from migration.progress_model import ProgressPoint
from migration.report_dns import DnsReport
from migration.report_entities import EntityLine
from migration.report_groupware import CollectionLine, GroupwareReport
from migration.report_phases import PhaseLine
from migration.report_settings import SettingLine

if TYPE_CHECKING:
    from migration.client_report import ClientsReport
    from migration.dns_rollback import DnsRollback

SCHEMA: Final = 1


class Verdict(StrEnum):
    """How the run ended. NOT_CUT_OVER: the operators did not want the cut-over, or did not say so;
    nothing has failed."""

    DONE = "done"
    EXCEPTIONS = "exceptions"
    NOT_CUT_OVER = "not cut over"
    FAILED = "failed"


VERDICT_WORDS: Mapping[str, str] = {
    Verdict.DONE: "done",
    Verdict.EXCEPTIONS: "done with exceptions",
    Verdict.NOT_CUT_OVER: "not cut over",
    Verdict.FAILED: "failed",
}
"""What they are called in a sentence."""


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
    ledger has counted over all runs.

    key          the digest of its name that stands in logs, in the audit and in lists of messages
    path         its names at the source, outermost first
    target_path  the same in WorkMail
    source       messages at the source when it was last compared; null if it never was
    ledger       messages that were copied
    target       messages in WorkMail when it was last compared; null if it never was
    refused      messages that could not be copied; `refusals` has each
    gone         messages that were deleted at the source while they were being copied
    size         bytes of the messages that were copied
    agreement    what verification found; null if it was not compared
    reason       why it does not simply agree; empty if it does
    skipped      messages that the tenant's filters leave out
    """

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
    """A message that was not copied, or not exactly.

    folder_key  the digest of its folder's name
    path        the names of its folder at the source, outermost first; empty if the ledger has no
                such folder
    uid         its number there (over IMAP: its UID)
    size        its bytes
    reason      a code, or several joined with +
    fate        what became of it
    received    when it was received, as the source says; empty if that is not known
    subject     its subject, if the tenant file says `report: subjects: true`; else empty
    """

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
    """A mailbox.

    id            the digest of tenant and address by which logs, messages and files name it
    display_name  the name as colleagues see it
    source        login name or address at the source
    target        its address in WorkMail
    provisioned   what was done to the WorkMail user: created, enabled, enabled again, changed or
                  unchanged; empty if nothing was
    user_remarks  what of the WorkMail user could not be made as the manifest says
    status        where the mailbox stands
    outcome       how the run ended for it
    failure       why it failed; null if it did not
    reasons       why it does not simply agree, as far as no folder tells it
    messages      messages that it has in WorkMail by the ledger, over all runs
    size          bytes of the messages that it has in WorkMail
    copied        messages that the last pass has copied
    refused       messages that could not be copied
    gone          messages that were deleted at the source while they were being copied
    folders       its folders, the inbox first
    refusals      the messages that could not be copied
    adjusted      the messages that are in WorkMail not exactly as they were
    verified      what the last pass has compared; null if nothing was
    lists         the file in the bucket that has verification's lists; empty if there is none
    password_in   which secret has the password that this migration gave the user: its name below
                  workmail-migration/<tenant>/; empty if it gave none
    address       its address in the test domain, as long as it has not got its own; else empty
    begun         when the run began to copy it; empty if that is not known
    ended         when it was last judged; empty if that is not known
    passes        each pass of the run over it, the first one first
    collections   its calendars, address books, tasks and notes
    losses        how often WorkMail does not have something of their items as the source has it
    losses_file   the file in the bucket that has a row for each of these; empty if there is none
    settings      the rules of its inbox and its automatic reply at the source
    """

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
    collections: tuple[CollectionLine, ...] = ()
    losses: int = 0
    losses_file: str = ""
    settings: tuple[SettingLine, ...] = ()

    @property
    def items(self) -> int:
        """Items of its collections that were copied."""
        return sum(line.copied for line in self.collections)


@dataclass(frozen=True, slots=True)
class DeedLine:
    """Something that a rollback has dealt with.

    what    what it is
    about   whom it is about
    detail  the address, member or grantee
    run     the run that had made it
    reason  why it is left; empty if nobody has dealt with it
    """

    what: str
    about: str
    detail: str
    run: str
    reason: str


@dataclass(frozen=True, slots=True)
class RollbackReport:
    """What a rollback came to.

    of              the run that it takes back
    was_approved    false if nothing was begun
    taken_back      how many things were taken back, by what they were
    kept            what is left, with the reason
    unfinished      what nobody could take back and nobody has a reason for
    not_taken_back  what a rollback never takes back, in words
    """

    of: str
    was_approved: bool
    taken_back: Mapping[str, int]
    kept: tuple[DeedLine, ...]
    unfinished: tuple[DeedLine, ...]
    not_taken_back: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What the operators were asked about the cut-over, and what they said.

    question  what it was about
    asked     when they were asked
    answer    what they said
    by        who said it: link, command, or the id of somebody in IAM; empty if nobody did
    answered  when
    told      the same in words
    """

    question: str
    asked: str
    answer: str
    by: str
    answered: str
    told: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The whole report.

    schema           the version of this form. Within one, fields are only added
    tenant           the tenant's name
    run              the run's name: the one of its execution
    written          when the report was written
    verdict          how the run ended
    failure          what has stopped the run; null if nothing has
    counts           mailboxes, and of these done, exceptions and failed: the rest were not copied
                     in this run. messages that WorkMail has by the ledger; rejected and adjusted
                     ones. user_remarks: things of users that could not be made as the manifest
                     says. in_test_domain: mailboxes that have not got their own addresses yet.
                     entities and entities_failed: groups, resources and permissions of mailboxes.
                     items of calendars and the like that were copied, and
                     items_refused: those that could not be copied
    provisioned      how many WorkMail users were created, enabled, changed and so on
    passwords        how many users have a generated password, by the name of the secret that has it
    end_of_support   the last day of WorkMail
    days_left        how many days are left until then
    timeline         what happened, in its order
    dns              what was found in the DNS
    mailboxes        the mailboxes; those that need attention come first
    entities         groups, resources and permissions; those that need attention come first
    entity_outcomes  how many of them ended how, by kind
    rollback         what the run has taken back; null if it was no rollback
    decisions        what the operators have decided about the cut-over
    dns_rollback     the DNS records that the run has put back; null if it was not about them
    clients          what became of the settings of mail programs; null if the run did not come to
                     them
    progress         how far the run was at which time
    phases           the parts of the run, in their order
    groupware        calendars, address books, tasks and notes; null if none was copied
    """

    schema: Literal[1]
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
    groupware: GroupwareReport | None = None


def list_remarks(mailboxes: Sequence[MailboxLine]) -> Iterator[tuple[MailboxLine, RemarkLine]]:
    """Messages of which a report tells. What was not copied comes before what was adjusted."""
    for mailbox in mailboxes:
        yield from ((mailbox, remark) for remark in mailbox.refusals)
    for mailbox in mailboxes:
        yield from ((mailbox, remark) for remark in mailbox.adjusted)
