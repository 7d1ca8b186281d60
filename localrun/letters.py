"""A message at the source, with everything that a migration must keep."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Letter:
    """`folder` holds decoded names, outermost first; `received` becomes the INTERNALDATE."""

    folder: tuple[str, ...]
    mime: bytes
    flags: tuple[str, ...]
    received: datetime
