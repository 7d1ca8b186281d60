"""What is personal stays where docs/privacy.md says, and is in no other place, in no form.

A tenant whose every detail is a word of its own is migrated, as far as it goes: a password is
wrong, a message is refused, an execution is aborted, another has a manifest full of faults, a third
a secret that is no JSON. Then everything that was written down anywhere is searched.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from localrun.display import PlainDisplay
from localrun.kept import Kept, read_all
from localrun.runner import Options, Run
from localrun.stories.marked import FAULTY_KEY, MARKED, MARKS, upload
from localrun.traces import find_words
from tests.e2e.secrets_of import read_generated

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "privacy.md").read_text("utf-8")
KINDS = (*MARKS, "made-up password", "task token", "answer id")


def read_allowed(page: str) -> dict[str, frozenset[str]]:
    """The table of the page: by a place, with * for any characters, the kinds that may be there."""
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", page, re.MULTILINE)
    return {place: frozenset(re.split(r", ", kinds.strip())) for place, kinds in rows}


ALLOWED = read_allowed(PAGE)


def is_allowed(place: str, kind: str) -> bool:
    return any(kind in kinds for known, kinds in ALLOWED.items() if fnmatchcase(place, known))


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


def play(run: Run) -> tuple[Witness, dict[str, Iterable[str]]]:
    """Everything that can happen to the marked tenant; the words that are to be searched for."""
    cloud, witness = run.cloud, Witness(run)
    bucket, secrets = cloud.output("BucketName"), cloud.client("secretsmanager")
    upload(cloud.client("s3"), bucket)
    migrated = run.wait(run.start("migration", MARKED.input))
    assert migrated["status"] == "SUCCEEDED", migrated
    words: dict[str, Iterable[str]] = dict(MARKS)
    words["made-up password"] = read_generated(run)
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


def _read_questions(run: Run) -> tuple[set[str], set[str]]:
    questions = run.ledger.questions()
    assert questions
    return {each.token for each in questions}, {each.id for each in questions}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_is_personal_stands_where_the_page_says_and_nowhere_else(tmp_path: Path) -> None:
    with (tmp_path / "shown.txt").open("w", encoding="utf-8") as file:
        display = PlainDisplay(Console(file=file, width=110))
        with Run(MARKED, Options(out=tmp_path), display) as run:
            witness, words = play(run)
            kept = list(witness.read())
            found = search(words, kept)
        display.close()
    for place in ("log", "history", "event", "notice-text", "ledger/M/mailbox", "bucket-key/"):
        assert any(each.place == place and each.text for each in kept), place
    wrong = {each for each in found if not is_allowed(each.place, each.kind)}
    assert wrong == set()
    # Each word was found somewhere: the search can find it, and the page does not allow too much.
    assert {each.kind for each in found} >= set(KINDS) - {"subject", "body", "attachment"}
    used = {
        (place, kind)
        for place, kinds in ALLOWED.items()
        for kind in kinds
        if any(fnmatchcase(each.place, place) and each.kind == kind for each in found)
    }
    unused = {(place, kind) for place, kinds in ALLOWED.items() for kind in kinds} - used
    assert {place for place, _ in unused} <= NOT_IN_THIS_STORY


NOT_IN_THIS_STORY: frozenset[str] = frozenset()
"""Places of the page's table that the marked tenant does not come to."""


def test_the_page_knows_no_other_kinds() -> None:
    assert {kind for kinds in ALLOWED.values() for kind in kinds} <= set(KINDS)


def test_a_word_in_a_place_that_the_page_does_not_name_is_found() -> None:
    log = Kept("log", '{"level": "INFO", "message": "copying", "mailbox": "zq-anna-LOCAL@x"}')
    found = search(MARKS, [log])
    assert found == {Found("log", "address")}
    assert not is_allowed("log", "address")
    assert not is_allowed("ledger/N/what", "address")
