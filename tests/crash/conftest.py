"""AWS in memory, as the contract suites have it; the table with everything else, by moto."""

from typing import TYPE_CHECKING

import pytest

from tests.contract.conftest import aws, moto_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

__all__ = ["aws", "moto_table"]


@pytest.fixture
def table(moto_table: "Table") -> "Table":
    return moto_table
