"""What preflight has found: problems, which stop the run, and warnings, with which it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from migration.errors import TenantMisconfigured


@dataclass(frozen=True, slots=True)
class Findings:
    """Sentences for the operator. They may name domains and access control rules, never addresses
    or passwords."""

    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __add__(self, other: Findings) -> Findings:
        return Findings(self.problems + other.problems, self.warnings + other.warnings)


NOTHING = Findings()


def look(check: Callable[[], Findings]) -> Findings:
    """The check's findings; what it may not read is a problem like the others."""
    try:
        return check()
    except TenantMisconfigured as error:
        return Findings(error.problems)
