"""Who may import what, and what the names of files, states and events promise."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from migration import errors, events
from stacks.function_table import TABLE

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ROOT / "lambdas" / "migration"
HANDLERS = sorted(path for path in (ROOT / "lambdas").glob("*.py"))
NETWORK = {
    "boto3",
    "botocore",
    "imapclient",
    "imaplib",
    "urllib3",
    "dns",
    "socket",
    "ssl",
    "http",
    "httpx",
}
USE_CASES = {
    *("manifest", "manifest_rules", "manifest_profile", "preflight", "administrator", "runs"),
    "administrator_user",
    *("source_secret", "groupware_check", "groupware_run", "preflight_groupware"),
    *("erasure", "erasure_proof"),
    *("discovery_port", "discovery", "discovery_notes", "discovery_addresses"),
    *("discovery_names", "discovery_groups", "discovery_compare", "preflight_directory"),
    *("estimate", "migration_plan", "plan_page", "run_plan"),
    *("journal", "rollback", "rollback_plan", "rollback_look", "rollback_undo"),
    "rollback_report",
    *("password_parts", "wave_passwords", "password_reset"),
    *("provisioning", "user_changes", "entities", "entity_changes", "entity_links"),
    *("entity_readings", "report_entities"),
    *("manifest_records", "manifest_columns", "manifest_tables", "manifest_document", "wave"),
    *("manifest_fields", "manifest_references", "manifest_groups", "manifest_resources"),
    *("manifest_permissions", "manifest_compare", "resource_names"),
    "domains",
    *("telling", "notices", "questions", "question_words", "question_texts", "copy_state"),
    *("approval", "answer_page"),
    *("dns_verdicts", "dns_waits", "dns_watch", "report_dns"),
    *("spf", "dns_values", "dns_publishing", "dns_restoring", "dns_forms", "publishing"),
    *("dns_survey", "dns_rollback", "zone_changes"),
    *("control", "drain", "late_passes"),
    *(
        "progress",
        "progress_file",
        "progress_look",
        "progress_page",
        "progress_states",
        "progress_view",
        "progress_words",
        "slice_run",
    ),
    *("clients", "client_guides", "client_profiles", "client_templates", "client_files"),
    *("client_report", "client_sending", "report_steps", "spreadsheet"),
    *(
        "report_tables",
        "report_failures",
        "report_columns",
        "report_settings",
        "settings_file",
        "automatic_replies",
    ),
    *("passwords", "target_choice", "copy", "dns", "cutover", "report", "report_summary", "advice"),
    *("report_lines", "report_phases", "report_groupware", "progress_history"),
    *(
        "aftermath",
        "directory_plan",
        "remark_words",
        "findings",
        "access_rules",
        "preflight_workmail",
    ),
}
FOUNDATION = {
    *(
        "access",
        "model",
        "mail",
        "dns_model",
        "directory_model",
        "errors",
        "mime",
        "transitions",
        "deeds",
        "question_model",
        "letters",
        "measures",
        "progress_model",
        "execution_input",
        "intake",
        "survey_model",
        "mailbox_settings",
        "discovery_model",
    ),
    *(
        "settings",
        "identity",
        "workmail_names",
        "folder_names",
        "end_of_support",
        "figures",
        "zone_model",
    ),
}
WORDS = {"model", "mail", "dns_model", "directory_model"}
"""The model, by rooms: what the rest of the foundation may speak of."""
ADAPTERS = {"sources", "targets", "aws", "wire"}


def imports(path: Path) -> Iterator[str]:
    """Dotted names of the modules that a file imports, `from x import y` as x and x.y."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(path: Path) -> str:
    """`copy` for migration/copy/engine.py, `dns` for migration/dns.py."""
    return path.relative_to(PRODUCT).parts[0].removesuffix(".py")


