"""The last day of Amazon WorkMail.

See https://docs.aws.amazon.com/workmail/latest/adminguide/workmail-end-of-support.html
"""

from __future__ import annotations

from datetime import date, datetime

# After this day WorkMail, and everything in it, is no longer accessible.
LAST_DAY = "2027-03-31"


def days_left(now: str) -> int:
    """Whole days from `now` (ISO 8601) to the last day, in UTC; negative afterwards."""
    today = datetime.fromisoformat(now).date()
    return (date.fromisoformat(LAST_DAY) - today).days
