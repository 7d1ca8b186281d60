"""What may become of a feature."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What becomes of a feature."""

    KEPT = "kept"
    ELSEWHERE = "kept in another place"
    PART = "kept in part"
    LOST = "lost"
    REFUSED = "the item is refused"


@dataclass(frozen=True, slots=True)
class Measured:
    """What became of a sample; `why` says where it is kept, or why not."""

    outcome: Outcome
    why: str = ""
