"""Serves an AWS service of the REST JSON protocol from its botocore model: the HTTP side of a
ModelService whose operations are told apart by method and path.

https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

import botocore.session
from botocore.model import OperationModel

from localrun.asked import Place
from localrun.guard import Guard
from localrun.loopback import LoopbackServer, Request, Response
from localrun.model_service import ApiError, ModelService, check_rights

_LABEL = re.compile(r"\\\{(\w+)\\\}")


class RestServer:
    """One HTTP port on 127.0.0.1 for one service. Members in headers are not understood.

    Signatures are not verified, but a request must carry one. What whoever signs may not do, says
    `guard`; the resources are those of `place`.
    """

    def __init__(
        self,
        service_name: str,
        service: ModelService,
        port: int = 0,
        guard: Guard | None = None,
        place: Place | None = None,
    ) -> None:
        self._guard = guard or Guard()
        self._place = place or Place("eu-west-1", "123456789012")
        model = botocore.session.get_session().get_service_model(service_name)
        self._routes = [
            (_route(operation), operation)
            for operation in map(model.operation_model, model.operation_names)
        ]
        self._service = service
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
        headers = {"Content-Type": "application/json", "x-amzn-RequestId": str(uuid.uuid4())}
        try:
            operation, labels = self._find(request)
            parameters = _parameters(operation, request, labels)
            name, prefix = operation.name, self._service.prefix
            check_rights(self._guard, self._place, prefix, name, request, parameters)
            answer = self._service.call(operation.name, parameters)
        except ApiError as error:
            headers["x-amzn-ErrorType"] = error.code
            body = json.dumps({"Message": error.message}).encode()
            return Response(error.status or 400, body, headers)
        return Response(
            operation.http.get("responseCode", 200), json.dumps(answer).encode(), headers
        )

    def _find(self, request: Request) -> tuple[OperationModel, Mapping[str, str]]:
        if "authorization" not in request.headers:
            raise ApiError("MissingAuthenticationTokenException", "Missing token", 403)
        path = urlsplit(request.path).path
        for route, operation in self._routes:
            found = route.fullmatch(path)
            if found and operation.http["method"] == request.method:
                return operation, {name: unquote(text) for name, text in found.groupdict().items()}
        raise ApiError("UnknownOperationException", f"No operation {request.method} {path}", 404)


def _route(operation: OperationModel) -> re.Pattern[str]:
    path = re.escape(str(operation.http["requestUri"]).split("?")[0])
    return re.compile(_LABEL.sub(r"(?P<\1>[^/]+)", path))


def _parameters(
    operation: OperationModel, request: Request, labels: Mapping[str, str]
) -> dict[str, Any]:
    """The members that were sent, by the model's names."""
    try:
        body = json.loads(request.body or b"{}")
    except ValueError as reason:
        raise ApiError("SerializationException", str(reason), 400) from None
    query = {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}
    return {**body, **dict(_elsewhere(operation, labels, query))}


def _elsewhere(
    operation: OperationModel, labels: Mapping[str, str], query: Mapping[str, str]
) -> Iterator[tuple[str, Any]]:
    """What stands in the path and behind it."""
    members = operation.input_shape.members if operation.input_shape else {}
    for name, shape in members.items():
        place = {"uri": labels, "querystring": query}.get(
            shape.serialization.get("location", ""), {}
        )
        key = shape.serialization.get("name", name)
        if key in place:
            text = place[key]
            yield name, int(text) if shape.type_name == "integer" and text.isdecimal() else text
