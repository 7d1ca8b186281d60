"""The functions' third-party packages as one layer, bundled by pip: no Docker needed."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.errors import SynthError

RUNTIME = lambda_.Runtime.PYTHON_3_14
ARCHITECTURE = lambda_.Architecture.ARM_64
PYTHON = "3.14"
PLATFORM = "manylinux2014_aarch64"


class BundlingError(SynthError):
    """pip could not fetch the packages; what it said stands above on stderr."""


def make_layer(scope: Construct, construct_id: str, requirements: Path) -> lambda_.LayerVersion:
    """The layer of a requirements file. It is made once and kept in the output directory until
    the requirements, the Python version or the platform change. BundlingError."""
    bundling = PipBundling(requirements)
    code = lambda_.Code.from_asset(
        str(requirements.parent),
        asset_hash_type=cdk.AssetHashType.CUSTOM,
        asset_hash=hash_requirements(requirements),
        bundling=cdk.BundlingOptions(
            image=cdk.DockerImage.from_registry("never-pulled"), local=bundling
        ),
    )
    try:
        return lambda_.LayerVersion(
            scope,
            construct_id,
            description="Third-party packages of the migration functions",
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[ARCHITECTURE],
            code=code,
        )
    except RuntimeError as error:
        # on its way through Node, pip's failure has become a page of stack trace
        raise (bundling.failure or error) from None


def hash_requirements(requirements: Path) -> str:
    """Changes with anything that changes what pip would fetch."""
    parts = (requirements.read_bytes(), PYTHON.encode(), PLATFORM.encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


@jsii.implements(cdk.ILocalBundling)
class PipBundling:
    """Has the packages fetched for the Lambda's platform, whatever this machine's is."""

    def __init__(self, requirements: Path) -> None:
        self._requirements = requirements
        self.failure: BundlingError | None = None

    def try_bundle(self, output_dir: str, options: Any = None, **_flattened: Any) -> bool:
        """Called by the CDK. Always True: falling back to Docker would only hide the fault."""
        print(f"fetching the packages of {self._requirements.name}", file=sys.stderr)  # noqa: T201
        try:
            install(self._requirements, Path(output_dir) / "python")
        except BundlingError as error:
            self.failure = error
            raise
        return True


def install(requirements: Path, folder: Path) -> None:
    """Fetches wheels for the Lambda's Python and platform into `folder`; BundlingError."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--requirement", str(requirements), "--target", str(folder)]
    command += ["--platform", PLATFORM, "--implementation", "cp", "--python-version", PYTHON]
    command += ["--only-binary=:all:", "--no-compile"]
    # stdout belongs to the CDK's own talk with its Node process
    done = subprocess.run(command, stdout=sys.stderr, check=False)  # noqa: S603 - our arguments
    if done.returncode:
        raise BundlingError(
            f"pip could not fetch the packages of {requirements} for Python {PYTHON} on "
            f"{PLATFORM}; it has said why above"
        )
