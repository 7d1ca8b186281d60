"""The reading of code that test_rights.py relies on, on a small product of its own."""

from __future__ import annotations

import pytest

from tools.rights.actions import actions_of
from tools.rights.calls import ApiCall, UnclearError, find_calls
from tools.rights.program import Program
from tools.rights.reach import reach

PRODUCT = '''
from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import boto3

FOLDER = "audit/"


class Store(Protocol):
    def put(self, key: str) -> None: ...

    def get(self, key: str, version: str = "") -> str: ...

    def keys(self, prefix: str) -> Iterator[str]: ...


class Base:
    def __init__(self, client: Any) -> None:
        self._client = client

    def put(self, key: str) -> None:
        self._client.put_object(Bucket="b", Key=key)

    def remove(self, key: str) -> None:
        self._client.delete_object(Bucket="b", Key=key)


class Objects(Base):
    """A Store by its shape alone."""

    def put(self, key: str) -> None:
        super().put(key)

    def get(self, key: str, version: str = "") -> str:
        if version:
            return str(self._client.get_object(Bucket="b", Key=key, VersionId=version))
        return str(self._client.get_object(Bucket="b", Key=key))

    def keys(self, prefix: str) -> Iterator[str]:
        yield from self._client.get_paginator("list_objects_v2").paginate(Prefix=prefix)


class Other:
    """Not a Store, and never made."""

    def put(self, key: str) -> None:
        boto3.client("sns").publish(TopicArn=key)


@dataclass(frozen=True)
class Means:
    store: Store
    run: str
    after: Callable[[], None]

    @property
    def folder(self) -> str:
        return f"{FOLDER}{self.run}/"


def make(run: str) -> Means:
    return Means(Objects(boto3.client("s3")), run, functools.partial(tell, "arn:told"))


def tell(topic: str) -> None:
    boto3.client("sns").publish(TopicArn=topic)


def write(means: Means) -> None:
    means.store.put(f"{means.folder}x")


def pinned(run: str) -> None:
    from parts import VERSION

    make(run).store.get("intake/x", VERSION)


def read(means: Means, name: str) -> None:
    if name.startswith("plans/"):
        means.store.get(name)


def audit(means: Means) -> None:
    for key in means.store.keys("quarantine/"):
        means.store.put(key)


STEPS: dict[str, Callable[[Means], None]] = {"write": write, "audit": audit}


@contextmanager
def opened(run: str) -> Iterator[Means]:
    yield make(run)


def ask(client: Any) -> None:
    client.list_users()
'''

HANDLERS = {
    "writes": "def handler(e: str) -> None:\n    product.write(product.make(e))\n",
    "chooses": "def handler(e: str) -> None:\n    with product.opened(e) as m:\n"
    "        product.STEPS[e](m)\n",
    "reads": "def handler(e: str) -> None:\n    names = (e,)\n"
    "    given = product.make(e), *names\n    product.read(*given)\n",
    "pins": "def handler(e: str) -> None:\n    product.pinned(e)\n",
    "asks": "def handler(e: object) -> None:\n    product.ask(e)\n",
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    folder = tmp_path_factory.mktemp("lambdas")
    (folder / "product.py").write_text(PRODUCT, "utf-8")
    (folder / "parts.py").write_text('VERSION = "v"\n', "utf-8")
    for name, text in HANDLERS.items():
        (folder / f"{name}.py").write_text(f"import product\n\n\n{text}", "utf-8")
    return Program(folder)


def calls(program: Program, handler: str) -> dict[str, ApiCall]:
    return {call.operation: call for call in find_calls(reach(program, handler))}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_methods_lead_to_what_is_made_and_fits(program: Program) -> None:
    """By a Protocol, by `super`, by a field and a property; and a callback counts as called."""
    found = calls(program, "writes")
    assert set(found) == {"PutObject", "Publish"}
    assert found["PutObject"].texts("Key") == ("audit/*/x",)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_table_of_functions_and_a_context_manager_are_followed(program: Program) -> None:
    found = calls(program, "chooses")
    assert set(found) == {"PutObject", "ListObjectsV2", "Publish"}
    assert found["ListObjectsV2"].actions == ("s3:ListBucket",)
    assert found["ListObjectsV2"].texts("Prefix") == ("quarantine/",)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_conditions_and_stars_are_understood(program: Program) -> None:
    found = calls(program, "reads")
    assert found["GetObject"].texts("Key") == ("plans/*",)
    assert found["GetObject"].actions == ("s3:GetObject", "s3:ListBucket")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_is_behind_a_parameter_that_is_never_given_does_not_count(program: Program) -> None:
    reading, pinning = (
        {action for call in find_calls(reach(program, handler)) for action in call.actions}
        for handler in ("reads", "pins")
    )
    assert "s3:GetObjectVersion" not in reading
    assert "s3:GetObjectVersion" in pinning


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_cannot_be_told_is_an_error_and_not_nothing(program: Program) -> None:
    with pytest.raises(UnclearError, match=r"product:\d+: nothing tells what client\.list_users"):
        calls(program, "asks")


def test_operations_and_actions_differ_here_and_there() -> None:
    assert actions_of("s3", "HeadObject", ["Key"]) == ("s3:GetObject", "s3:ListBucket")
    assert actions_of("sesv2", "SendEmail", []) == ("ses:SendEmail",)
    assert actions_of("stepfunctions", "StopExecution", []) == ("states:StopExecution",)
    assert "iam:PassRole" in actions_of("scheduler", "CreateSchedule", [])
    assert "secretsmanager:TagResource" in actions_of("secretsmanager", "CreateSecret", ["Tags"])
    several = ["Bucket", "Objects", "Key", "VersionId"]
    assert actions_of("s3", "DeleteObjects", several) == ("s3:DeleteObjectVersion",)
    parts = ["Put", "TableName", "Delete", "pk"]
    assert actions_of("dynamodb", "TransactWriteItems", parts) == (
        "dynamodb:DeleteItem",
        "dynamodb:PutItem",
    )
