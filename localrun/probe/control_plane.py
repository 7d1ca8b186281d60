"""How fast the API answers, when it throttles, and how long a new user takes."""

from __future__ import annotations

import secrets
import statistics
import time
from collections.abc import Callable, Sequence

from botocore.exceptions import ClientError

from localrun.probe.letters import MARK
from localrun.probe.model import GaveUp, Learned, Need, NotAsked, Probe
from localrun.probe.session import POLL_SECONDS, Session
from localrun.probe.traces import Trace
from migration.directory_model import DirectoryUser
from migration.errors import ProvisioningPending
from migration.wire.imap import ImapConnection
from migration.wire.imap_errors import CommandRefused, LoginRefused, NotConnected
from migration.wire.imap_login import ImapLogin

_CALLS = 48
_ASSUMED = 10
_DISPLAY_NAME = f"Migration probe {MARK}"
_UNSEEN_FOR = 120.0
_THROTTLED = frozenset(
    "RequestLimitExceeded Throttling ThrottlingException TooManyRequestsException".split()
)


def measure(calls: Sequence[Callable[[], object]]) -> Learned:
    """Makes the calls one after the other until one is throttled."""
    took: list[float] = []
    throttled = ""
    for call in calls:
        began = time.perf_counter()
        try:
            call()
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code not in _THROTTLED:
                raise
            throttled = code
            break
        took.append(time.perf_counter() - began)
    rate = len(took) / sum(took) if took else 0.0
    said = f"throttled at call {len(took) + 1} ({throttled})" if throttled else "not throttled"
    return Learned(
        f"{len(took)} calls in a row at {rate:.1f} a second, {said}",
        {
            "calls": len(took),
            "per_second": round(rate, 1),
            "median_ms": round(statistics.median(took) * 1000, 1) if took else None,
            "slowest_ms": round(max(took) * 1000, 1) if took else None,
            "throttled": throttled,
        },
    )


