"""What Preflight writes down before a run changes anything: the page, its JSON, the table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from migration.errors import PreflightFailed, TenantMisconfigured
from migration.findings import NOTHING, Findings
from migration.manifest import parse_manifest
from migration.preflight import Checked, conclude
from migration.run_plan import Job, plan_run
from migration.settings import GroupwareSettings, Settings
from migration.survey_model import SourceMailbox, SourceSurvey
from preflight import handler
from tests.contract.workmail_cloud import DOMAIN, WorkMailCloud
from tests.unit.test_settings import environment

RUN, NOW = "run-1", "2026-12-04T18:00:00Z"
PHASES = dict.fromkeys(("provision", "copy", "cutover", "delta", "report"), True)
TWO = f"source,display_name\nanna@{DOMAIN},Anna\nberta@{DOMAIN},Berta\n".encode()
SURVEY = SourceSurvey(0.05, 0.1, 0.02, (SourceMailbox(0, 5, 1000, 10**9),))
FILES = {f"plans/{RUN}/plan.csv", f"reports/{RUN}/plan.html", f"reports/{RUN}/plan.json"}


@pytest.fixture
def cloud() -> Iterator[WorkMailCloud]:
    cloud = WorkMailCloud()
    yield cloud
    cloud.close()


def checked(
    body: bytes | None = TWO,
    findings: Findings = NOTHING,
    survey: SourceSurvey | None = SURVEY,
) -> Checked:
    manifest = parse_manifest(body, (DOMAIN,), "acme") if body is not None else None
    return Checked(117, ("WorkMail ends",), findings, manifest, survey)


class Tenant:
    """A tenant whose preflight has checked what it is given."""

    def __init__(self, directory: Any) -> None:
        self.directory = directory
        self.blobs, self.ledger = MemoryBlobs(), MemoryLedger()
        self.settings = Settings.from_env(environment() | {"DOMAINS": DOMAIN, "TENANT": "acme"})

    def plan(self, found: Checked, left: float = 900.0, **phases: bool) -> Checked:
        job = Job(RUN, NOW, "intake/m.csv", PHASES | phases)
        return plan_run(
            self.settings, self.directory, self.blobs, self.ledger, job, found, lambda: left
        )

    @property
    def page(self) -> str:
        return self.blobs.get(f"reports/{RUN}/plan.html").decode()

    @property
    def written(self) -> dict[str, Any]:
        loaded = json.loads(self.blobs.get(f"reports/{RUN}/plan.json"))
        assert isinstance(loaded, dict)
        return loaded

    @property
    def note(self) -> str:
        (note,) = self.ledger.notes(RUN)
        assert note.state == "Plan"
        return note.what


def test_the_run_writes_its_plan_and_counts_what_conflicts(cloud: WorkMailCloud) -> None:
    cloud.add_user("anna", f"another@{DOMAIN}")
    tenant = Tenant(cloud.directory)
    found = checked()
    assert tenant.plan(found) == found
    assert set(tenant.blobs.files()) == FILES
    text = tenant.blobs.get(f"plans/{RUN}/plan.csv").decode("utf-8-sig")
    assert [line.split(",")[2] for line in text.splitlines()[1:]] == ["conflict", "create"]
    assert tenant.note.startswith("the directory: 1 to create, 1 in conflict; plans/run-1/plan.csv")
    assert "that is left as it is, and all else is done; verdict: ready, with 1 co" in tenant.note
    assert tenant.note.endswith("reports/run-1/plan.html shows it")
    assert "@" not in tenant.note
    assert f"anna@{DOMAIN}" in tenant.page
    assert tenant.written["verdict"] == "ready, with warnings"
    assert tenant.written["survey"]["round_trip"] == 0.02


def test_what_there_is_no_time_for_stands_in_the_plan_as_that(cloud: WorkMailCloud) -> None:
    tenant = Tenant(cloud.directory)
    tenant.plan(checked(), left=29.0)
    assert tenant.note.startswith("the directory: 2 not looked at;")
    assert cloud.operations() == []
    assert "2 not looked at" in tenant.page


def test_problems_have_their_page_before_the_run_stops(cloud: WorkMailCloud) -> None:
    tenant = Tenant(cloud.directory)
    found = tenant.plan(checked(findings=Findings(("set `region`",), ("mind the DMARC",))))
    with pytest.raises(PreflightFailed):
        conclude(found, tenant.ledger, RUN, NOW)
    assert set(tenant.blobs.files()) == FILES
    assert "Not ready: 1 problem" in tenant.page
    assert "Set `region`" in tenant.page
    assert "verdict: not ready: 1 problem;" in tenant.note
    assert tenant.written["problems"] == ["set `region`"]


def test_a_directory_with_problems_is_not_looked_at_for_long(cloud: WorkMailCloud) -> None:
    tenant = Tenant(cloud.directory)
    left = iter([900.0, 899.0, 839.0])
    job = Job(RUN, NOW, "", PHASES)
    about = tenant.settings, tenant.directory, tenant.blobs, tenant.ledger, job
    plan_run(*about, checked(findings=Findings(("no",))), lambda: next(left))
    assert tenant.note.startswith("the directory: 1 to create, 1 not looked at;")


@pytest.mark.parametrize("body", [b"source\n", None], ids=["with a fault", "missing"])
def test_without_a_manifest_that_can_be_read_the_page_says_what_to_do(
    cloud: WorkMailCloud, body: bytes | None
) -> None:
    tenant = Tenant(cloud.directory)
    tenant.plan(checked(body, Findings(() if body else ("there is no manifest: upload it",))))
    assert cloud.operations() == []
    assert set(tenant.blobs.files()) == FILES - {f"plans/{RUN}/plan.csv"}
    assert tenant.written["verdict"] == "not ready"
    assert tenant.written["forecast"] is None
    word = "the column is missing" if body else "There is no manifest: upload it"
    assert word in tenant.page


@pytest.mark.parametrize("of_exchange", [True, False])
def test_a_run_that_leaves_the_directory_alone_asks_nothing_and_has_its_page(
    cloud: WorkMailCloud, of_exchange: bool
) -> None:
    tenant = Tenant(cloud.directory)
    tenant.plan(checked(findings=Findings(provisions=not of_exchange)), provision=of_exchange)
    assert cloud.operations() == []
    assert set(tenant.blobs.files()) == FILES - {f"plans/{RUN}/plan.csv"}
    assert "This run leaves WorkMail&#39;s directory alone" in tenant.page
    names = [phase["name"] for phase in tenant.written["forecast"]["phases"]]
    assert "Users" not in names
    assert ("DNS" in names) == (not of_exchange)


def test_what_workmail_does_not_let_be_looked_at_is_one_more_problem() -> None:
    class Closed:
        def find_user(self, *_: object) -> None:
            raise TenantMisconfigured(["DescribeEntity: denied", "no"])

    tenant = Tenant(Closed())
    found = tenant.plan(checked(findings=Findings(("no",))))
    assert found.findings.problems == ("no", "DescribeEntity: denied")
    assert tenant.written["problems"] == ["no", "DescribeEntity: denied"]
    assert tenant.written["rows"] == []


def test_nothing_is_told_of_a_page_that_was_not_written(cloud: WorkMailCloud) -> None:
    class Full(MemoryBlobs):
        def put(self, key: str, body: bytes, content_type: str = "") -> str:
            if key.endswith(".html"):
                raise OSError("no space")
            return super().put(key, body, content_type)

    tenant = Tenant(cloud.directory)
    tenant.blobs = Full()
    with pytest.raises(OSError, match="no space"):
        tenant.plan(checked())
    assert tenant.ledger.notes(RUN) == []


@pytest.mark.parametrize("fails", [False, True])
def test_the_handler_plans_before_it_passes_judgement(
    monkeypatch: pytest.MonkeyPatch, cloud: WorkMailCloud, fails: bool
) -> None:
    tenant = Tenant(cloud.directory)
    found = checked(findings=Findings(("no",) if fails else (), ("mind",), provisions=False))
    wired = SimpleNamespace(
        settings=replace(tenant.settings, groupware=GroupwareSettings()),
        directory=tenant.directory,
        blobs=tenant.blobs,
        ledger=tenant.ledger,
        secrets=SimpleNamespace(read_source=lambda: {"admin": {}}),
        survey_source=None,
        survey_groupware=None,
        survey_directory=lambda secret, seconds: None,
    )
    monkeypatch.setattr("migration.wiring.wire", lambda: wired)
    monkeypatch.setattr("migration.preflight.check_all", lambda *_: found)
    event = {"run": RUN, "now": NOW, "manifest": "", "version": "", "phases": PHASES}
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 900_000)
    if fails:
        with pytest.raises(PreflightFailed):
            handler(event, context)
    else:
        assert handler(event, context) == {"days_left": 117, "warnings": 2, "provisions": False}
    assert f"reports/{RUN}/plan.html" in tenant.blobs.files()
