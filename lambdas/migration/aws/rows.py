"""The ledger's values as attributes of DynamoDB items, and back.

Nested values are JSON text: they are read and written whole, and DynamoDB's numbers would come
back as Decimal. Attributes that a condition or an update names stand alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, replace
from typing import Any
from urllib.parse import quote, unquote

from migration import transitions
from migration.mail import Fate, ItemRef, Remark
from migration.model import (
    Agreement,
    Failure,
    FolderCheck,
    FolderRecord,
    Intent,
    Mailbox,
    MailboxRecord,
    MailboxStatus,
    MailboxVerdict,
    PassLine,
    Profile,
    Tally,
)

Attributes = dict[str, Any]

OF_A_RUN = ("failure", "verdict", "remarks", "expected", "begun", "passes")
"""What the ledger has of a mailbox for one run, and forgets when it is planned for the next."""


def to_text(value: Any) -> str:
    """A dataclass of the model as JSON."""
    return json.dumps(asdict(value), ensure_ascii=False, separators=(",", ":"))


def folder_attributes(record: FolderRecord) -> Attributes:
    """Everything but the check, which is written on its own."""
    attributes: Attributes = {
        "key": record.key,
        "path": list(record.path),
        "target_path": list(record.target_path),
        "validity": record.validity,
        "target_id": record.target_id,
        "fence": record.fence,
        "revision": record.revision,
        "cursor": record.cursor,
        "total": to_text(record.total),
        "pass_id": record.pass_id,
        "in_pass": to_text(record.in_pass),
        "earlier": list(record.earlier),
        "recount": record.recount,
        "scope": record.scope,
        "flags_state": record.flags_state,
    }
    if record.intent:
        attributes["intent"] = _intent_text(record.intent)
    return attributes


def folder_from(item: Mapping[str, Any]) -> FolderRecord:
    return FolderRecord(
        key=item["key"],
        path=tuple(item["path"]),
        target_path=tuple(item["target_path"]),
        validity=item["validity"],
        target_id=item["target_id"],
        fence=int(item["fence"]),
        revision=int(item["revision"]),
        cursor=item["cursor"],
        total=Tally(**json.loads(item["total"])),
        pass_id=int(item["pass_id"]),
        in_pass=Tally(**json.loads(item["in_pass"])),
        intent=_intent_from(item["intent"]) if "intent" in item else None,
        earlier=tuple(item["earlier"]),
        recount=bool(item["recount"]),
        scope=item["scope"],
        flags_state=item["flags_state"],
        check=_check_from(item["check"]) if "check" in item else None,
    )


def mailbox_from(item: Mapping[str, Any]) -> MailboxRecord:
    return MailboxRecord(
        mailbox=_mailbox_from(item["mailbox"]),
        run=item["run"],
        status=MailboxStatus(item["status"]),
        user_id=item.get("user_id", ""),
        provisioned=item.get("provisioned", ""),
        failure=Failure(**json.loads(item["failure"])) if "failure" in item else None,
        verdict=_verdict_from(item["verdict"]) if "verdict" in item else None,
        password_in=item.get("password_in", ""),
        address=item.get("address", ""),
        remarks=tuple(item.get("remarks", ())),
        expected=int(item.get("expected", 0)),
        begun=item.get("begun", ""),
        passes=tuple(PassLine(*each) for each in json.loads(item.get("passes", "[]"))),
    )


def verdict_attributes(known: Mapping[str, Any], verdict: MailboxVerdict, at: str) -> Attributes:
    """What is set in the item of a mailbox when it is judged."""
    passes = transitions.add_pass(mailbox_from(known).passes, verdict, at)
    return {
        "status": str(MailboxStatus.COPIED),
        "verdict": to_text(verdict),
        "passes": json.dumps([astuple(each) for each in passes], separators=(",", ":")),
    }


def provisioned_attributes(
    user_id: str, how: str, address: str, remarks: Sequence[str], status: MailboxStatus
) -> Attributes:
    """What is set when a mailbox is provisioned."""
    return {
        "status": str(status),
        "user_id": user_id,
        "provisioned": how,
        "address": address,
        "remarks": list(remarks),
    }


def _mailbox_from(text: str) -> Mailbox:
    """Mailboxes that an earlier version planned have neither profile nor quota."""
    fields = json.loads(text)
    fields["aliases"] = tuple(fields["aliases"])
    fields["profile"] = Profile(**fields.get("profile", {}))
    return Mailbox(**fields)


def remark_key(remark: Remark) -> str:
    """Padded, so that numeric uids come back in their order."""
    return f"Q#{remark.folder_key}#{remark.uid.rjust(20, '0')}"


def remark_attributes(remark: Remark) -> Attributes:
    """What is not known is left out."""
    attributes = {**asdict(remark), "fate": str(remark.fate)}
    return {name: value for name, value in attributes.items() if value != ""}


def remark_from(item: Mapping[str, Any]) -> Remark:
    """Remarks that an earlier version kept have neither date nor subject."""
    return Remark(
        item["folder_key"],
        item["uid"],
        int(item["size"]),
        item.get("reason", ""),
        Fate(item["fate"]),
        item.get("received", ""),
        item.get("subject", ""),
    )


def stops(item: Mapping[str, Any] | None, run: str) -> bool:
    """Whether the item PAUSE, if there is one, stops the copy of this run."""
    if item is None:
        return False
    return bool(item.get("wanted")) or bool(run and item.get("aborted") == run)


def _intent_text(intent: Intent) -> str:
    """A thousand messages in some kilobytes, written anew with every batch: DynamoDB's price is by
    size, and one plain string, with sizes and uids in turns, is the fastest to write."""
    fields = asdict(replace(intent, refs=()))
    fields["refs"] = " ".join([f"{ref.size} {_without_spaces(ref.uid)}" for ref in intent.refs])
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def _intent_from(text: str) -> Intent:
    fields = json.loads(text)
    known = fields.pop("refs")
    if isinstance(known, list):  # of a batch that was open while the tenant was deployed anew
        return Intent(tuple(ItemRef(uid, size) for uid, size in known), **fields)
    words = iter(known.split(" "))
    refs = tuple(ItemRef(unquote(uid), int(size)) for size, uid in zip(words, words, strict=False))
    return Intent(refs, **fields)


def _without_spaces(uid: str) -> str:
    return quote(uid, safe="") if " " in uid or "%" in uid else uid


def _check_from(text: str) -> FolderCheck:
    fields = json.loads(text)
    return FolderCheck(**{**fields, "agreement": Agreement(fields["agreement"])})


def _verdict_from(text: str) -> MailboxVerdict:
    fields = json.loads(text)
    return MailboxVerdict(
        pass_id=fields["pass_id"],
        agreement=Agreement(fields["agreement"]),
        total=Tally(**fields["total"]),
        in_pass=Tally(**fields["in_pass"]),
        reasons=tuple(fields["reasons"]),
        items=Tally(**fields.get("items", {})),
        items_in_pass=Tally(**fields.get("items_in_pass", {})),
    )
