"""The proof of an erasure: erased/<run>.json, which holds counts and times and no personal data.

It is begun before the first thing goes, with what was found, so that a kill does not forget it, and
finished when everything was counted again. No erasure touches it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta

from migration.ports import BlobStore

SCHEMA = 1
FOLDER = "erased/"
DAYS_OF_BACKUPS = 35
DAYS_OF_LOGS = 30
DAYS_OF_HISTORIES = 90
DAYS_OF_DEAD_LETTERS = 14
DAYS_OF_PARTS = 7
"""How long AWS, or the stack, keeps what no erasure reaches (docs/privacy.md)."""

_SECRETS = (
    "earlier values of the two secrets of the stack: no label shows them, and Secrets Manager "
    "removes them when it sees fit; change those passwords, or delete the secrets"
)
_WITHOUT_AN_END = (
    _SECRETS,
    "messages and mails that were sent, with those who got them",
    "mailboxes, users, groups and resources in WorkMail, and the DNS: as they are",
    "this file: counts and times",
)


@dataclass(frozen=True, slots=True)
class Proof:
    """What was `found` when the operator was asked, and what is `left`, by kind. `by` says who has
    approved, as a Question does; with `approved` it is empty if nothing was found, so that nobody
    was asked. `earlier` names erasures that were begun and never finished: what they have erased
    stands in their files. `finished` is empty until nothing is left."""

    tenant: str
    run: str
    begun: str
    found: Mapping[str, int]
    approved: str = ""
    by: str = ""
    earlier: tuple[str, ...] = ()
    finished: str = ""
    left: Mapping[str, int] = field(default_factory=dict)

    @property
    def erased(self) -> int:
        """How many things are gone of those that were found."""
        return sum(max(number - self.left.get(kind, 0), 0) for kind, number in self.found.items())


def proof_key(run: str) -> str:
    """Where the proof of that erasure lies."""
    return f"{FOLDER}{run}.json"


def begin_proof(blobs: BlobStore, proof: Proof) -> None:
    """Writes the proof, unless the run has begun its own already."""
    key = proof_key(proof.run)
    if not blobs.exists(key):
        _write(blobs, replace(proof, earlier=tuple(_unfinished(blobs))))


def finish_proof(blobs: BlobStore, run: str, left: Mapping[str, int], now: str) -> Proof:
    """Writes what is left into the run's proof; `now` is its end if that is nothing."""
    proof = _read(blobs, proof_key(run))
    # Of what was found, nothing is a number, too.
    counted = dict.fromkeys(proof.found, 0) | dict(left)
    finished = replace(proof, left=counted, finished="" if any(counted.values()) else now)
    _write(blobs, finished)
    return finished


def has_proof(blobs: BlobStore, run: str) -> bool:
    """Whether the run has begun to erase."""
    return blobs.exists(proof_key(run))


def _unfinished(blobs: BlobStore) -> Iterator[str]:
    for key in blobs.list(FOLDER):
        proof = _read(blobs, key)
        if not proof.finished:
            yield proof.run


def _read(blobs: BlobStore, key: str) -> Proof:
    body = json.loads(blobs.get(key))
    return Proof(
        tenant=body["tenant"],
        run=body["run"],
        begun=body["begun"],
        found=body["found"],
        approved=body["approved"]["at"],
        by=body["approved"]["by"],
        earlier=tuple(body["earlier"]),
        finished=body["finished"],
        left=body["left"],
    )


def _write(blobs: BlobStore, proof: Proof) -> None:
    fields = asdict(proof)
    approved = {"at": fields.pop("approved"), "by": fields.pop("by")}
    remains = list(_remains(proof.finished)) if proof.finished else []
    body = {"schema": SCHEMA, **fields, "approved": approved, "erased": proof.erased}
    text = json.dumps({**body, "remains": remains}, indent=1)
    blobs.put(proof_key(proof.run), f"{text}\n".encode(), "application/json")


def _remains(finished: str) -> Iterator[dict[str, str]]:
    """What no erasure reaches, and until when; an empty `until` means that it has no end."""
    end = datetime.fromisoformat(finished)
    for days, what in (
        (DAYS_OF_BACKUPS, "the ledger's point-in-time recovery in DynamoDB: all that it had"),
        (DAYS_OF_LOGS, "logs of functions and workflow: ids, counts and times"),
        (DAYS_OF_HISTORIES, "histories of executions: ids, counts and times"),
        (DAYS_OF_DEAD_LETTERS, "dead-letter queues: names of executions"),
        (DAYS_OF_PARTS, "uploads into the bucket that were begun in parts and never completed"),
    ):
        yield {"what": what, "until": f"{end + timedelta(days=days):%Y-%m-%d}"}
    for what in _WITHOUT_AN_END:
        yield {"what": what, "until": ""}
