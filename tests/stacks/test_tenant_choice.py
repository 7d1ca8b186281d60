"""Which tenant a synth is for."""

from __future__ import annotations

from pathlib import Path

import pytest

from stacks.config import ConfigError
from stacks.tenants import choose_tenant

EXAMPLE = Path(__file__).resolve().parents[2] / "tenants" / "example.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "tenants"
    folder.mkdir()
    return folder


def add(folder: Path, *names: str) -> None:
    for name in names:
        text = EXAMPLE.read_text("utf-8").replace("tenant: example", f"tenant: {name}")
        (folder / f"{name}.yaml").write_text(text, "utf-8")


def test_a_named_tenant_is_taken(folder: Path) -> None:
    add(folder, "one", "two")
    assert choose_tenant(folder, "two", None).tenant == "two"


def test_not_even_the_only_tenant_is_taken_unnamed(folder: Path) -> None:
    add(folder, "one")
    with pytest.raises(ConfigError, match=r"say which tenant: .*; there are: one$"):
        choose_tenant(folder, None, None)


def test_the_example_is_for_an_account_that_nobody_has(folder: Path) -> None:
    add(folder, EXAMPLE.stem, "one")
    assert choose_tenant(folder, "example", None).account == "123456789012"
    assert choose_tenant(folder, "one", None).account == ""


def test_a_file_elsewhere_may_have_any_name(folder: Path, tmp_path: Path) -> None:
    add(tmp_path, "acme")
    path = (tmp_path / "acme.yaml").rename(tmp_path / "run-17.yaml")
    assert choose_tenant(folder, None, str(path)).tenant == "acme"


@pytest.mark.parametrize(
    ("tenant", "tenant_file", "complaint"),
    [
        (
            None,
            None,
            "say which tenant: -c tenant=NAME, or the variable TENANT; there are: one, two",
        ),
        ("three", None, "tenant: there is no tenants/three.yaml; there are: one, two"),
        ("../one", None, "tenant: there is no tenants/../one.yaml; there are: one, two"),
        ("one", "x.yaml", "give tenant or tenant_file, not both"),
    ],
)
def test_what_cannot_be_chosen_is_explained(
    folder: Path, tenant: str | None, tenant_file: str | None, complaint: str
) -> None:
    add(folder, "one", "two")
    with pytest.raises(ConfigError) as caught:
        choose_tenant(folder, tenant, tenant_file)
    assert caught.value.problems == (complaint,)


def test_without_any_tenant_file_that_is_said(folder: Path) -> None:
    with pytest.raises(ConfigError, match="there are: none"):
        choose_tenant(folder, None, None)
