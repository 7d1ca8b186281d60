"""The WorkMail fake's API, driven by a boto3 client in virtual time."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localrun.fakes.workmail import FakeWorkMail
from localrun.model_service import ModelServer, ModelService

if TYPE_CHECKING:
    from mypy_boto3_workmail import WorkMailClient


class Clock:
    """Virtual seconds, moved by the test."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


class Cloud:
    """A served fake with one organization, and a client for it."""

    def __init__(self, url: str, clock: Clock, fake: FakeWorkMail) -> None:
        self.clock = clock
        self.fake = fake
        self.client: WorkMailClient = boto3.client(
            "workmail",
            region_name="eu-west-1",
            endpoint_url=url,
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(retries={"total_max_attempts": 1}),
        )
        self.organization = fake.seed_organization("acme", "example.test")

    def create(self, name: str) -> str:
        answer = self.client.create_user(
            OrganizationId=self.organization, Name=name, DisplayName=name.title()
        )
        self.clock.seconds += 2
        return answer["UserId"]

    def enable(self, name: str) -> str:
        user = self.create(name)
        self.client.register_to_work_mail(
            OrganizationId=self.organization, EntityId=user, Email=f"{name}@example.test"
        )
        self.clock.seconds += 5
        return user

    def describe(self, user: str) -> Any:
        return self.client.describe_user(OrganizationId=self.organization, UserId=user)


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    clock = Clock()
    fake = FakeWorkMail(clock)
    service = ModelService("workmail", fake, "InvalidParameterException")
    with ModelServer([service]) as server:
        yield Cloud(server.url, clock, fake)


def test_a_new_user_is_unseen_until_the_directory_is_consistent(cloud: Cloud) -> None:
    client, organization = cloud.client, cloud.organization
    user = client.create_user(OrganizationId=organization, Name="anna", DisplayName="Anna")[
        "UserId"
    ]
    with pytest.raises(client.exceptions.EntityNotFoundException):
        cloud.describe(user)
    with pytest.raises(client.exceptions.EntityNotFoundException):
        client.register_to_work_mail(
            OrganizationId=organization, EntityId=user, Email="anna@example.test"
        )
    assert client.list_users(OrganizationId=organization)["Users"] == []
    with pytest.raises(client.exceptions.NameAvailabilityException):
        client.create_user(OrganizationId=organization, Name="ANNA", DisplayName="A")
    cloud.clock.seconds += 2
    described = cloud.describe(user)
    assert (described["State"], described["UserRole"]) == ("DISABLED", "USER")
    assert "Email" not in described


def test_a_registered_user_gets_its_mailbox_after_a_while(cloud: Cloud) -> None:
    client, organization = cloud.client, cloud.organization
    user = cloud.create("anna")
    client.register_to_work_mail(
        OrganizationId=organization, EntityId=user, Email="Anna@example.test"
    )
    early = cloud.describe(user)
    assert early["State"] == "DISABLED"
    assert "MailboxProvisionedDate" not in early
    with pytest.raises(client.exceptions.EntityAlreadyRegisteredException):
        client.register_to_work_mail(
            OrganizationId=organization, EntityId=user, Email="anna@example.test"
        )
    cloud.clock.seconds += 5
    ready = cloud.describe(user)
    assert ready["State"] == "ENABLED"
    assert ready["MailboxProvisionedDate"] == datetime.fromtimestamp(cloud.clock.seconds, UTC)
    aliases = client.list_aliases(OrganizationId=organization, EntityId=user)["Aliases"]
    assert aliases == ["anna@acme.awsapps.com"]
    found = client.describe_entity(OrganizationId=organization, Email="anna@EXAMPLE.test")
    assert (found["EntityId"], found["Type"]) == (user, "USER")


@pytest.mark.parametrize(
    ("email", "error"),
    [
        ("taken@example.test", "EmailAddressInUseException"),
        ("a@elsewhere.test", "MailDomainNotFoundException"),
        ("a@pending.test", "MailDomainStateException"),
    ],
)
def test_addresses_must_be_free_and_their_domain_verified(
    cloud: Cloud, email: str, error: str
) -> None:
    client, organization = cloud.client, cloud.organization
    cloud.enable("taken")
    client.register_mail_domain(OrganizationId=organization, DomainName="pending.test")
    user = cloud.create("anna")
    with pytest.raises(getattr(client.exceptions, error)):
        client.register_to_work_mail(OrganizationId=organization, EntityId=user, Email=email)
    enabled = cloud.enable("berta")
    with pytest.raises(getattr(client.exceptions, error)):
        client.create_alias(OrganizationId=organization, EntityId=enabled, Alias=email)


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"Name": "Administrator"}, "ReservedNameException"),
        ({"Name": "a", "Password": "Short1!"}, "InvalidPasswordException"),
        ({"Name": "a", "Password": "onlysmallletters"}, "InvalidPasswordException"),
        ({"Name": "a", "Password": "aB3" + "x" * 61}, "InvalidPasswordException"),
        ({"Name": "a", "Role": "SYSTEM_USER"}, "InvalidParameterException"),
        ({"Name": "a b"}, "InvalidParameterException"),
    ],
)
def test_users_that_the_directory_refuses(
    cloud: Cloud, members: dict[str, Any], error: str
) -> None:
    with pytest.raises(getattr(cloud.client.exceptions, error)) as refused:
        cloud.client.create_user(OrganizationId=cloud.organization, DisplayName="A", **members)
    assert members.get("Password", "?nothing?") not in str(refused.value)
    cloud.client.create_user(
        OrganizationId=cloud.organization, Name="a", DisplayName="A", Password="pässw0rd"
    )


