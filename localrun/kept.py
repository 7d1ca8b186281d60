"""All that an account of a local run keeps: to be searched for what should not be there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from localrun.cloud import Cloud


@dataclass(frozen=True, slots=True)
class Kept:
    """A text and where it stands: an item's kind and attribute, a file's key, a secret's name."""

    place: str
    text: str


def read_items(cloud: Cloud) -> Iterator[Kept]:
    """The ledger, attribute by attribute: `ledger/<kind>/<attribute>`, the kind being what the sort
    key begins with."""
    for page in (
        cloud.client("dynamodb")
        .get_paginator("scan")
        .paginate(TableName=cloud.output("LedgerTable"))
    ):
        for item in page["Items"]:
            kind = item["sk"]["S"].partition("#")[0]
            for attribute, value in item.items():
                text = json.dumps(value, default=str, ensure_ascii=False)
                yield Kept(f"ledger/{kind}/{attribute}", text)


def read_files(cloud: Cloud) -> Iterator[Kept]:
    """Every version of every file of the bucket, by its key, and its name and media type beside it:
    `bucket-key/`, or `bucket-key/intake/groupware/` where people are named by the operator; delete
    markers are keys alone."""
    s3, bucket = cloud.client("s3"), cloud.output("BucketName")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for one in page.get("Versions", []):
            answer = s3.get_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])
            yield Kept(one["Key"], answer["Body"].read().decode("utf-8", "replace"))
            about = (one["Key"], answer["ContentType"], json.dumps(answer["Metadata"]))
            yield Kept(_place_of(one["Key"]), " ".join(about))
        for one in page.get("DeleteMarkers", []):
            yield Kept(_place_of(one["Key"]), one["Key"])


def _place_of(key: str) -> str:
    named = "intake/groupware/"
    return f"bucket-key/{named if key.startswith(named) else ''}"


def read_secrets(cloud: Cloud) -> Iterator[Kept]:
    """The values that the labels of all secrets show: `secret/<name>`; names, tags and
    descriptions: `secret-name/`."""
    store = cloud.client("secretsmanager")
    for page in store.get_paginator("list_secrets").paginate(IncludePlannedDeletion=True):
        for one in page["SecretList"]:
            about = {key: one[key] for key in ("Name", "Description", "Tags") if key in one}
            yield Kept("secret-name/", json.dumps(about))
            if "DeletedDate" in one:
                continue
            for label in ("AWSCURRENT", "AWSPREVIOUS"):
                try:
                    answer = store.get_secret_value(SecretId=one["Name"], VersionStage=label)
                except store.exceptions.ResourceNotFoundException:
                    continue
                yield Kept(f"secret/{one['Name']}", answer["SecretString"])


def read_all(cloud: Cloud) -> Iterator[Kept]:
    """Items, files and secrets."""
    yield from read_items(cloud)
    yield from read_files(cloud)
    yield from read_secrets(cloud)
