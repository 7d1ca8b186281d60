"""What a scenario is: a tenant, its mail, and what happens outside while the migration runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from localrun.world import LARGEST_MESSAGE, World
from migration.ports import Ledger


def _find_nothing(_world: World, _ledger: Ledger, _run: str) -> Iterable[str]:
    return ()


def _make_nothing(_world: World) -> Mapping[str, bytes]:
    return {}


@dataclass(frozen=True, slots=True)
class Happening:
    """Something outside: `seconds` (virtual) after state `after` was entered for the first time,
    `act` changes the world; `what` says it in the timeline.

    `after` may be a state of a Map's children, such as CopySlice. While `act` works, virtual time
    passes only as real time does.
    """

    after: str
    seconds: float
    what: str
    act: Callable[[World], None]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named story.

    `source` is None when the run starts its own mail server, which `seed` fills. `secret` is the
    source secret's JSON, `target_secret` the target's. The `manifest` is uploaded before the
    run; an empty one is not. `written_over` is the protocol by which the
    mail must get into WorkMail: EWS, or IMAP with the users' passwords. `tenant` is
    merged into the tenant file that the run writes. `expected` is the report's verdict with which
    this story must end (None: any end but a failure, and nothing is demanded of happenings and
    refusals), and `cause` what must stand in the cause of a failed execution; nothing is copied
    then. WorkMail refuses messages of more than `largest_message` bytes; `refused` is how many of
    them this story has. Unless the domain is `registered`, WorkMail does not know it at first. With
    `nobody_answers` time goes on although the run waits for an answer. `alarms` are the names of
    the stack's alarms that must have been raised, and no others (None: nothing is demanded).
    With `has_dav` there is a CalDAV and CardDAV server, where the users have their own logins; the
    tenant file's `groupware` is asked to use it. With `has_graph` the source is Microsoft 365.
    `files` are uploaded below intake/ before the manifest, and so are those that `make_files` makes
    once the mailboxes are filled.
    `check` says what else is wrong at the end, from the run's ledger and from what the operators
    were told.
    """

    name: str
    sentence: str
    domain: str
    manifest: bytes
    secret: Mapping[str, Any]
    seed: Callable[[World], int]
    happenings: tuple[Happening, ...] = ()
    users: Mapping[str, str] = field(default_factory=dict)
    admins: Mapping[str, str] = field(default_factory=dict)
    source: Mapping[str, Any] | None = None
    tenant: Mapping[str, Any] = field(default_factory=dict)
    input: Mapping[str, Any] = field(default_factory=dict)
    expected: str | None = "done"
    cause: tuple[str, ...] = ()
    largest_message: int = LARGEST_MESSAGE
    refused: int = 0
    target_secret: Mapping[str, Any] = field(default_factory=dict)
    written_over: str = "EWS"
    registered: bool = True
    nobody_answers: bool = False
    alarms: tuple[str, ...] | None = None
    has_dav: bool = False
    has_graph: bool = False
    files: Mapping[str, bytes] = field(default_factory=dict)
    make_files: Callable[[World], Mapping[str, bytes]] = _make_nothing
    check: Callable[[World, Ledger, str], Iterable[str]] = _find_nothing


def manifest_of(addresses: Iterable[str]) -> bytes:
    """A manifest of users who keep their addresses, with the names that these suggest."""
    lines = (f"{each},{each},{each.split('@')[0].title()}\n" for each in addresses)
    return ("source,target,display_name\n" + "".join(lines)).encode()
