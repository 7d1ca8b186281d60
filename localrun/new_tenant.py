"""python -m localrun new-tenant: writes a tenant file by asking, checking each answer at once."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from localrun.config_pages import describe_values
from localrun.tenant_file import render_tenant, show_value
from localrun.tenants_command import TENANTS
from stacks.config import TenantConfig
from stacks.reading import ConfigError
from stacks.schema import Setting, find_setting, list_sections
from stacks.source_config import IMAP, M365, M365_IMAP
from stacks.tenants import EXAMPLE

ASKED = (
    *("region", "organization_id", "domains", "account", "source.kind", "source.host"),
    *("source.tls", "source.cloud", "groupware.sources", "manifest", "notifications.emails"),
    *("cutover.approval", "dns.publish"),
)
"""What is asked; all else stands in the file as a comment with its default."""

KINDS: Mapping[str, frozenset[str]] = {
    "source.host": frozenset({IMAP}),
    "source.tls": frozenset({IMAP}),
    "source.cloud": frozenset({M365, M365_IMAP}),
    "groupware.sources": frozenset({M365, M365_IMAP}),
}
"""What is asked only where the source is of one of these kinds."""
_SUGGESTED: Mapping[str, object] = {"groupware.sources": [M365]}
"""What Enter takes where it is asked, and the file's default is something else."""
_NEEDED = frozenset({"source.host"})
"""What may be empty in the file, and not where it is asked."""

INTERRUPTED = 130
Ask = Callable[[str], str]


class AnswersRefusedError(Exception):
    """No file can be written; each of `problems` is a sentence."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problems))


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        "python -m localrun new-tenant",
        description="Write tenants/NAME.yaml by asking. Each answer is checked at once; Enter "
        "takes the default. Ctrl-C writes nothing, and a file that is there is never overwritten.",
        epilog="Exit status: 0, it is written; 2, it is not; 130, Ctrl-C.",
    )
    parser.add_argument("name", help="the tenant's name; the stack is WorkMailMigration-NAME")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="an answer beforehand, for any setting of docs/configuration.md, such as "
        "source.host=imap.example.com; lists have commas. Repeat it for each",
    )
    parser.add_argument(
        "--no-input",
        action="store_true",
        help="ask nothing: what is not --set gets its default; so it is, too, without a terminal",
    )
    return parser


def main(arguments: Sequence[str], folder: Path = TENANTS, ask: Ask | None = None) -> int:
    """Runs the command line; the process's exit status. `ask` shows a prompt and returns the
    answer, as `input` does."""
    options = build_parser().parse_args(arguments)
    path = folder / f"{options.name}.yaml"
    try:
        given = _read_given(options.name, options.set)
        _refuse_existing(path)
        if ask or (sys.stdin.isatty() and not options.no_input):
            given = _ask_all(given, ask or input)
        _write(path, options.name, render_tenant(given))
    except (KeyboardInterrupt, EOFError):
        print("\nstopped: nothing is written", file=sys.stderr)
        return INTERRUPTED
    except AnswersRefusedError as error:
        for problem in error.problems:
            print(f"error: {problem}", file=sys.stderr)
        return 2
    print(f"""\
written: {path}
All other settings stand in it with their defaults; docs/configuration.md explains them. Next:
    make synth TENANT={options.name}        # is everything right with it?
    make deploy TENANT={options.name}       # says what is missing before it changes anything""")
    return 0


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise AnswersRefusedError([f"{path} is there already: edit it, or remove it first"])


def _read_given(name: str, flags: Sequence[str]) -> dict[str, object]:
    """The answers of the command line, by path; AnswersRefusedError names every fault."""
    given: dict[str, object] = {"tenant": name}
    problems: list[str] = []
    if name == EXAMPLE:
        problems.append(f"tenant: {EXAMPLE} is the one to be looked at; take another name")
    for flag in flags:
        path, separator, text = flag.partition("=")
        setting = find_setting(path.strip())
        if not separator or setting is None or setting.path == "tenant":
            problems.append(f"--set {flag}: must be KEY=VALUE{_known(path.strip())}")
        elif setting.path in given:
            problems.append(f"--set {flag}: {setting.path} is set twice")
        else:
            given[setting.path] = setting.parse(text)
    for path, value in given.items():
        setting = find_setting(path)
        problems += setting.problems(value) if setting else []
    if problems:
        raise AnswersRefusedError(problems)
    return given


def _known(path: str) -> str:
    section, _, _ = path.rpartition(".")
    names = [one.path for each in list_sections() if each.name == section for one in each.settings]
    return f", with KEY one of {', '.join(names)}" if names else "; see docs/configuration.md"


def _ask_all(given: Mapping[str, object], ask: Ask) -> dict[str, object]:
    """`given`, and the answers to what is not yet given."""
    answers = dict(given)
    for path in ASKED:
        setting = find_setting(path)
        if setting is None:
            raise KeyError(path)
        kinds = KINDS.get(path)
        if path not in answers and (kinds is None or answers.get("source.kind") in kinds):
            value = _ask_one(setting, ask)
            if value != setting.default:
                answers[path] = value
    return answers


def _ask_one(setting: Setting, ask: Ask) -> object:
    """Asks until the answer will do."""
    print(f"\n{setting.path}: {setting.meaning}")
    print(f"  {describe_values(setting).replace('`', '')}")
    default = _SUGGESTED.get(setting.path, setting.default)
    default = None if setting.path in _NEEDED else default
    shown = "" if default is None else f" [{show_value(default)}]"
    while True:
        text = ask(f"  {setting.name}{shown}: ")
        if not text.strip() and default is not None:
            return default
        value = setting.parse(text)
        problems = setting.problems(value)
        if default is None and value == "":
            problems = problems or [f"{setting.path}: is needed"]
        if not problems:
            return value
        for problem in problems:
            print(f"  {problem}")


def _write(path: Path, name: str, text: str) -> None:
    """Writes the file whole or not at all, if TenantConfig.load takes it. AnswersRefusedError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".new-") as folder:
        draft = Path(folder) / path.name
        draft.write_text(text, "utf-8")
        try:
            TenantConfig.load(draft, name)
        except ConfigError as error:
            raise AnswersRefusedError(error.problems) from None
        try:
            os.link(draft, path)  # fails if somebody else has written it meanwhile
        except FileExistsError:
            _refuse_existing(path)
