"""WaveSecrets in memory, with places to break them (see steps.py)."""

from localrun.fakes.steps import Step, no_step
from migration.errors import ProvisioningPending


class MemoryWaves:
    """`values` holds what is there, by path; `removed` what was marked for deletion; `writes`
    counts the versions that were made of each."""

    def __init__(self, step: Step = no_step) -> None:
        self.step = step
        self.values: dict[str, str] = {}
        self.removed: set[str] = set()
        self.writes: dict[str, int] = {}

    def read(self, path: str) -> str | None:
        return self.values.get(path)

    def create(self, path: str, value: str) -> None:
        self.step("before create")
        if path in self.values or path in self.removed:
            raise ProvisioningPending(f"the secret {path} exists already", 10.0)
        self._write(path, value)
        self.step("after create")

    def replace(self, path: str, value: str) -> None:
        self.step("before replace")
        if path not in self.values:
            raise KeyError(path)
        self._write(path, value)
        self.step("after replace")

    def remove(self, path: str) -> None:
        self.step("before remove")
        if self.values.pop(path, None) is not None:
            self.removed.add(path)
        self.step("after remove")

    def _write(self, path: str, value: str) -> None:
        self.values[path] = value
        self.writes[path] = self.writes.get(path, 0) + 1
