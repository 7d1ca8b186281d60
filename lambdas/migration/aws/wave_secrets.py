"""The secrets with generated passwords, in Secrets Manager: those of users below waves/<run>/, and
that of the migration's own administrator.

They are named by their ARN without its random end. By name alone, a secret that does not exist
would look forbidden: a right that is bounded by ARNs does not cover a bare name.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

from migration.errors import ProvisioningPending, TenantMisconfigured

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_secretsmanager.type_defs import TagTypeDef

DAYS_TO_RESTORE = 7
"""Secrets Manager's least. Removed are only secrets that hold no password, but if that were ever
wrong, there would be no other copy."""

_RETRY_AFTER = 10.0
_LATER = frozenset(
    "InternalFailure InternalServiceError InternalServiceErrorException ServiceUnavailable "
    "Throttling ThrottlingException TooManyRequestsException".split()
)
_BY_THE_OPERATOR = {
    "AccessDeniedException": "the functions may not use it: deploy the stack again, and look for a "
    "policy that denies it",
    "DecryptionFailure": "its KMS key cannot be used",
    "EncryptionFailure": "its KMS key cannot be used",
    "InvalidRequestException": "it is marked for deletion: restore it, or start the workflow again",
    "LimitExceededException": "a quota of Secrets Manager is used up",
}


class TenantWaves:
    """WaveSecrets. `arn` is that of the tenant's secrets up to their path; an empty `kms_key` means
    the account's own key, aws/secretsmanager."""

    def __init__(
        self, client: SecretsManagerClient, arn: str, tenant: str, kms_key: str = ""
    ) -> None:
        self._client = client
        self._arn = arn
        self._tenant = tenant
        self._kms_key = kms_key

    def read(self, path: str) -> str | None:
        known = self._client.exceptions
        with translated("GetSecretValue", path):
            try:
                return self._client.get_secret_value(SecretId=self._arn + path)["SecretString"]
            except (known.ResourceNotFoundException, known.InvalidRequestException):
                return None

    def create(self, path: str, value: str) -> None:
        name = self._arn.partition(":secret:")[2] + path
        key: dict[str, Any] = {"KmsKeyId": self._kms_key} if self._kms_key else {}
        # secrets of a run lie below its name, others stand alone
        run: list[TagTypeDef] = [{"Key": "run", "Value": name} for name in path.split("/")[1:2]]
        with translated("CreateSecret", path):
            try:
                self._client.create_secret(
                    Name=name,
                    Description="Passwords of WorkMail users that this migration has made up",
                    SecretString=value,
                    Tags=[
                        {"Key": "app", "Value": "workmail-migration"},
                        {"Key": "tenant", "Value": self._tenant},
                        *run,
                    ],
                    **key,
                )
            except self._client.exceptions.ResourceExistsException:
                raise ProvisioningPending(
                    f"the secret {path} exists already", _RETRY_AFTER
                ) from None

    def replace(self, path: str, value: str) -> None:
        with translated("PutSecretValue", path):
            self._client.put_secret_value(SecretId=self._arn + path, SecretString=value)

    def remove(self, path: str) -> None:
        known = self._client.exceptions
        with translated("DeleteSecret", path):
            try:
                self._client.delete_secret(
                    SecretId=self._arn + path, RecoveryWindowInDays=DAYS_TO_RESTORE
                )
            except (known.ResourceNotFoundException, known.InvalidRequestException):
                return


@contextmanager
def translated(operation: str, path: str) -> Iterator[None]:
    """Within: a call about the secret. What nobody foresaw passes; Secrets Manager's texts do not
    quote values, and the handlers' entry keeps them out of the history all the same."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in _LATER:
            raise ProvisioningPending(f"{operation}: {code}", _RETRY_AFTER) from None
        if code in _BY_THE_OPERATOR:
            problem = f"the secret {path}: {operation}: {code}: {_BY_THE_OPERATOR[code]}"
            raise TenantMisconfigured([problem]) from None
        raise
    except (HTTPClientError, NotConnected) as error:
        raise ProvisioningPending(f"{operation}: {type(error).__name__}", _RETRY_AFTER) from None
