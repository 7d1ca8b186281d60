"""What the probe was asked for, and everything that is wrong with it at once."""

from __future__ import annotations

import argparse
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from migration.wire.imap_login import TLS_MODES, is_loopback

REGIONS = ("us-east-1", "us-west-2", "eu-west-1")
"""Where WorkMail is (AWS General Reference, "Amazon WorkMail endpoints and quotas")."""

PILOT_PASSWORD = "PROBE_PILOT_PASSWORD"
ADMIN_USER, ADMIN_PASSWORD = "PROBE_ADMIN_USER", "PROBE_ADMIN_PASSWORD"
_LARGEST_MB = 45  # more than WorkMail takes, by its documentation
_ORGANIZATION = re.compile(r"m-[0-9a-f]{32}")
_ADDRESS = re.compile(r"[a-zA-Z0-9._%+-]{1,64}@[a-zA-Z0-9.-]+\.[a-zA-Z-]{2,}")
_USER_NAME = re.compile(r"[a-zA-Z0-9_\-.]{1,20}")

_DESCRIPTION = """\
Asks a real Amazon WorkMail organization what the migration has to know and no documentation says,
and prints what it learned. Uses the AWS credentials of this machine, as the AWS CLI does.

By default nothing is changed: Describe, List and Get calls, and DNS questions. With --pilot the
mailbox is read, too. Only with --pilot and --write something is made: an impersonation role for the
pilot mailbox alone, two folders, and a few messages in them and in Inbox, Sent Items, Drafts,
Deleted Items and Junk E-mail; and a folder each below Calendar, Contacts, Tasks and Notes, with a
few items (`calendar`, `contacts`, `tasks`). Nobody is invited: the addresses of their guests are in
the domain `invalid`. A program that has the mailbox open may remind of an event of 2024. All of it
is removed at the end, also after Ctrl-C. No other mailbox is ever opened. Run one probe at a time
for an organization.
"""
_EPILOG = f"""\
passwords stand in the environment or in Secrets Manager, never on the command line:
  {PILOT_PASSWORD}, or --pilot-secret NAME      opens the pilot mailbox over IMAP
  {ADMIN_USER} and {ADMIN_PASSWORD},
  or --admin-secret NAME ({{"user": …, "password": …}})  asks how a migration admin gets in

exit status: 0 all that was asked was learned, 1 something failed or was left behind, 2 the command
line or the credentials cannot be used, 130 interrupted.
"""


