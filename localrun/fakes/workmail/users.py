"""WorkMail's calls about users: their life from CreateUser to DeleteUser."""

from collections.abc import Mapping
from typing import Any

from localrun.fakes.workmail.state import Account, User, new_id, page
from localrun.model_service import ApiError

_ROLES_OF_WORKMAIL_ITSELF = frozenset({"RESOURCE", "SYSTEM_USER"})


class UserCalls:
    _account: Account

    def create_user(
        self,
        *,
        organization_id: str,
        name: str,
        display_name: str,
        password: str | None = None,
        role: str = "USER",
        first_name: str | None = None,
        last_name: str | None = None,
        hidden_from_global_address_list: bool = False,
        identity_provider_user_id: str | None = None,
    ) -> Mapping[str, Any]:
        """The user is DISABLED, and unseen by other calls for `consistency_lag`."""
        organization = self._account.writable(organization_id)
        _check_role(role)
        self._account.check_free_name(organization, name)
        if password is not None:
            _check_password(password)
        user = User(
            user_id=new_id(),
            name=name,
            display_name=display_name,
            role=role,
            visible_at=self._account.now() + self._account.consistency_lag,
            password=password,
            password_at=self._account.now() + self._account.password_lag,
            attributes={
                "FirstName": first_name,
                "LastName": last_name,
                "HiddenFromGlobalAddressList": hidden_from_global_address_list,
                "IdentityProviderUserId": identity_provider_user_id,
            },
        )
        organization.add(user)
        return {"UserId": user.user_id}

    def describe_user(self, *, organization_id: str, user_id: str) -> Mapping[str, Any]:
        organization = self._account.organization(organization_id)
        user = self._account.user(organization, user_id)
        return {
            "UserId": user.user_id,
            **_summary(user, self._account),
            **_mailbox_dates(user, self._account),
        } | {name: value for name, value in user.attributes.items() if value is not None}

    def list_users(
        self,
        *,
        organization_id: str,
        next_token: str | None = None,
        max_results: int | None = None,
        filters: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        """Users in the order of their names, deleted ones too."""
        organization = self._account.organization(organization_id)
        now = self._account.now()
        seen = [user for user in organization.users.values() if now >= user.visible_at]
        found = [
            {"Id": user.user_id, **_summary(user, self._account)}
            for user in sorted(seen, key=lambda user: (user.name.lower(), user.user_id))
        ]
        chosen = [user for user in found if _matches(user, filters or {})]
        users, token = page(chosen, next_token, max_results)
        return {"Users": users, "NextToken": token}

    def update_user(
        self,
        *,
        organization_id: str,
        user_id: str,
        role: str | None = None,
        display_name: str | None = None,
        **attributes: Any,
    ) -> None:
        """The address-book attributes become exactly the given ones, as documented."""
        organization = self._account.writable(organization_id)
        user = self._account.user(organization, user_id)
        if user.deleted:
            raise ApiError("EntityStateException", "The user is DELETED.")
        if role is not None:
            _check_role(role)
            user.role = role
        user.display_name = display_name or user.display_name
        user.attributes = {
            "".join(word.capitalize() for word in name.split("_")): value
            for name, value in attributes.items()
            if value != ""
        }

    def reset_password(self, *, organization_id: str, user_id: str, password: str) -> None:
        """The mail servers know it after `password_lag`, and until then refuse both."""
        organization = self._account.writable(organization_id)
        user = self._account.user(organization, user_id)
        if user.deleted:
            raise ApiError("EntityStateException", f"The user {user_id} is DELETED.")
        _check_password(password)
        if password != user.password:
            user.password_at = self._account.now() + self._account.password_lag
        user.password = password

    def delete_user(self, *, organization_id: str, user_id: str) -> None:
        """Deleting a deleted user changes nothing.

        EntityNotFoundException is not among this operation's errors, so a user that nobody knows
        is an EntityStateException like one that is in use.
        """
        organization = self._account.writable(organization_id)
        try:
            user = self._account.user(organization, user_id)
        except ApiError as error:
            raise ApiError("EntityStateException", error.message) from None
        if user.registered_at is not None:
            raise ApiError("EntityStateException", f"The user {user_id} is ENABLED.")
        organization.delete(user)


def _summary(user: User, account: Account) -> dict[str, Any]:
    state = user.state(account.now())
    return {
        "Name": user.name,
        "Email": user.email,
        "DisplayName": user.display_name,
        "State": state,
        "UserRole": user.role,
        "EnabledDate": account.timestamp(user.registered_at) if state == "ENABLED" else None,
        "DisabledDate": account.timestamp(user.disabled_at),
        "IdentityProviderUserId": user.attributes.get("IdentityProviderUserId"),
    }


def _mailbox_dates(user: User, account: Account) -> dict[str, Any]:
    provisioned = user.provisioned_at
    reached = provisioned is not None and account.now() >= provisioned
    return {
        "MailboxProvisionedDate": account.timestamp(provisioned) if reached else None,
        "MailboxDeprovisionedDate": account.timestamp(user.disabled_at),
    }


def _matches(user: Mapping[str, Any], filters: Mapping[str, str]) -> bool:
    """Whether a user passes every filter of ListUsers; prefixes disregard case."""
    prefixes = {
        "UsernamePrefix": "Name",
        "DisplayNamePrefix": "DisplayName",
        "PrimaryEmailPrefix": "Email",
        "IdentityProviderUserIdPrefix": "IdentityProviderUserId",
    }
    for name, wanted in filters.items():
        if name == "State":
            if user["State"] != wanted:
                return False
        elif not str(user[prefixes[name]] or "").lower().startswith(wanted.lower()):
            return False
    return True


def _check_role(role: str) -> None:
    if role in _ROLES_OF_WORKMAIL_ITSELF:
        raise ApiError("InvalidParameterException", f"The role {role} cannot be given.")


def _check_password(password: str) -> None:
    """The policy of the WorkMail directory: 8 to 63 characters of three of five classes."""
    classes = [
        any(character.isascii() and character.isupper() for character in password),
        any(character.isascii() and character.islower() for character in password),
        any(character.isascii() and character.isdigit() for character in password),
        any(character.isascii() and not character.isalnum() for character in password),
        any(not character.isascii() for character in password),
    ]
    if not 8 <= len(password) < 64 or sum(classes) < 3:
        raise ApiError("InvalidPasswordException", "The password does not meet the policy.")
