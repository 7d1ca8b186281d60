"""WorkMail's calls about who gets in: access control rules, inbound DMARC, IAM Identity Center.

Access control rules: any matching DENY wins, else one matching ALLOW is needed, else it is DENY;
so without rules everything is denied. (The latter: administrator guide, "Working with access
control rules"; the former: the example of GetAccessControlEffect in the AWS CLI's reference.)
How the conditions about users and roles go together is not documented. Here a rule with either
kind of list is about the users and roles that are listed; a rule with exceptions is about all
others.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from localrun.fakes.workmail.state import Account
from localrun.model_service import ApiError

MAXIMUM_RULES = 10
DEFAULT_RULE: Mapping[str, Any] = {
    "Name": "default",
    "Effect": "ALLOW",
    "Description": "Default WorkMail Rule",
}


class PolicyCalls:
    _account: Account

    def list_access_control_rules(self, *, organization_id: str) -> Mapping[str, Any]:
        organization = self._account.organization(organization_id)
        return {"Rules": list(organization.access_rules.values())}

    def put_access_control_rule(
        self, *, organization_id: str, name: str, effect: str, description: str, **conditions: Any
    ) -> None:
        """Takes the place of a rule of the same name. An organization has ten at most."""
        organization = self._account.organization(organization_id)
        rules = organization.access_rules
        if name not in rules and len(rules) >= MAXIMUM_RULES:
            raise ApiError("LimitExceededException", f"{MAXIMUM_RULES} rules at most.")
        for reference in (*conditions.get("user_ids", ()), *conditions.get("not_user_ids", ())):
            self._account.user(organization, reference)
        roles = ("impersonation_role_ids", "not_impersonation_role_ids")
        for role in (role for key in roles for role in conditions.get(key, ())):
            if role not in organization.roles:
                raise ApiError("ResourceNotFoundException", "The impersonation role is not known.")
        before = rules.get(name, {}).get("DateCreated")
        now = self._account.timestamp(self._account.now())
        rules[name] = {
            "Name": name,
            "Effect": effect,
            "Description": description,
            "DateCreated": before or now,
            "DateModified": now,
        } | {_member(key): list(values) for key, values in conditions.items() if values}

    def delete_access_control_rule(self, *, organization_id: str, name: str) -> None:
        """A rule that is not there changes nothing."""
        self._account.organization(organization_id).access_rules.pop(name, None)

    def get_access_control_effect(
        self,
        *,
        organization_id: str,
        ip_address: str,
        action: str,
        user_id: str | None = None,
        impersonation_role_id: str | None = None,
    ) -> Mapping[str, Any]:
        organization = self._account.organization(organization_id)
        if (user_id is None) == (impersonation_role_id is None):
            raise ApiError("InvalidParameterException", "Give a user or an impersonation role.")
        if user_id is not None:
            self._account.user(organization, user_id)
        elif impersonation_role_id not in organization.roles:
            raise ApiError("ResourceNotFoundException", "The impersonation role is not known.")
        elif action != "EWS":
            raise ApiError("InvalidParameterException", "Impersonation roles only use EWS.")
        subject = (
            ("UserIds", user_id) if user_id else ("ImpersonationRoleIds", impersonation_role_id)
        )
        matching = [
            rule
            for rule in organization.access_rules.values()
            if _matches(rule, ip_address, action, *subject)
        ]
        denying = [rule for rule in matching if rule["Effect"] == "DENY"]
        effect = "ALLOW" if matching and not denying else "DENY"
        return {"Effect": effect, "MatchedRules": [rule["Name"] for rule in denying or matching]}

    def put_inbound_dmarc_settings(self, *, organization_id: str, enforced: bool) -> None:
        self._account.organization(organization_id).enforces_dmarc = enforced

    def describe_inbound_dmarc_settings(self, *, organization_id: str) -> Mapping[str, Any]:
        return {"Enforced": self._account.organization(organization_id).enforces_dmarc}

    def put_identity_provider_configuration(
        self,
        *,
        organization_id: str,
        authentication_mode: str,
        identity_center_configuration: Mapping[str, Any],
        personal_access_token_configuration: Mapping[str, Any],
    ) -> None:
        self._account.organization(organization_id).identity_provider = {
            "AuthenticationMode": authentication_mode,
            "IdentityCenterConfiguration": identity_center_configuration,
            "PersonalAccessTokenConfiguration": personal_access_token_configuration,
        }

    def describe_identity_provider_configuration(
        self, *, organization_id: str
    ) -> Mapping[str, Any]:
        known = self._account.organization(organization_id).identity_provider
        if known is None:
            raise ApiError("ResourceNotFoundException", "No identity provider is configured.")
        return known

    def delete_identity_provider_configuration(self, *, organization_id: str) -> None:
        """One that is not there changes nothing."""
        self._account.organization(organization_id).identity_provider = None


def _matches(
    rule: Mapping[str, Any], ip_address: str, action: str, kind: str, subject: str | None
) -> bool:
    subjects = {"UserIds", "ImpersonationRoleIds"} & set(rule)
    return (
        action in rule.get("Actions", [action])
        and action not in rule.get("NotActions", ())
        and _is_in(ip_address, rule.get("IpRanges", ["0.0.0.0/0"]))
        and not _is_in(ip_address, rule.get("NotIpRanges", ()))
        and (not subjects or subject in rule.get(kind, ()))
        and subject not in rule.get(f"Not{kind}", ())
    )


def _is_in(ip_address: str, ranges: Sequence[str]) -> bool:
    address = ipaddress.IPv4Address(ip_address)
    return any(address in ipaddress.IPv4Network(each, strict=False) for each in ranges)


def _member(argument: str) -> str:
    """ip_ranges -> IpRanges"""
    return "".join(word.capitalize() for word in argument.split("_"))
