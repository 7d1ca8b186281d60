"""What S3 tells EventBridge of new objects, of buckets that are set to do so.

moto tells its own EventBridge, in a form that is not quite S3's. This stands on moto's default bus
as a rule, and tells what has happened in the form of
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from moto.events import events_backends

Notice = Mapping[str, Any]


class BucketEvents:
    """Tells `tell` of each object that is created; the time is that of `now`, ISO 8601. moto loses
    what `tell` raises."""

    def __init__(
        self, tell: Callable[[Notice], None], now: Callable[[], str], region: str, account: str
    ) -> None:
        self._tell = tell
        self._now = now
        self._place = {"region": region, "account": account}
        self._numbers = itertools.count(1)
        bus = events_backends[account][region].event_buses["default"]
        bus.rules["the laptop's own"] = self  # moto asks of a rule no more than this has

    def send_to_targets(self, event: Notice, transform_input: bool = True) -> None:
        """What moto calls, with its own event."""
        if event["detail-type"] != "Object Created":
            return
        detail = event["detail"]
        made = detail["object"]
        self._tell(
            {
                "version": "0",
                "id": str(uuid.uuid4()),
                "detail-type": "Object Created",
                "source": "aws.s3",
                **self._place,
                "time": self._now(),
                "resources": [f"arn:aws:s3:::{detail['bucket']['name']}"],
                "detail": {
                    "version": "0",
                    "bucket": {"name": detail["bucket"]["name"]},
                    "object": {
                        "key": made["key"],
                        "size": made["size"],
                        "etag": made["eTag"],
                        "version-id": made["version-id"],
                        "sequencer": f"{next(self._numbers):018X}",
                    },
                    "request-id": uuid.uuid4().hex[:16].upper(),
                    "requester": self._place["account"],
                    "source-ip-address": "127.0.0.1",
                    "reason": "PutObject",
                },
            }
        )