def forbidden(path: Path) -> set[str]:
    """Names of imports that the file may not have."""
    found = set(imports(path))
    tops = {name.split(".")[0] for name in found}
    rooms = {name.split(".")[1] for name in found if name.startswith("migration.")}
    wrong = tops & {"localrun", "tests", "stacks"}
    here = room(path)
    if here in FOUNDATION:
        wrong |= rooms - {"errors", "mime", *WORDS} | tops & NETWORK
    if here in USE_CASES:
        wrong |= tops & NETWORK | rooms & (ADAPTERS | {"wiring", "entry", "events"})
    if here == "items":
        wrong |= rooms - {"items", "errors"} | tops & NETWORK
    if here in ADAPTERS:
        allowed = {"ports", "groupware_port", "items", "wire", here, *FOUNDATION} - {"settings"}
        wrong |= rooms - allowed
    if here != "aws" and here != "wiring":
        wrong |= tops & {"boto3", "botocore"}
    return wrong


@pytest.mark.parametrize("path", sorted(PRODUCT.rglob("*.py")), ids=lambda path: str(path.name))
def test_product_imports_point_downwards(path: Path) -> None:
    assert forbidden(path) == set()


@pytest.mark.parametrize("path", HANDLERS, ids=lambda path: path.stem)
def test_handlers_are_thin(path: Path) -> None:
    found = set(imports(path))
    assert {name.split(".")[0] for name in found} <= {"__future__", "typing", "migration"}
    rooms = {name.split(".")[1] for name in found if name.startswith("migration.")}
    assert not rooms & (ADAPTERS | {"settings", "ports"})
    assert len(path.read_text("utf-8").splitlines()) <= 25


def test_the_import_rule_notices_a_breach(tmp_path: Path) -> None:
    bad = PRODUCT / "dns.py"
    assert "boto3" in forbidden_in(bad, "import boto3\n", tmp_path)
    assert "aws" in forbidden_in(bad, "from migration.aws import ledger\n", tmp_path)


def forbidden_in(path: Path, text: str, tmp_path: Path) -> set[str]:
    """`forbidden` for other text at the same place."""
    copy = tmp_path / path.name
    copy.write_text(text)
    tops = {name.split(".")[0] for name in imports(copy)}
    rooms = {name.split(".")[1] for name in imports(copy) if name.startswith("migration.")}
    return tops & NETWORK | rooms & ADAPTERS


def states(machine: dict[str, object]) -> Iterator[tuple[str, dict[str, object]]]:
    inner = machine["States"]
    assert isinstance(inner, dict)
    for name, state in inner.items():
        yield name, state
        if "ItemProcessor" in state:
            yield from states(state["ItemProcessor"])


def definition() -> dict[str, object]:
    text = (ROOT / "statemachines" / "migrate_tenant.asl.json").read_text("utf-8")
    loaded = json.loads(text)
    assert isinstance(loaded, dict)
    return loaded


def test_every_task_state_has_its_handler_its_function_and_its_events() -> None:
    tasks = {name: state for name, state in states(definition()) if state["Type"] == "Task"}
    others = {handler for handler, row in TABLE.items() if row.by_rule or row.by_url}
    assert {_snake(name) for name in tasks} == {path.stem for path in HANDLERS} - others
    for name, state in tasks.items():
        arguments = state["Arguments"]
        assert isinstance(arguments, dict)
        assert arguments["FunctionName"] == f"${{{name}Arn}}"
        for type_name in (name, f"{name}Result"):
            event = getattr(events, type_name)
            assert is_dataclass(event)
        expected = {field.name for field in fields(getattr(events, name))}
        assert set(arguments["Payload"]) == expected, name


def _snake(name: str) -> str:
    return "".join("_" + char.lower() if char.isupper() else char for char in name).lstrip("_")


def test_every_error_that_can_leave_a_lambda_is_named_in_the_definition() -> None:
    named: set[str] = set()
    for _, state in states(definition()):
        for key in ("Retry", "Catch"):
            for rule in state.get(key, []):  # type: ignore[attr-defined]
                named |= set(rule["ErrorEquals"])
    kept_inside = {*errors.leaves(errors.ItemError), errors.FolderGone}
    leaving = {leaf.__name__ for leaf in errors.leaves() if leaf not in kept_inside}
    assert leaving - named == set()
    known = leaving | {"States.ALL", "States.Timeout", "States.TaskFailed"}
    strangers = {
        name for name in named - known if not name.startswith(("Lambda.", "Sandbox.", "States."))
    }
    assert strangers == set()
