"""What the secrets of generated passwords hold, and how they are called. Pure functions.

A run's passwords are in `waves/<run>/1` below workmail-migration/<tenant>/, and in `/2` and so on
where one value would be too long. A reset keeps those that the operator had given in
`waves/<run>/reset/1`. The numbers are there for the first ones, too: Secrets Manager mistakes the
end of a name for a part of its ARN if it is a hyphen and six characters.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from migration.errors import TenantMisconfigured

WAVES = "waves/"
OPERATORS = "target"
"""The path of the secret that the operator fills."""

LIMIT = 65_536
"""Bytes of a secret's value (Secrets Manager's quota)."""

ROOM = 49_152
"""Bytes that are filled at first: a reset needs space for both passwords of some users."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.+@-]{1,80}")


@dataclass(frozen=True, slots=True)
class ResetState:
    """How far the reset of run `run` is: every user up to address `through` had its turn.
    `refused` counts those whom WorkMail refused, by operation and code."""

    run: str = ""
    through: str = ""
    refused: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """The value of one secret, by addresses in small letters.

    `mailboxes` holds the passwords that count; `pending` those that a reset is about to set, so
    that either opens the mailbox until it is done; `replaced` what stood in the operator's secret
    when a reset made it worthless.
    """

    mailboxes: Mapping[str, str] = field(default_factory=dict, repr=False)
    pending: Mapping[str, str] = field(default_factory=dict, repr=False)
    replaced: Mapping[str, str] = field(default_factory=dict, repr=False)
    reset: ResetState = ResetState()

    @property
    def text(self) -> str:
        """The value: JSON, without what is empty."""
        value: dict[str, object] = {"mailboxes": dict(self.mailboxes)}
        value |= {"pending": dict(self.pending)} if self.pending else {}
        value |= {"replaced": dict(self.replaced)} if self.replaced else {}
        if self.reset.run:
            reset = self.reset
            refused = dict(reset.refused)
            value["reset"] = {"run": reset.run, "through": reset.through, "refused": refused}
        return json.dumps(value, separators=(",", ":"))

    @classmethod
    def parse(cls, text: str, path: str) -> Part:
        """TenantMisconfigured if it is no value of ours; `path` is named, the value is not."""
        try:
            value = json.loads(text)
            mailboxes, pending, replaced = (
                _texts(value, key) for key in ("mailboxes", "pending", "replaced")
            )
            reset = value.get("reset", {})
            refused = {str(why): int(number) for why, number in reset.get("refused", {}).items()}
            state = ResetState(str(reset.get("run", "")), str(reset.get("through", "")), refused)
        except (ValueError, TypeError, AttributeError):
            problem = f"the secret {path} has another form than this migration gave it"
            raise TenantMisconfigured([f"{problem}: restore its previous version"]) from None
        return cls(mailboxes, pending, replaced, state)


def _texts(value: Mapping[str, object], key: str) -> dict[str, str]:
    entries = value.get(key, {})
    if not isinstance(entries, dict) or not all(isinstance(each, str) for each in entries.values()):
        raise TypeError(key)
    return entries


def wave_path(run: str) -> str:
    """Where the run's passwords are, without the number. A run's name that a secret's may not have
    gives a digest."""
    fitting = _PLAIN_NAME.fullmatch(run)
    return WAVES + (run if fitting else f"={hashlib.sha256(run.encode()).hexdigest()[:32]}")


def entry_size(address: str, password: str) -> int:
    """Bytes that one more entry takes."""
    return len(json.dumps(address)) + len(json.dumps(password)) + len(":,")


def fill(parts: Sequence[Part], entries: Mapping[str, str]) -> list[Part]:
    """The parts with these entries added: to the last of them, and to new ones where it is full.
    All others stay as they are."""
    filled = list(parts) or [Part()]
    added: dict[str, str] = {}
    size = len(filled[-1].text)
    for address, password in entries.items():
        size += entry_size(address, password)
        if size > ROOM and (added or filled[-1].mailboxes):
            filled[-1] = _with(filled[-1], added)
            filled.append(Part())
            added, size = {}, len(Part().text) + entry_size(address, password)
        added[address] = password
    filled[-1] = _with(filled[-1], added)
    return filled


def _with(part: Part, added: Mapping[str, str]) -> Part:
    return replace(part, mailboxes={**part.mailboxes, **added})


def choose_password(given: str, part: Part | None, address: str) -> str:
    """What opens the mailbox, "" if nobody knows: the operator's password wins, unless a reset has
    replaced that very one. `part` is the one that has the user, if one does."""
    address = address.lower()
    made = part.mailboxes.get(address, "") if part else ""
    if part and made and part.replaced.get(address) == given:
        return made
    return given or made
