"""What WorkMail's users, groups and resources have in common: addresses, and who may use whose
mailbox."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from migration.aws.directory_errors import translated
from migration.aws.directory_groups import DirectoryGroups
from migration.directory_model import Permission


class DirectoryEntities(DirectoryGroups):
    """The part of a Directory that is about any entity. What is removed may be gone already."""

    def enable_entity(self, entity_id: str, address: str) -> bool:
        exceptions = self._client.exceptions
        with translated("RegisterToWorkMail"):
            try:
                self._client.register_to_work_mail(
                    OrganizationId=self._organization_id, EntityId=entity_id, Email=address
                )
            except (
                exceptions.EntityAlreadyRegisteredException,
                exceptions.EmailAddressInUseException,
            ):
                if not self._has(entity_id, address):
                    raise
                return False
        return True

    def disable_entity(self, entity_id: str) -> None:
        exceptions = self._client.exceptions
        with translated("DeregisterFromWorkMail"):
            try:
                self._client.deregister_from_work_mail(
                    OrganizationId=self._organization_id, EntityId=entity_id
                )
            except exceptions.EntityNotFoundException:
                return
            except exceptions.EntityStateException:
                if self.state_of(entity_id) == "ENABLED":
                    raise

    def delete_user(self, user_id: str) -> None:
        with translated("DeleteUser"):
            try:
                self._client.delete_user(OrganizationId=self._organization_id, UserId=user_id)
            except self._client.exceptions.EntityStateException:
                if self.state_of(user_id) != "DELETED":
                    raise

    def aliases(self, entity_id: str) -> frozenset[str]:
        """Without the primary address. WorkMail adds one in its test domain by itself."""
        with translated("ListAliases"):
            pages = self._client.get_paginator("list_aliases").paginate(
                OrganizationId=self._organization_id, EntityId=entity_id
            )
            return frozenset(alias for page in pages for alias in page.get("Aliases", []))

    def add_alias(self, entity_id: str, alias: str) -> bool:
        with translated("CreateAlias"):
            try:
                self._client.create_alias(
                    OrganizationId=self._organization_id, EntityId=entity_id, Alias=alias
                )
            except self._client.exceptions.EmailAddressInUseException:
                if not self._has(entity_id, alias):
                    raise
                return False
        return True

    def remove_alias(self, entity_id: str, alias: str) -> None:
        """Who is disabled has no aliases any more."""
        exceptions = self._client.exceptions
        with translated("DeleteAlias"):
            try:
                self._client.delete_alias(
                    OrganizationId=self._organization_id, EntityId=entity_id, Alias=alias
                )
            except exceptions.EntityNotFoundException:
                return
            except exceptions.EntityStateException:
                if self.state_of(entity_id) == "ENABLED":
                    raise

    def permissions(self, owner_id: str) -> Mapping[str, frozenset[Permission]]:
        with translated("ListMailboxPermissions"):
            pages = self._client.get_paginator("list_mailbox_permissions").paginate(
                OrganizationId=self._organization_id, EntityId=owner_id
            )
            return {
                grant["GranteeId"]: frozenset(map(Permission, grant["PermissionValues"]))
                for page in pages
                for grant in page.get("Permissions", [])
            }

    def put_permissions(
        self, owner_id: str, grantee_id: str, permissions: Collection[Permission]
    ) -> None:
        with translated("PutMailboxPermissions"):
            self._client.put_mailbox_permissions(
                OrganizationId=self._organization_id,
                EntityId=owner_id,
                GranteeId=grantee_id,
                PermissionValues=[each.value for each in sorted(permissions)],
            )

    def delete_permissions(self, owner_id: str, grantee_id: str) -> None:
        """Who is disabled grants nothing any more."""
        exceptions = self._client.exceptions
        with translated("DeleteMailboxPermissions"):
            try:
                self._client.delete_mailbox_permissions(
                    OrganizationId=self._organization_id, EntityId=owner_id, GranteeId=grantee_id
                )
            except exceptions.EntityNotFoundException:
                return
            except exceptions.EntityStateException:
                if self.state_of(owner_id) == "ENABLED":
                    raise

    def _has(self, entity_id: str, address: str) -> bool:
        owner = self.owner_of(address)
        return owner is not None and owner.id == entity_id
