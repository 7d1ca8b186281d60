"""What the questions of one run share: the organization, the pilot mailbox, and the role."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from localrun.probe.failures import explain
from localrun.probe.letters import MARK
from localrun.probe.mask import Mask
from localrun.probe.model import Clock, GaveUp, NotAsked
from localrun.probe.options import ADMIN_PASSWORD, ADMIN_USER, PILOT_PASSWORD, Options
from localrun.probe.traces import Trace, Traces
from migration.aws.directory import WorkMailDirectory, build_client
from migration.aws.secrets import TenantSecrets
from migration.directory_model import DirectoryUser, Token
from migration.errors import AdministratorPending, MigrationError
from migration.passwords import find_password
from migration.wire.ews import EwsClient
from migration.wire.ews_model import EwsError, Unreachable
from migration.wire.imap_login import ImapLogin, ImapServer

if TYPE_CHECKING:
    from mypy_boto3_workmail import WorkMailClient

ROLE_NAME = f"Migration probe {MARK} - may be deleted"
POLL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Propagation:
    """How a new role came to work: seconds from its creation until it could be assumed, until the
    API said that it allows the pilot mailbox, and until EWS let it in, and what EWS said before."""

    assumable: float
    allowed: float | None
    honoured: float
    refusals: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Admin:
    """A migration administrator's login."""

    user: str
    password: str


