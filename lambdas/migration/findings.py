"""What preflight has found: problems stop the run, with warnings it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from migration.errors import TenantMisconfigured


@dataclass(frozen=True, slots=True)
class Findings:
    """Sentences for the operator. They may name domains and access control rules, never addresses
    or passwords. `provisions`: whether users can be created and enabled in WorkMail. `verified`:
    whether WorkMail takes addresses in all domains that were looked at."""

    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    provisions: bool = True
    verified: bool = True

    def __add__(self, other: Findings) -> Findings:
        return Findings(
            self.problems + other.problems,
            self.warnings + other.warnings,
            self.provisions and other.provisions,
            self.verified and other.verified,
        )


NOTHING = Findings()


def look(check: Callable[[], Findings]) -> Findings:
    """The check's findings; what it may not read is a problem like the others."""
    try:
        return check()
    except TenantMisconfigured as error:
        return Findings(error.problems)
