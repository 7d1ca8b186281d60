"""What `--keep-running` keeps up, and how it is reached."""

from __future__ import annotations

from localrun.runner import Run
from localrun.world import REGION


def endpoints_help(run: Run) -> str:
    """How to reach what --keep-running keeps up."""
    exports = "\n".join(
        f"export {name}={value}" for name, value in run.cloud.endpoints.variables().items()
    )
    return f"""The endpoints stay up until Ctrl-C. In another terminal:

{exports}

aws stepfunctions list-executions --state-machine-arn {run.cloud.state_machine_arn}
aws stepfunctions start-execution --state-machine-arn {run.cloud.alias_arn} --input '{{}}'
aws workmail list-users --organization-id {run.world.organization_id}
aws s3 ls s3://{run.cloud.output("BucketName")} --recursive
python -c "import boto3; print(boto3.client('stepfunctions').list_state_machines())"

EWS (WorkMail): {run.world.ews.url}
IMAP (source):  {run.world.source["host"]}:{run.world.source["port"]}
Region {REGION}, account 123456789012.
"""
