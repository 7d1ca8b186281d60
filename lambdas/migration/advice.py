"""What an operator does about an error that stands in the report, by the error's name."""

from __future__ import annotations

from collections.abc import Mapping

from migration.model import Failure

_ADVICE: Mapping[str, str] = {
    # one mailbox
    "MailboxUnreachable": "Check that the mailbox exists on both sides and that the servers can be "
    "reached, then start the workflow again.",
    "CredentialsRejected": "Put the right password of this mailbox, or of the administrator, into "
    "the source's secret, or into the target's if WorkMail refused it, then start the workflow "
    "again.",
    "SourceChanged": "A folder was recreated at the source while a batch of it was under way, and "
    "the messages of that batch cannot be told from those that were copied. Rename the folder at "
    "the source and start the workflow again: under its new name all of it is copied, beside what "
    "was copied before.",
    "BatchStuck": "A batch of messages was begun again and again and never finished, because one "
    "of the servers was busy each time. See whether both are well, then start the workflow again.",
    "QuotaExceeded": "Make room in the WorkMail mailbox or raise its quota, then start the "
    "workflow again.",
    "UserRefused": "Change the user, group or resource in WorkMail, or the manifest, as the reason "
    "says, then start the workflow again.",
    "FencedOff": "Another worker took the mailbox over. Start the workflow again when no other "
    "execution is running.",
    "Unfinished": "Start the workflow again: it goes on where it stopped.",
    # the run
    "InputInvalid": "Correct the execution's input; {} runs everything.",
    "ManifestInvalid": "Correct the lines of the manifest that are named, upload it, and start the "
    "workflow again. Nothing was changed.",
    "PreflightFailed": "Put right every problem that is named, then start the workflow again. "
    "Nothing was changed.",
    "TenantMisconfigured": "Correct the tenant file, or what it names in WorkMail, deploy, and "
    "start the workflow again.",
    "NothingCopied": "Every mailbox failed, so there was no cut-over. Mend the first reason below; "
    "it is probably the same for all.",
    "VerificationFailed": "Keep the old server. Look below at the folders that differ and the "
    "mailboxes that failed. Start the workflow again to copy what was not reached; what is "
    "missing in WorkMail although it was copied must be copied by hand.",
    "RollbackRejected": "Nothing was taken back. Start the phase rollback again when it is wanted.",
    "ErasureRefused": "Nothing was erased. Finish the migration first; or, if it is given up, "
    'start with {"phases": ["erase"], "unfinished": true}.',
    "ErasureIncomplete": "Most is erased. See what writes into the tenant's bucket, table or "
    "secrets all the time, then start the phase erase again.",
    "SettingsError": "The functions' settings are incomplete: deploy the stack again.",
    # neither
    "Unexpected": "Start the workflow again: it goes on where it stopped. If it ends like this "
    "once more, report the error's type and place as a bug.",
}
_OTHERWISE = (
    "Look at the execution in the Step Functions console, then start the workflow again: it goes "
    "on where it stopped."
)


def advise(error: str) -> str:
    """A sentence or two for the error of that class name; a general one for names of AWS."""
    return _ADVICE.get(error, _OTHERWISE)


def split_problems(failure: Failure) -> tuple[str, ...]:
    """The single problems of a TenantError, one a line of its text."""
    return tuple(part for part in failure.reason.splitlines() if part)
