"""What a rollback takes back, in which order, and what it leaves, and why. All functions are pure.

The deeds say what this migration has made; the directory says who is there now; the looks say whose
mailbox is kept. Kept is a mailbox that holds what this migration did not put there, and what makes
it work stays with it: the user, its addresses, its memberships with the groups that this migration
made, what it may do and who may use it.

Steps are for three stages, one after the other: first what connects entities, then the entities,
then the domains. Steps of one stage may run at the same time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from migration.deeds import CREATIONS, LINKS, Deed, DeedKind, DeedState
from migration.directory_model import DirectoryUser

DOUBTFUL = (
    "it was there when this migration came to make it: an earlier call of its own or somebody else "
    "may have made it; remove it by hand if it is not wanted"
)
KEPT_WITH = "it belongs to a mailbox that is kept"
KEPT_GROUP = "a mailbox or group that is kept is a member of it"
NOT_LOOKED_INTO = "nobody has looked into its mailbox: start the rollback again"

_DEEDS_PER_STEP = 50
"""Each costs one to three calls, and a function has 100 seconds."""


class Stage(StrEnum):
    """In their order."""

    LINKS = "links"
    ENTITIES = "entities"
    DOMAINS = "domains"


@dataclass(frozen=True, slots=True)
class Step:
    """What one call of the workflow takes back, in this order. `carried` are deeds whose things end
    with them. `mailbox` is to be forgotten by the ledger, "" if none is. All are keys or ids."""

    stage: Stage
    deeds: tuple[str, ...]
    carried: tuple[str, ...] = ()
    mailbox: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """`looks` are the deeds, one for each user, whose mailboxes must be looked into. `left` gives
    the reason for each deed that is left, `gone` are deeds whose thing is not there any more."""

    steps: tuple[Step, ...]
    looks: tuple[str, ...]
    left: Mapping[str, str]
    gone: tuple[str, ...]

    @property
    def taken(self) -> frozenset[str]:
        """The keys of all deeds that the steps take back."""
        return frozenset(key for step in self.steps for key in (*step.deeds, *step.carried))


def make_plan(
    deeds: Iterable[Deed],
    users: Iterable[DirectoryUser],
    kept: Mapping[str, str],
    mailboxes: Mapping[str, str],
) -> Plan:
    """The plan for deeds whose `entity` is known where there is one: what was created and is not
    there has none.

    `kept` gives the reason for each user, by WorkMail's id, whose mailbox is kept; `mailboxes` the
    ledger's id of each user's mailbox.
    """
    alive = {user.id: user for user in users if user.state != "DELETED"}
    deeds = list(deeds)
    left = {deed.key: DOUBTFUL for deed in deeds if deed.state is DeedState.DOUBTFUL}
    ours = _ours(deeds)
    gone = tuple(deed.key for deed in ours if deed.kind in CREATIONS and not deed.entity)
    ours = [deed for deed in ours if deed.key not in gone]
    everybody = _spread(kept, ours)
    left |= {deed.key: reason for deed in ours if (reason := _reason_to_keep(deed, everybody))}
    taken = [deed for deed in ours if deed.key not in left]
    steps = (*_entity_steps(taken, mailboxes), *_domain_steps(taken))
    carried = {key for step in steps for key in step.carried}
    links = [deed for deed in taken if deed.kind in LINKS and deed.key not in carried]
    return Plan((*_link_steps(links), *steps), tuple(_looks(ours, alive)), left, gone)


def judge_looks(
    deeds: Sequence[Deed], users: Iterable[DirectoryUser], rollback: str
) -> dict[str, str]:
    """Why mailboxes are kept, by WorkMail's id of their user, from what the looks of this rollback
    have written on their deeds. A mailbox that nobody has looked into is kept."""
    alive = {user.id: user for user in users if user.state != "DELETED"}
    by_key = {deed.key: deed for deed in deeds}
    looked = [by_key[key] for key in _looks(_ours(deeds), alive)]
    reasons = {
        deed.entity: deed.reason if deed.decided_by == rollback else NOT_LOOKED_INTO
        for deed in looked
    }
    return {entity: reason for entity, reason in reasons.items() if reason}


def _ours(deeds: Iterable[Deed]) -> list[Deed]:
    return [deed for deed in deeds if deed.state in (DeedState.OPEN, DeedState.DONE)]


def _looks(ours: Iterable[Deed], alive: Mapping[str, DirectoryUser]) -> Iterator[str]:
    """One deed for each user with a mailbox that would be disabled: that of its creation, or that
    of enabling it."""
    chosen: dict[str, Deed] = {}
    for deed in ours:
        user = alive.get(deed.entity)
        if user is None or user.state != "ENABLED":
            continue
        if deed.kind is DeedKind.USER:
            chosen[deed.entity] = deed
        elif deed.kind is DeedKind.ENABLED:
            chosen.setdefault(deed.entity, deed)
    yield from sorted(deed.key for deed in chosen.values())


def _spread(kept: Mapping[str, str], ours: Sequence[Deed]) -> dict[str, str]:
    """Also the groups that this migration has made and in which somebody is who is kept: mail
    reaches them that way."""
    made = {deed.entity for deed in ours if deed.kind is DeedKind.GROUP}
    members = [deed for deed in ours if deed.kind is DeedKind.MEMBER and deed.subject in made]
    everybody = dict(kept)
    while more := {d.subject for d in members if d.detail in everybody} - everybody.keys():
        everybody |= dict.fromkeys(more, KEPT_GROUP)
    return everybody


def _reason_to_keep(deed: Deed, kept: Mapping[str, str]) -> str:
    """ "" if it can be taken back. Others leave a group that is kept; a mailbox that is kept leaves
    no group."""
    if deed.kind in (DeedKind.MEMBER, DeedKind.DELEGATE):
        return KEPT_WITH if deed.detail in kept else ""
    if deed.kind is DeedKind.PERMISSIONS:
        return KEPT_WITH if {deed.subject, deed.detail} & kept.keys() else ""
    if deed.kind is DeedKind.ALIAS:
        return KEPT_WITH if deed.subject in kept else ""
    return kept.get(deed.entity, "")


def _entity_steps(taken: Sequence[Deed], mailboxes: Mapping[str, str]) -> Iterator[Step]:
    by_entity: dict[str, list[Deed]] = defaultdict(list)
    for deed in taken:
        if deed.kind in CREATIONS or deed.kind is DeedKind.ENABLED:
            by_entity[deed.entity].append(deed)
    for entity, some in sorted(by_entity.items()):
        created = [deed for deed in some if deed.kind in CREATIONS]
        enabled = [deed for deed in some if deed.kind is DeedKind.ENABLED]
        carried: list[str] = []
        mailbox = ""
        if created:
            carried = sorted(_carried(taken, entity))
        if any(deed.kind is DeedKind.USER for deed in created):
            mailbox = mailboxes.get(entity, "")
        keys = tuple(deed.key for deed in (*enabled, *created))
        yield Step(Stage.ENTITIES, keys, tuple(carried), mailbox)


def _carried(taken: Iterable[Deed], entity: str) -> Iterator[str]:
    """Members, delegates and permissions end with what has them. Aliases do not go without saying:
    that a deleted user's are free for others is not documented."""
    for deed in taken:
        if deed.kind in LINKS and deed.kind is not DeedKind.ALIAS and deed.subject == entity:
            yield deed.key


def _link_steps(links: Iterable[Deed]) -> Iterator[Step]:
    """By the entity that has them. Of permissions that were given again and again to the same
    grantee, the last ones come first."""
    by_subject: dict[str, list[Deed]] = defaultdict(list)
    for deed in links:
        by_subject[deed.subject].append(deed)
    for _, some in sorted(by_subject.items()):
        pairs: dict[tuple[str, str], list[Deed]] = defaultdict(list)
        for deed in sorted(some, key=lambda deed: deed.at, reverse=True):
            pairs[str(deed.kind), deed.detail].append(deed)
        part: list[str] = []
        for _, same in sorted(pairs.items()):
            part += [deed.key for deed in same]
            if len(part) >= _DEEDS_PER_STEP:
                yield Step(Stage.LINKS, tuple(part))
                part = []
        if part:
            yield Step(Stage.LINKS, tuple(part))


def _domain_steps(taken: Iterable[Deed]) -> Iterator[Step]:
    for deed in taken:
        if deed.kind is DeedKind.DOMAIN:
            yield Step(Stage.DOMAINS, (deed.key,))