class Session:
    """One run against one organization."""

    def __init__(self, options: Options, clock: Clock) -> None:
        self.options = options
        self.clock = clock
        self.traces = Traces(clock)
        self.mask = Mask()
        self.mask.hide_address(options.pilot)
        self._role = options.role
        self._propagation: Propagation | None = None
        self._role_failed = ""

    # -- AWS

    @cached_property
    def client(self) -> WorkMailClient:
        """A client that tries nothing twice, so that each call's fate and time are seen."""
        config = Config(
            retries={"mode": "legacy", "total_max_attempts": 1}, connect_timeout=5, read_timeout=20
        )
        return boto3.client("workmail", region_name=self.options.region, config=config)

    @cached_property
    def directory(self) -> WorkMailDirectory:
        """The migration's own, which tries again."""
        return WorkMailDirectory(build_client(self.options.region), self.options.organization)

    @cached_property
    def pilot(self) -> DirectoryUser:
        """The pilot's user. NotAsked if nobody has the address."""
        user = self.directory.find_user(self.options.pilot, self.options.pilot)
        if user is None:
            raise NotAsked("nobody in this organization has the address of --pilot")
        return user

    def wait_until(self, what: str, is_so: Callable[[], bool]) -> float:
        """How many seconds passed until it was so. GaveUp after --wait seconds."""
        began = self.clock.now()
        while not is_so():
            if self.clock.now() - began >= self.options.wait:
                raise GaveUp(f"{what}: not within {self.options.wait:.0f} s")
            self.clock.sleep(POLL_SECONDS)
        return round(self.clock.now() - began, 1)

    # -- the role

    def role(self) -> str:
        """A role that EWS honours for the pilot mailbox: the given one, or with --write one that is
        made when it is first wanted. NotAsked."""
        if self._role_failed:
            raise NotAsked(f"there is no impersonation role that works: {self._role_failed}")
        if self._role:
            return self._role
        if not self.options.write:
            raise NotAsked("no role opens the mailbox: give --role ID, or --pilot and --write")
        try:
            self._role, self._propagation = self._make_role()
        except (NotAsked, GaveUp) as error:
            self._role_failed = str(error)
            raise
        except Exception as error:
            self._role_failed = explain(error)
            raise
        return self._role

    def propagation(self) -> Propagation:
        """How the role of this run came to work. NotAsked if it existed before."""
        if self.options.role:
            raise NotAsked("--role names a role that exists: leave it out")
        self.role()
        assert self._propagation is not None
        return self._propagation

    def token(self) -> Token:
        """A new token of the role."""
        return self.directory.assume_role(self.role())

    def open_ews(self) -> EwsClient:
        """The pilot mailbox over EWS."""
        self.role()
        return EwsClient(self.options.ews_url, self.token, self.options.pilot)

    def _make_role(self) -> tuple[str, Propagation]:
        pilot = self.pilot.id
        by_hand = f"delete the impersonation role `{ROLE_NAME}` in WorkMail's console"
        self.traces.begin(Trace(self._remove_roles, by_hand))
        answer = self.client.create_impersonation_role(
            ClientToken=uuid.uuid4().hex,
            OrganizationId=self.options.organization,
            Name=ROLE_NAME,
            Type="FULL_ACCESS",
            Description="Made by `localrun probe` of the WorkMail migration, for one mailbox.",
            Rules=[
                {"ImpersonationRuleId": "pilot-only", "Effect": "ALLOW", "TargetUsers": [pilot]}
            ],
        )
        role = answer["ImpersonationRoleId"]
        return role, self._watch_role(role)

    def _watch_role(self, role: str) -> Propagation:
        began = self.clock.now()
        refusals: Counter[str] = Counter()
        assumable: list[float] = []
        allowed: list[float] = []

        def passed() -> float:
            return round(self.clock.now() - began, 1)

        def try_once() -> bool:
            try:
                self.directory.assume_role(role)
                assumable[:] = assumable or [passed()]
            except AdministratorPending:
                return False
            if not allowed and self._is_allowed(role):
                allowed.append(passed())
            code = self._knock(role)
            refusals.update([code] if code else [])
            return not code

        honoured = self.wait_until("EWS honours the new impersonation role", try_once)
        return Propagation(
            assumable[0], allowed[0] if allowed else None, honoured, dict(sorted(refusals.items()))
        )

    def _is_allowed(self, role: str) -> bool:
        answer = self.client.get_impersonation_role_effect(
            OrganizationId=self.options.organization,
            ImpersonationRoleId=role,
            TargetUser=self.pilot.id,
        )
        return answer.get("Effect") == "ALLOW"

    def _knock(self, role: str) -> str:
        """The code with which EWS refuses the role, "" if it lets it in."""
        client = EwsClient(
            self.options.ews_url,
            lambda: self.directory.assume_role(role),
            self.options.pilot,
            connections=1,
        )
        try:
            client.confirm()
        except Unreachable as error:
            if error.for_good:
                raise
            return str(error)
        except EwsError as error:
            return str(error)
        finally:
            client.close()
        return ""

    def _remove_roles(self) -> None:
        """All of that name: a lost answer may have made a second one."""
        while role := self.directory.find_role(ROLE_NAME):
            self.directory.delete_role(role)

    # -- logins

    def imap_server(self) -> ImapServer:
        options = self.options
        return ImapServer(options.imap_host, options.imap_port, options.imap_tls)

    def imap_login(self) -> ImapLogin:
        """The pilot's own, if the organization knows the pilot. NotAsked without a password."""
        password = self.options.pilot_password
        if not password and self.options.pilot_secret:
            secret = self._read_secret(self.options.pilot_secret)
            password = find_password(secret, self.options.pilot)
        if not password:
            raise NotAsked(
                f"no password opens the mailbox over IMAP: set {PILOT_PASSWORD}, or give "
                "--pilot-secret NAME"
            )
        self.mask.hide(password)
        assert self.pilot.id  # NotAsked before a stranger's mailbox could be opened
        return ImapLogin(self.options.pilot, password)

    def admin(self) -> Admin:
        """The migration administrator's. NotAsked without one."""
        user, password = self.options.admin_user, self.options.admin_password
        if self.options.admin_secret and not (user and password):
            secret = self._read_secret(self.options.admin_secret)
            user, password = str(secret.get("user", "")), str(secret.get("password", ""))
        if not (user and password):
            raise NotAsked(
                f"no administrator's login: set {ADMIN_USER} and {ADMIN_PASSWORD}, or give "
                "--admin-secret NAME"
            )
        self.mask.hide_address(user)
        self.mask.hide(password)
        return Admin(user, password)

    def _read_secret(self, name: str) -> Mapping[str, object]:
        client = boto3.client("secretsmanager", region_name=self.options.region)
        try:
            return TenantSecrets(client, "", name).read_target()
        except MigrationError:
            raise NotAsked("the secret is no JSON object") from None
