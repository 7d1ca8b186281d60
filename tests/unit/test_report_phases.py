"""What a run did one after the other, as its timeline tells it."""

from __future__ import annotations

from datetime import datetime

import pytest

from migration.model import Note
from migration.report_phases import PhaseLine, tell_phases

DAY = "2026-12-04T"


def at(clock: str) -> str:
    return f"{DAY}{clock}:00Z"


def note(clock: str, state: str, what: str = "words") -> Note:
    return Note(at(clock), state, what)


def pass_id(clock: str) -> int:
    return int(datetime.fromisoformat(at(clock)).timestamp() * 1000)


def tell(notes: list[Note], *passes: str, now: str = "") -> list[tuple[str, str, str]]:
    """Name, and begin and end by the clock."""
    lines = tell_phases(notes, [pass_id(each) for each in passes], now and at(now))
    return [(each.name, each.begun[11:16], each.ended[11:16]) for each in lines]


WHOLE = [
    note("08:00", "Preflight"),
    note("08:01", "Plan"),
    note("08:01", "PlanWave"),
    note("08:02", "Notifications"),
    note("08:03", "PreparePasswords"),
    note("08:10", "SettlePasswords"),
    note("08:12", "Administrator"),
    note("08:12", "EnableAdministrator"),
    note("09:00", "SummarisePass", "Full pass: 312 messages copied, 3 mailboxes, 0 failed"),
    note("09:01", "ApproveCutover"),
    note("10:00", "RecordAnswer"),
    note("10:01", "PublishDns"),
    note("10:02", "CheckDns"),
    note("12:00", "CheckDns"),
    note("12:30", "DrainOldMx"),
    note("14:10", "SummarisePass", "Delta pass 1: 8 messages copied, 3 mailboxes, 0 failed"),
    note("15:10", "SummarisePass", "Delta pass 2: 0 messages copied, 3 mailboxes, 0 failed"),
    note("15:11", "VerifyTenant"),
    note("15:12", "ScheduleLatePasses"),
    note("15:13", "SendClientGuides"),
]


def test_a_whole_run_is_told_from_the_checks_to_the_report() -> None:
    assert tell(WHOLE, "08:13", "14:00", "15:05", now="15:20") == [
        ("Checks", "08:00", "08:03"),
        ("Users", "08:03", "08:12"),
        ("Access to the mailboxes", "08:12", "08:13"),
        ("First copy", "08:13", "09:00"),
        ("Approval of the cut-over", "09:01", "10:01"),
        ("Waiting for the DNS", "10:01", "12:30"),
        ("Waiting for late mail", "12:30", "14:00"),
        ("Delta pass 1", "14:00", "14:10"),
        ("Delta pass 2", "15:05", "15:10"),
        ("Verification", "15:11", "15:13"),
        ("Client settings", "15:13", "15:20"),
        ("Report", "15:20", "15:20"),
    ]


@pytest.mark.parametrize("length", range(1, len(WHOLE) + 1))
def test_at_any_time_the_phases_follow_each_other(length: int) -> None:
    lines = tell_phases(WHOLE[:length], [pass_id("08:13")])
    begins = [each.begun for each in lines]
    assert begins == sorted(begins)
    assert len({each.name for each in lines}) == len(lines)
    assert all(each.begun <= each.ended for each in lines if each.ended)
    assert all(each.ended for each in lines[:-1])


def test_a_run_at_work_has_a_last_phase_without_an_end() -> None:
    assert tell(WHOLE[:8])[-1] == ("Access to the mailboxes", "08:12", "")
    assert tell(WHOLE[:8], "08:13")[-1] == ("First copy", "08:13", "")
    assert tell(WHOLE[:15], "08:13", "14:00")[-1] == ("Delta pass 1", "14:00", "")
    assert tell(WHOLE[:16], "08:13", "14:00", "15:05")[-1] == ("Delta pass 2", "15:05", "")


def test_a_run_that_failed_ended_with_its_report() -> None:
    assert tell(WHOLE[:6], now="08:20")[-2:] == [
        ("Users", "08:03", "08:20"),
        ("Report", "08:20", "08:20"),
    ]


def test_a_pass_is_over_when_its_last_mailboxes_were_tried_again() -> None:
    again = note("09:30", "SummarisePass", "Full pass, failed mailboxes tried again: 3 messages")
    assert tell([*WHOLE[:9], again], "08:13")[-1] == ("First copy", "08:13", "09:30")


def test_a_pass_that_is_paused_has_not_ended_but_has_begun() -> None:
    paused = note("08:13", "SummarisePass", "Full pass: 5 messages copied, 1 mailboxes, 2 paused")
    assert tell([*WHOLE[:8], paused])[-1] == ("First copy", "08:13", "")
    assert tell([*WHOLE[:8], paused, WHOLE[8]])[-1] == ("First copy", "08:13", "09:00")


def test_a_pass_in_which_nobody_was_judged_began_with_what_was_noted_last() -> None:
    assert tell(WHOLE[:9], now="09:05")[2:] == [
        ("Access to the mailboxes", "08:12", "08:12"),
        ("First copy", "08:12", "09:00"),
        ("Report", "09:05", "09:05"),
    ]


def test_a_late_pass_is_told_by_its_name() -> None:
    notes = [
        note("08:00", "RepeatWave"),
        note("08:01", "EnableAdministrator"),
        note("08:30", "SummarisePass", "Delta pass 1: 2 messages copied, 3 mailboxes, 0 failed"),
        note("08:31", "VerifyTenant"),
    ]
    assert [name for name, *_ in tell(notes, "08:02", now="08:32")] == [
        *("Checks", "Access to the mailboxes", "Delta pass 1", "Verification", "Report"),
    ]


def test_own_addresses_come_after_an_early_start() -> None:
    notes = [
        note("08:00", "PlanWave"),
        note("08:01", "EnsureDomains"),
        note("08:02", "PreparePasswords"),
        note("09:00", "SummarisePass", "Full pass: 1 messages copied, 1 mailboxes, 0 failed"),
        note("09:01", "EnsureDomains"),
        note("12:00", "SettlePasswords"),
        note("12:05", "ApproveCutover"),
    ]
    assert tell(notes, "08:10") == [
        ("Checks", "08:00", "08:01"),
        ("Domains", "08:01", "08:02"),
        ("Users", "08:02", "08:10"),
        ("First copy", "08:10", "09:00"),
        ("Domains", "09:01", "12:00"),
        ("Users", "12:00", "12:05"),
        ("Approval of the cut-over", "12:05", ""),
    ]


def test_a_rollback_has_phases_of_its_own() -> None:
    notes = [
        note("08:00", "PlanRollback"),
        note("08:01", "ApproveRollback"),
        note("09:00", "OrderRollback"),
    ]
    assert [name for name, *_ in tell(notes, now="10:00")] == [
        *("Checks", "Approval of the rollback", "Rollback", "Report"),
    ]


def test_without_notes_there_is_the_report_alone() -> None:
    assert tell_phases([], []) == ()
    assert tell_phases([], [], at("10:00")) == (PhaseLine("Report", at("10:00"), at("10:00")),)
