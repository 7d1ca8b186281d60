"""The Step Functions API of a local run, as boto3 sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from localrun.engine.api import StepFunctionsApi
from localrun.model_service import ModelServer, ModelService
from tests.statemachines.player import Player


@pytest.fixture
def player() -> Player:
    return Player()


@pytest.fixture
def sfn(player: Player) -> Iterator[Any]:
    service = ModelService("stepfunctions", StepFunctionsApi(player.engine))
    with ModelServer([service]) as server:
        yield boto3.client(
            "stepfunctions",
            endpoint_url=server.url,
            region_name="eu-west-1",
            aws_access_key_id="key",
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1}),
        )
