"""What is personal stays where docs/privacy.md says, and is in no other place, in no form.

A tenant whose every detail is a word of its own is migrated, as far as it goes: a password is
wrong, a message is refused, an execution is aborted, another has a manifest full of faults, a third
a secret that is no JSON. Then everything that was written down anywhere is searched.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from localrun.display import PlainDisplay
from localrun.kept import Kept, read_all
from localrun.operator import answer_by_page
from localrun.runner import Options, Run
from localrun.stories.marked import ANNA, FAULTY_KEY, MARKED, MARKS, OTTO, PIA, upload
from localrun.stories.marked_groupware import GROUPWARE_MARKS, MARKED_GROUPWARE
from localrun.traces import find_words
from tests.e2e.report_numbers import find_differences, read_numbers
from tests.e2e.secrets_of import read_generated

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "privacy.md").read_text("utf-8")
ALL_MARKS = {**MARKS, **GROUPWARE_MARKS}
KINDS = (*MARKS, "made-up password", "access token", "task token", "answer id")


def read_allowed(page: str) -> dict[str, frozenset[str]]:
    """The table of the page: by a place, with * for any characters, the kinds that may be there."""
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", page, re.MULTILINE)
    return {place: frozenset(re.split(r", ", kinds.strip())) for place, kinds in rows}


USUAL, _, OF_SUBJECTS = PAGE.partition("## Subjects in the report\n")
ALLOWED = read_allowed(USUAL)
WITH_SUBJECTS = read_allowed(OF_SUBJECTS)


def is_allowed(place: str, kind: str, allowed: Mapping[str, frozenset[str]] = ALLOWED) -> bool:
    return any(kind in kinds for known, kinds in allowed.items() if fnmatchcase(place, known))


@dataclass(frozen=True, slots=True)
class Found:
    """A word of that kind stands in that place."""

    place: str
    kind: str


def search(words: Mapping[str, Iterable[str]], kept: Iterable[Kept]) -> set[Found]:
    return {
        Found(each.place, kind)
        for each in kept
        for kind, of_kind in words.items()
        if find_words(of_kind, each.text)
    }


class Witness:
    """A run, and everything that it writes down outside of the stores that it keeps."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.delivered: list[bytes] = []
        self._rules: Any = run.cloud.rules
        self._call = self._rules._invoke
        self._rules._invoke = self._deliver

    def _deliver(self, function: str, payload: bytes) -> Any:
        self.delivered.append(payload)
        return self._call(function, payload)

    def read(self) -> Iterator[Kept]:
        for path in sorted(self.run.out.glob("logs/*")):
            yield Kept("log", path.read_text("utf-8", "replace"))
        for execution in self.run.cloud.engine.executions.values():
            for event in execution.history.events():
                yield Kept("history", json.dumps(event, default=str, ensure_ascii=False))
            ends = (execution.name, execution.input, execution.output, execution.error)
            yield Kept("history", json.dumps((*ends, execution.cause), ensure_ascii=False))
        for payload in self.delivered:
            yield Kept("event", payload.decode())
        for notice in self._rules.dead_letters:
            yield Kept("dead-letter", json.dumps(notice, ensure_ascii=False))
        for told in self.run.notices.told:
            yield Kept("notice-subject", told["subject"])
            yield Kept("notice-text", json.dumps(told, ensure_ascii=False))
        yield from read_all(self.run.cloud)


def migrate(run: Run) -> Witness:
    """The marked tenant, as far as it goes."""
    witness = Witness(run)
    upload(run.cloud.client("s3"), run.cloud.output("BucketName"))
    migrated = run.wait(run.start("migration", MARKED.input))
    assert migrated["status"] == "SUCCEEDED", migrated
    return witness


def play(run: Run) -> tuple[Witness, dict[str, Iterable[str]]]:
    """Everything that can happen to the marked tenant; the words that are to be searched for."""
    cloud, witness = run.cloud, migrate(run)
    secrets = cloud.client("secretsmanager")
    words: dict[str, Iterable[str]] = dict(MARKS)
    words["made-up password"] = read_generated(run)
    words["access token"] = run.world.workmail._tokens
    assert words["access token"]
    words["task token"], words["answer id"] = _read_questions(run)
    faulty = run.wait(run.start("faulty", {"manifest": FAULTY_KEY}))
    assert faulty["error"] == "ManifestInvalid"
    arn = run.start("aborted", MARKED.input)
    cloud.client("stepfunctions").stop_execution(executionArn=arn)
    assert run.wait(arn)["status"] == "ABORTED"
    given = secrets.get_secret_value(SecretId=cloud.output("SourceSecretName"))["SecretString"]
    secrets.put_secret_value(SecretId=cloud.output("SourceSecretName"), SecretString=given[1:])
    broken = run.wait(run.start("broken", MARKED.input))
    assert broken["status"] == "FAILED"
    secrets.put_secret_value(SecretId=cloud.output("SourceSecretName"), SecretString=given)
    return witness, words


