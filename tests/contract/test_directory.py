"""WorkMail's directory, over the emulated API."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import botocore.exceptions
import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from localrun.model_service import COMMON_ERRORS
from migration.aws import (
    directory,
    directory_entities,
    directory_groups,
    directory_lookups,
    directory_readings,
)
from migration.aws.directory import WorkMailDirectory, build_client
from migration.aws.directory_errors import SCOPES, Scope, translate, translated
from migration.directory_model import AccessRule, DirectoryUser, Made, MailboxSize, Organization
from migration.dns_model import DnsRecord
from migration.errors import (
    AdministratorPending,
    Busy,
    MigrationError,
    ProvisioningPending,
    TargetBusy,
    TenantMisconfigured,
    Unexpected,
    UserRefused,
)
from migration.model import Profile
from tests.contract.workmail_cloud import DOMAIN, WorkMailCloud, mailbox

ADAPTER = (
    directory,
    directory_entities,
    directory_groups,
    directory_lookups,
    directory_readings,
)
ADDRESS = f"anna@{DOMAIN}"
INBOUND = DnsRecord(DOMAIN, "MX", "10 in.example.net", required=True)


@pytest.fixture
def cloud() -> Iterator[WorkMailCloud]:
    cloud = WorkMailCloud()
    yield cloud
    cloud.close()


# ---- the organization and its domains --------------------------------------------------------


def test_the_organization(cloud: WorkMailCloud) -> None:
    assert cloud.directory.organization() == Organization(
        cloud.organization_id, "acme", "Active", directory_type="VpcDirectory"
    )
    cloud.fake.set_organization_state(cloud.organization_id, "Impaired")
    assert cloud.directory.organization().state == "Impaired"
    cloud.fake.set_interoperability(cloud.organization_id, True)
    assert cloud.directory.organization().interoperability


@pytest.mark.parametrize("organization_id", ["m-" + "0" * 32, "acme"])
def test_an_unknown_organization_is_misconfigured(
    cloud: WorkMailCloud, organization_id: str
) -> None:
    with pytest.raises(TenantMisconfigured):
        WorkMailDirectory(cloud.client, organization_id).organization()


def test_an_organization_that_is_not_active_is_waited_for(cloud: WorkMailCloud) -> None:
    cloud.fake.set_organization_state(cloud.organization_id, "Creating")
    with pytest.raises(ProvisioningPending):
        cloud.directory.domain(DOMAIN)


def test_a_domain_and_the_records_it_needs(cloud: WorkMailCloud) -> None:
    domain = cloud.directory.domain(DOMAIN)
    assert domain is not None
    assert domain.verified
    mx = next(record for record in domain.records if record.type == "MX")
    assert mx.value.rstrip(".") == "10 inbound-smtp.eu-west-1.amazonaws.com"
    assert {record.type for record in domain.records} == {"MX", "TXT", "CNAME"}
    cloud.fake.set_domain_status(cloud.organization_id, DOMAIN, "FAILED")
    failed = cloud.directory.domain(DOMAIN)
    assert failed is not None
    assert (failed.verified, failed.failed) == (False, True)
    assert (domain.failed, domain.default) == (False, True)


def test_a_domain_that_is_not_registered(cloud: WorkMailCloud) -> None:
    assert cloud.directory.domain("elsewhere.test") is None


def test_a_domain_is_registered_once_and_then_waits(cloud: WorkMailCloud) -> None:
    for _ in range(2):
        cloud.directory.register_domain("new.test")
        domain = cloud.directory.domain("new.test")
        assert domain is not None
        assert (domain.verified, domain.failed, domain.default) == (False, False, False)
    tokens = {sent["ClientToken"] for name, sent in cloud.service.calls if "Register" in name}
    assert len(tokens) == 1  # so that a repeated call is the same one


def test_a_domain_of_another_organization_concerns_the_tenant(cloud: WorkMailCloud) -> None:
    cloud.fake.seed_organization("other", "other.test")
    with pytest.raises(TenantMisconfigured, match="another organization has the domain"):
        cloud.directory.register_domain("other.test")
    assert cloud.directory.domain("other.test") is None


def test_the_default_domain_must_be_verified(cloud: WorkMailCloud) -> None:
    with pytest.raises(TenantMisconfigured, match="not registered"):
        cloud.directory.set_default_domain("new.test")
    cloud.directory.register_domain("new.test")
    with pytest.raises(TenantMisconfigured, match="not verified"):
        cloud.directory.set_default_domain("new.test")
    cloud.fake.set_domain_status(cloud.organization_id, "new.test", "VERIFIED")
    for _ in range(2):
        cloud.directory.set_default_domain("new.test")
    defaults = {name: cloud.directory.domain(name) for name in ("new.test", DOMAIN)}
    assert [domain.default for domain in defaults.values() if domain] == [True, False]


def test_only_active_retention_rules_are_told(cloud: WorkMailCloud) -> None:
    assert cloud.directory.retention_days() == {}
    cloud.fake.set_retention(cloud.organization_id, "INBOX", "DELETE", 30)
    cloud.fake.set_retention(cloud.organization_id, "DRAFTS", "NONE", None)
    assert cloud.directory.retention_days() == {"INBOX": 30}
    cloud.fake.fail_next("GetDefaultRetentionPolicy", "EntityNotFoundException", "none")
    assert cloud.directory.retention_days() == {}


# ---- rules, settings and limits --------------------------------------------------------------


def test_a_new_organization_lets_everybody_in(cloud: WorkMailCloud) -> None:
    assert cloud.directory.access_rules() == [AccessRule("default", allows=True)]
    cloud.call("delete_access_control_rule", Name="default")
    assert cloud.directory.access_rules() == []


def test_every_condition_of_an_access_rule_is_told(cloud: WorkMailCloud) -> None:
    anna, berta = cloud.add_user("anna"), cloud.add_user("berta")
    roles = [cloud.directory.create_role(name, "x") for name in ("one", "two")]
    cloud.call("delete_access_control_rule", Name="default")
    cloud.call(
        "put_access_control_rule",
        Name="office",
        Effect="ALLOW",
        Description="the office",
        Actions=["EWS", "IMAP"],
        IpRanges=["203.0.113.0/24"],
        UserIds=[anna],
        ImpersonationRoleIds=[roles[0]],
    )
    cloud.call(
        "put_access_control_rule",
        Name="not-there",
        Effect="DENY",
        Description="elsewhere",
        NotActions=["WebMail"],
        NotIpRanges=["203.0.113.0/24"],
        NotUserIds=[berta],
        NotImpersonationRoleIds=[roles[1]],
    )
    assert cloud.directory.access_rules() == [
        AccessRule(
            "office",
            allows=True,
            actions=("EWS", "IMAP"),
            ip_ranges=("203.0.113.0/24",),
            user_ids=(anna,),
            role_ids=(roles[0],),
        ),
        AccessRule(
            "not-there",
            allows=False,
            not_actions=("WebMail",),
            not_ip_ranges=("203.0.113.0/24",),
            not_user_ids=(berta,),
            not_role_ids=(roles[1],),
        ),
    ]


def test_the_enforcement_of_dmarc(cloud: WorkMailCloud) -> None:
    assert cloud.directory.enforces_dmarc()
    cloud.call("put_inbound_dmarc_settings", Enforced=False)
    assert not cloud.directory.enforces_dmarc()


@pytest.mark.parametrize("mode", ["IDENTITY_PROVIDER_ONLY", "IDENTITY_PROVIDER_AND_DIRECTORY"])
def test_how_users_sign_in(cloud: WorkMailCloud, mode: str) -> None:
    assert cloud.directory.authentication_mode() == ""
    instance = "ssoins-0123456789abcdef"
    cloud.call(
        "put_identity_provider_configuration",
        AuthenticationMode=mode,
        IdentityCenterConfiguration={
            "InstanceArn": f"arn:aws:sso:::instance/{instance}",
            "ApplicationArn": f"arn:aws:sso::123456789012:application/{instance}/apl-"
            "0123456789abcdef",
        },
        PersonalAccessTokenConfiguration={"Status": "ACTIVE", "LifetimeInDays": 30},
    )
    assert cloud.directory.authentication_mode() == mode


def test_enabled_users_are_listed_over_all_pages(
    cloud: WorkMailCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [cloud.add_user(name, f"{name}@{DOMAIN}") for name in ("anna", "berta", "cora")]
    cloud.add_user("disabled")
    monkeypatch.setattr(cloud.fake, "list_users", partial(cloud.fake.list_users, max_results=2))
    assert cloud.directory.enabled_users() == [
        DirectoryUser(ids[0], "anna", f"anna@{DOMAIN}", "ENABLED"),
        DirectoryUser(ids[1], "berta", f"berta@{DOMAIN}", "ENABLED"),
        DirectoryUser(ids[2], "cora", f"cora@{DOMAIN}", "ENABLED"),
    ]
    assert cloud.operations().count("ListUsers") == 2


def test_resources_and_workmails_own_users_are_not_listed(
    cloud: WorkMailCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    roles = {"anna": "USER", "room": "RESOURCE", "system": "SYSTEM_USER", "far": "REMOTE_USER"}

    def list_users(*, organization_id: str, filters: dict[str, str]) -> dict[str, object]:
        users = [
            {"Id": f"0123456789-{name}", "Name": name, "State": filters["State"], "UserRole": role}
            for name, role in roles.items()
        ]
        return {"Users": users}

    monkeypatch.setattr(cloud.fake, "list_users", list_users)
    assert [user.name for user in cloud.directory.enabled_users()] == ["anna"]


def test_the_size_of_a_mailbox(cloud: WorkMailCloud) -> None:
    user_id = cloud.add_user("anna", ADDRESS)
    cloud.call("update_mailbox_quota", UserId=user_id, MailboxQuota=1000)
    cloud.fake.set_mailbox_size(ADDRESS, 12.5)
    assert cloud.directory.mailbox_size(user_id) == MailboxSize(1000, 12.5)
    assert cloud.directory.mailbox_size(cloud.add_user("berta")) is None


def test_what_preflight_may_not_read_concerns_the_tenant(cloud: WorkMailCloud) -> None:
    readings: dict[str, Callable[[], object]] = {
        "ListAccessControlRules": cloud.directory.access_rules,
        "DescribeInboundDmarcSettings": cloud.directory.enforces_dmarc,
        "DescribeIdentityProviderConfiguration": cloud.directory.authentication_mode,
        "ListUsers": cloud.directory.enabled_users,
        "GetMailboxDetails": lambda: cloud.directory.mailbox_size("0123456789ab"),
    }
    for operation, read in readings.items():
        cloud.fake.fail_next(operation, "AccessDeniedException", "no")
        with pytest.raises(TenantMisconfigured, match=f"{operation}: AccessDeniedException"):
            read()


def test_all_users_are_listed_whatever_their_state_and_role(cloud: WorkMailCloud) -> None:
    anna, bo, carl = cloud.add_user("anna", ADDRESS), cloud.add_user("bo"), cloud.add_user("carl")
    cloud.call("delete_user", UserId=carl)
    cloud.call("update_user", UserId=bo, DisplayName="Bo", Role="REMOTE_USER")
    assert {(user.id, user.state) for user in cloud.directory.users()} == {
        (anna, "ENABLED"),
        (bo, "DISABLED"),
        (carl, "DELETED"),
    }
    assert cloud.directory.user(anna) == cloud.directory.find_user(ADDRESS, "anna")
    assert cloud.directory.user("0123456789ab") is None
    assert cloud.directory.state_of("0123456789ab") == "DELETED"


def test_the_primary_address_is_changed_and_the_old_one_stays_an_alias(
    cloud: WorkMailCloud,
) -> None:
    user_id = cloud.add_user("anna", "anna@acme.awsapps.com")
    for _ in range(2):
        cloud.directory.set_primary_address(user_id, ADDRESS)
        user = cloud.directory.find_user("anna@acme.awsapps.com", "nobody")
        assert user is not None
        assert (user.id, user.email) == (user_id, ADDRESS)
        assert cloud.directory.aliases(user_id) == {"anna@acme.awsapps.com"}


def test_an_answer_that_the_primary_address_is_in_use_is_checked(cloud: WorkMailCloud) -> None:
    anna = cloud.add_user("anna", ADDRESS)
    berta = cloud.add_user("berta", "berta@acme.awsapps.com")
    with pytest.raises(UserRefused, match="EmailAddressInUse") as caught:
        cloud.directory.set_primary_address(berta, ADDRESS)
    assert "@" not in str(caught.value)
    cloud.fake.fail_next("UpdatePrimaryEmailAddress", "EmailAddressInUseException", ADDRESS)
    cloud.directory.set_primary_address(anna, ADDRESS)  # it is hers


def test_a_primary_address_in_a_domain_that_is_not_verified_everywhere_is_waited_for(
    cloud: WorkMailCloud,
) -> None:
    user_id = cloud.add_user("anna", "anna@acme.awsapps.com")
    cloud.fake.set_domain_status(cloud.organization_id, DOMAIN, "PENDING")
    with pytest.raises(ProvisioningPending, match="publish the TXT record"):
        cloud.directory.set_primary_address(user_id, ADDRESS)


# ---- users -----------------------------------------------------------------------------------


def test_a_user_from_nothing_to_its_mailbox(cloud: WorkMailCloud) -> None:
    directory = cloud.directory
    assert directory.find_user(ADDRESS, "anna") is None
    user_id = directory.create_user(mailbox()).id
    with pytest.raises(ProvisioningPending):
        directory.enable_entity(user_id, ADDRESS)  # not visible yet
    assert directory.find_user(ADDRESS, "anna") is None
    cloud.seconds += 2
    assert directory.enable_entity(user_id, ADDRESS) is True
    early = directory.find_user(ADDRESS, "anna")
    assert early is not None
    assert (early.id, early.email, early.ready) == (user_id, ADDRESS, False)
    cloud.seconds += 5
    user = directory.find_user(ADDRESS, "anna")
    assert user is not None
    assert (user.name, user.state, user.ready) == ("anna", "ENABLED", True)
    created = dict(cloud.service.calls)["CreateUser"]
    assert created["FirstName"] == "First"
    assert not {"LastName", "Password"} & set(created)


def test_a_user_is_found_by_address_before_the_name(cloud: WorkMailCloud) -> None:
    by_address = cloud.add_user("berta", ADDRESS)
    by_name = cloud.add_user("anna", f"other@{DOMAIN}")
    found = cloud.directory.find_user(ADDRESS.upper(), "anna")
    assert found is not None
    assert found.id == by_address
    named = cloud.directory.find_user(f"nobody@{DOMAIN}", "anna")
    assert named is not None
    assert named.id == by_name


def test_creating_again_while_the_first_is_unseen_is_waited_for(cloud: WorkMailCloud) -> None:
    cloud.directory.create_user(mailbox())
    with pytest.raises(ProvisioningPending, match="a group or a resource has the name"):
        cloud.directory.create_user(mailbox())


def test_creating_again_gives_the_same_user(cloud: WorkMailCloud) -> None:
    user_id = cloud.directory.create_user(mailbox()).id
    cloud.seconds += 2
    assert cloud.directory.create_user(mailbox()) == Made(user_id, is_new=False)
    cloud.directory.enable_entity(user_id, ADDRESS)
    assert cloud.directory.create_user(mailbox()) == Made(user_id, is_new=False)


def test_a_name_that_belongs_to_somebody_else_is_refused(cloud: WorkMailCloud) -> None:
    cloud.add_user("anna", f"other@{DOMAIN}")
    with pytest.raises(UserRefused, match="write another one in the manifest") as caught:
        cloud.directory.create_user(mailbox())
    assert "anna" not in str(caught.value)


def test_a_reserved_name_is_refused_with_its_code(cloud: WorkMailCloud) -> None:
    with pytest.raises(UserRefused, match="CreateUser: ReservedNameException") as caught:
        cloud.directory.create_user(mailbox("administrator"))
    assert "administrator" not in str(caught.value)


def test_enabling_again_changes_nothing(cloud: WorkMailCloud) -> None:
    user_id = cloud.add_user("anna", ADDRESS)
    assert cloud.directory.enable_entity(user_id, ADDRESS.upper()) is False
    cloud.fake.fail_next("RegisterToWorkMail", "EmailAddressInUseException", ADDRESS)
    assert cloud.directory.enable_entity(user_id, ADDRESS) is False


def test_enabling_with_another_address_is_refused(cloud: WorkMailCloud) -> None:
    user_id = cloud.add_user("anna", ADDRESS)
    with pytest.raises(UserRefused, match="EntityAlreadyRegisteredException"):
        cloud.directory.enable_entity(user_id, f"other@{DOMAIN}")


def test_an_address_in_use_is_refused(cloud: WorkMailCloud) -> None:
    cloud.add_user("berta", ADDRESS)
    user_id = cloud.add_user("anna")
    with pytest.raises(UserRefused, match="EmailAddressInUseException") as caught:
        cloud.directory.enable_entity(user_id, ADDRESS)
    assert "@" not in str(caught.value)


def test_an_address_of_a_group_is_refused(
    cloud: WorkMailCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def describe_entity(*, organization_id: str, email: str) -> dict[str, str]:
        return {"EntityId": "0123456789ab", "Name": "all", "Type": "GROUP"}

    monkeypatch.setattr(cloud.fake, "describe_entity", describe_entity)
    with pytest.raises(UserRefused, match="belongs to a group"):
        cloud.directory.find_user(ADDRESS, "anna")


def test_a_domain_that_is_not_verified_everywhere_is_waited_for_and_it_says_what_to_do(
    cloud: WorkMailCloud,
) -> None:
    user_id = cloud.add_user("anna")
    told = r"MailDomainStateException.*publish the TXT record"
    cloud.fake.set_domain_status(cloud.organization_id, DOMAIN, "PENDING")
    with pytest.raises(ProvisioningPending, match=told):
        cloud.directory.enable_entity(user_id, ADDRESS)
    with pytest.raises(TenantMisconfigured, match=told):
        cloud.directory.set_default_domain(DOMAIN)


def test_values_that_break_the_model_are_not_sent(cloud: WorkMailCloud) -> None:
    bad = [
        replace(mailbox(), username="o'neill"),
        replace(mailbox(), username="u" * 65),
        replace(mailbox(), display_name="N" * 257),
    ]
    for each in bad:
        with pytest.raises(UserRefused, match="a value breaks its model") as caught:
            cloud.directory.create_user(each)
        assert each.username not in str(caught.value)
    with pytest.raises(UserRefused, match="Email does not match"):
        cloud.directory.enable_entity("0123456789ab", f"o'neill@{DOMAIN}")
    with pytest.raises(TenantMisconfigured, match="DomainName does not match"):
        cloud.directory.domain("exam_ple.com")
    assert cloud.operations() == []


# ---- profile and quota ------------------------------------------------------------------------

PROFILE = Profile(
    "AB", "Chief", "Acme", "Sales", "3.14", "+47 1", "Way 1", "Oslo", "0150", "Norway",
    True, "REMOTE_USER", "906789abcd-0a1b2c3d-0000-4000-8000-0123456789ab",
)  # fmt: skip


def test_a_user_is_created_with_what_create_user_takes(cloud: WorkMailCloud) -> None:
    cloud.directory.create_user(replace(mailbox(), profile=PROFILE))
    created = dict(cloud.service.calls)["CreateUser"]
    assert created["Role"] == "REMOTE_USER"
    assert created["HiddenFromGlobalAddressList"] is True
    assert created["IdentityProviderUserId"] == PROFILE.identity_center_id


def test_a_user_is_shown_as_it_was_updated(cloud: WorkMailCloud) -> None:
    cloud.add_user("anna", ADDRESS)
    before = cloud.directory.find_user(ADDRESS, "anna")
    assert before is not None
    assert before.profile == Profile(hidden=False, role="USER")
    wanted = replace(before, display_name="Anna", last_name="Berg", profile=PROFILE)
    cloud.directory.update_user(wanted)
    assert cloud.directory.find_user(ADDRESS, "anna") == wanted
    less = replace(wanted, profile=replace(PROFILE, hidden=False, city=""))
    cloud.directory.update_user(less)
    assert cloud.directory.find_user(ADDRESS, "anna") == less


def test_a_role_that_cannot_be_passed_is_not_sent(cloud: WorkMailCloud) -> None:
    cloud.add_user("anna", ADDRESS)
    user = cloud.directory.find_user(ADDRESS, "anna")
    assert user is not None
    cloud.directory.update_user(replace(user, profile=Profile(city="Oslo", role="RESOURCE")))
    sent = dict(cloud.service.calls)["UpdateUser"]
    assert sent["City"] == "Oslo"
    assert "Role" not in sent


def test_a_profile_that_breaks_the_model_is_not_sent(cloud: WorkMailCloud) -> None:
    cloud.add_user("anna", ADDRESS)
    user = cloud.directory.find_user(ADDRESS, "anna")
    assert user is not None
    for bad in (Profile(city="c" * 257), Profile(identity_center_id="anna.berg")):
        with pytest.raises(UserRefused, match="a value breaks its model") as caught:
            cloud.directory.update_user(replace(user, profile=bad))
        assert "anna" not in str(caught.value)
    assert "UpdateUser" not in cloud.operations()


def test_an_update_says_whether_the_directory_takes_it(cloud: WorkMailCloud) -> None:
    cloud.add_user("anna", ADDRESS)
    user = cloud.directory.find_user(ADDRESS, "anna")
    assert user is not None
    wanted = replace(user, display_name="Anna Berg")
    cloud.fake.fail_next("UpdateUser", "UnsupportedOperationException", ADDRESS)
    assert not cloud.directory.update_user(wanted)
    assert cloud.directory.find_user(ADDRESS, "anna") == user
    assert cloud.directory.update_user(wanted)
    assert cloud.directory.find_user(ADDRESS, "anna") == wanted


def test_the_quota_of_a_mailbox_and_what_it_holds(cloud: WorkMailCloud) -> None:
    user_id = cloud.add_user("anna", ADDRESS)
    cloud.fake.set_mailbox_size(ADDRESS, 12.5)
    assert cloud.directory.mailbox_size(user_id) == MailboxSize(51200, 12.5)
    cloud.directory.set_quota(user_id, 2048)
    assert cloud.directory.mailbox_size(user_id) == MailboxSize(2048, 12.5)
    with pytest.raises(UserRefused, match="UpdateMailboxQuota: InvalidParameterException"):
        cloud.directory.set_quota(user_id, 51201)


def test_a_quota_before_the_mailbox_is_waited_for(cloud: WorkMailCloud) -> None:
    user_id = cloud.add_user("anna")
    assert cloud.directory.mailbox_size(user_id) is None
    with pytest.raises(ProvisioningPending):
        cloud.directory.set_quota(user_id, 2048)


def test_a_user_who_was_disabled_is_told_from_one_who_never_was_enabled(
    cloud: WorkMailCloud,
) -> None:
    fresh = cloud.directory.find_user(ADDRESS, cloud.add_user("berta"))
    assert fresh is not None
    assert not fresh.was_enabled
    user_id = cloud.add_user("anna", ADDRESS)
    enabled = cloud.directory.find_user(ADDRESS, "anna")
    assert enabled is not None
    assert not enabled.was_enabled
    cloud.call("deregister_from_work_mail", EntityId=user_id)
    disabled = cloud.directory.find_user(ADDRESS, "anna")
    assert disabled is not None
    assert (disabled.id, disabled.state, disabled.was_enabled) == (user_id, "DISABLED", True)


def test_a_password_is_reset_and_the_same_again_changes_nothing(cloud: WorkMailCloud) -> None:
    user_id = cloud.add_user("anna", ADDRESS)
    cloud.directory.reset_password(user_id, "Annas-next-word-1")
    assert cloud.fake.password_of(ADDRESS) is None  # the mail servers do not know it yet
    cloud.seconds += 60
    assert cloud.fake.password_of(ADDRESS) == "Annas-next-word-1"
    cloud.directory.reset_password(user_id, "Annas-next-word-1")
    assert cloud.fake.password_of(ADDRESS) == "Annas-next-word-1"


@pytest.mark.parametrize("password", ["winter", "x" * 300, "Snow\u2603-2026"])
def test_a_password_that_breaks_the_rule_is_refused_and_not_quoted(
    cloud: WorkMailCloud, password: str
) -> None:
    user_id = cloud.add_user("anna", ADDRESS)
    with pytest.raises(UserRefused, match="ResetPassword: ") as caught:
        cloud.directory.reset_password(user_id, password)
    assert password not in str(caught.value)


def test_a_reset_that_cannot_be_is_refused_and_not_waited_for(cloud: WorkMailCloud) -> None:
    with pytest.raises(UserRefused, match="ResetPassword: EntityNotFoundException"):
        cloud.directory.reset_password("0123456789ab", "Annas-next-word-1")
    user_id = cloud.add_user("anna")
    cloud.call("delete_user", UserId=user_id)
    with pytest.raises(UserRefused, match="ResetPassword: EntityStateException"):
        cloud.directory.reset_password(user_id, "Annas-next-word-1")
    berta = cloud.add_user("berta")
    cloud.fake.set_read_only(cloud.organization_id, True)
    with pytest.raises(UserRefused, match="ResetPassword: UnsupportedOperationException"):
        cloud.directory.reset_password(berta, "Bertas-next-word-1")
    cloud.fake.set_directory_type(cloud.organization_id, "ADConnector")
    assert cloud.directory.organization().directory_type == "ADConnector"


# ---- aliases ---------------------------------------------------------------------------------


def test_aliases_are_listed_over_all_pages(cloud: WorkMailCloud) -> None:
    user_id = cloud.add_user("anna", ADDRESS)
    wanted = {f"alias{number}@{DOMAIN}" for number in range(99)}
    for alias in wanted:
        cloud.directory.add_alias(user_id, alias)
    assert cloud.directory.aliases(user_id) == wanted | {"anna@acme.awsapps.com"}
    with pytest.raises(UserRefused, match="LimitExceededException: a quota is used up"):
        cloud.directory.add_alias(user_id, f"one-more@{DOMAIN}")


def test_adding_an_alias_twice_changes_nothing(cloud: WorkMailCloud) -> None:
    user_id = cloud.add_user("anna", ADDRESS)
    cloud.directory.add_alias(user_id, f"a@{DOMAIN}")
    cloud.directory.add_alias(user_id, f"A@{DOMAIN}")


def test_an_alias_of_somebody_else_is_refused(cloud: WorkMailCloud) -> None:
    user_id = cloud.add_user("anna", ADDRESS)
    cloud.add_user("berta", f"berta@{DOMAIN}")
    with pytest.raises(UserRefused, match="EmailAddressInUseException"):
        cloud.directory.add_alias(user_id, f"berta@{DOMAIN}")


def test_a_user_without_a_mailbox_gets_its_alias_later(cloud: WorkMailCloud) -> None:
    user_id = cloud.add_user("anna")
    with pytest.raises(ProvisioningPending):
        cloud.directory.add_alias(user_id, f"a@{DOMAIN}")


# ---- the impersonation role ------------------------------------------------------------------


def test_a_role_from_its_creation_to_its_removal(cloud: WorkMailCloud) -> None:
    directory = cloud.directory
    cloud.add_user("anna", ADDRESS)
    assert directory.find_role("migration") is None
    role_id = directory.create_role("migration", "for run-1")
    assert directory.create_role("migration", "for run-1") == role_id
    assert directory.find_role("migration") == role_id
    token = directory.assume_role(role_id)
    assert token.expires_in == 900.0
    cloud.seconds += 60
    assert cloud.fake.check_token(token.value, ADDRESS) == "ok"
    directory.delete_role(role_id)
    directory.delete_role(role_id)
    assert directory.find_role("migration") is None


def test_a_role_is_found_on_a_later_page(
    cloud: WorkMailCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        cloud.directory.create_role(f"role-{number}", "x")
    short_pages = partial(cloud.fake.list_impersonation_roles, max_results=5)
    monkeypatch.setattr(cloud.fake, "list_impersonation_roles", short_pages)
    assert cloud.directory.find_role("role-11") is not None
    assert cloud.directory.find_role("role-12") is None
    assert cloud.operations().count("ListImpersonationRoles") == 6


def test_a_role_that_is_not_known_yet_is_waited_for(cloud: WorkMailCloud) -> None:
    with pytest.raises(AdministratorPending):
        cloud.directory.assume_role("0b4c1c5a-0000-4000-8000-000000000000")


def test_a_role_over_the_quota_concerns_the_tenant(cloud: WorkMailCloud) -> None:
    cloud.fake.fail_next("CreateImpersonationRole", "LimitExceededException", "full")
    with pytest.raises(TenantMisconfigured, match="a quota is used up"):
        cloud.directory.create_role("migration", "x")


# ---- errors ----------------------------------------------------------------------------------


def operations_in_use() -> set[str]:
    """The operations whose client method, or paginator, the adapter names in its files."""
    model = botocore.session.get_session().get_service_model("workmail")
    methods = {xform_name(name): name for name in model.operation_names}
    files = [Path(str(module.__file__)) for module in ADAPTER]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text("utf-8")))]
    named = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    named |= {str(node.value) for node in nodes if isinstance(node, ast.Constant)}
    return {methods[name] for name in named if name in methods}


def declared_errors() -> list[tuple[str, str]]:
    model = botocore.session.get_session().get_service_model("workmail")
    return [
        (operation, shape.name)
        for operation in sorted(operations_in_use())
        for shape in model.operation_model(operation).error_shapes
    ]


def client_error(operation: str, code: str, status: int = 400) -> ClientError:
    answer = {
        "Error": {"Code": code, "Message": f"{ADDRESS} is at fault"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, operation)  # type: ignore[arg-type]


def test_every_operation_in_use_has_a_scope() -> None:
    assert operations_in_use() == set(SCOPES)


@pytest.mark.parametrize(("operation", "code"), declared_errors())
def test_every_declared_error_is_translated(operation: str, code: str) -> None:
    error = translate(operation, client_error(operation, code))
    assert not isinstance(error, Unexpected)
    assert "@" not in str(error)
    assert code in str(error)


@pytest.mark.parametrize("code", sorted(set(COMMON_ERRORS) - {
    "NotImplementedLocally", "SerializationException", "UnknownOperationException",
    "ValidationError",
}))  # fmt: skip
@pytest.mark.parametrize("operation", ["GetMailDomain", "CreateUser", "AssumeImpersonationRole"])
def test_every_common_error_is_translated(operation: str, code: str) -> None:
    error = translate(operation, client_error(operation, code, COMMON_ERRORS[code]))
    assert not isinstance(error, Unexpected)


def test_an_unknown_code_is_named_and_nothing_else() -> None:
    error = translate("CreateUser", client_error("CreateUser", "NewException"))
    assert isinstance(error, Unexpected)
    assert str(error) == "CreateUser: NewException"
    assert isinstance(translate("CreateUser", client_error("CreateUser", "New", 503)), Busy)


@pytest.mark.parametrize(("operation", "scope"), sorted(SCOPES.items(), key=str))
def test_who_waits_decides_which_error_throttling_is(operation: str, scope: Scope) -> None:
    error = translate(operation, client_error(operation, "ThrottlingException"))
    assert type(error) is (TargetBusy if scope is Scope.ROLE else ProvisioningPending)
    assert isinstance(error, Busy)
    assert error.retry_after > 0


def connection_errors() -> list[type[Exception]]:
    """What botocore raises when there is no answer."""
    roots = (botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError)
    return [
        value
        for value in vars(botocore.exceptions).values()
        if isinstance(value, type) and issubclass(value, roots)
    ]


@pytest.mark.parametrize("kind", connection_errors())
def test_a_lost_connection_is_busy(kind: type[Exception]) -> None:
    make: Callable[..., Exception] = kind

    def lose() -> None:
        raise make(endpoint_url="https://x", error="e", proxy_url="p", request=None)

    with pytest.raises(ProvisioningPending) as caught, translated("DescribeUser"):
        lose()
    assert str(caught.value) == f"DescribeUser: {kind.__name__}"


def test_the_original_is_not_kept_because_its_text_names_people(cloud: WorkMailCloud) -> None:
    cloud.fake.fail_next("DescribeEntity", "InvalidParameterException", ADDRESS)
    with pytest.raises(MigrationError) as caught:
        cloud.directory.find_user(ADDRESS, "anna")
    assert caught.value.__suppress_context__


def test_a_quota_is_not_tried_again_and_throttling_is(
    cloud: WorkMailCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_WORKMAIL", cloud.server.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    monkeypatch.setenv("AWS_RETRY_MODE", "standard")
    directory = WorkMailDirectory(build_client("eu-west-1"), cloud.organization_id)
    user_id = cloud.add_user("anna", ADDRESS)
    cloud.fake.fail_next("CreateAlias", "LimitExceededException", "100 aliases", times=2)
    with pytest.raises(UserRefused):
        directory.add_alias(user_id, f"a@{DOMAIN}")
    assert cloud.operations().count("CreateAlias") == 1
    cloud.fake.fail_next("ListAliases", "ThrottlingException", "slow down")
    assert directory.aliases(user_id) == {"anna@acme.awsapps.com"}
    assert cloud.operations().count("ListAliases") == 2


# ---- what is taken back ----------------------------------------------------------------------


def test_a_domain_is_taken_back_when_nobody_has_an_address_in_it(cloud: WorkMailCloud) -> None:
    directory = cloud.directory
    directory.register_domain("new.example")
    cloud.fake.set_domain_status(cloud.organization_id, "new.example", "VERIFIED")
    user_id = cloud.add_user("anna", "anna@new.example")
    with pytest.raises(UserRefused, match="somebody has an address in it") as caught:
        directory.deregister_domain("new.example")
    assert "new.example" not in str(caught.value)
    directory.disable_entity(user_id)
    directory.deregister_domain("new.example")
    directory.deregister_domain("new.example")
    assert directory.domain("new.example") is None
