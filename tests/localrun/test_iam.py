"""The part of IAM's language that the laptop's cloud understands."""

from __future__ import annotations

from typing import Any

import pytest

from localrun.iam import Statement, UnknownPolicyError, fits, is_allowed

KEY = "dynamodb:LeadingKeys"
TABLE = "arn:aws:dynamodb:eu-west-1:1:table/t"


def statement(**members: Any) -> Statement:
    return Statement.parse(
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **members}
    )


def keyed(*keys: str) -> dict[str, list[str]]:
    return {"dynamodb:leadingkeys": list(keys)}


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("arn:aws:s3:::b/audit/x", "arn:aws:s3:::b/audit/*", True),
        ("arn:aws:s3:::b/auditor", "arn:aws:s3:::b/audit/*", False),
        ("s3:GetObject", "s3:Get*", True),
        ("abc", "a?c", True),
        ("ac", "a?c", False),
        ("a.c", "a.c", True),
        ("abc", "a.c", False),
    ],
)
def test_patterns(text: str, pattern: str, expected: bool) -> None:
    assert fits(text, pattern) is expected


def test_what_nothing_allows_is_refused() -> None:
    assert not is_allowed([], "s3:GetObject", "arn:x", {})
    assert not is_allowed([statement()], "s3:PutObject", "arn:x", {})
    assert is_allowed([statement(Action=["s3:PutObject", "S3:getobject"])], "s3:GetObject", "x", {})


def test_a_denial_wins() -> None:
    denial = statement(Effect="Deny", Resource="arn:secret")
    assert is_allowed([statement(), denial], "s3:GetObject", "arn:other", {})
    assert not is_allowed([statement(), denial], "s3:GetObject", "arn:secret", {})


def test_all_leading_keys_must_fit() -> None:
    own = statement(
        Action="dynamodb:Query",
        Resource=TABLE,
        Condition={"ForAllValues:StringLike": {KEY: ["M#acme#*"]}},
    )
    assert is_allowed([own], "dynamodb:Query", TABLE, keyed("M#acme#1", "M#acme#2"))
    assert not is_allowed([own], "dynamodb:Query", TABLE, keyed("M#acme#1", "M#other#2"))
    assert is_allowed([own], "dynamodb:Query", TABLE, {})  # as IAM has it


def test_a_single_key_must_be_there_unless_the_operator_says_otherwise() -> None:
    for operator, expected in (("StringEquals", False), ("StringEqualsIfExists", True)):
        one = statement(Condition={operator: {"ses:FromAddress": "a@b"}})
        assert is_allowed([one], "s3:GetObject", "x", {}) is expected
        assert is_allowed([one], "s3:GetObject", "x", {"ses:fromaddress": ["a@b"]})
        assert not is_allowed([one], "s3:GetObject", "x", {"ses:fromaddress": ["c@b"]})


@pytest.mark.parametrize(
    "members",
    [
        {"NotAction": "s3:*"},
        {"Condition": {"DateGreaterThan": {"aws:CurrentTime": "2027-01-01"}}},
        {"Condition": {"StringLike": {"s3:prefix": "${aws:username}/*"}}},
    ],
)
def test_what_is_not_understood_is_refused_not_guessed(members: dict[str, Any]) -> None:
    with pytest.raises(UnknownPolicyError):
        statement(**members)
