"""WorkMail's answers that are no success, in the words of migration.errors.

Codes: the API reference of Amazon WorkMail (2017-10-01), and its page "Common Errors". The
messages name the operation and the code, never WorkMail's own text: it quotes names and addresses.
What an error means depends on what was asked, so every operation belongs to a `Scope`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

from migration.errors import (
    AdministratorPending,
    MigrationError,
    ProvisioningPending,
    TargetBusy,
    TenantMisconfigured,
    Unexpected,
    UserRefused,
)

RETRY_AFTER_THROTTLING = 10.0
RETRY_AFTER_CHANGE = 5.0


class Scope(Enum):
    """How much stops: a user, group or resource, the tenant as a whole, or whoever waits for the
    administrator."""

    USER = "user"
    TENANT = "tenant"
    ROLE = "role"


SCOPES: Mapping[str, Scope] = {
    "DescribeOrganization": Scope.TENANT,
    "GetMailDomain": Scope.TENANT,
    "RegisterMailDomain": Scope.TENANT,
    "UpdateDefaultMailDomain": Scope.TENANT,
    "DeregisterMailDomain": Scope.USER,
    "GetDefaultRetentionPolicy": Scope.TENANT,
    "ListAccessControlRules": Scope.TENANT,
    "DescribeInboundDmarcSettings": Scope.TENANT,
    "DescribeIdentityProviderConfiguration": Scope.TENANT,
    "ListUsers": Scope.TENANT,
    "DescribeEntity": Scope.USER,
    "DescribeUser": Scope.USER,
    "CreateUser": Scope.USER,
    "RegisterToWorkMail": Scope.USER,
    "UpdateUser": Scope.USER,
    "UpdatePrimaryEmailAddress": Scope.USER,
    "ResetPassword": Scope.USER,
    "GetMailboxDetails": Scope.USER,
    "UpdateMailboxQuota": Scope.USER,
    "ListAliases": Scope.USER,
    "CreateAlias": Scope.USER,
    "DescribeGroup": Scope.USER,
    "ListGroups": Scope.USER,
    "CreateGroup": Scope.USER,
    "UpdateGroup": Scope.USER,
    "DeleteGroup": Scope.USER,
    "ListGroupMembers": Scope.USER,
    "AssociateMemberToGroup": Scope.USER,
    "DisassociateMemberFromGroup": Scope.USER,
    "DescribeResource": Scope.USER,
    "CreateResource": Scope.USER,
    "UpdateResource": Scope.USER,
    "DeleteResource": Scope.USER,
    "ListResourceDelegates": Scope.USER,
    "AssociateDelegateToResource": Scope.USER,
    "DisassociateDelegateFromResource": Scope.USER,
    "ListMailboxPermissions": Scope.USER,
    "PutMailboxPermissions": Scope.USER,
    "DeleteMailboxPermissions": Scope.USER,
    "DeregisterFromWorkMail": Scope.USER,
    "DeleteAlias": Scope.USER,
    "DeleteUser": Scope.USER,
    "ListImpersonationRoles": Scope.ROLE,
    "CreateImpersonationRole": Scope.ROLE,
    "DeleteImpersonationRole": Scope.ROLE,
    "AssumeImpersonationRole": Scope.ROLE,
}

# It works later: throttled, an outage, or the organization is being set up or is impaired.
_BUSY = frozenset(
    "DirectoryServiceAuthenticationFailedException DirectoryUnavailableException "
    "InternalFailure InternalServerError InternalServerException OrganizationStateException "
    "RequestLimitExceeded RequestTimeout ServiceUnavailable ServiceUnavailableException "
    "Throttling ThrottlingException TooManyRequestsException".split()
)
_OUTAGES = frozenset({500, 502, 503, 504})

# A change was accepted, and WorkMail does not show it everywhere yet. For the domain, Terraform's
# provider tries again for two minutes.
_NOT_YET: Mapping[str, str] = {
    "EntityNotFoundException": "WorkMail does not show the user as it should be yet",
    "EntityStateException": "WorkMail does not show the user as it should be yet",
    "MailDomainStateException": "WorkMail does not know everywhere yet that the address's domain "
    "is verified; if it stays so, publish the TXT record _amazonses that WorkMail shows for it",
}

# It stops the whole tenant, whatever was asked.
_FOR_THE_TENANT: Mapping[str, str] = {
    "OrganizationNotFoundException": "check `organization_id` and `region` in the tenant file",
} | dict.fromkeys(
    "AccessDeniedException ExpiredTokenException IncompleteSignature InvalidClientTokenId "
    "MissingAuthenticationTokenException NotAuthorized OptInRequired RequestExpired "
    "UnrecognizedClientException".split(),
    "the functions may not call it; deploy the stack again, and look for a policy that denies it",
)

# WorkMail would refuse the same request again.
_REFUSALS: Mapping[str, str] = {
    "EmailAddressInUseException": "another user, group or resource has the address: remove it "
    "there, or write another one in the manifest",
    "EntityAlreadyRegisteredException": "it is enabled with another address: change it in "
    "WorkMail, or write that one in the manifest",
    "InvalidConfigurationException": "a resource that does not accept requests by itself needs a "
    "delegate",
    "InvalidCustomSesConfigurationException": "a rule set or an identity of Amazon SES does not "
    "fit: put it right there",
    "InvalidParameterException": "WorkMail does not accept a value",
    "InvalidPasswordException": "WorkMail refuses the password of the target's secret, or wants "
    "one: write another one there, of 8 to 63 characters of at least three kinds",
    "LimitExceededException": "a quota is used up: ask AWS to raise it, or remove what is not used",
    "MailDomainInUseException": "another organization has the domain: remove it there, or take it "
    "out of `domains` in the tenant file",
    "MailDomainNotFoundException": "the address's domain is not registered in WorkMail: add it "
    "there",
    "MailDomainStateException": "the domain is not verified: publish the TXT record _amazonses "
    "that WorkMail shows for it, and wait until it says verified",
    "NameAvailabilityException": "the name is taken: write another one in the manifest",
    "ReservedNameException": "WorkMail keeps the name for itself: write another one in the "
    "manifest",
    "ResourceNotFoundException": "WorkMail does not know it",
    "UnsupportedOperationException": "the directory is read-only here: create and enable users and "
    "groups in the directory that WorkMail reads, and give them there what the manifest says, or "
    "write in the manifest what stands there; then start again",
    "ValidationException": "WorkMail does not accept a value",
}


class RequestInvalid(Exception):
    """A request that breaks WorkMail's model, found before it was sent. Stays in this package."""


