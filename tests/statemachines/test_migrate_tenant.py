"""Our definition: linted, and run by the engine and by the oracle down every path."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from localrun.engine.definition import places
from localrun.engine.lint import lint
from migration import errors
from migration.runs import CLEANING_TAKES
from tests.statemachines.oracle import (
    StubError,
    Stubs,
    Trace,
    states_entered_by_engine,
    states_entered_by_sfnx,
)

ROOT = Path(__file__).resolve().parents[2]
DEFINITION: dict[str, Any] = json.loads(
    (ROOT / "statemachines" / "migrate_tenant.asl.json").read_text("utf-8")
)
HANDLERS = [path.stem for path in (ROOT / "lambdas").glob("*.py")]
FUNCTIONS = ["".join(part.title() for part in stem.split("_")) for stem in HANDLERS]
LEAVES = [leaf.__name__ for leaf in errors.leaves()]
ALL = {"provision": True, "copy": True, "cutover": True, "delta": True, "report": True}
ALL |= {"clients": False, "rollback": False, "rollback-dns": False, "erase": False}
ALL |= {"pause": False, "resume": False, "abort": False}
LIMITS = {"users": 2, "mailboxes": 2, "delta_passes": 3, "delta_interval_seconds": 600}
LIMITS |= {"approval_seconds": 86400, "answer_seconds": 86400, "reminder_seconds": 36000}
LIMITS |= {"route53": 1, "groupware": 1}
LIMITS |= {"drain_seconds": 1200, "late_passes": 2}
LIMITS |= {"retry_passes": 2, "retry_seconds": 1800}
WAY_OUT = ("DisableAdministrator", "IsErasing", "WriteReport", "ReleaseLock", "Finished")
WAY_OUT_AT_LAST = WAY_OUT[2:]


def stubs(**changes: Sequence[object]) -> Stubs:
    """Answers of a run in which everything goes well, with some of them replaced."""
    return {
        "Prepare": [prepared()],
        "Preflight": [preflighted()],
        "PlanWave": [planned()],
        "EnsureDomains": [{"verified": True, "wait_seconds": 0, "early": False}],
        "s3:getObject": ['{"mailbox": "m1", "entity": "e1"}\n'],
        "PreparePasswords": [{"rule": "generate", "generated": 1}],
        "ProvisionUser": [{"outcome": "created"}],
        "SettlePasswords": [{"kept": 1, "dropped": 0}],
        "ProvisionEntity": [{"outcome": "created"}],
        "LinkEntity": [{"outcome": "created"}],
        "FailEntity": [{"recorded": True}],
        "EnableAdministrator": [{"access": "role:role-1", "target": "workmail_ews"}],
        "CopySlice": [
            {"outcome": "more", "retry_after": 0, "copied": 5},
            {"outcome": "backoff", "retry_after": 7, "copied": 0},
            {"outcome": "done", "retry_after": 0, "copied": 2},
        ],
        "CopyGroupware": [
            {"outcome": "more", "retry_after": 0, "copied": 3},
            {"outcome": "backoff", "retry_after": 7, "copied": 0},
            {"outcome": "done", "retry_after": 0, "copied": 1},
        ],
        "VerifyMailbox": [{"agreement": "agree", "copied": 7}],
        "FailMailbox": [{"recorded": True}],
        "SummarisePass": [
            summary(copied=7),
            summary(copied=1),
            summary(),
        ],
        "ApproveCutover": [{"answer": "approve"}],
        "RecordAnswer": [{"recorded": True}],
        "PrepareDns": [{"lowered": 1, "conflicts": 0}],
        "PublishDns": [
            {"pending": True, "wait_seconds": 20, "changed": 7, "conflicts": 0},
            {"pending": True, "wait_seconds": 20, "changed": 2, "conflicts": 0},
            {"pending": False, "wait_seconds": 0, "changed": 0, "conflicts": 0},
        ],
        "CheckDns": [
            looked(wait_seconds=60, open=1),
            looked(ready=True, drain_seconds=3600),
        ],
        "RecheckDns": [{"went_back": False, "open": 0}],
        "VerifyTenant": [{"agreement": "agree", "mailboxes": 1, "failed": 0}],
        "ResetPasswords": [{"reset": 0, "refused": 0}],
        "ScheduleLatePasses": [{"scheduled": 2}],
        "SendClientGuides": [guided()],
        "DisableAdministrator": [{"removed": True}],
        "WriteReport": [{"verdict": "done", "report": "reports/r/report.html", "counts": {}}],
        "ReleaseLock": [{"released": True}],
        **changes,
    }


def looked(**changes: object) -> dict[str, object]:
    """Of a look at the DNS, while nothing is right yet, with some of it changed."""
    return {
        "ready": False,
        "wait_seconds": 60,
        "open": 1,
        "overdue": False,
        "drain_seconds": 0,
        **changes,
    }


def summary(**changes: object) -> dict[str, object]:
    """Of a pass that was complete and copied nothing, with some of it changed."""
    return {
        "done": 1,
        "exceptions": 0,
        "failed": 0,
        "paused": 0,
        "unsettled": 0,
        "copied": 0,
        "pause_wanted": False,
        "retry": 0,
        "retry_key": "",
        "retry_version": "",
        **changes,
    }


def late_stubs(**changes: Sequence[object]) -> Stubs:
    """Answers of one more look at the mailboxes of a run that has ended."""
    limits = {**LIMITS, "delta_passes": 1, "late_passes": 0}
    prepare = prepared(phases=phases("delta", "report"), limits=limits, wave_of="friday")
    return stubs(
        **{
            "Prepare": [prepare],
            "RepeatWave": [{"key": "plans/r/wave.jsonl", "version": "v1", "count": 1}],
            "SummarisePass": [summary(copied=3)],
            **changes,
        }
    )


def control_stubs(word: str = "abort", **changes: Sequence[object]) -> Stubs:
    """Answers of an execution that says something to another."""
    return {
        "Prepare": [prepared(phases=phases(word))],
        "ControlRun": [
            {"verdict": "aborting", "said": "wait", "owner": "it", "wait_seconds": 15},
            {"verdict": "aborted", "said": "aborted run x", "owner": "it", "wait_seconds": 0},
        ],
        **changes,
    }


def guided(**changes: object) -> dict[str, object]:
    """Of a round of client settings that is over, with some of it changed."""
    return {"more": False, "wait_seconds": 0, "pages": 1, "sent": 1, "problems": 0, **changes}


STEPS = '{"deeds": "k1 k2", "carried": "k3", "mailbox": "m1"}\n'


def rollback_stubs(**changes: Sequence[object]) -> Stubs:
    """Answers of a rollback that is approved, with a mailbox to look into and two stages."""
    return {
        "Prepare": [prepared(phases=phases("rollback"))],
        "PlanRollback": [rollback_planned()],
        "ApproveRollback": [{"approved": True}],
        "EnableAdministrator": [{"access": "role:role-1", "target": "workmail_ews"}],
        "s3:getObject": ['{"deed": "k2", "mailbox": "m1"}\n', STEPS, STEPS],
        "LookIntoMailbox": [{"kept": False}],
        "OrderRollback": [{"stages": {"1": "plans/r/links.jsonl", "2": "plans/r/entities.jsonl"}}],
        "UndoStep": [{"left": 0}],
        "DisableAdministrator": [{"removed": True}],
        "WriteReport": [{"verdict": "done", "report": "reports/r/report.html", "counts": {}}],
        "ReleaseLock": [{"released": True}],
        **changes,
    }


def rollback_planned(**changes: object) -> dict[str, object]:
    return {
        "count": 3,
        "left": 0,
        "looks": 1,
        "looks_key": "plans/r/looks.jsonl",
        "copied_by": "run-0",
        **changes,
    }


def dns_rollback_stubs(**changes: Sequence[object]) -> Stubs:
    """Answers of a rollback of the DNS that is waited for once."""
    return {
        "Prepare": [prepared(phases=phases("rollback-dns"))],
        "RollbackDns": [
            {"pending": True, "wait_seconds": 20, "restored": 9, "left": 0},
            {"pending": False, "wait_seconds": 0, "restored": 0, "left": 0},
        ],
        "DisableAdministrator": [{"removed": False}],
        "WriteReport": [{"verdict": "done", "report": "reports/r/report.html", "counts": {}}],
        "ReleaseLock": [{"released": True}],
        **changes,
    }


def preflighted(*, provisions: bool = True) -> dict[str, object]:
    return {"days_left": 100, "warnings": 0, "provisions": provisions}


def planned(entities: int = 2) -> dict[str, object]:
    return {
        "key": "plans/r/wave.jsonl",
        "version": "v1",
        "count": 1,
        "entities_key": "plans/r/entities.jsonl",
        "entities_version": "v2",
        "entities": entities,
    }


def prepared(**changes: object) -> dict[str, object]:
    return {
        "verdict": "",
        "owner": "me",
        "run": "run-1",
        "phases": ALL,
        "limits": LIMITS,
        "manifest": "intake/manifest.csv",
        "version": "",
        "rollback_of": "",
        "wave_of": "",
        "only": "",
        "unfinished": False,
        **changes,
    }


def phases(*names: str) -> dict[str, bool]:
    return {name: name in names for name in ALL}


def run_both(answers: Stubs) -> Trace:
    """The trace, which is the same under both."""
    ours = states_entered_by_engine(DEFINITION, {}, answers)
    theirs = states_entered_by_sfnx(DEFINITION, {}, answers)
    assert ours.states == theirs.states
    assert ours.error == theirs.error
    assert ours.output == theirs.output
    return ours


def test_the_definition_has_no_finding() -> None:
    assert lint(DEFINITION, functions=FUNCTIONS, error_names=LEAVES) == []


def test_the_good_path_ends_with_the_reports_summary() -> None:
    trace = run_both(stubs())
    assert trace.error is None
    assert trace.output == {"verdict": "done", "report": "reports/r/report.html", "counts": {}}
    assert trace.states.count("CopyMailboxes") == 4
    assert trace.states.count("WaitForDns") == 1
    assert trace.states.count("WaitForServer") == 1
    assert trace.states[-6:] == (*WAY_OUT, "Migrated")


def test_a_look_between_passes_that_fails_is_followed_by_the_pass() -> None:
    trace = run_both(stubs(RecheckDns=[StubError("TenantMisconfigured")]))
    assert trace.error is None
    assert trace.states == run_both(stubs()).states


def test_while_mail_goes_to_the_old_server_again_no_pass_is_quiet() -> None:
    back = {"went_back": True, "open": 1}
    fine = {"went_back": False, "open": 0}
    usual = run_both(stubs(SummarisePass=[summary(copied=7), summary(), summary()]))
    assert usual.states.count("DeltaPass") == 2
    trace = run_both(
        stubs(SummarisePass=[summary(copied=7), *[summary()] * 3], RecheckDns=[back, fine])
    )
    # the first one before the look counts for nothing
    assert trace.states.count("DeltaPass") == 3
    assert trace.error is None


def test_users_that_exchange_manages_are_left_alone_and_the_run_goes_on() -> None:
    usual = run_both(stubs())
    trace = run_both(stubs(Preflight=[preflighted(provisions=False)]))
    assert trace.error is None
    provisioning = {
        *("StartDomains", "EnsureDomains", "AreDomainsReady"),
        *("PreparePasswords", "ProvisionDirectory", "ProvisionUser", "SettlePasswords"),
        *("WantsEntities", "ProvisionEntities", "ProvisionEntity", "LinkEntities", "LinkEntity"),
    }
    # MX stays at Exchange, so that nobody waits for it: the delta passes follow the full one.
    cutover = {
        *("WantsPromotion", "StartCutover", "CheckDns", "IsCutOver", "WaitForDns"),
        *("WantsDelta", "WantsApproval", "StartApproval", "ApproveCutover", "RecordAnswer"),
        *("AfterAnswer", "StartDns"),
        *("PublishDns", "IsPublished", "WaitForPublishing", "PrepareDns"),
        "DrainOldMx",
        *("StartClientGuides", "SendClientGuides", "GuidesOutcome"),
    }
    skipped = provisioning | cutover
    assert provisioning <= set(usual.states)
    assert "DeltaPass" in trace.states
    assert not cutover & set(trace.states)
    assert trace.states == tuple(state for state in usual.states if state not in skipped)


def test_records_are_published_batch_by_batch_before_the_dns_is_watched() -> None:
    states = run_both(stubs()).states
    start = states.index("StartDns")
    once = ("PublishDns", "IsPublished", "WaitForPublishing")
    assert states[start:][:10] == (
        "StartDns", *once, *once, "PublishDns", "IsPublished", "CheckDns",
    )  # fmt: skip
    assert states.index("PlanWave") < states.index("PrepareDns") < states.index("ProvisionUser")


@pytest.mark.parametrize(
    ("chosen", "route53", "prepares"),
    [
        (("copy", "cutover"), 1, True),
        (("copy", "cutover"), 0, False),
        (("provision", "copy"), 1, False),
    ],
)
def test_the_old_mx_is_prepared_only_for_a_cut_over_that_the_run_publishes(
    chosen: tuple[str, ...], route53: int, prepares: bool
) -> None:
    limits = LIMITS | {"route53": route53}
    trace = run_both(stubs(Prepare=[prepared(phases=phases(*chosen), limits=limits)]))
    assert trace.error is None
    assert ("PrepareDns" in trace.states) is prepares
    assert ("PublishDns" in trace.states) is ("cutover" in chosen)


def test_the_old_dns_comes_back_without_an_administrator_or_any_mailbox() -> None:
    trace = run_both(dns_rollback_stubs())
    assert trace.error is None
    assert trace.states == (
        "Prepare", "HasLock", "StartDnsRollback",
        "RollbackDns", "IsDnsBack", "WaitForDnsRollback",
        "RollbackDns", "IsDnsBack",
        *WAY_OUT, "Migrated",
    )  # fmt: skip


NOT_YET: dict[str, object] = {"verified": False, "wait_seconds": 900, "early": False}
EARLY = {**NOT_YET, "early": True}
VERIFIED = {"verified": True, "wait_seconds": 0, "early": False}


def test_domains_are_waited_for_before_the_first_user_is_made() -> None:
    trace = run_both(stubs(EnsureDomains=[NOT_YET, NOT_YET, VERIFIED]))
    assert trace.error is None
    begin = trace.states.index("StartDomains")
    assert trace.states[begin:][:10] == (
        "StartDomains",
        "EnsureDomains", "AreDomainsReady", "WaitForDomains",
        "EnsureDomains", "AreDomainsReady", "WaitForDomains",
        "EnsureDomains", "AreDomainsReady",
        "PreparePasswords",
    )  # fmt: skip
    assert "StartPromotion" not in trace.states
    assert trace.states.count("ProvisionDirectory") == 1


def test_users_who_began_in_the_test_domain_get_their_addresses_before_the_cut_over() -> None:
    trace = run_both(stubs(EnsureDomains=[EARLY, NOT_YET, VERIFIED]))
    assert trace.error is None
    first = trace.states.index("ProvisionDirectory")
    assert "WaitForDomains" not in trace.states[:first]
    # Groups and permissions need addresses that there are not yet.
    assert trace.states[first:][:6] == (
        "ProvisionDirectory", "ProvisionUser", "SettlePasswords",
        "WantsEntities", "WantsAdministrator", "EnableAdministrator",
    )  # fmt: skip
    promotion = trace.states.index("StartPromotion")
    assert trace.states.index("CopyMailboxes") < promotion
    assert trace.states[promotion:][:11] == (
        "StartPromotion", "StartDomains",
        "EnsureDomains", "AreDomainsReady", "WaitForDomains",
        "EnsureDomains", "AreDomainsReady",
        "ProvisionDirectory", "ProvisionUser", "SettlePasswords",
        "WantsEntities",
    )  # fmt: skip
    start = trace.states.index("StartCutover")
    assert trace.states[start - 1] == "WantsAdministrator"
    assert "LinkEntity" in trace.states[promotion:start]
    assert trace.states.count("EnableAdministrator") == 1
    assert trace.states.count("PreparePasswords") == 1
    assert trace.states.count("WantsPromotion") == 1


@pytest.mark.parametrize(
    ("chosen", "promotes"),
    [
        (("provision", "copy"), False),
        (("provision", "cutover"), True),
        (("provision", "cutover", "delta"), True),
    ],
)
def test_addresses_are_promoted_only_for_a_cut_over(
    chosen: tuple[str, ...], promotes: bool
) -> None:
    answers = stubs(
        Prepare=[prepared(phases=phases(*chosen))], EnsureDomains=[EARLY, NOT_YET, VERIFIED]
    )
    trace = run_both(answers)
    assert trace.error is None
    assert ("StartPromotion" in trace.states) is promotes
    assert trace.states.count("ProvisionDirectory") == 1 + promotes
    if promotes:
        assert trace.states.index("StartPromotion") < trace.states.index("StartCutover")


def test_a_promotion_that_fails_stops_the_run_before_the_cut_over() -> None:
    problem = StubError("TenantMisconfigured", "not verified")
    trace = run_both(stubs(EnsureDomains=[EARLY, problem]))
    assert trace.error == "TenantMisconfigured"
    assert trace.states[-9:] == (
        "StartPromotion", "StartDomains", "EnsureDomains", *WAY_OUT, "Failed"
    )  # fmt: skip
    assert "CheckDns" not in trace.states


def test_passwords_are_made_before_the_first_user_and_reset_after_the_last_judgement() -> None:
    trace = run_both(stubs())
    made = trace.states.index("PreparePasswords")
    assert trace.states[made:][:4] == (
        "PreparePasswords", "ProvisionDirectory", "ProvisionUser", "SettlePasswords",
    )  # fmt: skip
    reset = trace.states.index("ResetPasswords")
    assert trace.states[reset - 2 : reset + 2] == (
        "VerifyTenant", "IsOnceMore", "ResetPasswords", "WantsLatePasses",
    )  # fmt: skip


def test_a_run_that_failed_or_copied_nothing_resets_no_password() -> None:
    failed = run_both(stubs(VerifyTenant=[StubError("VerificationFailed")]))
    without = run_both(stubs(Prepare=[prepared(phases=phases("provision"))]))
    for trace in (failed, without):
        assert "ResetPasswords" not in trace.states


def test_a_reset_that_runs_out_of_time_goes_on() -> None:
    more = StubError("ProvisioningPending")
    trace = run_both(stubs(ResetPasswords=[more] * 3 + [{"reset": 9, "refused": 0}]))
    assert trace.error is None
    assert trace.states.count("ResetPasswords") == 1


def test_entities_are_made_before_they_are_linked_and_after_the_users() -> None:
    states = run_both(stubs()).states
    order = (
        "ProvisionUser",
        "WantsEntities",
        "ProvisionEntity",
        "LinkEntity",
        "EnableAdministrator",
    )
    assert sorted(order, key=states.index) == list(order)


def test_a_manifest_of_users_alone_has_no_entities_to_make() -> None:
    states = run_both(stubs(PlanWave=[planned(entities=0)])).states
    assert "WantsEntities" in states
    assert not {"ProvisionEntities", "LinkEntities"} & set(states)


def test_delta_passes_end_at_the_limit_when_mail_keeps_coming() -> None:
    trace = run_both(stubs(SummarisePass=[summary(copied=3)]))
    assert trace.states.count("DeltaPass") == LIMITS["delta_passes"]


def test_a_delta_pass_that_could_not_reach_a_mailbox_is_not_a_quiet_one() -> None:
    outage = summary(done=0, failed=1, unsettled=1)
    trace = run_both(stubs(SummarisePass=[summary(), summary(), outage, summary()]))
    assert trace.states.count("DeltaPass") == LIMITS["delta_passes"]


@pytest.mark.parametrize("cause", [None, "", '{"errorMessage": "cut', "plain"])
def test_any_cause_of_a_failure_leads_to_the_report(cause: str | None) -> None:
    broken = json.loads(json.dumps(DEFINITION))
    preflight = broken["States"]["Preflight"]
    preflight["Catch"][0]["Assign"] = {
        "failure": {"Error": "X", **({} if cause is None else {"Cause": cause})}
    }
    trace = states_entered_by_engine(broken, {}, stubs(Preflight=[StubError("PreflightFailed")]))
    assert trace.states[-6:] == (*WAY_OUT, "Failed")
    assert trace.error == "X"


@pytest.mark.parametrize(
    ("chosen", "present", "absent"),
    [
        (("provision",), {"ProvisionUser"}, {"EnableAdministrator", "CopySlice", "CheckDns"}),
        (("provision", "copy"), {"ProvisionUser", "CopySlice", "VerifyTenant"}, {"CheckDns"}),
        (("copy",), {"EnableAdministrator", "CopySlice"}, {"ProvisionUser", "DeltaPass"}),
        (("cutover",), {"CheckDns"}, {"EnableAdministrator", "CopySlice", "VerifyTenant"}),
        (("cutover", "delta"), {"CheckDns", "DeltaPass", "CopySlice"}, {"FullPass"}),
        (("delta",), {"DeltaPass", "CopySlice", "VerifyTenant"}, {"FullPass", "CheckDns"}),
        (("report",), {"WriteReport"}, {"PlanWave", "ProvisionUser", "CopySlice", "CheckDns"}),
    ],
)
def test_phases_run_alone(chosen: tuple[str, ...], present: set[str], absent: set[str]) -> None:
    trace = run_both(stubs(Prepare=[prepared(phases=phases(*chosen))]))
    assert trace.error is None
    assert present <= set(trace.states)
    assert not absent & set(trace.states)
    assert trace.states[-6:] == (*WAY_OUT, "Migrated")


# ---- what the operators are asked

ANSWERED = ("RecordAnswer", "AfterAnswer")
NOT_CUT_OVER = {"CheckDns", "DeltaPass", "VerifyTenant", "ResetPasswords"}


def test_the_cut_over_begins_when_it_is_approved() -> None:
    trace = run_both(stubs())
    begin = trace.states.index("StartCutover")
    assert trace.states[begin:][:8] == (
        "StartCutover", "WantsApproval", "StartApproval", "ApproveCutover", *ANSWERED,
        "StartDns", "PublishDns",
    )  # fmt: skip


def test_a_tenant_that_wants_no_approval_is_not_asked() -> None:
    trace = run_both(stubs(Prepare=[prepared(limits={**LIMITS, "approval_seconds": 0})]))
    begin = trace.states.index("StartCutover")
    assert trace.states[begin:][:3] == ("StartCutover", "WantsApproval", "StartDns")
    assert trace.error is None


def test_a_rejected_cut_over_ends_the_run_cleanly() -> None:
    trace = run_both(stubs(ApproveCutover=[{"answer": "reject"}]))
    assert trace.error is None
    assert not NOT_CUT_OVER & set(trace.states)
    assert trace.states[-9:] == ("ApproveCutover", *ANSWERED, *WAY_OUT, "Migrated")


def test_a_question_is_asked_again_until_somebody_answers() -> None:
    silence = StubError("States.Timeout")
    trace = run_both(stubs(ApproveCutover=[silence, silence, {"answer": "approve"}]))
    assert trace.error is None
    begin = trace.states.index("ApproveCutover")
    assert trace.states[begin:][:8] == (
        *("ApproveCutover", "IsTimeUp") * 2, "ApproveCutover", *ANSWERED, "StartDns",
    )  # fmt: skip


def test_nobodys_answer_ends_the_run_cleanly() -> None:
    over = prepared(limits={**LIMITS, "answer_seconds": 0})
    trace = run_both(stubs(Prepare=[over], ApproveCutover=[StubError("States.Timeout")]))
    assert trace.error is None
    assert not NOT_CUT_OVER & set(trace.states)
    assert trace.states[-10:] == ("ApproveCutover", "IsTimeUp", *ANSWERED, *WAY_OUT, "Migrated")


@pytest.mark.parametrize("sent", [{}, {"answer": True}, "approve", {"approved": True}, None, []])
def test_what_is_no_answer_is_asked_again(sent: object) -> None:
    recorded = [{"recorded": False}, {"recorded": True}]
    answers = stubs(ApproveCutover=[sent, {"answer": "approve"}], RecordAnswer=recorded)
    trace = run_both(answers)
    assert trace.error is None
    assert trace.states.count("ApproveCutover") == 2


OVERDUE = looked(overdue=True)
READY = looked(ready=True)


def test_a_dns_that_is_overdue_is_asked_about_and_may_be_waited_for_again() -> None:
    silence = StubError("States.Timeout")
    trace = run_both(stubs(CheckDns=[OVERDUE, READY], AskAboutDns=[silence, {"answer": "wait"}]))
    assert trace.error is None
    begin = trace.states.index("StartDnsQuestion")
    assert trace.states[begin:][:9] == (
        "StartDnsQuestion", "AskAboutDns", "IsTimeUp", "AskAboutDns", *ANSWERED,
        "WaitOn", "CheckDns", "IsCutOver",
    )  # fmt: skip
    assert "DeltaPass" in trace.states


def test_the_run_may_go_on_although_the_dns_is_not_right() -> None:
    trace = run_both(stubs(CheckDns=[OVERDUE], AskAboutDns=[{"answer": "proceed"}]))
    assert trace.error is None
    assert {"DeltaPass", "VerifyTenant"} <= set(trace.states)
    assert trace.states.count("CheckDns") == 1


def test_a_run_may_be_ended_because_the_dns_is_not_right() -> None:
    trace = run_both(stubs(CheckDns=[OVERDUE], AskAboutDns=[{"answer": "stop"}]))
    assert trace.error is None
    assert trace.states[-9:] == ("AskAboutDns", *ANSWERED, *WAY_OUT, "Migrated")


def test_nobodys_word_about_the_dns_ends_the_run_cleanly() -> None:
    over = prepared(limits={**LIMITS, "answer_seconds": 0})
    silence = StubError("States.Timeout")
    trace = run_both(stubs(Prepare=[over], CheckDns=[OVERDUE], AskAboutDns=[silence]))
    assert trace.error is None
    assert trace.states[-10:] == ("AskAboutDns", "IsTimeUp", *ANSWERED, *WAY_OUT, "Migrated")


# ---- rollback

TAKING_BACK = {"OrderRollback", "RollbackEntities", "UndoStep", "EnableAdministrator"}


def test_a_rollback_plans_asks_looks_and_takes_back_stage_after_stage() -> None:
    trace = run_both(rollback_stubs())
    assert trace.states == (
        "Prepare", "HasLock", "PlanRollback", "WantsRollback", "ApproveRollback", "IsApproved",
        "EnableAdministrator", "WantsCopy", "LookIntoMailboxes", "LookIntoMailbox",
        "OrderRollback", "NextStage", "RollbackEntities", "UndoStep",
        "NextStage", "RollbackEntities", "UndoStep", "NextStage",
        *WAY_OUT, "Migrated",
    )  # fmt: skip
    assert trace.error is None


@pytest.mark.parametrize(
    "answer",
    [
        StubError("RollbackRejected"),
        StubError("States.Timeout"),
        {"approved": False},
        {"approved": "true"},
        {},
    ],
    ids=["rejected", "nobody answers", "false", "a text", "without the word"],
)
def test_without_approval_nothing_is_taken_back_and_nothing_has_failed(answer: object) -> None:
    trace = run_both(rollback_stubs(ApproveRollback=[answer]))
    assert trace.error is None
    assert not TAKING_BACK & set(trace.states)
    assert trace.states[-6:] == (*WAY_OUT, "Migrated")


def test_nothing_to_take_back_asks_nobody() -> None:
    trace = run_both(rollback_stubs(PlanRollback=[rollback_planned(count=0, looks=0)]))
    assert trace.states[2:4] == ("PlanRollback", "WantsRollback")
    assert trace.states[4:] == (*WAY_OUT, "Migrated")


def test_what_is_left_is_written_down_although_nothing_is_taken_back() -> None:
    planned = rollback_planned(count=0, looks=0, left=2)
    answers = rollback_stubs(PlanRollback=[planned], OrderRollback=[{"stages": {}}])
    trace = run_both(answers)
    assert trace.states[4:6] == ("OrderRollback", "NextStage")
    assert "ApproveRollback" not in trace.states


def test_no_mailbox_needs_no_administrator() -> None:
    answers = rollback_stubs(PlanRollback=[rollback_planned(looks=0)])
    trace = run_both({**answers, "s3:getObject": [STEPS]})
    assert not {"EnableAdministrator", "LookIntoMailboxes"} & set(trace.states)
    assert "UndoStep" in trace.states


def test_without_an_administrator_the_rollback_goes_on_and_looks_into_nothing() -> None:
    refused = [StubError("TenantMisconfigured")]
    answers = rollback_stubs(EnableAdministrator=refused)
    trace = run_both({**answers, "s3:getObject": [STEPS]})
    assert "LookIntoMailbox" not in trace.states
    assert {"AdministratorRefused", "UndoStep"} <= set(trace.states)
    assert trace.error is None


def test_a_second_start_changes_nothing() -> None:
    trace = run_both(stubs(Prepare=[prepared(verdict="AlreadyRunning", owner="other")]))
    assert trace.states == ("Prepare", "HasLock", "AlreadyRunning")
    assert trace.output == {"verdict": "AlreadyRunning", "owner": "other"}


def test_a_refused_user_fails_his_mailbox_only() -> None:
    refused = {"outcome": "failed", "retry_after": 0, "copied": 0}
    trace = run_both(stubs(CopySlice=[refused]))
    assert "MailboxRefused" in trace.states
    assert trace.error is None


PAUSED = {"outcome": "paused", "retry_after": 0, "copied": 3}
STOPPED = summary(done=0, paused=1, unsettled=1, pause_wanted=True)
LIFTED = {**STOPPED, "pause_wanted": False}
DONE = {"outcome": "done", "retry_after": 0, "copied": 2}


def test_a_paused_copy_waits_and_goes_on_with_the_same_pass() -> None:
    copy = {"CopySlice": [PAUSED, DONE]}
    trace = run_both(stubs(**copy, SummarisePass=[STOPPED, STOPPED, LIFTED, summary(copied=2)]))
    assert trace.error is None
    assert trace.states.count("MailboxPaused") == 1
    assert trace.states.count("WaitWhilePaused") == 2
    assert trace.states.count("ResumePass") == 1
    stop = trace.states.index("MailboxPaused")
    assert trace.states[stop:][:12] == (
        "MailboxPaused", "SummarisePass", "AfterPass",
        "WaitWhilePaused", "SummarisePass", "AfterPass",
        "WaitWhilePaused", "SummarisePass", "AfterPass",
        "ResumePass", "CopyMailboxes", "OpenMailbox",
    )  # fmt: skip
    # the cut-over waits for the full pass to be complete
    assert trace.states.index("StartCutover") > trace.states.index("ResumePass")


def test_a_pause_costs_no_delta_pass() -> None:
    busy = summary(copied=3)
    passes = [busy, busy, STOPPED, LIFTED, busy]
    trace = run_both(stubs(CopySlice=[DONE], SummarisePass=passes))
    assert trace.states.count("ResumePass") == 1
    assert trace.states.count("DeltaPass") == LIMITS["delta_passes"]
    assert trace.states.count("CopyMailboxes") == 1 + LIMITS["delta_passes"] + 1


def test_a_pass_that_was_stopped_is_not_one_that_brought_nothing() -> None:
    """What its paused mailboxes had brought before is counted by nobody."""
    full, quiet = summary(copied=7), summary()
    trace = run_both(
        stubs(CopySlice=[DONE], SummarisePass=[full, quiet, STOPPED, LIFTED, quiet, quiet])
    )
    # full, first, second twice; and a third, which is the last that may be
    assert trace.states.count("DeltaPass") == 3
    assert trace.states.count("CopyMailboxes") == 1 + 1 + 2 + 1


def test_a_pause_keeps_what_is_known_of_the_passes_before() -> None:
    limits = {**LIMITS, "delta_passes": 9}
    full, quiet = summary(copied=7), summary()
    passes = [full, STOPPED, LIFTED, full, quiet, quiet]
    trace = run_both(
        stubs(Prepare=[prepared(limits=limits)], CopySlice=[DONE], SummarisePass=passes)
    )
    assert trace.states.count("DeltaPass") == 3


@pytest.mark.parametrize(
    ("chosen", "drains"),
    [
        (("provision", "copy", "cutover", "delta"), True),
        (("cutover", "delta"), True),
        (("cutover",), False),
        (("delta",), False),
        (("copy", "delta"), False),
    ],
)
def test_the_old_mx_is_drained_between_a_cut_over_and_the_first_delta_pass(
    chosen: tuple[str, ...], drains: bool
) -> None:
    trace = run_both(stubs(Prepare=[prepared(phases=phases(*chosen))]))
    assert trace.error is None
    assert trace.states.count("DrainOldMx") == drains
    if drains:
        drain = trace.states.index("DrainOldMx")
        assert trace.states[drain - 3 : drain + 2] == (
            "CheckDns", "IsCutOver", "WantsDelta", "DrainOldMx", "DeltaPass",
        )  # fmt: skip


def test_late_passes_are_scheduled_after_a_delta_alone_and_if_there_are_any() -> None:
    assert "ScheduleLatePasses" in run_both(stubs()).states
    none = {**LIMITS, "late_passes": 0}
    for answers in (
        stubs(Prepare=[prepared(limits=none)]),
        stubs(Prepare=[prepared(phases=phases("provision", "copy"))]),
        stubs(VerifyTenant=[StubError("VerificationFailed")]),
    ):
        assert "ScheduleLatePasses" not in run_both(answers).states


def test_one_more_look_is_one_pass_and_nothing_else() -> None:
    trace = run_both(late_stubs())
    assert trace.error is None
    assert trace.states[:8] == (
        "Prepare", "HasLock", "RepeatWave", "WantsAdministrator",
        "EnableAdministrator", "WantsCopy", "DeltaPass", "CopyMailboxes",
    )  # fmt: skip
    assert trace.states.count("DeltaPass") == 1
    verified = trace.states.index("VerifyTenant")
    assert trace.states[verified:] == ("VerifyTenant", "IsOnceMore", *WAY_OUT, "Migrated")


def test_a_late_pass_waits_for_its_turn() -> None:
    (mine,) = late_stubs()["Prepare"]
    assert isinstance(mine, dict)
    busy = {**mine, "verdict": "AlreadyRunning", "owner": "other"}
    trace = run_both(late_stubs(Prepare=[busy, busy, mine]))
    assert trace.error is None
    assert trace.states[:7] == (
        "Prepare", "HasLock", "WaitForTurn", "Prepare", "HasLock", "WaitForTurn", "Prepare",
    )  # fmt: skip
    assert trace.states.count("DeltaPass") == 1


@pytest.mark.parametrize("word", ["pause", "resume", "abort"])
def test_a_word_to_another_execution_takes_nothing_and_leaves_nothing(word: str) -> None:
    done = {"verdict": "v", "said": "s", "owner": "it", "wait_seconds": 0}
    trace = run_both(control_stubs(word, ControlRun=[done]))
    assert trace.states == ("Prepare", "HasLock", "ControlRun", "IsSaid", "Said")
    assert trace.output == {"verdict": "v", "said": "s", "owner": "it"}


def test_an_abort_is_looked_at_until_it_is_over() -> None:
    trace = run_both(control_stubs())
    assert trace.states.count("WaitForEnd") == 1
    assert trace.output == {"verdict": "aborted", "said": "aborted run x", "owner": "it"}


def test_a_pause_that_no_mailbox_met_stops_nothing() -> None:
    trace = run_both(stubs(SummarisePass=[summary(pause_wanted=True)]))
    assert trace.error is None
    assert "WaitWhilePaused" not in trace.states


def test_endless_slices_are_stopped_and_recorded() -> None:
    endless = {"outcome": "more", "retry_after": 0, "copied": 1}
    one_pass = [prepared(phases=phases("copy"))]
    trace = states_entered_by_engine(DEFINITION, {}, stubs(Prepare=one_pass, CopySlice=[endless]))
    assert trace.states.count("CopySlice") == 2000
    assert trace.states[trace.states.index("TooManySlices") :][:3] == (
        "TooManySlices", "FailMailbox", "MailboxFailed",
    )  # fmt: skip


# ---- calendars, address books, tasks and notes


def child_of(trace: Trace) -> tuple[str, ...]:
    """The states of the first mailbox in the first pass."""
    begin = trace.states.index("OpenMailbox")
    return trace.states[begin : trace.states.index("SummarisePass")]


def test_calendars_come_after_the_mail_and_before_the_verification() -> None:
    trace = run_both(stubs(CopySlice=[DONE]))
    assert child_of(trace) == (
        "OpenMailbox", "CopySlice", "SliceOutcome",
        "CopyGroupware", "GroupwareOutcome",
        "CopyGroupware", "GroupwareOutcome", "WaitForCollections",
        "CopyGroupware", "GroupwareOutcome", "VerifyMailbox",
    )  # fmt: skip


def test_without_sources_of_calendars_the_mail_is_verified_at_once() -> None:
    limits = {**LIMITS, "groupware": 0}
    trace = run_both(stubs(Prepare=[prepared(limits=limits)], CopySlice=[DONE]))
    assert child_of(trace) == ("OpenMailbox", "CopySlice", "SliceOutcome", "VerifyMailbox")
    assert "CopyGroupware" not in trace.states


def test_delta_passes_and_late_passes_look_at_the_calendars_too() -> None:
    trace = run_both(stubs(CopySlice=[DONE], CopyGroupware=[DONE]))
    assert trace.states.count("CopyGroupware") == trace.states.count("CopyMailboxes") == 4
    late = late_stubs(CopySlice=[DONE], CopyGroupware=[DONE])
    late["Prepare"][0]["limits"]["groupware"] = 1  # type: ignore[index]
    assert "CopyGroupware" in run_both(late).states


def test_a_pause_among_the_calendars_goes_on_with_the_same_pass() -> None:
    passes = [STOPPED, LIFTED, summary(copied=2)]
    copies = {"CopySlice": [DONE], "CopyGroupware": [PAUSED, DONE]}
    trace = run_both(stubs(**copies, SummarisePass=passes))
    assert trace.error is None
    assert child_of(trace)[-2:] == ("GroupwareOutcome", "MailboxPaused")
    assert trace.states.index("StartCutover") > trace.states.index("ResumePass")


def test_the_rounds_of_mail_and_calendars_count_together() -> None:
    endless = {"outcome": "more", "retry_after": 0, "copied": 1}
    answers = stubs(
        Prepare=[prepared(phases=phases("copy"))],
        CopySlice=[*[endless] * 500, DONE],
        CopyGroupware=[endless],
    )
    trace = states_entered_by_engine(DEFINITION, {}, answers)
    assert trace.states.count("CopySlice") == 501
    assert trace.states.count("CopyGroupware") == 1499
    assert "TooManySlices" in trace.states


# ---- erasing

ERASURE = {"PlanErasure", "ApproveErasure", "EraseTenant", "ProveErasure"}
ASKED_TO_ERASE = ("Prepare", "HasLock", "PlanErasure", "WantsErasure", "StartErasureQuestion")
PROVED = {"verdict": "erased", "left": 0, "proof": "erased/r.json", "erased": 7, "told": True}


def erasure_stubs(**changes: Sequence[object]) -> Stubs:
    """Answers of an erasure that is approved and takes three calls."""
    answers: dict[str, Sequence[object]] = {
        "Prepare": [prepared(phases=phases("erase"))],
        "PlanErasure": [{"found": {"ledger_mailboxes": 7}, "total": 7}],
        "ApproveErasure": [{"answer": "approve"}],
        "EraseTenant": [{"more": more, "erased": 3} for more in (True, True, False)],
        "ProveErasure": [PROVED],
    }
    return stubs(**{**answers, **changes})


def test_an_erasure_counts_asks_takes_rights_away_erases_and_proves() -> None:
    trace = run_both(erasure_stubs())
    assert trace.states == (
        *ASKED_TO_ERASE, "ApproveErasure", *ANSWERED, "StartErasure", "DisableAdministrator",
        "IsErasing", *("EraseTenant", "IsErased") * 3, "ProveErasure", "IsProved",
        "ReleaseLock", "Finished", "Migrated",
    )  # fmt: skip
    assert trace.output == PROVED


@pytest.mark.parametrize(
    "answer",
    [{"answer": "reject"}, {"answer": "expired"}, StubError("States.Timeout")],
    ids=["rejected", "a word of another question", "nobody answers"],
)
def test_without_approval_nothing_is_erased_and_nothing_has_failed(answer: object) -> None:
    over = prepared(phases=phases("erase"), limits={**LIMITS, "answer_seconds": 0})
    trace = run_both(erasure_stubs(Prepare=[over], ApproveErasure=[answer]))
    assert trace.error is None
    assert "EraseTenant" not in trace.states
    assert trace.states[-6:] == (*WAY_OUT, "Migrated")


def test_what_is_no_answer_about_an_erasure_is_asked_again() -> None:
    answers = erasure_stubs(
        ApproveErasure=[{"answer": "yes"}, StubError("States.Timeout"), {"answer": "approve"}],
        RecordAnswer=[{"recorded": False}, {"recorded": True}],
    )
    trace = run_both(answers)
    assert trace.states.count("ApproveErasure") == 3
    assert trace.states.count("IsTimeUp") == 1
    assert trace.output == PROVED


def test_nothing_to_erase_asks_nobody_and_is_proved_all_the_same() -> None:
    trace = run_both(erasure_stubs(PlanErasure=[{"found": {}, "total": 0}]))
    assert trace.states[2:6] == ("PlanErasure", "WantsErasure", "StartErasure",
                                 "DisableAdministrator")  # fmt: skip
    assert "ProveErasure" in trace.states


def test_while_somebody_has_rights_nothing_is_erased() -> None:
    trace = run_both(erasure_stubs(DisableAdministrator=[StubError("TargetBusy")]))
    assert trace.error == "TargetBusy"
    assert "EraseTenant" not in trace.states


def test_what_is_left_is_erased_once_more() -> None:
    left = {"verdict": "unfinished", "left": 2, "proof": "p", "erased": 5, "told": False}
    trace = run_both(erasure_stubs(ProveErasure=[left, PROVED]))
    assert trace.states.count("WaitForErasure") == 1
    assert trace.states.count("ProveErasure") == 2
    assert trace.output == PROVED


def test_an_erasure_whose_calls_never_end_comes_to_its_proof() -> None:
    endless = [{"more": True, "erased": 1}]
    trace = states_entered_by_engine(DEFINITION, {}, erasure_stubs(EraseTenant=endless))
    assert trace.states.count("EraseTenant") == 500
    assert trace.output == PROVED


ROLLBACK = {"PlanRollback", "ApproveRollback", "LookIntoMailbox", "OrderRollback", "UndoStep"}


def task_errors() -> Iterator[tuple[str, str]]:
    """Every Task with every error that its Retry names, and a few that nobody names."""
    for place in places(DEFINITION):
        if place.state["Type"] != "Task":
            continue
        named = {name for rule in place.state["Retry"] for name in rule["ErrorEquals"]}
        named -= {"States.TaskFailed"}
        for error in sorted(named | {"Runtime.ExitError"}):
            yield place.name, error


@pytest.mark.parametrize(("name", "error"), list(task_errors()))
def test_every_error_of_every_task_takes_the_same_way_out_as_the_oracles(
    name: str, error: str
) -> None:
    bases: dict[str, Callable[..., Stubs]] = dict.fromkeys(ROLLBACK, rollback_stubs)
    bases |= {"RepeatWave": late_stubs, "ControlRun": control_stubs}
    bases |= dict.fromkeys(ERASURE, erasure_stubs)
    base = bases.get(name, stubs)
    overdue: Stubs = {"CheckDns": [OVERDUE]} if name == "AskAboutDns" else {}
    base = dns_rollback_stubs if name == "RollbackDns" else base
    trace = run_both(base(**{**overdue, name: [StubError(error)]}))
    assert name in trace.states or name in {"FailMailbox", "FailEntity"}
    if name == "Prepare":
        assert trace.states == ("Prepare", "NotStarted")
        assert trace.error == error
        return
    if name == "ControlRun":
        assert trace.states == ("Prepare", "HasLock", "ControlRun", "NotSaid")
        assert trace.error == error
        return
    assert trace.states[-4:-1] == WAY_OUT_AT_LAST
    assert "DisableAdministrator" in trace.states
    of_a_mailbox = {"CopySlice", "CopyGroupware", "VerifyMailbox"}
    inside_a_map = {"ProvisionUser", *of_a_mailbox, "FailMailbox"}
    inside_a_map |= {"ProvisionEntity", "LinkEntity", "FailEntity", "LookIntoMailbox", "UndoStep"}
    stops_nothing = name in inside_a_map | {"SendClientGuides", "RecheckDns"}
    is_rejected = error == "RollbackRejected"
    assert trace.error == (None if stops_nothing or is_rejected else error)
    if name in of_a_mailbox:
        assert "FailMailbox" in trace.states
    if name == "ProvisionEntity":
        assert "LinkEntity" in trace.states
    if name == "LinkEntity":
        assert "FailEntity" in trace.states


@pytest.mark.parametrize(
    "name", ["CopySlice", "CopyGroupware", "ProvisionUser", "CheckDns", "WriteReport"]
)
def test_a_passing_fault_is_survived(name: str) -> None:
    answers = stubs()
    answers = {**answers, name: [StubError("Unexpected"), *answers[name]]}
    assert run_both(answers).error is None


def test_the_reason_of_a_failure_is_the_executions() -> None:
    both = stubs(
        Preflight=[StubError("PreflightFailed", "two problems")],
        WriteReport=[StubError("Unexpected", "later")],
    )
    trace = run_both(both)
    assert trace.error == "PreflightFailed"
    assert trace.states == ("Prepare", "HasLock", "Preflight", *WAY_OUT, "Failed")


def test_prepare_waits_longer_than_a_cleaner_that_died_keeps_the_lock() -> None:
    """The waits are drawn evenly between nothing and their full length: of 15,000 executions not
    one waits less than the mean less four deviations."""
    (rule,) = (
        rule
        for rule in DEFINITION["States"]["Prepare"]["Retry"]
        if "ProvisioningPending" in rule["ErrorEquals"]
    )
    full = [
        min(rule["IntervalSeconds"] * rule["BackoffRate"] ** attempt, rule["MaxDelaySeconds"])
        for attempt in range(rule["MaxAttempts"])
    ]
    mean, deviation = sum(full) / 2, (sum(wait**2 for wait in full) / 12) ** 0.5
    assert mean - 4 * deviation > CLEANING_TAKES.total_seconds()


MISTAKES: list[tuple[str, tuple[str, ...], object, str]] = [
    ("a substitution without a function", ("States", "CheckDns", "Arguments", "FunctionName"),
     "${CheckDnssArn}", "CheckDns"),
    ("a misspelt error", ("States", "Preflight", "Retry", "0", "ErrorEquals"),
     ["PreflightFail"], "PreflightFail"),
    ("a variable that nobody assigns", ("States", "WaitForDns", "Seconds"),
     "{% $waitSeconds %}", "waitSeconds"),
    ("a target that is not there", ("States", "CheckDns", "Next"), "IsCutover", "IsCutover"),
    ("no time limit", ("States", "PlanWave", "TimeoutSeconds"), None, "PlanWave"),
    ("no comment", ("States", "FullPass", "Comment"), None, "FullPass"),
    ("no bound of concurrency", ("States", "CopyMailboxes", "MaxConcurrency"), None,
     "CopyMailboxes"),
    ("a parent's variable in a child",
     ("States", "CopyMailboxes", "ItemProcessor", "States", "CopySlice", "Arguments", "Payload",
      "run"), "{% $run %}", "run"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [mistake[1:] for mistake in MISTAKES],
    ids=[mistake[0] for mistake in MISTAKES],
)
def test_a_mistake_in_our_definition_is_found(
    path: tuple[str, ...], value: object, named: str
) -> None:
    broken = json.loads(json.dumps(DEFINITION))
    place: Any = broken
    for key in path[:-1]:
        place = place[int(key) if key.isdigit() else key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    findings = lint(broken, functions=FUNCTIONS, error_names=LEAVES)
    assert any(named in finding for finding in findings), findings


GUIDES = ("WantsClientGuides", "StartClientGuides", "SendClientGuides", "GuidesOutcome")


def test_users_are_told_how_to_set_up_their_programs_after_the_verification() -> None:
    answers = [guided(more=True), guided(more=True, wait_seconds=30), guided()]
    trace = run_both(stubs(SendClientGuides=answers))
    begin = trace.states.index("ResetPasswords")
    assert trace.states[begin:] == (
        "ResetPasswords", "WantsLatePasses", "ScheduleLatePasses", *GUIDES,
        "SendClientGuides", "GuidesOutcome", "WaitForMailer",
        "SendClientGuides", "GuidesOutcome",
        *WAY_OUT, "Migrated",
    )  # fmt: skip


def test_users_are_told_nothing_before_a_cut_over() -> None:
    trace = run_both(stubs(Prepare=[prepared(phases=phases("provision", "copy", "report"))]))
    assert "WantsClientGuides" in trace.states
    assert "SendClientGuides" not in trace.states


def test_the_users_of_the_last_run_are_told_alone() -> None:
    trace = run_both(stubs(Prepare=[prepared(phases=phases("clients"))]))
    assert trace.states == ("Prepare", "HasLock", *GUIDES[1:], *WAY_OUT, "Migrated")


def test_a_cut_over_without_a_pass_tells_the_users_too() -> None:
    trace = run_both(stubs(Prepare=[prepared(phases=phases("cutover"))]))
    begin = trace.states.index("WantsVerification")
    assert trace.states[begin:] == ("WantsVerification", *GUIDES, *WAY_OUT, "Migrated")


@pytest.mark.parametrize("error", ["SettingsError", "TenantMisconfigured", "Unexpected"])
def test_settings_that_cannot_be_sent_stop_nothing(error: str) -> None:
    trace = run_both(stubs(SendClientGuides=[StubError(error)] * 4))
    assert trace.error is None
    assert trace.states[-7:] == ("SendClientGuides", *WAY_OUT, "Migrated")


def test_a_round_that_never_ends_is_left_after_a_hundred_calls() -> None:
    trace = run_both(stubs(SendClientGuides=[guided(more=True)]))
    assert trace.states.count("SendClientGuides") == 100
    assert trace.states[-7:] == ("GuidesOutcome", *WAY_OUT, "Migrated")


FAILURES = summary(failed=2, retry=2, retry_key="plans/r/failed-1-1.jsonl", retry_version="v9")


def test_those_who_failed_are_tried_again_alone_before_the_cut_over() -> None:
    trace = run_both(stubs(SummarisePass=[FAILURES, summary(copied=7), summary()]))
    assert trace.error is None
    begin = trace.states.index("SummarisePass")
    assert trace.states[begin:][:5] == (
        *("SummarisePass", "AfterPass", "WaitForRetry"),
        *("CopyMailboxes", "OpenMailbox"),
    )
    assert trace.states.count("WaitForRetry") == 1
    assert trace.states.index("WaitForRetry") < trace.states.index("StartCutover")


def test_a_pass_whose_failures_are_tried_again_counts_once() -> None:
    """Each of the two delta passes that end the run is made twice, and none more is made."""
    passes = [summary(copied=7), FAILURES, summary(), FAILURES, summary()]
    trace = run_both(stubs(SummarisePass=passes))
    assert trace.error is None
    assert trace.states.count("WaitForRetry") == 2
    assert trace.states.count("DeltaPass") == 2
    assert trace.states.count("CopyMailboxes") == 5


def test_what_was_brought_before_a_pause_is_not_forgotten_over_a_retry() -> None:
    """The pass that was stopped is no quiet one, although its failures were tried again."""
    full, quiet = summary(copied=7), summary()
    passes = [full, quiet, STOPPED, LIFTED, FAILURES, quiet, quiet]
    trace = run_both(stubs(CopySlice=[DONE], SummarisePass=passes))
    assert trace.states.count("DeltaPass") == 3
