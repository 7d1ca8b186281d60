"""The login of an application that is registered at the source, from the source secret."""

from __future__ import annotations

from collections.abc import Mapping

from migration.errors import CredentialsRejected
from migration.wire.graph_model import AppLogin


def choose_app_login(secret: Mapping[str, object]) -> AppLogin:
    """The application's login. The secret's form: {"app": {"directory": ..., "client_id": ...,
    "secret": ...}}, or `certificate` (PEM: private key and certificate) in the place of `secret`.
    CredentialsRejected if it has no such form; preflight.check_secret says what is wrong."""
    app = secret.get("app")
    if not isinstance(app, Mapping):
        raise CredentialsRejected("the source secret holds no application's login (`app`)")
    known = {
        name: app.get(name, "") for name in ("directory", "client_id", "secret", "certificate")
    }
    if not all(isinstance(value, str) for value in known.values()):
        raise CredentialsRejected("`app` in the source secret holds something else than texts")
    if not known["directory"] or not known["client_id"]:
        raise CredentialsRejected("`app` in the source secret lacks `directory` or `client_id`")
    if bool(known["secret"]) == bool(known["certificate"]):
        raise CredentialsRejected("`app` in the source secret needs a secret or a certificate")
    return AppLogin(**known)
