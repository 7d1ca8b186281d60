"""The CDK app: one stack for the tenant given by `-c tenant=NAME`, the variable TENANT, or
`-c tenant_file=PATH`.

Needs no AWS credentials and, run as `python app.py`, no CDK CLI: it writes to cdk.out.
"""

import json
import os
import sys
from pathlib import Path

from stacks.node import use_bundled_node

ROOT = Path(__file__).resolve().parent


def main() -> None:
    use_bundled_node()
    import aws_cdk as cdk  # only now: importing it starts Node

    from stacks.errors import SynthError
    from stacks.migration import MigrationStack
    from stacks.tenants import choose_tenant

    flags = json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"]
    app = cdk.App(context=flags, outdir=os.environ.get("CDK_OUTDIR", "cdk.out"))
    tenant, tenant_file = (app.node.try_get_context(key) for key in ("tenant", "tenant_file"))
    if not tenant_file:
        tenant = tenant or os.environ.get("TENANT")
    try:
        MigrationStack(app, choose_tenant(ROOT / "tenants", tenant, tenant_file))
    except SynthError as error:
        sys.exit(str(error))
    app.synth()


if __name__ == "__main__":
    main()
