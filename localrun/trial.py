"""A trial: any real IMAP server as the source, emulated WorkMail as the target.

The source is opened read-only, as always. Credentials come from a file or from the environment,
never from the command line, which other users of the machine can read.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from localrun.scenario import Scenario
from localrun.world import World
from migration.manifest import parse_manifest

USER_VARIABLE, PASSWORD_VARIABLE = "SOURCE_ADMIN_USER", "SOURCE_ADMIN_PASSWORD"
MAILBOX_PASSWORD_VARIABLE = "SOURCE_PASSWORD"


class TrialRefusedError(Exception):
    """The command line or what it names cannot be used; the message says what to do."""


def parse_source(url: str) -> dict[str, Any]:
    """`imaps://host[:993]` or `imap://host[:143]`; the latter uses STARTTLS unless the host is
    this machine. TrialRefusedError for anything else."""
    parts = urlsplit(url)
    if parts.scheme not in ("imap", "imaps") or not parts.hostname:
        raise TrialRefusedError(f"--source must be imaps://HOST[:PORT] or imap://…, not {url!r}")
    if parts.password is not None or parts.username is not None:
        raise TrialRefusedError(
            "--source must not hold a user or a password: others can read a command line. "
            f"Use --credentials FILE, or {USER_VARIABLE} and {PASSWORD_VARIABLE}."
        )
    tls = (
        "ssl" if parts.scheme == "imaps" else ("none" if _is_local(parts.hostname) else "starttls")
    )
    port = parts.port or (993 if tls == "ssl" else 143)
    return {"kind": "imap", "host": parts.hostname, "port": port, "tls": tls}


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_credentials(
    file: Path | None, env: Mapping[str, str], users: list[str]
) -> Mapping[str, Any]:
    """The source secret's JSON, from a file of that form or from the environment: an
    administrator's login for all mailboxes, or the password of the manifest's only one."""
    if file is not None:
        try:
            loaded = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise TrialRefusedError(f"cannot read --credentials {file}: {error}") from error
        if not isinstance(loaded, dict) or not loaded.keys() & {"admin", "mailboxes"}:
            raise TrialRefusedError(
                '--credentials must hold {"admin": {"user": …, "password": …}} and/or '
                '{"mailboxes": {"user": "password"}}'
            )
        return loaded
    if USER_VARIABLE in env and PASSWORD_VARIABLE in env:
        return {"admin": {"user": env[USER_VARIABLE], "password": env[PASSWORD_VARIABLE]}}
    if MAILBOX_PASSWORD_VARIABLE in env and len(users) == 1:
        return {"mailboxes": {users[0]: env[MAILBOX_PASSWORD_VARIABLE]}}
    raise TrialRefusedError(
        f"no credentials for the source: set {USER_VARIABLE} and {PASSWORD_VARIABLE} (an "
        f"administrator who may log in for others), or {MAILBOX_PASSWORD_VARIABLE} if the "
        "manifest names one mailbox, or give --credentials FILE"
    )


def make_trial(
    source: str, manifest: Path, credentials: Path | None, env: Mapping[str, str]
) -> Scenario:
    """The scenario `trial`: provisions, copies, verifies, reports; the DNS is left out."""
    try:
        body = manifest.read_bytes()
    except OSError as error:
        raise TrialRefusedError(f"cannot read the manifest: {error}") from error
    rows = parse_manifest(body, []).rows
    domains = sorted({row.target.rsplit("@", 1)[-1].lower() for row in rows})
    parsed = parse_manifest(body, domains)
    if parsed.faults:
        faults = "\n".join(fault.text for fault in parsed.faults)
        raise TrialRefusedError(f"the manifest has {len(parsed.faults)} faults:\n{faults}")
    if len(domains) != 1:
        raise TrialRefusedError("a trial takes one domain; the manifest has " + ", ".join(domains))
    return Scenario(
        name="trial",
        sentence="Your own IMAP server into an emulated WorkMail.",
        domain=domains[0],
        manifest=body,
        secret=read_credentials(credentials, env, [row.source for row in rows]),
        seed=_seed_nothing,
        users={row.target: "" for row in rows},
        source=parse_source(source),
        input={"phases": ["provision", "copy", "report"]},
        expected=None,
    )


def _seed_nothing(_world: World) -> int:
    return 0
