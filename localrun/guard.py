"""Who may do what in the laptop's cloud: requests are judged by the role of whoever signs them.

Signatures are not verified. An access key that nobody has named here may do everything: the
operator's, and that of the run itself.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from localrun.iam import Context, Statement, is_allowed

_ACCESS_KEY = re.compile(r"Credential=([^/,\s]+)/\d+/[\w-]+/([\w-]+)/")

LEADING_KEYS = "dynamodb:leadingkeys"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request wants: an IAM action on a resource, an ARN, or `*` for actions that have none;
    "" where nobody here can tell which, and any will do. A request may ask for several."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)


class Guard:
    """Judges requests, and keeps what was granted and what was refused."""

    def __init__(self) -> None:
        self._statements: dict[str, tuple[Statement, ...]] = {}
        self._granted: defaultdict[str, set[tuple[str, str, str]]] = defaultdict(set)
        self.refusals: list[str] = []

    def restrict(self, access_key: str, statements: Iterable[Statement]) -> None:
        """From now on, who signs with this key may do what these say, and nothing else."""
        self._statements[access_key] = tuple(statements)

    def permit(self, access_key: str) -> None:
        """Takes back what `restrict` has said of this key."""
        self._statements.pop(access_key, None)

    def knows(self, access_key: str) -> bool:
        return access_key in self._statements

    def refuse(self, access_key: str, asked: Iterable[Asked]) -> str:
        """Why the request is refused, in IAM's words; "" if it is not."""
        if access_key not in self._statements:
            return ""
        for each in asked:
            if not self._allows(self._statements[access_key], each):
                keys = ", ".join(sorted(each.context.get(LEADING_KEYS, ())))
                where = f" on resource: {each.resource}" if each.resource else ""
                about = f" (leading keys: {keys})" if keys else ""
                refusal = f"{access_key} is not authorized to perform: {each.action}{where}{about}"
                self.refusals.append(refusal)
                return refusal
            keys_of = each.context.get(LEADING_KEYS, ()) or ("",)
            self._granted[access_key] |= {(each.action, each.resource, key) for key in keys_of}
        return ""

    def granted(self) -> Mapping[str, Sequence[tuple[str, str, str]]]:
        """What each restricted key has done: action, resource, and partition key of a table."""
        return {key: sorted(found) for key, found in list(self._granted.items())}

    @staticmethod
    def _allows(statements: Iterable[Statement], asked: Asked) -> bool:
        if asked.resource:
            return is_allowed(statements, asked.action, asked.resource, asked.context)
        return any(
            is_allowed(statements, asked.action, resource, asked.context)
            for statement in statements
            for resource in statement.resources
        )


def signer(authorization: str) -> tuple[str, str]:
    """The access key and the service, as signing names it, of a signature of version 4; empty if
    another one signs."""
    found = _ACCESS_KEY.search(authorization)
    return (found[1], found[2]) if found else ("", "")
