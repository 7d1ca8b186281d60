"""The ledger in one DynamoDB table. Keys `pk` and `sk` are strings:

    pk                    sk                            what
    T#<tenant>            LOCK                          who runs now
                          PAUSE                         whether the copy shall stop for a while, and
                                                        which run's for good
                          START#<trigger>               the latest start of an upload or a schedule
                          N#<run>#<at>#<state>          the timeline
                          PROGRESS                      the latest looks at the copy's progress
                          PROGRESS#<run>                how far the run was at which time
                          DNS#<run>                     findings of the latest look, and the watch
                          TOLD#<run>#<key>              what the operators were told
                          FIRST#<run>#<about>           whose turn it was to be told of
                          ASK#<run>#<kind>#<asked>      a question to the operators
                          Z#<zone>#<name>#<type>        a record set that was changed
                          M#<mailbox>                   a mailbox
                          E#<entity>                    a group, a resource, a sharing
                          ADMIN                         the migration administrator's user
                          G#<owner>                     what it was given access to
                          D#<key>                       what was made in the directory
                          C#<mailbox>                   the client settings of its user
    M#<tenant>#<mailbox>  FENCE                         the last fence given
                          F#<folder key>                a folder: cursor, counts, intent
                          Q#<folder key>#<uid>          a message that was not (exactly) copied

Reads are consistent, and every update that could meet a rival is conditional. The client repeats a
request whose answer was lost, so a condition can fail because the first attempt succeeded: then the
item is read, and what this fence has written is taken as done. Throttling is left to the client's
retries and then raised as it is: the Lambda is retried.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr, ConditionBase

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
from migration.aws.items import ItemTable
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

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_CLAIM_ATTEMPTS = 5
"""A claim reads, decides and writes; a rival between the two makes it start over."""


class DynamoLedger:
    """Ledger of one tenant. `table` is a boto3 Table resource."""

    def __init__(self, table: Table, tenant: str) -> None:
        self._table = table
        self._tenant = tenant
        self._pk = f"T#{tenant}"
        self._items = ItemTable(table)

    # -- the tenant

    def acquire_lock(self, owner: str, now: str) -> str:
        free = Attr("pk").not_exists() | Attr("owner").eq(owner)
        held = owner
        while not self._items.update(
            self._pk, "LOCK", {"owner": owner, "since": now}, condition=free
        ):
            lock = self._items.read(self._pk, "LOCK")
            if lock:  # else it was released just now
                return str(lock["owner"])
        return held

    def take_over_lock(self, owner: str, previous: str, now: str) -> bool:
        dead = Attr("owner").is_in([previous, owner])
        taken = self._items.update(self._pk, "LOCK", {"owner": owner, "since": now}, condition=dead)
        return taken is not None

    def release_lock(self, owner: str) -> bool:
        try:
            self._table.delete_item(
                Key={"pk": self._pk, "sk": "LOCK"}, ConditionExpression=Attr("owner").eq(owner)
            )
        except self._items.refused:
            return False
        return True

    def lock_owner(self) -> str:
        lock = self._items.read(self._pk, "LOCK")
        return str(lock["owner"]) if lock else ""

    def claim_start(self, trigger: str, sequence: str, execution: str) -> str:
        sk, claim = f"START#{trigger}", {"sequence": sequence, "execution": execution}
        again = Attr("sequence").eq(sequence) & Attr("execution").eq(execution)
        is_next = Attr("pk").not_exists() | Attr("sequence").lt(sequence) | again
        if self._items.update(self._pk, sk, claim, condition=is_next):
            return execution
        return str((self._items.read(self._pk, sk) or claim)["execution"])

    def add_note(self, run: str, note: Note) -> None:
        self._table.put_item(
            Item={
                "pk": self._pk,
                "sk": f"N#{run}#{note.at}#{note.state}",
                "at": note.at,
                "state": note.state,
                "what": note.what,
            }
        )

    def notes(self, run: str) -> list[Note]:
        items = self._items.query(self._pk, f"N#{run}#")
        return [Note(item["at"], item["state"], item["what"]) for item in items]

    def write_dns(self, run: str, at: str, findings: Sequence[DnsFinding], watch: DnsWatch) -> None:
        item = {"pk": self._pk, "sk": f"DNS#{run}", **dns_rows.attributes(at, findings, watch)}
        self._table.put_item(Item=item)

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
        place = {"pk": self._pk, "sk": "PROGRESS"}
        self._table.put_item(Item=place | progress_rows.progress_attributes(record))

    def progress_history(self, run: str) -> ProgressHistory:
        item = self._items.read(self._pk, progress_rows.history_key(run))
        return progress_rows.history_from(item) if item else ProgressHistory(run)

    def set_progress_history(self, history: ProgressHistory) -> None:
        place = {"pk": self._pk, "sk": progress_rows.history_key(history.run)}
        self._table.put_item(Item=place | progress_rows.history_attributes(history))

    # -- what the operators were told

    def is_told(self, run: str, key: str) -> bool:
        return self._items.read(self._pk, f"TOLD#{run}#{key}") is not None

    def set_told(self, run: str, key: str) -> None:
        self._table.put_item(Item={"pk": self._pk, "sk": f"TOLD#{run}#{key}"})

    def admit(self, run: str, about: str, key: str, limit: int) -> bool:
        try:
            self._table.update_item(
                Key={"pk": self._pk, "sk": f"FIRST#{run}#{about}"},
                UpdateExpression="ADD admitted :key",
                ConditionExpression=Attr("admitted").not_exists()
                | Attr("admitted").contains(key)
                | Attr("admitted").size().lt(limit),
                ExpressionAttributeValues={":key": {key}},
            )
        except self._items.refused:
            return False
        return True

    # -- what the operators are asked

    def ask(self, question: Question) -> Question:
        sk = question_rows.place_of(question.run, question.kind, question.asked)
        known, unknown = Attr("pk").exists(), Attr("pk").not_exists()
        again = question_rows.asked_attributes(question)
        first = question_rows.question_attributes(question)
        while True:
            written = self._items.update(self._pk, sk, again, condition=known)
            written = written or self._items.update(self._pk, sk, first, condition=unknown)
            if written:  # else another call has put it between the two
                return question_rows.question_from(written)

    def settle(
        self, question: Question, answer: str, by: str, at: str, *, over: bool = False
    ) -> Question:
        sk = question_rows.place_of(question.run, question.kind, question.asked)
        sets = question_rows.answer_attributes(answer, by, at)
        open_ = Attr("pk").exists() if over else Attr("answer").eq("")
        written = self._items.update(self._pk, sk, sets, condition=open_)
        written = written or self._items.read(self._pk, sk)
        if written is None:
            raise KeyError(sk)
        return question_rows.question_from(written)

    def questions(self, run: str = "") -> list[Question]:
        items = self._items.query(self._pk, f"ASK#{run}#" if run else "ASK#")
        return [question_rows.question_from(item) for item in items]

    def keep_published(self, record: PublishedSet) -> None:
        place = {"pk": self._pk, "sk": zone_rows.published_key(record)}
        self._table.put_item(Item=place | zone_rows.published_attributes(record))

    def published(self) -> list[PublishedSet]:
        items = self._items.query(self._pk, "Z#")
        return [zone_rows.published_from(item) for item in items]

    # -- mailboxes

    def plan_mailboxes(self, run: str, mailboxes: Iterable[Mailbox]) -> None:
        for mailbox in mailboxes:
            sets = {
                "mailbox": rows.to_text(mailbox),
                "run": run,
                "status": str(MailboxStatus.PLANNED),
            }
            self._items.update(self._pk, f"M#{mailbox.id}", sets, removes=rows.OF_A_RUN)
        self._table.put_item(Item={"pk": self._pk, "sk": "LAST", "run": run})

    def last_run(self) -> str:
        item = self._items.read(self._pk, "LAST")
        return str(item["run"]) if item else ""

    def mailbox(self, mailbox_id: str) -> MailboxRecord:
        item = self._items.read(self._pk, f"M#{mailbox_id}")
        if item is None:
            raise KeyError(mailbox_id)
        return rows.mailbox_from(item)

    def mailboxes(self, run: str = "") -> Iterator[MailboxRecord]:
        for item in self._items.query(self._pk, "M#", Attr("run").eq(run) if run else None):
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
        # Nobody else judges the mailbox: what is read here changes in other attributes only.
        known = self._items.read(self._pk, f"M#{mailbox_id}")
        if known is None:
            raise KeyError(mailbox_id)
        sets = rows.verdict_attributes(known, verdict, at)
        self._change_mailbox(mailbox_id, sets, removes=("failure",))

    def set_password_place(self, mailbox_id: str, path: str) -> None:
        self._change_mailbox(mailbox_id, {"password_in": path})

    def next_fence(self, mailbox_id: str) -> int:
        answer = self._table.update_item(
            Key={"pk": self._mailbox_pk(mailbox_id), "sk": "FENCE"},
            UpdateExpression="ADD fence :one",
            ExpressionAttributeValues={":one": 1},
            ReturnValues="UPDATED_NEW",
        )
        return int(str(answer["Attributes"]["fence"]))

    # -- groups, resources, sharings

    def plan_entities(self, run: str, wanted: Iterable[Wanted]) -> None:
        for each in wanted:
            sets = entity_rows.plan_attributes(run, each)
            self._items.update(self._pk, f"E#{each.id}", sets, removes=("failure",))

    def entity(self, entity_id: str) -> EntityRecord:
        item = self._items.read(self._pk, f"E#{entity_id}")
        if item is None:
            raise KeyError(entity_id)
        return entity_rows.entity_from(item)

    def entities(self, run: str) -> Iterator[EntityRecord]:
        for item in self._items.query(self._pk, "E#", Attr("run").eq(run)):
            yield entity_rows.entity_from(item)

    def set_entity(self, record: EntityRecord) -> None:
        place = {"pk": self._pk, "sk": f"E#{record.wanted.id}"}
        self._table.put_item(Item=place | entity_rows.entity_attributes(record))

    # -- the migration administrator

    def administrator(self) -> AdministratorRecord | None:
        item = self._items.read(self._pk, "ADMIN")
        return administrator_rows.administrator_from(item) if item else None

    def set_administrator(self, record: AdministratorRecord) -> None:
        place = {"pk": self._pk, "sk": "ADMIN"}
        self._table.put_item(Item=place | administrator_rows.administrator_attributes(record))

    def drop_administrator(self) -> None:
        self._table.delete_item(Key={"pk": self._pk, "sk": "ADMIN"})

    def grants(self) -> list[GrantRecord]:
        return [administrator_rows.grant_from(item) for item in self._items.query(self._pk, "G#")]

    def set_grant(self, grant: GrantRecord) -> None:
        place = {"pk": self._pk, "sk": f"G#{grant.owner_id}"}
        self._table.put_item(Item=place | administrator_rows.grant_attributes(grant))

    def drop_grant(self, owner_id: str) -> None:
        self._table.delete_item(Key={"pk": self._pk, "sk": f"G#{owner_id}"})

    # -- what was made in the directory

    def record_deed(self, deed: Deed) -> None:
        place = {"pk": self._pk, "sk": f"D#{deed.key}"}
        self._table.put_item(Item=place | deed_rows.deed_attributes(deed))

    def deed(self, key: str) -> Deed | None:
        item = self._items.read(self._pk, f"D#{key}")
        return deed_rows.deed_from(item) if item else None

    def deeds(self, run: str = "") -> Iterator[Deed]:
        condition = Attr("run").eq(run) if run else None
        for item in self._items.query(self._pk, "D#", condition):
            yield deed_rows.deed_from(item)

    def forget_mailbox(self, mailbox_id: str) -> None:
        pk = self._mailbox_pk(mailbox_id)
        with self._table.batch_writer() as batch:
            for prefix in ("F#", "Q#"):
                for item in list(self._items.query(pk, prefix)):
                    batch.delete_item(Key={"pk": pk, "sk": item["sk"]})
        known = Attr("pk").exists()
        sets = {"status": str(MailboxStatus.PLANNED)}
        made = ("user_id", "provisioned", "address", "password_in")
        removes = (*made, *rows.OF_A_RUN)
        self._items.update(self._pk, f"M#{mailbox_id}", sets, removes, known)

    # -- client settings

    def begin_guide(self, mailbox_id: str) -> bool:
        sets = guide_rows.guide_attributes(GuideRecord(mailbox_id, GuideState.SENDING))
        free = Attr("pk").not_exists() | Attr("status").is_in(list(guide_rows.OPEN))
        return self._items.update(self._pk, f"C#{mailbox_id}", sets, condition=free) is not None

    def set_guide(self, record: GuideRecord) -> None:
        place = {"pk": self._pk, "sk": f"C#{record.mailbox_id}"}
        self._table.put_item(Item=place | guide_rows.guide_attributes(record))

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
        for _ in range(_CLAIM_ATTEMPTS):
            current = self._folder(mailbox_id, plan.folder.key)
            claimed = transitions.claim(current, plan, target_id, fence, pass_id)
            if written := self._write_claim(mailbox_id, current, claimed):
                return written
        raise FencedOff(f"folder {plan.folder.key} is claimed by several workers at once")

    def pause_wanted(self, run: str = "") -> bool:
        item = self._items.read(self._pk, "PAUSE")
        return rows.stops(item, run)

    def want_pause(self, wanted: bool) -> None:
        self._items.update(self._pk, "PAUSE", {"wanted": wanted})

    def want_abort(self, run: str) -> None:
        self._items.update(self._pk, "PAUSE", {"aborted": run})

    def check_claim(self, mailbox_id: str, record: FolderRecord) -> None:
        current = self._folder(mailbox_id, record.key)
        if current is None or current.fence != record.fence:
            raise _fenced_off(record)

    def advance(self, mailbox_id: str, before: FolderRecord, after: FolderRecord) -> FolderRecord:
        after = replace(after, revision=before.revision + 1)
        sets = rows.folder_attributes(after)
        removes = () if after.intent else ("intent",)
        pk, sk = self._mailbox_pk(mailbox_id), f"F#{after.key}"
        if not self._items.update(pk, sk, sets, removes, _still(before)):
            current = self._folder(mailbox_id, after.key)
            if current is None or replace(current, check=after.check) != after:
                raise _fenced_off(after)
        return after

    def adopt_folder(self, mailbox_id: str, old_key: str, record: FolderRecord) -> None:
        pk = self._mailbox_pk(mailbox_id)
        item = {"pk": pk, "sk": f"F#{record.key}", **rows.folder_attributes(record)}
        if record.check:
            item["check"] = rows.to_text(record.check)
        old = {"pk": pk, "sk": f"F#{old_key}"}
        client = self._table.meta.client
        try:
            client.transact_write_items(
                TransactItems=[
                    {"Put": {"TableName": self._table.name, "Item": item}},
                    {
                        "Delete": {
                            "TableName": self._table.name,
                            "Key": old,
                            "ConditionExpression": "fence = :fence AND revision = :revision",
                            "ExpressionAttributeValues": {
                                ":fence": record.fence,
                                ":revision": record.revision,
                            },
                        }
                    },
                ]
            )
        except client.exceptions.TransactionCanceledException:
            if self._folder(mailbox_id, old_key) is not None:
                raise _fenced_off(record) from None

    def set_check(self, mailbox_id: str, folder_key: str, check: FolderCheck) -> None:
        pk = self._mailbox_pk(mailbox_id)
        known = Attr("pk").exists()
        if not self._items.update(
            pk, f"F#{folder_key}", {"check": rows.to_text(check)}, condition=known
        ):
            raise KeyError(folder_key)

    def add_remarks(self, mailbox_id: str, remarks: Sequence[Remark]) -> None:
        pk = self._mailbox_pk(mailbox_id)
        with self._table.batch_writer(overwrite_by_pkeys=["pk", "sk"]) as batch:
            for each in remarks:
                place = {"pk": pk, "sk": rows.remark_key(each)}
                batch.put_item(Item=place | rows.remark_attributes(each))

    def drop_remarks(self, mailbox_id: str, folder_key: str) -> None:
        pk = self._mailbox_pk(mailbox_id)
        with self._table.batch_writer() as batch:
            for item in list(self._items.query(pk, f"Q#{folder_key}#")):
                batch.delete_item(Key={"pk": pk, "sk": item["sk"]})

    def remarks(self, mailbox_id: str) -> list[Remark]:
        items = self._items.query(self._mailbox_pk(mailbox_id), "Q#")
        return [rows.remark_from(item) for item in items]

    # -- inside

    def _mailbox_pk(self, mailbox_id: str) -> str:
        return f"M#{self._tenant}#{mailbox_id}"

    def _folder(self, mailbox_id: str, key: str) -> FolderRecord | None:
        item = self._items.read(self._mailbox_pk(mailbox_id), f"F#{key}")
        return rows.folder_from(item) if item else None

    def _write_claim(
        self, mailbox_id: str, current: FolderRecord | None, claimed: FolderRecord
    ) -> FolderRecord | None:
        """The record after the claim, None if a rival came between."""
        claimed = replace(claimed, revision=claimed.revision + 1)
        condition = Attr("pk").not_exists() if current is None else _still(current)
        pk, sets = self._mailbox_pk(mailbox_id), rows.folder_attributes(claimed)
        written = self._items.update(pk, f"F#{claimed.key}", sets, condition=condition)
        return rows.folder_from(written) if written else None

    def _change_mailbox(
        self,
        mailbox_id: str,
        sets: Mapping[str, Any],
        removes: Iterable[str] = (),
        firsts: Mapping[str, Any] | None = None,
    ) -> None:
        known = Attr("pk").exists()
        if not self._items.update(self._pk, f"M#{mailbox_id}", sets, removes, known, firsts):
            raise KeyError(mailbox_id)


def _still(record: FolderRecord) -> ConditionBase:
    return Attr("fence").eq(record.fence) & Attr("revision").eq(record.revision)


def _fenced_off(record: FolderRecord) -> FencedOff:
    return FencedOff(f"folder {record.key} belongs to a newer worker")
