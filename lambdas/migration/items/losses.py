"""What a conversion could not keep, as rows of the report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Loss:
    """`what` is a property or a feature by its name in the format, `where` the item's kind and the
    line, `why` the reason in a short sentence. Holds no value: values may be private. `uid` tells
    the item for the report; "" where what was lost belongs to the file."""

    what: str
    where: str
    why: str
    uid: str = ""
