"""AWS Solutions' rules (cdk-nag) over a tenant's stack: `make nag`.

Prints every finding that stays, where it is and why, as a table in Markdown. Exit code 1 if a
finding has no reason, or a reason no finding.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from stacks.node import use_bundled_node  # noqa: E402

if TYPE_CHECKING:
    import aws_cdk as cdk


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """What a rule says of a construct. `reason` is empty where nobody has acknowledged it."""

    rule: str
    construct: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """`findings` in order; `vain`: reasons whose finding is not there, as construct and rule."""

    findings: Sequence[Finding]
    vain: Sequence[str]

    @property
    def unexplained(self) -> list[Finding]:
        return [finding for finding in self.findings if not finding.reason]

    def as_markdown(self) -> str:
        """A table of the findings that stay; constructs that share rule and reason share a row."""
        rows: dict[tuple[str, str], list[str]] = {}
        for finding in self.findings:
            rows.setdefault((finding.rule, finding.reason), []).append(finding.construct)
        lines = ["| finding | construct | reason |", "| --- | --- | --- |"]
        for (rule, reason), constructs in rows.items():
            lines.append(f"| `{rule}` | {'<br>'.join(constructs)} | {reason or '**none**'} |")
        return "\n".join(lines)


def check(app: cdk.App) -> Report:
    """Synthesizes an app with the rules, and holds findings and acknowledgements together."""
    import aws_cdk as cdk
    from cdk_nag import AwsSolutionsChecks

    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    try:
        app.synth()
    except RuntimeError as error:
        if "ValidationFailed" not in str(error):
            raise
    report = json.loads((Path(app.outdir) / "validation-report.json").read_text("utf-8"))
    used: set[tuple[str, str]] = set()
    findings = set()
    for plugin in report["pluginReports"]:
        findings |= set(_findings(plugin["violations"]))
        suppressed = plugin.get("suppressedViolations", [])
        findings |= set(_findings(suppressed))
        used |= {(each["acknowledgedAt"], each["acknowledgedId"]) for each in suppressed}
    vain = [f"{path}: {rule}" for path, rule in sorted(set(_acknowledged(app)) - used)]
    return Report(sorted(findings), vain)


def _findings(violations: Sequence[dict[str, Any]]) -> Iterator[Finding]:
    for violation in violations:
        rule = violation["ruleName"].removeprefix("AwsSolutions-")
        for construct in violation["violatingConstructs"]:
            path = construct["constructPath"].removesuffix("/Resource")
            yield Finding(rule, path.partition("/")[2], violation.get("reason", ""))


def _acknowledged(app: cdk.App) -> Iterator[tuple[str, str]]:
    """Construct and rule of each acknowledgement."""
    import aws_cdk as cdk

    for construct in app.node.find_all():
        for entry in construct.node.metadata:
            if entry.type == cdk.Validations.ACKNOWLEDGED_RULES_METADATA_KEY:
                for rule in dict(entry.data):
                    yield construct.node.path, rule


def main() -> int:
    """For the tenant of the variable TENANT."""
    use_bundled_node()
    import aws_cdk as cdk  # only now: importing it starts Node

    from stacks.errors import SynthError
    from stacks.migration import MigrationStack
    from stacks.tenants import choose_tenant

    flags = json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"]
    with tempfile.TemporaryDirectory() as folder:
        app = cdk.App(context={**flags, "aws:cdk:bundling-stacks": []}, outdir=folder)
        try:
            MigrationStack(app, choose_tenant(ROOT / "tenants", os.environ.get("TENANT"), None))
        except SynthError as error:
            print(error, file=sys.stderr)
            return 1
        report = check(app)
    print(report.as_markdown())
    for finding in report.unexplained:
        print(f"no reason: {finding.rule} at {finding.construct}", file=sys.stderr)
    for reason in report.vain:
        print(f"a reason without a finding: {reason}", file=sys.stderr)
    return 1 if report.unexplained or report.vain else 0


if __name__ == "__main__":
    sys.exit(main())
