"""WorkMail's calls about a mailbox: how full it is, and how full it may be."""

from collections.abc import Mapping
from typing import Any

from localrun.fakes.workmail.state import MAXIMUM_QUOTA_MB, Account
from localrun.model_service import ApiError


class MailboxCalls:
    _account: Account

    def get_mailbox_details(self, *, organization_id: str, user_id: str) -> Mapping[str, Any]:
        """Sizes in megabytes. A user without a mailbox is not found: no state error is declared."""
        organization = self._account.organization(organization_id)
        user = self._account.user(organization, user_id)
        if not user.has_mailbox(self._account.now()):
            raise ApiError("EntityNotFoundException", f"The user {user_id} has no mailbox.")
        return {"MailboxQuota": user.quota_mb, "MailboxSize": user.size_mb}

    def update_mailbox_quota(
        self, *, organization_id: str, user_id: str, mailbox_quota: int
    ) -> None:
        organization = self._account.organization(organization_id)
        user = self._account.enabled_user(organization, user_id)
        if mailbox_quota > MAXIMUM_QUOTA_MB:
            raise ApiError("InvalidParameterException", f"{MAXIMUM_QUOTA_MB} MB at most.")
        user.quota_mb = mailbox_quota
