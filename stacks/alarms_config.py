"""The settings of the alarms in tenants/<tenant>.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from stacks.checks import between


@dataclass(frozen=True, slots=True)
class Alarms:
    """When CloudWatch tells the topic NotificationTopicArn that something is wrong.

    enabled              false: there are no alarms, and the dashboard stays
    stalled_minutes      so long nothing may move while mailboxes are copied
    quarantined_percent  of the messages of a quarter of an hour, so many may be refused
    end_of_support_days  so many days before the end of WorkMail it is said once more
    """

    enabled: bool = True
    stalled_minutes: Annotated[int, between(10, 1440)] = 30
    quarantined_percent: Annotated[int, between(1, 100)] = 1
    end_of_support_days: tuple[Annotated[int, between(1, 365)], ...] = (60, 30, 7)
