"""Client settings for all users of a run: written to the bucket, and mailed if the tenant wants it.

A mail is sent to a user once, in whatever run. Before it is handed over the ledger says that it is
about to be; afterwards, that it was. Stopped between the two, nobody knows: the user gets no second
one, and the report says that a mail may have been sent. A round goes over many calls: what a round
has dealt with, its next call leaves alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace

from migration.client_files import (
    UserFiles,
    UserLine,
    describe_user,
    make_profiles,
    write_autoconfig,
    write_lists,
    write_user,
)
from migration.client_report import ClientsReport, report_on, write_report_on_clients
from migration.client_templates import Kit, TemplateProblem, load_kit
from migration.clients import Account, Autodiscover, LeftOut, Servers, describe_account
from migration.errors import TenantMisconfigured
from migration.letters import Delivered, Doubtful, Halted, Letter, Posted, Refused, Throttled
from migration.model import GuideRecord, GuideState, MailboxRecord, Note
from migration.ports import AutodiscoverProbe, BlobStore, Directory, Ledger, Mailer
from migration.settings import Settings

_STATE = "SendClientGuides"
_SPARE_SECONDS = 30.0
"""What a user and the lists at the end may take."""
_USERS_AT_ONCE = 8
"""So many users' files are written at a time; botocore keeps ten connections."""
_PATIENCE = 5
"""So often a mail is tried that is throttled; then the workflow waits."""
_WAIT_SECONDS = 30
_MAIL_IS_OVER = (GuideState.SENDING, GuideState.SENT)
_AGAIN = 'put it right and start the workflow with {"phases": ["clients"]}'


@dataclass(frozen=True, slots=True)
class Progress:
    """What a call came to. `more`: it is to be called again, after so many seconds. The numbers are
    those of the whole round, and 0 before its end."""

    more: bool
    wait_seconds: int = 0
    pages: int = 0
    sent: int = 0
    problems: int = 0


@dataclass(frozen=True, slots=True)
class Means:
    """With what client settings are made and sent. `pause` waits for so many seconds."""

    settings: Settings
    region: str
    directory: Directory
    ledger: Ledger
    blobs: BlobStore
    mailer: Mailer
    probe: AutodiscoverProbe
    seconds_left: Callable[[], float]
    pause: Callable[[float], None]


def send_guides(means: Means, run: str, round_: str) -> Progress:
    """Goes on with the round that began at `round_`, for as long as there is time.

    Templates of the operator that are broken end the round before anything is written: as a problem
    in the timeline and the report, not as an error. ProvisioningPending during an outage."""
    unfinished = f"client settings are not finished; if nothing follows, {_AGAIN}"
    means.ledger.add_note(run, Note(round_, _STATE, unfinished))
    found = _ask_autodiscover(means)
    try:
        kit = load_kit(means.blobs, means.settings.clients_languages)
    except TenantMisconfigured as broken:
        return _conclude(means, run, round_, report_on([], found, [*broken.problems, _AGAIN]))
    accounts = _Accounts(means, found)
    work = _Round(means, kit, round_, {each.mailbox_id: each for each in means.ledger.guides()})
    described = map(accounts.describe, means.ledger.mailboxes(run))
    due = (one for one in described if not isinstance(one, LeftOut) and not work.is_done(one))
    with closing(_run_ahead(due, work.write)) as written:
        for account, files in written:
            if means.seconds_left() < _SPARE_SECONDS:
                return Progress(more=True)
            if not work.deal_with(account, files):
                return Progress(more=True, wait_seconds=_WAIT_SECONDS)
    lines = _write_lists(means, run, accounts)
    for domain in means.settings.domains:
        write_autoconfig(means.blobs, domain, accounts.servers)
    return _conclude(means, run, round_, report_on(lines, found, ()))


def _ask_autodiscover(means: Means) -> list[Autodiscover]:
    pattern = means.settings.autodiscover_url
    if not pattern:
        return []
    return [
        Autodiscover(domain, means.probe.ask(pattern.replace("{domain}", domain)))
        for domain in means.settings.domains
    ]


def _run_ahead(
    accounts: Iterable[Account], write: Callable[[Account], UserFiles]
) -> Generator[tuple[Account, Future[UserFiles]]]:
    """The accounts in their order, each with its files under way, while those of the next ones are
    being written. What was written ahead when nobody asks any more is written again by the next
    call."""
    waiting: deque[tuple[Account, Future[UserFiles]]] = deque()
    with ThreadPoolExecutor(_USERS_AT_ONCE, "client-files") as pool:
        try:
            for account in accounts:
                waiting.append((account, pool.submit(write, account)))
                if len(waiting) == _USERS_AT_ONCE:
                    yield waiting.popleft()
            yield from waiting
        finally:
            pool.shutdown(cancel_futures=True)


