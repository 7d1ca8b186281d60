"""What is asked of AWS before a deployment, reading only."""

from __future__ import annotations

from typing import Protocol

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
)

from localrun.deploy.plan import Caller

_VERSION = "/cdk-bootstrap/hnb659fds/version"
"""Where the CDK's bootstrap stack tells its version:
https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html"""

_LOG_IN = "run `aws sso login` or `aws configure`, or set AWS_PROFILE"


class AccountError(Exception):
    """AWS cannot be asked; the message says what to do."""


class Account(Protocol):
    """The account of this terminal's credentials."""

    def caller(self, region: str) -> Caller:
        """Whose credentials these are, and how far the Region is prepared; AccountError."""
        ...


class AwsAccount:
    """The real one."""

    def caller(self, region: str) -> Caller:
        try:
            account = boto3.client("sts", region_name=region).get_caller_identity()["Account"]
        except (NoCredentialsError, PartialCredentialsError):
            raise AccountError(f"there are no AWS credentials: {_LOG_IN}") from None
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            raise AccountError(f"AWS does not take these credentials ({code}): {_LOG_IN}") from None
        except BotoCoreError as error:
            raise AccountError(
                f"AWS cannot be asked in {region} ({type(error).__name__}): check AWS_PROFILE and "
                "the network"
            ) from None
        return Caller(account, _read_version(region))


def _read_version(region: str) -> int | None:
    client = boto3.client("ssm", region_name=region)
    try:
        return int(client.get_parameter(Name=_VERSION)["Parameter"]["Value"])
    except client.exceptions.ParameterNotFound:
        return None
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        raise AccountError(
            f"whether {region} is prepared for the CDK cannot be seen ({code}): the credentials "
            f"need ssm:GetParameter on {_VERSION}"
        ) from None
