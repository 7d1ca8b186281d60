"""Calls a Task's Resource: Lambda, and any AWS API through its botocore model."""

import json
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from sfnx import integrations as naming

from localrun.engine.failures import StateError
from localrun.engine.invocation import InvokeResult
from localrun.engine.payload import Json, dumps
from localrun.engine.resource import Resource
from localrun.engine.runtime import Runtime
from localrun.engine.sdk_shapes import UnknownMemberError, from_boto, to_boto

# How optimised integrations name the service in an error; those of the SDK follow the Java SDK.
_OPTIMISED_NAMES = {
    "dynamodb": "DynamoDB",
    "sns": "SNS",
    "sqs": "SQS",
    "events": "EventBridge",
}

_LAMBDA_ERRORS = {
    404: "Lambda.ResourceNotFoundException",
    429: "Lambda.TooManyRequestsException",
}


def call_function(runtime: Runtime, arn: str, payload: Json) -> Json:
    """What the function returned. Raises StateError with the handler's errorType."""
    return _returned(runtime.invoke(arn, dumps(payload).encode()))


def call_lambda(runtime: Runtime, arguments: Json) -> Json:
    """The answer of lambda:invoke, with the parsed Payload."""
    kind = arguments.get("InvocationType", "RequestResponse")
    if kind != "RequestResponse":
        raise StateError("States.Runtime", f"InvocationType {kind} is not played locally.")
    if not isinstance(arguments.get("FunctionName"), str):
        raise StateError("States.Runtime", "lambda:invoke needs a FunctionName.")
    payload = dumps(arguments.get("Payload", {})).encode()
    result = runtime.invoke(arguments["FunctionName"], payload)
    return {
        "ExecutedVersion": "$LATEST",
        "Payload": _returned(result),
        "SdkHttpMetadata": {"AllHttpHeaders": {}, "HttpHeaders": {}, "HttpStatusCode": 200},
        "SdkResponseMetadata": {"RequestId": result.request_id},
        "StatusCode": 200,
    }


def _returned(result: InvokeResult) -> Json:
    text = result.payload.decode()
    if result.status != 200:
        raise StateError(_LAMBDA_ERRORS.get(result.status, "Lambda.AWSLambdaException"), text)
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    if result.function_error is not None:
        known = isinstance(value, dict) and isinstance(value.get("errorType"), str)
        raise StateError(value["errorType"] if known else "Lambda.Unknown", text)
    return value


def call_service(runtime: Runtime, resource: Resource, arguments: Json) -> Json:
    """The answer of an AWS API, its members spelled as Step Functions spells them.

    Raises StateError: the service's error as `<Service>.<Name>Exception`, States.Runtime for
    arguments that the API does not have.
    """
    client, operation = _operation(runtime, resource)
    spell = naming.sdk_member if resource.sdk else naming.pascal
    if resource.service == "events" and not resource.sdk:
        arguments = {**arguments, "Entries": [_entry(one) for one in arguments["Entries"]]}
    try:
        parameters = to_boto(arguments, operation.input_shape, spell)
        answer = getattr(client, xform_name(operation.name))(**parameters)
    except (UnknownMemberError, ParamValidationError) as reason:
        raise StateError("States.Runtime", str(reason)) from reason
    except ClientError as reason:
        raise _service_error(resource, operation, reason) from reason
    except BotoCoreError as reason:
        prefix = _prefix(resource, operation)
        raise StateError(f"{prefix}.SdkClientException", str(reason)) from reason
    answer.pop("ResponseMetadata", None)
    return from_boto(answer, operation.output_shape, spell)


def _operation(runtime: Runtime, resource: Resource) -> tuple[Any, Any]:
    model = naming.service_model(resource.service)
    if model is None:
        raise StateError("States.Runtime", f"There is no service {resource.service}.")
    try:
        operation = naming.find_operation(resource.service, model, resource.action)
    except naming.ResourceError as reason:
        raise StateError("States.Runtime", str(reason)) from reason
    return runtime.client(model.service_name), operation


def _entry(entry: Json) -> Json:
    """EventBridge takes the Detail as JSON text; the integration takes it as an object."""
    detail = entry.get("Detail", {})
    return {**entry, "Detail": detail if isinstance(detail, str) else dumps(detail)}


def _prefix(resource: Resource, operation: Any) -> str:
    if not resource.sdk:
        return _OPTIMISED_NAMES[resource.service]
    return str(naming.java_service_name(operation.service_model.service_id))


def _service_error(resource: Resource, operation: Any, reason: ClientError) -> StateError:
    prefix = _prefix(resource, operation)
    code = reason.response["Error"]["Code"]
    if resource.sdk:
        name = _java_name(prefix, code, operation)
    else:
        name = code if code.endswith("Exception") else f"{code}Exception"
    metadata = reason.response.get("ResponseMetadata", {})
    return StateError(
        f"{prefix}.{name}",
        f"{reason.response['Error'].get('Message', '')} (Service: {prefix}, "
        f"Status Code: {metadata.get('HTTPStatusCode')}, "
        f"Request ID: {metadata.get('RequestId')})",
    )


def _java_name(prefix: str, code: str, operation: Any) -> str:
    """The Java SDK's class of the error. One that the model does not list is the service's own."""
    for shape in operation.service_model.error_shapes:
        if code in (shape.name, shape.metadata.get("error", {}).get("code")):
            return str(naming.java_exception_name(shape.name, prefix))
    return f"{prefix}Exception"
