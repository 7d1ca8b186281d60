"""Every named scenario, whole: real definition, real handlers, servers started by the run.

What it leaves behind is searched for what must never be there.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from localrun.contents import ImapAccess
from localrun.display import PlainDisplay
from localrun.engine.metric_store import MetricName, MetricStore
from localrun.runner import Options, Outcome, Run
from localrun.stories import (
    SCENARIOS,
    dns_trouble,
    imap_target,
    m365,
    m365_items,
    new_passwords,
)
from localrun.stories.sample_mail import PEOPLE, letters
from localrun.world import READER
from migration.measures import NAMESPACE, Metric
from migration.target_choice import FOLDER
from tests.e2e.report_numbers import Numbers, find_differences, read_numbers
from tests.e2e.secrets_of import read_generated, read_kept

OVER_IMAP = (
    "mail is written over IMAP: EWS is not used: it changes the date at which a message was "
    "received; IMAP keeps dates, flags and Message-ID"
)


@dataclass(frozen=True)
class Finished:
    """A scenario that has ended: what it came to, and everything that AWS would have kept."""

    outcome: Outcome
    shown: str
    history: str
    logs: str
    requests: dict[str, int]
    roles: list[Any]
    folders: set[tuple[str, ...]]
    """Of all mailboxes of WorkMail, over both protocols."""
    receipts: list[str]
    passwords: set[str]
    """All that were ever in a secret of the run's own."""
    kept: str
    """The ledger, and every version of every file in the bucket."""
    told: list[dict[str, Any]]
    """What the operators were told, from the file that the run has written."""
    ids: set[str]
    """Of questions: whoever knows one may answer."""
    numbers: dict[str, Numbers]
    """Of the run, by who says them."""
    left_open: int
    """So many descriptors more than before it this process has after the run."""

    @property
    def copied(self) -> bool:
        return any(folder.target for folder in self.outcome.folders)


