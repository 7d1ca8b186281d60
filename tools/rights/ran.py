"""What the functions have really called on the laptop, in kinds that can be compared.

A run has another tenant than the comparison: of resources counts what they are, not whose.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from tools.rights.comparison import MACHINE
from tools.rights.needs import Need

Kind = tuple[str, str]
"""An action, and the kind of items, the first folder of keys, or the kind of secret."""


def kinds_of(needs: Iterable[Need]) -> set[Kind]:
    return {(need.action, _kind(need.action, need.resource, need.key)) for need in needs}


def read_ran(files: Iterable[Path]) -> Mapping[str, set[Kind]]:
    """The kinds of calls by handler, of all these runs together."""
    found: defaultdict[str, set[Kind]] = defaultdict(set)
    for file in files:
        for name, calls in json.loads(file.read_text("utf-8")).items():
            # WorkMailMigration-<tenant>-copy-slice; tenants have hyphens, too
            for handler in _handlers(name):
                found[handler] |= {
                    (action, _kind(action, resource, key)) for action, resource, key in calls
                }
    return found


def covers(derived: Kind, made: Kind) -> bool:
    """Whether a call that was made is one of those derived, whose kind may be all: `*`."""
    return derived[0] == made[0] and derived[1] in ("*", made[1])


def _handlers(name: str) -> list[str]:
    """All handlers that a function of that name may have: the ends of the name. Only one of them
    is one."""
    if name == "state-machine":
        return [MACHINE]
    words = name.split("-")
    return ["_".join(words[number:]) for number in range(1, len(words))]


def _kind(action: str, resource: str, key: str) -> str:
    service = action.partition(":")[0]
    if service == "dynamodb":
        return key.partition("#")[0] or "*"  # a scan has no key
    if service == "s3" and action != "s3:ListBucket":
        return resource.partition("/")[2].partition("/")[0]
    if service == "secretsmanager" and "/" in resource:
        return resource.split("/")[2].partition("-")[0].rstrip("*")
    return ""
