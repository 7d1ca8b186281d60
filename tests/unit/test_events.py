"""What operators and states may send, and what they are told when it is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.errors import InputInvalid
from migration.events import CopySlice
from migration.execution_input import MIGRATION, ExecutionInput


def test_an_empty_input_runs_the_whole_migration_and_takes_nothing_back() -> None:
    assert ExecutionInput.parse({}) == ExecutionInput(MIGRATION, "", "")
    assert "rollback" not in MIGRATION


def test_a_rollback_may_name_the_run_that_it_takes_back() -> None:
    assert ExecutionInput.parse({"phases": ["rollback"]}) == ExecutionInput(("rollback",))
    assert ExecutionInput.parse({"phases": ["rollback-dns"]}) == ExecutionInput(("rollback-dns",))
    named = ExecutionInput.parse({"phases": ["rollback"], "run": "run-1"})
    assert named == ExecutionInput(("rollback",), "", "run-1")


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        ({"phases": ["rollback", "report"]}, "the phase rollback stands alone"),
        ({"phases": ["copy", "rollback"]}, "the phase rollback stands alone"),
        ({"phases": ["rollback-dns", "report"]}, "the phase rollback-dns stands alone"),
        ({"phases": ["rollback", "rollback-dns"]}, "the phase rollback-dns stands alone"),
        ({"phases": ["rollback-dns"], "run": "run-1"}, "only the phase rollback takes it"),
        ({"run": "run-1"}, "only the phase rollback takes it"),
        ({"phases": ["copy"], "run": "run-1"}, "only the phase rollback takes it"),
        ({"phases": ["copy", "delta"], "run": "run-1"}, "only the phase rollback takes it"),
        ({"phases": ["report"], "run": "run-1"}, "only the phase rollback takes it"),
        (
            {"phases": ["delta"], "run": "run-1", "manifest": "intake/x.csv"},
            "run and manifest name two waves",
        ),
        ({"phases": ["pause", "report"]}, "the phase pause stands alone"),
        ({"phases": ["abort", "resume"]}, "the phase abort stands alone"),
        ({"phases": ["erase", "report"]}, "the phase erase stands alone"),
        ({"phases": ["erase"], "run": "run-1"}, "only the phase rollback takes it"),
        ({"phases": ["erase"], "unfinished": "yes"}, "unfinished must be true or false"),
        ({"unfinished": True}, "only the phase erase takes it"),
        ({"phases": ["rollback"], "run": 1}, "run must be the name of a run"),
        ({"version": "v1"}, "version goes with manifest"),
        ({"manifest": "intake/x.csv", "version": 1}, "version must be a text"),
        ({"trigger": "nightly"}, "leave both out"),
        ({"sequence": "2026-12-04T20:00:00Z"}, "leave both out"),
        ({"trigger": "two words", "sequence": "1"}, "leave both out"),
    ],
)
def test_what_does_not_go_together_is_refused(payload: object, problem: str) -> None:
    with pytest.raises(InputInvalid, match=problem):
        ExecutionInput.parse(payload)


def test_an_erasure_says_whether_the_migration_is_given_up() -> None:
    assert ExecutionInput.parse({"phases": ["erase"]}) == ExecutionInput(("erase",))
    given_up = ExecutionInput.parse({"phases": ["erase"], "unfinished": True})
    assert given_up.unfinished
    assert "erase" not in MIGRATION


@pytest.mark.parametrize("phases", [["delta"], ["delta", "report"]])
def test_the_mailboxes_of_an_earlier_run_are_looked_at_in_one_pass(phases: list[str]) -> None:
    late = ExecutionInput.parse({"phases": phases, "run": "run-1"})
    assert (late.wave_of, late.rollback_of) == ("run-1", "")
    assert late.limits == {"delta_passes": 1, "late_passes": 0}
    usual = ExecutionInput.parse({"phases": phases})
    assert (usual.wave_of, usual.limits) == ("", {})
    back = ExecutionInput.parse({"phases": ["rollback"], "run": "run-1"})
    assert (back.wave_of, back.rollback_of, back.limits) == ("", "run-1", {})


@pytest.mark.parametrize("word", ["pause", "resume", "abort"])
def test_a_word_to_another_execution_is_recognised(word: str) -> None:
    assert ExecutionInput.parse({"phases": [word]}).control == word
    assert word not in MIGRATION
    assert ExecutionInput.parse({}).control == ""


def test_every_unknown_key_and_phase_is_named_with_what_was_probably_meant() -> None:
    with pytest.raises(InputInvalid) as caught:
        ExecutionInput.parse({"phase": ["copy"], "phases": ["kopy", "x"], "colour": 1})
    text = str(caught.value)
    assert "unknown key 'phase' (did you mean phases?)" in text
    known = "phases, manifest, run, version, trigger, sequence, only, unfinished"
    assert f"unknown key 'colour' (known: {known})" in text
    assert "unknown phase 'kopy' (did you mean copy?)" in text
    assert "unknown phase 'x'" in text


@pytest.mark.parametrize("phases", [[], "copy", None, {"copy": True}])
def test_phases_must_be_a_list_with_something_in_it(phases: object) -> None:
    with pytest.raises(InputInvalid, match="phases must be a list"):
        ExecutionInput.parse({"phases": phases})


@pytest.mark.parametrize("payload", [None, [], "x", 3])
def test_the_input_must_be_an_object(payload: object) -> None:
    with pytest.raises(InputInvalid, match="JSON object"):
        ExecutionInput.parse(payload)


@pytest.mark.parametrize("manifest", [3, "reports/x.html", "/intake/x.csv", None, "intake/"])
def test_a_manifest_lies_below_intake(manifest: object) -> None:
    with pytest.raises(InputInvalid, match="below intake/"):
        ExecutionInput.parse({"manifest": manifest})
    for good in ("intake/b.csv", "intake/acme/", "intake/acme.yaml", "intake/a/b.json"):
        assert ExecutionInput.parse({"manifest": good}).manifest == good


def test_an_upload_is_recognised_with_its_version() -> None:
    given = {"manifest": "intake/m.csv", "version": "v1", "trigger": "upload", "sequence": "0F"}
    upload = ExecutionInput.parse(given)
    assert (upload.manifest, upload.version) == ("intake/m.csv", "v1")
    assert (upload.trigger, upload.sequence) == ("upload", "0F")
    assert upload.phases == MIGRATION


def test_the_report_alone_is_recognised() -> None:
    assert ExecutionInput.parse({"phases": ["report"]}).only_report
    assert not ExecutionInput.parse({}).only_report


def test_an_event_survives_the_way_through_json() -> None:
    event = CopySlice("run", "mailbox", 5, "role:id", "workmail_ews", "2026-12-04T18:00:00Z")
    assert CopySlice.parse(event.dump()) == event


def test_an_event_names_all_that_is_wrong_with_it() -> None:
    payload = {"run": 1, "mailbox": "m", "pass_id": True, "access": "a", "target": "t", "extra": 0}
    with pytest.raises(InputInvalid) as caught:
        CopySlice.parse(payload)
    assert len(caught.value.problems) == 4
    assert "CopySlice: now is missing" in caught.value.problems
    assert "CopySlice: extra is unknown" in caught.value.problems


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_nothing_but_input_invalid_comes_out_of_odd_payloads(payload: object) -> None:
    for parse in (CopySlice.parse, ExecutionInput.parse):
        with pytest.raises(InputInvalid):
            parse(payload)


def test_only_those_who_failed_in_a_run_are_asked_for_with_its_name() -> None:
    wanted = ExecutionInput.parse({"phases": ["delta"], "run": "friday", "only": "failed"})
    assert wanted.waves == ("", "friday", "failed")
    for wrong in (
        {"phases": ["delta"], "only": "failed"},
        {"phases": ["delta"], "run": "friday", "only": "some"},
        {"phases": ["rollback"], "run": "friday", "only": "failed"},
    ):
        with pytest.raises(InputInvalid, match="only must be failed"):
            ExecutionInput.parse(wrong)
