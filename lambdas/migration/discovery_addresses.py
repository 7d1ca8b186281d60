"""Which addresses the mailboxes and groups of a source get in WorkMail. Pure.

Everybody keeps the primary address, if it is in one of the tenant's domains, WorkMail takes it and
nobody else has it; then those whose primary address will not do get an alias; what is left of the
addresses become aliases.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from migration import discovery_notes as notes
from migration.discovery_notes import Notes
from migration.manifest_fields import is_foreign
from migration.workmail_names import MAX_ALIASES, address_problem


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of one entity in WorkMail."""

    target: str
    aliases: tuple[str, ...] = ()


def choose_addresses(
    wanted: Sequence[Addresses], domains: Sequence[str], told: Notes
) -> list[Addresses | None]:
    """What each entity gets, in the order given; None if no address will do for it. `told` gets a
    note of whatever is not as it was. Without `domains` any domain is good."""
    choice = _Choice(domains, told)
    targets = [choice.claim(one.target) for one in wanted]
    for place, one in enumerate(wanted):
        if not targets[place]:
            targets[place] = choice.substitute(one)
    return [
        Addresses(target, tuple(choice.aliases(one, target))) if target else None
        for one, target in zip(wanted, targets, strict=True)
    ]


@dataclass(slots=True)
class _Choice:
    domains: Sequence[str]
    told: Notes
    taken: set[str] = field(default_factory=set)
    """In small letters."""

    def claim(self, address: str) -> str:
        """The address, which is taken from now on; "" if it will not do."""
        if not self._is_good(address) or address.lower() in self.taken:
            return ""
        self.taken.add(address.lower())
        return address

    def substitute(self, wanted: Addresses) -> str:
        """An alias for a primary address, one with the same name before the @ if there is one."""
        name = wanted.target.partition("@")[0].lower()
        ordered = sorted(wanted.aliases, key=lambda one: one.partition("@")[0].lower() != name)
        for alias in ordered:
            if self.claim(alias):
                self.told.add(notes.OTHER_TARGET, f"{wanted.target}: {alias}")
                return alias
        self.told.add(self._why_none((wanted.target, *wanted.aliases)), wanted.target)
        return ""

    def aliases(self, wanted: Addresses, target: str) -> Iterator[str]:
        """The other addresses of an entity that has its target."""
        count = 0
        own = {target.lower()}
        for address in (wanted.target, *wanted.aliases):
            if not address or address.lower() in own:
                continue
            own.add(address.lower())
            told = f"{target}: {address}"
            if is_foreign(address, self.domains, with_test_domain=False):
                self.told.add(notes.FOREIGN_ALIAS, told)
            elif address_problem(address):
                self.told.add(notes.REFUSED_ALIAS, told)
            elif address.lower() in self.taken:
                self.told.add(notes.TAKEN_ALIAS, told)
            elif count == MAX_ALIASES:
                self.told.add(notes.TOO_MANY_ALIASES, told)
            else:
                count += 1
                self.taken.add(address.lower())
                yield address

    def _is_good(self, address: str) -> bool:
        foreign = is_foreign(address, self.domains, with_test_domain=False)
        return not foreign and not address_problem(address)

    def _why_none(self, addresses: Sequence[str]) -> str:
        if any(map(self._is_good, addresses)):
            return notes.TAKEN_ADDRESS
        if all(is_foreign(one, self.domains, with_test_domain=False) for one in addresses):
            return notes.NO_ADDRESS
        return notes.REFUSED_ADDRESS
