"""What questions are asked with, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from localrun.fakes.notifier import MemoryNotifier
from localrun.fakes.waiting_tasks import MemoryTasks
from migration.question_texts import Place
from migration.questions import Desk
from migration.telling import Teller

URL = "https://answers.example/"


@dataclass
class Office:
    """A desk, and all that stands behind it."""

    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    blobs: MemoryBlobs = field(default_factory=MemoryBlobs)
    notifier: MemoryNotifier = field(default_factory=MemoryNotifier)
    tasks: MemoryTasks = field(default_factory=MemoryTasks)
    links: str = "once"

    @property
    def teller(self) -> Teller:
        return Teller(self.ledger, self.notifier, "acme")

    @property
    def desk(self) -> Desk:
        url = "" if self.links == "none" else URL
        place = Place("acme", "eu-west-1", "acme-bucket", self.links, url, 48)
        return Desk(self.ledger, self.blobs, self.teller, self.tasks, Random(7), place)
