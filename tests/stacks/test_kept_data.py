"""What holds data is kept when the stack goes, and everything says whose it is."""

from __future__ import annotations

from typing import Any

KEEPS = {
    *("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable", "AWS::S3::Bucket"),
    *("AWS::SecretsManager::Secret", "AWS::KMS::Key"),
}
"""What must outlive the stack: data, and what data is encrypted with."""

GOES = {
    "AWS::Logs::LogGroup": "ids and counts, a month at most; the record is the ledger",
    "AWS::SQS::Queue": "what could not be delivered, two weeks at most",
    "AWS::SNS::Topic": "keeps nothing",
    "AWS::Lambda::LayerVersion": "made again from its requirements",
}
"""What goes with it, and why it may."""

STATEFUL = ("Table", "Bucket", "Secret", "Key", "LogGroup", "Queue", "Topic", "Stream", "Database")


def test_every_resource_that_holds_data_is_kept(template: dict[str, Any]) -> None:
    kept = {
        name: one["Type"]
        for name, one in template["Resources"].items()
        if one.get("DeletionPolicy") == one.get("UpdateReplacePolicy") == "Retain"
    }
    holding = {
        name: one["Type"] for name, one in template["Resources"].items() if one["Type"] in KEEPS
    }
    assert len(holding) >= 4
    assert holding.items() - kept.items() == set()


def test_everything_that_could_hold_data_has_been_decided_about(template: dict[str, Any]) -> None:
    kinds = {one["Type"] for one in template["Resources"].values()}
    stateful = {kind for kind in kinds if kind.endswith(STATEFUL)}
    assert stateful - KEEPS - set(GOES) == set()
    assert len(stateful) >= 5


def test_everything_that_can_be_tagged_says_whose_it_is(template: dict[str, Any]) -> None:
    wanted = {("app", "workmail-migration"), ("tenant", "example")}
    tagged = {
        name: {(tag["Key"], tag["Value"]) for tag in one["Properties"]["Tags"]}
        for name, one in template["Resources"].items()
        if isinstance(one.get("Properties", {}).get("Tags"), list)
    }
    assert len(tagged) > 50
    assert {name for name, tags in tagged.items() if not tags >= wanted} == set()
    kinds = {template["Resources"][name]["Type"] for name in tagged}
    assert {"AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::Lambda::Function"} <= kinds
