"""A Notifier in memory."""

from migration.errors import MigrationError
from migration.model import Notice


class MemoryNotifier:
    """`told` holds all notices, in order; while there is an `error`, it is raised instead."""

    def __init__(self, error: MigrationError | None = None) -> None:
        self.error = error
        self.told: list[Notice] = []

    def tell(self, notice: Notice) -> None:
        if self.error:
            raise self.error
        self.told.append(notice)