@pytest.fixture(scope="module", params=sorted(SCENARIOS))
def finished(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    out = tmp_path_factory.mktemp("scenario")
    before = _count_open()
    with (out / "shown.txt").open("w", encoding="utf-8") as file:
        display = PlainDisplay(Console(file=file, width=110))
        with Run(SCENARIOS[request.param], Options(out=out), display) as run:
            outcome = run.execute()
            history = json.dumps(list(_histories(run)), default=str, ensure_ascii=False)
            requests = dict(run.world.ews.requests)
            left = _left_behind(run)
            passwords, kept = read_generated(run), read_kept(run)
            ids = {question.id for question in run.ledger.questions()}
            numbers = read_numbers(run, f"{request.param}-run")
        display.close()
    logs = "".join(path.read_text("utf-8", "replace") for path in run.out.glob("logs/*"))
    # Without these the searches below would prove nothing.
    assert logs
    assert "Prepare" in history
    shown = (out / "shown.txt").read_text("utf-8")
    told = [
        json.loads(line) for line in (run.out / "notices.jsonl").read_text("utf-8").splitlines()
    ]
    written = (outcome, shown, history, logs, requests)
    left_open = _count_left_open(before)
    finished = Finished(*written, *left, passwords, kept, told, ids, numbers, left_open)
    assert ("CopySlice" in history) == finished.copied
    return finished


def _count_open() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _count_left_open(before: int) -> int:
    """Servers' threads are given ten seconds to see that their clients are gone."""
    end = time.monotonic() + 10
    while (left := _count_open() - before) > 0 and time.monotonic() < end:
        time.sleep(0.05)
    return max(left, 0)


def _left_behind(run: Run) -> tuple[list[Any], set[tuple[str, ...]], list[str]]:
    """Roles, folders and receipts."""
    world, ews = run.world, run.world.ews
    roles = world.workmail.list_impersonation_roles(organization_id=world.organization_id)["Roles"]
    folders = {path for address in ews.mailboxes() for path in ews.folders(address)}
    imap = ImapAccess("127.0.0.1", world.workmail_imap.port, "none", {}, READER)
    over_imap = run.scenario.users if run.scenario.written_over == "IMAP" else ()
    folders |= {path for address in over_imap for path in imap.read(address).folders}
    receipts = [each for address in ews.mailboxes() for each in ews.receipts(address)]
    return list(roles), folders, receipts


def _histories(run: Run) -> Iterator[dict[str, Any]]:
    sfn = run.cloud.client("stepfunctions")
    arns = [
        execution["executionArn"]
        for execution in sfn.list_executions(stateMachineArn=run.cloud.state_machine_arn)[
            "executions"
        ]
    ]
    for arn in list(arns):
        for map_run in sfn.list_map_runs(executionArn=arn)["mapRuns"]:
            children = sfn.list_executions(mapRunArn=map_run["mapRunArn"])["executions"]
            arns += [child["executionArn"] for child in children]
    for arn in arns:
        pages = sfn.get_paginator("get_execution_history").paginate(executionArn=arn)
        yield from (event for page in pages for event in page["events"])
        yield sfn.describe_execution(executionArn=arn)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_scenario_ends_as_it_must(finished: Finished) -> None:
    assert finished.outcome.problems == ()
    assert finished.left_open == 0
    line = json.loads(finished.outcome.line())
    assert line["verdict"] == "ok"
    assert (line["lost"], line["doubled"], line["differing"]) == (0, 0, 0)
    assert finished.outcome.report is not None
    assert finished.outcome.report.read_text("utf-8").startswith("<!doctype html>")


@pytest.mark.slow
def test_the_report_says_the_numbers_of_both_servers_and_the_ledger_everywhere(
    finished: Finished,
) -> None:
    numbers = finished.numbers
    assert find_differences(numbers) == []
    assert all(told for place, told in numbers.items() if place != "report.html")
    assert bool(numbers["report.html"]) == (finished.outcome.scenario != "bad-manifest")
    assert numbers["servers"]["messages"] == finished.outcome.messages
    assert numbers["failures.csv"]["failed"] == len(finished.outcome.failed)


def test_a_number_that_one_place_says_otherwise_is_found() -> None:
    told: dict[str, Numbers] = {"ledger": {"failed": 1, "size": 9}, "notice": {"failed": 2}}
    assert find_differences(told) == ["failed: {'ledger': 1, 'notice': 2}"]


@pytest.mark.slow
def test_no_rights_no_probe_and_no_receipts_are_left(finished: Finished) -> None:
    assert finished.roles == []
    assert {path for path in finished.folders if FOLDER in path} == set()
    assert finished.receipts == []


@pytest.mark.slow
def test_what_was_chosen_and_why_is_shown_and_reported(finished: Finished) -> None:
    said = {
        "bad-manifest": "",
        "no-way-in": "",
        "imap-target": OVER_IMAP,
        "new-passwords": OVER_IMAP,
    }.get(
        finished.outcome.scenario,
        "mail is written over EWS: EWS keeps dates, flags and Message-ID",
    )
    assert finished.outcome.report is not None
    report = finished.outcome.report.read_text("utf-8")
    for text in (finished.shown, report):
        assert ("mail is written over" in text) == bool(said)
        assert said in text


@pytest.mark.slow
def test_no_secret_no_address_and_no_content_is_in_logs_or_history(finished: Finished) -> None:
    scenario = SCENARIOS[finished.outcome.scenario]
    secret = json.dumps([dict(scenario.secret), dict(scenario.target_secret)], ensure_ascii=False)
    forbidden = {*scenario.users, *scenario.users.values(), *scenario.admins.values()}
    forbidden |= {text for text in secret.split('"') if "password" in text and len(text) > 8}
    forbidden |= {"@partner.example", "Subject:", "Bearer "}
    if scenario.name == "sample":
        forbidden |= {person.name for person in PEOPLE}
        forbidden |= {_subject(letter.mime) for person in PEOPLE for letter in letters(person)}
        forbidden |= {part for person in PEOPLE for path in person.folders for part in path} - {
            "INBOX", "Sent", "Drafts", "Trash", "Junk", "Archive", "2019", "Q3", "2024", "Lists",
            "Sent Items",
        }  # fmt: skip
    for text in (finished.history, finished.logs, json.dumps(finished.told, ensure_ascii=False)):
        assert {word for word in forbidden if word in text} == set()


@pytest.mark.slow
def test_what_operators_are_asked_stays_between_them_and_the_ledger(finished: Finished) -> None:
    asks = finished.outcome.scenario in ("sample", "approval-rejected", "approval-timeout")
    assert bool(finished.ids) is asks
    report = finished.outcome.report.read_text("utf-8") if finished.outcome.report else ""
    for text in (finished.history, finished.logs, report):
        assert [id_ for id_ in finished.ids if id_ in text] == []


@pytest.mark.slow
def test_the_operators_are_told_the_end_and_what_leads_to_it(finished: Finished) -> None:
    kinds = [notice["kind"] for notice in finished.told]
    failed = finished.outcome.status == "FAILED"
    assert kinds[-1] == ("failed" if failed else "finished")
    assert kinds.count("finished") + kinds.count("failed") == 1
    assert kinds.count("started") == (finished.outcome.scenario != "bad-manifest")
    assert kinds.count("wave done") == finished.copied
    assert kinds.count("cut over") == ("  DrainOldMx" in finished.shown)
    assert kinds.count("mailbox failed") == len(finished.outcome.failed)
    for notice in finished.told:
        assert notice["subject"].isascii()
        assert len(notice["subject"]) < 100


@pytest.mark.slow
def test_no_generated_password_is_anywhere_but_in_secrets_manager(finished: Finished) -> None:
    scenario = SCENARIOS[finished.outcome.scenario]
    all_given = ("bad-manifest", "no-way-in", "imap-target")  # or nobody was to get one
    assert bool(finished.passwords) == (scenario.name not in all_given)
    report = finished.outcome.report.read_text("utf-8") if finished.outcome.report else ""
    for text in (finished.history, finished.logs, finished.shown, finished.kept, report):
        assert text
        assert [word for word in finished.passwords if word in text] == []


@pytest.mark.slow
def test_mail_gets_in_with_passwords_that_nobody_has_thought_of(finished: Finished) -> None:
    if finished.outcome.scenario != "new-passwords":
        return
    assert finished.outcome.messages == 5 * len(new_passwords.NEW_PASSWORDS.users)
    assert finished.requests["CreateItem"] == 1, "the probe's"
    assert len(finished.passwords) == 2 + 3  # made for two, reset for three
    assert "3 users have a new password, kept in Secrets Manager" in finished.shown
    assert finished.outcome.report is not None
    report = finished.outcome.report.read_text("utf-8")
    for path in ("new-passwords-run/1", "new-passwords-run/reset/1"):
        assert f"--secret-id 'workmail-migration/new-passwords-local/waves/{path}'" in report


def _subject(mime: bytes) -> str:
    (line,) = [line for line in mime.split(b"\r\n") if line.startswith(b"Subject: ")][:1]
    return line.removeprefix(b"Subject: ").decode("ascii", "replace")


@pytest.mark.slow
def test_the_sample_saw_the_outside_world_move(finished: Finished) -> None:
    if finished.outcome.scenario != "sample":
        assert finished.outcome.virtual_seconds < (6 if _takes_days(finished) else 1) * 86_400
        return
    assert "outside: the operator approves on the page" in finished.shown
    assert "the cut-over was approved (by the page that the message names)" in finished.shown
    assert finished.outcome.report is not None
    assert "What was decided" in finished.outcome.report.read_text("utf-8")
    assert finished.outcome.messages == 312 + 8
    assert finished.outcome.virtual_seconds > 4 * 3600
    assert "outside: the DNS now points to WorkMail" in finished.shown
    assert finished.shown.count("DeltaPass") >= 2
    assert len(finished.outcome.folders) == sum(len(person.folders) for person in PEOPLE)


def _takes_days(finished: Finished) -> bool:
    return finished.outcome.scenario in ("slow-dns", "approval-timeout", "approval-rejected")


DNS_STORIES = {
    "slow-dns": (
        "MX of acme.example: wrong at 5 of 5 servers",
        "outside: a resolver dies",
        "MX of acme.example: wrong at 4, unanswered at 1 of 5 servers",
        "outside: WorkMail's records reach one of the domain's servers",
        # one of the resolvers asks the server that has them, the other one the other
        "MX of acme.example: right at 2, wrong at 2, unanswered at 1 of 5 servers",
        "outside: a resolver has an old answer",
        "outside: the other server catches up",
        "MX of acme.example: right at 3, stale at 1, unanswered at 1 of 5 servers",
        "outside: mail arrives at the old server (2)",
        "MX of acme.example: right at 4, unanswered at 1 of 5 servers",
        "DeltaPass",
        "outside: mail arrives at the old server (3)",
        "Migrated",
    ),
    "mx-flaps-back": (
        "outside: the DNS points to WorkMail",
        "MX of acme.example: right at 5 of 5 servers",
        "DeltaPass",
        "outside: somebody puts the old MX back",
        "RecheckDns",
        "MX of acme.example was right and is not any more: mail goes to the old server again.",
        "Delta pass 3: 0 messages copied",
        "Delta pass 4: 0 messages copied",  # and it goes on
        "outside: mail arrives at the old server (2)",
        "outside: the DNS points to WorkMail for good",
        "MX of acme.example: right at 5 of 5 servers",
        "Migrated",
    ),
    "gateway-mx": (
        "CNAME of autodiscover.acme.example: missing at 5 of 5 servers",
        "outside: the MX names one of the gateway's hosts beside the old one",
        "MX of acme.example: extra at 5 of 5 servers",
        "outside: the MX names the gateway alone",
        "MX of acme.example: right at 5 of 5 servers",
        "Migrated",
    ),
}


@pytest.mark.slow
def test_the_dns_is_waited_for_and_what_arrives_meanwhile_is_brought(finished: Finished) -> None:
    steps = DNS_STORIES.get(finished.outcome.scenario)
    if steps is None:
        return
    place = 0
    text = " ".join(finished.shown.split())
    for step in steps:
        place = text.index(step, place) + 1
    arrived = finished.shown.count("outside: mail arrives at the old server")
    assert arrived >= 3
    assert finished.outcome.messages == dns_trouble.SEEDED + arrived * len(dns_trouble.PEOPLE)
    assert finished.outcome.report is not None
    report = finished.outcome.report.read_text("utf-8")
    assert "ns1.acme.example" in report or "all 5 servers" in report
    assert ("a mail gateway" in report) == (finished.outcome.scenario == "gateway-mx")
    assert "Mail goes to WorkMail" in report


@pytest.mark.slow
def test_addresses_come_after_the_mail_and_before_the_cut_over(finished: Finished) -> None:
    if finished.outcome.scenario != "before-verified":
        return
    shown = finished.shown
    steps = (
        *("the domain acme.example is not verified: publish the TXT record", "FullPass"),
        *("Full pass: 312 messages copied", "StartPromotion", "WaitForDomains"),
        *("outside: the ownership record is published", "StartCutover", "CheckDns"),
        *("outside: the DNS points to WorkMail", "Migrated"),
    )
    places = [shown.index(step) for step in steps]
    assert places == sorted(places)
    assert shown.count("  ProvisionDirectory") == 2
    assert finished.outcome.messages == 312 + 6


@pytest.mark.slow
def test_the_other_way_in_keeps_all_that_people_go_on_doing(finished: Finished) -> None:
    if finished.outcome.scenario != "imap-target":
        return
    seeded = sum(sum(each.folders.values()) for each in imap_target.PEOPLE) + 1
    assert finished.outcome.messages == seeded + 4 - 2  # that came, that were deleted
    assert finished.requests["CreateItem"] == 1, "the probe's"
    assert all(folder.misplaced == 0 for folder in finished.outcome.folders)


@pytest.mark.slow
def test_trouble_is_named_and_contained(finished: Finished) -> None:
    if finished.outcome.scenario == "wrong-password":
        (failed,) = finished.outcome.failed
        assert failed.failure is not None
        assert failed.failure.error == "CredentialsRejected"
        assert sum(folder.target for folder in finished.outcome.folders) == 4
        assert finished.outcome.report is not None
        assert "CredentialsRejected" in Path(finished.outcome.report).read_text("utf-8")
    elif finished.outcome.scenario == "bad-manifest":
        assert finished.outcome.cause.startswith("ManifestInvalid")
        assert finished.requests.get("CreateItem", 0) == 0
    elif finished.outcome.scenario == "no-way-in":
        assert finished.outcome.cause.startswith("TenantMisconfigured: EWS is not used")
        assert finished.outcome.report is not None
        report = finished.outcome.report.read_text("utf-8")
        assert "IMAP is not used: the target&#39;s secret has no password" in report
        assert not finished.copied
    else:
        assert finished.outcome.failed == ()


@pytest.mark.slow
def test_microsoft_365_is_waited_for_and_its_rules_are_told(finished: Finished) -> None:
    if finished.outcome.scenario != "m365":
        return
    assert finished.outcome.report is not None
    report = finished.outcome.report.read_text("utf-8")
    assert m365_items.RULE in report
    slices = [line for line in finished.logs.splitlines() if '"outcome":"backoff"' in line]
    assert any(f'"wait":{m365.THROTTLED_SECONDS}' in line for line in slices)
    assert finished.outcome.messages == m365.SEEDED + m365.ARRIVED - m365.DELETED - 1  # unreadable


_DELETED = {"imap-target": 2, "m365": 2}
"""Messages that are deleted in WorkMail because they were deleted or moved at the source."""


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_metrics_count_every_message_once(finished: Finished) -> None:
    """Whatever was begun again meanwhile: the sum over all slices is what the ledger has, and what
    was deleted after it was copied."""
    store = MetricStore()
    store.read_log(finished.logs.splitlines())
    where = {"Tenant": f"{finished.outcome.scenario}-local"}
    values = store.values(MetricName.of(NAMESPACE, Metric.MESSAGES_COPIED, where), 0, math.inf)
    left = sum(folder.ledger for folder in finished.outcome.folders)
    assert sum(values) == left + _DELETED.get(finished.outcome.scenario, 0)
    names = {name for metric in store.metrics() for name, _ in metric.dimensions}
    assert names <= {"Tenant", "Error"}
