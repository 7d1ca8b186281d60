"""How long mail may still come to the old server after the MX has changed."""

from __future__ import annotations

from datetime import datetime, timedelta

from migration.model import Note
from migration.ports import Ledger


def note_drain(ledger: Ledger, run: str, old_ttl: int, minutes: int, now: str) -> None:
    """Tells in the timeline until when senders may deliver to the old server: for as long as the
    old MX record may be in their caches (`old_ttl` seconds, 0 if it was never seen), and so many
    minutes more. The state DrainOldMx waits for the same time."""
    end = datetime.fromisoformat(now) + timedelta(seconds=old_ttl, minutes=minutes)
    cached = f"its MX record may be in caches for {old_ttl} seconds, and " if old_ttl else ""
    what = (
        f"mail may still come to the old server until {end:%Y-%m-%d %H:%M} UTC: "
        f"{cached}{minutes} minutes are added"
    )
    ledger.add_note(run, Note(now, "DrainOldMx", what))
