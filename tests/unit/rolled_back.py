"""A tenant over the emulated API, migrated as far as the directory goes, and rolled back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from localrun.fakes.mailbox import MemoryTarget
from localrun.fakes.schedules import MemorySchedules
from migration.directory_model import Group, Permission, Resource, ResourceKind
from migration.errors import ProvisioningPending
from migration.identity import mailbox_id
from migration.journal import keep_journal
from migration.mail import Folder, FolderPlan, Item, ItemRef, Stamped
from migration.model import Mailbox, Tally
from migration.ports import Directory, Ledger, Target
from migration.provisioning import provision_user
from migration.rollback import order_rollback, plan_rollback
from migration.rollback_look import look_into_mailbox
from migration.rollback_undo import undo_step
from migration.transitions import finish, open_batch
from tests.contract.workmail_cloud import DOMAIN, WorkMailCloud, mailbox
from tests.unit.test_provisioning import no_password
from tests.unit.test_report import SETTINGS

NOW = "2026-12-04T18:00:00Z"
TENANT = SETTINGS.tenant
T = TypeVar("T")


def _person(name: str, *aliases: str) -> Mailbox:
    person = mailbox(name, *aliases)
    return replace(person, id=mailbox_id(TENANT, person.target))


ANNA = _person("anna", f"a.berg@{DOMAIN}")  # is created
BO = _person("bo", f"b.olsen@{DOMAIN}")  # is there, and disabled
CARL = _person("carl", f"c.lund@{DOMAIN}")  # is there with a mailbox
DORA = _person("dora")  # is created
PEOPLE = (ANNA, BO, CARL, DORA)


class Tenant:
    """An organization in which a migration has worked, and the mailboxes of it."""

    def __init__(self, cloud: WorkMailCloud) -> None:
        self.cloud = cloud
        self.ledger = MemoryLedger()
        self.blobs = MemoryBlobs()
        self.schedules = MemorySchedules()
        self.targets: dict[str, MemoryTarget] = {}
        self.ids: dict[str, str] = {}

    def prepare(self) -> None:
        """What stood there before."""
        cloud = self.cloud
        self.ids["bo"] = cloud.add_user("bo")
        self.ids["carl"] = cloud.add_user("carl", CARL.target)
        self.ids["eve"] = cloud.add_user("eve", f"eve@{DOMAIN}")
        self.ids["club"] = cloud.call("create_group", Name="Club")["GroupId"]
        for name in ("bo", "carl"):
            names = {"DisplayName": name.title(), "FirstName": "First"}
            cloud.call("update_user", UserId=self.ids[name], **names)
        cloud.seconds += 5
        cloud.call("register_to_work_mail", EntityId=self.ids["club"], Email=f"club@{DOMAIN}")
        cloud.seconds += 10
        cloud.directory.put_permissions(self.ids["carl"], self.ids["eve"], {Permission.SEND_AS})

    def migrate(self, run: str = "run-1") -> None:
        """Users as provisioning makes them; the rest as provisioning would."""
        ledger, cloud = self.ledger, self.cloud
        directory = keep_journal(cloud.directory, ledger, run, NOW)
        ledger.plan_mailboxes(run, PEOPLE)
        for person in PEOPLE:
            repeat(cloud, partial(provision_user, directory, ledger, person.id, no_password))
            self.ids[person.username] = ledger.mailbox(person.id).user_id
        ids = self.ids
        group = Group("g", f"team@{DOMAIN}", "Team")
        room = Resource("r", f"room@{DOMAIN}", "room-1", ResourceKind.ROOM)
        ids["team"] = repeat(cloud, partial(directory.create_group, group)).id
        ids["room"] = repeat(cloud, partial(directory.create_resource, room)).id
        for name, address in (("team", group.address), ("room", room.address)):
            repeat(cloud, partial(directory.enable_entity, ids[name], address))
        cloud.seconds += 20
        directory.add_alias(ids["team"], f"all@{DOMAIN}")
        for group_id, member in (("team", "anna"), ("team", "carl"), ("club", "dora")):
            directory.add_member(ids[group_id], ids[member])
        directory.add_member(ids["club"], ids["bo"])
        directory.add_delegate(ids["room"], ids["carl"])
        full = {Permission.FULL_ACCESS}
        directory.put_permissions(ids["carl"], ids["eve"], full)
        directory.put_permissions(ids["carl"], ids["dora"], full)
        directory.put_permissions(ids["carl"], ids["anna"], full)

    def copy(self, person: Mailbox, messages: int) -> None:
        """As the copy leaves it."""
        target = self.target(person.target)
        plan = FolderPlan(Folder("f1", ("INBOX",), "1", messages), ("INBOX",))
        (folder_id,) = target.ensure_folders([plan])
        for number in range(messages):
            target.append(folder_id, [Stamped(f"key-{number}", letter(number))])
        record = self.ledger.claim_folder(person.id, plan, folder_id, 1, 1)
        refs = [ItemRef(str(number), 1) for number in range(messages)]
        begun = self.ledger.advance(person.id, record, open_batch(record, refs, str(messages), ""))
        done = finish(begun, {ref.uid for ref in refs}, Tally(copied=messages))
        self.ledger.advance(person.id, begun, done)
        self.blobs.put(f"audit/{person.id}/f1/1/0.jsonl", b"{}\n")

    def target(self, address: str) -> MemoryTarget:
        return self.targets.setdefault(address, MemoryTarget())

    def deliver(self, person: Mailbox) -> None:
        """New mail."""
        target = self.target(person.target)
        plan = FolderPlan(Folder("f1", ("INBOX",), "1", 0), ("INBOX",))
        (folder_id,) = target.ensure_folders([plan])
        target.deliver(folder_id, letter(99))

    @contextmanager
    def open_target(self, mailbox: str) -> Iterator[Target]:
        yield self.target(self.ledger.mailbox(mailbox).mailbox.target)

    def snapshot(self) -> dict[str, Any]:
        """What an operator sees of everybody who is not deleted, without dates."""
        shown: dict[str, Any] = {}
        directory = self.cloud.directory
        listings = (
            ("list_users", "Users"),
            ("list_groups", "Groups"),
            ("list_resources", "Resources"),
        )
        for call, member in listings:
            for entity in self.cloud.call(call)[member]:
                if entity["State"] == "DELETED":
                    continue
                facts = {name: entity.get(name, "") for name in ("Email", "State", "DisplayName")}
                facts["aliases"] = sorted(directory.aliases(entity["Id"]))
                facts["permissions"] = {
                    grantee: sorted(granted)
                    for grantee, granted in directory.permissions(entity["Id"]).items()
                }
                if member == "Groups":
                    facts["members"] = sorted(directory.members(entity["Id"]))
                shown[entity["Name"]] = facts
        return shown


def letter(number: int) -> Item:
    return Item(ItemRef(str(number), 1), b"x", datetime(2020, 1, 1, tzinfo=UTC))


def repeat(cloud: WorkMailCloud, call: Callable[[], T]) -> T:
    """Calls again after a while, as the workflow does."""
    for _ in range(20):
        try:
            return call()
        except ProvisioningPending:
            cloud.seconds += 3
    raise AssertionError("WorkMail never finished")


def roll_back(
    tenant: Tenant,
    run: str = "back-1",
    of: str = "",
    directory: Directory | None = None,
    ledger: Ledger | None = None,
    *,
    keep_copied: bool = False,
) -> None:
    """What the workflow does between approval and report."""
    directory, ledger = directory or tenant.cloud.directory, ledger or tenant.ledger
    blobs, cloud = tenant.blobs, tenant.cloud
    planned = plan_rollback(directory, ledger, blobs, run, of, NOW)
    for line in lines(blobs, planned.looks_key) if planned.looks else []:
        look_into_mailbox(
            directory,
            ledger,
            blobs,
            partial(tenant.open_target, line["mailbox"]),
            run,
            line["deed"],
            line["mailbox"],
            keep_copied=keep_copied,
        )
    for key in order_rollback(directory, ledger, blobs, tenant.schedules, run, of, NOW):
        for line in lines(blobs, key):
            keys, carried = line["deeds"].split(), line["carried"].split()
            mine = (directory, ledger, blobs, run, keys, carried, line["mailbox"])
            repeat(cloud, partial(undo_step, *mine))
    cloud.seconds += 60


def lines(blobs: MemoryBlobs, key: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in blobs.get(key).splitlines()]
