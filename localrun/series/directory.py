"""The series `directory`: a large tenant's users, groups, resources and permissions, provisioned
quietly, and provisioned by runs that are killed twice; then once more, when there is nothing to do.

What WorkMail has in the end is compared with what the tenant is known to be (large_tenant.py),
entity by entity.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rich.console import Console
from rich.table import Table

from localrun.runner import Options, Run
from localrun.scenario import Scenario
from localrun.series.directory_snapshot import compare, read_directory
from localrun.series.interrupting import kill_workers
from localrun.series.large_tenant import DOMAIN, Attributes, LargeTenant, make_tenant
from localrun.series.series import Played, Series, opened
from localrun.world import World

USERS = 1000
_READING = ("Describe", "List", "Get")
_WORKERS = ("provision_user", "provision_entity", "link_entity")
_PATIENCE = 600.0
_SHOWN = 5

Calls = Counter[str]


@dataclass(frozen=True, slots=True)
class Line:
    """One execution: how it ended, how long it took, and the calls of WorkMail's API."""

    name: str
    ended: str
    wall: float
    virtual: float
    calls: Calls
    outcomes: Counter[str]

    @property
    def writing(self) -> int:
        return sum(number for name, number in self.calls.items() if not name.startswith(_READING))


# ---- the tenant before -----------------------------------------------------------------------


def _seed(world: World) -> int:
    """Some are there before the migration: enabled with another department, disabled, a group."""
    api, organization = world.workmail, world.organization_id
    names = [f"user{number:04}" for number in range(1, 16)]
    ids = {
        name: api.create_user(organization_id=organization, name=name, display_name="Old")["UserId"]
        for name in names
    }
    group = api.create_group(organization_id=organization, name="list01 of before")["GroupId"]
    time.sleep(2.5)  # WorkMail shows what is new only after a while, and nothing runs yet
    for name in names[:10]:
        api.register_to_work_mail(
            organization_id=organization, entity_id=ids[name], email=f"{name}@{DOMAIN}"
        )
    api.delete_group(organization_id=organization, group_id=group)
    return 0


def _story() -> Scenario:
    return Scenario(
        name="directory",
        sentence="",
        domain=DOMAIN,
        manifest=b"",
        secret={"admin": {"user": "admin", "password": "of the old server"}},
        seed=_seed,
        tenant={"manifest": "intake/tenant/", "limits": {"users": 8}},
        input={"phases": ["provision", "report"]},
    )


# ---- runs ------------------------------------------------------------------------------------


class _Tenant:
    """A cloud with the tenant's manifest in its bucket. `lines` is what was done."""

    def __init__(self, run: Run, tenant: LargeTenant) -> None:
        self.lines: list[Line] = []
        self._run = run
        self._tenant = tenant
        self._seen = len(run.world.workmail_service.calls)
        bucket = run.cloud.output("BucketName")
        for name, body in tenant.files.items():
            key = f"intake/tenant/{name}"
            run.cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=body)

    def provision(self, name: str) -> Iterator[str]:
        """One run to its end, and the comparison."""
        begun = time.monotonic()
        line = self._finish(name, self._start(name), begun)
        if line.ended != "SUCCEEDED":
            yield f"{name}: it ended as {line.ended}"
        differences = compare(self._tenant, read_directory(self._run.world))
        yield from (f"{name}: {each}" for each in differences[:_SHOWN])
        if len(differences) > _SHOWN:
            yield f"{name}: and {len(differences) - _SHOWN} more differences"

    def provision_again(self, name: str) -> Iterator[str]:
        """There is nothing to do: no writing call."""
        yield from self.provision(name)
        if self.lines[-1].writing:
            yield f"{name}: {self.lines[-1].writing} writing calls, where all was right"

    def kill(self, name: str, operation: str, number: int) -> Iterator[str]:
        """Aborts a run after so many calls of an operation, and ends its functions amid theirs."""
        begun = time.monotonic()
        arn = self._start(name)
        sfn = self._run.cloud.client("stepfunctions")
        until = time.monotonic() + _PATIENCE
        while self._calls()[operation] < number:
            if sfn.describe_execution(executionArn=arn)["status"] != "RUNNING":
                break
            if time.monotonic() > until:
                raise TimeoutError(f"there were never {number} calls of {operation}")
            time.sleep(0.01)
        sfn.stop_execution(executionArn=arn)
        killed = sum(map(kill_workers, _WORKERS))
        line = self._finish(f"{name}, killed amid {operation}", arn, begun)
        if line.ended != "ABORTED" or not killed:
            yield f"{name}: it was {line.ended} before it could be killed ({killed} functions)"

    def _calls(self) -> Calls:
        calls = self._run.world.workmail_service.calls
        return Counter(operation for operation, _ in calls[self._seen :])

    def _start(self, name: str) -> str:
        return self._run.start(name, {"phases": ["provision", "report"]})

    def _finish(self, name: str, arn: str, begun: float) -> Line:
        described = self._run.wait(arn)
        records = [*self._run.ledger.mailboxes(described["name"])]
        line = Line(
            name,
            described["status"],
            time.monotonic() - begun,
            (described["stopDate"] - described["startDate"]).total_seconds(),
            self._calls(),
            Counter(record.provisioned for record in records),
        )
        self._seen = len(self._run.world.workmail_service.calls)
        self.lines.append(line)
        return line


