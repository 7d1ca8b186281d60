"""A tenant of any number of small mailboxes, of which one in a hundred cannot be copied."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from localrun.letters import Letter
from localrun.runner import Run
from localrun.scenario import Happening, Scenario, manifest_of
from localrun.world import OLD_MX, World

DOMAIN = "acme.example"
ADMIN, ADMIN_PASSWORD = "migrator", "opens-every-old-mailbox"
AT_ONCE = 8
"""Mailboxes that may be copied at once."""
CONNECTIONS = 12
"""That may be open at the source, which is less than those would have: a mailbox has two."""
RETRY_MINUTES = 30
_FIRST_DAY = datetime(2023, 5, 1, 8, tzinfo=UTC)
_FOLDERS = ("INBOX", "INBOX", "Sent")
LETTERS = len(_FOLDERS)
"""In each mailbox."""
_OLD_TTL = 300
_WRONG, _FULL, _ILL = "CredentialsRejected", "QuotaExceeded", "MailboxUnreachable"


@dataclass(frozen=True, slots=True)
class WaveTenant:
    """`users` are the addresses; `failing` those that cannot be copied at first, with the error
    that says why."""

    users: tuple[str, ...]
    failing: Mapping[str, str]

    def failing_by(self, *errors: str) -> tuple[str, ...]:
        return tuple(address for address, error in self.failing.items() if error in errors)

    @property
    def mended_early(self) -> tuple[str, ...]:
        """Those that are mended before they are tried again."""
        return self.failing_by(_FULL, _ILL)

    @property
    def mended_late(self) -> tuple[str, ...]:
        """Those that are mended after the run."""
        return self.failing_by(_WRONG)


def make_tenant(size: int) -> WaveTenant:
    """One in a hundred fails, and at least three, spread over the tenant: a third has a wrong
    password at the source, for a third WorkMail's mailbox is full, and the mail server cannot serve
    a third."""
    users = tuple(f"user{number:05}@{DOMAIN}" for number in range(1, size + 1))
    number = max(3, size // 100)
    errors = (_WRONG, _FULL, _ILL)
    places = [1 + (2 * each + 1) * (size - 1) // (2 * number) for each in range(number)]
    failing = {users[place]: errors[each % 3] for each, place in enumerate(places)}
    return WaveTenant(users, failing)


def story(tenant: WaveTenant, name: str, limits: Mapping[str, int]) -> Scenario:
    """The tenant as a scenario. The MX changes by itself, minutes after the cut-over has begun."""
    return Scenario(
        name=name,
        sentence="",
        domain=DOMAIN,
        manifest=manifest_of(tenant.users),
        secret=source_secret(tenant.mended_late),
        seed=partial(_seed, tenant),
        admins={ADMIN: ADMIN_PASSWORD},
        users={address: _password(address) for address in tenant.users},
        tenant={
            "source": {"max_connections": CONNECTIONS},
            "cutover": {"approval": "auto", "drain_minutes": 5},
            "delta": {"interval_minutes": 5, "passes": 1},
            "retry": {"passes": 1, "minutes": RETRY_MINUTES},
            "limits": dict(limits),
        },
        happenings=(
            Happening(
                "WaitForRetry",
                RETRY_MINUTES * 30,
                "WorkMail's mailboxes are mended, the passwords are not",
                partial(mend_workmail, tenant),
            ),
            Happening(
                "StartCutover",
                150,
                "the DNS now points to WorkMail",
                World.point_dns_to_workmail,
            ),
        ),
        expected="exceptions",
    )


def source_secret(wrong: tuple[str, ...]) -> dict[str, Any]:
    """An administrator opens all mailboxes, but for those that have passwords of their own there,
    which are wrong."""
    admin = {"user": ADMIN, "password": ADMIN_PASSWORD}
    return {"admin": admin, "mailboxes": dict.fromkeys(wrong, "not-this-one")}


def mend_workmail(tenant: WaveTenant, world: World) -> None:
    """What the operator does who was told of the failures."""
    for address in tenant.mended_early:
        world.ews.faults.refuse(address, "")


def mend_passwords(run: Run) -> None:
    """The source's secret has no wrong passwords any more."""
    run.cloud.client("secretsmanager").put_secret_value(
        SecretId=run.cloud.output("SourceSecretName"), SecretString=json.dumps(source_secret(()))
    )


def _seed(tenant: WaveTenant, world: World) -> int:
    world.dns.set_records(DOMAIN, "MX", [OLD_MX], _OLD_TTL)
    for address in tenant.failing_by(_FULL):
        world.ews.faults.refuse(address, "ErrorQuotaExceeded", only_storing=True)
    for address in tenant.failing_by(_ILL):
        world.ews.faults.refuse(address, "ErrorMailboxConfiguration")
    assert world.imap is not None
    fill: Callable[..., int] = world.imap.fill
    return sum(fill(address, _letters(address)) for address in tenant.users)


def _letters(address: str) -> Iterator[Letter]:
    for number, folder in enumerate(_FOLDERS):
        mime = (
            f"From: x@partner.example\r\nTo: {address}\r\nSubject: {number}\r\n"
            f"Message-ID: <{number}.{address}>\r\n\r\nHello {number}.\r\n"
        )
        moment = _FIRST_DAY + timedelta(days=number)
        yield Letter((folder,), mime.encode(), ("\\Seen",), moment)


def _password(address: str) -> str:
    return f"old-{address.partition('@')[0]}"
