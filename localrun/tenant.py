"""The tenant file of a local run, and the synthesis of its stack.

The functions' environment comes from the synthesized template, as in AWS. So the addresses of
the servers that this run has started go into a tenant file, and that file through the CDK app.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from localrun.world import REGION, World

ROOT = Path(__file__).resolve().parents[1]


_MERGED = ("source", "target", "dns", "clients", "groupware")


class SynthesisError(Exception):
    """The CDK app refused the tenant file; the message is what it printed."""


def write_tenant_file(path: Path, name: str, world: World, extra: Mapping[str, Any]) -> None:
    """A tenant file that points to the servers of `world`; `extra` overrides top-level keys, and
    single ones of `source`, `target`, `dns`, `groupware` and `clients`."""
    tenant = {
        "tenant": name,
        "region": REGION,
        "organization_id": world.organization_id,
        "domains": [world.domain],
        "source": {**world.source, **extra.get("source", {})},
        "target": {
            "kind": "auto",
            "ews_url": world.ews.url,
            "imap_host": "127.0.0.1",
            "imap_port": world.workmail_imap.port,
            "imap_tls": "none",
            **extra.get("target", {}),
        },
        "dns": {
            "servers": world.dns.resolver_addresses,
            "port": world.dns.port,
            **extra.get("dns", {}),
        },
        # most stories begin an execution under a name, after the manifest was uploaded
        "start": {"on_upload": False},
        "groupware": {
            **({"dav_url": world.dav.url} if world.dav else {}),
            **extra.get("groupware", {}),
        },
        "clients": {"autodiscover_url": world.ews.autodiscover_url, **extra.get("clients", {})},
        **{key: value for key, value in extra.items() if key not in _MERGED},
    }
    path.write_text(yaml.safe_dump(tenant, sort_keys=False, allow_unicode=True), "utf-8")


def synthesize(tenant_file: Path, cdk_out: Path) -> None:
    """Runs the CDK app without its CLI, without credentials and without bundling the layer: the
    functions run here on this Python's packages, at the same pins."""
    context = {"tenant_file": str(tenant_file), "aws:cdk:bundling-stacks": []}
    env = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    env |= {"CDK_OUTDIR": str(cdk_out), "CDK_CONTEXT_JSON": json.dumps(context)}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # aws_cdk without .pyc takes three times as long
    done = subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SynthesisError((done.stderr or done.stdout).strip())