# ---- the series ------------------------------------------------------------------------------


def play(options: Options, console: Console, size: int) -> Played:
    """Two clouds: a quiet one, and one whose runs are killed twice. `size`: users; the others
    in proportion."""
    users = max(size or USERS, 40)
    tenant = make_tenant(users, max(4, users * 60 // USERS), max(4, users * 25 // USERS))
    problems: list[str] = []
    lines: list[Line] = []
    for part in (_quietly, _killed_twice):
        with opened(_story(), replace(options, out=options.out / part.__name__), console) as run:
            cloud = _Tenant(run, tenant)
            problems += part(cloud, tenant)
            lines += cloud.lines
    console.print(_tabulate(lines))
    entities = {
        kind: len(getattr(tenant, kind)) for kind in ("users", "groups", "resources", "grants")
    }
    return Played(tuple(problems), {**entities, "runs": [_tell(line) for line in lines]})


def _quietly(cloud: _Tenant, tenant: LargeTenant) -> Iterator[str]:
    yield from cloud.provision("quiet")
    yield from cloud.provision_again("quiet-again")


def _killed_twice(cloud: _Tenant, tenant: LargeTenant) -> Iterator[str]:
    members = sum(map(_count_members, tenant.groups.values()))
    yield from cloud.kill("first", "CreateUser", len(tenant.users) * 2 // 5)
    yield from cloud.kill("second", "AssociateMemberToGroup", members // 2)
    yield from cloud.provision("third")
    yield from cloud.provision_again("fourth")


def _count_members(group: Attributes) -> int:
    members = group["members"]
    assert isinstance(members, tuple)
    return len(members)


def _tabulate(lines: list[Line]) -> Table:
    table = Table(title="Provisioning of the directory", title_justify="left")
    table.add_column("run")
    table.add_column("ended as")
    for name in ("seconds", "virtual minutes", "calls", "of them writing"):
        table.add_column(name, justify="right")
    table.add_column("users")
    for line in lines:
        outcomes = ", ".join(f"{number} {how or 'open'}" for how, number in line.outcomes.items())
        table.add_row(
            line.name,
            line.ended,
            f"{line.wall:.1f}",
            f"{line.virtual / 60:.0f}",
            f"{line.calls.total():,}",
            f"{line.writing:,}",
            outcomes,
        )
    return table


def _tell(line: Line) -> Mapping[str, Any]:
    return {
        "run": line.name,
        "ended": line.ended,
        "seconds": round(line.wall, 1),
        "virtual_seconds": round(line.virtual),
        "calls": line.calls.total(),
        "writing_calls": line.writing,
    }


DIRECTORY = Series(
    "directory",
    "1,000 users, 60 groups, 25 resources: provisioned quietly, killed twice, and once more.",
    play,
)
