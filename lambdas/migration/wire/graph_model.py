"""What is said with Microsoft Graph: who logs in, in which cloud, and what was refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]
"""An object of JSON, as Graph sends it."""

_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class GraphRefused(Exception):
    """Graph did not do what was asked, and will not do it when asked again at once. `status` is
    that of HTTP; `code` Graph's error code, "" if there is none that may be told. Graph's message
    may hold an address: it is not kept."""

    def __init__(self, status: int, code: str = "") -> None:
        super().__init__(f"http-{status} {code}".rstrip())
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class AppLogin:
    """An application registered in Microsoft Entra, and what it proves itself by: its `secret`, or
    `certificate`, a PEM with an RSA private key and the certificate that is registered for it.
    `directory` is the tenant's id or one of its domains."""

    directory: str
    client_id: str
    secret: str = field(default="", repr=False)
    certificate: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Cloud:
    """One of Microsoft's clouds, which know nothing of each other. Addresses are without a slash at
    their end; `graph_url` is with the version."""

    name: str
    login_url: str
    graph_url: str
    imap_host: str
    imap_scope: str


CLOUDS = {
    cloud.name: cloud
    for cloud in (
        Cloud(
            "global",
            "https://login.microsoftonline.com",
            "https://graph.microsoft.com/v1.0",
            "outlook.office365.com",
            "https://outlook.office365.com/.default",
        ),
        Cloud(
            "us-gov",
            "https://login.microsoftonline.us",
            "https://graph.microsoft.us/v1.0",
            "outlook.office365.us",
            "https://outlook.office365.us/.default",
        ),
        Cloud(
            "us-gov-dod",
            "https://login.microsoftonline.us",
            "https://dod-graph.microsoft.us/v1.0",
            "outlook-dod.office365.us",
            "https://outlook-dod.office365.us/.default",
        ),
        Cloud(
            "china",
            "https://login.chinacloudapi.cn",
            "https://microsoftgraph.chinacloudapi.cn/v1.0",
            "partner.outlook.cn",
            "https://partner.outlook.cn/.default",
        ),
    )
}
"""By name. GCC (not High) is in `global`. Sources: Graph's page "National cloud deployments", and
Exchange's lists of endpoints for each cloud."""


def find_scope(graph_url: str) -> str:
    """The scope of a token for Graph at this address: all that the application was granted."""
    return f"{graph_url.rsplit('/', 1)[0]}/.default"


def read_code(body: object) -> str:
    """The `code` of an answer that says what went wrong; "" if there is none that may be told."""
    error = body.get("error") if isinstance(body, Mapping) else None
    code = error.get("code") if isinstance(error, Mapping) else error
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""
