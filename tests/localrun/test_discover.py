"""python -m localrun discover, over Graph on the loopback interface."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localrun.__main__ import main as localrun
from localrun.discover.command import main
from localrun.fakes.graph import GraphServer
from migration import discovery_notes as notes
from migration.manifest import Manifest, parse_folder

ANN = "ann@contoso.example"
DESK = "desk@contoso.example"
AWAY = "away@contoso.onmicrosoft.com"
ROOT = Path(__file__).resolve().parents[2]
DOMAINS = ("contoso.example",)


@pytest.fixture
def server() -> Iterator[GraphServer]:
    with GraphServer() as server:
        server.add_user(ANN, "Ann Example", aliases=["ann@contoso.onmicrosoft.com"], archive=True)
        server.add_user(DESK, "Front Desk", kind="shared")
        server.add_user(AWAY, "Away")
        server.add_user("blue@contoso.example", "Blue Room", kind="room", place={"capacity": 8})
        server.add_group("staff@contoso.example", "Staff", [ANN, AWAY], [ANN])
        yield server


Run = Callable[..., int]


@pytest.fixture
def run(server: GraphServer, tmp_path: Path) -> Run:
    """The command, with everything that it needs and what is given."""

    def discover(*more: str) -> int:
        places = ["--login-url", server.login_url, "--graph-url", server.graph_url]
        out = ["--out", str(tmp_path / "found"), "--domains", "Contoso.example"]
        return main(
            ["m365", *places, *out, *more], {"SOURCE_SECRET": json.dumps(dict(server.secret))}
        )

    return discover


def read(folder: Path) -> Manifest:
    files = {path.name: path.read_bytes() for path in (folder / "manifest").iterdir()}
    return parse_folder(files, DOMAINS)


def test_what_is_found_becomes_a_manifest_without_faults(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    manifest = read(tmp_path / "found")
    assert manifest.faults == ()
    assert [row.source for row in manifest.rows] == [ANN, DESK]
    assert manifest.groups[0].members == (ANN,)
    assert [(room.name, room.source) for room in manifest.resources] == [
        ("Blue-Room", "blue@contoso.example")
    ]
    said = capsys.readouterr()
    assert "4 of 4 mailboxes looked at" in said.err
    assert "mailboxes of people │     2 │               1" in said.out
    assert "python -m localrun plan" in said.out
    assert "@" not in said.out + said.err


def test_the_notes_name_whom_the_screen_counts(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run()
    told = (tmp_path / "found" / "NOTES.txt").read_text("utf-8")
    said = capsys.readouterr().out
    for text, who in (
        (notes.NO_ADDRESS, AWAY),
        (notes.ARCHIVED, ANN),
        (notes.SHARED, DESK),
        (notes.LOST_MEMBERS, f"staff@contoso.example: {AWAY}"),
        (notes.FOREIGN_ALIAS, f"{ANN}: ann@contoso.onmicrosoft.com"),
    ):
        assert f"* {text} (1)\n    {who}\n" in told
        assert f"note: {text} (1)\n" in said
    assert "2 mailboxes of people, 1 of them in the manifest" in told
    table = (tmp_path / "found" / "mailboxes.csv").read_text("utf-8-sig")
    assert AWAY in table


def test_nothing_is_written_over_unless_it_is_wanted(
    run: Run, tmp_path: Path, server: GraphServer, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "found"
    assert run() == 0
    by_hand = folder / "manifest" / "permissions.csv"
    by_hand.write_text("mailbox,grantee,permissions\n")
    users = folder / "manifest" / "users.csv"
    users.write_text("worked on")
    asked = len(server.requests)
    assert run() == 2
    assert "users.csv" in capsys.readouterr().err
    assert (users.read_text(), len(server.requests)) == ("worked on", asked)
    server.tenant.groups.clear()
    assert run("--force") == 0
    assert {path.name for path in by_hand.parent.iterdir()} == {
        *("users.csv", "resources.csv", "permissions.csv")
    }
    assert {path.name for path in folder.iterdir()} == {"manifest", "NOTES.txt", "mailboxes.csv"}
    assert read(folder).faults == ()


def test_where_nobody_fits_the_notes_are_written_alone(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--domains", "other.example", "--quiet") == 1
    said = capsys.readouterr()
    assert "nobody was found" in said.out
    assert said.err == ""
    assert not list((tmp_path / "found" / "manifest").iterdir())
    assert AWAY in (tmp_path / "found" / "NOTES.txt").read_text("utf-8")


def test_a_permission_that_is_missing_is_named(
    run: Run, server: GraphServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.permissions.clear()
    assert run() == 2
    said = capsys.readouterr().err
    assert "error: Graph denies the application what discovery reads: grant it" in said
    assert said.count("permission User.Read.All") == said.count("GroupMember.Read.All") == 1
    assert not (tmp_path / "found").exists()


def test_a_login_that_is_refused_is_explained_without_the_secret(
    run: Run, server: GraphServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "secret.json"
    file.write_text(json.dumps({"app": {**server.secret["app"], "secret": "wrong-one"}}))
    file.chmod(0o644)
    assert run("--secret-file", str(file)) == 2
    said = capsys.readouterr().err
    assert "error: " in said
    assert f"chmod 600 {file}" in said
    assert "wrong-one" not in said


@pytest.mark.parametrize(
    ("arguments", "secret", "said"),
    [
        ([], "{}", "name the tenant's domains with --domains"),
        (["--domains", "a b"], "{}", "--domains a b: must be a domain"),
        (["--domains", "a.example"], "", "give the source's secret with --secret-file"),
        (["--domains", "a.example"], "[", "SOURCE_SECRET is no JSON"),
        (["--domains", "a.example"], "[" * 90_000, "SOURCE_SECRET is no JSON"),
        (["--domains", "a.example"], "[1]", "SOURCE_SECRET is no JSON object"),
        (["--domains", "a.example", "--out", __file__], "", f"--out {__file__} is no folder"),
        (["--domains", "a.example"], "{}", "lacks the application's login"),
        (["--domains", "a.example", "--secret-file", "none"], "", "cannot read none"),
        (["--tenant", "none.yaml"], "{}", "none.yaml"),
        (["--tenant", str(ROOT / "tenants" / "example.yaml")], "{}", "is imap, which is not m365"),
    ],
)
def test_a_wrong_command_line_is_explained_before_anything_is_asked(
    arguments: list[str], secret: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["m365", *arguments], {"SOURCE_SECRET": secret}) == 2
    assert said in capsys.readouterr().err


def test_a_tenant_file_gives_domains_and_cloud_and_its_secret_in_aws(
    server: GraphServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import boto3
    from moto import mock_aws

    text = (ROOT / "tenants" / "example.yaml").read_text("utf-8")
    for old, new in (
        ("kind: imap\n", "kind: m365\n"),
        ("  host: imap.example.com", ""),
        ("domains: [example.com]", "domains: [contoso.example]"),
    ):
        assert old in text
        text = text.replace(old, new)
    tenant = tmp_path / "example.yaml"
    tenant.write_text(text, "utf-8")
    places = ["--login-url", server.login_url, "--graph-url", server.graph_url]
    given = ["m365", "--tenant", str(tenant), "--out", str(tmp_path / "found"), *places]
    with mock_aws():
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
        client = boto3.client("secretsmanager", region_name="eu-west-1")
        name = "workmail-migration/example/source"
        client.create_secret(Name=name, SecretString=json.dumps(dict(server.secret)))
        assert main(given, {}) == 0
        assert f"--tenant {tenant}" in capsys.readouterr().out
        client.put_secret_value(SecretId=name, SecretString='{"admin": {}}')
        assert main([*given, "--force"], {}) == 2
        assert "lacks the application's login" in capsys.readouterr().err
        client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
        assert main([*given, "--force"], {}) == 2
        assert "the source's secret has no value" in capsys.readouterr().err


def test_it_is_a_command_of_the_laptop(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        localrun(["discover", "--help"])
    assert ended.value.code == 0
    assert "Microsoft 365, over Graph" in capsys.readouterr().out
