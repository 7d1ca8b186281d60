"""What a function may do with the ledger: only what it does, and only with the items it does it
to.

The table's items are of two kinds, told apart by their partition keys (migration/aws/ledger.py):
those of the tenant (`T#<tenant>`), and those of one mailbox (`M#<tenant>#<mailbox>`), which are its
folders and the messages that were not copied.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam

LEADING_KEYS = "dynamodb:LeadingKeys"


def ledger_statements(
    table: dynamodb.Table, tenant: str, *, records: Sequence[str], folders: Sequence[str]
) -> Iterator[iam.PolicyStatement]:
    """Actions on the items of the tenant, and on those of its mailboxes. The condition key is that
    of the Service Authorization Reference, Amazon DynamoDB; every action that is given here has
    it, so that ForAllValues is never true for the lack of it."""
    if records:
        yield iam.PolicyStatement(
            actions=[f"dynamodb:{action}" for action in records],
            resources=[table.table_arn],
            conditions={"ForAllValues:StringEquals": {LEADING_KEYS: [f"T#{tenant}"]}},
        )
    if folders:
        yield iam.PolicyStatement(
            actions=[f"dynamodb:{action}" for action in folders],
            resources=[table.table_arn],
            conditions={"ForAllValues:StringLike": {LEADING_KEYS: [f"M#{tenant}#*"]}},
        )
