"""A service of the REST JSON protocol, served from its model, as a real boto3 client sees it."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localrun.model_service import ApiError, ModelService
from localrun.rest_server import RestServer


class Backend:
    """Some operations of EventBridge Scheduler; each keeps what it was given."""

    def __init__(self) -> None:
        self.given: dict[str, Any] = {}

    def get_schedule(self, *, name: str, group_name: str = "default") -> dict[str, Any]:
        if name == "gone":
            raise ApiError("ResourceNotFoundException", "It is gone.")
        created = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
        return {"Name": name, "GroupName": group_name, "CreationDate": created}

    def delete_schedule(self, *, name: str, client_token: str, group_name: str = "") -> None:
        self.given = {"name": name, "token": client_token, "group": group_name}

    def list_schedules(self, **given: Any) -> dict[str, Any]:
        self.given = given
        return {"Schedules": []}

    def create_schedule_group(self, **given: Any) -> dict[str, Any]:
        self.given = given
        return {"ScheduleGroupArn": "not an ARN"}


@pytest.fixture
def served() -> Iterator[tuple[Any, Backend, str]]:
    backend = Backend()
    with RestServer("scheduler", ModelService("scheduler", backend)) as server:
        client = boto3.client(
            "scheduler",
            endpoint_url=server.url,
            region_name="eu-west-1",
            aws_access_key_id="x",
            aws_secret_access_key="x",
            config=Config(retries={"total_max_attempts": 1}),
        )
        yield client, backend, server.url


def test_members_come_from_the_path_the_query_and_the_body(
    served: tuple[Any, Backend, str],
) -> None:
    client, backend, _ = served
    shown = client.get_schedule(Name="late-1", GroupName="acme")
    assert (shown["Name"], shown["GroupName"]) == ("late-1", "acme")
    assert shown["CreationDate"] == datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
    client.delete_schedule(Name="late-1", GroupName="acme", ClientToken="t")
    assert backend.given == {"name": "late-1", "token": "t", "group": "acme"}
    client.list_schedules(GroupName="acme", MaxResults=7)
    assert backend.given == {"group_name": "acme", "max_results": 7}


def test_errors_have_their_code_status_and_text(served: tuple[Any, Backend, str]) -> None:
    client, _, _ = served
    with pytest.raises(client.exceptions.ResourceNotFoundException) as caught:
        client.get_schedule(Name="gone")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert caught.value.response["Error"]["Message"] == "It is gone."


def test_what_has_no_method_and_what_breaks_the_model_are_told_apart(
    served: tuple[Any, Backend, str],
) -> None:
    client, _, _ = served
    with pytest.raises(ClientError, match="NotImplementedLocally"):
        client.get_schedule_group(Name="acme")
    with pytest.raises(ClientError) as caught:
        client.create_schedule_group(Name="acme")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    with pytest.raises(ClientError, match="ValidationException"):
        client.get_schedule(Name="with blanks")


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 403), ("/schedules/x/y", 403)])
def test_a_request_must_be_signed(served: tuple[Any, Backend, str], path: str, status: int) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(served[2] + path)
    assert caught.value.code == status


def test_a_path_that_the_model_has_not_is_refused(served: tuple[Any, Backend, str]) -> None:
    request = urllib.request.Request(
        f"{served[2]}/schedules/x/y", headers={"Authorization": "AWS4-HMAC-SHA256 x"}
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 404
