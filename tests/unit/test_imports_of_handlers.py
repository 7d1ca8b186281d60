"""What each function loads when it begins: no package that it never calls.

Modules that only some functions use are imported by wiring.py when they are asked for; a use-case
that imports one at its top makes every function pay that imports the use-case.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

LAMBDAS = Path(__file__).resolve().parents[2] / "lambdas"
HANDLERS = sorted(path.stem for path in LAMBDAS.glob("[!_]*.py"))

# Who fills in templates, and who reads YAML. All others load neither; nobody begins with the DNS,
# with mail servers or with an API of which a single state has need.
TEMPLATES = {
    *("answer_question", "prepare_dns", "publish_dns", "rollback_dns", "send_client_guides"),
    *("preflight", "write_report"),
}
YAML = {"plan_wave", "preflight", "repeat_wave", "send_client_guides", "summarise_pass"}
ITEMS = {"copy_groupware"}
"""Its every call has need of them."""
WHEN_ASKED_FOR = {
    *("dns", "moto", "stacks", "localrun", "pytest"),
    *("httpx", "jwt", "cryptography"),
    *("migration.wire", "migration.sources", "migration.targets"),
    "migration.items",
    *("migration.aws.directory", "migration.aws.zones", "migration.aws.mailer"),
    *("migration.aws.schedules", "migration.aws.wave_secrets"),
}

_PROGRAM = """
import json, sys
loaded = {}
for handler in sys.argv[1:]:
    for name in [name for name in sys.modules if name.split(".")[0] in {"jinja2", "yaml"}]:
        del sys.modules[name]
    for name in [name for name in sys.modules if name.split(".")[0] == "migration"]:
        del sys.modules[name]
    __import__(handler)
    loaded[handler] = sorted(sys.modules)
print(json.dumps(loaded))
"""


@pytest.fixture(scope="module")
def loaded() -> Mapping[str, set[str]]:
    """The modules of each handler. One process imports all of them, and forgets in between what is
    looked at here."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *HANDLERS],
        cwd=LAMBDAS,
        capture_output=True,
        text=True,
        check=True,
    )
    return {handler: set(names) for handler, names in json.loads(done.stdout).items()}


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_function_begins_with_what_it_needs(handler: str, loaded: Mapping[str, set[str]]) -> None:
    names = loaded[handler]
    assert ("jinja2" in names) is (handler in TEMPLATES)
    assert ("yaml" in names) is (handler in YAML)
    early = {"migration.items"} if handler in ITEMS else set()
    assert sorted(names & WHEN_ASKED_FOR) == sorted(early)


def test_the_tables_name_handlers() -> None:
    assert (TEMPLATES | YAML | ITEMS) - set(HANDLERS) == set()
