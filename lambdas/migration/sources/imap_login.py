"""Which login opens a mailbox at an IMAP source, decided from the source secret."""

from __future__ import annotations

from collections.abc import Mapping

from migration.errors import CredentialsRejected
from migration.wire.imap_login import ImapLogin

TYPE_CHECKING = False  # as in typing, which takes long to load
if TYPE_CHECKING:
    from migration.wire.imap_login import TokenMaker


def choose_login(
    secret: Mapping[str, object], user: str, make_token: TokenMaker | None = None
) -> ImapLogin:
    """The mailbox's own password if the secret has one, else the administrator's on its behalf.
    With `make_token` neither: its tokens, an application's, open every mailbox.

    The secret's form: {"mailboxes": {"user": "password"}} and/or
    {"admin": {"user": ..., "password": ...}}. CredentialsRejected if it has neither for this
    mailbox.
    """
    if make_token is not None:
        return ImapLogin(user, make_token=make_token)
    mailboxes = secret.get("mailboxes")
    if isinstance(mailboxes, Mapping) and isinstance(mailboxes.get(user), str):
        return ImapLogin(user, str(mailboxes[user]))
    admin = secret.get("admin")
    if isinstance(admin, Mapping) and {"user", "password"} <= admin.keys():
        return ImapLogin(str(admin["user"]), str(admin["password"]), authorize_as=user)
    raise CredentialsRejected(
        "the source secret holds neither a password for this mailbox nor an administrator's login"
    )
