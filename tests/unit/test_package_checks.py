"""Licences and vulnerabilities of other people's packages: what `make check` lets pass."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.message import Message
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from tools import audit, licences
from tools.licences import LAMBDA, Package, closure, find_problems, is_allowed, read_licence

# ---- licences ------------------------------------------------------------------------------------


def metadata(**fields: Any) -> Message:
    """Core metadata; several values for a list."""
    message = Message()
    for name, value in fields.items():
        for each in value if isinstance(value, list) else [value]:
            message[name.replace("_", "-")] = each
    return message


@pytest.mark.parametrize(
    ("fields", "licence"),
    [
        ({"License_Expression": "BSD-3-Clause"}, "BSD-3-Clause"),
        ({"License": "MIT", "Classifier": ["License :: OSI Approved :: BSD License"]}, "BSD"),
        (
            {
                "Classifier": [
                    "License :: OSI Approved :: MIT License",
                    "License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)",
                ]
            },
            "MIT, GNU Lesser General Public License v3 (LGPLv3)",
        ),
        ({"License": "Apache-2.0", "Classifier": ["License :: OSI Approved"]}, "Apache-2.0"),
        ({"License": "MIT\n\nPermission is hereby granted"}, "MIT"),
        ({}, ""),
    ],
)
def test_a_licence_is_read_from_what_says_most(fields: dict[str, Any], licence: str) -> None:
    assert read_licence(metadata(**fields)) == licence


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("MIT OR GPL-2.0-only", True),
        ("MIT AND GPL-2.0-only", False),
        ("Apache-2.0 AND (MIT OR GPL-2.0-only)", False),  # rather too strict
        ("Apache-2.0 AND (MIT OR ISC)", True),
        ("MIT, MIT-0", True),
        ("MIT, GNU Lesser General Public License v3 (LGPLv3)", False),
        ("LGPL-3.0-or-later", False),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
        ("", False),
    ],
)
def test_licences_that_ask_for_more_than_a_notice_are_refused(licence: str, allowed: bool) -> None:
    assert is_allowed(licence) is allowed


class Installed(Distribution):
    """A package that needs others."""

    def __init__(self, name: str, version: str, *needs: str) -> None:
        self._text = "".join(f"Requires-Dist: {need}\n" for need in needs)
        self._text = f"Name: {name}\nVersion: {version}\nLicense-Expression: MIT\n{self._text}\n"

    def read_text(self, filename: str) -> str | None:
        return self._text if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Any:
        raise NotImplementedError


WORLD: Mapping[str, Distribution] = {
    "a": Installed(
        "a", "1.0", "B_c>=2", 'win; sys_platform == "win32"', 'x; extra == "more"', "d[fast]"
    ),
    "B_c": Installed("b-c", "2.1"),
    "d": Installed("d", "3.0", 'e; extra == "fast"', "a"),
    "e": Installed("e", "4.0", 'old; python_version < "3.12"'),
    "x": Installed("x", "5.0"),
}


def find(name: str) -> Distribution:
    if name not in WORLD:
        raise PackageNotFoundError(name)
    return WORLD[name]


def test_all_that_is_needed_where_it_runs_is_found() -> None:
    names = [one.name for one in closure([Requirement("a==1.0")], LAMBDA, find)]
    assert names == ["a", "b-c", "d", "e"]
    names = [one.name for one in closure([Requirement("a[more]==1.0")], LAMBDA, find)]
    assert names == ["a", "b-c", "d", "e", "x"]


def test_a_licence_that_is_not_allowed_and_a_missing_pin_are_told() -> None:
    fine, strict = Package("fine", "1.0", "MIT"), Package("strict", "2.0", "LGPL-3.0-only")
    problems = list(find_problems([fine], [strict], {"fine": "1.1"}))
    assert [problem.partition(",")[0] for problem in problems] == [
        "fine 1.0 is deployed",
        "strict 2.0 stands under LGPL-3.0-only",
    ]
    assert list(find_problems([fine], [], {"fine": "1.0"})) == []


def test_a_package_that_is_allowed_alone_is_allowed_with_its_own_licence_only() -> None:
    told = [Package("certifi", "1.0", "MPL-2.0"), Package("certifi", "1.0", "GPL-3.0-only")]
    told.append(Package("other", "1.0", "MPL-2.0"))
    assert [len(list(find_problems([], [one], {}))) for one in told] == [0, 1, 1]


def test_everything_that_is_deployed_is_allowed_pinned_and_listed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert licences.main([]) == 0, capsys.readouterr().err


def test_a_list_that_is_out_of_date_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "licences.md"
    page.write_text("# Licences\n", "utf-8")
    monkeypatch.setattr(licences, "PAGE", page)
    assert licences.main([]) == 1
    assert "run `make licences`" in capsys.readouterr().err
    assert licences.main(["--write"]) == 0


# ---- vulnerabilities -----------------------------------------------------------------------------

KNOWN = {"name": "urllib3", "version": "2.8.0", "vulns": []}
WEAK = {
    "name": "jinja2",
    "version": "3.1.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.1.6"]}, {"id": "PYSEC-2", "fix_versions": []}],
}
SKIPPED = {"name": "attrs", "skip_reason": "Dependency not found on PyPI"}


def said(*dependencies: Mapping[str, Any]) -> str:
    return json.dumps({"dependencies": dependencies, "fixes": []})


def test_a_vulnerability_is_told_with_its_cure() -> None:
    outcome = audit.read_outcome(said(KNOWN, WEAK), "")
    assert outcome.vulnerable == [
        "jinja2 3.1.0: PYSEC-1; fixed in 3.1.6",
        "jinja2 3.1.0: PYSEC-2; fixed in no version yet",
    ]
    assert (outcome.audited, outcome.problem) == (2, "")


def test_a_package_that_was_passed_over_is_not_audited() -> None:
    outcome = audit.read_outcome(said(KNOWN, SKIPPED), "WARNING: nothing\n")
    assert outcome.problem == "1 of 2 packages: Dependency not found on PyPI"
    assert outcome.audited == 1


def test_no_answer_is_no_clean_bill() -> None:
    outcome = audit.read_outcome("", "Traceback ...\nConnectionError: no route to host\n\n")
    assert outcome.problem == "ConnectionError: no route to host"
    assert audit.read_outcome("", "").problem == "pip-audit said nothing"


@pytest.mark.parametrize(
    ("outcome", "strict", "lenient", "word"),
    [
        (audit.Outcome(2, (), ""), 0, 0, "audited: 2 packages"),
        (audit.Outcome(0, (), "no network"), 2, 0, "not audited: no network"),
        (audit.Outcome(1, ["a 1: X"], "no network"), 1, 1, "a 1: X"),
    ],
)
def test_what_could_not_be_asked_is_said_and_fails_only_where_it_must(
    outcome: audit.Outcome,
    strict: int,
    lenient: int,
    word: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(audit, "audit", lambda: outcome)
    assert audit.main([]) == strict
    assert audit.main(["--if-possible"]) == lenient
    assert word in "".join(capsys.readouterr())


def test_where_nothing_can_be_reached_the_audit_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens at the discard port
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    outcome = audit.audit()
    assert outcome.problem
    assert outcome.audited == 0
