"""What preflight makes of an organization, read through the adapter from the emulated API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from migration.errors import ProvisioningPending
from migration.findings import NOTHING, Findings
from migration.model import ManifestRow, NewPasswords
from migration.preflight_workmail import check_workmail
from tests.contract.workmail_cloud import DOMAIN, WorkMailCloud

ROWS = [
    ManifestRow(line, name, f"{name}@{DOMAIN}", name, name)
    for line, name in enumerate(("anna", "berta"), 2)
]


@pytest.fixture
def cloud() -> Iterator[WorkMailCloud]:
    cloud = WorkMailCloud()
    yield cloud
    cloud.close()


def check(cloud: WorkMailCloud, kind: str = "auto", *, register: bool = True) -> Findings:
    return check_workmail(
        cloud.directory, (DOMAIN,), kind, ROWS, NewPasswords.GENERATE, register=register
    )


def test_a_new_organization_has_its_dmarc_enforced_and_nothing_else(cloud: WorkMailCloud) -> None:
    findings = check(cloud)
    assert findings.problems == ()
    (warning,) = findings.warnings
    assert warning.startswith("WorkMail enforces DMARC")
    cloud.call("put_inbound_dmarc_settings", Enforced=False)
    assert check(cloud) == NOTHING


def test_a_denied_protocol_stops_the_run_that_needs_it(cloud: WorkMailCloud) -> None:
    cloud.fake.deny_access(cloud.organization_id, "EWS")
    (problem,) = check(cloud, "workmail_ews").problems
    assert "deny EWS to the migration (the rule DenyEWS denies it)" in problem
    assert check(cloud, "workmail_imap").problems == ()
    cloud.call("delete_access_control_rule", Name="DenyEWS")
    assert check(cloud, "workmail_ews").problems == ()


def test_a_full_mailbox_is_told_by_its_line(cloud: WorkMailCloud) -> None:
    cloud.add_user("berta", f"berta@{DOMAIN}")
    cloud.fake.set_mailbox_size(f"berta@{DOMAIN}", 50000.0)
    (_, warning) = check(cloud).warnings
    assert "by the line of the manifest: 3;" in warning
    assert "@" not in warning
    assert cloud.operations().count("GetMailboxDetails") == 1


def test_throttled_sizes_are_left_and_a_throttled_setting_is_not(cloud: WorkMailCloud) -> None:
    cloud.add_user("anna", f"anna@{DOMAIN}")
    cloud.fake.fail_next("GetMailboxDetails", "ThrottlingException", "slow down")
    (_, warning) = check(cloud).warnings
    assert warning.startswith("only 0 of the 1 mailboxes")
    cloud.fake.fail_next("ListAccessControlRules", "ThrottlingException", "slow down")
    with pytest.raises(ProvisioningPending):
        check(cloud)


def test_a_domain_is_told_by_what_the_run_can_do_about_it(cloud: WorkMailCloud) -> None:
    cloud.call("put_inbound_dmarc_settings", Enforced=False)
    cloud.fake.set_domain_status(cloud.organization_id, DOMAIN, "PENDING")
    (waiting,) = check(cloud).warnings
    assert "publish the TXT record _amazonses.example.com with the value " in waiting
    cloud.fake.set_domain_status(cloud.organization_id, DOMAIN, "FAILED")
    (given_up,) = check(cloud).problems
    assert "has given up verifying" in given_up
    cloud.call("deregister_mail_domain", DomainName=DOMAIN)
    assert "the phase `provision` adds it" in check(cloud).warnings[0]
    assert "add it in the WorkMail console" in check(cloud, register=False).problems[0]
