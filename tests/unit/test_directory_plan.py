"""The plan says what provisioning does, and changes nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from localrun.fakes.ledger import MemoryLedger
from migration.directory_model import (
    Grant,
    Group,
    Permission,
    Resource,
    ResourceKind,
    Sharing,
    Wanted,
)
from migration.directory_plan import PlanRow, Verdict, describe, plan_directory, write_plan
from migration.entities import link_entity, provision_entity
from migration.errors import ProvisioningPending, UserRefused
from migration.model import Mailbox, Profile
from migration.ports import Directory
from migration.provisioning import provision_user
from tests.contract.workmail_cloud import DOMAIN, WorkMailCloud, mailbox

READING = ("Describe", "List", "Get")
RUN, NOW = "run-1", "2026-12-04T18:00:00Z"
ANNA = replace(mailbox("anna", f"a@{DOMAIN}"), quota_mb=2048, profile=Profile(department="Sales"))
BERTA, CORA = mailbox("berta"), mailbox("cora")
SALES = Group("g", f"sales@{DOMAIN}", "sales", members=(ANNA.target, f"team@{DOMAIN}"))
TEAM = Group("t", f"team@{DOMAIN}", "team", members=(BERTA.target,), owners=(ANNA.target,))
OAK = Resource(
    "r", f"oak@{DOMAIN}", "oak", ResourceKind.ROOM, source_name="The Great Oak Room of the West"
)
SHARING = Sharing("s", ANNA.target, (Grant(BERTA.target, frozenset({Permission.SEND_AS})),))
WANTED: tuple[Wanted, ...] = (SALES, TEAM, OAK, SHARING)


@pytest.fixture
def cloud() -> Iterator[WorkMailCloud]:
    cloud = WorkMailCloud()
    yield cloud
    cloud.close()


def plan(
    cloud: WorkMailCloud, *mailboxes: Mailbox, wanted: tuple[Wanted, ...] = ()
) -> list[PlanRow]:
    """The plan; it must only have read."""
    cloud.service.calls.clear()
    rows = list(plan_directory(cloud.directory, mailboxes, wanted))
    assert all(operation.startswith(READING) for operation in cloud.operations())
    return rows


def verdicts(rows: list[PlanRow]) -> list[Verdict]:
    return [row.verdict for row in rows]


def provision(
    cloud: WorkMailCloud, mailboxes: tuple[Mailbox, ...], wanted: tuple[Wanted, ...]
) -> None:
    """As a run does it."""
    ledger = MemoryLedger()
    ledger.plan_mailboxes(RUN, mailboxes)
    ledger.plan_entities(RUN, wanted)
    for box in mailboxes:
        insist(cloud, lambda box=box: provision_user(cloud.directory, ledger, box.id, lambda _: ""))
    for act in (provision_entity, link_entity):
        for each in wanted:
            insist(cloud, lambda act=act, each=each: act(cloud.directory, ledger, each.id))


def insist(cloud: WorkMailCloud, act: object) -> None:
    for _ in range(9):
        try:
            act()  # type: ignore[operator]
        except ProvisioningPending:
            cloud.seconds += 10
        else:
            return
    raise AssertionError("never ready")


class Refusing:
    """WorkMail does not accept a value in the call of that number."""

    def __init__(self, inner: Directory, nth: int) -> None:
        self._inner = inner
        self.left = nth

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(self._inner, name)

        def call(*arguments: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                raise UserRefused("DescribeEntity: InvalidParameterException")
            return method(*arguments)

        return call


def test_everything_is_new_and_afterwards_there_is_nothing_to_do(cloud: WorkMailCloud) -> None:
    boxes = (ANNA, BERTA)
    rows = plan(cloud, *boxes, wanted=WANTED)
    assert verdicts(rows) == [Verdict.CREATE] * 5 + [Verdict.CHANGE]
    assert [row.what for row in rows][2:] == ["group", "group", "resource", "permissions"]
    provision(cloud, boxes, WANTED)
    after = plan(cloud, *boxes, wanted=WANTED)
    assert set(verdicts(after)) == {Verdict.LEAVE}
    # What WorkMail has no place for is told every time.
    assert [row.reasons for row in after if row.reasons] == [
        ("WorkMail has no owners of groups: 1 owner is not taken over",),
        ("its name is a shorter one, because WorkMail takes 20 characters",),
    ]


def test_what_differs_is_named(cloud: WorkMailCloud) -> None:
    cloud.add_user("anna", ANNA.target)
    cloud.add_user("berta")
    anna, berta = plan(cloud, ANNA, BERTA)
    assert (anna.verdict, berta.verdict) == (Verdict.CHANGE, Verdict.CHANGE)
    assert "department" in anna.reasons[0]
    assert anna.reasons[1:] == ("the mailbox has a quota of 51200 MB", "alias 1 is added")
    assert berta.reasons[0] == "the user exists and is disabled"


def test_conflicts_are_found_and_the_others_are_planned(cloud: WorkMailCloud) -> None:
    other = cloud.add_user("other", f"other@{DOMAIN}")
    cloud.call("create_alias", EntityId=other, Alias=f"a@{DOMAIN}")
    group = cloud.call("create_group", Name="berta-list")["GroupId"]
    cloud.seconds += 10
    cloud.call("register_to_work_mail", EntityId=group, Email=BERTA.target)
    cloud.add_user("sales", f"sales.user@{DOMAIN}")
    rows = plan(cloud, ANNA, BERTA, CORA, wanted=(SALES,))
    assert verdicts(rows) == [
        *(Verdict.CONFLICT, Verdict.CONFLICT, Verdict.CREATE, Verdict.CONFLICT)
    ]
    assert rows[0].reasons == (
        "alias 1 belongs to another user in WorkMail",
        "WorkMail knows neither the address nor the user name",
    )
    assert "belongs to a group" in rows[1].reasons[0]
    for row in rows:
        assert "@" not in " ".join(row.reasons)


def test_the_plan_links_nobody_to_somebody_else_who_has_an_address_of_the_manifest(
    cloud: WorkMailCloud,
) -> None:
    other = cloud.add_user("other", f"other@{DOMAIN}")
    for address in (ANNA.target, TEAM.address):
        cloud.call("create_alias", EntityId=other, Alias=address)
    before = cloud.call("list_users")
    rows = plan(cloud, ANNA, BERTA, wanted=WANTED)
    assert [row.verdict for row in rows if row.what in ("user", "permissions")] == [
        *(Verdict.CONFLICT, Verdict.CREATE, Verdict.CONFLICT)
    ]
    by_address = {row.address: row for row in rows if row.what != "user"}
    sales, sharing = by_address[SALES.address], by_address[ANNA.target]
    assert sales.verdict is Verdict.CREATE
    assert sales.reasons[-1] == (
        "members 1, 2: in WorkMail the address belongs to another one than the manifest says; "
        "left out"
    )
    assert by_address[TEAM.address].verdict is Verdict.CONFLICT
    assert "the owner's address belongs to another one" in sharing.reasons[0]
    provision(cloud, (ANNA, BERTA), WANTED)
    assert cloud.directory.permissions(other) == {}
    assert before["Users"][0]["Id"] == other


def test_who_cannot_have_the_address_is_expected_nowhere(cloud: WorkMailCloud) -> None:
    """Anna's user exists with another address, which a run does not change."""
    cloud.add_user("anna", f"another@{DOMAIN}")
    anna, sales = plan(cloud, ANNA, wanted=(replace(SALES, members=(ANNA.target,)),))
    assert anna.verdict is Verdict.CONFLICT
    assert sales.reasons[-1] == "member 1: WorkMail does not know the address; left out"


