"""What is checked of calendars and the like before anything is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from localrun.fakes.blobs import MemoryBlobs
from migration.errors import TenantMisconfigured
from migration.findings import NOTHING
from migration.manifest import Manifest
from migration.model import ManifestRow
from migration.preflight import Checked
from migration.preflight_groupware import check_files, check_groupware, check_survey
from migration.settings import GROUPWARE_NEEDS_EWS, GroupwareSettings, Settings
from migration.survey_model import GroupwareSurvey, Unopened
from tests.unit.test_settings import environment

ANNA = ManifestRow(2, "anna", "Anna@example.com", "anna", "Anna")
BOB = ManifestRow(3, "bob", "bob@example.com", "bob", "Bob")
SETTINGS = replace(Settings.from_env(environment()), target_kind="auto")
FOUND = Checked(100, (), NOTHING, Manifest((ANNA, BOB), ()), None)


class Secrets:
    """The source's secret, or an error in its place."""

    def __init__(self, error: TenantMisconfigured | None = None) -> None:
        self.error = error

    def read_source(self) -> Mapping[str, object]:
        if self.error:
            raise self.error
        return {"admin": {"user": "root", "password": "x"}}

    def read_target(self) -> Mapping[str, object]:
        return {}


OPENED = GroupwareSurvey((1, 1))


class Survey:
    """Answers with what it is given, and remembers who was looked for."""

    def __init__(self, answer: GroupwareSurvey = OPENED) -> None:
        self.answer, self.asked, self.places = answer, [""], list[str]()

    def __call__(
        self, place: str, secret: Mapping[str, object], users: Sequence[str]
    ) -> GroupwareSurvey:
        assert secret
        self.asked = list(users)
        self.places.append(place)
        return self.answer


def check(
    groupware: GroupwareSettings, survey: Survey | None = None, target_kind: str = "auto"
) -> Checked:
    settings = replace(SETTINGS, groupware=groupware, target_kind=target_kind)
    return check_groupware(settings, MemoryBlobs(), Secrets(), survey or Survey(), FOUND)


def test_nothing_is_asked_where_nothing_is_wanted() -> None:
    survey = Survey()
    assert check(GroupwareSettings(), survey, target_kind="workmail_imap") is FOUND
    assert survey.asked == [""]


@pytest.mark.parametrize("sources", [("dav",), ("files",)])
def test_over_imap_nothing_but_mail_can_be_written(sources: tuple[str, ...]) -> None:
    checked = check(GroupwareSettings(sources), target_kind="workmail_imap")
    assert checked.findings.problems == (GROUPWARE_NEEDS_EWS,)


def test_the_server_is_asked_for_some_people_of_the_manifest() -> None:
    survey = Survey()
    checked = check(GroupwareSettings(("dav",), "https://dav.example/"), survey)
    assert survey.asked == ["anna", "bob"]
    assert checked.findings == NOTHING


def test_graph_is_asked_as_a_dav_server_is_and_advice_is_its_own() -> None:
    away = Survey(GroupwareSurvey((), (Unopened(0, "CredentialsRejected"),)))
    problems = check(GroupwareSettings(("files", "m365", "dav")), away).findings.problems
    assert away.places == ["dav", "m365"]
    assert ["groupware.dav_url" in said for said in problems] == [True, False]
    assert "Calendars.Read" in problems[1]


@pytest.mark.parametrize("kind", ["m365", "m365-imap"])
def test_microsoft_365_without_a_place_of_calendars_is_warned_of(kind: str) -> None:
    settings = replace(SETTINGS, source_kind=kind, groupware=GroupwareSettings())
    checked = check_groupware(settings, MemoryBlobs(), Secrets(), Survey(), FOUND)
    (warning,) = checked.findings.warnings
    assert "set it to [m365]" in warning


def test_a_server_that_opens_nobodys_calendars_stops_the_run() -> None:
    away = Survey(GroupwareSurvey((), (Unopened(0, "MailboxUnreachable"),)))
    (problem,) = check(GroupwareSettings(("dav",)), away).findings.problems
    assert "1 of 1 mailboxes" in problem
    assert "MailboxUnreachable (1)" in problem
    assert "by the line of the manifest: 2" in problem


def test_people_whose_calendars_do_not_open_are_warned_of_by_their_lines() -> None:
    seen = GroupwareSurvey((3,), (Unopened(1, "CredentialsRejected"),))
    findings = check_survey(seen, [2, 3], "look there")
    assert findings.problems == ()
    assert findings.warnings[0].endswith("by the line of the manifest: 3; look there")


def test_a_secret_that_is_missing_is_a_problem_once() -> None:
    missing = TenantMisconfigured(["the source's secret is empty"])
    settings = replace(SETTINGS, groupware=GroupwareSettings(("dav",)))
    before = FOUND.join(replace(NOTHING, problems=missing.problems))
    checked = check_groupware(settings, MemoryBlobs(), Secrets(missing), Survey(), before)
    assert checked.findings.problems == missing.problems


def test_files_that_nobody_would_read_are_warned_of() -> None:
    names = ("anna@example.com/Work.ics", "anna@example.com/Old.VCF", "ana@example.com/a.ics")
    keys = [f"intake/groupware/{name}" for name in (*names, "bob@example.com/notes.txt")]
    folders, endings = check_files(keys, [ANNA.target, BOB.target]).warnings
    assert folders.startswith("1 folders below intake/groupware/ ")
    assert endings.startswith("1 files below intake/groupware/ ")
    assert check_files(keys[:2], [ANNA.target]) == NOTHING


def test_no_files_at_all_are_warned_of() -> None:
    (warning,) = check(GroupwareSettings(("files",))).findings.warnings
    assert "nothing lies below intake/groupware/" in warning
