"""AWS in memory for the adapters under contract."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from localrun.fakes.dynamodb import FakeDynamoDb
from localrun.model_service import ModelServer, ModelService

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

REGION = "eu-west-1"
LEDGER: dict[str, Any] = {
    "TableName": "ledger",
    "KeySchema": [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ],
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "S"},
    ],
    "BillingMode": "PAY_PER_REQUEST",
}
"""The table as the stack makes it."""


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield


@pytest.fixture
def moto_table(aws: None) -> "Table":
    return boto3.resource("dynamodb").create_table(**LEDGER)


@pytest.fixture
def emulated_table() -> Iterator["Table"]:
    """In the emulator of a local run, over HTTP as there."""
    service = ModelService("dynamodb", FakeDynamoDb(time.time, REGION, "123456789012"))
    with ModelServer([service]) as server:
        database = boto3.resource(
            "dynamodb",
            endpoint_url=server.url,
            region_name=REGION,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        yield database.create_table(**LEDGER)


@pytest.fixture(params=["moto", "emulated"])
def table(request: pytest.FixtureRequest) -> "Table":
    found: Table = request.getfixturevalue(f"{request.param}_table")
    return found