def test_aliases_of_groups_and_resources_that_others_have_conflict_and_the_rest_is_planned(
    cloud: WorkMailCloud,
) -> None:
    other = cloud.add_user("other", f"other@{DOMAIN}")
    for alias in ("crew", "saal"):
        cloud.call("create_alias", EntityId=other, Alias=f"{alias}@{DOMAIN}")
    team = replace(TEAM, aliases=(f"team-2@{DOMAIN}", f"crew@{DOMAIN}"), owners=())
    oak = replace(OAK, aliases=(f"saal@{DOMAIN}",), source_name="")
    about_team, about_oak = plan(cloud, wanted=(team, oak))
    assert (about_team.verdict, about_oak.verdict) == (Verdict.CONFLICT, Verdict.CONFLICT)
    assert about_team.reasons == (
        "alias 2 belongs to another user in WorkMail",
        "create: WorkMail knows neither the address nor the name",
        "enable: a new group is disabled",
        "add alias: WorkMail does not have it",
        "member 1: WorkMail does not know the address; left out",
    )
    assert about_oak.reasons[0] == "alias 1 belongs to another user in WorkMail"


def test_aliases_that_the_entity_has_itself_do_not_conflict(cloud: WorkMailCloud) -> None:
    team = replace(TEAM, members=(), owners=(), aliases=(f"crew@{DOMAIN}",))
    provision(cloud, (), (team,))
    assert verdicts(plan(cloud, wanted=(team,))) == [Verdict.LEAVE]


