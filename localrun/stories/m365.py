"""The scenario `m365`: a tenant of Microsoft 365, read over Graph, from the discovery of its
directory to the report.

Three people whose folders are called in three languages, a shared mailbox, a room and a group. One
message cannot be read, one mailbox is throttled for a while. While the DNS is watched people go on:
mail comes, flags change, a message goes to another folder, an event moves; and Graph forgets where
it was with one of them. In the end every message must be in WorkMail once, but the one that nobody
can read, calendars must show the same as at the source, and nobody may have been told of anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta

from localrun.discover.kinds import KINDS
from localrun.fakes.graph.server import GraphServer
from localrun.scenario import Happening, Scenario
from localrun.stories.groupware_compare import compare, in_workmail
from localrun.stories.m365_items import (
    ADA,
    BEGIN,
    END,
    PHOTO,
    ZONE,
    People,
    change_groupware,
    expected_calendars,
    expected_others,
    put_groupware,
)
from localrun.world import World
from migration.discovery import draft_manifest, write_manifest
from migration.ports import Ledger
from migration.settings import CloudSettings

DOMAIN = "contoso.example"
ANNA, BERND, CLAIRE = (f"{name}@{DOMAIN}" for name in ("anna", "bernd", "claire"))
OFFICE, ROOM, TEAM = (f"{name}@{DOMAIN}" for name in ("office", "oak", "team"))
_PEOPLE = People(ANNA, BERND, ROOM)
BERNDS_ADDRESS = f"bernd.maier@{DOMAIN}"
"""What others write to: his user principal name is another one."""
_PASSWORD = "the-applications-password"
_CLIENT_ID = "8f2b1c4e-6a0d-4e53-9b7f-2d1c0a9e8b76"
_SECRET = {"app": {"directory": DOMAIN, "client_id": _CLIENT_ID, "secret": _PASSWORD}}
_BEGIN = datetime(2024, 3, 1, 8, 0, tzinfo=UTC)
THROTTLED_SECONDS = 90

SEEDED, ARRIVED, DELETED = 98, 4, 1
"""Messages: at first, while the DNS is watched, and those that are deleted then."""

Folder = str | tuple[str, ...]


def _graph(world: World) -> GraphServer:
    assert world.graph is not None
    return world.graph


# ---- what is there ---------------------------------------------------------------------------


def _seed(world: World) -> int:
    graph = _graph(world)
    graph.login.client_secret = _PASSWORD
    graph.add_user(ANNA, "Anna Berg", aliases=(f"a.berg@{DOMAIN}",))
    addresses = [f"SMTP:{BERNDS_ADDRESS}", f"smtp:{BERND}"]
    graph.add_user(
        *(BERND, "Bernd Maier"), language="de", mail=BERNDS_ADDRESS, proxyAddresses=addresses
    )
    graph.add_user(CLAIRE, "Claire Dubois", language="fr")
    graph.add_user(OFFICE, "Office", kind="shared")
    graph.add_user(ROOM, "Oak", kind="room", capacity=12)
    graph.add_group(TEAM, "Team", (ANNA, BERND), (ANNA,))
    graph.mailbox(ANNA).add_folder(("Projects",))
    graph.mailbox(ANNA).add_folder(("Projects", "2026 / Übersicht"))
    graph.mailbox(ANNA).add_folder(("Unread",), search=True)
    graph.mailbox(BERND).add_folder(("Rechnungen",))
    graph.mailbox(CLAIRE).add_folder(("Dossiers",), hidden=False)
    graph.mailbox(CLAIRE).add_folder(("Réglages",), hidden=True)
    delivered = [_deliver(graph, *one) for one in _all_mail()]
    graph.mailbox(BERND).corrupt(_lost(graph))
    put_groupware(graph, _PEOPLE)
    # one slice after the other finds that the service wants to be left alone
    graph.faults.refuse(
        *(429, "ApplicationThrottled"),
        path=rf"/users/{CLAIRE}/.*/messages",
        times=3,
        after=4,
        retry_after=THROTTLED_SECONDS,
    )
    return len(delivered)


def _all_mail() -> Iterator[tuple[str, Folder, int, tuple[str, ...], tuple[str, ...]]]:
    """Mailbox, folder, number, flags, categories."""
    for number in range(30):
        seen = ("\\Seen",) if number % 3 else ()
        yield ANNA, "inbox", number, seen, ("Red category",) if number % 7 == 0 else ()
    for number in range(12):
        yield ANNA, ("Projects", "2026 / Übersicht"), number, ("\\Seen", "\\Flagged"), ()
        yield BERND, "inbox", number, ("\\Seen", "\\Answered") if number % 2 else (), ()
        yield BERND, ("Rechnungen",), number, ("\\Seen",), ("Bezahlt", "Blaue Kategorie")
        yield CLAIRE, "inbox", number, ("\\Seen",), ()
        yield CLAIRE, ("Dossiers",), number, ("\\Seen", "$Forwarded"), ()
    for user in (ANNA, BERND, CLAIRE):
        yield user, "drafts", 1, ("\\Seen", "\\Draft"), ()
        yield user, "sentitems", 1, ("\\Seen",), ()
    yield OFFICE, "inbox", 1, (), ()
    yield ANNA, "sentitems", _LARGE, ("\\Seen",), ()


_LARGE = 77
"""The number of a message with so much in it that it never is in memory whole."""


def _deliver(
    graph: GraphServer,
    user: str,
    folder: Folder,
    number: int,
    flags: tuple[str, ...] = (),
    categories: tuple[str, ...] = (),
) -> str:
    received = _BEGIN + timedelta(days=number, minutes=len(user))
    return graph.mailbox(user).deliver(
        folder, _mime(user, folder, number), received, flags, categories
    )


def _mime(user: str, folder: Folder, number: int) -> bytes:
    place = folder if isinstance(folder, str) else "-".join(str(len(part)) for part in folder)
    text = "Zwölf Boxkämpfer jagen Viktor.\r\n" * (50_000 if number == _LARGE else 3)
    return (
        f"From: office@partner.example\r\nTo: {user}\r\nSubject: Letter {number}\r\n"
        f"Message-ID: <{place}.{number}.{user}>\r\nDate: Fri, 1 Mar 2024 08:00:00 +0000\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: 8bit\r\n\r\n{text}"
    ).encode()


def _lost(graph: GraphServer) -> str:
    """The message that Exchange lists and cannot give any more."""
    return graph.mailbox(BERND).folders()[("Rechnungen",)][3].id


def _discover(world: World) -> Mapping[str, bytes]:
    """The manifest, as `python -m localrun discover m365` makes it."""
    graph = _graph(world)
    cloud = CloudSettings("global", graph.login_url, graph.graph_url)
    with closing(KINDS["m365"].open(cloud, _SECRET)) as directory:
        found = directory.discover(lambda _line: None)
    files = write_manifest(draft_manifest(found, [DOMAIN]))
    return {f"tenant/{name}": files[name] for name in sorted(files, key=lambda one: one == _LAST)}


_LAST = "users.csv"
"""The file whose upload would begin a run."""


# ---- while the DNS is watched ----------------------------------------------------------------


def _people_go_on(world: World) -> None:
    graph = _graph(world)
    graph.mailbox(BERND).expire_delta_tokens()
    for user in (ANNA, BERND, CLAIRE, OFFICE):
        _deliver(graph, user, "inbox", 90)
    anna, claire = graph.mailbox(ANNA), graph.mailbox(CLAIRE)
    inbox = anna.folders()[("Inbox",)]
    anna.flag(inbox[0].id, "\\Seen", "\\Flagged", "\\Answered")
    anna.flag(inbox[1].id)
    dossiers = claire.folders()[("Dossiers",)]
    claire.move(dossiers[0].id, "inbox")
    claire.delete(dossiers[1].id)
    change_groupware(graph, _PEOPLE)


# ---- what must have happened -----------------------------------------------------------------


def _find_faults(world: World, ledger: Ledger, run: str) -> Iterator[str]:
    graph = _graph(world)
    statuses = {asked.status for asked in graph.requests}
    if 429 not in statuses:
        yield "nobody was throttled"
    if 410 not in statuses:
        yield "no link of a delta round was refused"
    yield from _changes(graph)
    sources = {record.mailbox.source for record in ledger.mailboxes(run)}
    if sources != {ANNA, BERND, CLAIRE, OFFICE, ROOM}:
        yield f"the manifest of the directory names {len(sources)} mailboxes, expected 5"
    yield from _find_groupware_faults(world)


def _find_groupware_faults(world: World) -> Iterator[str]:
    for sent in world.ews.sent:
        yield f"somebody was sent an {sent.what}"
    for user, shown in expected_calendars(_PEOPLE).items():
        calendar = Counter(world.ews.calendar(_target(user), BEGIN, END))
        yield from compare("occurrences", user, shown, calendar)
    for user, others in expected_others(_PEOPLE).items():
        yield from compare("items", user, others, in_workmail(world, _target(user)))

    stored = (one for items in world.ews.groupware(ANNA).values() for one in items)
    photos = [each for one in stored if one.text("DisplayName") == ADA for _, each in one.files]
    if photos != [PHOTO]:
        yield f"a contact has {len(photos)} photos, or another one than at the source"


def _target(user: str) -> str:
    return BERNDS_ADDRESS if user == BERND else user


def _changes(graph: GraphServer) -> Iterable[str]:
    """Requests that could have changed something at the source."""
    for asked in graph.requests:
        if asked.method != "GET" and not asked.path.endswith("/$batch"):
            yield f"the source was asked to {asked.method}"


M365 = Scenario(
    name="m365",
    sentence="Microsoft 365 over Graph: from the directory to the report, throttled on the way.",
    domain=DOMAIN,
    manifest=b"",
    secret=_SECRET,
    seed=_seed,
    has_graph=True,
    make_files=_discover,
    users=dict.fromkeys((ANNA, BERND, BERNDS_ADDRESS, CLAIRE, OFFICE), "nobodys-password"),
    tenant={
        "manifest": "intake/tenant/",
        "cutover": {"approval": "auto"},
        "copy": {"delta_policy": "follow"},
        "delta": {"interval_minutes": 120},
        "groupware": {"sources": ["m365"], "timezone": ZONE},
    },
    expected="exceptions",
    refused=1,
    happenings=(
        Happening("StartCutover", 1800, "people go on using Microsoft 365", _people_go_on),
        Happening(
            "StartCutover", 3600, "the DNS now points to WorkMail", World.point_dns_to_workmail
        ),
    ),
    check=_find_faults,
)
