"""What the state machine's role needs, from the definition.

The rights for a Distributed Map are those of Step Functions' guide, "Using IAM policies for
Distributed Map states"; for redriving one, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tools.rights.needs import Need, without_qualifier

States = Mapping[str, Any]
_PREFIX = re.compile(r"\{% *'([^']*/)")
_WAVES = "plans/*"
"""The keys of item readers come from the results of functions: files that plan_wave, repeat_wave,
plan_rollback and order_rollback have written. tests/stacks/test_rights.py compares."""

# The delivery of logs knows no narrower resource; see "Logging using CloudWatch Logs".
LOGGING = tuple(
    f"logs:{action}"
    for action in (
        *("CreateLogDelivery", "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery"),
        *("ListLogDeliveries", "PutResourcePolicy", "DescribeResourcePolicies"),
        "DescribeLogGroups",
    )
)

# What of an execution is traced; see "Tracing Step Functions request data in AWS X-Ray". Sending
# the segments is left out for all roles (BY_LAMBDA in comparison.py).
TRACING = ("xray:GetSamplingRules", "xray:GetSamplingTargets")


def machine_needs(definition: States, machine_arn: str) -> set[Need]:
    """Actions and resources, by the states of the definition, those inside of others too."""
    found = {Need(action, "*") for action in (*LOGGING, *TRACING)}
    for _, state in walk_states(definition):
        found |= set(_of_state(state, machine_arn))
    return found


def walk_states(machine: States) -> Iterator[tuple[str, States]]:
    """All states with their names, those inside of Maps and branches too."""
    for name, state in machine["States"].items():
        yield name, state
        inner = [state["ItemProcessor"]] if "ItemProcessor" in state else state.get("Branches", [])
        for each in inner:
            yield from walk_states(each)


def called_functions(definition: States) -> dict[str, str]:
    """The ARN of the function that each state calls, without its version."""
    return {
        name: without_qualifier(state["Arguments"]["FunctionName"])
        for name, state in walk_states(definition)
        if "lambda:invoke" in str(state.get("Resource"))
    }


def _of_state(state: States, machine_arn: str) -> Iterator[Need]:
    if "lambda:invoke" in str(state.get("Resource")):
        # Any version: executions that began with an earlier definition go on with its versions,
        # and IAM judges them by the role as it is then.
        function = without_qualifier(state["Arguments"]["FunctionName"])
        yield Need("lambda:InvokeFunction", f"{function}:*")
    if state.get("ItemProcessor", {}).get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED":
        yield Need("states:StartExecution", machine_arn)
        executions = machine_arn.replace(":stateMachine:", ":execution:")
        for action in ("DescribeExecution", "StopExecution", "RedriveExecution"):
            # children are called execution:<name>/<label>:<id>
            yield Need(f"states:{action}", f"{executions}:*")
            yield Need(f"states:{action}", f"{executions}/*")
    if "ItemReader" in state:
        reader = state["ItemReader"]["Arguments"]
        yield Need("s3:GetObject", f"arn:aws:s3:::{reader['Bucket']}/{_WAVES}")
        if "VersionId" in reader:
            yield Need("s3:GetObjectVersion", f"arn:aws:s3:::{reader['Bucket']}/{_WAVES}")
    if "ResultWriter" in state:
        writer = state["ResultWriter"]["Arguments"]
        prefix = _PREFIX.match(writer["Prefix"])
        keys = f"arn:aws:s3:::{writer['Bucket']}/{prefix[1] if prefix else ''}*"
        for action in ("GetObject", "PutObject", "ListMultipartUploadParts"):
            yield Need(f"s3:{action}", keys)
        yield Need("s3:AbortMultipartUpload", keys)
