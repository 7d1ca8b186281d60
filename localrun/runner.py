"""One run from the empty machine to the verdict: servers, synthesis, deployment, execution,
comparison, report."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from localrun.alarm_watch import find_raised
from localrun.both_servers import compare_servers
from localrun.cloud import Cloud
from localrun.compare import FolderComparison
from localrun.display import Display
from localrun.engine.alarms import Raised
from localrun.engine.clock import parse_clock
from localrun.notices import NoticeBook, Told
from localrun.outcome import (
    Outcome,
    count_refused,
    find_deviations,
    find_problems,
)
from localrun.scenario import Scenario
from localrun.tenant import synthesize, write_tenant_file
from localrun.world import World
from migration.aws.ledger import DynamoLedger
from migration.model import MailboxStatus

__all__ = ["Options", "Outcome", "Run"]

# A Friday evening: when mail moves.
START = datetime(2026, 12, 4, 18, 0, tzinfo=UTC).timestamp()
STACK = "WorkMailMigration-"


class Onlooker(Protocol):
    """Sees a run while it works."""

    def listen(self, display: Display) -> Display:
        """A display that tells the onlooker what it is told, and this one as well."""

    def begin(self, run: Run) -> None:
        """The run's servers are up; an upload may have started something."""

    def end(self) -> None:
        """The run's servers are about to end."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to run. `clock` is real, jump or a number; `out` is the folder for what is written."""

    clock: str = "jump"
    out: Path = Path("out")
    maildir: Path | None = None
    input: Mapping[str, Any] = field(default_factory=dict)
    onlooker: Onlooker | None = None


