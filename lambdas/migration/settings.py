"""The settings of one tenant, read once from the environment that the stack gives every function.

stacks/config.py documents what each means to the operator; this is the receiving end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

from migration.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Settings:
    """Every field is an environment variable of the same name in capitals; none has a default.

    Lists are comma-separated. `source_tls` is ssl, starttls or none. `dns_servers` are
    `address:port`, empty for the public ones. `end_of_support_acknowledged` is empty or the day
    that the operator wrote down.
    """

    tenant: str
    organization_id: str
    domains: tuple[str, ...]
    table_name: str
    bucket_name: str
    manifest_key: str
    source_kind: str
    source_host: str
    source_port: int
    source_tls: str
    source_secret_arn: str
    target_kind: str
    ews_url: str
    dns_servers: tuple[str, ...]
    dns_timeout_days: int
    user_concurrency: int
    mailbox_concurrency: int
    delta_interval_minutes: int
    delta_passes: int
    end_of_support_acknowledged: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Reads all fields; one SettingsError names every variable that is missing or wrong."""
        problems: list[str] = []
        values: dict[str, object] = {}
        for field in fields(cls):
            name = field.name.upper()
            if name not in env:
                problems.append(f"environment variable {name} is missing")
                continue
            try:
                values[field.name] = _READERS[str(field.type)](env[name])
            except ValueError:
                problems.append(f"environment variable {name} must be a whole number")
        if problems:
            raise SettingsError(problems)
        return cls(**values)  # type: ignore[arg-type]  # the readers give each field its type

    @property
    def limits(self) -> Mapping[str, int]:
        """The numbers that the workflow's definition needs, by the names it uses."""
        return {
            "users": self.user_concurrency,
            "mailboxes": self.mailbox_concurrency,
            "delta_passes": self.delta_passes,
            "delta_interval_seconds": self.delta_interval_minutes * 60,
        }


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


_READERS: Mapping[str, Callable[[str], object]] = {
    "str": str,
    "int": int,
    "tuple[str, ...]": _split,
}
