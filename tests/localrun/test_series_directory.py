"""The comparison of the series `directory` must notice what is wrong."""

from __future__ import annotations

from dataclasses import replace

from localrun.series.directory_snapshot import compare
from localrun.series.large_tenant import make_tenant
from migration.manifest import parse_folder


def test_the_manifest_has_no_fault_and_as_much_as_is_expected() -> None:
    tenant = make_tenant(40, 5, 4)
    manifest = parse_folder(tenant.files, ["acme.example"], "acme")
    assert manifest.faults == ()
    assert {row.target for row in manifest.rows} == set(tenant.users)
    assert {group.address for group in manifest.groups} == set(tenant.groups)
    assert {resource.address for resource in manifest.resources} == set(tenant.resources)


def test_the_same_tenant_comes_of_the_same_numbers() -> None:
    assert make_tenant(40, 5, 4) == make_tenant(40, 5, 4)


def test_every_difference_is_told() -> None:
    tenant = make_tenant(40, 5, 4)
    assert compare(tenant, tenant) == []
    first, second, *_ = tenant.users
    changed = dict(tenant.users)
    changed[first] = {**changed[first], "quota_mb": 1}
    del changed[second]
    changed["new@acme.example"] = changed[first]
    found = compare(tenant, replace(tenant, users=changed))
    assert [text.split(" is ")[1].split(",")[0][:8] for text in found] == [
        *("too many", "{'displa", "missing"),
    ]
    fewer = dict(list(tenant.grants.items())[1:])
    assert len(compare(tenant, replace(tenant, grants=fewer))) == 1
