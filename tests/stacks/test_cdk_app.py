"""`python app.py`: without CDK CLI, system Node or AWS credentials."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(out: Path, **context: object) -> subprocess.CompletedProcess[str]:
    """Runs the app in an environment that has nothing but this Python."""
    env = {
        "PATH": str(out / "empty"),
        "HOME": str(Path.home()),  # for the CDK library's cache
        "AWS_CONFIG_FILE": str(out / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(out / "none"),
        "CDK_OUTDIR": str(out / "cdk.out"),
        "CDK_CONTEXT_JSON": json.dumps({"aws:cdk:bundling-stacks": [], **context}),
    }
    return subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output for the example tenant."""
    out = tmp_path_factory.mktemp("app")
    done = run(out, tenant="example")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return out / "cdk.out"


def test_it_writes_the_tenants_stack(synthesized: Path) -> None:
    manifest = json.loads((synthesized / "manifest.json").read_text("utf-8"))
    stack = manifest["artifacts"]["WorkMailMigration-example"]
    assert stack["environment"] == "aws://123456789012/eu-west-1"
    assert stack["properties"]["terminationProtection"] is True


def test_it_needs_no_lookup_in_an_account(synthesized: Path) -> None:
    manifest = json.loads((synthesized / "manifest.json").read_text("utf-8"))
    assert not manifest.get("missing")


def test_without_the_cli_the_flags_of_cdk_json_hold_too(synthesized: Path) -> None:
    text = (synthesized / "WorkMailMigration-example.template.json").read_text("utf-8")
    assert '"arn:aws:workmail:eu-west-1:123456789012:' in text  # enablePartitionLiterals


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [("nope", "", "there are: example"), ("", "tenant: x", "organization_id: is missing")],
)
def test_a_wrong_tenant_ends_it_with_a_sentence(
    tmp_path: Path, name: str, text: str, complaint: str
) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(text, "utf-8")
    done = run(tmp_path, **({"tenant": name} if name else {"tenant_file": str(path)}))
    assert done.returncode == 1
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_the_cli_finds_the_projects_python() -> None:
    command = json.loads((ROOT / "cdk.json").read_text("utf-8"))["app"]
    probe = command.replace("app.py", '-c "import aws_cdk"')
    if not (ROOT / ".venv").is_dir():
        pytest.skip("the project's own environment is elsewhere")
    env = {"PATH": os.defpath, "HOME": "/nonexistent"}
    assert subprocess.run(probe, shell=True, cwd=ROOT, env=env, check=False).returncode == 0