def _ask_control_plane(session: Session) -> Learned:
    organization, client = session.options.organization, session.client
    kinds: list[Callable[[], object]] = [
        lambda: client.describe_organization(OrganizationId=organization),
        lambda: client.describe_inbound_dmarc_settings(OrganizationId=organization),
        lambda: client.list_mail_domains(OrganizationId=organization),
    ]
    return measure(kinds * (_CALLS // len(kinds)))


def _ask_token(session: Session) -> Learned:
    role = session.role()
    lifetimes: set[int] = set()

    def assume() -> None:
        answer = session.client.assume_impersonation_role(
            OrganizationId=session.options.organization, ImpersonationRoleId=role
        )
        lifetimes.add(answer["ExpiresIn"])

    rate = measure([assume] * _ASSUMED)
    expires = sorted(lifetimes)
    said = " and ".join(map(str, expires)) or "nothing known"
    return Learned(f"ExpiresIn {said} s; {rate.answer}", {"expires_in": expires, **rate.facts})


def _ask_new_user(session: Session) -> Learned:
    if not session.options.create_user:
        raise NotAsked("give --create-user NAME, a user who is deleted again; AWS may bill it")
    alias = session.directory.organization().alias
    return _NewUser(session, f"{session.options.create_user}@{alias}.awsapps.com").live()


class _NewUser:
    """A user from its creation to its deletion."""

    def __init__(self, session: Session, address: str) -> None:
        self._session = session
        self._name = session.options.create_user
        self._address = address
        self._password = f"{secrets.token_urlsafe(24)}aA1-"
        session.mask.hide(self._password)
        self._id = ""
        self._was_asked_for = False

    def live(self) -> Learned:
        """Creates and enables the user, and watches."""
        session, directory = self._session, self._session.directory
        there = directory.find_user(self._address, self._name)
        if there is not None and there.state != "DELETED" and there.display_name != _DISPLAY_NAME:
            raise NotAsked("--create-user names somebody who is there: give another name")
        by_hand = f"delete the user `{self._name}` (shown as `{_DISPLAY_NAME}`) in WorkMail"
        session.traces.begin(Trace(self._remove, by_hand))
        self._was_asked_for = True
        self._id = session.client.create_user(
            OrganizationId=session.options.organization,
            Name=self._name,
            DisplayName=_DISPLAY_NAME,
            Password=self._password,
        )["UserId"]
        began = session.clock.now()
        visible = session.wait_until("DescribeUser shows a new user", lambda: bool(self._find()))
        session.wait_until("RegisterToWorkMail takes a new user", self._is_registered)
        registered = round(session.clock.now() - began, 1)
        session.wait_until("a new mailbox is ready", self._is_ready)
        ready = round(session.clock.now() - began, 1)
        password = self._watch_password(began)
        said = "" if password is None else f", its password opens IMAP after {password} s"
        return Learned(
            f"visible after {visible} s, registered after {registered} s, ready after {ready} s"
            f"{said}",
            {
                "visible_after": visible,
                "registered_after": registered,
                "ready_after": ready,
                "imap_login_after": password,
            },
        )

    def _find(self) -> DirectoryUser | None:
        found = self._session.directory.find_user(self._address, self._id or self._name)
        return None if found is None or found.state == "DELETED" else found

    def _is_registered(self) -> bool:
        try:
            self._session.directory.enable_entity(self._id, self._address)
        except ProvisioningPending:
            return False
        return True

    def _is_ready(self) -> bool:
        user = self._find()
        return user is not None and user.ready

    def _watch_password(self, began: float) -> float | None:
        """When the password opened the mailbox; None if it did not in time, or there is no IMAP."""
        try:
            self._session.wait_until("a new password opens IMAP", self._opens)
        except (GaveUp, NotConnected):
            return None
        return round(self._session.clock.now() - began, 1)

    def _opens(self) -> bool:
        try:
            server = self._session.imap_server()
            ImapConnection(server, ImapLogin(self._address, self._password)).close()
        except (LoginRefused, CommandRefused):
            return False
        return True

    def _remove(self) -> None:
        """Only the user that bears the probe's name. One that was asked for may be unseen yet."""
        session = self._session
        ends = session.clock.now() + (_UNSEEN_FOR if self._was_asked_for else 0.0)
        while (user := self._find()) is None or user.display_name != _DISPLAY_NAME:
            if user is not None or session.clock.now() >= ends:
                return
            session.clock.sleep(POLL_SECONDS)
        self._repeat(lambda: self._disable(user), ends)
        self._repeat(lambda: self._delete(user), ends)

    def _disable(self, user: DirectoryUser) -> None:
        current = self._session.directory.find_user(self._address, user.id)
        if current is not None and current.email:
            self._session.client.deregister_from_work_mail(
                OrganizationId=self._session.options.organization, EntityId=user.id
            )

    def _delete(self, user: DirectoryUser) -> None:
        self._session.client.delete_user(
            OrganizationId=self._session.options.organization, UserId=user.id
        )

    def _repeat(self, call: Callable[[], None], ends: float) -> None:
        """While the user's last change is not seen everywhere."""
        while True:
            try:
                call()
            except ClientError as error:
                code = error.response.get("Error", {}).get("Code", "")
                if code not in {"EntityStateException", *_THROTTLED}:
                    raise
                if self._session.clock.now() >= ends:
                    raise
                self._session.clock.sleep(POLL_SECONDS)
            else:
                return


QUESTIONS = (
    Probe(
        "control-plane",
        8,
        f"How fast are Describe and List calls, and are {_CALLS} in a row throttled?",
        Need.NOTHING,
        _ask_control_plane,
    ),
    Probe(
        "token",
        2,
        f"How long does a token last, and are {_ASSUMED} AssumeImpersonationRole throttled?",
        Need.NOTHING,
        _ask_token,
    ),
    Probe(
        "new-user",
        8,
        "How long from CreateUser to a mailbox that is ready, and to a password that works?",
        Need.WRITE,
        _ask_new_user,
    ),
)
