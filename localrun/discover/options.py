"""The command line of discover: what is asked, by whose login, and where the files go."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from localrun.copy_secrets import warn_of_readers
from localrun.discover.kinds import KINDS, Kind, Secret
from migration.settings import CloudSettings
from migration.wire.graph_model import CLOUDS
from stacks.checks import is_domain
from stacks.config import ConfigError, TenantConfig

VARIABLE = "SOURCE_SECRET"
_LARGEST = 100_000


class OptionsRefusedError(Exception):
    """Nothing can be asked; each of `problems` is a sentence without secrets."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problems))


@dataclass(frozen=True, slots=True)
class Options:
    """`secret` is None where Secrets Manager has it, for the tenant's file."""

    kind: Kind
    domains: tuple[str, ...]
    cloud: CloudSettings
    out: Path
    secret: Secret | None = field(repr=False)
    tenant: TenantConfig | None = None
    tenant_file: Path | None = None
    force: bool = False
    quiet: bool = False
    warnings: tuple[str, ...] = ()


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    known = "; ".join(f"{name}: {kind.meaning}" for name, kind in KINDS.items())
    parser = argparse.ArgumentParser(
        "python -m localrun discover",
        description="Ask the source's directory for its mailboxes, groups, rooms and equipment, "
        "and write a manifest of those that have an address in the tenant's domains, with notes of "
        "what cannot be moved and what you should look at. The source is only read.",
        epilog="Exit status: 0, the manifest is written; 1, nobody was found who could stand in "
        "one; 2, the directory could not be read, or the files not be written; 130, Ctrl-C.",
    )
    parser.add_argument("kind", choices=sorted(KINDS), help=f"what the source is ({known})")
    parser.add_argument(
        "--tenant",
        type=Path,
        metavar="FILE",
        help="the tenant file, such as tenants/acme.yaml: its domains, its cloud, and, unless you "
        "give one here, the source's secret in its AWS account",
    )
    parser.add_argument(
        "--domains",
        default="",
        metavar="NAMES",
        help="the tenant's domains, with commas, instead of those of a tenant file",
    )
    parser.add_argument(
        "--secret-file",
        type=Path,
        metavar="FILE",
        help=f"JSON in the form of the source's secret, or set {VARIABLE} to it. Without both, "
        "Secrets Manager is asked, with the AWS credentials of this terminal: that needs --tenant",
    )
    parser.add_argument(
        "--cloud", choices=sorted(CLOUDS), help="Microsoft's cloud (default: the tenant's, global)"
    )
    parser.add_argument("--login-url", default="", metavar="URL", help="instead of the cloud's")
    parser.add_argument("--graph-url", default="", metavar="URL", help="instead of the cloud's")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("discovery"),
        metavar="FOLDER",
        help="where manifest/, NOTES.txt and mailboxes.csv are written (default: discovery)",
    )
    parser.add_argument(
        "--force", action="store_true", help="write over the files of an earlier discovery"
    )
    parser.add_argument("--quiet", action="store_true", help="do not say how far it is")
    return parser


def read_options(arguments: Sequence[str], environment: Mapping[str, str]) -> Options:
    """OptionsRefusedError with everything that is wrong at once."""
    given = build_parser().parse_args(arguments)
    kind = KINDS[given.kind]
    problems: list[str] = []
    tenant = _read_tenant(given.tenant, given.kind, problems)
    domains = tuple(one.strip().lower() for one in given.domains.split(",") if one.strip())
    problems += [f"--domains {one}: {wrong}" for one in domains if (wrong := is_domain(one))]
    if not domains and given.tenant is None:
        problems.append("name the tenant's domains with --domains, or its file with --tenant")
    if given.out.exists() and not given.out.is_dir():
        problems.append(f"--out {given.out} is no folder")
    secret = _read_secret(given.secret_file, environment, problems)
    if secret is not None:
        problems += kind.faults(secret)
    elif given.tenant is None and not problems:
        problems.append(
            f"give the source's secret with --secret-file or in {VARIABLE}: {kind.form}"
        )
    if problems:
        raise OptionsRefusedError(problems)
    return Options(
        kind=kind,
        domains=domains or (tenant.domains if tenant else ()),
        cloud=_choose_cloud(given, tenant),
        out=given.out,
        secret=secret,
        tenant=tenant,
        tenant_file=given.tenant,
        force=given.force,
        quiet=given.quiet,
        warnings=warn_of_readers([given.secret_file]),
    )


def _read_tenant(path: Path | None, name: str, problems: list[str]) -> TenantConfig | None:
    if path is None:
        return None
    try:
        config = TenantConfig.load(path)
    except ConfigError as error:
        problems.extend(f"{path}: {problem}" for problem in error.problems)
        return None
    if config.source.kind not in KINDS[name].sources:
        problems.append(f"source.kind in {path} is {config.source.kind}, which is not {name}")
    return config


def _read_secret(
    file: Path | None, environment: Mapping[str, str], problems: list[str]
) -> Secret | None:
    """None if there is none here, or none that can be read."""
    where = str(file) if file else VARIABLE
    try:
        text = file.read_text("utf-8")[:_LARGEST] if file else environment.get(VARIABLE, "")
        if not text.strip():
            if file:
                problems.append(f"{where} is empty")
            return None
        loaded = json.loads(text)
    except OSError as error:
        problems.append(f"cannot read {where}: {error.strerror}")
        return None
    except (ValueError, RecursionError):
        problems.append(f"{where} is no JSON")
        return None
    if not isinstance(loaded, dict):
        problems.append(f"{where} is no JSON object")
        return None
    return loaded


def _choose_cloud(given: argparse.Namespace, tenant: TenantConfig | None) -> CloudSettings:
    source = tenant.source if tenant else None
    return CloudSettings(
        given.cloud or (source.cloud if source else "global"),
        given.login_url or (source.login_url if source else ""),
        given.graph_url or (source.graph_url if source else ""),
    )
