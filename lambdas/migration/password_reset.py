"""New passwords for the users whom this migration has created, after the run, if the tenant wants
that: whoever has seen the old ones can do nothing with them any more.

A password is written to the user's secret as `pending`, then set, then made the one that counts.
Stopped anywhere, the next call sets what is pending once more. Many users go together, because
every write makes a version of the secret, and of those there may be a hundred.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from migration.errors import ProvisioningPending, TenantMisconfigured, UserRefused
from migration.identity import mailbox_id
from migration.model import MailboxRecord, Note
from migration.password_parts import (
    LIMIT,
    OPERATORS,
    WAVES,
    Part,
    ResetState,
    entry_size,
    fill,
    wave_path,
)
from migration.passwords import find_password, generate
from migration.ports import Directory, Ledger, Secrets, WaveSecrets
from migration.settings import Settings
from migration.wave_passwords import read_part, read_parts, write_parts

_SPARE_SECONDS = 30.0
"""What a call and the last write may take."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Users who have a new password, and those who have kept theirs because WorkMail refused."""

    reset: int
    refused: int


def reset_passwords(
    settings: Settings,
    directory: Directory,
    ledger: Ledger,
    secrets: Secrets,
    waves: WaveSecrets,
    source: random.Random,
    run: str,
    now: str,
    seconds_left: Callable[[], float],
) -> Reset:
    """Gives every user of the run whom this migration created with a password another one, once a
    run. ProvisioningPending before the time is over, and then the next call goes on.

    Users who are refused keep theirs; the timeline counts them, with WorkMail's codes.
    """
    if not settings.passwords_reset_after_run:
        return Reset(0, 0)
    given = secrets.read_target()
    _take_over(ledger, waves, given, run)
    users: dict[str, list[str]] = {}
    for record in _created(ledger, run):
        users.setdefault(record.password_in, []).append(record.mailbox.target.lower())
    work = _Work(settings.tenant, directory, ledger, waves, source, given, run, seconds_left)
    refused: Counter[str] = Counter()
    # nobody but the operator writes into the operator's secret, whatever the ledger says
    for path in sorted(path for path in users if path.startswith(WAVES)):
        refused.update(work.reset_part(path, users[path]))
    done = sum(map(len, users.values())) - refused.total()
    reasons = "".join(f"; {number} refused ({why})" for why, number in sorted(refused.items()))
    what = f"{done} users have a new password, kept in Secrets Manager{reasons}"
    ledger.add_note(run, Note(now, "ResetPasswords", what))
    return Reset(done, refused.total())


def _created(ledger: Ledger, run: str) -> list[MailboxRecord]:
    """The mailboxes of the run whose users this migration has created with a password."""
    return [record for record in ledger.mailboxes(run) if record.user_id and record.password_in]


def _take_over(ledger: Ledger, waves: WaveSecrets, given: Mapping[str, object], run: str) -> None:
    """Users with a password of the operator's get a place in a secret of ours, because nobody but
    the operator writes into the operator's; and so do those whose secret is gone."""
    records = _created(ledger, run)
    paths = {record.password_in for record in records if record.password_in.startswith(WAVES)}
    gone = {path for path in paths if waves.read(path) is None}
    moving = [each for each in records if each.password_in in {OPERATORS, *gone}]
    if not moving:
        return
    base = f"{wave_path(run)}/reset"
    before = [part for _, part in read_parts(waves, base)]
    known = {address for part in before for address in part.mailboxes}
    addresses = {each.mailbox.target.lower() for each in moving} - known
    after = fill(before, {each: find_password(given, each) for each in sorted(addresses)})
    write_parts(waves, base, before, after)
    places = {
        address: f"{base}/{number}"
        for number, part in enumerate(after, 1)
        for address in part.mailboxes
    }
    for record in moving:
        ledger.set_password_place(record.mailbox.id, places[record.mailbox.target.lower()])


@dataclass(frozen=True, slots=True)
class _Work:
    """What one call works with."""

    tenant: str
    directory: Directory
    ledger: Ledger
    waves: WaveSecrets
    source: random.Random
    given: Mapping[str, object] = field(repr=False)
    run: str
    seconds_left: Callable[[], float]

    def reset_part(self, path: str, addresses: Iterable[str]) -> Mapping[str, int]:
        """All users of one secret; how many were refused, by reason."""
        part = read_part(self.waves, path)
        if part is None:
            raise ProvisioningPending(f"the secret {path} is not shown", 10.0)
        if part.reset.run != self.run:
            if part.pending:  # of a run that was aborted: these may be valid by now
                part = self._set_pending(path, part)
            part = replace(part, reset=ResetState(self.run))
        due = sorted(addresses)
        while True:
            if not part.pending:
                part = self._make_pending(path, part, due)
            if not part.pending:
                return part.reset.refused
            part = self._set_pending(path, part)

    def _make_pending(self, path: str, part: Part, due: Iterable[str]) -> Part:
        """With passwords for the next users, as many as there is room for; none when all had their
        turn."""
        pending: dict[str, str] = {}
        size = len(part.text) + len(',"pending":{}')
        for address in due:
            if address <= part.reset.through:
                continue
            password = generate(self.source)
            given = find_password(self.given, address)
            size += entry_size(address, password)
            size += entry_size(address, given) if given else 0  # it will be in `replaced`
            if size > LIMIT:
                if not pending:
                    raise TenantMisconfigured([f"the secret {path} has no room for a reset"])
                break
            pending[address] = password
        if pending:
            part = replace(part, pending=pending)
            self.waves.replace(path, part.text)
        return part

    def _set_pending(self, path: str, part: Part) -> Part:
        """Sets what is pending, and makes it count. ProvisioningPending if that could not be done
        with all; what was set by then counts."""
        done: dict[str, str] = {}
        refused: Counter[str] = Counter()
        left = dict(part.pending)
        stop: ProvisioningPending | None = None
        for address, password in sorted(part.pending.items()):
            try:
                self._set_one(address, password)
                done[address] = password
            except UserRefused as refusal:
                # The operation and WorkMail's code; the advice is about creating users.
                refused[": ".join(str(refusal).split(": ")[:2])] += 1
            except ProvisioningPending as pending:
                stop = pending
                break
            del left[address]
        if len(left) < len(part.pending):
            part = self._count(part, done, refused, left)
            self.waves.replace(path, part.text)
        if stop:
            raise stop
        return part

    def _set_one(self, address: str, password: str) -> None:
        if self.seconds_left() < _SPARE_SECONDS:
            raise ProvisioningPending("some passwords are still to be reset", 1.0)
        user = self.ledger.mailbox(mailbox_id(self.tenant, address)).user_id
        self.directory.reset_password(user, password)

    def _count(
        self, part: Part, done: Mapping[str, str], refused: Counter[str], left: Mapping[str, str]
    ) -> Part:
        """The part after some of the pending users had their turn."""
        given = {address: find_password(self.given, address) for address in done}
        worthless = {address: password for address, password in given.items() if password}
        reset = part.reset
        through = max(part.pending.keys() - left.keys())
        return replace(
            part,
            mailboxes={**part.mailboxes, **done},
            pending=left,
            replaced={**part.replaced, **worthless},
            reset=replace(reset, through=through, refused=refused + Counter(reset.refused)),
        )
