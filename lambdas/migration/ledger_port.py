"""The ledger: what is known to be done. One of the ports (ports.py)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from migration.deeds import Deed
from migration.directory_model import (
    AdministratorRecord,
    EntityRecord,
    GrantRecord,
    Wanted,
)
from migration.dns_model import DnsFinding, DnsWatch
from migration.mail import FolderPlan, Remark
from migration.model import (
    Failure,
    FolderCheck,
    FolderRecord,
    GuideRecord,
    Mailbox,
    MailboxRecord,
    MailboxStatus,
    MailboxVerdict,
    Note,
)
from migration.progress_model import ProgressHistory, ProgressRecord
from migration.question_model import Question
from migration.zone_model import PublishedSet


class Ledger(Protocol):
    """What is known to be done. The only memory between two Lambdas. All reads are consistent."""

    # -- the tenant
    def acquire_lock(self, owner: str, now: str) -> str:
        """Takes the tenant's lock if it is free or already `owner`'s; the owner afterwards."""

    def take_over_lock(self, owner: str, previous: str, now: str) -> bool:
        """Replaces a dead `previous` owner; False if someone else was quicker."""

    def release_lock(self, owner: str) -> bool:
        """Frees the lock if `owner` holds it; False otherwise."""

    def lock_owner(self) -> str:
        """Who holds the lock; "" if nobody does."""

    def claim_start(self, trigger: str, sequence: str, execution: str) -> str:
        """Which execution goes with this start: `execution` itself if no start of the trigger has
        been claimed whose sequence is as high (as text) or higher, or if it has claimed this one
        before; else the one that has the highest."""

    def add_note(self, run: str, note: Note) -> None:
        """Adds a line to the run's timeline; the same time and state again overwrites."""

    def notes(self, run: str) -> list[Note]:
        """The run's timeline, in order of time."""

    def write_dns(self, run: str, at: str, findings: Sequence[DnsFinding], watch: DnsWatch) -> None:
        """Keeps the latest findings of the run, and what is remembered of all its looks."""

    def dns(self, run: str) -> tuple[str, list[DnsFinding]]:
        """When the DNS was last looked at and what was found; ("", []) before."""

    def dns_watch(self, run: str) -> DnsWatch:
        """What was kept of the run's looks; an empty one before the first."""

    def progress(self) -> ProgressRecord | None:
        """What is remembered of the latest looks at the progress; None before the first."""

    def set_progress(self, record: ProgressRecord) -> None:
        """Replaces it."""

    def progress_history(self, run: str) -> ProgressHistory:
        """How far the run was at which time; an empty one before the first."""

    def set_progress_history(self, history: ProgressHistory) -> None:
        """Replaces that of its run; kept over runs."""

    # -- what the operators were told
    def is_told(self, run: str, key: str) -> bool:
        """Whether the run has told what `key` stands for."""

    def set_told(self, run: str, key: str) -> None:
        """It has; again is no error."""

    def admit(self, run: str, about: str, key: str, limit: int) -> bool:
        """Whether `key` is among the first `limit` keys that were asked for `about`; the answer for
        a key does not change."""

    # -- what the operators are asked
    def ask(self, question: Question) -> Question:
        """Puts the question. One that was asked before (run, kind and `asked` are the same) keeps
        its id and its answer. What stands there afterwards."""

    def settle(
        self, question: Question, answer: str, by: str, at: str, *, over: bool = False
    ) -> Question:
        """Answers it unless it has an answer, or all the same if `over`. What stands there
        afterwards; KeyError if it was never put."""

    def questions(self, run: str = "") -> list[Question]:
        """Those of a run, or all of the tenant, by run, kind and time."""

    # -- DNS records that were published
    def keep_published(self, record: PublishedSet) -> None:
        """Puts the record of a DNS record set in the place of the one of its zone, name and type;
        kept over runs."""

    def published(self) -> list[PublishedSet]:
        """All of them, in the order of zone, name and type."""

    # -- mailboxes
    def plan_mailboxes(self, run: str, mailboxes: Iterable[Mailbox]) -> None:
        """Puts the mailboxes of a run: status PLANNED, failure and verdict cleared; what was
        copied by earlier runs (the folders) stays."""

    def last_run(self) -> str:
        """The run for which mailboxes were planned last; "" before the first."""

    def mailbox(self, mailbox_id: str) -> MailboxRecord:
        """One mailbox; KeyError if it was never planned."""

    def mailboxes(self, run: str = "") -> Iterator[MailboxRecord]:
        """The mailboxes of a run, or all of the tenant, in order of their ids. A mailbox belongs to
        the run for which it was planned last."""

    def set_provisioned(
        self,
        mailbox_id: str,
        user_id: str,
        how: str,
        address: str = "",
        remarks: Sequence[str] = (),
        status: MailboxStatus = MailboxStatus.PROVISIONED,
    ) -> None:
        """Status PROVISIONED or the given one, with WorkMail's id, what was done, the primary
        address for the time being ("" if it is the manifest's), and what could not be made as the
        manifest says. A failure is over then, unless the status is another one."""

    def set_status(self, mailbox_id: str, status: MailboxStatus) -> None:
        """Changes the status alone."""

    def set_begun(self, mailbox_id: str, expected: int, at: str = "") -> None:
        """Status COPYING, and how many messages the folders hold that are to be copied. `at`, if
        not empty, is kept as the mailbox's begin unless this run has one."""

    def set_failed(self, mailbox_id: str, failure: Failure) -> None:
        """Status FAILED, with the reason."""

    def set_verdict(self, mailbox_id: str, verdict: MailboxVerdict, at: str = "") -> None:
        """Status COPIED, failure cleared, with what verification found; the pass becomes the last
        of the mailbox's, ended `at`."""

    def set_password_place(self, mailbox_id: str, path: str) -> None:
        """Which secret holds the password that this migration gives the user; kept over runs."""

    def next_fence(self, mailbox_id: str) -> int:
        """A number higher than any given for this mailbox before."""

    # -- groups, resources, sharings
    def plan_entities(self, run: str, wanted: Iterable[Wanted]) -> None:
        """Puts the entities of a run: status PLANNED, failure and remarks cleared; WorkMail's id
        and the outcome of an earlier run stay until they are set anew."""

    def entity(self, entity_id: str) -> EntityRecord:
        """One entity, by the id of what is wanted; KeyError if it was never planned."""

    def entities(self, run: str) -> Iterator[EntityRecord]:
        """The entities of a run, in the order of their ids."""

    def set_entity(self, record: EntityRecord) -> None:
        """Replaces the record of that entity."""

    # -- the migration administrator
    def administrator(self) -> AdministratorRecord | None:
        """The user by whom mailboxes are opened; None if there is none."""

    def set_administrator(self, record: AdministratorRecord) -> None:
        """Replaces the record."""

    def drop_administrator(self) -> None:
        """There is none any more; no error if there was none."""

    def grants(self) -> list[GrantRecord]:
        """The mailboxes that the administrator was given access to, in the order of their owners'
        ids."""

    def set_grant(self, grant: GrantRecord) -> None:
        """Replaces what is kept of that mailbox."""

    def drop_grant(self, owner_id: str) -> None:
        """What was before is restored; no error if nothing was given."""

    # -- what was made in the directory
    def record_deed(self, deed: Deed) -> None:
        """Puts the deed in the place of the one with its key."""

    def deed(self, key: str) -> Deed | None:
        """The deed of that key, None if there is none."""

    def deeds(self, run: str = "") -> Iterator[Deed]:
        """The deeds of a run, or all of the tenant, in the order of their keys."""

    def forget_mailbox(self, mailbox_id: str) -> None:
        """As if it had only been planned: no user, password, failure, verdict, folders and remarks;
        no error if it never was. Fences go on growing, so that a worker of before is cut off."""

    # -- client settings
    def begin_guide(self, mailbox_id: str) -> bool:
        """State SENDING, in no round: a mail is about to be sent. False, and nothing is changed, if
        it is SENDING or SENT already: then nobody may send another."""

    def set_guide(self, record: GuideRecord) -> None:
        """Replaces the record of that user."""

    def guides(self) -> Iterator[GuideRecord]:
        """Those of the tenant, in the order of the mailboxes' ids."""

    # -- folders
    def folders(self, mailbox_id: str) -> list[FolderRecord]:
        """The mailbox's folders in the order of their keys."""

    def claim_folder(
        self, mailbox_id: str, plan: FolderPlan, target_id: str, fence: int, pass_id: int
    ) -> FolderRecord:
        """Creates the record or takes it over; FencedOff if its fence is higher than `fence`.

        The first claim of a new pass sets `in_pass` to zero. SourceChanged if the record's
        validity is another and something was copied."""

    def check_claim(self, mailbox_id: str, record: FolderRecord) -> None:
        """Reads only: FencedOff if another worker has claimed the folder since."""

    def pause_wanted(self, run: str = "") -> bool:
        """Whether the copy of this run shall stop: for a while, as the operator wants it of all
        runs, or because this one is aborted."""

    def want_pause(self, wanted: bool) -> None:
        """Says that all runs shall stop for a while, or takes it back."""

    def want_abort(self, run: str) -> None:
        """Says that the copy of this run, and of no other, shall stop for good."""

    def advance(self, mailbox_id: str, before: FolderRecord, after: FolderRecord) -> FolderRecord:
        """Writes `after` in place of `before` (see transitions.py) in one update, and returns it
        with its new revision; FencedOff unless fence and revision are still those of `before`.
        The check is not touched."""

    def adopt_folder(self, mailbox_id: str, old_key: str, record: FolderRecord) -> None:
        """A folder was renamed at the source: its record goes on under the key of `record`, and
        the one under `old_key` disappears. No error, and nothing done, if that was done before;
        FencedOff unless fence and revision of the old one are those of `record`."""

    def set_check(self, mailbox_id: str, folder_key: str, check: FolderCheck) -> None:
        """Keeps what verification found for a folder."""

    def add_remarks(self, mailbox_id: str, remarks: Sequence[Remark]) -> None:
        """Keeps what could not be copied, or not exactly; the same message again overwrites, and
        what is not known then is forgotten."""

    def drop_remarks(self, mailbox_id: str, folder_key: str) -> None:
        """Forgets the remarks on a folder, whose uids mean nothing any more."""

    def remarks(self, mailbox_id: str) -> list[Remark]:
        """What could not be copied, or not exactly, by folder and uid."""
