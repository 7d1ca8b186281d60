"""The passwords that a run has made up, and the places where they must not be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from localrun.kept import read_files, read_items
from localrun.runner import Run


def read_generated(run: Run) -> set[str]:
    """All passwords that were ever in a secret of the run's own, also in earlier versions, and
    without those of the operator."""
    given = set(run.scenario.target_secret.get("mailboxes", {}).values())
    words: set[str] = set()
    for value in _values(run, run.cloud.output("WaveSecretsPrefix")):
        for kind in ("mailboxes", "pending", "replaced"):
            words |= set(value.get(kind, {}).values())
    return words - given


def _values(run: Run, prefix: str) -> Iterator[dict[str, Any]]:
    store = run.cloud.client("secretsmanager")
    pages = store.get_paginator("list_secrets").paginate(IncludePlannedDeletion=True)
    names = [one["Name"] for page in pages for one in page["SecretList"]]
    for name in (each for each in names if each.startswith(prefix)):
        if "DeletedDate" in store.describe_secret(SecretId=name):
            store.restore_secret(SecretId=name)
        versions = store.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]
        for version in versions:
            chosen = {"SecretId": name, "VersionId": version["VersionId"]}
            yield json.loads(store.get_secret_value(**chosen)["SecretString"])


def read_kept(run: Run) -> str:
    """The ledger, and every version of every file in the bucket."""
    kept = [each.text for each in (*read_items(run.cloud), *read_files(run.cloud))]
    assert len(kept) > 1
    return "\n".join(kept)
