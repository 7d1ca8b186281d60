"""The passwords of new users: made up before anyone is created, and kept in Secrets Manager alone.

PreparePasswords is the only writer while users are created. It writes every password that may be
needed before the first user exists; provisioning notes in the ledger which secret has the user's,
and creates the user only then; SettlePasswords throws away those that nobody needed. So a stop at
any point leaves no user with a password that nobody knows.
"""

from __future__ import annotations

import random
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from migration.errors import ProvisioningPending
from migration.identity import mailbox_id
from migration.model import MailboxRecord, NewPasswords, Note
from migration.password_parts import (
    OPERATORS,
    WAVES,
    Part,
    choose_password,
    fill,
    wave_path,
)
from migration.passwords import find_password, generate, known_addresses, settle_rule
from migration.ports import Directory, Ledger, Secrets, WaveSecrets
from migration.settings import Settings

_RETRY_AFTER = 5.0


@dataclass(frozen=True, slots=True)
class Prepared:
    """What new users of this run get, and how many passwords this call has made up."""

    rule: NewPasswords
    generated: int


@dataclass(frozen=True, slots=True)
class Settled:
    """Passwords of the run that belong to users, and those that were thrown away."""

    kept: int
    dropped: int


def prepare_passwords(
    settings: Settings,
    directory: Directory,
    ledger: Ledger,
    secrets: Secrets,
    waves: WaveSecrets,
    source: random.Random,
    run: str,
    now: str,
) -> Prepared:
    """Sees that every mailbox of the run has a password that its user may be created with, if that
    is what new users get; the timeline tells that the users' turn has come. May be run again: what
    is there stays, what is missing is added."""
    ledger.add_note(run, Note(now, "PreparePasswords", "the users are made ready in WorkMail"))
    organization, mode = directory.organization(), directory.authentication_mode()
    wanted = settings.passwords_new_users
    rule = settle_rule(wanted, organization.directory_type, mode)
    if rule is not NewPasswords.GENERATE:
        return Prepared(rule, 0)
    base = wave_path(run)
    before = [part for _, part in read_parts(waves, base)]
    known = {address for part in before for address in part.mailboxes}
    known |= known_addresses(secrets.read_target())
    entries = {
        address: generate(source)
        for address in _addresses_without(known, ledger.mailboxes(run), waves)
    }
    if entries:
        write_parts(waves, base, before, fill(before, entries))
    return Prepared(rule, len(entries))


def _addresses_without(
    known: Container[str], records: Iterable[MailboxRecord], waves: WaveSecrets
) -> Iterator[str]:
    """Those that neither `known` nor a secret of an earlier run has. Who signs in through IAM
    Identity Center needs none, and a resource has no user."""
    earlier: dict[str, Part | None] = {}
    for record in records:
        address, path = record.mailbox.target.lower(), record.password_in
        mailbox = record.mailbox
        if mailbox.is_resource or mailbox.profile.identity_center_id or address in known:
            continue
        if path.startswith(WAVES) and path not in earlier:
            earlier[path] = read_part(waves, path)
        part = earlier.get(path)
        if part is None or address not in part.mailboxes:
            yield address


def settle_passwords(ledger: Ledger, waves: WaveSecrets, run: str, now: str) -> Settled:
    """Throws away the passwords of users who were there already, after all users of the run had
    their turn. Those of users who failed stay: they may exist. A secret without any is removed."""
    places = {record.mailbox.target.lower(): record.password_in for record in ledger.mailboxes(run)}
    kept = dropped = 0
    # From the last on: `read_parts` ends at the first that is missing, so that a call after one
    # that was stopped finds what is left.
    for path, part in reversed(read_parts(waves, wave_path(run))):
        used = {
            address: password
            for address, password in part.mailboxes.items()
            if places.get(address) == path
        }
        kept, dropped = kept + len(used), dropped + len(part.mailboxes) - len(used)
        if not used:
            waves.remove(path)
        elif len(used) < len(part.mailboxes):
            waves.replace(path, replace(part, mailboxes=used).text)
    if kept:
        what = f"{kept} generated passwords are kept in Secrets Manager"
        ledger.add_note(run, Note(now, "SettlePasswords", what))
    return Settled(kept, dropped)


class KnownPasswords:
    """Who is asked for the password of a mailbox. One for a process."""

    def __init__(self, tenant: str, ledger: Ledger, secrets: Secrets, waves: WaveSecrets) -> None:
        self._tenant = tenant
        self._ledger = ledger
        self._secrets = secrets
        self._waves = waves
        self._cached: tuple[str, Sequence[tuple[str, Part]]] = ("", ())

    def of(self, address: str) -> str:
        """What opens the mailbox, "" if nobody knows. Read anew each time: a reset may have been
        since."""
        given = find_password(self._secrets.read_target(), address)
        try:
            path = self._ledger.mailbox(mailbox_id(self._tenant, address)).password_in
        except KeyError:  # not one of the manifest's
            return given
        part = read_part(self._waves, path) if path.startswith(WAVES) else None
        return choose_password(given, part, address)

    def take(self, run: str, mailbox: str, rule: NewPasswords) -> str:
        """The password for a user who is created next; the ledger knows then where it is. "" for
        none. ProvisioningPending if the wave's secret should have it and does not show it."""
        record = self._ledger.mailbox(mailbox)
        password, path = self._choose(run, record, rule)
        if path != record.password_in:
            self._ledger.set_password_place(mailbox, path)
        return password

    def _choose(self, run: str, record: MailboxRecord, rule: NewPasswords) -> tuple[str, str]:
        if rule is NewPasswords.NONE:
            return "", ""
        if given := find_password(self._secrets.read_target(), record.mailbox.target):
            return given, OPERATORS
        if rule is NewPasswords.GIVEN:
            return "", ""
        return self._find_made(run, record)

    def _find_made(self, run: str, record: MailboxRecord) -> tuple[str, str]:
        """An earlier one comes first: a user may have been created with it, whom WorkMail does not
        show yet."""
        address, path = record.mailbox.target.lower(), record.password_in
        earlier = read_part(self._waves, path) if path.startswith(WAVES) else None
        if earlier and (password := earlier.mailboxes.get(address)):
            return password, path
        for fresh in (False, True):
            if fresh or self._cached[0] != run:
                self._cached = (run, read_parts(self._waves, wave_path(run)))
            for path, part in self._cached[1]:
                if password := part.mailboxes.get(address):
                    return password, path
        raise ProvisioningPending(
            "the secret with the generated passwords has none for this user", _RETRY_AFTER
        )


def read_part(waves: WaveSecrets, path: str) -> Part | None:
    """The part of that path, None if it is not there."""
    text = waves.read(path)
    return None if text is None else Part.parse(text, path)


def read_parts(waves: WaveSecrets, base: str) -> list[tuple[str, Part]]:
    """The parts of that base with their paths, in order."""
    parts: list[tuple[str, Part]] = []
    while (part := read_part(waves, path := f"{base}/{len(parts) + 1}")) is not None:
        parts.append((path, part))
    return parts


def write_parts(
    waves: WaveSecrets, base: str, before: Sequence[Part], after: Sequence[Part]
) -> None:
    """Writes those of `after` that are new or changed."""
    for number, part in enumerate(after, 1):
        path = f"{base}/{number}"
        if number > len(before):
            waves.create(path, part.text)
        elif part != before[number - 1]:
            waves.replace(path, part.text)
