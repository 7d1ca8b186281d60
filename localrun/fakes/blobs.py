"""A BlobStore in memory."""

import threading
from collections.abc import Iterator

from localrun.fakes.steps import Step, no_step


class MemoryBlobs:
    """Keeps every version; `files()` is the newest of each."""

    def __init__(self, step: Step = no_step) -> None:
        self.step = step
        self._versions: dict[str, list[bytes]] = {}
        self._lock = threading.Lock()

    def put(self, key: str, body: bytes, content_type: str = "application/octet-stream") -> str:
        self.step("before put")
        with self._lock:
            versions = self._versions.setdefault(key, [])
            versions.append(bytes(body))
            version = str(len(versions))
        self.step("after put")
        return version

    def get(self, key: str, version: str = "") -> bytes:
        with self._lock:
            versions = self._versions[key]
            known = {str(number): body for number, body in enumerate(versions, 1)}
            return known[version] if version else versions[-1]

    def exists(self, key: str) -> bool:
        with self._lock:
            return key in self._versions

    def files(self) -> dict[str, bytes]:
        with self._lock:
            return {key: versions[-1] for key, versions in self._versions.items()}

    def list(self, prefix: str) -> Iterator[str]:
        with self._lock:
            return iter(sorted(key for key in self._versions if key.startswith(prefix)))