class _Accounts:
    """Tells the accounts of a run, from what WorkMail shows at this moment."""

    def __init__(self, means: Means, found: list[Autodiscover]) -> None:
        self._organization = means.directory.organization()
        self._mode = means.directory.authentication_mode()
        users = means.directory.enabled_users()
        self._users = {user.email.lower(): user for user in users} | {u.id: u for u in users}
        self._region = means.region
        self._found = {each.domain.lower(): each for each in found}

    @property
    def servers(self) -> Servers:
        """Where WorkMail answers for the organization."""
        return Servers(self._region, self._organization.alias)

    def describe(self, record: MailboxRecord) -> Account | LeftOut:
        """As describe_account."""
        return describe_account(
            record, self._users, self._organization, self._region, self._mode, self._found
        )


class _Round:
    """One call's part of a round."""

    def __init__(
        self, means: Means, kit: Kit, round_: str, known: Mapping[str, GuideRecord]
    ) -> None:
        self._means = means
        self._kit = kit
        self._round = round_
        self._known = known
        self._halted = ""

    def is_done(self, account: Account) -> bool:
        """Whether an earlier call of this round has dealt with the user."""
        known = self._known.get(account.mailbox_id)
        return known is not None and known.round == self._round

    def write(self, account: Account) -> UserFiles:
        """Writes the user's files; TemplateProblem. Many may be written at once."""
        profiles = make_profiles(self._means.settings.tenant, account)
        files = UserFiles(self._kit.render(account), profiles)
        write_user(self._means.blobs, account.mailbox_id, files)
        return files

    def deal_with(self, account: Account, written: Future[UserFiles]) -> bool:
        """Waits for the user's files, and sends the mail if it is due; False if it is throttled for
        longer than it is worth to wait here."""
        known = self._known.get(account.mailbox_id)
        ledger = self._means.ledger
        try:
            files = written.result()
        except TemplateProblem as problem:
            was_sent = known is not None and known.state in _MAIL_IS_OVER
            state = known.state if known and was_sent else GuideState.REFUSED
            self._keep(account, state, reason=str(problem))
            return True
        if known and known.state in _MAIL_IS_OVER:
            ledger.set_guide(replace(known, round=self._round))
            return True
        if self._means.settings.clients_send == "none" or self._halted:
            self._keep(account, GuideState.WRITTEN, reason=self._halted)
            return True
        return self._mail(account, files)

    def _mail(self, account: Account, files: UserFiles) -> bool:
        settings = self._means.settings
        to = account.old_address if settings.clients_send == "old" else account.address
        if not to:
            reason = "the old mailbox has a login and no address"
            self._keep(account, GuideState.REFUSED, reason=reason)
            return True
        rendered = files.rendered
        letter = Letter(
            settings.clients_sender,
            to,
            rendered.subject,
            rendered.mail_text,
            rendered.mail_html,
            files.profiles,
        )
        if not self._means.ledger.begin_guide(account.mailbox_id):
            return True  # another call was quicker, and it is the one to tell how that ended
        return self._settle(account, self._post(letter))

    def _post(self, letter: Letter) -> Posted:
        """Tried again only after SES has said that it was not sent."""
        for _ in range(_PATIENCE):
            posted = self._means.mailer.send(letter)
            if not isinstance(posted, Throttled):
                return posted
            if self._means.seconds_left() < _SPARE_SECONDS:
                return posted
            self._means.pause(posted.seconds)
        return posted

    def _settle(self, account: Account, posted: Posted) -> bool:
        match posted:
            case Delivered(message_id):
                self._keep(account, GuideState.SENT, message_id=message_id)
            case Refused(reason):
                self._keep(account, GuideState.REFUSED, reason=reason)
            case Halted(problem):
                self._halted = problem
                self._keep(account, GuideState.WRITTEN, reason=problem)
            case Doubtful():
                self._keep(account, GuideState.SENDING)
            case Throttled():
                again = GuideRecord(account.mailbox_id, GuideState.WRITTEN)
                self._means.ledger.set_guide(again)
                return False
        return True

    def _keep(
        self, account: Account, state: GuideState, *, message_id: str = "", reason: str = ""
    ) -> None:
        record = GuideRecord(account.mailbox_id, state, self._round, message_id, reason)
        self._means.ledger.set_guide(record)


def _write_lists(means: Means, run: str, accounts: _Accounts) -> list[UserLine]:
    guides = {each.mailbox_id: each for each in means.ledger.guides()}
    lines = [
        describe_user(record, accounts.describe(record), guides.get(record.mailbox.id))
        for record in means.ledger.mailboxes(run)
    ]
    write_lists(means.blobs, means.settings.tenant, lines)
    return lines


def _conclude(means: Means, run: str, round_: str, report: ClientsReport) -> Progress:
    """The report's part first: the note says that the round is over."""
    write_report_on_clients(means.blobs, run, report)
    means.ledger.add_note(run, Note(round_, _STATE, report.sentence))
    return Progress(False, 0, report.pages, report.sent, len(report.problems))
