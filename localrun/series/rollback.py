"""`python -m localrun scenario rollback`: a migration, then its rollback, in three variants.

The directory is photographed before the migration. After the rollback it must be the same, but for
the mailbox that has received mail meanwhile; after a rejected one, nothing may have changed.
"""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rich.console import Console
from rich.table import Table

from localrun.runner import Options, Run
from localrun.series.series import Played, Series, opened
from localrun.stories.rollback import (
    CLUB,
    DOMAIN,
    ENABLED,
    KEPT,
    MANIFEST,
    MANIFEST_KEY,
    NEW_MAIL,
    ROLLBACK,
    TEAM,
    name_of,
)
from migration.deeds import DeedState

Directory = dict[str, dict[str, Any]]
"""What WorkMail shows of every user, group and resource that is not deleted, by its name."""

_PATIENCE = 60.0
_KILLED_AFTER = (1, 4)
"""So many things are taken back when an execution is killed."""


_NAMED_AS_KEPT = frozenset(
    {KEPT, name_of(KEPT), TEAM, f"team@{DOMAIN}", f"club@{DOMAIN}", CLUB, ENABLED}
)
"""Who may stand in the report's list of what is kept."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A variant that has ended: the directory at its times, as it should be in the end, and what
    else was wrong."""

    variant: str
    before: Directory
    migrated: Directory
    after: Directory
    expected: Directory
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.problems and self.after == self.expected


def play(options: Options, console: Console, _size: int) -> Played:
    """Plays all variants and prints what came of them."""
    ended = [play_variant(name, options, console) for name in _VARIANTS]
    for each in ended:
        console.print(_tabulate(each))
    verdicts = {each.variant: "ok" if each.ok else "failed" for each in ended}
    problems = [f"{each.variant}: {problem}" for each in ended for problem in each.problems]
    problems += [
        f"{each.variant}: the directory is not as it should be"
        for each in ended
        if each.after != each.expected
    ]
    return Played(tuple(problems), {"variants": verdicts})


def play_variant(variant: str, options: Options, console: Console) -> Ended:
    """One variant: approved, rejected or killed."""
    act = _VARIANTS[variant]
    options = replace(options, out=options.out / variant)
    with opened(ROLLBACK, options, console) as run:
        story = _Story(run)
        before = story.photograph()
        problems = [*story.migrate("migration")]
        migrated = story.photograph()
        run.world.ews.deliver(KEPT, NEW_MAIL)
        expected = migrated if act is _reject else _expect(before, migrated)
        problems += act(story)
        after = story.photograph()
        if act is _approve:
            problems += story.migrate("migration-again")
        return Ended(variant, before, migrated, after, expected, tuple(problems))


def _expect(before: Directory, migrated: Directory) -> Directory:
    """As before, but for the mailbox that is kept, and what makes it work: its user, the groups it
    is in, what it may do."""
    kept, owner = name_of(KEPT), name_of(ENABLED)
    share = {kept: migrated[owner]["shared with"][kept]}
    return before | {
        kept: migrated[kept],
        TEAM: migrated[TEAM] | {"members": [kept]},
        CLUB: before[CLUB] | {"members": sorted([*before[CLUB]["members"], kept])},
        owner: before[owner] | {"shared with": before[owner]["shared with"] | share},
    }


# ---- the variants ----------------------------------------------------------------------------


def _approve(story: _Story) -> Iterator[str]:
    arn = story.start("rollback")
    story.answer("rollback", "approve")
    yield from story.end(arn, "rollback", "exceptions")
    yield from story.check_report("rollback")


def _reject(story: _Story) -> Iterator[str]:
    arn = story.start("rollback")
    story.answer("rollback", "reject")
    yield from story.end(arn, "rollback", "done")


def _kill(story: _Story) -> Iterator[str]:
    for number, enough in enumerate(_KILLED_AFTER, 1):
        name = f"killed-{number}"
        arn = story.start(name)
        story.answer(name, "approve")
        yield from story.kill(arn, enough)
    yield from _approve(story)


Act = Callable[["_Story"], Iterator[str]]
_VARIANTS: Mapping[str, Act] = {"approved": _approve, "rejected": _reject, "killed": _kill}


# ---- what is done ----------------------------------------------------------------------------


