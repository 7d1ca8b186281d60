"""The source's credentials and the target's passwords, in Secrets Manager."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from migration.errors import TenantMisconfigured

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class TenantSecrets:
    """Secrets. The values are kept as text, and read anew each time. Messages never quote one."""

    def __init__(self, client: SecretsManagerClient, source_arn: str, target_arn: str) -> None:
        self._client = client
        self._source_arn = source_arn
        self._target_arn = target_arn

    def read_source(self) -> Mapping[str, object]:
        text = self._read(self._source_arn)
        if text is None:
            raise TenantMisconfigured(["the source's secret has no value"])
        value = _parse(text)
        if not value:
            raise TenantMisconfigured(["the source's secret is no JSON object with fields"])
        return value

    def read_target(self) -> Mapping[str, object]:
        text = self._read(self._target_arn)
        if text is None or not text.strip():
            return {}
        value = _parse(text)
        if value is None:
            raise TenantMisconfigured(["the target's secret is no JSON object"])
        return value

    def _read(self, arn: str) -> str | None:
        """None if the secret has no value, or there is no such secret."""
        missing = self._client.exceptions.ResourceNotFoundException
        try:
            return self._client.get_secret_value(SecretId=arn).get("SecretString", "")
        except missing:
            return None


def _parse(text: str) -> dict[str, object] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