def test_only_disabled_users_are_deleted_and_deleted_ones_are_remembered(cloud: Cloud) -> None:
    client, organization = cloud.client, cloud.organization
    user = cloud.enable("anna")
    with pytest.raises(client.exceptions.EntityStateException):
        client.delete_user(OrganizationId=organization, UserId=user)
    client.deregister_from_work_mail(OrganizationId=organization, EntityId=user)
    disabled = cloud.describe(user)
    assert disabled["State"] == "DISABLED"
    assert "DisabledDate" in disabled
    with pytest.raises(client.exceptions.EntityStateException):
        client.deregister_from_work_mail(OrganizationId=organization, EntityId=user)
    client.delete_user(OrganizationId=organization, UserId=user)
    assert cloud.describe(user)["State"] == "DELETED"
    with pytest.raises(client.exceptions.EntityStateException):
        client.register_to_work_mail(
            OrganizationId=organization, EntityId=user, Email="anna@example.test"
        )
    successor = cloud.enable("anna")
    assert cloud.describe("anna")["UserId"] == successor


def test_users_are_listed_by_pages_and_filters(cloud: Cloud) -> None:
    client, organization = cloud.client, cloud.organization
    for name in ("dora", "anna", "cora", "berta", "emma"):
        cloud.create(name)
    cloud.enable("anton")
    pages = list(
        client.get_paginator("list_users").paginate(
            OrganizationId=organization, PaginationConfig={"PageSize": 4}
        )
    )
    assert [len(page["Users"]) for page in pages] == [4, 2]
    names = [user.get("Name") for page in pages for user in page["Users"]]
    assert names == ["anna", "anton", "berta", "cora", "dora", "emma"]
    chosen = client.list_users(
        OrganizationId=organization, Filters={"UsernamePrefix": "AN", "State": "ENABLED"}
    )["Users"]
    assert [user.get("Email") for user in chosen] == ["anton@example.test"]
    with pytest.raises(client.exceptions.InvalidParameterException):
        client.list_users(OrganizationId=organization, NextToken="invented")


def test_update_user_replaces_the_address_book_entry(cloud: Cloud) -> None:
    client, organization = cloud.client, cloud.organization
    user = cloud.create("anna")
    client.update_user(
        OrganizationId=organization, UserId=user, FirstName="Anna", City="Ulm", JobTitle="Boss"
    )
    client.update_user(
        OrganizationId=organization, UserId=user, FirstName="Anne", DisplayName="Anne A."
    )
    described = cloud.describe(user)
    assert (described["FirstName"], described["DisplayName"]) == ("Anne", "Anne A.")
    assert "City" not in described


def test_aliases_are_unique_and_at_most_a_hundred(cloud: Cloud) -> None:
    client, organization = cloud.client, cloud.organization
    anna, berta = cloud.enable("anna"), cloud.enable("berta")
    client.create_alias(OrganizationId=organization, EntityId=anna, Alias="a0@example.test")
    with pytest.raises(client.exceptions.EmailAddressInUseException):
        client.create_alias(OrganizationId=organization, EntityId=berta, Alias="A0@example.test")
    for number in range(1, 99):
        client.create_alias(
            OrganizationId=organization, EntityId=anna, Alias=f"a{number}@example.test"
        )
    with pytest.raises(client.exceptions.LimitExceededException):
        client.create_alias(OrganizationId=organization, EntityId=anna, Alias="z@example.test")
    pages = client.get_paginator("list_aliases").paginate(
        OrganizationId=organization, EntityId=anna, PaginationConfig={"PageSize": 60}
    )
    assert [len(page["Aliases"]) for page in pages] == [60, 40]
    client.delete_alias(OrganizationId=organization, EntityId=anna, Alias="A0@example.test")
    client.create_alias(OrganizationId=organization, EntityId=berta, Alias="a0@example.test")


def test_the_primary_address_swaps_places_with_an_alias(cloud: Cloud) -> None:
    client, organization = cloud.client, cloud.organization
    user = cloud.enable("anna")
    client.update_primary_email_address(
        OrganizationId=organization, EntityId=user, Email="anna@acme.awsapps.com"
    )
    assert cloud.describe(user)["Email"] == "anna@acme.awsapps.com"
    aliases = client.list_aliases(OrganizationId=organization, EntityId=user)["Aliases"]
    assert aliases == ["anna@example.test"]
    client.update_primary_email_address(
        OrganizationId=organization, EntityId=user, Email="new@example.test"
    )
    aliases = client.list_aliases(OrganizationId=organization, EntityId=user)["Aliases"]
    assert aliases == ["anna@example.test", "anna@acme.awsapps.com"]


