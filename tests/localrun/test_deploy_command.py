"""python -m localrun deploy: what is checked, and which commands are run, without AWS."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from botocore.stub import Stubber

from localrun.deploy import command as command_module
from localrun.deploy.account import AccountError, AwsAccount
from localrun.deploy.command import main, read_needed_toolkit
from localrun.deploy.plan import CDK, Caller
from localrun.tenant_file import render_tenant
from stacks import node

ROOT = Path(__file__).resolve().parents[2]
STACK = "WorkMailMigration-acme"
ANSWERS: Mapping[str, object] = {
    "tenant": "acme",
    "region": "eu-west-1",
    "organization_id": "m-" + "0" * 32,
    "domains": ["acme.example"],
    "source.kind": "imap",
    "source.host": "imap.acme.example",
}


class FixedAccount:
    """An account that is as it is said to be."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self.regions: list[str] = []

    def caller(self, region: str) -> Caller:
        self.regions.append(region)
        return self._caller


class Terminal:
    """Notes the commands; the synthesis leaves its manifest. `status` by a word of the command."""

    def __init__(self, root: Path, status: Mapping[str, int]) -> None:
        self._root, self._status = root, status
        self.commands: list[list[str]] = []

    def __call__(self, command: Sequence[str], environment: Mapping[str, str]) -> int:
        self.commands.append(list(command))
        if "app.py" in command:
            write_manifest(self._root / "cdk.out")
        found = [status for word, status in self._status.items() if word in command]
        return found[0] if found else 0

    @property
    def done(self) -> list[str]:
        return [_short(command) for command in self.commands]


def _short(command: Sequence[str]) -> str:
    if "app.py" in command:
        return "synth"
    return " ".join(command[command.index(CDK) + 1 :])


