"""How large what was synthesized is, beside what AWS takes: `python -m stacks.sizes cdk.out STACK`.

The limits: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
and https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

TEMPLATE_LIMIT = 1_048_576
RESOURCE_LIMIT = 500
OUTPUT_LIMIT = 200
UNZIPPED_LIMIT = 262_144_000
"""250 MB, of a function's code and its layers together."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of the template, its resources and outputs, and unzipped bytes of all assets that are
    folders, by the beginning of their hashes."""

    template: int
    resources: int
    outputs: int
    assets: dict[str, int]

    def describe(self) -> str:
        """In one line."""
        unzipped = sum(self.assets.values())
        each = " + ".join(f"{size / 1e6:.1f}" for size in sorted(self.assets.values()))
        return (
            f"template {self.template:,} of {TEMPLATE_LIMIT:,} bytes, "
            f"{self.resources} of {RESOURCE_LIMIT} resources, "
            f"{self.outputs} of {OUTPUT_LIMIT} outputs, code and layer {each} = "
            f"{unzipped / 1e6:.1f} of {UNZIPPED_LIMIT / 1e6:.0f} MB unzipped"
        )


def measure(assembly: Path, stack: str) -> Sizes:
    """What `stack` is in a synthesized assembly."""
    path = assembly / f"{stack}.template.json"
    template = json.loads(path.read_text("utf-8"))
    listed = json.loads((assembly / f"{stack}.assets.json").read_text("utf-8"))["files"]
    folders = {
        key[:8]: assembly / one["source"]["path"]
        for key, one in listed.items()
        if one["source"].get("packaging") == "zip"
    }
    return Sizes(
        path.stat().st_size,
        len(template["Resources"]),
        len(template.get("Outputs", {})),
        {key: measure_folder(folder) for key, folder in folders.items()},
    )


def measure_folder(folder: Path) -> int:
    """Bytes of all files below it."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main() -> None:
    """Prints the line."""
    assembly, stack = sys.argv[1:]
    sys.stdout.write(measure(Path(assembly), stack).describe() + "\n")


if __name__ == "__main__":
    main()
