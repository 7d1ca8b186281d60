"""WorkMail's impersonation roles: the calls, and what their tokens are worth to a mail server.

Rules: any matching DENY wins, else one matching ALLOW is needed, else it is DENY. A rule without
TargetUsers and NotTargetUsers matches everybody. (Administrator guide, "Managing impersonation
roles".) A new or changed role works on mailboxes only after `propagation_lag`, while
GetImpersonationRoleEffect and AssumeImpersonationRole answer at once.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from localrun.fakes.workmail.state import (
    Account,
    ImpersonationRole,
    Organization,
    new_id,
    page,
)
from localrun.model_service import ApiError

TOKEN_SECONDS = 900
TokenVerdict = Literal["ok", "expired", "unknown", "denied", "not-ready"]


@dataclass(frozen=True, slots=True)
class _Token:
    organization_id: str
    role_id: str
    expires_at: float


class ImpersonationCalls:
    _account: Account
    _tokens: dict[str, _Token]
    _roles_by_client_token: dict[str, str]

    def create_impersonation_role(
        self,
        *,
        organization_id: str,
        name: str,
        type: str,  # noqa: A002 - the member's name in the model
        rules: Sequence[Mapping[str, Any]],
        description: str | None = None,
        client_token: str | None = None,
    ) -> Mapping[str, Any]:
        """The same ClientToken again answers with the same role."""
        organization = self._account.organization(organization_id)
        _check_allowed(organization, "CreateImpersonationRole")
        known = self._roles_by_client_token.get(client_token or "")
        if known in organization.roles:
            return {"ImpersonationRoleId": known}
        checked = self._checked_rules(organization, rules)
        now = self._account.now()
        role = ImpersonationRole(new_id(), name, type, description, checked, now, now)
        organization.roles[role.role_id] = role
        if client_token is not None:
            self._roles_by_client_token[client_token] = role.role_id
        return {"ImpersonationRoleId": role.role_id}

    def get_impersonation_role(
        self, *, organization_id: str, impersonation_role_id: str
    ) -> Mapping[str, Any]:
        role = self._role(self._account.organization(organization_id), impersonation_role_id)
        return {
            **_summary(role, self._account),
            "Description": role.description,
            "Rules": role.rules,
        }

    def update_impersonation_role(
        self,
        *,
        organization_id: str,
        impersonation_role_id: str,
        name: str,
        type: str,  # noqa: A002 - the member's name in the model
        rules: Sequence[Mapping[str, Any]],
        description: str | None = None,
    ) -> None:
        organization = self._account.organization(organization_id)
        role = self._role(organization, impersonation_role_id)
        role.rules = self._checked_rules(organization, rules)
        role.name, role.type, role.description = name, type, description
        role.changed_at = self._account.now()

    def delete_impersonation_role(
        self, *, organization_id: str, impersonation_role_id: str
    ) -> None:
        """Its tokens are worthless from now on. A role that is not there changes nothing."""
        organization = self._account.organization(organization_id)
        organization.roles.pop(impersonation_role_id, None)

    def list_impersonation_roles(
        self,
        *,
        organization_id: str,
        next_token: str | None = None,
        max_results: int | None = None,
    ) -> Mapping[str, Any]:
        roles = self._account.organization(organization_id).roles.values()
        found, token = page(
            [_summary(role, self._account) for role in roles], next_token, max_results
        )
        return {"Roles": found, "NextToken": token}

    def get_impersonation_role_effect(
        self, *, organization_id: str, impersonation_role_id: str, target_user: str
    ) -> Mapping[str, Any]:
        organization = self._account.organization(organization_id)
        role = self._role(organization, impersonation_role_id)
        user = self._account.enabled_user(organization, target_user)
        effect, matched = _evaluate(role, user.user_id)
        rules = [
            {"ImpersonationRuleId": rule["ImpersonationRuleId"], "Name": rule.get("Name")}
            for rule in matched
        ]
        return {"Type": role.type, "Effect": effect, "MatchedRules": rules}

    def assume_impersonation_role(
        self, *, organization_id: str, impersonation_role_id: str
    ) -> Mapping[str, Any]:
        organization = self._account.organization(organization_id)
        _check_allowed(organization, "AssumeImpersonationRole")
        role = self._role(organization, impersonation_role_id)
        token = secrets.token_urlsafe(48)
        expires_at = self._account.now() + TOKEN_SECONDS
        self._tokens[token] = _Token(organization_id, role.role_id, expires_at)
        return {"Token": token, "ExpiresIn": TOKEN_SECONDS}

    def expire_tokens(self) -> None:
        """Ends the time of every token that was given so far, as if `TOKEN_SECONDS` were over."""
        now = self._account.now()
        for token, known in list(self._tokens.items()):
            self._tokens[token] = replace(known, expires_at=now)

    def check_token(self, token: str, mailbox: str) -> TokenVerdict:
        """What a mail server makes of a token for the mailbox with this address.

        "unknown" also when its role was deleted; "denied" also when there is no such mailbox;
        "not-ready" until the role has been the same for `propagation_lag`.
        """
        known = self._tokens.get(token)
        if known is None:
            return "unknown"
        organization = self._account.organizations[known.organization_id]
        role = organization.roles.get(known.role_id)
        if role is None:
            return "unknown"
        now = self._account.now()
        if now >= known.expires_at:
            return "expired"
        if now < role.changed_at + self._account.propagation_lag:
            return "not-ready"
        owner = organization.mailbox_of(mailbox)
        if owner is None or not owner.has_mailbox(now):
            return "denied"
        return "ok" if _evaluate(role, owner.entity_id)[0] == "ALLOW" else "denied"

    def _role(self, organization: Organization, role_id: str) -> ImpersonationRole:
        if role_id not in organization.roles:
            raise ApiError("ResourceNotFoundException", "The impersonation role is not known.")
        return organization.roles[role_id]

    def _checked_rules(
        self, organization: Organization, rules: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        """The rules with every user as its id; raises for repeated ids and unknown users."""
        ids = [rule["ImpersonationRuleId"] for rule in rules]
        if len(set(ids)) != len(ids):
            raise ApiError("InvalidParameterException", "Two rules have the same id.")
        checked = []
        for rule in rules:
            copied = dict(rule)
            if "TargetUsers" in rule and "NotTargetUsers" in rule:
                raise ApiError("InvalidParameterException", "A rule has one kind of targets.")
            for targets in {"TargetUsers", "NotTargetUsers"} & set(rule):
                copied[targets] = [
                    self._account.user(organization, reference).user_id
                    for reference in rule[targets]
                ]
            checked.append(copied)
        return checked


def _check_allowed(organization: Organization, operation: str) -> None:
    if organization.roles_refused_with:
        raise ApiError(
            organization.roles_refused_with,
            f"Not authorized to perform: workmail:{operation} with an explicit deny in a service "
            "control policy",
        )


def _summary(role: ImpersonationRole, account: Account) -> dict[str, Any]:
    return {
        "ImpersonationRoleId": role.role_id,
        "Name": role.name,
        "Type": role.type,
        "DateCreated": account.timestamp(role.created_at),
        "DateModified": account.timestamp(role.changed_at),
    }


def _evaluate(
    role: ImpersonationRole, owner_id: str
) -> tuple[Literal["ALLOW", "DENY"], list[Mapping[str, Any]]]:
    """The effect of a role on the mailbox of a user or resource, and the rules that made it so."""
    matching = [rule for rule in role.rules if _rule_matches(rule, owner_id)]
    denying = [rule for rule in matching if rule["Effect"] == "DENY"]
    if denying or not matching:
        return "DENY", list(denying)
    return "ALLOW", list(matching)


def _rule_matches(rule: Mapping[str, Any], owner_id: str) -> bool:
    if "TargetUsers" in rule:
        return owner_id in rule["TargetUsers"]
    return owner_id not in rule.get("NotTargetUsers", ())
