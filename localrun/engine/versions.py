"""Published versions of state machines, and the aliases that lead to them.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-cd-aliasing-versioning.html
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

from localrun.engine.clock import Clock
from localrun.engine.execution import Machine, Qualified


@dataclass(frozen=True, slots=True)
class Published:
    """A version of a machine: what the machine was when it was published."""

    arn: str
    machine: Machine
    description: str
    created: float


@dataclass(frozen=True, slots=True)
class Alias:
    """A name that leads to one version; routes to two are not played here."""

    arn: str
    name: str
    version: str
    description: str
    created: float
    updated: float


class Versions:
    """`machines` are those of all versions, by the version's ARN; `aliases` by theirs."""

    def __init__(self, clock: Clock) -> None:
        self.machines: dict[str, Machine] = {}
        self.aliases: dict[str, Alias] = {}
        self._published: dict[str, list[Published]] = {}
        self._clock = clock
        self._lock = threading.Lock()

    def publish(self, machine: Machine, description: str) -> Published:
        """The next version of the machine as it is now; the latest one if nothing has changed
        since."""
        with self._lock:
            known = self._published.setdefault(machine.arn, [])
            if known and known[-1].machine == machine:
                return known[-1]
            arn = f"{machine.arn}:{len(known) + 1}"
            version = Published(arn, machine, description, self._clock.now())
            known.append(version)
            self.machines[arn] = machine
            return version

    def of(self, machine_arn: str) -> list[Published]:
        """The versions of a machine, the newest first."""
        return self._published.get(machine_arn, [])[::-1]

    def point(self, name: str, version: str, description: str | None) -> Alias:
        """Makes the alias of that name lead to the version (an ARN), whether or not it is there;
        without a description it keeps the one that it has."""
        arn = f"{version.rpartition(':')[0]}:{name}"
        now = self._clock.now()
        with self._lock:
            known = self.aliases.get(arn)
            if description is None:
                description = known.description if known else ""
            alias = Alias(arn, name, version, description, known.created if known else now, now)
            self.aliases[arn] = alias
        return alias

    def aliases_of(self, machine_arn: str) -> Iterator[Alias]:
        """Those of a machine, or of one of its versions."""
        for alias in list(self.aliases.values()):
            if machine_arn in (alias.version, alias.version.rpartition(":")[0]):
                yield alias

    def resolve(self, arn: str) -> Qualified:
        """The version, and the alias, that an ARN stands for."""
        if alias := self.aliases.get(arn):
            return Qualified(alias.version, arn)
        return Qualified(arn) if arn in self.machines else Qualified()
