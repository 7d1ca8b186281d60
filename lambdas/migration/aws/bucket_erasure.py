"""All versions and delete markers of a tenant's bucket, but for one folder.

The folder's files are never touched, so that whoever erases cannot erase the proof of it. Uploads
in parts that were never completed are no versions: the bucket's lifecycle ends them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from migration.errors import ProvisioningPending, TenantMisconfigured

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import (
        ErrorTypeDef,
        ListObjectVersionsOutputTypeDef,
        ObjectIdentifierTypeDef,
    )

_AT_ONCE = 1000
"""DeleteObjects takes no more, and a page of versions has no more."""
_RETRY_AFTER = 10.0
_GONE = frozenset({"NoSuchKey", "NoSuchVersion"})
_LATER = frozenset({"InternalError", "ServiceUnavailable", "SlowDown"})
_FOLDERS = frozenset(
    {
        *("intake", "plans", "runs", "audit", "groupware"),
        *("quarantine", "verify", "reports", "clients"),
    }
)


class BucketHolding:
    """Holding. What lies below `kept` is no part of it. `batch` versions go at once."""

    def __init__(self, client: S3Client, bucket: str, kept: str, batch: int = _AT_ONCE) -> None:
        self._client = client
        self._bucket = bucket
        self._kept = kept
        self._batch = batch

    def count(self) -> Mapping[str, int]:
        pages = self._client.get_paginator("list_object_versions").paginate(Bucket=self._bucket)
        return Counter(_kind(one["Key"]) for page in pages for one in self._ours(page))

    def erase(self) -> Iterator[int]:
        """After a batch, its place is listed again: a marker names a version that is there."""
        place: dict[str, Any] = {}
        while True:
            page = self._client.list_object_versions(
                Bucket=self._bucket, MaxKeys=self._batch, **place
            )
            if ours := self._ours(page):
                self._delete(ours)
                yield len(ours)
            elif page["IsTruncated"]:
                place = {
                    "KeyMarker": page["NextKeyMarker"],
                    "VersionIdMarker": page["NextVersionIdMarker"],
                }
            else:
                return

    def _ours(self, page: ListObjectVersionsOutputTypeDef) -> list[ObjectIdentifierTypeDef]:
        listed = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        return [
            {"Key": one["Key"], "VersionId": one["VersionId"]}
            for one in listed
            if not one["Key"].startswith(self._kept)
        ]

    def _delete(self, versions: Sequence[ObjectIdentifierTypeDef]) -> None:
        answer = self._client.delete_objects(
            Bucket=self._bucket, Delete={"Objects": versions, "Quiet": True}
        )
        _refuse(answer.get("Errors", ()))


def _refuse(errors: Sequence[ErrorTypeDef]) -> None:
    """Keys are left out: the operator names those of intake/."""
    codes = Counter(error.get("Code", "") for error in errors)
    left = {code: number for code, number in codes.items() if code not in _GONE}
    if not left:
        return
    listed = ", ".join(f"{number} times {code}" for code, number in sorted(left.items()))
    if left.keys() <= _LATER:
        raise ProvisioningPending(f"DeleteObjects: {listed}", _RETRY_AFTER)
    problem = (
        f"the bucket refuses to delete versions of files: {listed}: deploy the stack again, and "
        "look for a policy, a legal hold or a retention that denies it"
    )
    raise TenantMisconfigured([problem])


def _kind(key: str) -> str:
    folder = key.partition("/")[0]
    return f"bucket_{folder if folder in _FOLDERS else 'other'}"
