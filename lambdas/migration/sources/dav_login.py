"""Which login opens a person's calendars at a DAV server, decided from the source secret."""

from __future__ import annotations

from collections.abc import Mapping

from migration.errors import CredentialsRejected
from migration.sources.imap_login import choose_login
from migration.wire.dav_model import DavLogin


def choose_dav_login(
    secret: Mapping[str, object], user: str, template: str
) -> tuple[DavLogin, bool]:
    """The login, and whether it is the person's own: see imap_login.choose_login. An administrator
    opens the calendars of others only by an address that names them (`{user}`): what the server
    shows without one is the administrator's own. CredentialsRejected."""
    login = choose_login(secret, user)
    is_own = not login.authorize_as
    if not is_own and "{user}" not in template:
        raise CredentialsRejected(
            "the administrator's login opens a person's calendars only by a dav_url with {user}"
        )
    return DavLogin(login.user, login.password), is_own