def test_mail_domains_wait_for_their_records(cloud: Cloud) -> None:
    client, organization = cloud.client, cloud.organization
    client.register_mail_domain(OrganizationId=organization, DomainName="new.test")
    client.register_mail_domain(OrganizationId=organization, DomainName="new.test")
    domain = client.get_mail_domain(OrganizationId=organization, DomainName="new.test")
    assert domain["OwnershipVerificationStatus"] == "PENDING"
    records = {(record["Type"], record["Hostname"]) for record in domain["Records"]}
    assert {
        ("TXT", "_amazonses.new.test."),
        ("MX", "new.test."),
        ("TXT", "new.test."),
        ("CNAME", "autodiscover.new.test."),
        ("TXT", "_dmarc.new.test."),
    } <= records
    dkim = [record for record in domain["Records"] if "._domainkey." in record["Hostname"]]
    assert len(dkim) == 3
    mx = next(record["Value"] for record in domain["Records"] if record["Type"] == "MX")
    assert mx == "10 inbound-smtp.eu-west-1.amazonaws.com."
    cloud.fake.set_domain_status(organization, "new.test", "VERIFIED")
    domain = client.get_mail_domain(OrganizationId=organization, DomainName="new.test")
    assert domain["DkimVerificationStatus"] == "VERIFIED"
    listed = client.list_mail_domains(OrganizationId=organization)["MailDomains"]
    assert {entry.get("DomainName"): entry.get("DefaultDomain") for entry in listed} == {
        "acme.awsapps.com": False,
        "example.test": True,
        "new.test": False,
    }
    other = cloud.fake.seed_organization("other", "other.test")
    with pytest.raises(client.exceptions.MailDomainInUseException):
        client.register_mail_domain(OrganizationId=other, DomainName="new.test")
    with pytest.raises(client.exceptions.MailDomainNotFoundException):
        client.get_mail_domain(OrganizationId=organization, DomainName="none.test")


class Zone:
    """What is published in the DNS."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}

    def published(self, name: str, type_: str) -> list[str]:
        return self.records.get((name, type_), [])


HOUR = 3600.0


def status(cloud: Cloud, name: str = "new.test") -> str:
    answer = cloud.client.get_mail_domain(OrganizationId=cloud.organization, DomainName=name)
    return answer["OwnershipVerificationStatus"]


def register(cloud: Cloud, zone: Zone) -> str:
    """Registers new.test in a world with that DNS; the TXT record's value."""
    cloud.fake.watch_dns(zone.published, lag=600.0)
    cloud.client.register_mail_domain(OrganizationId=cloud.organization, DomainName="new.test")
    domain = cloud.client.get_mail_domain(OrganizationId=cloud.organization, DomainName="new.test")
    return next(
        record["Value"]
        for record in domain["Records"]
        if record["Hostname"] == "_amazonses.new.test."
    )


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_domain_is_verified_a_while_after_its_record_was_published(
    cloud: Cloud, quote: str
) -> None:
    zone = Zone()
    token = register(cloud, zone)
    cloud.clock.seconds += 2 * HOUR
    assert status(cloud) == "PENDING"
    zone.records["_amazonses.new.test", "TXT"] = ["somebody-elses", f"{quote}{token}{quote}"]
    assert status(cloud) == "PENDING"
    cloud.clock.seconds += 599
    assert status(cloud) == "PENDING"
    cloud.clock.seconds += 1
    assert status(cloud) == "VERIFIED"
    zone.records.clear()
    assert status(cloud) == "VERIFIED"
    user = cloud.create("anna")
    cloud.client.register_to_work_mail(
        OrganizationId=cloud.organization, EntityId=user, Email="anna@new.test"
    )


def test_a_record_that_vanishes_again_is_waited_for_anew(cloud: Cloud) -> None:
    zone = Zone()
    published = {("_amazonses.new.test", "TXT"): [register(cloud, zone)]}
    zone.records = published
    assert status(cloud) == "PENDING"
    zone.records = {}
    cloud.clock.seconds += 500
    assert status(cloud) == "PENDING"
    zone.records = published
    cloud.clock.seconds += 500
    assert status(cloud) == "PENDING"
    cloud.clock.seconds += 600
    assert status(cloud) == "VERIFIED"


def test_workmail_looks_for_the_record_for_72_hours(cloud: Cloud) -> None:
    zone = Zone()
    token = register(cloud, zone)
    cloud.clock.seconds += 72 * HOUR - 1
    assert status(cloud) == "PENDING"
    cloud.clock.seconds += 1
    assert status(cloud) == "FAILED"
    zone.records["_amazonses.new.test", "TXT"] = [token]
    cloud.clock.seconds += HOUR
    assert status(cloud) == "FAILED"
    assert status(cloud, "example.test") == "VERIFIED"


