"""WorkMail's directory, as the use-cases need it. One of the ports (ports.py)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from migration.directory_model import (
    AccessRule,
    DirectoryGroup,
    DirectoryResource,
    DirectoryUser,
    Group,
    Made,
    MailboxSize,
    MailDomain,
    Organization,
    Owner,
    Permission,
    Resource,
    Token,
)
from migration.model import Mailbox


class Directory(Protocol):
    """WorkMail's API for one organization. Every call may raise Busy leaves when throttled."""

    def organization(self) -> Organization:
        """TenantMisconfigured if there is none with this id."""

    def domain(self, name: str) -> MailDomain | None: ...

    def register_domain(self, name: str) -> None:
        """Adds the domain, not verified. No error if the organization has it; TenantMisconfigured
        if another one has it."""

    def set_default_domain(self, name: str) -> None:
        """Makes it the domain in which new addresses are suggested. TenantMisconfigured if it is
        not verified."""

    def user(self, user_id: str) -> DirectoryUser | None:
        """The user of WorkMail's id, deleted ones too."""

    def users(self) -> list[DirectoryUser]:
        """All users, whatever their state and role, by what the list tells: no texts of the address
        book, and `ready` is False."""

    def find_user(self, address: str, username: str) -> DirectoryUser | None:
        """The user who has the address (primary or alias), else the one of that name."""

    def create_user(self, mailbox: Mailbox, password: str = "") -> Made:
        """Creates the user, disabled, with that password or without any. The texts of the
        address book and the quota are not set yet. UserRefused with the reason."""

    def set_primary_address(self, user_id: str, address: str) -> None:
        """Makes an alias, or a new address, the primary one; the old one becomes an alias. No error
        if it is that already. ProvisioningPending, UserRefused."""

    def update_user(self, user: DirectoryUser) -> bool:
        """Makes names and profile those of `user`, all of them: it is what `find_user` showed, with
        the changes. Id, user name, address and state are not changed. UserRefused; False, and
        nothing is changed, if WorkMail only reads the directory."""

    def reset_password(self, user_id: str, password: str) -> None:
        """Gives the user this password in place of the one before; the same again changes nothing.
        UserRefused also where WorkMail does not know the user, or its directory is read-only."""

    def set_quota(self, user_id: str, megabytes: int) -> None:
        """How much the mailbox may hold, also if that is less than it holds. UserRefused."""

    # -- groups, resources and permissions; entities are users, groups and resources
    def owner_of(self, address: str) -> Owner | None:
        """Who has the address, as primary or alias."""

    def owner_of_name(self, name: str) -> Owner | None:
        """Which user, group or resource has the name; those that were deleted do not count."""

    def find_group(self, address: str, name: str) -> DirectoryGroup | None:
        """The group that has the address (primary or alias), else the one of that name, else one of
        that name that was deleted. Whether something else has the address: see owner_of."""

    def create_group(self, group: Group) -> Made:
        """Creates the group, disabled and without members. ProvisioningPending, also if the name
        is taken and it cannot be seen by whom; UserRefused."""

    def update_group(self, group_id: str, hidden: bool) -> None:
        """Whether the address list leaves the group out. UserRefused."""

    def find_resource(self, address: str, name: str) -> DirectoryResource | None:
        """As find_group."""

    def create_resource(self, resource: Resource) -> Made:
        """Creates the resource, disabled, with WorkMail's booking options; as create_group."""

    def update_resource(self, resource: DirectoryResource) -> None:
        """Makes kind, description, hidden and booking those of `resource`, all of them: it is what
        `find_resource` showed, with the changes. UserRefused, also if it would neither answer
        requests by itself nor have a delegate."""

    def enable_entity(self, entity_id: str, address: str) -> bool:
        """Gives it the address, and users and resources a mailbox; False if it has it already.
        ProvisioningPending, UserRefused."""

    def aliases(self, entity_id: str) -> frozenset[str]: ...

    def add_alias(self, entity_id: str, alias: str) -> bool:
        """False if it has it already. UserRefused if another entity has it."""

    def members(self, group_id: str) -> frozenset[str]:
        """The ids of the users and groups in the group itself, not in its groups."""

    def add_member(self, group_id: str, member_id: str) -> None:
        """A user or a group. No error if it is a member. UserRefused."""

    def delegates(self, resource_id: str) -> frozenset[str]:
        """The ids of the users and groups who answer its requests."""

    def add_delegate(self, resource_id: str, delegate_id: str) -> None:
        """A user or a group. No error if it is one. UserRefused."""

    def permissions(self, owner_id: str) -> Mapping[str, frozenset[Permission]]:
        """What others may do with the mailbox, by the id of the grantee."""

    def put_permissions(
        self, owner_id: str, grantee_id: str, permissions: Collection[Permission]
    ) -> None:
        """Takes the place of all that the grantee had; at least one. UserRefused."""

    def state_of(self, entity_id: str) -> str:
        """ENABLED, DISABLED or DELETED, the latter also for what WorkMail does not know."""

    # -- what is taken back; no error if it is gone
    def delete_permissions(self, owner_id: str, grantee_id: str) -> None: ...

    def remove_alias(self, entity_id: str, alias: str) -> None: ...

    def remove_member(self, group_id: str, member_id: str) -> None: ...

    def remove_delegate(self, resource_id: str, delegate_id: str) -> None: ...

    def disable_entity(self, entity_id: str) -> None:
        """Takes its addresses and permissions; WorkMail keeps a mailbox for 30 days."""

    def delete_user(self, user_id: str) -> None:
        """ProvisioningPending if it is not disabled; so for groups and resources."""

    def delete_group(self, group_id: str) -> None: ...

    def delete_resource(self, resource_id: str) -> None: ...

    def deregister_domain(self, name: str) -> None:
        """UserRefused while anybody has an address in it."""

    # -- the organization's rules
    def retention_days(self) -> Mapping[str, int]:
        """Folders whose items an active retention policy deletes, and after how many days."""

    def access_rules(self) -> list[AccessRule]:
        """All access control rules; without any, WorkMail denies everything."""

    def enforces_dmarc(self) -> bool:
        """Whether WorkMail rejects or junks incoming mail as the sender's DMARC policy says."""

    def authentication_mode(self) -> str:
        """IDENTITY_PROVIDER_ONLY or IDENTITY_PROVIDER_AND_DIRECTORY; "" without IAM Identity
        Center."""

    def enabled_users(self) -> list[DirectoryUser]:
        """All users whose state is ENABLED. Whether they are `ready` is not told: it is False."""

    def mailbox_size(self, user_id: str) -> MailboxSize | None:
        """None if the user has no mailbox."""

    def find_role(self, name: str) -> str | None:
        """The id of the impersonation role of that name."""

    def create_role(self, name: str, description: str) -> str:
        """An impersonation role with full access to all mailboxes; its id."""

    def delete_role(self, role_id: str) -> None:
        """No error if it is gone."""

    def assume_role(self, role_id: str) -> Token: ...
