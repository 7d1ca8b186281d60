"""What the progress page says of a run in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from migration.model import MailboxStatus
from migration.progress_view import AskedLine, RunHead, RunStatus, StateLine, StateStatus
from migration.report_lines import VERDICT_WORDS

MAILBOX_WORDS: Mapping[MailboxStatus, str] = {
    MailboxStatus.FAILED: "failed",
    MailboxStatus.PAUSED: "paused",
    MailboxStatus.COPYING: "running",
    MailboxStatus.PLANNED: "waiting",
    MailboxStatus.PROVISIONED: "waiting",
    MailboxStatus.COPIED: "done",
}
"""What the page calls them, in the order in which they need attention."""

STATE_WORDS: Mapping[str, str] = {
    "Prepare": "Reads the input and takes the tenant's lock",
    "WaitForTurn": "Waits until another run of this tenant has ended",
    "ControlRun": "Tells the run at work what the operator wants",
    "WaitForEnd": "Waits until the other run has ended",
    "RepeatWave": "Plans the same mailboxes once more",
    "Preflight": "Checks everything outside before anything is changed",
    "PlanWave": "Reads the manifest and plans the mailboxes",
    "PrepareDns": "Finds the hosted zones and lowers the TTL of the old MX",
    "EnsureDomains": "Registers the domains in WorkMail and looks whether they are verified",
    "WaitForDomains": "Waits until WorkMail has verified the domains",
    "PreparePasswords": "Makes passwords for the users who will be created",
    "ProvisionDirectory": "Creates and enables the users in WorkMail",
    "ProvisionEntities": "Creates and enables groups and resources",
    "LinkEntities": "Gives groups their members, and mailboxes their permissions",
    "SettlePasswords": "Throws away the passwords that were not needed",
    "EnableAdministrator": "Gets access to the mailboxes in WorkMail",
    "CopyMailboxes": "Copies the mailboxes",
    "SummarisePass": "Counts what the pass has done",
    "WaitForRetry": "Waits before it tries again the mailboxes that failed",
    "WaitWhilePaused": "Is paused, and goes on when an operator resumes it",
    "ApproveCutover": "Waits for an answer of the operators",
    "RecordAnswer": "Writes down what was answered",
    "PublishDns": "Publishes the DNS records",
    "WaitForPublishing": "Waits until Route 53 has the change on all its servers",
    "CheckDns": "Looks whether the DNS points to WorkMail",
    "WaitForDns": "Waits until the DNS points to WorkMail",
    "AskAboutDns": "Waits for an answer of the operators",
    "DrainOldMx": "Waits for senders that still have the old MX in their caches",
    "WaitForLateMail": "Waits for late mail before it looks once more",
    "RecheckDns": "Looks whether mail still goes to WorkMail",
    "VerifyTenant": "Judges what the last pass has found in the mailboxes",
    "ResetPasswords": "Gives new passwords to the users whom it has created",
    "ScheduleLatePasses": "Plans the passes of the days to come",
    "SendClientGuides": "Writes the settings for mail programs and sends them",
    "WaitForMailer": "Waits until the mail service takes more",
    "PlanRollback": "Lists what would be taken back",
    "ApproveRollback": "Waits for an answer of the operators",
    "LookIntoMailboxes": "Looks into the mailboxes that would end",
    "OrderRollback": "Orders what is taken back",
    "RollbackEntities": "Takes back what this migration has made in WorkMail",
    "RollbackDns": "Puts back the old DNS records",
    "WaitForDnsRollback": "Waits until Route 53 has the change on all its servers",
    "PlanErasure": "Counts what is kept of the tenant",
    "ApproveErasure": "Waits for an answer of the operators",
    "DisableAdministrator": "Gives back its access to the mailboxes",
    "EraseTenant": "Erases what is kept of the tenant",
    "ProveErasure": "Counts once more, as a proof that nothing is left",
    "WaitForErasure": "Waits until deleted secrets are gone",
    "WriteReport": "Writes the report",
    "ReleaseLock": "Lets the next run of this tenant in",
}
"""What a run does in each state that takes time."""

_COPYING = frozenset({"CopyMailboxes", "WaitForRetry", "WaitWhilePaused"})
_ASKING = frozenset({"ApproveCutover", "AskAboutDns", "ApproveRollback", "ApproveErasure"})
_DNS = frozenset({"CheckDns", "WaitForDns", "WaitForPublishing"})
_ENDINGS: Mapping[RunStatus, str] = {
    RunStatus.SUCCEEDED: "The run has ended",
    RunStatus.FAILED: "The run has failed",
    RunStatus.ABORTED: "The run was ended from outside",
}


def tell_headline(
    head: RunHead,
    states: Sequence[StateLine],
    counts: Mapping[str, int],
    dns: tuple[int, int],
    questions: Sequence[AskedLine],
) -> str:
    """What happens now, or how it ended. `counts` are mailboxes by what they are called, `dns` how
    many required records are right, and of how many."""
    if head.status is not RunStatus.RUNNING:
        why = head.failure.error if head.failure else VERDICT_WORDS.get(head.verdict or "", "")
        return f"{_ENDINGS[head.status]}{': ' if why else ''}{why}."
    if not head.run:
        return "The run has not begun yet."
    known = [each for each in states if each.name in STATE_WORDS]
    if not known:
        return "The run begins."
    # A state that takes no time is passed before anybody could read what it does.
    state = next(
        (each for each in known if each.status is StateStatus.CURRENT),
        max(known, key=lambda each: each.entered),
    ).name
    told = f"{STATE_WORDS[state]}{_tell_more(state, counts, dns, questions)}"
    return told if told.endswith("?") else f"{told}."


def _tell_more(
    state: str,
    counts: Mapping[str, int],
    dns: tuple[int, int],
    questions: Sequence[AskedLine],
) -> str:
    total = sum(counts.values())
    if state in _COPYING and total:
        return f": {counts['done']:,} of {total:,} are done"
    if state in _DNS and dns[1]:
        return f": {dns[0]} of {dns[1]} required records are right"
    if questions and state in _ASKING:
        return f": {questions[0].title}"
    return ""
