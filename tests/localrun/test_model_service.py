"""A service served from its botocore model, as a real boto3 client sees it."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localrun.iam import Statement
from localrun.model_service import ApiError, ModelServer, ModelService

ORGANIZATION = "m-" + "0" * 32


class Backend:
    """Five operations of WorkMail; some break the model on purpose."""

    def describe_organization(self, *, organization_id: str) -> dict[str, Any]:
        completed = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
        return {"OrganizationId": organization_id, "CompletedDate": completed, "Alias": None}

    def create_user(self, *, organization_id: str, name: str, display_name: str) -> dict[str, Any]:
        if name == "taken":
            raise ApiError("NameAvailabilityException", "The name is taken.")
        if name == "slow":
            raise ApiError("ThrottlingException", "Rate exceeded")
        if name == "odd":
            raise ApiError("MailDomainStateException", "not an error of CreateUser")
        return {"UserId": f"id-of-{name}-{display_name}".ljust(36, "x")}

    def list_users(self, *, organization_id: str) -> dict[str, Any]:
        return {"Users": [{"State": "ASLEEP"}], "Surprise": 1}

    def delete_user(self, *, organization_id: str, user_id: str) -> None:
        pass


@pytest.fixture
def service() -> ModelService:
    return ModelService("workmail", Backend(), validation_error="InvalidParameterException")


@pytest.fixture
def server(service: ModelService) -> Iterator[ModelServer]:
    with ModelServer([service]) as server:
        yield server


def client_of(server: ModelServer, **config: Any) -> Any:
    return boto3.client(
        "workmail",
        region_name="eu-west-1",
        endpoint_url=server.url,
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}, **config),
    )


def test_calls_arrive_with_snake_case_keywords_and_answers_are_typed(server: ModelServer) -> None:
    client = client_of(server)
    answer = client.describe_organization(OrganizationId=ORGANIZATION)
    assert answer["OrganizationId"] == ORGANIZATION
    assert answer["CompletedDate"] == datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
    assert "Alias" not in answer
    user = client.create_user(OrganizationId=ORGANIZATION, Name="anna", DisplayName="A")
    assert user["UserId"].startswith("id-of-anna-A")


def test_accepted_calls_are_recorded_and_refused_ones_are_not(
    server: ModelServer, service: ModelService
) -> None:
    client = client_of(server)
    client.delete_user(OrganizationId=ORGANIZATION, UserId="someone")
    with pytest.raises(ClientError):
        client.create_user(OrganizationId=ORGANIZATION, Name="bad name!", DisplayName="A")
    assert service.calls == [
        ("DeleteUser", {"OrganizationId": ORGANIZATION, "UserId": "someone"}),
    ]


def test_modelled_errors_are_typed_exceptions_and_common_errors_pass(server: ModelServer) -> None:
    client = client_of(server)
    with pytest.raises(client.exceptions.NameAvailabilityException) as taken:
        client.create_user(OrganizationId=ORGANIZATION, Name="taken", DisplayName="A")
    assert taken.value.response["Error"]["Message"] == "The name is taken."
    assert taken.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    with pytest.raises(ClientError) as slow:
        client.create_user(OrganizationId=ORGANIZATION, Name="slow", DisplayName="A")
    assert slow.value.response["Error"]["Code"] == "ThrottlingException"


@pytest.mark.parametrize(
    ("members", "complaint"),
    [
        ({"Name": "a", "DisplayName": "A"}, "'organizationId'"),
        ({"OrganizationId": "m-123", "Name": "a", "DisplayName": "A"}, "length greater"),
        ({"OrganizationId": "x" * 34, "Name": "a", "DisplayName": "A"}, "regular expression"),
        ({"OrganizationId": ORGANIZATION, "Name": "a", "DisplayName": 7}, "type string"),
        ({"OrganizationId": ORGANIZATION, "Name": "a", "DisplayName": "A" * 257}, "length less"),
        (
            {"OrganizationId": ORGANIZATION, "Name": "a", "DisplayName": "A", "Role": "KING"},
            "enum value set",
        ),
        (
            {"OrganizationId": ORGANIZATION, "Name": "a", "DisplayName": "A", "Naem": "b"},
            "Unknown member 'naem'",
        ),
    ],
)
def test_requests_that_break_the_model_are_refused(
    server: ModelServer, members: dict[str, Any], complaint: str
) -> None:
    status, code, message = post(server, "WorkMailService.CreateUser", members)
    assert (status, code) == (400, "InvalidParameterException")
    assert complaint in message


def test_an_operation_without_a_fake_is_named_in_a_501(server: ModelServer) -> None:
    with pytest.raises(ClientError) as missing:
        client_of(server).list_groups(OrganizationId=ORGANIZATION)
    assert missing.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert missing.value.response["Error"]["Code"] == "NotImplementedLocally"
    assert "workmail:ListGroups" in missing.value.response["Error"]["Message"]


def test_a_member_the_fake_does_not_take_is_a_501_too(server: ModelServer) -> None:
    with pytest.raises(ClientError, match="first_name") as refused:
        client_of(server).create_user(
            OrganizationId=ORGANIZATION, Name="a", DisplayName="A", FirstName="Anna"
        )
    assert refused.value.response["Error"]["Code"] == "NotImplementedLocally"


def test_an_answer_that_breaks_its_shape_is_a_loud_500(
    server: ModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ClientError) as broken:
        client_of(server).list_users(OrganizationId=ORGANIZATION)
    assert broken.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    message = broken.value.response["Error"]["Message"]
    assert "ASLEEP" in message
    assert "surprise" in message
    assert "BrokenFakeError" in caplog.text


def test_an_error_the_operation_does_not_declare_is_a_loud_500(server: ModelServer) -> None:
    with pytest.raises(ClientError, match="does not declare") as broken:
        client_of(server).create_user(OrganizationId=ORGANIZATION, Name="odd", DisplayName="A")
    assert broken.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


def test_unknown_operations_missing_signatures_and_broken_json_are_refused(
    server: ModelServer,
) -> None:
    assert post(server, "WorkMailService.Dance", {})[1] == "UnknownOperationException"
    assert post(server, "Other.CreateUser", {})[1] == "UnknownOperationException"
    unsigned = post(server, "WorkMailService.CreateUser", {}, signed=False)
    assert unsigned[:2] == (403, "MissingAuthenticationTokenException")
    assert post(server, "WorkMailService.CreateUser", b"{")[1] == "SerializationException"


def test_two_services_share_one_port() -> None:
    class States:
        serialise = False

        def list_state_machines(self) -> dict[str, Any]:
            return {"stateMachines": []}

    with ModelServer(
        [ModelService("workmail", Backend()), ModelService("stepfunctions", States())]
    ) as server:
        states = boto3.client(
            "stepfunctions",
            region_name="eu-west-1",
            endpoint_url=server.url,
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )
        assert states.list_state_machines()["stateMachines"] == []
        assert client_of(server).describe_organization(OrganizationId=ORGANIZATION)


def test_a_restricted_key_may_do_no_more_than_is_said(server: ModelServer) -> None:
    server.guard.restrict("local", [Statement(True, ("workmail:DescribeOrganization",), ("*",))])
    client = client_of(server)
    assert client.describe_organization(OrganizationId=ORGANIZATION)
    with pytest.raises(ClientError, match="local is not authorized to perform: workmail:DeleteU"):
        client.delete_user(OrganizationId=ORGANIZATION, UserId="someone")
    server.guard.permit("local")
    client.delete_user(OrganizationId=ORGANIZATION, UserId="someone")


def test_close_frees_the_port() -> None:
    server = ModelServer([ModelService("workmail", Backend())])
    server.close()
    with pytest.raises(urllib.error.URLError):
        post(server, "WorkMailService.CreateUser", {})


def post(
    server: ModelServer, target: str, body: dict[str, Any] | bytes, *, signed: bool = True
) -> tuple[int, str, str]:
    """Status, error code and message of a request that boto3 itself would not send."""
    headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
    if signed:
        headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=local"
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(server.url, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, "", answer.read().decode()
    except urllib.error.HTTPError as refusal:
        error = json.loads(refusal.read())
        return refusal.code, error["__type"], error["message"]
