"""What is made of an organization's state, domains, rules, settings and limits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migration.directory_model import (
    AccessRule,
    DirectoryUser,
    MailboxSize,
    MailDomain,
    Organization,
)
from migration.dns_model import DnsRecord
from migration.findings import NOTHING, Findings
from migration.model import ManifestRow
from migration.preflight_workmail import (
    check_access,
    check_dmarc,
    check_domain,
    check_organization,
    check_retention,
    check_sign_in,
    check_sizes,
    check_user_quota,
)

ACTIVE = Organization("m-1", "acme", "Active")
ALL = AccessRule("default", allows=True)
NO_EWS = AccessRule("no-ews", allows=False, actions=("EWS",))
NO_IMAP = AccessRule("no-imap", allows=False, actions=("IMAP",))
OFFICE = AccessRule("office", allows=True, ip_ranges=("203.0.113.0/24",))


def test_organizations() -> None:
    assert check_organization(ACTIVE) == Findings()
    assert check_organization(replace(ACTIVE, state="ACTIVE")) == Findings()
    (problem,) = check_organization(replace(ACTIVE, state="")).problems
    assert "state is unknown" in problem


def test_users_of_exchange_are_left_alone_and_that_is_said() -> None:
    findings = check_organization(replace(ACTIVE, interoperability=True))
    assert findings.problems == ()
    assert not findings.provisions
    assert not (findings + Findings()).provisions
    assert not (Findings() + findings).provisions
    (warning,) = findings.warnings
    assert "this run creates no user" in warning
    assert "does not wait for MX to point to WorkMail" in warning


def test_a_domain_that_is_not_verified_says_what_to_publish() -> None:
    record = DnsRecord("_amazonses.example.com", "TXT", "token=")
    pending = MailDomain("example.com", verified=False, records=(record,))
    waits = check_domain("Example.com", pending, register=True)
    assert waits.problems == ()
    (warning,) = waits.warnings
    assert "TXT record _amazonses.example.com with the value token=" in warning
    assert warning.endswith("the phase `provision` waits for it")
    assert check_domain("example.com", replace(pending, verified=True), register=True) == Findings()
    (other,) = check_domain("example.com", replace(pending, records=()), register=True).warnings
    assert "that the WorkMail console shows" in other


def test_a_domain_that_workmail_has_given_up_stops_the_run() -> None:
    record = DnsRecord("_amazonses.example.com.", "TXT", "token=")
    failed = MailDomain("example.com", verified=False, records=(record,), failed=True)
    for register in (True, False):
        (problem,) = check_domain("example.com", failed, register=register).problems
        assert "publish the TXT record _amazonses.example.com with the value token=" in problem


def test_a_domain_that_is_missing_is_added_by_the_run_or_by_the_operator() -> None:
    added = check_domain("example.com", None, register=True)
    assert added.problems == ()
    assert "the phase `provision` adds it" in added.warnings[0]
    (problem,) = check_domain("example.com", None, register=False).problems
    assert "add it in the WorkMail console" in problem


def test_a_retention_policy_is_a_warning_for_each_folder() -> None:
    findings = check_retention({"SENT_ITEMS": 90, "INBOX": 30})
    assert findings.problems == ()
    assert [warning.split(":")[0] for warning in findings.warnings] == [
        "a retention policy removes what is older than 30 days from INBOX",
        "a retention policy removes what is older than 90 days from SENT_ITEMS",
    ]


# ---- access control rules --------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["auto", "workmail_ews", "workmail_imap"])
def test_the_default_rule_is_no_finding(kind: str) -> None:
    assert check_access([ALL], kind) == NOTHING


@pytest.mark.parametrize(
    ("rule", "kind", "problems", "warnings"),
    [
        (NO_EWS, "workmail_ews", 1, 0),
        (NO_EWS, "workmail_imap", 0, 0),
        (NO_EWS, "auto", 1, 0),
        (NO_IMAP, "workmail_ews", 0, 0),
        (NO_IMAP, "workmail_imap", 1, 0),
        (NO_IMAP, "auto", 0, 1),
        (OFFICE, "workmail_ews", 0, 1),
        (OFFICE, "workmail_imap", 0, 1),
        (OFFICE, "auto", 0, 2),
    ],
)
def test_only_the_protocol_in_use_counts(
    rule: AccessRule, kind: str, problems: int, warnings: int
) -> None:
    findings = check_access([rule] if rule.allows else [ALL, rule], kind)
    assert (len(findings.problems), len(findings.warnings)) == (problems, warnings)


def test_a_denial_says_why_and_what_to_do() -> None:
    (problem,) = check_access([ALL, NO_EWS], "auto").problems
    assert problem == (
        "the access control rules deny EWS to the migration (the rule no-ews denies it): under "
        "Access control rules in the WorkMail console, remove what denies it and allow EWS without "
        "conditions until the migration has ended, or set `target.kind: workmail_imap` in the "
        "tenant file"
    )
    (both,) = check_access([], "auto").problems
    assert "workmail_imap" not in both
    (fixed,) = check_access([ALL, NO_EWS], "workmail_ews").problems
    assert "workmail_imap" not in fixed


def test_a_doubt_says_why() -> None:
    (warning,) = check_access([OFFICE], "workmail_ews").warnings
    assert "may deny EWS to the migration (the rule office allows it only for some IP" in warning
    both = check_access([OFFICE], "auto").warnings
    assert ["may deny IMAP" in warning for warning in both] == [False, True]
    (warning,) = check_access([ALL, NO_IMAP], "auto").warnings
    assert "the access control rules deny IMAP to the migration" in warning
    assert "(the rule no-imap denies it): if EWS loses dates or flags" in warning


# ---- DMARC and signing in --------------------------------------------------------------------


def test_the_enforcement_of_dmarc_is_a_warning() -> None:
    assert check_dmarc(enforced=False) == NOTHING
    findings = check_dmarc(enforced=True)
    assert findings.problems == ()
    (warning,) = findings.warnings
    assert "turn the enforcement off" in warning


@pytest.mark.parametrize(
    ("mode", "kind", "problems", "warnings"),
    [
        ("", "workmail_imap", 0, 0),
        ("IDENTITY_PROVIDER_AND_DIRECTORY", "workmail_imap", 0, 0),
        ("IDENTITY_PROVIDER_ONLY", "workmail_imap", 1, 0),
        ("IDENTITY_PROVIDER_ONLY", "workmail_ews", 0, 1),
        ("IDENTITY_PROVIDER_ONLY", "auto", 0, 1),
    ],
)
def test_passwords_that_open_nothing(mode: str, kind: str, problems: int, warnings: int) -> None:
    findings = check_sign_in(mode, kind)
    assert (len(findings.problems), len(findings.warnings)) == (problems, warnings)


# ---- limits ----------------------------------------------------------------------------------


def rows(*names: str) -> list[ManifestRow]:
    return [
        ManifestRow(number, name, f"{name}@example.com", name, name)
        for number, name in enumerate(names, 2)
    ]


def users(count: int) -> list[DirectoryUser]:
    return [
        DirectoryUser(str(each), f"u{each}", f"u{each}@example.com", "ENABLED")
        for each in range(count)
    ]


@pytest.mark.parametrize(
    ("there", "names", "warned"),
    [
        (999, ("anna",), False),
        (1000, ("anna",), True),
        (1000, ("u1", "u2"), False),
        (1200, ("U7",), False),
        (998, ("anna", "berta", "u1"), False),
        (998, ("anna", "berta", "cora"), True),
    ],
)
def test_only_new_users_can_break_the_quota(there: int, names: list[str], warned: bool) -> None:
    findings = check_user_quota(rows(*names), users(there))
    assert findings.problems == ()
    assert bool(findings.warnings) == warned


def test_a_user_who_is_known_by_name_alone_is_not_new() -> None:
    (row,) = rows("anna")
    assert check_user_quota([replace(row, username="u5")], users(1000)) == NOTHING


def test_the_quota_is_named_with_where_to_raise_it() -> None:
    (warning,) = check_user_quota(rows("anna", "berta"), users(1100)).warnings
    assert "1100 enabled users, and the manifest adds 2: 1102 are more than the 1000" in warning
    assert "Service Quotas" in warning
    assert "@" not in warning


@pytest.mark.parametrize(
    ("used", "quota", "warned"),
    [(90.0, 100, False), (90.1, 100, True), (120.0, 100, True), (5.0, 0, False)],
)
def test_nearly_full_is_more_than_nine_tenths(used: float, quota: int, warned: bool) -> None:
    findings = check_sizes({7: MailboxSize(quota, used)}, 1, 1)
    assert findings.problems == ()
    assert [": 7; make room" in warning for warning in findings.warnings] == [True] * warned


def test_twenty_lines_are_named_and_the_others_counted() -> None:
    full = {line: MailboxSize(100, 100.0) for line in range(30, 1, -1)}
    (warning,) = check_sizes(full, 29, 29).warnings
    assert ": 2, 3, 4, " in warning
    assert ", 20, 21 and 9 more; make room" in warning


def test_what_was_not_asked_is_told() -> None:
    assert check_sizes({}, 3, 3) == Findings()
    (warning,) = check_sizes({}, 3, 5).warnings
    assert warning.startswith("only 3 of the 5 mailboxes")
