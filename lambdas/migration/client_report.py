"""What the report of a run says of the users' client settings: written when they are, as a file
beside the report, and read when the report is written."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from migration.clients import Autodiscover
from migration.ports import BlobStore

if TYPE_CHECKING:
    from migration.client_files import UserLine


@dataclass(frozen=True, slots=True)
class ClientsReport:
    """What became of the settings of mail programs.

    pages         users whose settings are in the bucket
    sent          users who were sent a mail
    doubtful      addresses of users to whom a mail may have been sent
    refused       addresses of users to whom none could be sent, each with the reason
    without       how many users get no settings, by the reason
    problems      what else the operator has to see to
    autodiscover  what autodiscover of each domain answers
    """

    pages: int
    sent: int
    doubtful: tuple[str, ...] = ()
    refused: Mapping[str, str] | None = None
    without: Mapping[str, int] | None = None
    problems: tuple[str, ...] = ()
    autodiscover: Mapping[str, str] | None = None

    @property
    def needs_attention(self) -> bool:
        """Whether there is something to be done but for autodiscover."""
        return bool(self.problems or self.refused or self.doubtful)

    @property
    def sentence(self) -> str:
        """The whole in one line, without addresses."""
        parts = [f"client settings of {self.pages:,} users are below clients/ in the bucket"]
        parts += [f"{self.sent:,} have been mailed"] * bool(self.sent)
        parts += [f"{len(self.doubtful):,} may have been mailed"] * bool(self.doubtful)
        parts += [f"{len(self.refused or ()):,} could not be"] * bool(self.refused)
        parts += [f"{sum((self.without or {}).values()):,} users get none"] * bool(self.without)
        parts += [f"{domain}: {found}" for domain, found in (self.autodiscover or {}).items()]
        parts += self.problems
        return "; ".join(parts)


def report_on(
    lines: Iterable[UserLine], found: Sequence[Autodiscover], problems: Sequence[str]
) -> ClientsReport:
    """The report on all users of the run. `problems` besides those that stand at the users."""
    known = list(lines)
    pages = [line for line in known if line.page]
    unsent = Counter(line.remark for line in pages if line.mail == "not sent" and line.remark)
    return ClientsReport(
        pages=len(pages),
        sent=sum(line.mail == "sent" for line in pages),
        doubtful=tuple(line.address for line in pages if line.mail == "may have been sent"),
        refused={line.address: line.remark for line in known if line.mail == "refused"},
        without=dict(Counter(line.remark for line in known if not (line.page or line.mail))),
        problems=(
            *problems,
            *(f"{number:,} not mailed: {why}" for why, number in sorted(unsent.items())),
        ),
        autodiscover={each.domain: each.sentence for each in found},
    )


def write_report_on_clients(blobs: BlobStore, run: str, report: ClientsReport) -> None:
    """Over what was there."""
    body = json.dumps(asdict(report), indent=1).encode("ascii")
    blobs.put(_key(run), body, "application/json")


def read_report_on_clients(blobs: BlobStore, run: str) -> ClientsReport | None:
    """None if the run has not come to the client settings."""
    try:
        fields = json.loads(blobs.get(_key(run)))
    except KeyError:
        return None
    for name in ("doubtful", "problems"):
        fields[name] = tuple(fields[name])
    return ClientsReport(**fields)


def _key(run: str) -> str:
    return f"reports/{run}/clients.json"
