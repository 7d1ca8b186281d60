"""Executions and Map Runs as the Step Functions API shows them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from localrun.engine.execution import Execution
from localrun.engine.map_run import MapRun
from localrun.engine.payload import dumps

Record = dict[str, Any]


def moment(seconds: float) -> datetime:
    """A moment of the virtual clock, to the millisecond."""
    return datetime.fromtimestamp(round(seconds, 3), UTC)


def execution_record(execution: Execution) -> Record:
    """DescribeExecution's answer."""
    included = {"included": True}
    record = _execution_head(execution) | {
        "input": dumps(execution.input),
        "inputDetails": included,
        "redriveCount": 0,
        "redriveStatus": "NOT_REDRIVABLE",
    }
    if execution.status == "SUCCEEDED":
        record |= {"output": dumps(execution.output), "outputDetails": included}
    elif execution.status != "RUNNING":
        record |= {"error": execution.error, "cause": execution.cause}
    return record


def execution_summary(execution: Execution) -> Record:
    """An entry of ListExecutions."""
    summary = _execution_head(execution)
    if execution.map_run is not None:
        summary["itemCount"] = execution.map_run.items_of(execution)
    return summary


def _execution_head(execution: Execution) -> Record:
    head = {
        "executionArn": execution.arn,
        # A child belongs to its parent's machine.
        "stateMachineArn": execution.machine.arn.split("/")[0],
        "name": execution.name,
        "status": execution.status,
        "startDate": moment(execution.started),
    }
    if execution.qualified.version is not None:
        head["stateMachineVersionArn"] = execution.qualified.version
    if execution.qualified.alias is not None:
        head["stateMachineAliasArn"] = execution.qualified.alias
    if execution.stopped is not None:
        head["stopDate"] = moment(execution.stopped)
    if execution.map_run is not None:
        head["mapRunArn"] = execution.map_run.arn
    return head


def map_run_summary(run: MapRun) -> Record:
    """An entry of ListMapRuns."""
    summary = {
        "executionArn": run.execution_arn,
        "mapRunArn": run.arn,
        "stateMachineArn": f"{run.machine_arn}/{run.label}",
        "startDate": moment(run.started),
    }
    if run.stopped is not None:
        summary["stopDate"] = moment(run.stopped)
    return summary


def map_run_record(run: MapRun) -> Record:
    """DescribeMapRun's answer."""
    record: Record = {
        "mapRunArn": run.arn,
        "executionArn": run.execution_arn,
        "status": run.status,
        "startDate": moment(run.started),
        "maxConcurrency": run.max_concurrency,
        "toleratedFailureCount": run.tolerance.count,
        "toleratedFailurePercentage": float(run.tolerance.percentage),
        "itemCounts": _counts(run.item_counts(), run.total_items, written=run.results_written),
        "executionCounts": _counts(
            run.child_counts(), run.total_children, written=run.results_written
        ),
        "redriveCount": 0,
    }
    if run.stopped is not None:
        record["stopDate"] = moment(run.stopped)
    return record


def _counts(by_status: Mapping[str, int], total: int, *, written: bool) -> Record:
    return {
        "pending": total - sum(by_status.values()),
        "running": by_status.get("RUNNING", 0),
        "succeeded": by_status.get("SUCCEEDED", 0),
        "failed": by_status.get("FAILED", 0),
        "timedOut": by_status.get("TIMED_OUT", 0),
        "aborted": by_status.get("ABORTED", 0),
        "total": total,
        "resultsWritten": total if written else 0,
        "failuresNotRedrivable": 0,
        "pendingRedrive": 0,
    }
