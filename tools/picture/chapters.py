"""Which chapter of the picture a state is drawn in. The only part of it that is written by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CHAPTERS: Final[Mapping[str, str]] = {
    "Start": "Prepare NotStarted HasLock WaitForTurn AlreadyRunning",
    "Checks and plan": "Preflight PlanWave WantsRoute53 PrepareDns RepeatWave",
    "Users and groups": (
        "WantsProvisioning StartDomains EnsureDomains AreDomainsReady WaitForDomains"
        " PreparePasswords ProvisionDirectory SettlePasswords WantsEntities ProvisionEntities"
        " LinkEntities"
    ),
    "Copy": (
        "WantsAdministrator EnableAdministrator AdministratorRefused WantsCopy FullPass"
        " CopyMailboxes SummarisePass AfterPass WaitWhilePaused ResumePass WaitForRetry"
    ),
    "Before the cut-over": (
        "WantsPromotion StartPromotion StartCutover WantsApproval StartApproval ApproveCutover"
    ),
    "Cut-over": (
        "StartDns PublishDns IsPublished WaitForPublishing CheckDns IsCutOver WaitForDns"
        " StartDnsQuestion AskAboutDns WaitOn"
    ),
    "Answers": "IsTimeUp RecordAnswer AfterAnswer",
    "Late mail": "WantsDelta DrainOldMx WaitForLateMail RecheckDns DeltaPass",
    "Verification and client settings": (
        "WantsVerification VerifyTenant IsOnceMore ResetPasswords WantsLatePasses"
        " ScheduleLatePasses WantsClientGuides StartClientGuides SendClientGuides GuidesOutcome"
        " WaitForMailer"
    ),
    "End": "DisableAdministrator IsErasing WriteReport ReleaseLock Finished Migrated Failed",
    "Pause, resume, abort": "ControlRun IsSaid WaitForEnd Said NotSaid",
    "Roll back": (
        "PlanRollback WantsRollback ApproveRollback IsApproved LookIntoMailboxes OrderRollback"
        " NextStage RollbackEntities"
    ),
    "Put the DNS back": "StartDnsRollback RollbackDns IsDnsBack WaitForDnsRollback",
    "Erase": (
        "PlanErasure WantsErasure StartErasureQuestion ApproveErasure StartErasure EraseTenant"
        " IsErased ProveErasure IsProved WaitForErasure"
    ),
}
"""The names of chapters, in the order of a run, and their states; states inside a Map go with it.
The chapters after `End` are those of other phases than a migration's."""


def find_chapter(state: str) -> str:
    """The chapter of a state that is not inside a Map; KeyError if it has none yet."""
    return _CHAPTER_OF[state]


_CHAPTER_OF: Final = {
    state: chapter for chapter, states in CHAPTERS.items() for state in states.split()
}
