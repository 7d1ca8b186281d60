"""A small tenant for the series about cutting over and about executions that end early, and what is
looked at in each of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

from localrun.display import format_moment
from localrun.letters import Letter
from localrun.runner import Run
from localrun.scenario import Happening, Scenario, manifest_of
from localrun.series.administrator import look
from localrun.world import OLD_MX, World

DOMAIN = "acme.example"
USERS = {f"{name}@{DOMAIN}": f"old-{name}" for name in ("ana", "bo", "cy")}
FOLDERS = ("INBOX", "Sent", "Trips", "Trips/2019")
PER_FOLDER = 3
SEEDED = len(USERS) * len(FOLDERS) * PER_FOLDER
OLD_TTL = 300
FIRST_DAY = datetime(2023, 5, 1, 8, tzinfo=UTC)
_ANY = "2026-12-04T18:00:00Z"

MANIFEST = manifest_of(USERS)


@dataclass(frozen=True, slots=True)
class Step:
    """A state that an execution has entered, and when."""

    execution: str
    state: str
    moment: float


def story(
    name: str, tenant: Mapping[str, Any], happenings: Sequence[Happening] = (), sentence: str = ""
) -> Scenario:
    """Three mailboxes with 36 messages; the cut-over is not asked about. The old MX may be cached
    for five minutes."""
    return Scenario(
        name=name,
        sentence=sentence,
        domain=DOMAIN,
        manifest=MANIFEST,
        secret={"mailboxes": USERS},
        seed=_seed,
        happenings=tuple(happenings),
        users=USERS,
        tenant={"cutover": {"approval": "auto"}, **tenant},
    )


def _seed(world: World) -> int:
    world.dns.set_records(DOMAIN, "MX", [OLD_MX], OLD_TTL)
    return sum(
        world.deliver(
            address,
            [
                _letter(address, folder, number)
                for folder in FOLDERS
                for number in range(PER_FOLDER)
            ],
            FOLDERS[1:],
        )
        for address in USERS
    )


def _letter(address: str, folder: str, number: int) -> Letter:
    place = FOLDERS.index(folder)
    mime = (
        f"From: x@partner.example\r\nTo: {address}\r\nSubject: {number} of {place}\r\n"
        f"Message-ID: <{number}.{place}.{address}>\r\n\r\nHello.\r\n"
    )
    moment = FIRST_DAY + timedelta(days=number, hours=place)
    return Letter(tuple(folder.split("/")), mime.encode(), ("\\Seen",), moment)


def late_mail(first: int, count: int) -> Callable[[World], None]:
    """So many new messages at the old server, one user after the other, numbered from `first`."""

    def act(world: World) -> None:
        now = datetime.fromtimestamp(world.clock.now(), UTC).replace(microsecond=0)
        users = list(USERS)
        for number in range(first, first + count):
            address = users[number % len(users)]
            mime = (
                f"From: late@partner.example\r\nTo: {address}\r\nSubject: late {number}\r\n"
                f"Message-ID: <late-{number}@partner.example>\r\n\r\nLate.\r\n"
            )
            world.deliver(address, [Letter(("INBOX",), mime.encode(), (), now)])

    return act


def mx_changes(seconds: float) -> Happening:
    """The tenant's administrator publishes WorkMail's records, so long after StartCutover."""
    what = "the DNS now points to WorkMail"
    return Happening("StartCutover", seconds, what, World.point_dns_to_workmail)


# ---- what is looked at -------------------------------------------------------------------------


def check_end(run: Run, described: Mapping[str, Any], messages: int) -> Iterator[str]:
    """What is wrong after an execution that should have brought everything: the old mailboxes,
    which hold so many messages in all, are compared with those of WorkMail, one by one."""
    name = described["name"]
    outcome = run.conclude(described)
    for problem in outcome.problems:
        yield f"{name}: {problem}"
    if outcome.cause:
        yield f"{name}: {outcome.cause}"
    if outcome.messages != messages or {each.mailbox for each in outcome.folders} != set(USERS):
        yield f"{name}: {outcome.messages} messages were compared, there should be {messages}"
    yield from check_free(run, name)


def check_free(run: Run, name: str) -> Iterator[str]:
    """Whether anybody has rights to other people's mailboxes still, or the tenant's lock."""
    rights = look(run.world)
    if rights.weight:
        yield f"{name}: there are rights left: {rights}"
    if owner := run.ledger.lock_owner():
        yield f"{name}: the tenant's lock is held still, by {owner.rpartition(':')[2]}"


def output(described: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an execution that succeeded says; {} of another one."""
    said: Mapping[str, Any] = json.loads(described.get("output", "{}"))
    return said


def steps(run: Run, arn: str) -> list[Step]:
    """The states that an execution, not its children, has entered so far."""
    execution = run.cloud.engine.executions[arn]
    return [
        Step(execution.name, event["stateEnteredEventDetails"]["name"], event["timestamp"])
        for event in execution.history.events()
        if "stateEnteredEventDetails" in event
    ]


def has_entered(run: Run, arn: str, state: str) -> bool:
    """Whether the execution has come to that state."""
    return any(step.state == state for step in steps(run, arn))


def executions(run: Run) -> list[str]:
    """The ARNs of all executions, in the order in which they were started."""
    listed = run.cloud.client("stepfunctions").list_executions(
        stateMachineArn=run.cloud.state_machine_arn
    )["executions"]
    return [each["executionArn"] for each in sorted(listed, key=lambda one: one["startDate"])]


def show_steps(console: Console, title: str, taken: Sequence[Step]) -> None:
    """When each state was entered first, and how often it was."""
    table = Table(title=title, title_justify="left")
    for column in ("state", "first entered", "minutes since the start"):
        table.add_column(column)
    table.add_column("times", justify="right")
    names = [step.state for step in taken]
    for state in dict.fromkeys(names):
        first = next(step for step in taken if step.state == state)
        minutes = (first.moment - taken[0].moment) / 60
        times = str(names.count(state))
        table.add_row(state, format_moment(first.moment), f"{minutes:.1f}", times)
    console.print(table)


def is_free(run: Run) -> bool:
    """Whether an execution would get the tenant's lock at once; leaves it as it is."""
    free = run.ledger.acquire_lock("series", _ANY) == "series"
    run.ledger.release_lock("series")
    return free
