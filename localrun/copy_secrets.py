"""What opens the two mailboxes of a copy: from files or from the environment, never from the
command line, which other users of the machine can read.

A file holds, in its first line, the password (for EWS: the bearer token); or a JSON object, one of

    {"password": ...}
    {"token": ...}
    {"admin": {"user": ..., "password": ...}}    an administrator who may open the mailbox of others
    {"master": {"user": ..., "password": ...}}   the same, as `user*master`, as Dovecot has it
"""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from localrun.copy_places import EwsPlace, ImapPlace, Place
from migration.wire.imap_login import ImapLogin

TYPE_CHECKING = False  # as in typing, which takes long to load
if TYPE_CHECKING:
    from migration.directory_model import Token

_FORMS = '{"password": …}, {"token": …}, {"admin": {"user": …, "password": …}} or {"master": {…}}'
_LARGEST = 100_000


class SecretRefusedError(Exception):
    """A secret is missing or cannot be used; the message says why, and holds nothing of it."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A password or a token; of the mailbox itself, or of its `admin` or `master`. `plain` is the
    first line of a file, which may be either."""

    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    plain: str = field(default="", repr=False)
    admin: str = field(default="", repr=False)
    master: str = field(default="", repr=False)


def parse_secret(text: str) -> Secret:
    """What a file says. SecretRefusedError."""
    if not text.lstrip().startswith("{"):
        line = text.split("\n", 1)[0].rstrip("\r")
        if not line:
            raise SecretRefusedError("its first line is empty")
        return Secret(plain=line)
    try:
        fields = json.loads(text)
    except ValueError as error:
        raise SecretRefusedError(
            "it begins like a JSON object and is none (a password that begins with { is written "
            f'as {{"password": "{{…"}}): {type(error).__name__}'
        ) from None
    match fields:
        case {"password": str(password), **rest} if password and not rest:
            return Secret(password=password)
        case {"token": str(token), **rest} if token and not rest:
            return Secret(token=token)
        case {"admin": {"user": str(user), "password": str(password), **more}, **rest} if (
            user and password and not more and not rest
        ):
            return Secret(password=password, admin=user)
        case {"master": {"user": str(user), "password": str(password), **more}, **rest} if (
            user and password and not more and not rest
        ):
            return Secret(password=password, master=user)
    raise SecretRefusedError(f"as a JSON object it must be one of {_FORMS}")


def secret_from_environment(side: str, environment: Mapping[str, str]) -> Secret:
    """What the variables of a side (`source` or `target`) say. SecretRefusedError."""
    names = f"{side.upper()}_PASSWORD", f"{side.upper()}_TOKEN"
    password, token = (environment.get(name, "") for name in names)
    if password and token:
        raise SecretRefusedError(f"both {names[0]} and {names[1]} are set: unset one")
    if not password and not token:
        raise SecretRefusedError(f"set {names[0]} or {names[1]}, or give --{side}-secret FILE")
    return Secret(password=password, token=token)


def read_secret(side: str, file: Path | None, environment: Mapping[str, str]) -> Secret:
    """The secret of a side, from its file if there is one. SecretRefusedError."""
    if file is None:
        return secret_from_environment(side, environment)
    try:
        with file.open(encoding="utf-8") as opened:
            return parse_secret(opened.read(_LARGEST))
    except OSError as error:
        raise SecretRefusedError(f"cannot read {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SecretRefusedError(f"cannot read {file}: it is not UTF-8") from None
    except SecretRefusedError as error:
        raise SecretRefusedError(f"cannot use {file}: {error}") from None


def is_open_to_others(file: Path) -> bool:
    """Whether users other than the owner can read the file."""
    try:
        return bool(file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
    except OSError:
        return False


def warn_of_readers(files: Iterable[Path | None]) -> tuple[str, ...]:
    """A sentence about each of the files that is open to others."""
    return tuple(
        f"other users of this machine can read {file}: chmod 600 {file}"
        for file in files
        if file is not None and is_open_to_others(file)
    )


def check_secret(place: Place, secret: Secret) -> None:
    """SecretRefusedError if this opens no such mailbox."""
    if isinstance(place, EwsPlace) and not (secret.token or secret.plain):
        raise SecretRefusedError("EWS takes a bearer token, no password")


def make_login(place: ImapPlace, secret: Secret) -> ImapLogin:
    """How to open an IMAP mailbox."""
    if secret.token:
        return ImapLogin(place.user, token=secret.token)
    if secret.admin:
        return ImapLogin(secret.admin, secret.password, authorize_as=place.user)
    return ImapLogin(place.user, secret.password or secret.plain, master=secret.master)


def make_token(file: Path | None, secret: Secret) -> Callable[[], Token]:
    """Gives the bearer token for EWS. A file is read anew each time: tokens end, and whoever renews
    it there keeps a long copy going. CredentialsRejected if there is none any more."""
    # Not above: a pass without news has no time to load them.
    from migration.directory_model import Token
    from migration.errors import CredentialsRejected

    def token() -> Token:
        try:
            latest = read_secret("target", file, {}) if file else secret
        except SecretRefusedError as error:
            raise CredentialsRejected(str(error)) from None
        return Token(latest.token or latest.plain)

    return token