def erase(run: Run) -> None:
    """The phase erase, approved on the page some minutes later."""

    def approve() -> None:
        answer_by_page(run.world, "approve")

    run.world.clock.at(600, approve)
    erased = run.wait(run.start("erased", {"phases": ["erase"], "unfinished": True}))
    assert json.loads(erased["output"])["verdict"] == "erased"


def _read_questions(run: Run) -> tuple[set[str], set[str]]:
    questions = run.ledger.questions()
    assert questions
    return {each.token for each in questions}, {each.id for each in questions}


def read_mail(run: Run) -> Iterator[str]:
    """The messages of one of the old mailboxes."""
    with run.world.old_mailbox(ANNA) as client:
        client.select_folder("INBOX", readonly=True)
        for message in client.fetch(client.search(), ["BODY.PEEK[]"]).values():
            yield message[b"BODY[]"].decode("utf-8", "replace")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_is_personal_stands_where_the_page_says_and_nowhere_else(tmp_path: Path) -> None:
    with (tmp_path / "shown.txt").open("w", encoding="utf-8") as file:
        display = PlainDisplay(Console(file=file, width=110))
        with Run(MARKED, Options(out=tmp_path), display) as run:
            witness, words = play(run)
            kept = list(witness.read())
            found = search(words, kept)
            mail = [Kept("mail", text) for text in read_mail(run)]
            erase(run)
            found_after = search(words, witness.read())
        display.close()
    for place in ("log", "history", "event", "notice-text", "ledger/M/mailbox", "bucket-key/"):
        assert any(each.place == place and each.text for each in kept), place
    # The words of the mail are there, in the spellings that mail has, and the search sees them.
    assert {each.kind for each in search(words, mail)} >= ONLY_IN_MAIL - {"access token"}
    wrong = {each for each in found if not is_allowed(each.place, each.kind)}
    assert wrong == set()
    # Histories of before have their tokens still, and messages that were sent their links.
    assert found_after == {Found("history", "task token"), Found("notice-text", "answer id")}
    assert {each.kind for each in found} == set(KINDS) - ONLY_IN_MAIL
    missed = {place for place, kind in find_unreached(found) if kind not in GROUPWARE_MARKS}
    assert missed == NOT_IN_THIS_STORY | ONLY_OVER_EWS


def find_unreached(found: set[Found]) -> set[tuple[str, str]]:
    """What the page's table allows and nothing has come to."""
    return {
        (place, kind)
        for place, kinds in ALLOWED.items()
        for kind in kinds
        if not any(each.kind == kind and fnmatchcase(each.place, place) for each in found)
    }


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_calendars_and_contacts_stand_where_the_page_says_and_nowhere_else(
    tmp_path: Path,
) -> None:
    """Some cannot be kept, some cannot be read, and a server refuses one person's password."""
    with (tmp_path / "shown.txt").open("w", encoding="utf-8") as file:
        display = PlainDisplay(Console(file=file, width=110))
        with Run(MARKED_GROUPWARE, Options(out=tmp_path), display) as run:
            kept = list(migrate(run).read())
            records = {each.mailbox.source: each for each in run.ledger.mailboxes("migration")}
        display.close()
    told = {address: each.failure for address, each in records.items() if each.failure}
    assert set(told) == {OTTO, PIA}
    assert told[OTTO].reason == "the DAV server refused the login"
    found = search(ALL_MARKS, kept)
    assert {each for each in found if not is_allowed(each.place, each.kind)} == set()
    missed = find_unreached(found)
    # items that end their workers are put there: tests/crash
    assert {place for place, kind in missed if kind in GROUPWARE_MARKS} == {"quarantine/*"}
    assert not missed & {(place, "address") for place in ONLY_OVER_EWS}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("wanted", [False, True])
