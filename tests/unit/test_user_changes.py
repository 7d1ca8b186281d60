"""What must change at a WorkMail user, as pure decisions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.directory_model import DirectoryUser, MailboxSize
from migration.model import Mailbox, Profile
from migration.user_changes import Action, rule_on_quota, rule_on_user, wanted_user

IDENTITY = "906789abcd-0a1b2c3d-0000-4000-8000-0123456789ab"
USER = DirectoryUser(
    "u-1", "anna", "anna@example.com", "ENABLED", ready=True, display_name="Anna",
    profile=Profile(city="Oslo", hidden=False, role="USER", identity_center_id=IDENTITY),
)  # fmt: skip

TEXTS = st.sampled_from(["", "a", "b"])
PROFILES = st.builds(
    Profile, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS,
    st.sampled_from([None, True, False]), st.sampled_from(["", "USER", "REMOTE_USER"]), TEXTS,
)  # fmt: skip
USERS = st.builds(
    lambda names, profile: replace(USER, last_name=names, profile=profile), TEXTS, PROFILES
)


def mailbox(profile: Profile, last_name: str = "", display_name: str = "Anna") -> Mailbox:
    return Mailbox("m", "s", "anna@example.com", "anna", display_name, "", last_name, (), profile)


@given(PROFILES, TEXTS, USERS)
def test_a_user_made_as_wanted_needs_no_change(
    profile: Profile, last_name: str, user: DirectoryUser
) -> None:
    wanted = wanted_user(mailbox(profile, last_name), user)
    assert rule_on_user(mailbox(profile, last_name), wanted).action is Action.LEAVE
    changed = rule_on_user(mailbox(profile, last_name), user).action is Action.CHANGE
    assert changed == (wanted != user)


@given(USERS)
def test_an_empty_manifest_leaves_everything(user: DirectoryUser) -> None:
    assert wanted_user(mailbox(Profile()), user) == user


def test_the_reason_names_columns_and_no_values() -> None:
    ruling = rule_on_user(mailbox(Profile(city="Bergen", hidden=True), "Berg"), USER)
    assert ruling.action is Action.CHANGE
    assert ruling.reason == "WorkMail has another value of last_name, city, hidden"


def test_no_is_said_and_nothing_is_not() -> None:
    hidden = replace(USER, profile=replace(USER.profile, hidden=True))
    assert wanted_user(mailbox(Profile(hidden=False)), hidden).profile.hidden is False
    assert wanted_user(mailbox(Profile()), hidden).profile.hidden is True


def test_capitals_in_an_identity_are_no_difference() -> None:
    said = Profile(identity_center_id=IDENTITY.upper())
    assert rule_on_user(mailbox(said), USER).action is Action.LEAVE


@pytest.mark.parametrize("role", ["RESOURCE", "SYSTEM_USER"])
def test_a_role_that_workmail_keeps_for_itself_is_not_changed(role: str) -> None:
    user = replace(USER, profile=replace(USER.profile, role=role))
    ruling = rule_on_user(mailbox(Profile(role="USER")), user)
    assert ruling.action is Action.REFUSE
    assert "leave role empty" in ruling.reason
    assert rule_on_user(mailbox(Profile()), user).action is Action.LEAVE


@pytest.mark.parametrize(
    ("quota", "held", "action"),
    [
        (51200, 0.0, Action.LEAVE),
        (51200, 60000.0, Action.LEAVE),
        (2048, 2048.0, Action.CHANGE),
        (2048, 2048.1, Action.REFUSE),
    ],
)
def test_a_quota_is_never_less_than_what_is_there(quota: int, held: float, action: Action) -> None:
    assert rule_on_quota(quota, MailboxSize(51200, held)).action is action


def test_a_refused_quota_says_what_to_do() -> None:
    reason = rule_on_quota(100, MailboxSize(51200, 250.2)).reason
    assert "holds 251 MB already: write at least 251" in reason
