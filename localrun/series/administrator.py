"""The series `administrator`: every way out of a run takes the administrator's rights away.

Three ways in, role, user and the console's switch, times four ways out. The rights are looked at in
the emulated WorkMail itself, while the run works and after it has ended, beside everything that
the migration knows.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from localrun.letters import Letter
from localrun.runner import Options, Run
from localrun.scenario import Scenario, manifest_of
from localrun.series.series import Played, Series, opened
from localrun.world import World

DOMAIN = "acme.example"
USERS = {f"{name}@{DOMAIN}": f"old-{name}" for name in ("ana", "bo", "cy")}
CHIEF, CHIEF_PASSWORD = "chief", "Chief-password-7"
COPY_ONLY = ["provision", "copy", "report"]
_LIMIT_SECONDS = 7200
_PATIENCE = 60.0
_NOW = "2026-12-04T18:00:00Z"


@dataclass(frozen=True, slots=True)
class Rights:
    """Who may open other people's mailboxes: impersonation roles by name; by user's name what was
    given by whose mailbox; whom the console has chosen; and the migration's own users."""

    roles: frozenset[str]
    grants: frozenset[tuple[str, str]]
    console: str
    own_users: frozenset[tuple[str, str]]

    @property
    def weight(self) -> int:
        """The more rights there are, the more it is."""
        return len(self.roles) + len(self.grants) + len(self.own_users)

    def __str__(self) -> str:
        parts = [f"role {name}" for name in sorted(self.roles)]
        for user, number in sorted(Counter(user for user, _ in self.grants).items()):
            parts.append(f"{user}: full access to {number}")
        parts += [f"{name} is {state}" for name, state in sorted(self.own_users)]
        parts += [f"{self.console} by the console's switch"] if self.console else []
        return ", ".join(parts) or "none"


def look(world: World) -> Rights:
    """The rights as WorkMail has them at this moment."""
    api, organization = world.workmail, world.organization_id
    users = api.list_users(organization_id=organization, max_results=100)["Users"]
    names = {user["Id"]: user["Name"] for user in users}
    grants = {
        (names[grant["GranteeId"]], names[owner])
        for owner in names
        for grant in api.list_mailbox_permissions(organization_id=organization, entity_id=owner)[
            "Permissions"
        ]
        if "FULL_ACCESS" in grant["PermissionValues"]
    }
    roles = api.list_impersonation_roles(organization_id=organization)["Roles"]
    chosen = api.describe_organization(organization_id=organization)["MigrationAdmin"]
    return Rights(
        frozenset(role["Name"] for role in roles),
        frozenset(grants),
        names.get(chosen, ""),
        frozenset(
            (user["Name"], user["State"])
            for user in users
            if user["Name"].startswith("migration-") and user["State"] != "DELETED"
        ),
    )


# ---- ways in ---------------------------------------------------------------------------------


def _allow_roles(run: Run) -> None:
    run.world.workmail.forbid_roles(run.world.organization_id, "")


def _forbid_roles(run: Run) -> None:
    """From here on one user has another's mailbox open, as before any migration."""
    world = run.world
    world.workmail.forbid_roles(world.organization_id)
    world.workmail.put_mailbox_permissions(
        organization_id=world.organization_id,
        entity_id=f"ana@{DOMAIN}",
        grantee_id=f"bo@{DOMAIN}",
        permission_values=["FULL_ACCESS"],
    )


def _switch_on_in_console(run: Run) -> None:
    _forbid_roles(run)
    world = run.world
    (chief,) = (
        user["Id"]
        for user in world.workmail.list_users(organization_id=world.organization_id)["Users"]
        if user["Name"] == CHIEF
    )
    world.workmail.set_migration_admin(world.organization_id, chief)
    secret = json.dumps({"administrator": {"password": CHIEF_PASSWORD}})
    name = run.cloud.output("TargetSecretName")
    run.cloud.client("secretsmanager").put_secret_value(SecretId=name, SecretString=secret)


WAYS_IN: Mapping[str, Callable[[Run], None]] = {
    "role": _allow_roles,
    "user": _forbid_roles,
    "console": _switch_on_in_console,
}


# ---- ways out --------------------------------------------------------------------------------


Watch = Callable[[], None]
"""Looks at the rights of this moment."""


def _succeed(run: Run, name: str, watch: Watch) -> str:
    return run.start(name, {"phases": COPY_ONLY})


def _fail(run: Run, name: str, watch: Watch) -> str:
    """The old server takes nobody's password any more, so that nothing can be copied."""
    secret = json.dumps({"mailboxes": dict.fromkeys(USERS, "wrong")})
    _put_source_secret(run, secret)
    return run.start(name, {"phases": COPY_ONLY})


def _abort(run: Run, name: str, watch: Watch) -> str:
    """Stopped from the console while it waits in a pause."""
    run.ledger.want_pause(True)
    arn = run.start(name, {"phases": COPY_ONLY})
    deadline = time.monotonic() + _PATIENCE
    while not _has_entered(run, arn, "WaitWhilePaused"):
        if time.monotonic() > deadline:
            raise TimeoutError("it never paused")
        time.sleep(0.02)
        watch()
    run.cloud.client("stepfunctions").stop_execution(executionArn=arn)
    return arn