def test_an_address_finds_out_that_its_domain_is_verified(cloud: Cloud) -> None:
    zone = Zone()
    zone.records["_amazonses.new.test", "TXT"] = [register(cloud, zone)]
    user = cloud.create("anna")
    for _ in range(2):
        with pytest.raises(cloud.client.exceptions.MailDomainStateException):
            cloud.client.register_to_work_mail(
                OrganizationId=cloud.organization, EntityId=user, Email="anna@new.test"
            )
    cloud.clock.seconds += 600
    cloud.client.register_to_work_mail(
        OrganizationId=cloud.organization, EntityId=user, Email="anna@new.test"
    )


def test_the_default_domain_is_a_verified_one(cloud: Cloud) -> None:
    client, organization = cloud.client, cloud.organization
    with pytest.raises(client.exceptions.MailDomainNotFoundException):
        client.update_default_mail_domain(OrganizationId=organization, DomainName="new.test")
    client.register_mail_domain(OrganizationId=organization, DomainName="new.test")
    with pytest.raises(client.exceptions.MailDomainStateException):
        client.update_default_mail_domain(OrganizationId=organization, DomainName="new.test")
    cloud.fake.set_domain_status(organization, "new.test", "VERIFIED")
    client.update_default_mail_domain(OrganizationId=organization, DomainName="NEW.test")
    described = client.describe_organization(OrganizationId=organization)
    assert described["DefaultMailDomain"] == "new.test"
    client.deregister_mail_domain(OrganizationId=organization, DomainName="new.test")
    described = client.describe_organization(OrganizationId=organization)
    assert described["DefaultMailDomain"] == "acme.awsapps.com"


def test_a_domain_in_use_stays(cloud: Cloud) -> None:
    client, organization = cloud.client, cloud.organization
    user = cloud.enable("anna")
    with pytest.raises(client.exceptions.MailDomainInUseException):
        client.deregister_mail_domain(OrganizationId=organization, DomainName="example.test")
    client.deregister_from_work_mail(OrganizationId=organization, EntityId=user)
    for _ in range(2):
        client.deregister_mail_domain(OrganizationId=organization, DomainName="example.test")
    with pytest.raises(client.exceptions.MailDomainNotFoundException):
        client.get_mail_domain(OrganizationId=organization, DomainName="example.test")
    with pytest.raises(client.exceptions.ClientError):
        client.deregister_mail_domain(OrganizationId=organization, DomainName="acme.awsapps.com")


def test_an_organization_may_have_its_test_domain_alone(cloud: Cloud) -> None:
    organization = cloud.fake.seed_organization("other")
    described = cloud.client.describe_organization(OrganizationId=organization)
    assert described["DefaultMailDomain"] == "other.awsapps.com"
    listed = cloud.client.list_mail_domains(OrganizationId=organization)["MailDomains"]
    assert [entry.get("DomainName") for entry in listed] == ["other.awsapps.com"]


def test_a_mailbox_is_the_same_before_and_after_its_promotion(cloud: Cloud) -> None:
    user = cloud.create("anna")
    early, own = "anna@acme.awsapps.com", "anna@example.test"
    cloud.client.register_to_work_mail(
        OrganizationId=cloud.organization, EntityId=user, Email=early
    )
    cloud.clock.seconds += 5
    assert cloud.fake.resolve_mailbox(early) == user
    assert cloud.fake.resolve_mailbox(own) is None
    assert cloud.fake.primary_address(early) == early
    cloud.client.update_primary_email_address(
        OrganizationId=cloud.organization, EntityId=user, Email=own
    )
    assert cloud.fake.resolve_mailbox(early) == cloud.fake.resolve_mailbox(own) == user
    assert cloud.fake.primary_address(early) == cloud.fake.primary_address(own) == own
    assert cloud.fake.primary_address("nobody@example.test") == "nobody@example.test"


def test_organizations_that_are_missing_or_not_ready(cloud: Cloud) -> None:
    client = cloud.client
    listed = client.list_organizations()["OrganizationSummaries"]
    assert [entry.get("Alias") for entry in listed] == ["acme"]
    described = client.describe_organization(OrganizationId=cloud.organization)
    assert (described["State"], described["DefaultMailDomain"]) == ("Active", "example.test")
    cloud.fake.set_organization_state(cloud.organization, "Creating")
    assert client.describe_organization(OrganizationId=cloud.organization)["State"] == "Creating"
    with pytest.raises(client.exceptions.OrganizationStateException):
        client.list_users(OrganizationId=cloud.organization)
    with pytest.raises(client.exceptions.OrganizationNotFoundException):
        client.list_users(OrganizationId="m-" + "0" * 32)


