"""python -m localrun plan, over the emulated WorkMail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from localrun.plan_command import main
from tests.contract.workmail_cloud import DOMAIN, WorkMailCloud

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkMailCloud]:
    """Reached as AWS is, by the environment."""
    cloud = WorkMailCloud()
    monkeypatch.setenv("AWS_ENDPOINT_URL_WORKMAIL", cloud.server.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    yield cloud
    cloud.close()


@pytest.fixture
def tenant(cloud: WorkMailCloud, tmp_path: Path) -> Path:
    text = (ROOT / "tenants" / "example.yaml").read_text("utf-8")
    known = "m-0123456789abcdef0123456789abcdef"
    path = tmp_path / "example.yaml"
    path.write_text(text.replace(known, cloud.organization_id), "utf-8")
    return path


@pytest.mark.parametrize("name", ["manifest", "manifest.yaml", "manifest.csv"])
def test_the_examples_have_no_fault(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(ROOT / "examples" / name)]) == 0
    said = capsys.readouterr().out
    assert "no fault: 3 users" in said
    assert "--tenant" in said


def test_the_plan_is_shown_and_written(
    tenant: Path, tmp_path: Path, cloud: WorkMailCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "plan.csv"
    manifest = str(ROOT / "examples" / "manifest")
    assert main([manifest, "--tenant", str(tenant), "--csv", str(file)]) == 0
    said = capsys.readouterr().out
    assert "8 to create, 2 to change" in said
    assert f"anna.berg@{DOMAIN}" in said
    assert len(file.read_text("utf-8-sig").splitlines()) == 11
    assert all(one.startswith(("Describe", "List", "Get")) for one in cloud.operations())


def test_a_conflict_is_told_by_the_status_too(
    tenant: Path, cloud: WorkMailCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.add_user("bola", f"someone.else@{DOMAIN}")
    assert main([str(ROOT / "examples" / "manifest"), "--tenant", str(tenant)]) == 1
    assert "1 in conflict" in capsys.readouterr().out


def test_the_page_is_written_with_what_workmail_says(
    tenant: Path, tmp_path: Path, cloud: WorkMailCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "plan.html"
    manifest = str(ROOT / "examples" / "manifest")
    assert main([manifest, "--tenant", str(tenant), "--html", str(page)]) == 0
    said, html = capsys.readouterr().out, page.read_text("utf-8")
    assert "verdict: ready, with 1 warning" in said
    assert "duration: the first copy is complete after" in said
    assert "cost: AWS " in said
    for words in ("Ready, with 1 warning", "enforces DMARC", "Nothing was measured", "Every entry"):
        assert words in html
    assert "Made by <code>python -m localrun plan" in html
    assert all(one.startswith(("Describe", "List", "Get")) for one in cloud.operations())


def test_a_problem_of_the_organization_is_told_by_the_status_too(
    tenant: Path, cloud: WorkMailCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.fake.deny_access(cloud.organization_id, "EWS")
    assert main([str(ROOT / "examples" / "manifest.csv"), "--tenant", str(tenant)]) == 1
    said = capsys.readouterr().out
    assert "problem: the access control rules deny EWS" in said
    assert "verdict: not ready: 1 problem" in said


def test_offline_it_is_reckoned_without_workmail(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "plan.html"
    tenant = str(ROOT / "tenants" / "example.yaml")
    manifest = str(ROOT / "examples" / "manifest.csv")
    about = [manifest, "--tenant", tenant, "--offline", "--html", str(page)]
    assert main([*about, "--gigabytes", "5"]) == 0
    said = capsys.readouterr().out
    assert "WorkMail was not asked" in said
    assert "verdict: ready" in said
    assert "5 GB, as was given" in page.read_text("utf-8")


def test_as_json_there_is_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    tenant = str(ROOT / "tenants" / "example.yaml")
    manifest = str(ROOT / "examples" / "manifest.csv")
    assert main([manifest, "--tenant", tenant, "--offline", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["sizes"]["mailboxes"] == 3
    assert told["summary"]["verdict"] == "ready"
    assert told["rows"] == []


def test_faults_have_their_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "users.csv").write_text("source,display_name\n,X\n")
    page = tmp_path / "plan.html"
    tenant = str(ROOT / "tenants" / "example.yaml")
    assert main([str(tmp_path / "users.csv"), "--tenant", tenant, "--html", str(page)]) == 1
    said = capsys.readouterr().out
    assert "1 fault: nothing would be done" in said
    assert said.count("users.csv, line 2") == 1
    assert "Not ready: 1 problem" in page.read_text("utf-8")


@pytest.mark.parametrize("option", [["--json"], ["--html", "x.html"]])
def test_a_page_needs_the_tenant(option: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(ROOT / "examples" / "manifest.csv"), *option]) == 2
    assert "--tenant" in capsys.readouterr().err


@pytest.mark.parametrize("size", ["0", "-1", "nan", "many"])
def test_a_size_that_cannot_be_is_refused(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["manifest.csv", "--gigabytes", size])
    assert end.value.code == 2
    assert "--gigabytes" in capsys.readouterr().err


def test_every_fault_is_told_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "users.csv").write_text("source,display_name\no'neil@example.com,O\n,X\n")
    (tmp_path / "groups.csv").write_text("address,hidden\nall@example.com,perhaps\n")
    assert main([str(tmp_path)]) == 1
    said = capsys.readouterr().out
    for place in ("users.csv, line 2", "users.csv, line 3", "groups.csv, line 2"):
        assert place in said
    assert "3 faults: nothing would be done" in said


def test_what_cannot_be_looked_at_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "nowhere")]) == 2
    assert "name a file or a folder" in capsys.readouterr().err
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it remembers those of other tests
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    tenant = str(ROOT / "tenants" / "example.yaml")
    manifest = str(ROOT / "examples" / "manifest.csv")
    assert main([manifest, "--tenant", tenant]) == 2
    assert "--offline" in capsys.readouterr().err
    assert main([manifest, "--tenant", tenant, "--offline"]) == 0
