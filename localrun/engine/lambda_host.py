"""A Lambda service: real handlers in child processes, called as boto3 calls Lambda.

`LambdaHost.url` answers the Invoke operation
(https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html) for the functions given to `add`;
`invoke` is the same without HTTP. A function has up to `max_workers` children, which are kept
warm; further calls wait for a free one, but for those beyond its reserved concurrency, which are
refused with TooManyRequestsException as Lambda does. Asynchronous calls (type Event) run once,
without Lambda's two retries.

`publish` keeps what a function is under the next number; `update` changes what is called without
one. A version has its children like a function of its own.

Children see the machine as Lambda shows it: working directory and first import path are the
function's code folder, and the environment is what `base_env` and the function's own variables
say, with nothing of the parent's but PATH and the like. They never read ~/.aws.

The time of the world around, which may run ahead of the machine's, is told with every call that
has no client context of its own: `now` in the context's custom values.

All children of a function write to `<log_directory>/<function>.log`. LogType Tail answers with
what was written there during the call: of other calls too, if they ran at the same time.

AWS's runtime client has a native part that is published for Linux only.
"""

import atexit
import base64
import importlib.util
import json
import os
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, unquote

from localrun.engine.invocation import InvokeResult
from localrun.engine.lambda_pool import FunctionUsage, Pool
from localrun.engine.lambda_worker import Function
from localrun.loopback import LoopbackServer, Request, Response

__all__ = ["Function", "LambdaHost", "LambdaRuntimeMissingError"]

_INHERITED_VARIABLES = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "LD_LIBRARY_PATH")
_MAXIMUM_REQUEST_BYTES = 6 * 1024 * 1024
_MAXIMUM_TAIL_BYTES = 4096


class LambdaRuntimeMissingError(Exception):
    """AWS's runtime client cannot run in this Python."""