def test_mailbox_size_and_quota(cloud: Cloud) -> None:
    client, organization = cloud.client, cloud.organization
    user = cloud.enable("anna")
    cloud.fake.set_mailbox_size("anna@example.test", 12.5)
    client.update_mailbox_quota(OrganizationId=organization, UserId=user, MailboxQuota=1000)
    details = client.get_mailbox_details(OrganizationId=organization, UserId=user)
    assert (details["MailboxQuota"], details["MailboxSize"]) == (1000, 12.5)
    with pytest.raises(client.exceptions.InvalidParameterException):
        client.update_mailbox_quota(OrganizationId=organization, UserId=user, MailboxQuota=51201)
    without = cloud.create("berta")
    with pytest.raises(client.exceptions.EntityNotFoundException):
        client.get_mailbox_details(OrganizationId=organization, UserId=without)
    with pytest.raises(client.exceptions.EntityStateException):
        client.update_mailbox_quota(OrganizationId=organization, UserId=without, MailboxQuota=1)


def test_mailbox_permissions_are_replaced_and_removed(cloud: Cloud) -> None:
    client, organization = cloud.client, cloud.organization
    owner, grantee = cloud.enable("anna"), cloud.enable("berta")
    ids: Any = {"OrganizationId": organization, "EntityId": owner}
    client.put_mailbox_permissions(
        OrganizationId=organization,
        EntityId=owner,
        GranteeId=grantee,
        PermissionValues=["SEND_AS"],
    )
    client.put_mailbox_permissions(
        OrganizationId=organization,
        EntityId=owner,
        GranteeId="berta@example.test",
        PermissionValues=["FULL_ACCESS"],
    )
    listed = client.list_mailbox_permissions(**ids)["Permissions"]
    assert listed == [
        {"GranteeId": grantee, "GranteeType": "USER", "PermissionValues": ["FULL_ACCESS"]}
    ]
    client.delete_mailbox_permissions(
        OrganizationId=organization, EntityId=owner, GranteeId=grantee
    )
    assert client.list_mailbox_permissions(**ids)["Permissions"] == []


def test_policies_that_a_preflight_reads(cloud: Cloud) -> None:
    client, organization = cloud.client, cloud.organization
    user = cloud.enable("anna")
    policy = client.get_default_retention_policy(OrganizationId=organization)
    assert {folder["Action"] for folder in policy["FolderConfigurations"]} == {"NONE"}
    cloud.fake.set_retention(organization, "INBOX", "DELETE", 30)
    policy = client.get_default_retention_policy(OrganizationId=organization)
    assert {"Name": "INBOX", "Action": "DELETE", "Period": 30} in policy["FolderConfigurations"]

    def effect() -> str | None:
        return client.get_access_control_effect(
            OrganizationId=organization, IpAddress="203.0.113.1", Action="EWS", UserId=user
        )["Effect"]

    assert effect() == "ALLOW"
    cloud.fake.deny_access(organization, "EWS")
    assert effect() == "DENY"


def test_access_control_rules(cloud: Cloud) -> None:
    client, organization = cloud.client, cloud.organization
    anna, berta = cloud.enable("anna"), cloud.enable("berta")
    role = client.create_impersonation_role(
        OrganizationId=organization, Name="r", Type="FULL_ACCESS", Rules=[allow()]
    )["ImpersonationRoleId"]

    def put(name: str, effect: Any, **conditions: Any) -> None:
        client.put_access_control_rule(
            OrganizationId=organization, Name=name, Effect=effect, Description="x", **conditions
        )

    def effect(action: str = "EWS", address: str = "203.0.113.9", **subject: str) -> Any:
        answer = client.get_access_control_effect(
            OrganizationId=organization, IpAddress=address, Action=action, **(subject or who)
        )
        return answer["Effect"], answer["MatchedRules"]

    who: Any = {"UserId": anna}
    assert effect() == ("ALLOW", ["default"])
    put("default", "ALLOW", IpRanges=["203.0.113.0/24"], NotActions=["IMAP"])
    assert effect() == ("ALLOW", ["default"])
    assert effect("IMAP") == ("DENY", [])
    assert effect(address="198.51.100.1") == ("DENY", [])
    put("not-berta", "DENY", UserIds=[berta])
    assert effect(UserId=berta) == ("DENY", ["not-berta"])
    assert effect(ImpersonationRoleId=role) == ("ALLOW", ["default"])
    put("only-roles", "DENY", NotImpersonationRoleIds=[role], NotIpRanges=["203.0.113.0/31"])
    assert effect() == ("DENY", ["only-roles"])
    assert effect(address="203.0.113.1") == ("ALLOW", ["default"])
    assert effect(ImpersonationRoleId=role) == ("ALLOW", ["default"])
    rules = client.list_access_control_rules(OrganizationId=organization)["Rules"]
    assert [rule.get("Name") for rule in rules] == ["default", "not-berta", "only-roles"]
    for name in ("default", "not-berta", "only-roles", "never-there"):
        client.delete_access_control_rule(OrganizationId=organization, Name=name)
    assert effect() == ("DENY", [])
    for number in range(10):
        put(f"rule-{number}", "ALLOW")
    put("rule-9", "DENY")
    with pytest.raises(client.exceptions.LimitExceededException):
        put("rule-10", "ALLOW")
    with pytest.raises(client.exceptions.EntityNotFoundException):
        put("rule-9", "DENY", UserIds=["nobody-of-that-id"])
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        put("rule-9", "DENY", ImpersonationRoleIds=["no-such-role"])


