"""The ledger in one SQLite file.

Its items are those of the DynamoDB table, under the same keys (migration/aws/ledger.py); a
transaction takes the place of a conditional update.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from localrun.file_items import Change, FileItems, Item
from migration import transitions
from migration.aws import (
    administrator_rows,
    deed_rows,
    dns_rows,
    entity_rows,
    guide_rows,
    progress_rows,
    question_rows,
    rows,
    zone_rows,
)
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


class FileLedger:
    """Ledger of one tenant. Safe for several threads, and for several processes at once."""

    def __init__(self, path: Path, tenant: str) -> None:
        """StateRefusedError if the file is not a ledger of this version."""
        self._items = FileItems(path)
        self._tenant = tenant
        self._pk = f"T#{tenant}"

    @property
    def writes(self) -> int:
        """How many transactions this object has written."""
        return self._items.writes

    def close(self) -> None:
        """May be called twice."""
        self._items.close()

    # -- the tenant

    def acquire_lock(self, owner: str, now: str) -> str:
        with self._items.change() as change:
            lock = change.read(self._pk, "LOCK")
            if lock is None or lock["owner"] == owner:
                lock = {"owner": owner, "since": now}
                change.write(self._pk, "LOCK", lock)
            return str(lock["owner"])

    def take_over_lock(self, owner: str, previous: str, now: str) -> bool:
        with self._items.change() as change:
            lock = change.read(self._pk, "LOCK")
            if lock is None or lock["owner"] not in (previous, owner):
                return False
            change.write(self._pk, "LOCK", {"owner": owner, "since": now})
            return True

    def release_lock(self, owner: str) -> bool:
        with self._items.change() as change:
            lock = change.read(self._pk, "LOCK")
            if lock is None or lock["owner"] != owner:
                return False
            change.delete(self._pk, "LOCK")
            return True

    def lock_owner(self) -> str:
        lock = self._items.read(self._pk, "LOCK")
        return str(lock["owner"]) if lock else ""

    def claim_start(self, trigger: str, sequence: str, execution: str) -> str:
        with self._items.change() as change:
            known = change.read(self._pk, f"START#{trigger}")
            if known is None or known["sequence"] < sequence:
                known = {"sequence": sequence, "execution": execution}
                change.write(self._pk, f"START#{trigger}", known)
            return str(known["execution"])

    def add_note(self, run: str, note: Note) -> None:
        item = {"at": note.at, "state": note.state, "what": note.what}
        self._put(self._pk, f"N#{run}#{note.at}#{note.state}", item)

    def notes(self, run: str) -> list[Note]:
        items = self._items.query(self._pk, f"N#{run}#")
        return [Note(item["at"], item["state"], item["what"]) for item in items]

    def write_dns(self, run: str, at: str, findings: Sequence[DnsFinding], watch: DnsWatch) -> None:
        self._put(self._pk, f"DNS#{run}", dns_rows.attributes(at, findings, watch))

    def dns(self, run: str) -> tuple[str, list[DnsFinding]]:
        item = self._items.read(self._pk, f"DNS#{run}")
        return dns_rows.findings_from(item) if item else ("", [])

    def dns_watch(self, run: str) -> DnsWatch:
        item = self._items.read(self._pk, f"DNS#{run}")
        return dns_rows.watch_from(item) if item else DnsWatch()

    def progress(self) -> ProgressRecord | None:
        item = self._items.read(self._pk, "PROGRESS")
        return progress_rows.progress_from(item) if item else None

    def set_progress(self, record: ProgressRecord) -> None:
        self._put(self._pk, "PROGRESS", progress_rows.progress_attributes(record))

    def progress_history(self, run: str) -> ProgressHistory:
        item = self._items.read(self._pk, progress_rows.history_key(run))
        return progress_rows.history_from(item) if item else ProgressHistory(run)

    def set_progress_history(self, history: ProgressHistory) -> None:
        attributes = progress_rows.history_attributes(history)
        self._put(self._pk, progress_rows.history_key(history.run), attributes)

    # -- what the operators were told

    def is_told(self, run: str, key: str) -> bool:
        return self._items.read(self._pk, f"TOLD#{run}#{key}") is not None

    def set_told(self, run: str, key: str) -> None:
        self._put(self._pk, f"TOLD#{run}#{key}", {})

    def admit(self, run: str, about: str, key: str, limit: int) -> bool:
        place = self._pk, f"FIRST#{run}#{about}"
        with self._items.change() as change:
            admitted = (change.read(*place) or {"admitted": []})["admitted"]
            if key not in admitted and len(admitted) < limit:
                admitted = [*admitted, key]
                change.write(*place, {"admitted": admitted})
            return key in admitted

    # -- what the operators are asked

    def ask(self, question: Question) -> Question:
        sk = question_rows.place_of(question.run, question.kind, question.asked)
        with self._items.change() as change:
            known = change.read(self._pk, sk)
            item = known or question_rows.question_attributes(question)
            item |= question_rows.asked_attributes(question)
            change.write(self._pk, sk, item)
        return question_rows.question_from(item)

    def settle(
        self, question: Question, answer: str, by: str, at: str, *, over: bool = False
    ) -> Question:
        sk = question_rows.place_of(question.run, question.kind, question.asked)
        with self._items.change() as change:
            item = change.read(self._pk, sk)
            if item is None:
                raise KeyError(sk)
            if over or not item["answer"]:
                item |= question_rows.answer_attributes(answer, by, at)
                change.write(self._pk, sk, item)
        return question_rows.question_from(item)

    def questions(self, run: str = "") -> list[Question]:
        items = self._items.query(self._pk, f"ASK#{run}#" if run else "ASK#")
        return [question_rows.question_from(item) for item in items]

    def keep_published(self, record: PublishedSet) -> None:
        attributes = zone_rows.published_attributes(record)
        self._put(self._pk, zone_rows.published_key(record), attributes)

    def published(self) -> list[PublishedSet]:
        items = self._items.query(self._pk, "Z#")
        return [zone_rows.published_from(item) for item in items]

    # -- mailboxes

    def plan_mailboxes(self, run: str, mailboxes: Iterable[Mailbox]) -> None:
        planned = list(mailboxes)
        with self._items.change() as change:
            for mailbox in planned:
                item = change.read(self._pk, f"M#{mailbox.id}") or {}
                item |= {
                    "mailbox": rows.to_text(mailbox),
                    "run": run,
                    "status": str(MailboxStatus.PLANNED),
                }
                _drop(item, *rows.OF_A_RUN)
                change.write(self._pk, f"M#{mailbox.id}", item)
            change.write(self._pk, "LAST", {"run": run})

    def last_run(self) -> str:
        item = self._items.read(self._pk, "LAST")
        return str(item["run"]) if item else ""

    def mailbox(self, mailbox_id: str) -> MailboxRecord:
        item = self._items.read(self._pk, f"M#{mailbox_id}")
        if item is None:
            raise KeyError(mailbox_id)
        return rows.mailbox_from(item)

    def mailboxes(self, run: str = "") -> Iterator[MailboxRecord]:
        for item in self._items.query(self._pk, "M#"):
            if run in ("", item["run"]):
                yield rows.mailbox_from(item)

    def set_provisioned(
        self,
        mailbox_id: str,
        user_id: str,
        how: str,
        address: str = "",
        remarks: Sequence[str] = (),
        status: MailboxStatus = MailboxStatus.PROVISIONED,
    ) -> None:
        sets = rows.provisioned_attributes(user_id, how, address, remarks, status)
        over = ("failure",) if status is MailboxStatus.PROVISIONED else ()
        self._change_mailbox(mailbox_id, sets, removes=over)

    def set_status(self, mailbox_id: str, status: MailboxStatus) -> None:
        self._change_mailbox(mailbox_id, {"status": str(status)})

    def set_begun(self, mailbox_id: str, expected: int, at: str = "") -> None:
        sets = {"status": str(MailboxStatus.COPYING), "expected": expected}
        self._change_mailbox(mailbox_id, sets, firsts={"begun": at} if at else {})

    def set_failed(self, mailbox_id: str, failure: Failure) -> None:
        status = str(MailboxStatus.FAILED)
        self._change_mailbox(mailbox_id, {"status": status, "failure": rows.to_text(failure)})

    def set_verdict(self, mailbox_id: str, verdict: MailboxVerdict, at: str = "") -> None:
        with self._items.change() as change:
            item = self._planned(change, mailbox_id)
            item |= rows.verdict_attributes(item, verdict, at)
            _drop(item, "failure")
            change.write(self._pk, f"M#{mailbox_id}", item)

    def set_password_place(self, mailbox_id: str, path: str) -> None:
        self._change_mailbox(mailbox_id, {"password_in": path})

    def next_fence(self, mailbox_id: str) -> int:
        pk = self._mailbox_pk(mailbox_id)
        with self._items.change() as change:
            item = change.read(pk, "FENCE")
            fence = int(item["fence"]) + 1 if item else 1
            change.write(pk, "FENCE", {"fence": fence})
        return fence

    # -- groups, resources, sharings

    def plan_entities(self, run: str, wanted: Iterable[Wanted]) -> None:
        planned = list(wanted)
        with self._items.change() as change:
            for each in planned:
                item = change.read(self._pk, f"E#{each.id}") or {}
                item |= entity_rows.plan_attributes(run, each)
                _drop(item, "failure")
                change.write(self._pk, f"E#{each.id}", item)

    def entity(self, entity_id: str) -> EntityRecord:
        item = self._items.read(self._pk, f"E#{entity_id}")
        if item is None:
            raise KeyError(entity_id)
        return entity_rows.entity_from(item)

    def entities(self, run: str) -> Iterator[EntityRecord]:
        for item in self._items.query(self._pk, "E#"):
            if item["run"] == run:
                yield entity_rows.entity_from(item)

    def set_entity(self, record: EntityRecord) -> None:
        self._put(self._pk, f"E#{record.wanted.id}", entity_rows.entity_attributes(record))

    # -- the migration administrator

    def administrator(self) -> AdministratorRecord | None:
        item = self._items.read(self._pk, "ADMIN")
        return administrator_rows.administrator_from(item) if item else None

    def set_administrator(self, record: AdministratorRecord) -> None:
        self._put(self._pk, "ADMIN", administrator_rows.administrator_attributes(record))

    def drop_administrator(self) -> None:
        self._delete(self._pk, "ADMIN")

    def grants(self) -> list[GrantRecord]:
        return [administrator_rows.grant_from(item) for item in self._items.query(self._pk, "G#")]

    def set_grant(self, grant: GrantRecord) -> None:
        attributes = administrator_rows.grant_attributes(grant)
        self._put(self._pk, f"G#{grant.owner_id}", attributes)

    def drop_grant(self, owner_id: str) -> None:
        self._delete(self._pk, f"G#{owner_id}")

    # -- what was made in the directory

    def record_deed(self, deed: Deed) -> None:
        self._put(self._pk, f"D#{deed.key}", deed_rows.deed_attributes(deed))

    def deed(self, key: str) -> Deed | None:
        item = self._items.read(self._pk, f"D#{key}")
        return deed_rows.deed_from(item) if item else None

    def deeds(self, run: str = "") -> Iterator[Deed]:
        for item in self._items.query(self._pk, "D#"):
            if run in ("", item["run"]):
                yield deed_rows.deed_from(item)

    def forget_mailbox(self, mailbox_id: str) -> None:
        with self._items.change() as change:
            for prefix in ("F#", "Q#"):
                change.delete_all(self._mailbox_pk(mailbox_id), prefix)
            if item := change.read(self._pk, f"M#{mailbox_id}"):
                item["status"] = str(MailboxStatus.PLANNED)
                _drop(item, "user_id", "provisioned", "address", "password_in")
                _drop(item, *rows.OF_A_RUN)
                change.write(self._pk, f"M#{mailbox_id}", item)

    # -- client settings

    def begin_guide(self, mailbox_id: str) -> bool:
        with self._items.change() as change:
            known = change.read(self._pk, f"C#{mailbox_id}")
            if known and not guide_rows.may_begin(known):
                return False
            record = GuideRecord(mailbox_id, GuideState.SENDING)
            change.write(self._pk, f"C#{mailbox_id}", guide_rows.guide_attributes(record))
            return True

    def set_guide(self, record: GuideRecord) -> None:
        self._put(self._pk, f"C#{record.mailbox_id}", guide_rows.guide_attributes(record))

    def guides(self) -> Iterator[GuideRecord]:
        for item in self._items.query(self._pk, "C#"):
            yield guide_rows.guide_from(item)

    # -- folders

    def folders(self, mailbox_id: str) -> list[FolderRecord]:
        items = self._items.query(self._mailbox_pk(mailbox_id), "F#")
        return [rows.folder_from(item) for item in items]

    def claim_folder(
        self, mailbox_id: str, plan: FolderPlan, target_id: str, fence: int, pass_id: int
    ) -> FolderRecord:
        with self._items.change() as change:
            item = change.read(*self._place(mailbox_id, plan.folder.key))
            current = rows.folder_from(item) if item else None
            claimed = transitions.claim(current, plan, target_id, fence, pass_id)
            return self._keep(change, mailbox_id, claimed, item)

    def pause_wanted(self, run: str = "") -> bool:
        return rows.stops(self._items.read(self._pk, "PAUSE"), run)

    def want_pause(self, wanted: bool) -> None:
        self._set(self._pk, "PAUSE", {"wanted": wanted})

    def want_abort(self, run: str) -> None:
        self._set(self._pk, "PAUSE", {"aborted": run})

    def check_claim(self, mailbox_id: str, record: FolderRecord) -> None:
        item = self._items.read(*self._place(mailbox_id, record.key))
        if item is None or item["fence"] != record.fence:
            raise _fenced_off(record)

    def advance(self, mailbox_id: str, before: FolderRecord, after: FolderRecord) -> FolderRecord:
        with self._items.change() as change:
            item = change.read(*self._place(mailbox_id, before.key))
            if item is None or not _is_still(item, before):
                raise _fenced_off(before)
            return self._keep(change, mailbox_id, replace(after, revision=before.revision), item)

    def adopt_folder(self, mailbox_id: str, old_key: str, record: FolderRecord) -> None:
        with self._items.change() as change:
            old = change.read(*self._place(mailbox_id, old_key))
            known = change.read(*self._place(mailbox_id, record.key))
            if old is None and known is not None:
                return  # done before, and its new owner may have gone on since
            if old is not None and not _is_still(old, record):
                raise _fenced_off(record)
            change.delete(*self._place(mailbox_id, old_key))
            item = rows.folder_attributes(record)
            if record.check:
                item["check"] = rows.to_text(record.check)
            change.write(*self._place(mailbox_id, record.key), item)

    def set_check(self, mailbox_id: str, folder_key: str, check: FolderCheck) -> None:
        place = self._place(mailbox_id, folder_key)
        with self._items.change() as change:
            item = change.read(*place)
            if item is None:
                raise KeyError(folder_key)
            change.write(*place, {**item, "check": rows.to_text(check)})

    def add_remarks(self, mailbox_id: str, remarks: Sequence[Remark]) -> None:
        if not remarks:
            return
        pk = self._mailbox_pk(mailbox_id)
        with self._items.change() as change:
            for each in remarks:
                change.write(pk, rows.remark_key(each), rows.remark_attributes(each))

    def drop_remarks(self, mailbox_id: str, folder_key: str) -> None:
        with self._items.change() as change:
            change.delete_all(self._mailbox_pk(mailbox_id), f"Q#{folder_key}#")

    def remarks(self, mailbox_id: str) -> list[Remark]:
        items = self._items.query(self._mailbox_pk(mailbox_id), "Q#")
        return [rows.remark_from(item) for item in items]

    # -- inside

    def _mailbox_pk(self, mailbox_id: str) -> str:
        return f"M#{self._tenant}#{mailbox_id}"

    def _place(self, mailbox_id: str, folder_key: str) -> tuple[str, str]:
        return self._mailbox_pk(mailbox_id), f"F#{folder_key}"

    def _put(self, pk: str, sk: str, item: Item) -> None:
        with self._items.change() as change:
            change.write(pk, sk, item)

    def _set(self, pk: str, sk: str, attributes: Item) -> None:
        """Changes these attributes of the item, which is made if there is none."""
        with self._items.change() as change:
            change.write(pk, sk, {**(change.read(pk, sk) or {}), **attributes})

    def _delete(self, pk: str, sk: str) -> None:
        with self._items.change() as change:
            change.delete(pk, sk)

    def _keep(
        self, change: Change, mailbox_id: str, record: FolderRecord, known: Item | None
    ) -> FolderRecord:
        """Writes the record with its next revision, beside the check that stands there."""
        record = replace(record, revision=record.revision + 1)
        item = rows.folder_attributes(record)
        if known and "check" in known:
            item["check"] = known["check"]
        change.write(*self._place(mailbox_id, record.key), item)
        return record

    def _planned(self, change: Change, mailbox_id: str) -> Item:
        item = change.read(self._pk, f"M#{mailbox_id}")
        if item is None:
            raise KeyError(mailbox_id)
        return item

    def _change_mailbox(
        self,
        mailbox_id: str,
        sets: Mapping[str, Any],
        removes: Iterable[str] = (),
        firsts: Mapping[str, Any] | None = None,
    ) -> None:
        """What is in `firsts` is set where there is nothing yet."""
        with self._items.change() as change:
            item = {**(firsts or {}), **self._planned(change, mailbox_id), **sets}
            _drop(item, *removes)
            change.write(self._pk, f"M#{mailbox_id}", item)


def _drop(item: Item, *names: str) -> None:
    for name in names:
        item.pop(name, None)


def _is_still(item: Item, record: FolderRecord) -> bool:
    return (item["fence"], item["revision"]) == (record.fence, record.revision)


def _fenced_off(record: FolderRecord) -> FencedOff:
    return FencedOff(f"folder {record.key} belongs to a newer worker")
