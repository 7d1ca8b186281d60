"""The secrets with passwords: those that this migration made, and the values of those it was given.

What it made is deleted at once, without a time in which it could be restored: that is what erasing
means, and the operator has been asked. The two secrets of the stack stay, because functions and
policies name them; both of their labels, AWSCURRENT and AWSPREVIOUS, get an empty value. Versions
without a label can be read by their id alone until Secrets Manager removes them, for which it names
no time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from migration.aws.wave_secrets import translated

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

EMPTY = "{}"
"""Secrets Manager knows no value without a character; for the adapters that read it, this is
none."""
_LABELS: tuple[Literal["AWSCURRENT", "AWSPREVIOUS"], ...] = ("AWSCURRENT", "AWSPREVIOUS")
_MADE = ("waves/", "administrator")


class SecretsHolding:
    """Holding. `prefix` is how the names of the tenant's secrets begin,
    workmail-migration/<tenant>/; `given` are the ARNs of those that the operator fills."""

    def __init__(self, client: SecretsManagerClient, prefix: str, given: Sequence[str]) -> None:
        self._client = client
        self._prefix = prefix
        self._given = given

    def count(self) -> Mapping[str, int]:
        values = sum(len(self._filled(arn)) for arn in self._given)
        return {"secrets_made": len(self._made()), "secrets_given": values}

    def erase(self) -> Iterator[int]:
        for made in self._made():
            with translated("DeleteSecret", self._prefix):
                self._client.delete_secret(SecretId=made, ForceDeleteWithoutRecovery=True)
            yield 1
        for arn in self._given:
            if filled := self._filled(arn):
                self._empty(arn)
                yield len(filled)

    def _made(self) -> list[str]:
        """The ARNs, also of what is marked for deletion: its earlier versions hold passwords."""
        names = tuple(self._prefix + name for name in _MADE)
        with translated("ListSecrets", self._prefix):
            pages = self._client.get_paginator("list_secrets").paginate(
                IncludePlannedDeletion=True, Filters=[{"Key": "name", "Values": [self._prefix]}]
            )
            secrets = [secret for page in pages for secret in page["SecretList"]]
        return [secret["ARN"] for secret in secrets if secret["Name"].startswith(names)]

    def _empty(self, arn: str) -> None:
        """Twice: the first time makes what was current the previous one."""
        for _ in _LABELS:
            with translated("PutSecretValue", self._prefix):
                self._client.put_secret_value(SecretId=arn, SecretString=EMPTY)

    def _filled(self, arn: str) -> list[str]:
        """The labels that have a value which is not empty. A secret that the operator has marked
        for deletion can be read by nobody, and none of its labels counts."""
        known = self._client.exceptions
        filled: list[str] = []
        for label in _LABELS:
            with translated("GetSecretValue", self._prefix):
                try:
                    answer = self._client.get_secret_value(SecretId=arn, VersionStage=label)
                except (known.ResourceNotFoundException, known.InvalidRequestException):
                    continue
            if answer.get("SecretString") != EMPTY:
                filled.append(label)
        return filled
