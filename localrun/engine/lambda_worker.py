"""One execution environment of a Lambda function: a child process under AWS's runtime client.

The child runs `python -m awslambdaric <handler>` and asks this module's server for work, by the
Lambda Runtime API (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html). It handles
one invocation at a time, and many one after the other. Each worker has a server of its own: the
runtime client is told a host and port only, so the port says which child is asking.
"""

import contextlib
import datetime
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localrun.loopback import LoopbackServer, Request, Response

INIT_SECONDS = 60.0
"""How long a child may import its handler. Lambda gives 10 s, on a machine of its own."""
MAXIMUM_RESPONSE_BYTES = 6 * 1024 * 1024 + 100
"""Lambda's limit for the answer of a synchronous invocation (6 MB and a little)."""


@dataclass(frozen=True, slots=True)
class Function:
    """A Lambda function as it was deployed. `timeout` in seconds, `memory` in MB (only told).
    `reserved` is its reserved concurrency: more invocations at once are refused, not queued."""

    name: str
    arn: str
    code: Path
    handler: str
    timeout: float
    memory: int
    environment: Mapping[str, str]
    max_workers: int = 4
    reserved: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an invocation: the handler's answer, or the error document when it failed."""

    function_error: str | None
    payload: bytes


@dataclass(frozen=True, slots=True)
class _Job:
    request_id: str
    payload: bytes
    client_context: str | None


class Worker:
    """A child process; `invoke` may be called by one thread at a time."""

    def __init__(self, function: Function, environment: Mapping[str, str], log_file: Path) -> None:
        self._function = function
        self._log_file = log_file
        self._changed = threading.Condition()
        self._job: _Job | None = None
        self._taken = False
        self._outcome: Outcome | None = None
        self._init_error: Outcome | None = None
        self._exit_status: int | None = None
        self._server = LoopbackServer(self._respond)
        with log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "awslambdaric", function.handler],
                cwd=function.code,
                env={**environment, "AWS_LAMBDA_RUNTIME_API": self._server.address},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that its own children can be ended with it
            )
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    @property
    def usable(self) -> bool:
        """Whether it can take another invocation: alive, and not left in the middle of one."""
        with self._changed:
            return all(fact is None for fact in (self._exit_status, self._init_error, self._job))

    def invoke(self, request_id: str, payload: bytes, client_context: str | None) -> Outcome:
        """Run the handler once. The child is ended when the time is over; see `usable`."""
        with self._changed:
            self._job = _Job(request_id, payload, client_context)
            self._taken, self._outcome = False, None
            self._changed.notify_all()
            # Importing the handler does not count against the function's timeout.
            self._changed.wait_for(lambda: self._taken or self._is_over(), INIT_SECONDS)
            allowed = self._function.timeout if self._taken else 0
            self._changed.wait_for(self._is_over, allowed)
            timed_out = not self._is_over()
            outcome = self._outcome or self._init_error or self._failure(request_id)
            self._job = None
        if timed_out:
            self.close()
        return outcome

    def close(self) -> None:
        """End the child and everything it started, at once. May be repeated."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):  # it ended by itself just now
                os.killpg(self._process.pid, signal.SIGKILL)
        self._watcher.join()
        self._server.close()

    def _is_over(self) -> bool:
        over = (self._outcome, self._init_error, self._exit_status)
        return any(reason is not None for reason in over)

    def _failure(self, request_id: str) -> Outcome:
        """The error document for a child that died, or that is still busy after its time."""
        if self._exit_status is not None:
            status = self._exit_status
            how = f"signal: {signal.strsignal(-status)}" if status < 0 else f"exit status {status}"
            message = f"RequestId: {request_id} Error: Runtime exited with error: {how}"
            return _unhandled("Runtime.ExitError", message)
        seconds = self._function.timeout if self._taken else INIT_SECONDS
        what = "Task" if self._taken else "Initialization"
        message = f"{what} timed out after {seconds:.2f} seconds"
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        with self._log_file.open("a") as log:
            log.write(f"{now} {request_id} {message}\n")
        return _unhandled("Sandbox.Timedout", f"RequestId: {request_id} Error: {message}")

    def _watch(self) -> None:
        status = self._process.wait()
        with self._changed:
            self._exit_status = status
            self._changed.notify_all()

    def _respond(self, request: Request) -> Response | None:
        """The Runtime API, below /2018-06-01/runtime/."""
        step = request.path.split("/")[3:]
        if step == ["invocation", "next"]:
            return self._next_job()
        if step == ["init", "error"]:
            with self._changed:
                self._init_error = Outcome("Unhandled", request.body)
                self._changed.notify_all()
            return _accepted()
        if len(step) == 3 and step[0] == "invocation" and step[2] in {"response", "error"}:
            return self._finish(step[1], request.body, failed=step[2] == "error")
        return Response(404, b'{"errorType": "InvalidPath"}')

    def _next_job(self) -> Response | None:
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._exit_status is not None
                    or (self._job is not None and not self._taken and self._outcome is None)
                )
            )
            if self._job is None or self._exit_status is not None:
                return None
            job = self._job
            self._taken = True
            self._changed.notify_all()
        deadline = int((time.time() + self._function.timeout) * 1000)
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": job.request_id,
            "Lambda-Runtime-Deadline-Ms": str(deadline),
            "Lambda-Runtime-Invoked-Function-Arn": self._function.arn,
        }
        if job.client_context is not None:
            headers["Lambda-Runtime-Client-Context"] = job.client_context
        return Response(200, job.payload, headers)

    def _finish(self, request_id: str, body: bytes, *, failed: bool) -> Response:
        with self._changed:
            if self._job is None or self._job.request_id != request_id:
                return Response(400, b'{"errorType": "InvalidRequestID"}')
            if len(body) > MAXIMUM_RESPONSE_BYTES:
                message = (
                    "Response payload size exceeded maximum allowed payload size "
                    f"({MAXIMUM_RESPONSE_BYTES} bytes)."
                )
                self._outcome = _unhandled("Function.ResponseSizeTooLarge", message)
            else:
                self._outcome = Outcome("Unhandled" if failed else None, body)
            self._changed.notify_all()
        return _accepted()


def _unhandled(error_type: str, message: str) -> Outcome:
    document = {"errorType": error_type, "errorMessage": message}
    return Outcome("Unhandled", json.dumps(document).encode())


def _accepted() -> Response:
    return Response(202, b'{"status": "OK"}', {"Content-Type": "application/json"})
