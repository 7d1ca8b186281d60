"""The estimate's model beside what a run of the real definition and handlers has used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from rich.console import Console

from localrun import model_service
from localrun.asked import Place
from localrun.display import PlainDisplay
from localrun.guard import Guard, signer
from localrun.letters import Letter
from localrun.loopback import Request
from localrun.runner import Options, Run
from localrun.scenario import manifest_of
from localrun.stories.sample import SAMPLE
from localrun.stories.sample_mail import DOMAIN
from localrun.world import World
from migration.estimate.counts import Counts, count
from migration.estimate.workload import Workload

USERS = [f"user{number}@{DOMAIN}" for number in range(2)]
FOLDERS = [("INBOX",), ("Sent",)]
IN_A_FOLDER = 250
"""Two batches."""
WITHIN = 0.25

Requests = Counter[tuple[str, str]]
"""By service and operation (of S3: the method)."""


@dataclass(frozen=True)
class Used:
    """What the run has used, in the words of the model."""

    counts: dict[str, float]
    model: Counts


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Used]:
    out = tmp_path_factory.mktemp("estimate")
    story = replace(
        SAMPLE,
        name="estimated",
        users=dict.fromkeys(USERS, "old-password"),
        manifest=manifest_of(USERS),
        seed=_seed,
        happenings=tuple(each for each in SAMPLE.happenings if "arrive" not in each.what),
    )
    with pytest.MonkeyPatch.context() as patch, (out / "shown.txt").open("w") as file:
        requests = _count_requests(patch)
        display = PlainDisplay(Console(file=file, width=110))
        with Run(story, Options(out=out), display) as run:
            requests.clear()  # what the deployment has asked
            outcome = run.execute()
            assert (outcome.status, outcome.verdict) == ("SUCCEEDED", "done")
            counts = _sum_up(run, Counter(requests))
            model = count(_workload(_days_of_waiting(run)))
        display.close()
    yield Used(counts, model)


def _seed(world: World) -> int:
    received = datetime(2020, 1, 1, tzinfo=UTC)
    names = ["/".join(folder) for folder in FOLDERS[1:]]
    return sum(
        world.deliver(
            user,
            [
                Letter(folder, _mime(number), (), received + timedelta(minutes=number))
                for folder in FOLDERS
                for number in range(IN_A_FOLDER)
            ],
            names,
        )
        for user in USERS
    )


def _mime(number: int) -> bytes:
    head = f"From: a@b.example\r\nMessage-ID: <{number}@b.example>\r\nSubject: {number}\r\n\r\n"
    return (head + "words\r\n" * 20).encode()


def _count_requests(patch: pytest.MonkeyPatch) -> Requests:
    """Every request of functions and engine to the laptop's data plane and its ledger.
    `123456789012` are those of the laptop itself: of the engine, for the Maps' files, and of who
    watches the run."""
    requests: Requests = Counter()
    answer: Callable[..., Any] = DomainDispatcherApplication.__call__
    judge: Callable[..., None] = model_service.check_rights

    def note(signed: str, operation: str) -> None:
        key, service = signer(signed)
        by_rule = key.endswith("measure-progress")  # Counts.measurements
        if key and not key.isdecimal() and not by_rule:
            requests[service, operation] += 1

    def answer_and_count(self: Any, environ: dict[str, Any], start: Any) -> Any:
        target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        is_listing = "list-type" in environ.get("QUERY_STRING", "")
        operation = target or ("LIST" if is_listing else environ["REQUEST_METHOD"])
        note(environ.get("HTTP_AUTHORIZATION", ""), operation)
        return answer(self, environ, start)

    def judge_and_count(
        guard: Guard, place: Place, service: str, operation: str, request: Request, body: object
    ) -> None:
        note(request.headers.get("authorization", ""), operation)
        judge(guard, place, service, operation, request, body)

    patch.setattr(DomainDispatcherApplication, "__call__", answer_and_count)
    patch.setattr(model_service, "check_rights", judge_and_count)
    return requests


def _sum_up(run: Run, requests: Requests) -> dict[str, float]:
    kinds = Counter(
        event["type"]
        for execution in run.cloud.engine.executions.values()
        for event in execution.history.events()
    )
    entered = sum(number for kind, number in kinds.items() if kind.endswith("StateEntered"))
    calls = kinds["TaskScheduled"]
    tried_again = calls - kinds["TaskStateEntered"]
    changing = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems")
    return {
        "transitions": entered + tried_again,
        "calls": calls,
        "ledger_writes": sum(requests["dynamodb", name] for name in changing),
        "ledger_reads": requests["dynamodb", "GetItem"] + requests["dynamodb", "Query"],
        "s3_puts": requests["s3", "PUT"] + requests["s3", "LIST"],
        "s3_gets": requests["s3", "GET"] + requests["s3", "HEAD"],
        "secret_calls": sum(
            n for (service, _), n in requests.items() if service == "secretsmanager"
        ),
    }


def _days_of_waiting(run: Run) -> float:
    looks = [
        event["timestamp"]
        for execution in run.cloud.engine.executions.values()
        for event in execution.history.events()
        if event.get("stateEnteredEventDetails", {}).get("name") == "CheckDns"
    ]
    return float(max(looks) - min(looks)) / 86_400


def _workload(days: float) -> Workload:
    messages = len(USERS) * len(FOLDERS) * IN_A_FOLDER
    return Workload(
        mailboxes=len(USERS),
        gigabytes=messages * 250 / 1e9,
        messages=messages,
        folders=len(FOLDERS),
        days=days,
        delta_passes=2,
    )


@pytest.mark.slow
@pytest.mark.timeout(480)
@pytest.mark.parametrize(
    "what",
    [
        "transitions",
        "calls",
        "ledger_writes",
        "ledger_reads",
        "s3_puts",
        "s3_gets",
        "secret_calls",
    ],
)
def test_the_model_is_near_to_what_a_run_uses(used: Used, what: str) -> None:
    modelled = getattr(used.model, what)
    assert used.counts[what] > 0
    assert modelled == pytest.approx(used.counts[what], rel=WITHIN), what
