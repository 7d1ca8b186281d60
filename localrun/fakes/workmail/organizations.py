"""WorkMail's calls about organizations, mail domains and organization-wide policies."""

from collections.abc import Mapping
from typing import Any

from localrun.fakes.workmail.state import Account, Domain, new_id, page
from localrun.model_service import ApiError

RETENTION_FOLDERS = ("INBOX", "DELETED_ITEMS", "SENT_ITEMS", "DRAFTS", "JUNK_EMAIL")


class OrganizationCalls:
    _account: Account

    def describe_organization(self, *, organization_id: str) -> Mapping[str, Any]:
        organization = self._account.any_organization(organization_id)
        arn = f"arn:aws:workmail:{self._account.region}:123456789012:organization/{organization_id}"
        return {
            "OrganizationId": organization_id,
            "Alias": organization.alias,
            "State": organization.state,
            "DirectoryId": f"d-{organization_id[2:12]}",
            "DirectoryType": organization.directory_type,
            "DefaultMailDomain": organization.default_domain,
            "CompletedDate": self._account.timestamp(organization.created_at),
            "ARN": arn,
            "MigrationAdmin": organization.migration_admin,
            "InteroperabilityEnabled": organization.interoperability,
        }

    def list_organizations(
        self, *, next_token: str | None = None, max_results: int | None = None
    ) -> Mapping[str, Any]:
        summaries = [
            {
                "OrganizationId": organization.organization_id,
                "Alias": organization.alias,
                "DefaultMailDomain": organization.default_domain,
                "State": organization.state,
            }
            for organization in self._account.organizations.values()
        ]
        found, token = page(summaries, next_token, max_results)
        return {"OrganizationSummaries": found, "NextToken": token}

    def register_mail_domain(
        self, *, organization_id: str, domain_name: str, client_token: str | None = None
    ) -> None:
        """Registering a domain of the same organization again changes nothing."""
        name = domain_name.lower()
        organization = self._account.organization(organization_id)
        if name in organization.domains:
            return
        others = self._account.organizations.values()
        if any(name in other.domains for other in others):
            raise ApiError("MailDomainInUseException", f"{name} is in use.")
        organization.domains[name] = new_domain(name, self._account.now())

    def deregister_mail_domain(self, *, organization_id: str, domain_name: str) -> None:
        """A domain that is not there changes nothing."""
        name = domain_name.lower()
        organization = self._account.organization(organization_id)
        entities = [
            *organization.users.values(),
            *organization.groups.values(),
            *organization.resources.values(),
        ]
        if any(
            address.endswith(f"@{name}") for entity in entities for address in entity.addresses()
        ):
            raise ApiError("MailDomainInUseException", f"{name} has addresses.")
        domain = organization.domains.get(name)
        if domain is not None and domain.is_test:
            raise ApiError("InvalidParameterException", "The test domain stays.")
        organization.domains.pop(name, None)
        if organization.default_domain == name:
            organization.default_domain = organization.test_domain

    def update_default_mail_domain(self, *, organization_id: str, domain_name: str) -> None:
        organization = self._account.organization(organization_id)
        domain = organization.domains.get(domain_name.lower())
        if domain is None:
            raise ApiError("MailDomainNotFoundException", f"{domain_name} is not registered.")
        self._account.look_for_ownership(domain)
        if domain.ownership != "VERIFIED":
            raise ApiError("MailDomainStateException", f"{domain.name} is not verified.")
        organization.default_domain = domain.name

    def get_mail_domain(self, *, organization_id: str, domain_name: str) -> Mapping[str, Any]:
        organization = self._account.organization(organization_id)
        domain = organization.domains.get(domain_name.lower())
        if domain is None:
            raise ApiError("MailDomainNotFoundException", f"{domain_name} is not registered.")
        self._account.look_for_ownership(domain)
        return {
            "Records": [] if domain.is_test else _dns_records(domain, self._account.region),
            "IsTestDomain": domain.is_test,
            "IsDefault": domain.name == organization.default_domain,
            "OwnershipVerificationStatus": domain.ownership,
            "DkimVerificationStatus": domain.dkim,
        }

    def list_mail_domains(
        self,
        *,
        organization_id: str,
        max_results: int | None = None,
        next_token: str | None = None,
    ) -> Mapping[str, Any]:
        organization = self._account.organization(organization_id)
        domains = [
            {"DomainName": name, "DefaultDomain": name == organization.default_domain}
            for name in sorted(organization.domains)
        ]
        found, token = page(domains, next_token, max_results)
        return {"MailDomains": found, "NextToken": token}

    def get_default_retention_policy(self, *, organization_id: str) -> Mapping[str, Any]:
        """Unless set otherwise, every folder keeps its items for ever (Action NONE)."""
        organization = self._account.organization(organization_id)
        folders = []
        for name in RETENTION_FOLDERS:
            action, period = organization.retention.get(name, ("NONE", None))
            folders.append({"Name": name, "Action": action, "Period": period})
        return {"Id": "default", "Name": "Default", "FolderConfigurations": folders}


def new_domain(name: str, registered_at: float) -> Domain:
    """A domain as it is after RegisterMailDomain: known, and waiting for its DNS records."""
    dkim_tokens = [new_id().replace("-", "") for _ in range(3)]
    token = f"{new_id()}{new_id()}".replace("-", "")[:43] + "="
    return Domain(
        name,
        "PENDING",
        "PENDING",
        ownership_token=token,
        dkim_tokens=dkim_tokens,
        registered_at=registered_at,
    )


def _dns_records(domain: Domain, region: str) -> list[Mapping[str, str]]:
    """The records that WorkMail wants, written as for Route 53: final dots, quoted TXT.

    Kinds and values: WorkMail administrator guide, "Adding a domain". How the API itself writes
    dots and quotes is not documented, so a reader has to bear either.
    """
    name = domain.name
    rows = [
        ("TXT", f"_amazonses.{name}.", f'"{domain.ownership_token}"'),
        ("MX", f"{name}.", f"10 inbound-smtp.{region}.amazonaws.com."),
        ("CNAME", f"autodiscover.{name}.", f"autodiscover.mail.{region}.awsapps.com."),
        *(
            ("CNAME", f"{token}._domainkey.{name}.", f"{token}.dkim.amazonses.com.")
            for token in domain.dkim_tokens
        ),
        ("TXT", f"{name}.", '"v=spf1 include:amazonses.com ~all"'),
        ("TXT", f"_dmarc.{name}.", '"v=DMARC1;p=quarantine;pct=100;fo=1"'),
    ]
    return [{"Type": kind, "Hostname": host, "Value": value} for kind, host, value in rows]
