"""For how long the old MX may be in caches when this migration has changed it."""

from __future__ import annotations

import pytest

from migration.drain import published_ttl
from migration.zone_model import PublishedSet, RecordSet

OLD = RecordSet("acme.example", "MX", 3600, ("10 mail.old-host.example.",))
LOWERED = RecordSet(OLD.name, "MX", 300, OLD.values)
NEW = RecordSet(OLD.name, "MX", 300, ("10 inbound-smtp.eu-west-1.amazonaws.com.",))
AT, NOW = "2026-12-04T18:00:00.000Z", "2026-12-04T18:40:00.000Z"


def published(*written: RecordSet, before: RecordSet | None = OLD) -> list[PublishedSet]:
    return [PublishedSet("Z1", OLD.name, "MX", before, written, "run-1")]


@pytest.mark.parametrize(
    ("records", "lowered_at", "now", "seconds"),
    [
        ([], AT, NOW, 0),
        (published(NEW), "", NOW, 3600),
        (published(NEW), AT, NOW, 3600),  # PrepareDns lowers nothing unless it is wanted
        (published(LOWERED, NEW), "", NOW, 3600),  # by an earlier run: nobody knows when
        (published(LOWERED, NEW), AT, NOW, 3600 - 40 * 60),
        (published(LOWERED, NEW), AT, "2026-12-05T18:00:00.000Z", 300),
        (published(NEW, before=None), AT, NOW, 0),
    ],
)
def test_how_long_it_may_still_be_known(
    records: list[PublishedSet], lowered_at: str, now: str, seconds: int
) -> None:
    assert published_ttl(records, ["Acme.example."], lowered_at, now) == seconds


def test_only_the_mx_of_the_mail_domains_counts() -> None:
    assert published_ttl(published(NEW), ["beta.example"], "", NOW) == 0
    text = PublishedSet("Z1", OLD.name, "TXT", RecordSet(OLD.name, "TXT", 900, ()), (), "run-1")
    assert published_ttl([text], ["acme.example"], "", NOW) == 0
