"""The engine over a Graph mailbox: nothing is lost and nothing doubled, whatever happens there."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.graph import GraphServer
from localrun.fakes.ledger import MemoryLedger
from localrun.fakes.mailbox import MemoryTarget
from localrun.fakes.steps import no_step
from migration.copy.engine import Pace, SliceJob, SliceOutcome, SliceResult, copy_slice
from migration.copy.verify import verify_mailbox
from migration.errors import TargetBusy
from migration.mail import Fate
from migration.mime import whole
from migration.model import Agreement, CopyPolicy, DeltaPolicy, Mailbox
from migration.sources import graph_lookout
from migration.sources.graph import GraphSource
from tests.graph.plain import mime
from tests.graph.sources import ANN, GraphBox, new_client

SPEED = 50.0
START = datetime(2026, 11, 23, tzinfo=UTC)
Path = tuple[str, ...]


class Tenant:
    """A Graph mailbox, and where it is copied to. Each slice has a source of its own."""

    def __init__(self, server: GraphServer, policy: CopyPolicy | None = None) -> None:
        self.server = server
        self.box = GraphBox(server)
        self.target, self.ledger, self.blobs = MemoryTarget(), MemoryLedger(), MemoryBlobs()
        self.ledger.plan_mailboxes("run", [Mailbox("box", ANN, ANN, "ann", "Ann")])
        self.policy = policy or CopyPolicy()
        self.now = START

    def run(self, pass_id: int, seconds: float = 900.0, passing: float = 0.0) -> SliceResult:
        """One slice that begins with so many seconds left, `passing` of which are over whenever it
        looks at its clock."""
        clock = itertools.count(seconds, -passing)
        source = GraphSource(new_client(self.server, SPEED), ANN)
        pace = Pace(settle=0.0, moment=0.0)
        now = self.now.isoformat().replace("+00:00", "Z")
        job = SliceJob("acme", "box", pass_id, now, pace, self.policy)
        parts = (source, self.target, self.ledger, self.blobs)
        try:
            return copy_slice(*parts, job, lambda: next(clock), sleep=lambda wait: None)
        finally:
            source.close()

    def finish(self, pass_id: int) -> int:
        """Slices until nothing is left; how many messages they have copied."""
        copied = 0
        for _ in range(100):
            result = self.run(pass_id)
            copied += result.copied
            self.now += timedelta(seconds=max(1, result.wait_seconds))
            if result.outcome is SliceOutcome.DONE:
                return copied
        raise AssertionError("the copy never ends")

    def verdict(self, pass_id: int) -> Agreement:
        source = GraphSource(new_client(self.server, SPEED), ANN)
        parts = (source, self.target, self.ledger, self.blobs)
        found = verify_mailbox(*parts, "box", pass_id, self.policy, lambda: 900.0, "acme")
        source.close()
        return found.agreement

    def there(self) -> dict[Path, Counter[tuple[bytes, frozenset[str]]]]:
        """What the target holds, by folder."""
        return {
            path: Counter((whole(kept.item.mime), kept.item.flags) for kept in items)
            for path, items in self.target.contents().items()
            if items
        }

    def here(self) -> dict[Path, Counter[tuple[bytes, frozenset[str]]]]:
        """What the source holds, by where that goes."""
        return {
            PLACES.get(path, path): Counter(
                (
                    each.mime.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
                    each.flags | set(each.categories),
                )
                for each in messages
            )
            for path, messages in self.box.mailbox.folders().items()
            if messages
        }


PLACES: dict[Path, Path] = {
    ("Posteingang",): ("Inbox",),
    ("Gesendete Elemente",): ("Sent Items",),
    ("Entwürfe",): ("Drafts",),
    ("Gelöschte Elemente",): ("Deleted Items",),
    ("Junk-E-Mail",): ("Junk E-mail",),
}
POLICIES = [CopyPolicy(), CopyPolicy(delta=DeltaPolicy.FOLLOW)]


@pytest.fixture
def server() -> Iterator[GraphServer]:
    with GraphServer() as made:
        made.add_user(ANN, "Ann", language="de")
        yield made


def seed(box: GraphBox) -> dict[Path, list[str]]:
    """Messages in some folders; their ids."""
    flags = [(), ("\\Seen",), ("\\Seen", "\\Answered", "Rot"), ("\\Flagged", "$Forwarded")]
    places: dict[Path, int] = {
        ("Posteingang",): 130,
        ("Gesendete Elemente",): 7,
        ("Kunden", "A/B"): 53,
        ("Kunden", "Leer"): 0,
    }
    known: dict[Path, list[str]] = {}
    for path, count in places.items():
        box.make(path)
        known[path] = []
        for number in range(count):
            content = mime(f"{path[-1]} {number}", body="x" * (number % 5 * 1000))
            known[path] += box.deliver(path, content, flags=flags[number % 4])
    box.deliver(("Entwürfe",), mime("draft"), flags=("\\Draft", "\\Seen"))
    box.deliver(("Posteingang",), mime("large", body="x" * 2_000_000))
    return known


def test_a_mailbox_is_copied_as_it_is(server: GraphServer) -> None:
    tenant = Tenant(server)
    seed(tenant.box)
    assert tenant.finish(1) == 192
    assert tenant.there() == tenant.here()
    assert tenant.verdict(1) is Agreement.AGREE
    assert tenant.finish(2) == 0


def test_nothing_is_written_to_the_source(server: GraphServer) -> None:
    tenant = Tenant(server)
    seed(tenant.box)
    tenant.finish(1)
    tenant.finish(2)
    asked = {(each.method, each.path) for each in server.requests if each.method != "GET"}
    assert asked <= {("POST", "/$batch")}


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: str(policy.delta))
def test_later_passes_bring_what_is_new_and_what_changed(
    server: GraphServer, policy: CopyPolicy
) -> None:
    tenant = Tenant(server, policy)
    known = seed(tenant.box)
    tenant.finish(1)
    inbox, box = known["Posteingang",], tenant.box
    tenant.finish(2)  # the first reading of flags
    box.deliver(("Posteingang",), mime("new"), mime("new too"))
    box.flag(("Posteingang",), inbox[3], ("\\Seen", "\\Flagged", "Blau"))
    box.mailbox.touch(inbox[4])
    box.mailbox.move(inbox[5], ("Kunden", "Leer"))
    box.delete(("Posteingang",), inbox[6])
    box.mailbox.rename_folder(("Kunden", "A/B"), "C")
    assert tenant.finish(3) == 3
    there, here = tenant.there(), tenant.here()
    here["Kunden", "A/B"] = here.pop(("Kunden", "C"))  # its place stays
    left = sum((there[path] - here.get(path, Counter()) for path in there), Counter())
    assert left.total() == (0 if policy.delta is DeltaPolicy.FOLLOW else 2)
    assert all(not here[path] - there[path] for path in here)
    assert tenant.finish(4) == 0


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: str(policy.delta))
def test_links_that_were_forgotten_double_nothing(server: GraphServer, policy: CopyPolicy) -> None:
    tenant = Tenant(server, policy)
    seed(tenant.box)
    tenant.finish(1)
    tenant.finish(2)
    tenant.box.mailbox.expire_delta_tokens()
    tenant.box.deliver(("Posteingang",), mime("new"))
    assert tenant.finish(3) == 1
    assert tenant.there() == tenant.here()
    assert tenant.verdict(3) is Agreement.AGREE


def test_an_edited_draft_comes_with_the_next_pass(server: GraphServer) -> None:
    tenant = Tenant(server, CopyPolicy(delta=DeltaPolicy.FOLLOW))
    (uid,) = tenant.box.deliver(("Entwürfe",), mime("draft"), flags=("\\Draft",))
    tenant.finish(1)
    tenant.box.mailbox.message(uid).mime = mime("draft", body="edited")
    tenant.box.mailbox.touch(uid)
    assert tenant.finish(2) == 1
    assert tenant.there() == tenant.here()


def test_what_cannot_be_read_is_told_and_the_rest_copied(server: GraphServer) -> None:
    tenant = Tenant(server)
    known = seed(tenant.box)
    for number, code in enumerate(("ErrorCorruptData", "ErrorInvalidRecipients")):
        tenant.box.mailbox.corrupt(known["Posteingang",][number], code=code)
    assert tenant.finish(1) == 190
    remarks = tenant.ledger.remarks("box")
    assert {(each.fate, each.reason) for each in remarks} == {
        (Fate.UNREADABLE, "ErrorCorruptData"),
        (Fate.UNREADABLE, "ErrorInvalidRecipients"),
    }
    assert tenant.verdict(1) is Agreement.EXCEPTIONS


@pytest.mark.parametrize("passing", [0.0, 40.0])
def test_flags_of_a_large_folder_are_carried_in_parts(
    server: GraphServer, monkeypatch: pytest.MonkeyPatch, passing: float
) -> None:
    """However short a slice is, the next one goes on where it has ended."""
    monkeypatch.setattr(graph_lookout, "_FLAGS_PAGES", 1)
    tenant = Tenant(server)
    known = seed(tenant.box)["Posteingang",]
    tenant.finish(1)
    for uid in known:
        tenant.box.flag(("Posteingang",), uid, ("\\Seen", "Blau"))
    server.faults.page_limit = 20
    outcomes = [tenant.run(2, passing=passing).outcome]
    while outcomes[-1] is SliceOutcome.MORE and len(outcomes) < 40:
        outcomes.append(tenant.run(2, passing=passing).outcome)
    assert outcomes[-1] is SliceOutcome.DONE
    assert len(outcomes) == 1 if not passing else len(outcomes) > 1
    assert tenant.there() == tenant.here()


def refuse(status: int, code: str, wait: float | None) -> Callable[[GraphServer, int], None]:
    def fail(server: GraphServer, after: int) -> None:
        server.faults.refuse(status, code, after=after, retry_after=wait, times=2)

    return fail


FAILURES: dict[str, Callable[[GraphServer, int], None]] = {
    "throttled": refuse(429, "ApplicationThrottled", 1),
    "throttled for long": refuse(429, "ApplicationThrottled", 300),
    "unavailable": refuse(503, "ServiceUnavailable", 60),
    "timeout": refuse(504, "UnknownError", None),
    "dropped": lambda server, after: server.faults.drop(after=after),
    "links": lambda server, after: server.mailbox(ANN).expire_delta_tokens(),
}


def lose_answer(name: str, chance: random.Random) -> None:
    if name == "after append" and chance.random() < 0.01:
        raise TargetBusy("the answer was lost", 1.0)


@pytest.mark.parametrize("seed_number", range(3))
def test_an_unreliable_service_costs_time_and_no_message(
    server: GraphServer, seed_number: int
) -> None:
    """Small pages, replays, refusals of every kind, lost connections, answers of the target that
    are lost, changes in between."""
    chance = random.Random(seed_number)
    tenant = Tenant(server)
    tenant.target.step = lambda name: lose_answer(name, chance)
    known = seed(tenant.box)
    server.faults.page_limit = chance.choice([None, 10, 33])
    server.faults.replays = chance.choice([0, 2])
    server.faults.empty_pages = chance.choice([True, False])

    for pass_id in (1, 2, 3):
        for _ in range(4):
            FAILURES[chance.choice(list(FAILURES))](server, chance.randrange(40))
            tenant.run(pass_id, seconds=chance.choice([31.0, 900.0]))
            tenant.now += timedelta(seconds=400)
        inbox = known["Posteingang",]
        tenant.box.flag(("Posteingang",), chance.choice(inbox), ("\\Seen", "\\Answered"))
        tenant.box.deliver(("Kunden", "A/B"), mime(f"late {pass_id}"))
    server.faults.clear()
    tenant.target.step = no_step
    tenant.finish(4)
    assert tenant.there() == tenant.here()
    assert tenant.verdict(4) is Agreement.AGREE