class Run:
    """A scenario under way. Use as a context manager: leaving it ends all servers. `reported` is
    the execution whose report was fetched last, "" before; `report` its page, if there is one."""

    def __init__(self, scenario: Scenario, options: Options, display: Display) -> None:
        self.scenario = scenario
        self.options = options
        self.display = options.onlooker.listen(display) if options.onlooker else display
        self.out = options.out / scenario.name
        self.timings: dict[str, float] = {}
        self.reported = ""
        self._pending = list(scenario.happenings)
        self._under_way: list[str] = []
        self._noted: set[tuple[str, str, str]] = set()
        self._happenings_lock = threading.Lock()
        self.tenant = f"{scenario.name}-local"

    def __enter__(self) -> Run:
        started = time.monotonic()
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir(parents=True)
        story = self.scenario
        clock = parse_clock(self.options.clock, start=START, leap_over_tokens=story.nobody_answers)
        self.world = World(
            clock,
            story.domain,
            story.users,
            story.admins,
            story.source,
            self.options.maildir,
            story.largest_message,
            registered=story.registered,
            has_dav=story.has_dav,
            has_graph=story.has_graph,
        )
        try:
            self._build(started)
        except BaseException:
            self.world.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.options.onlooker:
            self.options.onlooker.end()
        calls = json.dumps(self.cloud.guard.granted(), indent=1)
        (self.out / "api-calls.json").write_text(calls, "utf-8")  # for `make rights`
        self.cloud.close()
        self.world.close()

    def _build(self, started: float) -> None:
        tenant_file = self.out / "tenant.yaml"
        write_tenant_file(tenant_file, self.tenant, self.world, self.scenario.tenant)
        self.display.say("synthesizing the CDK app, starting the servers, filling the mailboxes")
        with ThreadPoolExecutor(1) as pool:
            seeding = pool.submit(self.scenario.seed, self.world)
            begun = time.monotonic()
            synthesize(tenant_file, self.out / "cdk.out")
            self.timings["synth"] = time.monotonic() - begun
            seeded = seeding.result()
        stack = STACK + self.tenant
        self.cloud = Cloud(
            self.world, self.out / "cdk.out", stack, self.out / "logs", (self._observe,)
        )
        self.ledger = DynamoLedger(self.cloud.table(self.cloud.output("LedgerTable")), self.tenant)
        self.notices = NoticeBook(
            self.cloud.output("NotificationTopicArn"), self.out / "notices.jsonl"
        )
        self.world.told = self._collect_notices
        self._upload()
        if self.options.onlooker:
            self.options.onlooker.begin(self)
        self.timings["ready"] = time.monotonic() - started
        self.display.say(f"ready: {seeded} messages at the source")

    def _upload(self) -> None:
        s3, secrets = self.cloud.client("s3"), self.cloud.client("secretsmanager")
        bucket = self.cloud.output("BucketName")
        secrets.put_secret_value(
            SecretId=self.cloud.output("SourceSecretName"),
            SecretString=json.dumps(dict(self.scenario.secret)),
        )
        if sender := self.scenario.tenant.get("clients", {}).get("sender"):
            self.cloud.client("sesv2").create_email_identity(EmailIdentity=sender)
        if self.scenario.target_secret:
            secrets.put_secret_value(
                SecretId=self.cloud.output("TargetSecretName"),
                SecretString=json.dumps(dict(self.scenario.target_secret)),
            )
        made = self.scenario.make_files(self.world)
        for name, data in {**self.scenario.files, **made}.items():
            s3.put_object(Bucket=bucket, Key=f"intake/{name}", Body=data)
        if self.scenario.manifest:  # last: it may start a run
            s3.put_object(Bucket=bucket, Key="intake/manifest.csv", Body=self.scenario.manifest)

    def _observe(self, execution: Any, event: Mapping[str, Any]) -> None:
        if event["type"] == "TaskStateExited" and execution.map_run is None:
            self._show_notes(execution.name)
            self._collect_notices()
        entered = event.get("stateEnteredEventDetails")
        if entered is None:
            return
        name = entered["name"]
        if execution.map_run is None:  # children would flood the timeline
            self.display.state(name, self.world.clock.now())
        with self._happenings_lock:  # children are many threads
            due = [one for one in self._pending if one.after == name]
            self._pending = [one for one in self._pending if one.after != name]
        for happening in due:
            self._schedule(happening.seconds, happening.what, happening.act)

    def _show_notes(self, run: str) -> None:
        for note in self.ledger.notes(run):
            known = (note.at, note.state, note.what)
            if note.what and known not in self._noted:
                self.display.note(note.what, datetime.fromisoformat(note.at).timestamp())
            self._noted.add(known)

    def _collect_notices(self) -> list[Told]:
        """All that was told so far; what is new is shown."""
        for told in self.notices.collect():
            moment = datetime.fromisoformat(told["at"]).timestamp()
            page = told["facts"].get("page", "") if told["kind"] == "question" else ""
            self.display.tell(f"{told['subject']} {page}".rstrip(), moment)
        return list(self.notices.told)

    def _schedule(self, seconds: float, what: str, act: Any) -> None:
        def happen() -> None:
            self._under_way.append(what)
            act(self.world)
            self._under_way.remove(what)
            self.display.happen(what, self.world.clock.now())

        self.world.clock.at(seconds, happen)

    def execute(self) -> Outcome:
        """Starts the execution with the scenario's input, waits for its end, and compares."""
        names = {address: address for address in self.scenario.users}
        self.display.follow(self.world.clock.now, self.world.count_stored, names)
        described = self.wait(self.start(f"{self.scenario.name}-run", self.scenario.input))
        self.display.close()
        return self.conclude(described)

    def start(self, name: str, state_input: Mapping[str, Any]) -> str:
        """Starts an execution; its ARN. The options' input comes on top."""
        started = self.cloud.client("stepfunctions").start_execution(
            stateMachineArn=self.cloud.alias_arn,
            name=name,
            input=json.dumps({**state_input, **self.options.input}),
        )
        return str(started["executionArn"])

    def wait(self, arn: str) -> Mapping[str, Any]:
        """Waits for an execution's end; what DescribeExecution says then."""
        begun = time.monotonic()
        sfn = self.cloud.client("stepfunctions")
        while (described := sfn.describe_execution(executionArn=arn))["status"] == "RUNNING":
            # Rarely in a long run: by then a second is nothing, and asking takes the processor.
            time.sleep(min(1.0, 0.1 + (time.monotonic() - begun) / 100))
        self.timings["run"] = time.monotonic() - begun
        self.cloud.rules.settle()
        self._collect_notices()
        return dict(described)

    def conclude(self, described: Mapping[str, Any]) -> Outcome:
        """What an execution that `wait` has waited for came to."""
        run = described["name"]
        records = sorted(self.ledger.mailboxes(run), key=lambda record: record.mailbox.target)
        failed = tuple(one for one in records if one.status is MailboxStatus.FAILED)
        copied = [one for one in records if one not in failed] if self._copies() else []
        folders = tuple(compare_servers(self.world, self.scenario, self.ledger, copied))
        refused = sum(count_refused(self.ledger.remarks(one.mailbox.id)) for one in records)
        report, verdict = self._fetch_report(run)
        alarms = tuple(find_raised(self.cloud, self.out / "logs", described))
        return Outcome(
            scenario=self.scenario.name,
            status=described["status"],
            verdict=verdict,
            cause=f"{described.get('error', '')}: {described.get('cause', '')}".strip(": "),
            folders=folders,
            failed=failed,
            messages=sum(folder.source for folder in folders),
            refused=refused,
            virtual_seconds=(described["stopDate"] - described["startDate"]).total_seconds(),
            wall_seconds=self.timings["run"],
            timings=self.timings,
            report=report,
            problems=tuple(self._problems(described, verdict, folders, refused, alarms)),
            alarms=alarms,
        )

    def _copies(self) -> bool:
        if self.scenario.expected == "failed":
            return False
        phases = {**self.scenario.input, **self.options.input}.get("phases", ["copy"])
        return not {"copy", "delta"}.isdisjoint(phases)

    def _fetch_report(self, run: str) -> tuple[Path | None, str]:
        for name in ("report.html", "summary.json"):  # those of an execution before it
            (self.out / name).unlink(missing_ok=True)
        s3, bucket = self.cloud.client("s3"), self.cloud.output("BucketName")
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"reports/{run}/").get("Contents", [])
        for entry in listed:
            body = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
            (self.out / Path(entry["Key"]).name).write_bytes(body)
        self.reported = run
        return self.report, self._read_verdict()

    @property
    def report(self) -> Path | None:
        page = self.out / "report.html"
        return page if page.exists() else None

    def fetch_verdict(self, run: str) -> str:
        """What the report of a run says in the end; "" without one."""
        return self._fetch_report(run)[1]

    def _read_verdict(self) -> str:
        summary = self.out / "summary.json"
        return str(json.loads(summary.read_bytes())["verdict"]) if summary.exists() else ""

    def _problems(
        self,
        described: Mapping[str, Any],
        verdict: str,
        folders: Sequence[FolderComparison],
        refused: int,
        alarms: Sequence[Raised],
    ) -> Iterator[str]:
        yield from self.cloud.guard.refusals
        yield from find_problems(folders)
        stored = sum(self.world.count_stored().values())
        if stored and self.scenario.expected == "failed":
            yield f"the run failed, and {stored} messages were copied"
        left = [happening.what for happening in self._pending] + self._under_way
        yield from find_deviations(self.scenario, described, verdict, refused, left, alarms)
        yield from self.scenario.check(self.world, self.ledger, described["name"])
