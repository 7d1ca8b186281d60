"""The source's credentials in Secrets Manager."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from migration.errors import TenantMisconfigured

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class SourceSecret:
    """Secrets. The value is a JSON object, kept as text."""

    def __init__(self, client: SecretsManagerClient, arn: str) -> None:
        self._client = client
        self._arn = arn

    def read(self) -> Mapping[str, object]:
        """The object as it is now. Messages never quote the value."""
        missing = self._client.exceptions.ResourceNotFoundException
        try:
            text = self._client.get_secret_value(SecretId=self._arn).get("SecretString", "")
        except missing:
            raise TenantMisconfigured(["the source's secret has no value"]) from None
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if not isinstance(value, dict) or not value:
            raise TenantMisconfigured(["the source's secret is no JSON object with fields"])
        return value