@contextmanager
def translated(operation: str) -> Iterator[None]:
    """Within: a call of `operation`. Its exceptions leave as errors of migration.errors."""
    try:
        yield
    except ClientError as error:
        raise translate(operation, error) from None
    except RequestInvalid as error:
        raise _refuse(operation, "a value breaks its model", str(error)) from None
    except (HTTPClientError, NotConnected) as error:
        raise _busy(operation, type(error).__name__) from None


def translate(operation: str, error: ClientError) -> MigrationError:
    """The error to raise in place of WorkMail's; Unexpected for a code that nobody foresaw."""
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    scope = SCOPES[operation]
    if code in _BUSY or status in _OUTAGES:
        return _busy(operation, code)
    if code in _FOR_THE_TENANT:
        return TenantMisconfigured([f"{operation}: {code}: {_FOR_THE_TENANT[code]}"])
    if scope is Scope.USER and code in _NOT_YET and operation != "ResetPassword":
        return ProvisioningPending(f"{operation}: {code}: {_NOT_YET[code]}", RETRY_AFTER_CHANGE)
    if operation == "AssumeImpersonationRole" and code == "ResourceNotFoundException":
        return AdministratorPending(f"{operation}: {code}", RETRY_AFTER_CHANGE)
    if code in _REFUSALS:
        return _refuse(operation, code, _REFUSALS[code])
    if code in _NOT_YET:
        return _refuse(operation, code, "WorkMail does not know what the request names")
    return Unexpected(f"{operation}: {code}")


def _busy(operation: str, code: str) -> MigrationError:
    message = f"{operation}: {code}"
    if SCOPES[operation] is Scope.ROLE:
        return TargetBusy(message, RETRY_AFTER_THROTTLING)
    return ProvisioningPending(message, RETRY_AFTER_THROTTLING)


def _refuse(operation: str, code: str, advice: str) -> MigrationError:
    message = f"{operation}: {code}: {advice}"
    if SCOPES[operation] is Scope.USER:
        return UserRefused(message)
    return TenantMisconfigured([message])