def _time_out(run: Run, name: str, watch: Watch) -> str:
    """A pause that is never ended, in a workflow with a time limit of two hours."""
    run.ledger.want_pause(True)
    (machine,) = run.cloud.template.state_machines()
    definition = {**machine.definition, "TimeoutSeconds": _LIMIT_SECONDS}
    run.cloud.deploy_workflow(definition)
    return run.start(name, {"phases": COPY_ONLY})


WAYS_OUT: Mapping[str, tuple[Callable[[Run, str, Watch], str], str]] = {
    "success": (_succeed, "SUCCEEDED"),
    "failure": (_fail, "FAILED"),
    "abort": (_abort, "ABORTED"),
    "time-out": (_time_out, "TIMED_OUT"),
}


def _has_entered(run: Run, arn: str, state: str) -> bool:
    events = run.cloud.engine.executions[arn].history.events()
    return any(each.get("stateEnteredEventDetails", {}).get("name") == state for each in events)


def _put_source_secret(run: Run, secret: str) -> None:
    name = run.cloud.output("SourceSecretName")
    run.cloud.client("secretsmanager").put_secret_value(SecretId=name, SecretString=secret)


def _restore(run: Run) -> None:
    """What a way out has changed in the world."""
    run.ledger.want_pause(False)
    _put_source_secret(run, json.dumps(dict(STORY.secret)))
    (machine,) = run.cloud.template.state_machines()
    run.cloud.deploy_workflow(machine.definition)


# ---- the series ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """One execution: its ways, how it ended, and the rights."""

    way_in: str
    way_out: str
    status: str
    during: Rights
    after: Rights
    problems: tuple[str, ...]


def _play_one(run: Run, way_in: str, way_out: str, before: Rights) -> Row:
    begin, expected = WAYS_OUT[way_out]
    name = f"{way_in}-{way_out}"
    seen = [before]

    def watch() -> None:
        seen.append(look(run.world))

    arn = begin(run, name, watch)
    sfn = run.cloud.client("stepfunctions")
    while sfn.describe_execution(executionArn=arn)["status"] == "RUNNING":
        watch()
        time.sleep(0.02)
    described = run.wait(arn)
    _restore(run)
    after, during = look(run.world), max(seen, key=lambda rights: rights.weight)
    problems = list(_problems(run, described["status"], expected, before, after))
    if way_in != "console" and during.weight <= before.weight:
        problems.append("nobody had any rights meanwhile")
    return Row(
        way_in,
        way_out,
        described["status"],
        during,
        after,
        tuple(f"{name}: {problem}" for problem in problems),
    )


def _problems(run: Run, status: str, expected: str, before: Rights, after: Rights) -> Iterator[str]:
    if status != expected:
        yield f"it ended as {status}, not {expected}"
    if after != before:
        yield f"the rights are {after}; before they were {before}"
    if run.ledger.grants() or run.ledger.administrator():
        yield "the ledger thinks that there are rights still"
    if run.ledger.acquire_lock("series", _NOW) != "series":
        yield "the tenant's lock is not free"
    run.ledger.release_lock("series")


def play(options: Options, console: Console, size: int) -> Played:
    """All of them on one cloud; `size` has no meaning here."""
    rows: list[Row] = []
    with opened(STORY, options, console) as run:
        for way_in, prepare in WAYS_IN.items():
            prepare(run)
            before = look(run.world)
            rows += [_play_one(run, way_in, way_out, before) for way_out in WAYS_OUT]
    table = Table(title="Rights to other people's mailboxes", title_justify="left")
    for column in ("way in", "way out", "ended as", "rights meanwhile", "rights afterwards"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(row.way_in, row.way_out, row.status, str(row.during), str(row.after))
    console.print(table)
    problems = [problem for row in rows for problem in row.problems]
    return Played(tuple(problems), {"executions": len(rows)})


def _seed(world: World) -> int:
    """One letter each; and the user whom the console's switch will name."""
    made = world.workmail.create_user(
        organization_id=world.organization_id,
        name=CHIEF,
        display_name="Chief",
        password=CHIEF_PASSWORD,
    )

    def enable() -> None:
        world.workmail.register_to_work_mail(
            organization_id=world.organization_id,
            entity_id=made["UserId"],
            email=f"{CHIEF}@{DOMAIN}",
        )

    world.clock.at(60, enable)  # WorkMail shows a new user only after a while
    letters = {address: [_letter(address)] for address in USERS}
    return sum(world.deliver(address, found) for address, found in letters.items())


def _letter(address: str) -> Letter:
    mime = f"From: x@partner.example\r\nTo: {address}\r\nSubject: hello\r\n\r\nHello.\r\n"
    return Letter(("INBOX",), mime.encode(), ("\\Seen",), datetime(2024, 3, 1, 8, tzinfo=UTC))


STORY = Scenario(
    name="administrator",
    sentence="",
    domain=DOMAIN,
    manifest=manifest_of(USERS),
    secret={"mailboxes": dict(USERS)},
    seed=_seed,
    users=USERS,
)

ADMINISTRATOR = Series(
    "administrator",
    "Three ways in (role, user, console) and four ways out: the rights end on every one of them.",
    play,
)
