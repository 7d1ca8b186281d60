"""ResultWriter: the results of a distributed Map, as files in S3 or as its result.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from localrun.engine.clock import Clock
from localrun.engine.execution import Execution
from localrun.engine.failures import StateError
from localrun.engine.map_run import MapRun
from localrun.engine.payload import Json, dumps

_ENDED_BADLY = ("FAILED", "TIMED_OUT", "ABORTED")


def write_results(
    s3: Any,
    writer: Json,
    map_run: MapRun,
    children: Sequence[Execution],
    pending: Sequence[Json],
    clock: Clock,
) -> Json:
    """Writes SUCCEEDED_0, FAILED_0 and PENDING_0 (those with content) and manifest.json.

    `pending` are the inputs of children that were never started. Returns the Map's result. Raises
    StateError States.ResultWriterFailed.
    """
    arguments, config = writer["Arguments"], writer.get("WriterConfig", {})
    parts = (arguments.get("Prefix", "").strip("/"), map_run.arn.rsplit(":", 1)[-1])
    folder = "/".join(part for part in parts if part)
    lines = config.get("OutputType", "JSON") == "JSONL"
    extension = "jsonl" if lines else "json"
    files = {
        status: [(f"{folder}/{status}_0.{extension}", _text(records, lines=lines))]
        for status, records in _records(children, pending, config, clock).items()
        if records
    }
    manifest = {
        "DestinationBucket": arguments["Bucket"],
        "MapRunArn": map_run.arn,
        "ResultFiles": {
            status: [{"Key": key, "Size": len(body)} for key, body in files.get(status, ())]
            for status in ("FAILED", "PENDING", "SUCCEEDED")
        },
    }
    manifest_file = (f"{folder}/manifest.json", dumps(manifest).encode())
    try:
        for key, body in [*chain.from_iterable(files.values()), manifest_file]:
            s3.put_object(Bucket=arguments["Bucket"], Key=key, Body=body)
    except (ClientError, BotoCoreError, ParamValidationError) as reason:
        raise StateError("States.ResultWriterFailed", str(reason)) from reason
    map_run.results_written = True
    details = {"Bucket": arguments["Bucket"], "Key": manifest_file[0]}
    return {"MapRunArn": map_run.arn, "ResultWriterDetails": details}


def _records(
    children: Sequence[Execution], pending: Sequence[Json], config: Json, clock: Clock
) -> dict[str, list[Json]]:
    succeeded = [child for child in children if child.status == "SUCCEEDED"]
    return {
        "FAILED": [_metadata(child, clock) for child in children if child.status in _ENDED_BADLY],
        "PENDING": [{"Input": dumps(one), "Status": "PENDING"} for one in pending],
        "SUCCEEDED": transformed_results(succeeded, config.get("Transformation", "NONE"), clock),
    }


def _text(records: Sequence[Json], *, lines: bool) -> bytes:
    return ("\n".join(map(dumps, records)) if lines else dumps(records)).encode()


def transformed_results(
    children: Sequence[Execution], transformation: str | None, clock: Clock
) -> list[Json]:
    """The results for the state itself, in the order of the children.

    None and COMPACT give each child's output, a failed one's Status, Error and Cause; FLATTEN
    also joins outputs that are arrays; NONE gives what is known of each child.
    """
    results: list[Json] = []
    for child in children:
        if transformation == "NONE":
            results.append(_metadata(child, clock))
        elif child.status != "SUCCEEDED":
            about = {"Status": child.status, "Error": child.error, "Cause": child.cause}
            results.append(about)
        elif transformation == "FLATTEN" and isinstance(child.output, list):
            results += child.output
        else:
            results.append(child.output)
    return results


def _metadata(child: Execution, clock: Clock) -> Json:
    about: Json = {
        "ExecutionArn": child.arn,
        "Input": dumps(child.input),
        "InputDetails": {"Included": True},
        "Name": child.name,
        "RedriveCount": 0,
        "RedriveStatus": "NOT_REDRIVABLE",
        "StartDate": clock.iso(child.started),
        "StateMachineArn": child.machine.arn,
        "Status": child.status,
        "StopDate": clock.iso(child.stopped),
    }
    if child.status == "SUCCEEDED":
        about |= {"Output": dumps(child.output), "OutputDetails": {"Included": True}}
    else:
        about |= {"Error": child.error, "Cause": child.cause}
    return about