class OptionsRefusedError(Exception):
    """The command line cannot be used. `problems` lists every reason."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Options:
    """What to ask, and of whom. `wait` is in seconds, `largest` in megabytes of MIME."""

    organization: str
    region: str
    ews_url: str
    imap_host: str
    imap_port: int
    imap_tls: str
    pilot: str = ""
    write: bool = False
    role: str = ""
    create_user: str = ""
    largest: int = 1
    wait: float = 360.0
    outlive_token: bool = False
    only: tuple[str, ...] = ()
    json: Path | None = None
    pilot_secret: str = ""
    admin_secret: str = ""
    dns_servers: tuple[str, ...] = ()
    pilot_password: str = field(default="", repr=False)
    admin_user: str = field(default="", repr=False)
    admin_password: str = field(default="", repr=False)


def read_options(
    arguments: Sequence[str], environment: Mapping[str, str], names: Collection[str]
) -> Options:
    """The options of a command line; `names` are those of the questions. OptionsRefusedError with
    all that is wrong; SystemExit, as argparse has it, for --help and unknown options."""
    given = build_parser(names).parse_args(arguments)
    regions = (given.region, *map(environment.get, ("AWS_REGION", "AWS_DEFAULT_REGION")))
    region: str = next((each for each in regions if each), "")
    problems = [*_about_the_organization(given.organization, region), *_about_the_pilot(given)]
    problems += _about_numbers(given)
    problems += [
        f"--only: there is no question {name!r}" for name in given.only if name not in names
    ]
    ews_url = given.ews_url or f"https://ews.mail.{region}.awsapps.com/EWS/Exchange.asmx"
    imap_host = given.imap_host or f"imap.mail.{region}.awsapps.com"
    problems += _about_endpoints(ews_url, imap_host, given.imap_tls)
    if problems:
        raise OptionsRefusedError(problems)
    return Options(
        organization=given.organization,
        region=region,
        ews_url=ews_url,
        imap_host=imap_host,
        imap_port=given.imap_port,
        imap_tls=given.imap_tls,
        pilot=given.pilot,
        write=given.write,
        role=given.role,
        create_user=given.create_user,
        largest=given.largest,
        wait=given.wait,
        outlive_token=given.outlive_token,
        only=tuple(given.only),
        json=given.json,
        pilot_secret=given.pilot_secret,
        admin_secret=given.admin_secret,
        dns_servers=tuple(given.dns_server),
        pilot_password=environment.get(PILOT_PASSWORD, ""),
        admin_user=environment.get(ADMIN_USER, ""),
        admin_password=environment.get(ADMIN_PASSWORD, ""),
    )


def build_parser(names: Collection[str]) -> argparse.ArgumentParser:
    """The command line; `names` are those of the questions."""
    parser = argparse.ArgumentParser(
        "python -m localrun probe",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--organization", default="", metavar="m-…", help="the organization's id")
    add("--region", metavar="REGION", help=f"{', '.join(REGIONS)}; default: AWS_REGION")
    add("--pilot", default="", metavar="ADDRESS", help="the only mailbox that may be opened")
    add("--write", action="store_true", help="also ask what only a change shows; see above")
    add(
        "--role",
        default="",
        metavar="ID",
        help="an impersonation role that exists: reads the pilot mailbox over EWS without --write",
    )
    add(
        "--create-user",
        default="",
        metavar="NAME",
        help="with --write: creates and enables a user of this name, measures, and deletes it; "
        "AWS may bill a user for it",
    )
    add(
        "--largest",
        type=int,
        default=1,
        metavar="MB",
        help="up to which size messages are tried (default: 1; WorkMail documents 29 and 40)",
    )
    add("--wait", type=float, default=360.0, metavar="SECONDS", help="for each lag (default: 360)")
    add(
        "--outlive-token",
        action="store_true",
        help="waits until a token has expired, a quarter of an hour, and uses it once more",
    )
    add(
        "--only",
        action="append",
        default=[],
        metavar="QUESTION",
        help=f"ask only this; may be repeated: {', '.join(names)}",
    )
    add("--json", type=Path, metavar="FILE", help="also write the answers there")
    add("--pilot-secret", default="", metavar="NAME", help="in the form of the target's secret")
    add("--admin-secret", default="", metavar="NAME", help="of a migration administrator")
    _add_endpoints(parser)
    return parser


def _add_endpoints(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "other servers",
        "for the laptop's emulators; the API's own is set by AWS_ENDPOINT_URL_WORKMAIL",
    )
    group.add_argument("--ews-url", default="", metavar="URL")
    group.add_argument("--imap-host", default="", metavar="HOST")
    group.add_argument("--imap-port", type=int, default=993, metavar="PORT")
    group.add_argument("--imap-tls", choices=TLS_MODES, default="ssl")
    group.add_argument(
        "--dns-server", action="append", default=[], metavar="ADDRESS:PORT", help="may be repeated"
    )


def _about_the_organization(organization: str, region: str) -> list[str]:
    problems = []
    if not _ORGANIZATION.fullmatch(organization):
        problems.append(
            "--organization must be an id like m- and 32 hexadecimal digits: the console shows it, "
            "and so does `aws workmail list-organizations --region REGION`"
        )
    if region not in REGIONS:
        problems.append(f"--region (or AWS_REGION) must be one of {', '.join(REGIONS)}")
    return problems


def _about_the_pilot(given: argparse.Namespace) -> list[str]:
    problems = []
    if given.pilot and not _ADDRESS.fullmatch(given.pilot):
        problems.append("--pilot must be the e-mail address of a mailbox")
    if given.write and not given.pilot:
        problems.append("--write needs --pilot ADDRESS: the one mailbox that may be written to")
    if given.create_user and not given.write:
        problems.append("--create-user needs --write (and --pilot)")
    if given.create_user and not _USER_NAME.fullmatch(given.create_user):
        problems.append("--create-user must be a user name of at most 20 letters and digits")
    return problems


def _about_numbers(given: argparse.Namespace) -> list[str]:
    problems = []
    if not 1 <= given.largest <= _LARGEST_MB:
        problems.append(f"--largest must be 1 to {_LARGEST_MB} megabytes")
    if not 0 <= given.wait <= 3600:
        problems.append("--wait must be 0 to 3600 seconds")
    if given.json is not None and not given.json.absolute().parent.is_dir():
        problems.append("--json: there is no such folder")
    return problems


def _about_endpoints(ews_url: str, imap_host: str, imap_tls: str) -> list[str]:
    """Tokens and passwords go there."""
    problems = []
    url = urlsplit(ews_url)
    is_local = url.scheme == "http" and is_loopback(url.hostname or "")
    if not url.hostname or not (url.scheme == "https" or is_local):
        problems.append("--ews-url must be https; http is for this machine only")
    if imap_tls == "none" and not is_loopback(imap_host):
        problems.append("--imap-tls none is for this machine only")
    return problems
