"""Commands in documents can be pasted: they exist, and so do their options."""

from __future__ import annotations

import importlib
import re
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import botocore.session
import jmespath
import pytest
from botocore import xform_name
from botocore.model import ServiceModel
from jmespath.exceptions import JMESPathError

from localrun import tenant_command
from localrun.probe.questions import NAMES
from tests.unit.documents import (
    COMING,
    PAGES,
    ROOT,
    Command,
    Page,
    commands,
    read_page,
    split_commands,
)
from tests.unit.test_docs import MAKEFILE, every_page

_PARSERS: Mapping[str, tuple[str, Sequence[object]]] = {
    "copy": ("localrun.copy_arguments", ["copy"]),
    "discover": ("localrun.discover.options", []),
    "plan": ("localrun.plan_command", []),
    "estimate": ("localrun.estimate.command", []),
    "probe": ("localrun.probe.options", [NAMES]),
    "new-tenant": ("localrun.new_tenant", []),
    "deploy": ("localrun.deploy.command", []),
}
"""By the command: the module that has its parser, and what that is made with."""
_OF_THE_CLI = {"s3": {"cp", "ls", "presign", "sync", "rm"}, "configure": {"sso"}}
"""What the AWS CLI has beside the services' models."""
_EVERYWHERE = {"region", "query", "output", "profile"}
_SESSION = botocore.session.get_session()
_FOLDED = "..."

Problem = str


def faults(command: Command) -> Iterator[Problem]:
    """What is wrong with a command; nothing is said of programs that are not ours to know."""
    program, *rest = command.words
    if program == "aws":
        yield from _faults_of_aws(rest, is_whole=not command.is_named)
    elif program == "make":
        yield from _faults_of_make(rest)
    elif program.endswith("python") and rest[:2] == ["-m", "localrun"]:
        name, *options = rest[2:] or [""]
        is_mention = command.is_named and not options and name in _PARSERS
        yield from () if is_mention else _faults_of_localrun(rest[2:])


def _faults_of_aws(words: Sequence[str], *, is_whole: bool) -> Iterator[Problem]:
    service, operation, *rest = words
    if service in _OF_THE_CLI:
        if operation not in _OF_THE_CLI[service]:
            yield f"aws {service} has no {operation}"
        return
    name = {"s3api": "s3"}.get(service, service)
    if name not in _SESSION.get_available_services():
        yield f"aws has no {service}"
        return
    if operation == "wait":
        waiters = _SESSION.get_waiter_model(name).waiter_names
        if rest[0] not in {_dashed(waiter) for waiter in waiters}:
            yield f"aws {service} waits for no {rest[0]}"
        return
    model = _read_model(name)
    operations = {_dashed(each): each for each in model.operation_names}
    if operation not in operations:
        yield f"aws {service} has no {operation}"
        return
    shape = model.operation_model(operations[operation]).input_shape
    assert shape is not None  # none of the operations is without input
    members = {_dashed(each): shape.members[each].type_name for each in shape.members}
    given = {word[2:].partition("=")[0] for word in rest if word.startswith("--")}
    switches = {each for each, kind in members.items() if kind == "boolean"}
    given = {each.removeprefix("no-") if each[3:] in switches else each for each in given}
    for option in sorted(given - members.keys() - _EVERYWHERE):
        yield f"aws {service} {operation} has no --{option}"
    yield from _faults_of_query(rest)
    needed = {_dashed(each) for each in shape.required_members} if is_whole else set()
    for option in sorted(needed - given):
        yield f"aws {service} {operation} needs --{option}"


def _faults_of_query(words: Sequence[str]) -> Iterator[Problem]:
    for option, value in pairwise(words):
        try:
            if option == "--query":
                jmespath.compile(value)
        except JMESPathError as error:
            yield f"--query {value}: {error}"


@cache
def _read_model(service: str) -> ServiceModel:
    return _SESSION.get_service_model(service)


def _dashed(name: str) -> str:
    return xform_name(name, "-")