def test_dmarc_and_the_identity_provider(cloud: Cloud) -> None:
    client, organization = cloud.client, cloud.organization
    assert client.describe_inbound_dmarc_settings(OrganizationId=organization)["Enforced"]
    client.put_inbound_dmarc_settings(OrganizationId=organization, Enforced=False)
    assert not client.describe_inbound_dmarc_settings(OrganizationId=organization)["Enforced"]
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.describe_identity_provider_configuration(OrganizationId=organization)
    instance = "ssoins-0123456789abcdef"
    client.put_identity_provider_configuration(
        OrganizationId=organization,
        AuthenticationMode="IDENTITY_PROVIDER_ONLY",
        IdentityCenterConfiguration={
            "InstanceArn": f"arn:aws:sso:::instance/{instance}",
            "ApplicationArn": f"arn:aws:sso::123456789012:application/{instance}/apl-"
            "0123456789abcdef",
        },
        PersonalAccessTokenConfiguration={"Status": "INACTIVE"},
    )
    known = client.describe_identity_provider_configuration(OrganizationId=organization)
    assert known["AuthenticationMode"] == "IDENTITY_PROVIDER_ONLY"
    client.delete_identity_provider_configuration(OrganizationId=organization)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.describe_identity_provider_configuration(OrganizationId=organization)


def test_failures_are_injected_so_many_times(cloud: Cloud) -> None:
    cloud.fake.fail_next("ListUsers", "ThrottlingException", "Rate exceeded", times=2)
    for _ in range(2):
        with pytest.raises(ClientError, match="Rate exceeded") as throttled:
            cloud.client.list_users(OrganizationId=cloud.organization)
        assert throttled.value.response["Error"]["Code"] == "ThrottlingException"
    assert cloud.client.list_users(OrganizationId=cloud.organization)["Users"] == []


def test_what_has_no_fake_says_so(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="NotImplementedLocally"):
        cloud.client.list_mobile_device_access_rules(OrganizationId=cloud.organization)


def allow(**targets: list[str]) -> Any:
    return {"ImpersonationRuleId": "allow", "Name": "allow", "Effect": "ALLOW", **targets}


def create_role(cloud: Cloud, *rules: Any) -> str:
    return cloud.client.create_impersonation_role(
        OrganizationId=cloud.organization, Name="migration", Type="FULL_ACCESS", Rules=list(rules)
    )["ImpersonationRoleId"]


def assume(cloud: Cloud, role: str) -> str:
    answer = cloud.client.assume_impersonation_role(
        OrganizationId=cloud.organization, ImpersonationRoleId=role
    )
    assert answer["ExpiresIn"] == 900
    return answer["Token"]


def test_a_role_works_on_mailboxes_later_than_the_api_says(cloud: Cloud) -> None:
    cloud.enable("anna")
    role = create_role(cloud, allow())
    effect = cloud.client.get_impersonation_role_effect(
        OrganizationId=cloud.organization, ImpersonationRoleId=role, TargetUser="anna"
    )
    assert (effect["Effect"], effect["MatchedRules"][0].get("Name")) == ("ALLOW", "allow")
    token = assume(cloud, role)
    check = cloud.fake.check_token
    assert check(token, "anna@example.test") == "not-ready"
    cloud.clock.seconds += 60
    assert check(token, "anna@example.test") == "ok"
    assert check(token, "ANNA@acme.awsapps.com") == "ok"
    assert check(token, "nobody@example.test") == "denied"
    assert check("invented", "anna@example.test") == "unknown"
    cloud.clock.seconds += 839
    assert check(token, "anna@example.test") == "ok"
    cloud.clock.seconds += 1
    assert check(token, "anna@example.test") == "expired"
    later = assume(cloud, role)
    assert check(later, "anna@example.test") == "ok"
    cloud.fake.expire_tokens()
    assert check(later, "anna@example.test") == "expired"
    assert check(assume(cloud, role), "anna@example.test") == "ok"


def test_a_denying_rule_wins_and_no_rule_denies(cloud: Cloud) -> None:
    anna, berta, cora = (cloud.enable(name) for name in ("anna", "berta", "cora"))
    deny = {"ImpersonationRuleId": "deny", "Effect": "DENY", "TargetUsers": [berta]}
    role = create_role(cloud, allow(NotTargetUsers=["cora"]), deny)
    cloud.clock.seconds += 60
    token = assume(cloud, role)
    verdicts = [
        cloud.fake.check_token(token, f"{name}@example.test") for name in ("anna", "berta", "cora")
    ]
    assert verdicts == ["ok", "denied", "denied"]
    matched = [
        [
            rule.get("ImpersonationRuleId")
            for rule in cloud.client.get_impersonation_role_effect(
                OrganizationId=cloud.organization, ImpersonationRoleId=role, TargetUser=user
            )["MatchedRules"]
        ]
        for user in (anna, berta, cora)
    ]
    assert matched == [["allow"], ["deny"], []]


