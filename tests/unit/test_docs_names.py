"""Names in documents are those of the code: errors, states, outputs, settings, execution inputs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

import botocore.session

from migration import advice, errors
from migration.errors import InputInvalid
from migration.execution_input import ExecutionInput
from stacks.config import TenantConfig
from tests.unit.documents import COMING, PAGES, ROOT, parse_page, read_page
from tests.unit.test_docs import every_page

RUNBOOK = ROOT / "docs" / "runbook.md"
CONFIGURATION = ROOT / "docs" / "configuration.md"

_CAPITALS = re.compile(r"(?<![\w./-])[A-Z][a-z]+(?:[A-Z][a-z]*)+\b")
"""Words with a capital inside, which ordinary words have not."""
_SERVICES = (
    *("workmail", "route53", "stepfunctions", "secretsmanager", "scheduler", "s3", "lambda"),
    *("sesv2", "dynamodb", "iam"),
)
_PROPER = frozenset(
    "CalDAV CardDAV CloudFormation CloudWatch CommonMark DynamoDB EventBridge KiB LibreOffice "
    "OpenAPI PyJWT PyPI PyYAML SecretsManager WebAssembly WebDAV WorkMail WorkMailMigration".split()
)
_WORDS_OF_AWS = frozenset(
    "AccessDenied ConflictException EntityStateException InvokeFunction InvokeFunctionUrl "
    "OrganizationId ResultWriter SimpleAD SourceArn StateMachineQualifier StateMachineRevisionId "
    "TimeoutSeconds "
    "UnsupportedOperation VersionId ViaService CloudTrail EphemeralMetrics LeadingKeys ListBucket "
    "PrincipalTag".split()
)
_WORDS_OF_EWS = frozenset(
    "CalendarItem CreateItem ErrorAccessDenied ExchangeImpersonation FindFolder SendToNone "
    "TotalCount".split()
)
_WORDS_OF_MICROSOFT_365 = frozenset(
    "ExchangeOnlineManagement GroupMember InScope MailboxSettings OrgContact PowerShell".split()
)
_WORDS_OF_PYTHON = frozenset({"KeyError"})


def states(machine: Mapping[str, Any]) -> Iterator[str]:
    for name, state in machine["States"].items():
        yield name
        if "ItemProcessor" in state:
            yield from states(state["ItemProcessor"])


@cache
def known_names() -> frozenset[str]:
    """Whatever a document may name with capitals inside."""
    definition = json.loads((ROOT / "statemachines/migrate_tenant.asl.json").read_text("utf-8"))
    session = botocore.session.get_session()
    operations = (session.get_service_model(name).operation_names for name in _SERVICES)
    sources = [each for name in ("lambdas", "stacks", "localrun") for each in _sources(name)]
    classes = {name for text in sources for name in re.findall(r"^class (\w+)", text, re.M)}
    literals = re.findall(rf'"({_CAPITALS.pattern})"', "".join(_sources("lambdas")))
    return frozenset().union(
        states(definition),
        classes,
        literals,  # metrics, and names of errors that are no classes
        OUTPUTS,
        advice_names(),
        *operations,
        {"TooManySlices"},
        *(_PROPER, _WORDS_OF_AWS, _WORDS_OF_EWS, _WORDS_OF_MICROSOFT_365, _WORDS_OF_PYTHON),
    )


def _sources(folder: str) -> list[str]:
    return [path.read_text("utf-8") for path in sorted((ROOT / folder).rglob("*.py"))]


OUTPUTS = frozenset(re.findall(r'"([A-Z][A-Za-z]+)": \(', "".join(_sources("stacks"))))


def advice_names() -> set[str]:
    """Names of errors for which the report has advice."""
    text = (ROOT / "lambdas/migration/advice.py").read_text("utf-8")
    names = set(re.findall(r'^    "([A-Z]\w+)": ', text, re.M))
    assert all(advice.advise(name) != advice.advise("?") for name in names)
    return names


def strangers(prose: str) -> set[str]:
    return set(_CAPITALS.findall(prose)) - known_names() - COMING.keys()


def test_every_name_with_capitals_inside_is_one_of_the_code() -> None:
    found = {str(path.relative_to(ROOT)): strangers(read_page(path).prose) for path in PAGES}
    assert {page: names for page, names in found.items() if names} == {}


def test_a_name_that_is_not_there_is_found() -> None:
    assert strangers("CopySlices of CopySlice, CredentialsRefused, WorkMail") == {
        "CopySlices",
        "CredentialsRefused",
    }


def rows_of_errors(text: str) -> set[str]:
    """What stands in the first column of the runbook's tables of names."""
    first = re.findall(r"^\| (`[A-Z].*?`) \|", text, re.M)
    return {name for cell in first for name in re.findall(r"`([\w.]+)`", cell)}