def write_manifest(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    properties = {"requiresBootstrapStackVersion": 6}
    text = json.dumps({"artifacts": {STACK: {"properties": properties}}})
    (folder / "manifest.json").write_text(text, "utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(command_module, "ROOT", tmp_path)
    folder = tmp_path / "tenants"
    folder.mkdir()
    (folder / "acme.yaml").write_text(render_tenant(ANSWERS), "utf-8")
    here = {**ANSWERS, "tenant": "there", "account": "222222222222"}
    (folder / "there.yaml").write_text(render_tenant(here), "utf-8")
    example = render_tenant({**ANSWERS, "tenant": "example"})
    (folder / "example.yaml").write_text(example, "utf-8")
    return folder


def run(
    folder: Path,
    *arguments: str,
    toolkit: int | None = 21,
    status: Mapping[str, int] | None = None,
) -> tuple[int, list[str]]:
    terminal = Terminal(folder.parent, status or {})
    account = FixedAccount(Caller("111111111111", toolkit))
    code = main(arguments, folder=folder, account=account, execute=terminal)
    return code, terminal.done


def test_a_prepared_account_gets_the_stack_that_was_synthesized(folder: Path) -> None:
    assert run(folder, "acme") == (0, ["synth", f"deploy {STACK} --app cdk.out"])


@pytest.mark.parametrize("toolkit", [None, 5])
def test_what_is_missing_of_the_bootstrap_is_made_first(
    folder: Path, toolkit: int | None, capsys: pytest.CaptureFixture[str]
) -> None:
    status, done = run(folder, "acme", toolkit=toolkit)
    bootstrap = "bootstrap aws://111111111111/eu-west-1"
    assert (status, done) == (0, ["synth", bootstrap, f"deploy {STACK} --app cdk.out"])
    assert "CDKToolkit" in capsys.readouterr().out


def test_a_comparison_prepares_nothing(folder: Path) -> None:
    done = run(folder, "acme", "--diff", toolkit=None)
    assert done == (0, ["synth", f"diff {STACK} --app cdk.out"])


def test_wider_rights_are_asked_about_unless_that_is_not_wanted(folder: Path) -> None:
    assert run(folder, "acme", "--yes")[1][-1].endswith("--require-approval never")


def test_the_first_command_that_fails_ends_it(folder: Path) -> None:
    assert run(folder, "acme", status={"app.py": 1}) == (1, ["synth"])
    status, done = run(folder, "acme", toolkit=None, status={"bootstrap": 7})
    assert (status, len(done)) == (7, 2)


@pytest.mark.parametrize(
    ("tenant", "complaint"),
    [
        ("example", "example is a tenant to be looked at"),
        ("there", "for the account 222222222222, and these credentials are of 111111111111"),
        ("nope", "there is no tenants/nope.yaml; there are: acme, example, there"),
    ],
)
def test_what_cannot_be_deployed_is_told_before_anything_is_run(
    folder: Path, tenant: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, tenant) == (2, [])
    assert complaint in capsys.readouterr().err


def test_without_any_node_that_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(node, "_bundled_node", lambda: None)
    assert run(folder, "acme") == (2, [])
    assert "there is no Node.js" in capsys.readouterr().err


def test_pips_node_is_taken_where_the_system_has_none(tmp_path: Path) -> None:
    command, environment = node.find_npm("npx", {"PATH": str(tmp_path)})
    assert all(Path(part).is_file() for part in command)
    assert len(command) == 2
    assert (Path(environment["PATH"].split(":")[0]) / "node").is_file()


def test_who_needs_npm_where_there_is_none_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node, "_bundled_node", lambda: None)
    with pytest.raises(SystemExit, match="there is no npm: run `make setup`"):
        node.demand_npm("npm", {"PATH": str(tmp_path)})


def test_a_dry_run_prints_the_commands_and_asks_nobody(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "acme", "--dry-run") == (0, [])
    said = capsys.readouterr().out
    assert f"npx --yes {CDK} bootstrap aws://ACCOUNT/eu-west-1" in said
    assert f"npx --yes {CDK} deploy {STACK} --app cdk.out" in said
    assert "app.py" in said


def test_how_to_destroy_names_what_stays(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "acme", "--how-to-destroy") == (0, [])
    said = capsys.readouterr().out
    assert f"destroy {STACK} -c tenant=acme" in said
    assert "workmail-migration/acme/" in said


def test_the_command_line_is_pinned_everywhere_to_the_same_version() -> None:
    for name in ("Makefile", "README.md"):
        found = set(re.findall(r"aws-cdk@[0-9.]+[0-9]", (ROOT / name).read_text("utf-8")))
        assert found <= {CDK}, name


def test_the_needed_version_is_read_from_the_synthesis(tmp_path: Path) -> None:
    write_manifest(tmp_path)
    assert read_needed_toolkit(tmp_path, STACK) == 6


# ---- AWS, by botocore's models -------------------------------------------------------------------


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> dict[str, Stubber]:
    session = boto3.Session("x", "x", region_name="eu-west-1")
    clients: dict[str, Any] = {"sts": session.client("sts"), "ssm": session.client("ssm")}
    stubs = {name: Stubber(client) for name, client in clients.items()}
    for stub in stubs.values():
        stub.activate()
    monkeypatch.setattr(boto3, "client", lambda name, region_name: clients[name])
    stubs["sts"].add_response("get_caller_identity", {"Account": "111111111111"}, {})
    return stubs


def test_the_account_tells_who_is_there_and_what_version_it_has(
    stubs: dict[str, Stubber],
) -> None:
    name = {"Name": "/cdk-bootstrap/hnb659fds/version"}
    stubs["ssm"].add_response("get_parameter", {"Parameter": {"Value": "27"}}, name)
    assert AwsAccount().caller("eu-west-1") == Caller("111111111111", 27)


def test_an_account_without_the_cdk_has_no_version(stubs: dict[str, Stubber]) -> None:
    stubs["ssm"].add_client_error("get_parameter", "ParameterNotFound")
    assert AwsAccount().caller("eu-west-1") == Caller("111111111111", None)


def test_who_may_not_look_is_told_which_right_is_missing(stubs: dict[str, Stubber]) -> None:
    stubs["ssm"].add_client_error("get_parameter", "AccessDeniedException")
    with pytest.raises(AccountError, match="need ssm:GetParameter"):
        AwsAccount().caller("eu-west-1")


@pytest.mark.parametrize(
    ("error", "complaint"),
    [
        (NoCredentialsError(), "there are no AWS credentials: run `aws sso login`"),
        (
            ClientError({"Error": {"Code": "ExpiredToken"}}, "GetCallerIdentity"),
            "AWS does not take these credentials .ExpiredToken.",
        ),
    ],
)
def test_credentials_that_will_not_do_are_told(
    monkeypatch: pytest.MonkeyPatch, error: Exception, complaint: str
) -> None:
    class Broken:
        def get_caller_identity(self) -> None:
            raise error

    monkeypatch.setattr(boto3, "client", lambda name, region_name: Broken())
    with pytest.raises(AccountError, match=complaint):
        AwsAccount().caller("eu-west-1")
