"""Amazon WorkMail's API with the behaviour that a migration meets, in virtual time.

Serve it with `ModelService("workmail", fake, "InvalidParameterException")`. Implemented are the
calls about users, groups, resources, addresses, mailboxes, permissions, mail domains, policies and
impersonation roles that have a method in the modules of this package; ModelService answers 501 for
the rest. Everything lives in memory.

WorkMail is slow to agree with itself, and so is this: a new user is unseen for `consistency_lag`
seconds, a registered one has no mailbox for `mailbox_lag`, the mail servers refuse a new password
for `password_lag`, and an impersonation role or FULL_ACCESS does not work on mailboxes for
`propagation_lag`, though the API says it does.
"""

import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from localrun.fakes.workmail.entities import EntityCalls
from localrun.fakes.workmail.groups import GroupCalls
from localrun.fakes.workmail.impersonation import ImpersonationCalls
from localrun.fakes.workmail.mailboxes import MailboxCalls
from localrun.fakes.workmail.organizations import OrganizationCalls
from localrun.fakes.workmail.permissions import PermissionCalls
from localrun.fakes.workmail.policies import DEFAULT_RULE, PolicyCalls
from localrun.fakes.workmail.resources import ResourceCalls
from localrun.fakes.workmail.state import Account, Domain, DomainStatus, Organization, User
from localrun.fakes.workmail.users import UserCalls
from localrun.fakes.workmail.verification import OwnershipChecks, Published
from localrun.model_service import ApiError

__all__ = ["FakeWorkMail"]

_T = TypeVar("_T")


