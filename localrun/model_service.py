"""Serves any AWS JSON-protocol service from its botocore model; rest_server.py those of
the REST JSON protocol.

A backend is any object with one plain method per operation, named as boto3 names it
(`CreateUser` -> `create_user`). It is called with keyword arguments only: the members that the
client sent, at the top level in snake_case (`OrganizationId` -> `organization_id`), below it as
the model writes them. It returns a mapping with the model's own member names, or None for an
empty answer, or raises `ApiError`. Members set to None are left out. Two attributes are optional:

- `serialise` (default True): calls run one at a time under one lock; False when the backend
  locks for itself or blocks.
- `before_call(operation)`: called first, under the same lock; may raise ApiError.

The model is law in both directions. A request that breaks it is refused with `validation_error`;
an operation without a method, or a member that the method does not take, is answered with status
501 and code NotImplementedLocally; an answer that breaks its output shape, or an error code that
the operation does not declare, is a bug of the fake: status 500 and a traceback in the log.
"""

import inspect
import json
import threading
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Self

import botocore.session
from botocore import xform_name
from botocore.model import OperationModel, ServiceModel

from localrun.asked import Place
from localrun.guard import Guard, signer
from localrun.loopback import LoopbackServer, Request, Response
from localrun.shapes import decode, encode

COMMON_ERRORS: Mapping[str, int] = {
    "AccessDeniedException": 400,
    "ExpiredTokenException": 403,
    "IncompleteSignature": 403,
    "InternalFailure": 500,
    "InternalServerError": 500,
    "InvalidClientTokenId": 403,
    "MissingAuthenticationTokenException": 403,
    "NotAuthorized": 400,
    "NotImplementedLocally": 501,
    "OptInRequired": 403,
    "RequestExpired": 400,
    "RequestLimitExceeded": 400,
    "SerializationException": 400,
    "ServiceUnavailable": 503,
    "ServiceUnavailableException": 503,
    "ThrottlingException": 400,
    "TooManyRequestsException": 429,
    "UnknownOperationException": 400,
    "UnrecognizedClientException": 403,
    "ValidationError": 400,
    "ValidationException": 400,
}
"""Errors that any operation may answer without declaring them, with their HTTP status.
From the CommonErrors pages of the AWS API references; NotImplementedLocally is ours."""


class ApiError(Exception):
    """An error of the service, as its client shall see it.

    `status` overrides the HTTP status that the model or COMMON_ERRORS give the code.
    """

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class BrokenFakeError(Exception):
    """A backend answered what the service's model does not allow."""


class ModelService:
    """One service: its model and the backend that plays it.

    `calls` lists the (operation, parameters) that passed validation, in order of arrival, whether
    the backend then accepted them or not; parameters have the model's member names. It stays empty
    without `keep_calls`: a large run has more than a machine can hold.
    """

    def __init__(
        self,
        service_name: str,
        backend: object,
        validation_error: str = "ValidationException",
        *,
        keep_calls: bool = True,
    ) -> None:
        model = botocore.session.get_session().get_service_model(service_name)
        if str(model.metadata.get("protocol")) not in ("json", "rest-json"):
            raise ValueError(f"{service_name} does not speak JSON")
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._model: ServiceModel = model
        self._backend = backend
        self.keep_calls = keep_calls
        self._validation_error = validation_error
        self._lock = threading.RLock()

    @property
    def target_prefix(self) -> str:
        return str(self._model.metadata["targetPrefix"])

    @property
    def prefix(self) -> str:
        """How IAM names the service."""
        return str(self._model.signing_name)

    @property
    def content_type(self) -> str:
        return f"application/x-amz-json-{self._model.metadata['jsonVersion']}"

    def call(self, operation: str, body: object) -> dict[str, Any]:
        """The JSON answer to a parsed JSON request.

        Raises ApiError for what the client shall see as an error (its status is always set), and
        BrokenFakeError when the backend broke the model.
        """
        if operation not in self._model.operation_names:
            raise self._common_error("UnknownOperationException", f"No operation {operation}")
        model = self._model.operation_model(operation)
        parameters = self._parameters(model, body)
        method, arguments = self._bound_method(operation, parameters)
        try:
            with self._guard():
                if self.keep_calls:
                    self.calls.append((operation, parameters))
                before_call = getattr(self._backend, "before_call", None)
                if before_call is not None:
                    before_call(operation)
                answer = method(**arguments)
        except ApiError as error:
            raise self._with_status(model, error) from None
        return _checked_answer(model, answer)

    def _guard(self) -> AbstractContextManager[object]:
        return self._lock if getattr(self._backend, "serialise", True) else nullcontext()

    def _parameters(self, model: OperationModel, body: object) -> dict[str, Any]:
        if model.input_shape is None:
            return {}
        parameters, problems = decode(model.input_shape, body)
        if problems:
            plural = "s" if len(problems) > 1 else ""
            raise ApiError(
                self._validation_error,
                f"{len(problems)} validation error{plural} detected: {'; '.join(problems)}",
                400,
            )
        result: dict[str, Any] = parameters
        return result

    def _bound_method(self, operation: str, parameters: dict[str, Any]) -> tuple[Any, Any]:
        arguments = {xform_name(name): value for name, value in parameters.items()}
        method = getattr(self._backend, xform_name(operation), None)
        label = f"{self._model.service_name}:{operation}"
        if method is None:
            raise self._common_error("NotImplementedLocally", f"{label} has no local fake")
        try:
            inspect.signature(method).bind(**arguments)
        except TypeError as reason:
            message = f"The local fake of {label} does not take these members: {reason}"
            raise self._common_error("NotImplementedLocally", message) from None
        return method, arguments

    def _with_status(self, model: OperationModel, error: ApiError) -> ApiError:
        declared = {
            shape.metadata.get("error", {}).get("code", shape.name): shape
            for shape in model.error_shapes
        }
        if error.code in declared:
            metadata = declared[error.code].metadata
            usual = 500 if metadata.get("fault") else 400
            modelled = metadata.get("error", {}).get("httpStatusCode", usual)
        elif error.code in COMMON_ERRORS:
            modelled = COMMON_ERRORS[error.code]
        elif error.code == self._validation_error:
            modelled = 400
        else:
            raise BrokenFakeError(f"{model.name} does not declare the error {error.code}")
        return ApiError(error.code, error.message, error.status or modelled)

    @staticmethod
    def _common_error(code: str, message: str) -> ApiError:
        return ApiError(code, message, COMMON_ERRORS[code])


