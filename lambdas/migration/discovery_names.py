"""Texts and names of a source's directory as the manifest takes them. Pure."""

from __future__ import annotations

import unicodedata

from migration.workmail_names import (
    MAX_TEXT,
    MAX_USERNAME,
    derive_username,
    fits_resource,
    group_name_problem,
)

_NOT_IN_TEXTS = frozenset({"Cc", "Cs"})


def clean(text: str) -> str:
    """One line without control characters, and with single spaces."""
    shown = (" " if unicodedata.category(one) in _NOT_IN_TEXTS else one for one in text)
    return " ".join("".join(shown).split())


def cut(text: str, longest: int) -> str:
    """At most so many characters of a clean text."""
    return text[:longest].rstrip()


class Names:
    """WorkMail's names of users, groups and resources, which they share without regard to case.
    Users come first, then groups, then resources."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def user(self, target: str) -> str:
        """The user name: what stands before the @ if it is free, else the whole address."""
        whole = derive_username(target.replace("@", "-"))
        name, number = derive_username(target), 1
        while not self._take(name):
            ending = f"-{number}" if number > 1 else ""
            name, number = whole[: MAX_USERNAME - len(ending)] + ending, number + 1
        return name

    def group(self, wanted: str, address: str) -> str:
        """The name that is wanted if WorkMail takes it and it is free, else what stands before the
        @, else the address."""
        for name in (wanted, address.partition("@")[0], address):
            if not group_name_problem(name) and self._take(name):
                return name
        number = 2
        while not self._take(name := f"{cut(address, MAX_TEXT - 6)} {number}"):
            number += 1
        return name

    def resource(self, wanted: str) -> str:
        """The name, with a number behind it if it fits WorkMail and is not free. One that does not
        fit is made fit by whoever reads the manifest, and is free then."""
        if not fits_resource(wanted) or self._take(wanted):
            return wanted
        return f"{wanted} 2"

    def _take(self, name: str) -> bool:
        if name.lower() in self._taken:
            return False
        self._taken.add(name.lower())
        return True
