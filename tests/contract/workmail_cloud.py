"""A WorkMail organization in virtual time, behind the real client."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

from localrun.fakes.workmail import FakeWorkMail
from localrun.model_service import ModelServer, ModelService
from migration.aws.directory import WorkMailDirectory
from migration.model import Mailbox

DOMAIN = "example.com"


class WorkMailCloud:
    """One organization with a verified domain, served; `seconds` is the time."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0
        self.fake = FakeWorkMail(now=lambda: self.seconds)
        self.service = ModelService("workmail", self.fake, "InvalidParameterException")
        self.server = ModelServer([self.service])
        self.client = boto3.client(
            "workmail",
            region_name="eu-west-1",
            endpoint_url=self.server.url,
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(retries={"mode": "legacy", "total_max_attempts": 1}),
        )
        self.organization_id = self.fake.seed_organization("acme", DOMAIN)
        self.directory = WorkMailDirectory(self.client, self.organization_id)

    def call(self, operation: str, **members: Any) -> Any:
        """A call beside the directory, as an operator's console makes it."""
        return getattr(self.client, operation)(OrganizationId=self.organization_id, **members)

    def operations(self) -> list[str]:
        return [operation for operation, _ in self.service.calls]

    def add_user(self, name: str, address: str = "") -> str:
        """A user, enabled if it has an address, after all lags."""
        user_id = str(self.call("create_user", Name=name, DisplayName=name)["UserId"])
        self.seconds += 10
        if address:
            self.call("register_to_work_mail", EntityId=user_id, Email=address)
            self.seconds += 10
        return user_id

    def close(self) -> None:
        self.server.close()


def mailbox(name: str = "anna", *aliases: str) -> Mailbox:
    address = f"{name}@{DOMAIN}"
    return Mailbox(f"id-{name}", address, address, name, name.title(), "First", "", aliases)