def test_changing_a_role_starts_its_spreading_anew_and_deleting_ends_its_tokens(
    cloud: Cloud,
) -> None:
    client, organization = cloud.client, cloud.organization
    cloud.enable("anna")
    role = create_role(cloud, allow())
    cloud.clock.seconds += 60
    token = assume(cloud, role)
    client.update_impersonation_role(
        OrganizationId=organization,
        ImpersonationRoleId=role,
        Name="renamed",
        Type="READ_ONLY",
        Rules=[allow()],
    )
    assert cloud.fake.check_token(token, "anna@example.test") == "not-ready"
    cloud.clock.seconds += 60
    assert cloud.fake.check_token(token, "anna@example.test") == "ok"
    described = client.get_impersonation_role(OrganizationId=organization, ImpersonationRoleId=role)
    assert (described["Name"], described["Type"]) == ("renamed", "READ_ONLY")
    client.delete_impersonation_role(OrganizationId=organization, ImpersonationRoleId=role)
    assert cloud.fake.check_token(token, "anna@example.test") == "unknown"
    assert client.list_impersonation_roles(OrganizationId=organization)["Roles"] == []
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        assume(cloud, role)


def test_a_repeated_client_token_makes_one_role(cloud: Cloud) -> None:
    roles = {
        cloud.client.create_impersonation_role(
            OrganizationId=cloud.organization,
            Name="migration",
            Type="FULL_ACCESS",
            Rules=[allow()],
            ClientToken="once",
        )["ImpersonationRoleId"]
        for _ in range(2)
    }
    assert len(roles) == 1


def test_roles_with_impossible_rules_are_refused(cloud: Cloud) -> None:
    with pytest.raises(cloud.client.exceptions.EntityNotFoundException):
        create_role(cloud, allow(TargetUsers=["nobody"]))
    with pytest.raises(cloud.client.exceptions.InvalidParameterException):
        create_role(cloud, allow(), allow())


def test_mailboxes_as_the_mail_server_sees_them(cloud: Cloud) -> None:
    user = cloud.create("anna")
    cloud.client.register_to_work_mail(
        OrganizationId=cloud.organization, EntityId=user, Email="anna@example.test"
    )
    assert not cloud.fake.mailbox_exists("anna@example.test")
    assert cloud.fake.resolve_mailbox("anna@example.test") is None
    cloud.clock.seconds += 5
    assert cloud.fake.mailbox_exists("Anna@example.test")
    assert cloud.fake.resolve_mailbox("anna@acme.awsapps.com") == user
    cloud.client.deregister_from_work_mail(OrganizationId=cloud.organization, EntityId=user)
    assert not cloud.fake.mailbox_exists("anna@example.test")


def test_a_password_opens_the_mailbox_when_the_mail_servers_know_it(cloud: Cloud) -> None:
    user = cloud.client.create_user(
        OrganizationId=cloud.organization,
        Name="anna",
        DisplayName="Anna",
        Password="Annas-password-1",
    )["UserId"]
    cloud.clock.seconds += 50
    cloud.client.register_to_work_mail(
        OrganizationId=cloud.organization, EntityId=user, Email="anna@example.test"
    )
    cloud.clock.seconds += 5
    assert cloud.fake.mailbox_exists("anna@example.test")
    assert cloud.fake.password_of("anna@example.test") is None
    cloud.clock.seconds += 5
    assert cloud.fake.password_of("anna@example.test") == "Annas-password-1"
    cloud.enable("berta")
    cloud.clock.seconds += 60
    assert cloud.fake.password_of("berta@example.test") is None
    assert cloud.fake.password_of("nobody@example.test") is None


def test_a_reset_password_is_known_to_the_mail_servers_after_a_while(cloud: Cloud) -> None:
    user = cloud.enable("anna")
    reset = {"OrganizationId": cloud.organization, "UserId": user}
    cloud.client.reset_password(**reset, Password="Annas-password-1")
    cloud.clock.seconds += 60
    cloud.client.reset_password(**reset, Password="Annas-password-2")
    assert cloud.fake.password_of("anna@example.test") is None
    cloud.clock.seconds += 60
    assert cloud.fake.password_of("anna@example.test") == "Annas-password-2"
    with pytest.raises(ClientError, match="InvalidPasswordException"):
        cloud.client.reset_password(**reset, Password="annas-password")
    cloud.fake.set_read_only(cloud.organization, True)
    with pytest.raises(ClientError, match="UnsupportedOperationException"):
        cloud.client.reset_password(**reset, Password="Annas-password-3")
    assert cloud.fake.password_of("anna@example.test") == "Annas-password-2"


PASSWORD = "Admins-password-1"


def enable_admin(cloud: Cloud) -> str:
    """A user with a password that the mail servers know."""
    user = cloud.client.create_user(
        OrganizationId=cloud.organization, Name="admin", DisplayName="Admin", Password=PASSWORD
    )["UserId"]
    cloud.clock.seconds += 2
    cloud.client.register_to_work_mail(
        OrganizationId=cloud.organization, EntityId=user, Email="admin@example.test"
    )
    return user


