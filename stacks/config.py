"""What an operator may set for a tenant: the schema of tenants/<tenant>.yaml.

A setting without a default must be given. Unknown keys are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Self

from stacks.checks import (
    ConfigError,
    between,
    empty_or,
    is_day,
    is_dns_server,
    is_domain,
    is_ews_url,
    is_host,
    matches,
    one_of,
    read_record,
    read_yaml,
)

__all__ = ["ConfigError", "TenantConfig"]

_PORTS: Mapping[str, int] = {"ssl": 993, "starttls": 143, "none": 143}


@dataclass(frozen=True, slots=True)
class Source:
    """Where the mail is now.

    kind  how it is read: imap
    host  the server's name; the certificate is checked against it
    tls   ssl (from the first byte), starttls, or none (a test server on the same machine)
    port  0 means the usual one: 993 with ssl, else 143
    """

    kind: Annotated[str, one_of("imap")]
    host: Annotated[str, is_host]
    tls: Annotated[str, one_of("ssl", "starttls", "none")] = "ssl"
    port: Annotated[int, between(0, 65535)] = 0


@dataclass(frozen=True, slots=True)
class Target:
    """Where the mail goes.

    kind     how it is written: workmail_ews
    ews_url  empty means the endpoint of the Region
    """

    kind: Annotated[str, one_of("workmail_ews")] = "workmail_ews"
    ews_url: Annotated[str, empty_or(is_ews_url)] = ""


@dataclass(frozen=True, slots=True)
class Dns:
    """How the cut-over is watched.

    servers       address:port of the resolvers to ask; none means the public ones
    timeout_days  how long the MX may take before the run gives up; the history of an execution
                  has room for 29 days of looking (every 15 minutes, 30 after two weeks)
    """

    servers: tuple[Annotated[str, is_dns_server], ...] = ()
    timeout_days: Annotated[int, between(1, 28)] = 14


@dataclass(frozen=True, slots=True)
class Limits:
    """How much happens at the same time.

    users      users created or enabled; WorkMail throttles its API per account
    mailboxes  mailboxes copied, each by one Lambda function and a few connections to the source;
               an account has 1,000 concurrent functions unless AWS has raised it
    """

    users: Annotated[int, between(1, 50)] = 5
    mailboxes: Annotated[int, between(1, 500)] = 10


@dataclass(frozen=True, slots=True)
class Delta:
    """The passes after the cut-over, for mail that still arrives at the old server.

    interval_minutes  the wait between two passes; two of them must outlast the old MX record's
                      TTL, because senders keep it in their caches for so long
    passes            at most so many; two passes in a row that copied nothing end it sooner
    """

    interval_minutes: Annotated[int, between(1, 10080)] = 720
    passes: Annotated[int, between(1, 50)] = 5


@dataclass(frozen=True, slots=True)
class TenantConfig:
    """One tenant.

    tenant           its name, the file's name without .yaml; a part of every resource's name
    region           where the WorkMail organization is, and where the stack goes
    organization_id  WorkMail's id of it
    domains          the mail domains that move; the first is the one of new mailboxes
    account          the AWS account; empty means the one of the credentials at deployment
    manifest         the list of mailboxes, a key in the tenant's bucket below intake/
    end_of_support_acknowledged  the day on which WorkMail ends, written down by somebody who
                     knows it; empty until then, and the preflight asks for it
    """

    tenant: Annotated[
        str,
        matches(
            "[A-Za-z0-9](-?[A-Za-z0-9]){0,23}", "letters, digits and single dashes, at most 24"
        ),
    ]
    region: Annotated[str, one_of("us-east-1", "us-west-2", "eu-west-1")]
    organization_id: Annotated[
        str, matches("m-[0-9a-f]{32}", "m- and 32 digits or letters from a to f")
    ]
    domains: tuple[Annotated[str, is_domain], ...]
    source: Source
    account: Annotated[str, matches(r"(\d{12})?", "12 digits")] = ""
    manifest: Annotated[
        str,
        matches(r"intake/[A-Za-z0-9_./-]+", "a key that begins with intake/, without spaces"),
    ] = "intake/manifest.csv"
    target: Target = Target()
    dns: Dns = Dns()
    limits: Limits = Limits()
    delta: Delta = Delta()
    end_of_support_acknowledged: Annotated[str, is_day] = ""

    @classmethod
    def load(cls, path: Path, tenant: str = "") -> Self:
        """Reads a tenant file; ConfigError lists every problem in it.

        `tenant`: the name that it must have; empty for any.
        """
        problems: list[str] = []
        config = read_record(cls, read_yaml(path), problems)
        if not config.domains and not any(p.startswith("domains") for p in problems):
            problems.append("domains: needs at least one")
        if tenant and config.tenant and config.tenant != tenant:
            problems.append(f"tenant: must be {tenant}, as the file is called, not {config.tenant}")
        if problems:
            raise ConfigError(str(path), problems)
        return replace(
            config,
            source=replace(config.source, port=config.source.port or _PORTS[config.source.tls]),
            target=replace(config.target, ews_url=config.target.ews_url or _ews_url(config.region)),
        )


def _ews_url(region: str) -> str:
    """https://docs.aws.amazon.com/general/latest/gr/workmail.html"""
    return f"https://ews.mail.{region}.awsapps.com/EWS/Exchange.asmx"
