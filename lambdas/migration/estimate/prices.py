"""AWS's list prices, as numbers with their source and their day. Nothing is fetched: an estimate
that changes by itself cannot be compared with the one of last week.

They are those of us-east-1. us-west-2 has the same; eu-west-1 has the same for Step Functions, and
takes up to 15 % more elsewhere. Free tiers are left out: another system of the account may use
them. Prices fall more often than they rise; `python -m localrun estimate` says which day it speaks
of.
"""

from __future__ import annotations

from dataclasses import dataclass

REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Price:
    """`usd` for `per` units. `day`: when the source said so (a month where no day is known)."""

    usd: float
    per: int
    unit: str
    source: str
    day: str

    def of(self, units: float) -> float:
        """What so many units cost, in US dollars."""
        return units * self.usd / self.per


_AWS = "https://aws.amazon.com/"

LAMBDA_TIME = Price(0.0000133334, 1, "GB-second, arm64", f"{_AWS}lambda/pricing/", "2026-09")
LAMBDA_REQUEST = Price(0.20, 1_000_000, "request", f"{_AWS}lambda/pricing/", "2026-09")
TRANSITION = Price(0.025, 1_000, "state transition", f"{_AWS}step-functions/pricing/", "2026-09")
LEDGER_WRITE = Price(
    0.625, 1_000_000, "write request unit", f"{_AWS}dynamodb/pricing/on-demand/", "2026-10-04"
)
LEDGER_READ = Price(
    0.125, 1_000_000, "read request unit", f"{_AWS}dynamodb/pricing/on-demand/", "2026-10-04"
)
# 0.25 to keep it, 0.20 for the backup of the last 35 days
LEDGER_STORAGE = Price(
    0.45, 1, "GB-month, with backup", f"{_AWS}dynamodb/pricing/on-demand/", "2026-10-04"
)
S3_PUT = Price(0.005, 1_000, "PUT or LIST request", f"{_AWS}s3/pricing/", "2026-06")
S3_GET = Price(0.0004, 1_000, "GET request", f"{_AWS}s3/pricing/", "2026-06")
S3_STORAGE = Price(0.023, 1, "GB-month", f"{_AWS}s3/pricing/", "2026-06")
SECRET = Price(0.40, 1, "secret and month", f"{_AWS}secrets-manager/pricing/", "2026-06")
SECRET_CALL = Price(0.05, 10_000, "call", f"{_AWS}secrets-manager/pricing/", "2026-06")
KEY = Price(1.00, 1, "key and month", f"{_AWS}kms/pricing/", "2026-06")
KEY_CALL = Price(0.03, 10_000, "request", f"{_AWS}kms/pricing/", "2026-06")
METRIC = Price(0.30, 1, "metric and month", f"{_AWS}cloudwatch/pricing/", "2026-06")
ALARM = Price(0.10, 1, "alarm and month", f"{_AWS}cloudwatch/pricing/", "2026-06")
DASHBOARD = Price(3.00, 1, "dashboard and month", f"{_AWS}cloudwatch/pricing/", "2026-06")
LOG = Price(0.50, 1, "GB taken in", f"{_AWS}cloudwatch/pricing/", "2026-06")
TRACE = Price(5.00, 1_000_000, "trace", f"{_AWS}xray/pricing/", "2026-09")
NOTICE = Price(2.00, 100_000, "mail of SNS", f"{_AWS}sns/pricing/", "2026-06")
GUIDE = Price(0.10, 1_000, "mail of SES", f"{_AWS}ses/pricing/", "2026-06")
SEAT = Price(4.00, 1, "user and month", f"{_AWS}workmail/pricing/", "2025")