def test_of_a_deleted_namesake_nothing_is_compared(cloud: WorkMailCloud) -> None:
    cloud.call("delete_user", UserId=cloud.add_user("anna"))
    cloud.seconds += 10
    (anna,) = plan(cloud, ANNA)
    assert anna.verdict is Verdict.CREATE
    assert anna.reasons == (
        "a deleted user had the user name: whether it is free again, CreateUser will say",
        "alias 1 is added",
    )


def test_with_a_part_in_conflict_the_plan_says_what_is_done_with_the_rest(
    cloud: WorkMailCloud,
) -> None:
    cloud.add_user("anna", ANNA.target)
    cloud.fake.set_mailbox_size(ANNA.target, 3000.0)
    (anna,) = plan(cloud, ANNA)
    assert anna.verdict is Verdict.CONFLICT
    assert anna.reasons[0].startswith("quota_mb: the mailbox holds 3000 MB already")
    assert "department" in anna.reasons[1]
    assert anna.reasons[2] == "alias 1 is added"


@pytest.mark.parametrize("nth", range(1, 8))
def test_what_workmail_refuses_to_show_conflicts_and_the_others_are_looked_at(
    cloud: WorkMailCloud, nth: int
) -> None:
    for name in ("anna", "berta"):
        cloud.add_user(name, f"{name}@{DOMAIN}")
    quiet = plan(cloud, CORA, wanted=(TEAM, SHARING))
    fails = Refusing(cloud.directory, nth)
    rows = list(plan_directory(cast(Directory, fails), (CORA,), (TEAM, SHARING)))
    refused = [row for row in rows if row.verdict is Verdict.CONFLICT]
    assert [row.reasons[:1] for row in refused] == [("DescribeEntity: InvalidParameterException",)]
    assert [row for row in rows if row not in refused] == [
        row for row in quiet if row.address != refused[0].address
    ]


def test_a_busy_workmail_ends_the_looking_and_nothing_else(cloud: WorkMailCloud) -> None:
    cloud.fake.fail_next("DescribeEntity", "ThrottlingException", "slow down")
    rows = list(plan_directory(cloud.directory, (ANNA, BERTA), (TEAM,)))
    assert verdicts(rows) == [Verdict.UNKNOWN] * 3
    seconds = iter([5.0, 0.0, 5.0])
    rows = list(plan_directory(cloud.directory, (ANNA, BERTA), (TEAM,), lambda: next(seconds)))
    assert verdicts(rows) == [Verdict.CREATE, Verdict.UNKNOWN, Verdict.UNKNOWN]
    assert describe(rows) == "1 to create, 2 not looked at"


def test_who_is_in_many_groups_is_looked_up_once(cloud: WorkMailCloud) -> None:
    cloud.add_user("anna", ANNA.target)
    groups = [
        replace(TEAM, id=f"g{n}", name=f"g{n}", address=f"g{n}@{DOMAIN}", members=(ANNA.target,))
        for n in range(5)
    ]
    plan(cloud, wanted=tuple(groups))
    asked = [members["Email"] for name, members in cloud.service.calls if name == "DescribeEntity"]
    assert asked.count(ANNA.target) == 1


def test_the_file_is_a_table_that_a_spreadsheet_opens(cloud: WorkMailCloud) -> None:
    body = write_plan([PlanRow("user", "a@b.example", Verdict.CREATE, ("first", "sécond"))])
    assert body.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(body.decode("utf-8-sig")))) == [
        ["what", "address", "verdict", "reasons"],
        ["user", "a@b.example", "create", "first; sécond"],
    ]
