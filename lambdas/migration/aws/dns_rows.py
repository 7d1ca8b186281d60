"""What the DNS looked like, as attributes of one item.

A look at many domains has thousands of findings, each with its record, and an item has at most
400 KB: so they are compressed.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from migration.dns_model import DnsFinding, DnsProgress, DnsRecord, DnsVerdict, DnsWatch, RecordKind


def attributes(at: str, findings: Sequence[DnsFinding], watch: DnsWatch) -> dict[str, str]:
    """All but the key."""
    return {
        "at": at,
        "findings": _pack([asdict(finding) for finding in findings]),
        "watch": _pack(asdict(watch)),
    }


def findings_from(item: Mapping[str, Any]) -> tuple[str, list[DnsFinding]]:
    """When it was, and what was found."""
    found = item["findings"]
    # An earlier version kept a list of JSON texts.
    fields = [json.loads(text) for text in found] if isinstance(found, list) else _unpack(found)
    return item["at"], [_finding_from(each) for each in fields]


def watch_from(item: Mapping[str, Any]) -> DnsWatch:
    if "watch" not in item:
        return DnsWatch()
    fields = _unpack(item["watch"])
    fields["records"] = {
        key: DnsProgress(DnsVerdict(each["verdict"]), each["first_right"])
        for key, each in fields["records"].items()
    }
    return DnsWatch(**fields)


def _finding_from(fields: dict[str, Any]) -> DnsFinding:
    record = fields["record"]
    kind = RecordKind(record.get("kind", RecordKind.OTHER))
    return DnsFinding(
        **{
            **fields,
            "record": DnsRecord(**{**record, "kind": kind}),
            "verdict": DnsVerdict(fields["verdict"]),
            "found": tuple(fields["found"]),
        }
    )


def _pack(value: object) -> str:
    text = json.dumps(value, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode())).decode()


def _unpack(text: str) -> Any:
    return json.loads(zlib.decompress(base64.b64decode(text)))