def test_subjects_of_refused_messages_stand_in_ledger_and_report_alone_and_only_if_wanted(
    tmp_path: Path, wanted: bool
) -> None:
    """Over EWS, whose first refusal is that of a message; otherwise it is that of a trial. A
    mailbox fails besides: the report's numbers hold."""
    changed = {"target": {"kind": "workmail_ews"}, "report": {"subjects": wanted}}
    story = replace(MARKED, tenant={**MARKED.tenant, **changed})
    with (tmp_path / "shown.txt").open("w", encoding="utf-8") as file:
        display = PlainDisplay(Console(file=file, width=110))
        with Run(story, Options(out=tmp_path), display) as run:
            kept = list(migrate(run).read())
            run.fetch_verdict("migration")
            numbers = read_numbers(run, "migration")
        display.close()
    assert find_differences(numbers) == []
    assert numbers["servers"]["rejected"] == numbers["failures.csv"]["failed"] == 1
    found = search({"subject": MARKS["subject"]}, kept)
    assert any(each.place == "ledger/Q/received" for each in kept)
    assert (Found("ledger/Q/subject", "subject") in found) is wanted
    for name in ("summary.json", "failures.csv"):
        assert (Found(f"reports/migration/{name}", "subject") in found) is wanted
    allowed = WITH_SUBJECTS if wanted else ALLOWED
    assert not {each for each in found if not is_allowed(each.place, each.kind, allowed)}


ONLY_IN_MAIL = {"subject", "body", "header", "attachment", "access token"}
NOT_IN_THIS_STORY = {
    "quarantine/*",  # a message that ends its workers: tests/crash/test_poison.py
    "reports/*/rollback.json",
    "plans/*/source.csv",  # a source with a directory: tests/unit/test_discovery_compare.py
    "reports/*/failures.csv",  # a folder: of a message, in the story of subjects in its inbox
    "ledger/M/address",  # an early start in the test domain
}
"""Places of the page's table that the marked tenant comes to with not all of their kinds."""
ONLY_OVER_EWS = {
    *("audit/*", "groupware/*", "bucket-key/intake/groupware/"),
    *("ledger/F/target_id", "reports/*/collections.csv"),
}
"""Places that the marked tenant comes to with calendars, which are written over EWS alone."""


def test_the_page_knows_no_other_kinds() -> None:
    assert {kind for kinds in ALLOWED.values() for kind in kinds} <= {*KINDS, *GROUPWARE_MARKS}


HANDLER = """
from types import SimpleNamespace
from migration import events
from migration.entry import entry
from migration.logs import logger

@entry(events.ReleaseLock)
def handler(job, _context):
    {body}

try:
    handler({{"run": "r", "now": "n", "execution": "e"}}, None)
except Exception as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('logger.info("copying", extra={"to": ADDRESS})', {Found("log", "address")}),
        ('logger.info("copying " + ADDRESS.upper())', {Found("log", "address")}),
        ("print(base64.b64encode(ADDRESS.encode()).decode())", {Found("log", "address")}),
        ("raise ValueError(ADDRESS)", set()),
        ("return events.ReleaseLockResult(released=True)", set()),
    ],
)
def test_a_handler_that_logs_an_address_is_found(
    tmp_path: Path, body: str, expected: set[Found]
) -> None:
    """And one that raises an exception with it is not: entry.py takes its text away."""
    code = f"import base64\nADDRESS = {ANNA!r}\n" + HANDLER.format(body=body)
    script = tmp_path / "handler.py"
    script.write_text(code, "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "lambdas")}
    ran = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, timeout=60
    )
    log = ran.stdout + ran.stderr
    assert log.strip()
    found = search(MARKS, [Kept("log", log)])
    assert found == expected
    assert not any(is_allowed(each.place, each.kind) for each in found)


def test_what_is_not_in_the_table_is_not_allowed() -> None:
    assert is_allowed("intake/acme.json", "address")
    assert is_allowed("clients/abc/index.html", "name")
    for place, kind in (
        ("intake/acme.json", "password"),
        ("ledger/N/what", "address"),
        ("bucket-key/", "folder"),
        ("notice-subject", "answer id"),
        ("log", "task token"),
        ("log", "uid"),
        ("bucket-key/", "collection"),
        ("groupware/m/losses.json", "item"),
    ):
        assert not is_allowed(place, kind), place
