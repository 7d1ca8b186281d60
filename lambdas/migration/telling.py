"""Tells the operators what happens: each thing once, and never at the cost of the migration."""

from __future__ import annotations

from dataclasses import dataclass

from migration.errors import ProvisioningPending, TenantMisconfigured
from migration.model import Note, Notice
from migration.ports import Ledger, Notifier


@dataclass(frozen=True, slots=True)
class Teller:
    """Whoever has something to tell does it by this; subjects begin with the `tenant`."""

    ledger: Ledger
    notifier: Notifier
    tenant: str = ""

    def tell(self, notice: Notice, key: str = "") -> None:
        """Publishes the notice unless the run has told it before. `key` says what is told once; ""
        means one notice of its kind per run.

        At least once: who dies between telling and noting that tells it again. If the topic cannot
        be used, the timeline says so, and the run goes on.
        """
        key = key or str(notice.kind)
        if self.ledger.is_told(notice.run, key):
            return
        try:
            self.notifier.tell(notice)
        except (ProvisioningPending, TenantMisconfigured) as error:
            what = f"nobody could be told `{notice.subject}`: {error}"
            self.ledger.add_note(notice.run, Note(notice.at, "Notifications", what))
            return
        self.ledger.set_told(notice.run, key)
