"""What the functions consist of: their code, and their third-party packages as one layer. Both are
bundled on this machine, without Docker, and byte-compiled for the functions' Python."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.bytecode import PYTHON, CompilerError, compile_folder
from stacks.errors import SynthError

RUNTIME = lambda_.Runtime.PYTHON_3_14
ARCHITECTURE = lambda_.Architecture.ARM_64
PLATFORM = "manylinux2014_aarch64"
LEFT_OUT = ("requirements.txt", "__pycache__", "*.pyc")
"""What of the handlers' folder is not deployed."""


class BundlingError(SynthError):
    """pip could not fetch the packages; what it said stands above on stderr."""


def make_code(scope: Construct, folder: Path) -> lambda_.Code:
    """The handlers and the product, byte-compiled. Made once for what the files hold. A stack that
    is synthesized without bundling gets a copy as it is: without a copy, what is deployed would
    change with the folder."""
    wanted = cdk.Stack.of(scope).bundling_required
    return lambda_.Code.from_asset(
        str(folder),
        exclude=["requirements.txt", "**/__pycache__", "**/*.pyc"],
        bundling=_bundle_with(CodeBundling(folder)) if wanted else None,
    )


def make_layer(scope: Construct, construct_id: str, requirements: Path) -> lambda_.LayerVersion:
    """The layer of a requirements file. It is made once and kept in the output directory until
    the requirements, the Python version or the platform change. BundlingError."""
    bundling = PipBundling(requirements)
    code = lambda_.Code.from_asset(
        str(requirements.parent),
        asset_hash_type=cdk.AssetHashType.CUSTOM,
        asset_hash=hash_requirements(requirements),
        bundling=_bundle_with(bundling),
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
    parts = (requirements.read_bytes(), PYTHON.encode(), PLATFORM.encode(), b"byte-compiled")
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _bundle_with(bundling: Any) -> cdk.BundlingOptions:
    return cdk.BundlingOptions(image=cdk.DockerImage.from_registry("never-pulled"), local=bundling)


@jsii.implements(cdk.ILocalBundling)
class CodeBundling:
    """Copies the handlers' folder and byte-compiles the copy."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def try_bundle(self, output_dir: str, options: Any = None, **_flattened: Any) -> bool:
        """Called by the CDK. Always True: falling back to Docker would only hide the fault."""
        shutil.copytree(
            self._folder,
            output_dir,
            ignore=shutil.ignore_patterns(*LEFT_OUT),
            dirs_exist_ok=True,
        )
        compile_or_say(Path(output_dir), "/var/task")
        return True


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
        compile_or_say(Path(output_dir), "/opt")
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


def compile_or_say(folder: Path, place: str) -> None:
    """Byte-compiles a bundle; where that cannot be done, it works without, and starts later."""
    try:
        compile_folder(folder, place)
    except CompilerError as error:
        print(  # noqa: T201
            f"deployed without bytecode, cold starts take longer: {error}. To try again, remove "
            f"{folder}",
            file=sys.stderr,
        )
