"""What is taken back, in which order, and what stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from migration.deeds import Deed, DeedKind, DeedState
from migration.directory_model import DirectoryUser
from migration.rollback_plan import (
    DOUBTFUL,
    KEPT_GROUP,
    KEPT_WITH,
    NOT_LOOKED_INTO,
    Plan,
    Stage,
    judge_looks,
    make_plan,
)

RUN, BACK = "run-1", "back-1"
ANNA, BO, GROUP, OTHER = "anna-id", "bo-id", "group-id", "other-id"
REASON = "it holds 1 item that this migration did not put there"


def deed(
    kind: DeedKind, subject: str, detail: str = "", entity_id: str = "", at: str = "1"
) -> Deed:
    return Deed(kind, RUN, at, subject, detail, DeedState.DONE, entity_id)


USER = deed(DeedKind.USER, "anna", entity_id=ANNA)
ENABLED = deed(DeedKind.ENABLED, ANNA, "anna@x.example")
ALIAS = deed(DeedKind.ALIAS, ANNA, "a@x.example")
BO_ENABLED = deed(DeedKind.ENABLED, BO, "bo@x.example")
TEAM = deed(DeedKind.GROUP, "Team", entity_id=GROUP)
TEAM_ENABLED = deed(DeedKind.ENABLED, GROUP, "team@x.example")
TEAM_MEMBER = deed(DeedKind.MEMBER, GROUP, ANNA)
OTHER_MEMBER = deed(DeedKind.MEMBER, OTHER, ANNA)
GRANT = deed(DeedKind.PERMISSIONS, BO, ANNA)
DEEDS = [USER, ENABLED, ALIAS, BO_ENABLED, TEAM, TEAM_ENABLED, TEAM_MEMBER, OTHER_MEMBER, GRANT]
USERS = [
    DirectoryUser(ANNA, "anna", "Anna@x.example", "ENABLED"),
    DirectoryUser(BO, "bo", "bo@x.example", "ENABLED"),
]


def planned(
    deeds: Sequence[Deed],
    kept: Mapping[str, str] | None = None,
    users: Sequence[DirectoryUser] = (),
) -> Plan:
    return make_plan(deeds, users or USERS, kept or {}, {ANNA: "m-anna", BO: "m-bo"})


def keys(*deeds: Deed) -> tuple[str, ...]:
    return tuple(each.key for each in deeds)


def test_links_go_before_entities_and_a_user_is_disabled_before_it_is_deleted() -> None:
    plan = planned(DEEDS)
    shown = [(step.stage, step.deeds, step.carried, step.mailbox) for step in plan.steps]
    assert shown == [
        (Stage.LINKS, keys(ALIAS), (), ""),
        (Stage.LINKS, keys(GRANT), (), ""),
        (Stage.LINKS, keys(OTHER_MEMBER), (), ""),
        (Stage.ENTITIES, keys(ENABLED, USER), (), "m-anna"),
        (Stage.ENTITIES, keys(BO_ENABLED), (), ""),
        (Stage.ENTITIES, keys(TEAM_ENABLED, TEAM), keys(TEAM_MEMBER), ""),
    ]
    assert plan.taken == set(keys(*DEEDS))
    assert (plan.left, plan.gone) == ({}, ())


def test_each_user_with_a_mailbox_is_looked_into_once() -> None:
    assert set(planned(DEEDS).looks) == set(keys(USER, BO_ENABLED))
    disabled = [replace(user, state="DISABLED") for user in USERS]
    assert planned(DEEDS, users=disabled).looks == ()


def test_what_makes_a_kept_mailbox_work_is_kept_with_it() -> None:
    plan = planned(DEEDS, {ANNA: REASON})
    assert plan.left == {
        USER.key: REASON,
        ENABLED.key: REASON,
        ALIAS.key: KEPT_WITH,
        OTHER_MEMBER.key: KEPT_WITH,
        TEAM_MEMBER.key: KEPT_WITH,
        GRANT.key: KEPT_WITH,
        TEAM.key: KEPT_GROUP,
        TEAM_ENABLED.key: KEPT_GROUP,
    }
    assert plan.taken == set(keys(BO_ENABLED))


def test_groups_around_a_group_that_is_kept_are_kept_and_others_leave_it() -> None:
    outer = deed(DeedKind.GROUP, "All", entity_id="outer-id")
    inner, stranger = (
        deed(DeedKind.MEMBER, "outer-id", GROUP),
        deed(DeedKind.MEMBER, "outer-id", OTHER),
    )
    plan = planned([TEAM, TEAM_MEMBER, outer, inner, stranger], {ANNA: REASON})
    assert plan.left[outer.key] == KEPT_GROUP
    assert plan.left[inner.key] == KEPT_WITH
    assert plan.taken == {stranger.key}


def test_doubtful_things_are_left_and_undone_ones_forgotten() -> None:
    doubtful = replace(USER, state=DeedState.DOUBTFUL)
    undone = replace(ALIAS, state=DeedState.UNDONE)
    plan = planned([doubtful, ENABLED, undone])
    assert plan.left == {doubtful.key: DOUBTFUL}
    assert plan.taken == {ENABLED.key}
    assert plan.steps[0].mailbox == ""  # the user stays, and so may its mailbox


def test_an_open_deed_counts_if_its_thing_exists_and_is_gone_if_not() -> None:
    there = replace(USER, state=DeedState.OPEN)
    lost = Deed(DeedKind.GROUP, RUN, "1", "Never made")
    plan = planned([there, lost])
    assert plan.taken == {there.key}
    assert plan.gone == (lost.key,)


def test_permissions_that_were_given_twice_are_taken_back_the_last_ones_first() -> None:
    first = replace(GRANT, at="2026-12-04T18:00:00Z")
    second = replace(GRANT, run="run-2", at="2026-12-05T18:00:00Z")
    (step,) = planned([first, second]).steps
    assert step.deeds == keys(second, first)


def test_a_large_group_is_taken_back_in_several_steps() -> None:
    members = [deed(DeedKind.MEMBER, OTHER, f"member-{number}") for number in range(120)]
    steps = planned(members).steps
    assert [len(step.deeds) for step in steps] == [50, 50, 20]
    assert {key for step in steps for key in step.deeds} == set(keys(*members))


def test_a_domain_goes_last() -> None:
    domain = deed(DeedKind.DOMAIN, "x.example")
    assert planned([domain, *DEEDS]).steps[-1].stage is Stage.DOMAINS


# ---- looks


def test_a_mailbox_is_free_only_if_this_rollback_has_looked_into_it() -> None:
    free = replace(USER, decided_by=BACK)
    assert judge_looks([free, ENABLED], USERS, BACK) == {}
    earlier = replace(USER, decided_by="back-0")
    assert judge_looks([earlier, ENABLED], USERS, BACK) == {ANNA: NOT_LOOKED_INTO}
    kept = replace(USER, decided_by=BACK, reason=REASON)
    assert judge_looks([kept, ENABLED], USERS, BACK) == {ANNA: REASON}
    assert judge_looks([USER, ENABLED], USERS, BACK) == {ANNA: NOT_LOOKED_INTO}


def test_who_has_no_mailbox_needs_no_look() -> None:
    disabled = [replace(user, state="DISABLED") for user in USERS]
    assert judge_looks([USER, ENABLED], disabled, BACK) == {}
    assert judge_looks([USER, ENABLED], [], BACK) == {}
    assert judge_looks([TEAM, TEAM_ENABLED], USERS, BACK) == {}
