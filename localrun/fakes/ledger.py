"""A Ledger in memory, with places to break it (see steps.py)."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from localrun.fakes.steps import Step, no_step
from migration import transitions
from migration.deeds import Deed
from migration.directory_model import AdministratorRecord, EntityRecord, GrantRecord, Wanted
from migration.dns_model import DnsFinding, DnsWatch
from migration.errors import FencedOff
from migration.mail import FolderPlan, Remark
from migration.model import (
    Failure,
    FolderCheck,
    FolderRecord,
    GuideRecord,
    GuideState,
    Mailbox,
    MailboxRecord,
    MailboxStatus,
    MailboxVerdict,
    Note,
)
from migration.progress_model import ProgressHistory, ProgressRecord
from migration.question_model import Question
from migration.zone_model import PublishedSet


class MemoryLedger:
    """Every write has a step before and after; `writes` counts those that took effect."""

    def __init__(self, step: Step = no_step) -> None:
        self.step = step
        self.writes = 0
        self._lock = threading.RLock()
        self._owner = ""
        self._pause_wanted = False
        self._aborted = ""
        self._notes: dict[tuple[str, str, str], Note] = {}
        self._dns: dict[str, tuple[str, list[DnsFinding], DnsWatch]] = {}
        self._progress: ProgressRecord | None = None
        self._histories: dict[str, ProgressHistory] = {}
        self._told: set[tuple[str, str]] = set()
        self._starts: dict[str, tuple[str, str]] = {}
        self._admitted: dict[tuple[str, str], list[str]] = {}
        self._questions: dict[tuple[str, str, str], Question] = {}
        self._published: dict[tuple[str, str, str], PublishedSet] = {}
        self._mailboxes: dict[str, MailboxRecord] = {}
        self._last_run = ""
        self._entities: dict[str, EntityRecord] = {}
        self._administrator: AdministratorRecord | None = None
        self._grants: dict[str, GrantRecord] = {}
        self._deeds: dict[str, Deed] = {}
        self._guides: dict[str, GuideRecord] = {}
        self._fences: dict[str, int] = {}
        self._folders: dict[str, dict[str, FolderRecord]] = {}
        self._remarks: dict[str, dict[tuple[str, str], Remark]] = {}

    # -- the tenant

    def acquire_lock(self, owner: str, now: str) -> str:
        with self._write("acquire_lock"):
            self._owner = self._owner or owner
            return self._owner

    def take_over_lock(self, owner: str, previous: str, now: str) -> bool:
        with self._write("take_over_lock"):
            if self._owner == previous:
                self._owner = owner
            return self._owner == owner

    def release_lock(self, owner: str) -> bool:
        with self._write("release_lock"):
            held = self._owner == owner
            if held:
                self._owner = ""
            return held

    def lock_owner(self) -> str:
        with self._lock:
            return self._owner

    def add_note(self, run: str, note: Note) -> None:
        with self._write("add_note"):
            self._notes[run, note.at, note.state] = note

    def notes(self, run: str) -> list[Note]:
        with self._lock:
            return [note for key, note in sorted(self._notes.items()) if key[0] == run]

    def write_dns(self, run: str, at: str, findings: Sequence[DnsFinding], watch: DnsWatch) -> None:
        with self._write("write_dns"):
            self._dns[run] = (at, list(findings), watch)

    def dns(self, run: str) -> tuple[str, list[DnsFinding]]:
        with self._lock:
            at, findings, _ = self._dns.get(run, ("", [], DnsWatch()))
            return at, list(findings)

    def dns_watch(self, run: str) -> DnsWatch:
        with self._lock:
            return self._dns.get(run, ("", [], DnsWatch()))[2]

    def claim_start(self, trigger: str, sequence: str, execution: str) -> str:
        with self._write("claim_start"):
            highest, _ = self._starts.get(trigger, ("", ""))
            if highest < sequence:
                self._starts[trigger] = sequence, execution
            return self._starts[trigger][1]

    def progress(self) -> ProgressRecord | None:
        with self._lock:
            return self._progress

    def set_progress(self, record: ProgressRecord) -> None:
        with self._write("set_progress"):
            self._progress = record

    def progress_history(self, run: str) -> ProgressHistory:
        with self._lock:
            return self._histories.get(run, ProgressHistory(run))

    def set_progress_history(self, history: ProgressHistory) -> None:
        with self._write("set_progress_history"):
            self._histories[history.run] = history

    # -- what the operators were told

    def is_told(self, run: str, key: str) -> bool:
        with self._lock:
            return (run, key) in self._told

    def set_told(self, run: str, key: str) -> None:
        with self._write("set_told"):
            self._told.add((run, key))

    def admit(self, run: str, about: str, key: str, limit: int) -> bool:
        with self._write("admit"):
            admitted = self._admitted.setdefault((run, about), [])
            if key not in admitted and len(admitted) < limit:
                admitted.append(key)
            return key in admitted

    # -- what the operators are asked

    def ask(self, question: Question) -> Question:
        with self._write("ask"):
            place = question.run, str(question.kind), question.asked
            if known := self._questions.get(place):
                question = replace(
                    known,
                    token=question.token,
                    until=question.until,
                    answers=question.answers,
                    facts=question.facts,
                )
            self._questions[place] = question
            return question

    def settle(
        self, question: Question, answer: str, by: str, at: str, *, over: bool = False
    ) -> Question:
        with self._write("settle"):
            place = question.run, str(question.kind), question.asked
            known = self._questions[place]
            if over or not known.answer:
                known = replace(known, answer=answer, by=by, answered=at)
            self._questions[place] = known
            return known

    def questions(self, run: str = "") -> list[Question]:
        with self._lock:
            return [
                each for place, each in sorted(self._questions.items()) if run in ("", place[0])
            ]

    # -- DNS records that were published

    def keep_published(self, record: PublishedSet) -> None:
        with self._write("keep_published"):
            self._published[record.zone, record.name, record.type] = record

    def published(self) -> list[PublishedSet]:
        with self._lock:
            return [record for _, record in sorted(self._published.items())]

    # -- mailboxes

    def plan_mailboxes(self, run: str, mailboxes: Iterable[Mailbox]) -> None:
        for mailbox in mailboxes:
            with self._write("plan_mailboxes"):
                fresh = MailboxRecord(mailbox, run)
                known = self._mailboxes.get(mailbox.id, fresh)
                self._mailboxes[mailbox.id] = replace(
                    fresh,
                    user_id=known.user_id,
                    provisioned=known.provisioned,
                    password_in=known.password_in,
                    address=known.address,
                )
        self._last_run = run

    def last_run(self) -> str:
        return self._last_run

    def mailbox(self, mailbox_id: str) -> MailboxRecord:
        with self._lock:
            return self._mailboxes[mailbox_id]

    def mailboxes(self, run: str = "") -> Iterator[MailboxRecord]:
        with self._lock:
            records = sorted(self._mailboxes.items())
        return iter([record for _, record in records if run in ("", record.run)])

    def set_provisioned(
        self,
        mailbox_id: str,
        user_id: str,
        how: str,
        address: str = "",
        remarks: Sequence[str] = (),
        status: MailboxStatus = MailboxStatus.PROVISIONED,
    ) -> None:
        with self._write("set_provisioned"):
            known = self._mailboxes[mailbox_id]
            self._mailboxes[mailbox_id] = replace(
                known,
                status=status,
                failure=None if status is MailboxStatus.PROVISIONED else known.failure,
                user_id=user_id,
                provisioned=how,
                address=address,
                remarks=tuple(remarks),
            )

    def set_status(self, mailbox_id: str, status: MailboxStatus) -> None:
        with self._write("set_status"):
            known = self._mailboxes[mailbox_id]
            self._mailboxes[mailbox_id] = replace(known, status=status)

    def set_begun(self, mailbox_id: str, expected: int, at: str = "") -> None:
        with self._write("set_begun"):
            known = self._mailboxes[mailbox_id]
            self._mailboxes[mailbox_id] = replace(
                known,
                status=MailboxStatus.COPYING,
                expected=expected,
                begun=known.begun or at,
            )

    def set_failed(self, mailbox_id: str, failure: Failure) -> None:
        with self._write("set_failed"):
            known = self._mailboxes[mailbox_id]
            self._mailboxes[mailbox_id] = replace(
                known, status=MailboxStatus.FAILED, failure=failure
            )

    def set_verdict(self, mailbox_id: str, verdict: MailboxVerdict, at: str = "") -> None:
        with self._write("set_verdict"):
            known = self._mailboxes[mailbox_id]
            self._mailboxes[mailbox_id] = replace(
                known,
                status=MailboxStatus.COPIED,
                failure=None,
                verdict=verdict,
                passes=transitions.add_pass(known.passes, verdict, at),
            )

    def set_password_place(self, mailbox_id: str, path: str) -> None:
        with self._write("set_password_place"):
            known = self._mailboxes[mailbox_id]
            self._mailboxes[mailbox_id] = replace(known, password_in=path)

    def next_fence(self, mailbox_id: str) -> int:
        with self._write("next_fence"):
            self._fences[mailbox_id] = self._fences.get(mailbox_id, 0) + 1
            return self._fences[mailbox_id]

    # -- groups, resources, sharings

    def plan_entities(self, run: str, wanted: Iterable[Wanted]) -> None:
        for each in wanted:
            with self._write("plan_entities"):
                fresh = EntityRecord(each, run)
                known = self._entities.get(each.id, fresh)
                self._entities[each.id] = replace(
                    fresh, entity_id=known.entity_id, outcome=known.outcome
                )

    def entity(self, entity_id: str) -> EntityRecord:
        with self._lock:
            return self._entities[entity_id]

    def entities(self, run: str) -> Iterator[EntityRecord]:
        with self._lock:
            records = sorted(self._entities.items())
        return iter([record for _, record in records if run in ("", record.run)])

    def set_entity(self, record: EntityRecord) -> None:
        with self._write("set_entity"):
            self._entities[record.wanted.id] = record

    # -- the migration administrator

    def administrator(self) -> AdministratorRecord | None:
        with self._lock:
            return self._administrator

    def set_administrator(self, record: AdministratorRecord) -> None:
        with self._write("set_administrator"):
            self._administrator = record

    def drop_administrator(self) -> None:
        with self._write("drop_administrator"):
            self._administrator = None

    def grants(self) -> list[GrantRecord]:
        with self._lock:
            return [grant for _, grant in sorted(self._grants.items())]

    def set_grant(self, grant: GrantRecord) -> None:
        with self._write("set_grant"):
            self._grants[grant.owner_id] = grant

    def drop_grant(self, owner_id: str) -> None:
        with self._write("drop_grant"):
            self._grants.pop(owner_id, None)

    # -- what was made in the directory

    def record_deed(self, deed: Deed) -> None:
        with self._write("record_deed"):
            self._deeds[deed.key] = deed

    def deed(self, key: str) -> Deed | None:
        with self._lock:
            return self._deeds.get(key)

    def deeds(self, run: str = "") -> Iterator[Deed]:
        with self._lock:
            deeds = sorted(self._deeds.items())
        return iter([deed for _, deed in deeds if run in ("", deed.run)])

    def forget_mailbox(self, mailbox_id: str) -> None:
        with self._write("forget_mailbox"):
            if mailbox_id in self._folders:
                self._folders[mailbox_id] = {}
            self._remarks.pop(mailbox_id, None)
            if known := self._mailboxes.get(mailbox_id):
                self._mailboxes[mailbox_id] = MailboxRecord(known.mailbox, known.run)

    # -- client settings

    def begin_guide(self, mailbox_id: str) -> bool:
        with self._write("begin_guide"):
            known = self._guides.get(mailbox_id)
            if known and known.state in (GuideState.SENDING, GuideState.SENT):
                return False
            self._guides[mailbox_id] = GuideRecord(mailbox_id, GuideState.SENDING)
            return True

    def set_guide(self, record: GuideRecord) -> None:
        with self._write("set_guide"):
            self._guides[record.mailbox_id] = record

    def guides(self) -> Iterator[GuideRecord]:
        with self._lock:
            return iter([record for _, record in sorted(self._guides.items())])

    # -- folders

    def folders(self, mailbox_id: str) -> list[FolderRecord]:
        with self._lock:
            return [record for _, record in sorted(self._folders.get(mailbox_id, {}).items())]

    def claim_folder(
        self, mailbox_id: str, plan: FolderPlan, target_id: str, fence: int, pass_id: int
    ) -> FolderRecord:
        with self._write("claim_folder"):
            known = self._folders.setdefault(mailbox_id, {}).get(plan.folder.key)
            record = transitions.claim(known, plan, target_id, fence, pass_id)
            return self._keep(mailbox_id, replace(record, revision=record.revision + 1))

    def pause_wanted(self, run: str = "") -> bool:
        with self._lock:
            return self._pause_wanted or bool(run and run == self._aborted)

    def want_pause(self, wanted: bool) -> None:
        with self._write("want_pause"):
            self._pause_wanted = wanted

    def want_abort(self, run: str) -> None:
        with self._write("want_abort"):
            self._aborted = run

    def check_claim(self, mailbox_id: str, record: FolderRecord) -> None:
        with self._lock:
            self._owned(mailbox_id, record)

    def advance(self, mailbox_id: str, before: FolderRecord, after: FolderRecord) -> FolderRecord:
        with self._write("advance"):
            current = self._owned(mailbox_id, before)
            if current.revision != before.revision:
                raise FencedOff(f"folder {before.key} has moved on")
            written = replace(after, revision=before.revision + 1, check=current.check)
            return self._keep(mailbox_id, written)

    def adopt_folder(self, mailbox_id: str, old_key: str, record: FolderRecord) -> None:
        with self._write("adopt_folder"):
            old = self._folders[mailbox_id].get(old_key)
            if old is None:
                return
            if (old.fence, old.revision) != (record.fence, record.revision):
                raise FencedOff(f"folder {old_key} has moved on")
            del self._folders[mailbox_id][old_key]
            self._keep(mailbox_id, record)

    def set_check(self, mailbox_id: str, folder_key: str, check: FolderCheck) -> None:
        with self._write("set_check"):
            record = self._folders[mailbox_id][folder_key]
            self._keep(mailbox_id, replace(record, check=check))

    def add_remarks(self, mailbox_id: str, remarks: Sequence[Remark]) -> None:
        with self._write("add_remarks"):
            known = self._remarks.setdefault(mailbox_id, {})
            known.update({(each.folder_key, each.uid): each for each in remarks})

    def drop_remarks(self, mailbox_id: str, folder_key: str) -> None:
        with self._write("drop_remarks"):
            known = self._remarks.get(mailbox_id, {})
            self._remarks[mailbox_id] = {
                place: each for place, each in known.items() if place[0] != folder_key
            }

    def remarks(self, mailbox_id: str) -> list[Remark]:
        with self._lock:
            known = self._remarks.get(mailbox_id, {}).values()
            return sorted(known, key=lambda each: (each.folder_key, each.uid.rjust(20, "0")))

    # -- inside

    @contextmanager
    def _write(self, name: str) -> Iterator[None]:
        # The steps run outside the lock: one may let another worker in.
        self.step(f"before {name}")
        with self._lock:
            yield
            self.writes += 1
        self.step(f"after {name}")

    def _owned(self, mailbox_id: str, record: FolderRecord) -> FolderRecord:
        current = self._folders[mailbox_id].get(record.key)
        if current is None or current.fence != record.fence:
            raise FencedOff(f"folder {record.key} belongs to a newer worker")
        return current

    def _keep(self, mailbox_id: str, record: FolderRecord) -> FolderRecord:
        self._folders[mailbox_id][record.key] = record
        return record
