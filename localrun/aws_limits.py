"""Limits that AWS documents and that a large wave could meet, each with where it stands.

All are hard, but for those that say so. Sizes in bytes, times in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

_STATES = "step-functions/latest/dg/service-quotas.html"
_READER = "step-functions/latest/dg/input-output-itemreader.html"
_DYNAMODB = "amazondynamodb/latest/developerguide/ServiceQuotas.html"
_PARTITIONS = "amazondynamodb/latest/developerguide/bp-partition-key-design.html"
_S3 = "AmazonS3/latest/userguide/object-keys.html"
_SECRETS = "secretsmanager/latest/userguide/reference_limits.html"
_SNS = "sns/latest/dg/large-message-payloads.html"
_LAMBDA = "lambda/latest/dg/gettingstarted-limits.html"
_WORKMAIL = "workmail/latest/adminguide/limits.html"

KIB, MIB, GIB = 1024, 1024**2, 1024**3


@dataclass(frozen=True, slots=True)
class Limit:
    """`source` is the page below https://docs.aws.amazon.com/."""

    name: str
    value: int
    source: str


HISTORY_EVENTS = Limit("events in the history of an execution", 25_000, _STATES)
PAYLOAD = Limit("input or output of a state, a task, an execution", 256 * KIB, _STATES)
EXECUTION_NAME = Limit("characters of an execution's name", 80, _STATES)
MAP_CHILDREN = Limit("children of a Map Run that run at once", 10_000, _STATES)
ITEM_FILE = Limit("file that a Map reads its items from", 10 * GIB, _READER)
ITEM_LINE = Limit("item that a Map reads", 8 * MIB, _READER)
LEDGER_ITEM = Limit("DynamoDB item", 400 * KIB, _DYNAMODB)
PARTITION_UNITS = Limit("write units a second of one partition", 1_000, _PARTITIONS)
BATCH_WRITES = Limit("items of a BatchWriteItem", 25, _DYNAMODB)
OBJECT_KEY = Limit("key of an S3 object", 1_024, _S3)
SECRET_VALUE = Limit("value of a secret", 64 * KIB, _SECRETS)
SECRETS = Limit("secrets of an account and Region", 500_000, _SECRETS)
NOTICE = Limit("message to an SNS topic", 256 * KIB, _SNS)
LAMBDA_PAYLOAD = Limit("request or answer of a Lambda function", 6 * MIB, _LAMBDA)
LAMBDA_ENVIRONMENT = Limit("environment of a Lambda function", 4 * KIB, _LAMBDA)
LAMBDA_CONCURRENCY = Limit("functions at once in an account (can be raised)", 1_000, _LAMBDA)
LAMBDA_UNRESERVED = Limit("functions that must stay unreserved in an account", 100, _LAMBDA)
WORKMAIL_USERS = Limit("users of a WorkMail organization (can be raised)", 1_000, _WORKMAIL)
