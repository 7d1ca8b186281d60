"""The series `administrator`: every way out of a run takes the administrator's rights away.

Three ways in, role, user and the console's switch, times four ways out. The rights are looked at in
the emulated WorkMail itself, while the run works and after it has ended, beside everything that
the migration knows.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from localrun.letters import Letter
from localrun.runner import Options, Run
from localrun.scenario import Scenario
from localrun.series.series import Played, Series, opened
from localrun.world import World

DOMAIN = "acme.example"
USERS = {f"{name}@{DOMAIN}": f"old-{name}" for name in ("ana", "bo", "cy")}
CHIEF, CHIEF_PASSWORD = "chief", "Chief-password-7"
COPY_ONLY = ["provision", "copy", "report"]
_LIMIT_SECONDS = 7200
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Rights:
    """Who may open other people's mailboxes: impersonation roles by name, users by name with the
    number of mailboxes that they were given full access to, and users of the migration's."""

    roles: tuple[str, ...]
    grants: tuple[tuple[str, int], ...]
    users: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        parts = [f"role {name}" for name in self.roles]
        parts += [f"{name}: full access to {number}" for name, number in self.grants]
        parts += [f"{name} {state}" for name, state in self.users if name.startswith("migration-")]
        return ", ".join(parts) or "none"


def look(world: World) -> Rights:
    """The rights as WorkMail has them at this moment."""
    api, organization = world.workmail, world.organization_id
    users = api.list_users(organization_id=organization, max_results=100)["Users"]
    names = {user["Id"]: user["Name"] for user in users}
    grants: dict[str, int] = {}
    for owner in names:
        found = api.list_mailbox_permissions(organization_id=organization, entity_id=owner)
        for grant in found["Permissions"]:
            if "FULL_ACCESS" in grant["PermissionValues"]:
                name = names[grant["GranteeId"]]
                grants[name] = grants.get(name, 0) + 1
    roles = api.list_impersonation_roles(organization_id=organization)["Roles"]
    return Rights(
        tuple(sorted(role["Name"] for role in roles)),
        tuple(sorted(grants.items())),
        tuple(
            sorted((user["Name"], user["State"]) for user in users if user["State"] != "DELETED")
        ),
    )


# ---- ways in ---------------------------------------------------------------------------------


def _allow_roles(run: Run) -> None:
    run.world.workmail.forbid_roles(run.world.organization_id, "")


def _forbid_roles(run: Run) -> None:
    run.world.workmail.forbid_roles(run.world.organization_id)


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


def _succeed(run: Run, name: str) -> str:
    return run.start(name, {"phases": COPY_ONLY})


def _fail(run: Run, name: str) -> str:
    """The old server takes nobody's password any more, so that nothing can be copied."""
    secret = json.dumps({"mailboxes": dict.fromkeys(USERS, "wrong")})
    _put_source_secret(run, secret)
    return run.start(name, {"phases": COPY_ONLY})


def _abort(run: Run, name: str) -> str:
    """Stopped from the console while it waits in a pause."""
    run.ledger.want_pause(True)
    arn = run.start(name, {"phases": COPY_ONLY})
    _wait_for(run, arn, "WaitWhilePaused")
    run.cloud.client("stepfunctions").stop_execution(executionArn=arn)
    return arn


def _time_out(run: Run, name: str) -> str:
    """A pause that is never ended, in a workflow with a time limit of two hours."""
    run.ledger.want_pause(True)
    (machine,) = run.cloud.template.state_machines()
    definition = {**machine.definition, "TimeoutSeconds": _LIMIT_SECONDS}
    run.cloud.engine.add_machine(machine.name, json.dumps(definition), machine.role_arn)
    return run.start(name, {"phases": COPY_ONLY})


WAYS_OUT: Mapping[str, tuple[Callable[[Run, str], str], str]] = {
    "success": (_succeed, "SUCCEEDED"),
    "failure": (_fail, "FAILED"),
    "abort": (_abort, "ABORTED"),
    "time-out": (_time_out, "TIMED_OUT"),
}


def _put_source_secret(run: Run, secret: str) -> None:
    name = run.cloud.output("SourceSecretName")
    run.cloud.client("secretsmanager").put_secret_value(SecretId=name, SecretString=secret)


def _wait_for(run: Run, arn: str, state: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        events = run.cloud.engine.executions[arn].history.events()
        if any(each.get("stateEnteredEventDetails", {}).get("name") == state for each in events):
            return
        time.sleep(0.02)
    raise TimeoutError(f"{state} was not entered")


def _restore(run: Run) -> None:
    """What a way out has changed in the world."""
    run.ledger.want_pause(False)
    _put_source_secret(run, json.dumps(dict(STORY.secret)))
    (machine,) = run.cloud.template.state_machines()
    run.cloud.engine.add_machine(machine.name, json.dumps(machine.definition), machine.role_arn)


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
    arn = begin(run, name)
    during = before
    sfn = run.cloud.client("stepfunctions")
    while sfn.describe_execution(executionArn=arn)["status"] == "RUNNING":
        now = look(run.world)
        during = now if _weight(now) > _weight(during) else during
        time.sleep(0.02)
    described = run.wait(arn)
    _restore(run)
    after = look(run.world)
    return Row(
        way_in,
        way_out,
        described["status"],
        during,
        after,
        tuple(_problems(run, name, described, expected, before, after)),
    )


def _weight(rights: Rights) -> int:
    return 10 * len(rights.roles) + sum(number for _, number in rights.grants) + len(rights.users)


def _problems(
    run: Run,
    name: str,
    described: Mapping[str, Any],
    expected: str,
    before: Rights,
    after: Rights,
) -> list[str]:
    problems = []
    if described["status"] != expected:
        problems.append(f"{name}: it ended as {described['status']}, not {expected}")
    if after != replace(before, users=after.users) or set(before.users) - set(after.users):
        problems.append(f"{name}: rights are left: {after}; before it: {before}")
    if any(user.startswith("migration-") for user, _ in after.users):
        problems.append(f"{name}: the administrator's user is left")
    if run.ledger.grants() or run.ledger.administrator():
        problems.append(f"{name}: the ledger thinks that rights are left")
    if run.ledger.acquire_lock("series", "2026-12-04T18:00:00Z") != "series":
        problems.append(f"{name}: the tenant's lock is left")
    run.ledger.release_lock("series")
    return problems


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
    problems += [
        f"{row.way_in}-{row.way_out}: nobody had any rights meanwhile"
        for row in rows
        if row.way_in != "console" and str(row.during) == "none"
    ]
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
    manifest=(
        "source,target,display_name\n"
        + "".join(f"{address},{address},{address.split('@')[0].title()}\n" for address in USERS)
    ).encode(),
    secret={"mailboxes": dict(USERS)},
    seed=_seed,
    users=USERS,
)

ADMINISTRATOR = Series(
    "administrator",
    "Three ways in (role, user, console) and four ways out: the rights end on every one of them.",
    play,
)
