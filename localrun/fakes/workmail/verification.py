"""How WorkMail finds out that a domain belongs to the organization: it looks for a TXT record.

Administrator guide, "Verifying domains": the record is looked for during 72 hours, and it takes a
while until WorkMail shows what it has found.
"""

from collections.abc import Callable, Sequence

from localrun.fakes.workmail.state import Domain

GIVES_UP_AFTER = 72 * 3600.0

Published = Callable[[str, str], Sequence[str]]
"""What is published at a name for a type, as in a zone file; empty if nothing is."""


class OwnershipChecks:
    """Looks whenever a domain's status is asked for; `lag` seconds after it first saw the record,
    the domain is verified. DKIM counts as verified with it."""

    def __init__(self, now: Callable[[], float], published: Published, lag: float) -> None:
        self._now = now
        self._published = published
        self._lag = lag

    def look(self, domain: Domain) -> None:
        if domain.ownership != "PENDING":
            return
        now = self._now()
        values = [value.strip('"') for value in self._published(f"_amazonses.{domain.name}", "TXT")]
        if domain.ownership_token not in values:
            domain.seen_at = None
            if now - domain.registered_at >= GIVES_UP_AFTER:
                domain.ownership = domain.dkim = "FAILED"
            return
        if domain.seen_at is None:
            domain.seen_at = now
        if now - domain.seen_at >= self._lag:
            domain.ownership = domain.dkim = "VERIFIED"
