"""What a refusal of Microsoft Entra's token endpoint means, and what the operator can do. Pure.

https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from migration.errors import CredentialsRejected, SourceBusy
from migration.wire.graph_model import read_code
from migration.wire.http_connections import BACK_OFF

_BY_NUMBER = {
    700016: "the directory has no application with this client_id: compare client_id and directory,"
    " and the cloud",
    90002: "there is no such directory in this cloud: compare directory and cloud",
    900023: "the directory is neither a tenant's id nor one of its domains",
    7000215: "the client secret is wrong: enter its value, not its id",
    7000222: "the client secret has expired: make a new one and enter it",
    7000216: "Entra wants a secret or a certificate, and got none",
    7000218: "Entra wants a secret or a certificate, and got none",
    700027: "the certificate is not registered for this application: upload it there",
    700024: "the time of the certificate's assertion is wrong: look at the clock",
    1000502: "the certificate has expired: register a new one and enter it with its key",
    7000112: "the application is disabled in the directory: enable its enterprise application",
    7000229: "the application has no enterprise application in this directory: grant it consent",
    500011: "the directory does not know the service that is asked for: compare the cloud, and"
    " whether the tenant has Exchange Online",
    650056: "the application has no permissions there: add them, and grant consent",
    70001: "the application is disabled in the directory: enable its enterprise application",
    70011: "the scope is not known to this cloud: compare the cloud",
    1002012: "the scope is not known to this cloud: compare the cloud",
    53003: "a conditional access policy keeps the application out: allow it from where this runs",
    53000: "a conditional access policy keeps the application out: allow it from where this runs",
    90038: "the directory is in another cloud: compare the cloud",
    900432: "the directory is in another cloud: compare the cloud",
}
_BY_ERROR = {
    "invalid_client": "the secret or certificate is not this application's",
    "unauthorized_client": "the directory does not know this application, or has not let it in:"
    " compare client_id and directory, and grant it consent",
    "invalid_scope": "the scope is not known to this cloud: compare the cloud",
    "invalid_request": "Entra does not accept the request: compare directory, client_id and cloud",
    "invalid_resource": "the directory does not know the service that is asked for",
    "access_denied": "a policy of the directory keeps the application out",
}
_PASSING_ERRORS = frozenset({"temporarily_unavailable", "server_error"})
_PASSING_NUMBERS = frozenset({90006, 90012, 90024, 90033, 90055})


def explain(body: Mapping[str, Any]) -> Exception:
    """The error for the answer of a token endpoint (RFC 6749, section 5.2) that refuses.

    Entra's description is never told: it holds names of the application and the tenant. Its number
    (AADSTS...) is.
    """
    error = read_code(body)
    numbers = _read_numbers(body.get("error_codes"))
    if error in _PASSING_ERRORS or _PASSING_NUMBERS & set(numbers):
        return SourceBusy("Microsoft's login service is busy", BACK_OFF)
    advice = next((_BY_NUMBER[each] for each in numbers if each in _BY_NUMBER), "")
    advice = advice or _BY_ERROR.get(error, "look up the code at Microsoft")
    told = " ".join([error or "no code", *(f"AADSTS{each}" for each in numbers)])
    return CredentialsRejected(f"Entra refused the application's login ({told}): {advice}")


def _read_numbers(value: object) -> list[int]:
    numbers = value if isinstance(value, list) else []
    return [one for one in numbers if type(one) is int and 0 < one < 10**9][:3]
