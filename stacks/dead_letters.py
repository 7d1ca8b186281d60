"""Queues for what could not be delivered."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.acknowledgements import acknowledge

KEPT_DAYS = 14  # the longest that SQS allows


def make_dead_letters(scope: Construct, construct_id: str, key: kms.IKey) -> sqs.Queue:
    """A queue that keeps its messages for two weeks, encrypted with the tenant's key, over TLS
    alone. EventBridge's rules may use the key by its policy (stacks/keys.py), and each role that
    may send here by key_rights.py. For a function's `on_failure` see `as_destination`."""
    queue = sqs.Queue(
        scope,
        construct_id,
        encryption=sqs.QueueEncryption.KMS,
        encryption_master_key=key,
        enforce_ssl=True,
        retention_period=cdk.Duration.days(KEPT_DAYS),
    )
    acknowledge(queue, {"SQS3": "It is a dead-letter queue itself."})
    return queue


def as_destination(queue: sqs.Queue) -> sqs.IQueue:
    """The same queue for SqsDestination, which would else give the sender every use of the key,
    by wildcards."""
    return sqs.Queue.from_queue_arn(queue, "Destination", queue.queue_arn)
