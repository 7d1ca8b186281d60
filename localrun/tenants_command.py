"""python -m localrun tenants: which tenants have a file, and what is wrong with each."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from stacks.config import TenantConfig
from stacks.reading import ConfigError
from stacks.tenants import EXAMPLE, list_tenants

TENANTS = Path(__file__).resolve().parents[1] / "tenants"


def main(arguments: Sequence[str], folder: Path = TENANTS) -> int:
    """Runs the command line; the process's exit status."""
    parser = argparse.ArgumentParser(
        "python -m localrun tenants",
        description="List the tenants that have a file in tenants/, with what is wrong with each.",
        epilog="Exit status: 0; 1 if one cannot be used.",
    )
    parser.parse_args(arguments)
    status = 0
    for name in list_tenants(folder):
        try:
            config = TenantConfig.load(folder / f"{name}.yaml", name)
        except ConfigError as error:
            print(f"{name:<26}cannot be used", *error.problems, sep="\n    ")
            status = 1
            continue
        stack = "(to be looked at)" if name == EXAMPLE else f"stack WorkMailMigration-{name}"
        print(f"{name:<26}{config.region:<12}{', '.join(config.domains):<32}{stack}")
    return status