def _checked_answer(model: OperationModel, answer: object) -> dict[str, Any]:
    if model.output_shape is None:
        if answer:
            raise BrokenFakeError(f"{model.name} has no output, but the fake answered one")
        return {}
    encoded, problems = encode(model.output_shape, {} if answer is None else answer)
    if problems:
        raise BrokenFakeError(f"{model.name} broke its output shape: {'; '.join(problems)}")
    result: dict[str, Any] = encoded
    return result


class ModelServer:
    """One HTTP port on 127.0.0.1 for any number of services, told apart by X-Amz-Target.

    Signatures are not verified, but a request must carry one. What whoever signs may not do, says
    `guard`; the resources are those of `place`.
    """

    def __init__(
        self,
        services: Sequence[ModelService],
        port: int = 0,
        guard: Guard | None = None,
        place: Place | None = None,
    ) -> None:
        self.guard = guard or Guard()
        self._place = place or Place("eu-west-1", "123456789012")
        self._services = {service.target_prefix: service for service in services}
        if len(self._services) != len(services):
            raise ValueError("two services share one target prefix")
        self._server = LoopbackServer(self._respond, port)

    @property
    def url(self) -> str:
        return self._server.url

    def close(self) -> None:
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _respond(self, request: Request) -> Response:
        prefix, _, operation = request.headers.get("x-amz-target", "").partition(".")
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "x-amzn-RequestId": str(uuid.uuid4()),
        }
        try:
            service = self._addressed_service(request, prefix)
            headers["Content-Type"] = service.content_type
            body = _parsed(request.body)
            check_rights(self.guard, self._place, service.prefix, operation, request, body)
            answer = service.call(operation, body)
        except ApiError as error:
            headers["x-amzn-ErrorType"] = error.code
            body = {"__type": error.code, "message": error.message}
            return Response(error.status or 400, json.dumps(body).encode(), headers)
        return Response(200, json.dumps(answer).encode(), headers)

    def _addressed_service(self, request: Request, prefix: str) -> ModelService:
        if prefix not in self._services:
            raise ApiError("UnknownOperationException", f"No service has the target {prefix!r}")
        if "authorization" not in request.headers:
            raise ApiError("MissingAuthenticationTokenException", "Missing token", 403)
        return self._services[prefix]


def check_rights(
    guard: Guard, place: Place, service: str, operation: str, request: Request, body: object
) -> None:
    """ApiError if who has signed the request may not do this; `service` is IAM's name of it."""
    key, _ = signer(request.headers.get("authorization", ""))
    if not guard.knows(key) or not isinstance(body, Mapping):
        return
    if reason := guard.refuse(key, place.of_call(service, operation, body)):
        raise ApiError("AccessDeniedException", reason, 400)


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body or b"{}")
    except ValueError as reason:
        raise ApiError("SerializationException", str(reason), 400) from None