class LambdaHost:
    """Runs functions until `close()`, which ends every child; so does the end of this process.

    Raises LambdaRuntimeMissingError where AWS's runtime client does not work.
    """

    def __init__(
        self,
        base_env: Mapping[str, str],
        log_directory: Path,
        pythonpath: Sequence[str] = (),
        now: Callable[[], str] | None = None,
    ) -> None:
        if not all(map(importlib.util.find_spec, ("awslambdaric", "runtime_client"))):
            raise LambdaRuntimeMissingError(
                "Lambda functions run under awslambdaric with its native part, which has wheels "
                "for Linux (x86_64, aarch64) only: `pip install -r requirements-dev.txt` there."
            )
        self._base_env = dict(base_env)
        self._log_directory = log_directory
        self._pythonpath = list(pythonpath)
        self._now = now
        self._pools: dict[str, Pool] = {}
        self._versions: dict[tuple[str, str], Pool] = {}
        log_directory.mkdir(parents=True, exist_ok=True)
        self._server = LoopbackServer(self._respond)
        atexit.register(self.close)

    @property
    def url(self) -> str:
        return self._server.url

    def add(self, function: Function) -> None:
        """Deploy a function. ValueError when its name is taken."""
        if function.name in self._pools:
            raise ValueError(f"the function {function.name} exists already")
        self.update(function)

    def update(self, function: Function) -> None:
        """Deploy a function in the place of the one of its name; its versions stay."""
        replaced = self._pools.get(function.name)
        self._pools[function.name] = Pool(
            function, self._environment(function), self.log_file(function.name)
        )
        if replaced is not None and replaced not in self._versions.values():
            replaced.close()

    def publish(self, name: str) -> str:
        """Keeps the function as it is, as its next version; the number. KeyError if there is no
        such function."""
        pool = self._pools[name]
        number = str(1 + sum(known == name for known, _ in self._versions))
        self._versions[name, number] = pool
        return number

    def reserve(self, name: str, concurrency: int | None) -> None:
        """From now on, so many invocations of the function at once; None: no limit of its own."""
        self._pools[name].reserve(concurrency)

    def usage(self) -> Mapping[str, FunctionUsage]:
        """What each function was asked for so far, by its name."""
        return {name: pool.usage for name, pool in self._pools.items()}

    def log_file(self, name: str) -> Path:
        """Where the children of this function write."""
        return self._log_directory / f"{name}.log"

    def invoke(self, name_or_arn: str, payload: bytes) -> InvokeResult:
        """Call a function with a JSON document and wait for its answer."""
        return self._run(name_or_arn, payload, str(uuid.uuid4()), None)

    def close(self) -> None:
        """End the server and all children. Calls in progress end with Runtime.ExitError."""
        atexit.unregister(self.close)
        self._server.close()
        for pool in {*self._pools.values(), *self._versions.values()}:
            pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _run(
        self, name_or_arn: str, payload: bytes, request_id: str, client_context: str | None
    ) -> InvokeResult:
        pool = self._find(name_or_arn)
        if pool is None:
            message = f"Function not found: {name_or_arn}"
            error = json.dumps({"Type": "User", "Message": message}).encode()
            return InvokeResult(404, None, error, request_id)
        if not pool.admit(payload):
            return InvokeResult(429, None, _THROTTLED, request_id)
        try:
            with pool.worker() as worker:
                begun = time.monotonic()
                context = client_context or self._client_context()
                outcome = worker.invoke(request_id, payload, context)
                pool.note(time.monotonic() - begun, outcome.payload)
        finally:
            pool.dismiss()
        return InvokeResult(200, outcome.function_error, outcome.payload, request_id)

    def _find(self, reference: str) -> "Pool | None":
        """Who runs what is called so: the function, or one of its versions."""
        name, qualifier = _split(reference)
        if qualifier in ("", "$LATEST"):
            return self._pools.get(name)
        return self._versions.get((name, qualifier))

    def _client_context(self) -> str | None:
        return json.dumps({"custom": {"now": self._now()}}) if self._now else None

    def _environment(self, function: Function) -> dict[str, str]:
        """What the child sees; AWS_LAMBDA_RUNTIME_API is the worker's to add."""
        inherited = {name: os.environ[name] for name in _INHERITED_VARIABLES if name in os.environ}
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        return {
            **inherited,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            **self._base_env,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{version}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": self.log_file(function.name).name,
            "LAMBDA_TASK_ROOT": str(function.code),
            "TZ": ":UTC",
            "_HANDLER": function.handler,
            **function.environment,
            "PYTHONPATH": os.pathsep.join([str(function.code), *self._pythonpath]),
        }

    def _respond(self, request: Request) -> Response:
        path, _, query = request.path.partition("?")
        parts = path.split("/")
        if request.method != "POST" or len(parts) != 5 or parts[4] != "invocations":
            return _error(501, "NotImplementedLocally", f"{request.method} {request.path}")
        name = ":".join([unquote(parts[3]), *parse_qs(query).get("Qualifier", [])])
        payload = request.body or b"{}"
        if refusal := self._refusal(name, payload):
            return refusal
        kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
        context = request.headers.get("x-amz-client-context")
        request_id = str(uuid.uuid4())
        if kind == "DryRun":
            return Response(204)
        if kind == "Event":
            call = (name, payload, request_id, context)
            threading.Thread(target=self._run, args=call, daemon=True).start()
            return Response(202, b"", {"x-amzn-RequestId": request_id})
        return self._answer(name, payload, request_id, request)

    def _refusal(self, name: str, payload: bytes) -> Response | None:
        if self._find(name) is None:
            return _error(404, "ResourceNotFoundException", f"Function not found: {name}")
        if len(payload) > _MAXIMUM_REQUEST_BYTES:
            return _error(413, "RequestTooLargeException", "The request is larger than 6 MB.")
        try:
            json.loads(payload)
        except ValueError as reason:
            message = f"Could not parse request body into json: {reason}"
            return _error(400, "InvalidRequestContentException", message)
        return None

    def _answer(self, name: str, payload: bytes, request_id: str, request: Request) -> Response:
        function, qualifier = _split(name)
        log = self.log_file(function)
        written_before = log.stat().st_size if log.exists() else 0
        context = request.headers.get("x-amz-client-context")
        result = self._run(name, payload, request_id, context)
        if result.status == 429:
            return Response(429, result.payload, {"x-amzn-ErrorType": "TooManyRequestsException"})
        headers = {
            "Content-Type": "application/json",
            "X-Amz-Executed-Version": qualifier or "$LATEST",
            "x-amzn-RequestId": request_id,
        }
        if result.function_error is not None:
            headers["X-Amz-Function-Error"] = result.function_error
        if request.headers.get("x-amz-log-type") == "Tail":
            written = log.read_bytes()[written_before:]
            tail = base64.b64encode(written[-_MAXIMUM_TAIL_BYTES:])
            headers["X-Amz-Log-Result"] = tail.decode("ascii")
        return Response(result.status, result.payload, headers)


_THROTTLED = json.dumps(
    {
        "Type": "User",
        "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
        "message": "Rate Exceeded.",
    }
).encode()


def _split(reference: str) -> tuple[str, str]:
    """The bare name in a name, a partial ARN or an ARN, and the qualifier, "" without one."""
    name, _, qualifier = reference.rpartition("function:")[2].partition(":")
    return name, qualifier


def _error(status: int, code: str, message: str) -> Response:
    body = json.dumps({"Type": "User", "Message": message}).encode()
    return Response(status, body, {"Content-Type": "application/json", "x-amzn-ErrorType": code})