def _faults_of_make(words: Sequence[str]) -> Iterator[Problem]:
    targets = [word for word in words if "=" not in word]
    given = dict(word.split("=", 1) for word in words if "=" in word)
    for target in targets:
        known = re.search(rf"^{re.escape(target)}:", MAKEFILE, re.M)
        if not known and f"make {target}" not in COMING:
            yield f"make has no {target}"
    for variable in given:
        if not re.search(rf"^{variable} \?=", MAKEFILE, re.M):
            yield f"make has no {variable}"
    if targets == ["demo"]:
        yield from _faults_of_localrun(_split(given.get("ARGS", "")))
    if targets == ["probe"]:
        yield from _faults_of_localrun(["probe", *_split(given.get("ARGS", ""))])


def _split(text: str) -> list[str]:
    return re.findall(r"'[^']*'|\S+", text)


def _faults_of_localrun(words: Sequence[str]) -> Iterator[Problem]:
    name, *rest = words or [""]
    if _FOLDED in words or name in COMING:
        return
    parser = _make_parser(name) if name in _PARSERS else tenant_command.build_parser()
    try:
        parser.parse_args(rest if name in _PARSERS else words)
    except SystemExit as end:
        if end.code:
            yield f"python -m localrun does not take: {' '.join(words)}"


def _make_parser(name: str) -> ArgumentParser:
    module, arguments = _PARSERS[name]
    parser = importlib.import_module(module).build_parser(*arguments)
    assert isinstance(parser, ArgumentParser)
    return parser


def faults_of_page(page: Page) -> list[str]:
    found = [
        f"{' '.join(each.words)}: {fault}" for each in commands(page) for fault in faults(each)
    ]
    pins = set(re.findall(r"aws-cdk@([\w.]+)", "".join((*page.blocks, *page.inline))))
    ours = set(re.findall(r"aws-cdk@([\w.]+)", MAKEFILE))
    wanted = pins - ours - ({"3.0.0"} if "decisions" in page.path.parts else set())
    return [*found, *(f"aws-cdk@{pin} is not the version that the Makefile has" for pin in wanted)]


@every_page
def test_every_command_exists_with_its_options(path: Path) -> None:
    assert faults_of_page(read_page(path)) == []


def test_commands_are_found() -> None:
    programs = [each.words[0] for page in PAGES for each in commands(read_page(page))]
    assert programs.count("aws") > 20
    assert programs.count("make") > 20
    runbook = [each.words for each in commands(read_page(ROOT / "docs" / "runbook.md"))]
    assert ("make", "deploy", "TENANT=acme") in runbook
    assert any(words[:3] == ("python", "-m", "localrun") for words in runbook)


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("aws stepfunctions start-run --name x", "aws stepfunctions has no start-run"),
        (
            "aws stepfunctions start-execution --name x",
            "aws stepfunctions start-execution needs --state-machine-arn",
        ),
        (
            "aws kms schedule-key-deletion --key-id x --days 7",
            "aws kms schedule-key-deletion has no --days",
        ),
        ("aws stepfunction list-executions", "aws has no stepfunction"),
        ("aws cloudformation wait stack-gone", "aws cloudformation waits for no stack-gone"),
        ("aws s3 move a b", "aws s3 has no move"),
        (
            "aws sts get-caller-identity --query Account[",
            "--query Account[: ",
        ),
        ("make demos", "make has no demos"),
        ("make demo ARG=x", "make has no ARG"),
        ("make demo ARGS='scenario sampel'", "python -m localrun does not take: scenario sampel"),
        (
            "python -m localrun estimate --mailboxes 5",
            "python -m localrun does not take: estimate --mailboxes 5",
        ),
        (
            ".venv/bin/python -m localrun plan m.csv --tenants x",
            "python -m localrun does not take: plan m.csv --tenants x",
        ),
    ],
)
def test_a_command_that_does_not_exist_is_found(command: str, fault: str) -> None:
    (words,) = split_commands(command)
    (found,) = faults(Command(words))
    assert found.startswith(fault)