class FakeWorkMail(
    OrganizationCalls,
    PolicyCalls,
    UserCalls,
    GroupCalls,
    ResourceCalls,
    EntityCalls,
    PermissionCalls,
    MailboxCalls,
    ImpersonationCalls,
):
    """The backend of one account in one Region, and what tests and mail servers ask of it.

    `now` gives virtual seconds since the epoch; the lags are in the same seconds.
    """

    def __init__(
        self,
        now: Callable[[], float],
        consistency_lag: float = 2.0,
        mailbox_lag: float = 5.0,
        propagation_lag: float = 60.0,
        region: str = "eu-west-1",
        password_lag: float = 60.0,
    ) -> None:
        self._account = Account(
            now, consistency_lag, mailbox_lag, propagation_lag, password_lag, region
        )
        self._tokens = {}
        self._roles_by_client_token = {}
        self._failures: defaultdict[str, deque[ApiError]] = defaultdict(deque)

    def before_call(self, operation: str) -> None:
        if self._failures[operation]:
            raise self._failures[operation].popleft()

    def fail_next(self, operation: str, code: str, message: str, times: int = 1) -> None:
        """Let the next calls of an operation ("CreateUser") fail with this error."""
        self._failures[operation].extend(ApiError(code, message) for _ in range(times))

    def watch_dns(self, published: Published, lag: float = 600.0) -> None:
        """From now on a domain that is not verified becomes so by the record that `published`
        tells, `lag` seconds after it was first seen; see verification.py."""
        self._account.look_for_ownership = OwnershipChecks(self._account.now, published, lag).look

    def seed_organization(self, alias: str, domain: str = "", verified: bool = True) -> str:
        """An active organization with its test domain, the `domain` if there is one, and the access
        control rule that every new one has; returns its id."""
        organization_id = f"m-{uuid.uuid4().hex}"
        test_domain = Domain(f"{alias}.awsapps.com", "VERIFIED", "VERIFIED", is_test=True)
        self._account.organizations[organization_id] = Organization(
            organization_id,
            alias,
            default_domain=domain if domain and verified else test_domain.name,
            domains={test_domain.name: test_domain},
            created_at=self._account.now(),
            access_rules={DEFAULT_RULE["Name"]: dict(DEFAULT_RULE)},
        )
        if domain:
            self.register_mail_domain(organization_id=organization_id, domain_name=domain)
        if domain and verified:
            self.set_domain_status(organization_id, domain, "VERIFIED")
        return organization_id

    @contextmanager
    def without_lags(self) -> Iterator[None]:
        """What is done here was done long ago."""
        account = self._account
        lags = account.consistency_lag, account.mailbox_lag, account.password_lag
        account.consistency_lag = account.mailbox_lag = account.password_lag = 0.0
        try:
            yield
        finally:
            account.consistency_lag, account.mailbox_lag, account.password_lag = lags

    def set_organization_state(self, organization_id: str, state: str) -> None:
        """Such as "Active", "Creating", "Impaired"."""
        self._account.organizations[organization_id].state = state

    def set_interoperability(self, organization_id: str, enabled: bool) -> None:
        """Whether users are managed in Exchange. There are no resources then; the calls that change
        users work all the same."""
        self._account.organizations[organization_id].interoperability = enabled

    def set_directory_type(self, organization_id: str, directory_type: str) -> None:
        """What DescribeOrganization calls the directory, such as "MicrosoftAD"."""
        self._account.organizations[organization_id].directory_type = directory_type

    def set_read_only(self, organization_id: str, read_only: bool) -> None:
        """Whether the directory is read-only, as behind an AD Connector: users, groups, resources
        and memberships cannot be changed, but what is there can be enabled and get aliases."""
        self._account.organizations[organization_id].read_only = read_only

    def set_domain_status(self, organization_id: str, domain: str, status: DomainStatus) -> None:
        """What WorkMail finds when it looks for the domain's ownership and DKIM records."""
        entry = self._account.organizations[organization_id].domains[domain]
        entry.ownership = entry.dkim = status

    def set_retention(
        self, organization_id: str, folder: str, action: str, days: int | None
    ) -> None:
        """One folder's line of the default retention policy, such as ("INBOX", "DELETE", 30)."""
        self._account.organizations[organization_id].retention[folder] = (action, days)

    def deny_access(self, organization_id: str, action: str) -> None:
        """Add an access control rule that denies everybody an action, such as "EWS"."""
        self.put_access_control_rule(
            organization_id=organization_id,
            name=f"Deny{action}",
            effect="DENY",
            description=f"Denies {action}",
            actions=[action],
        )

    def forbid_roles(self, organization_id: str, code: str = "AccessDeniedException") -> None:
        """From now on impersonation roles can be neither made nor assumed, as where a service
        control policy forbids it; tokens that were given go on. "" allows it again."""
        self._account.organizations[organization_id].roles_refused_with = code

    def set_migration_admin(self, organization_id: str, user: str | None) -> None:
        """The console's own switch: a user by id, name or address who may open every mailbox."""
        organization = self._account.organizations[organization_id]
        found = None if user is None else self._account.user(organization, user)
        organization.migration_admin = None if found is None else found.user_id

    def set_mailbox_size(self, address: str, megabytes: float) -> None:
        """What GetMailboxDetails says. KeyError when nobody has the address."""
        user = self._owner(address)
        if user is None:
            raise KeyError(address)
        user.size_mb = megabytes

    def mailbox_exists(self, address: str) -> bool:
        """Whether a primary address or alias leads to a mailbox that is provisioned by now."""
        return self.resolve_mailbox(address) is not None

    def password_of(self, address: str) -> str | None:
        """What opens the mailbox with this address over IMAP. None if it is not provisioned yet, or
        if nobody gave its user a password that the mail servers know by now."""
        user, now = self._owner(address), self._account.now()
        if user is None or not user.has_mailbox(now) or now < user.password_at:
            return None
        return user.password

    def check_password(self, address: str, password: str) -> bool:
        """Whether this password opens the own mailbox of the user with this address."""
        return self.password_of(address) == password

    def resolve_mailbox(self, address: str) -> str | None:
        """The id of the user or resource whose provisioned mailbox has this address; None if there
        is none."""
        owner = self._find(lambda organization: organization.mailbox_of(address))
        if owner is None or not owner.has_mailbox(self._account.now()):
            return None
        return owner.entity_id

    def primary_address(self, address: str) -> str:
        """The primary address of whoever has this one; the same if nobody has."""
        owner = self._find(lambda organization: organization.mailbox_of(address))
        return address if owner is None or owner.email is None else owner.email

    def _owner(self, address: str) -> User | None:
        return self._find(lambda organization: organization.user_of(address))

    def _find(self, look: Callable[[Organization], _T | None]) -> _T | None:
        """What the first organization has of it."""
        found = map(look, list(self._account.organizations.values()))
        return next((each for each in found if each is not None), None)
