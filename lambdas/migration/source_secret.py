"""Whether the source's secret holds the login of an application, as Microsoft 365 needs it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

APP_FORM = '{"app": {"directory": ..., "client_id": ..., "secret": ...}}'
_NAMES = ("directory", "client_id", "secret", "certificate")
_CLIENT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----")


def find_app_faults(secret: Mapping[str, object]) -> Iterator[str]:
    """Sentences about what is wrong, without what the secret holds. Nothing is asked: whether the
    login is taken, a token shows."""
    app = secret.get("app")
    if not isinstance(app, Mapping):
        yield (
            f"the source's secret lacks the application's login: {APP_FORM}, or `certificate` in "
            "the place of `secret`"
        )
        return
    if strangers := len(app.keys() - set(_NAMES)):
        yield f"`app` in the source's secret has {strangers} other keys than {', '.join(_NAMES)}"
    wrong = [name for name in _NAMES if name in app and not _is_text(app[name])]
    yield from (f"`app.{name}` in the source's secret must be a text" for name in wrong)
    if "directory" not in app:
        yield "`app.directory` in the source's secret is missing: the tenant's id, or its domain"
    if "client_id" not in app:
        yield "`app.client_id` in the source's secret is missing: the application's (client) id"
    elif "client_id" not in wrong and not _CLIENT_ID.fullmatch(str(app["client_id"])):
        yield "`app.client_id` in the source's secret is no application's (client) id: it is a GUID"
    if ("secret" in app) == ("certificate" in app):
        yield "`app` in the source's secret needs either `secret` or `certificate`"
    elif "certificate" in app and "certificate" not in wrong:
        yield from _certificate_faults(str(app["certificate"]))


def _certificate_faults(pem: str) -> Iterator[str]:
    blocks = _PEM.findall(pem)
    if "CERTIFICATE" not in blocks:
        yield "`app.certificate` in the source's secret holds no certificate (PEM)"
    if "ENCRYPTED PRIVATE KEY" in blocks:
        yield "the key of `app.certificate` in the source's secret has a password: remove it"
    elif not any(block.endswith("PRIVATE KEY") for block in blocks):
        yield "`app.certificate` in the source's secret holds no private key (PEM) beside it"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""
