"""What preflight finds when it compares the manifest with the source's directory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from localrun.fakes.blobs import MemoryBlobs
from migration.discovery_compare import (
    Difference,
    What,
    compare,
    tell_differences,
    write_differences,
)
from migration.discovery_model import Entry, Outline
from migration.errors import CredentialsRejected, SourceBusy, TenantMisconfigured
from migration.findings import NOTHING, Findings
from migration.manifest import parse_folder
from migration.preflight import Checked
from migration.preflight_directory import check_directory
from migration.settings import Settings
from migration.survey_model import SourceSurvey
from tests.unit.test_settings import environment

DOMAINS = ("example.com",)
USERS = b"""source,target,display_name,aliases
Anna@example.com,,Anna,a.berg@example.com
b.ade@example.com,bola@example.com,Bola,
gone@example.com,gone@example.com,Gone,
"""
GROUPS = b"address,aliases\nstaff@example.com,all@example.com\n"
ROOMS = b"address,type,source\naula@example.com,room,aula@example.com\n"
MANIFEST = parse_folder({"users.csv": USERS, "groups.csv": GROUPS, "resources.csv": ROOMS}, DOMAINS)
ANNA = Entry("anna@example.com", ("anna@example.com", "A.Berg@example.com"))
BOLA = Entry("bola@example.com", ("bola@example.com", "b.ade@example.com", "b@x.onmicrosoft.com"))
AULA = Entry("aula@example.com", ("aula@example.com",))
STAFF = Entry("", ("staff@example.com",))
OUTLINE = Outline((ANNA, BOLA, AULA), (STAFF,))
UNKNOWN = Difference(What.UNKNOWN, "gone@example.com", 4)
OTHER_NAME = Difference(What.OTHER_NAME, "b.ade@example.com", 3, "bola@example.com")


def also(*users: Entry, groups: tuple[Entry, ...] = ()) -> list[Difference]:
    """What differs beside the two entries that do in any case."""
    outline = Outline((*OUTLINE.users, *users), (*OUTLINE.groups, *groups))
    found = compare(outline, MANIFEST, DOMAINS)
    assert found[-2:] == [UNKNOWN, OTHER_NAME]
    return found[:-2]


def test_sources_must_be_known_by_the_name_that_opens_them() -> None:
    assert MANIFEST.faults == ()
    assert also() == []


def test_half_a_list_makes_nobody_unknown() -> None:
    assert compare(replace(OUTLINE, complete=False), MANIFEST, DOMAINS) == [OTHER_NAME]


def test_whoever_has_an_address_in_the_domains_and_no_line_is_told() -> None:
    new = Entry("new@x.onmicrosoft.com", ("new@x.onmicrosoft.com", "new@EXAMPLE.com"))
    assert also(new) == [Difference(What.NO_LINE, "new@EXAMPLE.com")]
    assert also(Entry("svc@x.onmicrosoft.com", ("svc@x.onmicrosoft.com",))) == []
    assert also(Entry("other@example.com", ("ALL@example.com",))) == []


def test_a_group_that_no_list_has_is_told() -> None:
    lost = Entry("", ("lost@example.com",))
    by_alias = Entry("", ("everybody@example.com", "all@example.com"))
    foreign = Entry("", ("team@x.onmicrosoft.com",))
    assert also(groups=(lost, by_alias, foreign)) == [Difference(What.NO_GROUP, "lost@example.com")]


def test_an_alias_that_the_manifest_has_not_is_told_by_its_line() -> None:
    addresses = (*ANNA.addresses, "berg@example.com", "o'b@example.com", "anna@x.example")
    outline = replace(OUTLINE, users=(replace(ANNA, addresses=addresses), BOLA, AULA))
    [first, *rest] = compare(outline, MANIFEST, DOMAINS)
    assert first == Difference(What.NO_ALIAS, "berg@example.com", 2)
    assert rest == [UNKNOWN, OTHER_NAME]


def test_findings_count_and_name_lines_and_hold_no_address() -> None:
    many = [Difference(What.NO_ALIAS, f"a{line}@example.com", line) for line in range(2, 24)]
    findings = tell_differences([Difference(What.NO_LINE, "n@example.com"), *many], "the/file")
    first, second, last = findings.warnings
    assert first.startswith("1 users of the source's directory")
    lines = ", ".join(map(str, range(2, 22)))
    assert second.endswith(f"; by the line of the manifest: {lines} and 2 more")
    assert last == "the/file lists what differs from the source's directory"
    assert "@" not in "".join(findings.warnings)
    assert findings.problems == ()
    assert tell_differences([], "x") is NOTHING


def test_the_file_names_everybody() -> None:
    lines = write_differences([OTHER_NAME, Difference(What.NO_GROUP, "g@example.com")])
    assert lines.decode("utf-8-sig").splitlines() == [
        "difference,who,line of users,better",
        "known at the source by another name,b.ade@example.com,3,bola@example.com",
        "group not in the manifest,g@example.com,,",
    ]


class Secrets:
    def read_source(self) -> Mapping[str, object]:
        return {"app": {}}

    def read_target(self) -> Mapping[str, object]:
        return {}


SETTINGS = replace(Settings.from_env(environment()), domains=DOMAINS)
CHECKED = Checked(100, (), NOTHING, MANIFEST, SourceSurvey(0.1))


def check(
    answer: Outline | Exception | None, checked: Checked = CHECKED
) -> tuple[Findings, MemoryBlobs]:
    blobs = MemoryBlobs()

    def survey(secret: Mapping[str, object], seconds: float) -> Outline | None:
        assert secret and 0 < seconds <= 10
        if isinstance(answer, Exception):
            raise answer
        return answer

    after = check_directory(SETTINGS, blobs, Secrets(), survey, "run1", checked)
    return after.findings, blobs


def test_what_differs_is_warned_of_and_listed_in_the_bucket() -> None:
    findings, blobs = check(OUTLINE)
    assert len(findings.warnings) == 3
    listed = blobs.get("plans/run1/source.csv").decode("utf-8-sig")
    assert "gone@example.com" in listed


@pytest.mark.parametrize("same", [None, Outline(complete=False)])
def test_a_source_without_a_directory_or_differences_leaves_nothing(same: Outline | None) -> None:
    findings, blobs = check(same)
    assert findings == NOTHING
    assert list(blobs.list("")) == []


@pytest.mark.parametrize(
    "error",
    [
        CredentialsRejected("no entry"),
        SourceBusy("no entry", 60.0),
        TenantMisconfigured(["no entry"]),
    ],
)
def test_a_directory_that_may_not_be_read_stops_no_run(error: Exception) -> None:
    findings, _ = check(error)
    said = "the manifest was not compared with the source's directory: no entry"
    assert (findings.problems, findings.warnings) == ((), (said,))


@pytest.mark.parametrize(
    "checked",
    [
        replace(CHECKED, manifest=None),
        replace(CHECKED, manifest=parse_folder({}, DOMAINS)),
        replace(CHECKED, survey=None),
    ],
)
def test_without_a_manifest_or_a_source_nothing_is_asked(checked: Checked) -> None:
    findings, _ = check(AssertionError("asked"), checked)
    assert findings == NOTHING