def put(cloud: Cloud, owner: str, grantee: str, *values: Any) -> None:
    cloud.client.put_mailbox_permissions(
        OrganizationId=cloud.organization,
        EntityId=owner,
        GranteeId=grantee,
        PermissionValues=list(values),
    )


def test_a_password_is_checked_when_the_mail_servers_know_it(cloud: Cloud) -> None:
    enable_admin(cloud)
    check = cloud.fake.check_password
    cloud.clock.seconds += 57
    assert not check("admin@example.test", PASSWORD)
    cloud.clock.seconds += 1
    assert check("Admin@example.test", PASSWORD)
    assert check("admin@acme.awsapps.com", PASSWORD)
    assert not check("admin@example.test", PASSWORD.lower())
    assert not check("admin@example.test", "")
    cloud.enable("anna")
    cloud.clock.seconds += 60
    assert not check("anna@example.test", ""), "nobody gave her a password"
    assert not check("nobody@example.test", PASSWORD)


def test_full_access_works_later_than_the_api_says_and_ends_at_once(cloud: Cloud) -> None:
    admin, anna = enable_admin(cloud), cloud.enable("anna")
    cloud.enable("berta")

    def may_open(mailbox: str = "anna@example.test", user: str = "admin@example.test") -> str:
        return cloud.fake.may_open(user, mailbox)

    assert may_open("ADMIN@example.test") == "ok"
    assert may_open() == "denied"
    put(cloud, anna, admin, "SEND_AS")
    cloud.clock.seconds += 100
    assert may_open() == "denied"
    put(cloud, anna, admin, "FULL_ACCESS")
    assert may_open() == "not-ready"
    cloud.clock.seconds += 59
    put(cloud, anna, admin, "SEND_AS", "FULL_ACCESS")
    assert may_open() == "not-ready"
    cloud.clock.seconds += 1
    assert may_open() == "ok"
    assert may_open("Anna@acme.awsapps.com", "admin@acme.awsapps.com") == "ok"
    assert may_open(user="berta@example.test") == "denied"
    assert may_open("admin@example.test", "anna@example.test") == "denied"
    assert may_open("berta@example.test") == may_open("nobody@example.test") == "denied"
    cloud.client.delete_mailbox_permissions(
        OrganizationId=cloud.organization, EntityId=anna, GranteeId=admin
    )
    assert may_open() == "denied"
    put(cloud, anna, admin, "FULL_ACCESS")
    assert may_open() == "not-ready", "it begins anew"
    cloud.clock.seconds += 60
    assert may_open() == "ok"
    put(cloud, anna, admin, "SEND_AS")
    assert may_open() == "denied"
    put(cloud, anna, admin, "FULL_ACCESS")
    cloud.clock.seconds += 60
    cloud.client.deregister_from_work_mail(OrganizationId=cloud.organization, EntityId=admin)
    assert may_open() == "denied"


def test_the_migration_administrator_of_the_console_opens_every_mailbox(cloud: Cloud) -> None:
    admin = enable_admin(cloud)
    cloud.enable("anna")
    cloud.clock.seconds += 60
    other = cloud.fake.seed_organization("other", "other.test")
    cloud.fake.set_migration_admin(cloud.organization, "admin@example.test")
    described = cloud.client.describe_organization(OrganizationId=cloud.organization)
    assert described["MigrationAdmin"] == admin
    assert cloud.fake.may_open("admin@example.test", "anna@example.test") == "ok"
    assert cloud.fake.may_open("anna@example.test", "admin@example.test") == "denied"
    cloud.fake.set_migration_admin(other, None)
    assert cloud.fake.may_open("admin@example.test", "anna@example.test") == "ok"
    cloud.fake.set_migration_admin(cloud.organization, None)
    described = cloud.client.describe_organization(OrganizationId=cloud.organization)
    assert described.get("MigrationAdmin") is None
    assert cloud.fake.may_open("admin@example.test", "anna@example.test") == "denied"


def test_an_organization_may_forbid_roles(cloud: Cloud) -> None:
    cloud.enable("anna")
    role = create_role(cloud, allow())
    cloud.clock.seconds += 60
    token = assume(cloud, role)
    cloud.fake.forbid_roles(cloud.organization)
    with pytest.raises(ClientError, match="AccessDeniedException"):
        create_role(cloud, allow())
    with pytest.raises(ClientError, match="AccessDeniedException"):
        assume(cloud, role)
    listed = cloud.client.list_impersonation_roles(OrganizationId=cloud.organization)["Roles"]
    assert [each["ImpersonationRoleId"] for each in listed] == [role]
    assert cloud.fake.check_token(token, "anna@example.test") == "ok"
    cloud.client.delete_impersonation_role(
        OrganizationId=cloud.organization, ImpersonationRoleId=role
    )
    cloud.fake.forbid_roles(cloud.organization, "ThrottlingException")
    with pytest.raises(ClientError, match="ThrottlingException"):
        create_role(cloud, allow())
    cloud.fake.forbid_roles(cloud.organization, "")
    assert create_role(cloud, allow())