class _Story:
    """The tenant's administrator at work. What should not be is yielded as a sentence."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._sfn = run.cloud.client("stepfunctions")
        run.cloud.client("s3").put_object(
            Bucket=run.cloud.output("BucketName"), Key=MANIFEST_KEY, Body=MANIFEST
        )

    def photograph(self) -> Directory:
        """Dates are left out, and ids that WorkMail gives."""
        workmail, organization = self._run.world.workmail, self._run.world.organization_id
        entities = [
            *workmail.list_users(organization_id=organization)["Users"],
            *workmail.list_groups(organization_id=organization)["Groups"],
            *workmail.list_resources(organization_id=organization)["Resources"],
        ]
        names = {entity["Id"]: entity["Name"] for entity in entities}
        there = [entity for entity in entities if entity["State"] != "DELETED"]
        return {entity["Name"]: self._describe(entity, names) for entity in there}

    def _describe(self, entity: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
        workmail, organization = self._run.world.workmail, self._run.world.organization_id
        about = {"organization_id": organization, "entity_id": entity["Id"]}
        grants = workmail.list_mailbox_permissions(**about)["Permissions"]
        shown = {
            "address": entity["Email"] or "",
            "state": entity["State"],
            "aliases": sorted(workmail.list_aliases(**about)["Aliases"]),
            "shared with": {
                names[grant["GranteeId"]]: sorted(grant["PermissionValues"]) for grant in grants
            },
        }
        if "DisplayName" in entity:
            shown["name"] = entity["DisplayName"]
        elif "Type" not in entity:
            members = workmail.list_group_members(
                organization_id=organization, group_id=entity["Id"]
            )["Members"]
            shown["members"] = sorted(
                member["Name"] for member in members if member["State"] != "DELETED"
            )
        return shown

    def migrate(self, name: str) -> Iterator[str]:
        outcome = self._run.conclude(self._run.wait(self._run.start(name, ROLLBACK.input)))
        if outcome.status != "SUCCEEDED" or outcome.verdict != "done":
            yield f"{name}: {outcome.status}, {outcome.verdict} {outcome.cause}"
        # a mailbox that was kept holds what the old one has not
        folders = [folder for folder in outcome.folders if folder.mailbox != KEPT]
        wrong = [folder for folder in folders if not folder.agrees]
        if wrong or not folders:
            yield f"{name}: {len(wrong)} of {len(folders)} folders differ from the source"

    def start(self, name: str) -> str:
        return self._run.start(name, {"phases": ["rollback"]})

    def answer(self, name: str, word: str) -> None:
        """Runs the command that the bucket's file names for it."""
        command = shlex.split(self._wait_for(lambda: self._asked(name))[word])
        given = dict(zip(command[3::2], command[4::2], strict=True))
        token = given["--task-token"]
        if command[2] == "send-task-success":
            self._sfn.send_task_success(taskToken=token, output=given["--task-output"])
        else:
            self._sfn.send_task_failure(taskToken=token, error=given["--error"])

    def end(self, arn: str, name: str, verdict: str) -> Iterator[str]:
        described = self._run.wait(arn)
        output = json.loads(described.get("output", "{}"))
        if (described["status"], output.get("verdict")) != ("SUCCEEDED", verdict):
            cause = described.get("cause", "")
            yield f"{name}: {described['status']}, {output.get('verdict')} {cause}"
        world = self._run.world
        roles = world.workmail.list_impersonation_roles(organization_id=world.organization_id)
        if roles["Roles"]:
            yield f"{name}: the administrator has kept its rights"

    def kill(self, arn: str, enough: int) -> Iterator[str]:
        """Aborts the execution when so many things are taken back."""
        self._wait_for(lambda: self._taken_back() >= enough)
        self._sfn.stop_execution(executionArn=arn)
        status = self._run.wait(arn)["status"]
        if status != "ABORTED":
            yield f"the execution was {status} before it could be killed"

    def check_report(self, name: str) -> Iterator[str]:
        rollback = self._read(f"reports/{name}/summary.json")["rollback"]
        kept = {line["about"] for line in rollback["kept"]}
        if rollback["unfinished"]:
            yield f"{name}: {len(rollback['unfinished'])} things are not finished"
        if not any("1 item that" in line["reason"] for line in rollback["kept"]):
            yield f"{name}: the report does not say why the mailbox is kept"
        if not kept <= _NAMED_AS_KEPT:
            yield f"{name}: the report says that {len(kept - _NAMED_AS_KEPT)} others are kept"

    def _taken_back(self) -> int:
        return sum(deed.state is DeedState.UNDONE for deed in self._run.ledger.deeds())

    def _asked(self, name: str) -> Any:
        s3, bucket = self._run.cloud.client("s3"), self._run.cloud.output("BucketName")
        key = f"reports/{name}/approval.json"
        if s3.list_objects_v2(Bucket=bucket, Prefix=key).get("KeyCount"):
            return self._read(key)
        return None

    def _read(self, key: str) -> Any:
        s3, bucket = self._run.cloud.client("s3"), self._run.cloud.output("BucketName")
        return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def _wait_for(self, look: Callable[[], Any]) -> Any:
        until = time.monotonic() + _PATIENCE
        while not (found := look()):
            if time.monotonic() > until:
                raise TimeoutError("the rollback does not go on")
            time.sleep(0.02)
        return found


# ---- what is shown ---------------------------------------------------------------------------


def _tabulate(played: Ended) -> Table:
    title = f"{played.variant}: {'as it should be' if played.ok else 'NOT as it should be'}"
    table = Table(title=title, title_justify="left")
    for column in ("name", "before", "migrated", "after the rollback", ""):
        table.add_column(column, overflow="fold")
    times = (played.before, played.migrated, played.after)
    for name in sorted({name for directory in (*times, played.expected) for name in directory}):
        right = played.after.get(name) == played.expected.get(name)
        table.add_row(
            name, *(_tell(directory.get(name)) for directory in times), "" if right else "!"
        )
    return table


def _tell(user: Mapping[str, Any] | None) -> str:
    if user is None:
        return "–"
    shared = f", shared with {len(user['shared with'])}" if user["shared with"] else ""
    aliases = f", {len(user['aliases'])} aliases" if user["aliases"] else ""
    members = f", {len(user['members'])} members" if "members" in user else ""
    return f"{user['state'].lower()}{aliases}{shared}{members}"


STORY = Series(ROLLBACK.name, ROLLBACK.sentence, play)
