"""AWS in memory, as the contract suites have it."""

from tests.contract.conftest import aws, table

__all__ = ["aws", "table"]