def test_the_runbook_says_what_to_do_on_each_error_that_ends_something() -> None:
    text = RUNBOOK.read_text("utf-8")
    section = text.split("## What to do on each error name")[1].split("\n## ")[0]
    kept_inside = {*errors.leaves(errors.ItemError), errors.FolderGone}
    ending = {leaf.__name__ for leaf in errors.leaves() if leaf not in kept_inside}
    assert {*ending, *advice_names()} - rows_of_errors(section) == set()
    assert {leaf.__name__ for leaf in kept_inside} <= set(re.findall(r"`(\w+)`", section))


def test_the_outputs_that_commands_ask_for_are_those_of_the_stack() -> None:
    asked = {
        name
        for path in PAGES
        for block in read_page(path).blocks
        for name in re.findall(r"\boutput ([A-Z]\w+)", block)
    }
    assert "BucketName" in asked
    assert asked - OUTPUTS - COMING.keys() == set()


# -- settings ------------------------------------------------------------------------------------


def settings(record: type[Any] = TenantConfig, prefix: str = "") -> Iterator[str]:
    """All of the tenant file, with dots."""
    hints = get_type_hints(record)
    for each in fields(record):
        if is_dataclass(hints[each.name]):
            yield from settings(hints[each.name], f"{prefix}{each.name}.")
        else:
            yield f"{prefix}{each.name}"


SETTINGS = frozenset(settings())
_SECTIONS = frozenset(name.split(".")[0] for name in SETTINGS if "." in name)


def wrong_settings(inline: tuple[str, ...]) -> list[str]:
    """Pieces of code that look like a setting of the tenant file and are none."""
    named = [re.match(r"([a-z_]+)(\.[a-z_0-9]+)+(?=$|: )", code) for code in inline]
    dotted = [found[0] for found in named if found and found[1] in _SECTIONS]
    return [name for name in dotted if name not in SETTINGS and not _is_file(name)]


def _is_file(name: str) -> bool:
    return name.endswith((".md", ".py", ".json", ".csv", ".html"))


@every_page
def test_every_setting_is_one_of_the_tenant_file(path: Path) -> None:
    assert wrong_settings(read_page(path).inline) == []


def test_a_setting_that_is_not_there_is_found() -> None:
    page = parse_page(RUNBOOK, "`dns.publish`, `dns.publich: route53`, `limits.md`, `source.hosts`")
    assert wrong_settings(page.inline) == ["dns.publich", "source.hosts"]


def test_every_setting_is_in_the_reference() -> None:
    text = CONFIGURATION.read_text("utf-8")
    names = {name.rpartition(".")[2] for name in SETTINGS}
    assert [name for name in sorted(names) if not re.search(rf"\b{name}\b", text)] == []


# -- inputs of executions ------------------------------------------------------------------------


def inputs(texts: tuple[str, ...]) -> Iterator[str]:
    for text in texts:
        yield from re.findall(r'\{[^{}]*"phases"[^{}]*\}', text.replace("\n", " "))


def refused(text: str) -> str:
    """What Prepare says to an execution's input; "" if it takes it."""
    try:
        ExecutionInput.parse(json.loads(text))
    except InputInvalid as problem:
        return str(problem)
    return ""


@every_page
def test_every_input_is_taken(path: Path) -> None:
    page = read_page(path)
    given = [
        each
        for each in inputs((*page.inline, *page.blocks))
        if not any(f'"{name}"' in each for name in COMING)
    ]
    assert {each: problem for each in given if (problem := refused(each))} == {}


def test_inputs_are_found_and_looked_at() -> None:
    runbook = read_page(RUNBOOK)
    assert len(list(inputs((*runbook.inline, *runbook.blocks)))) > 8
    assert "unknown phase" in refused('{"phases": ["copie"]}')
