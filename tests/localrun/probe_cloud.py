"""A WorkMail organization with a pilot mailbox, emulated, and the probe's command before it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from localrun.fakes.dns import DnsServer, Records
from localrun.fakes.imap import ImapServer
from localrun.fakes.workmail import FakeWorkMail
from localrun.fakes.workmail_ews import EwsServer
from localrun.model_service import ModelServer, ModelService
from localrun.probe import command
from localrun.probe.model import Clock

DOMAIN = "example.com"
PILOT = f"pilot.person@{DOMAIN}"
OTHER = f"other.person@{DOMAIN}"
PASSWORD = "Secret-pass-1"
IMAP_FOLDERS = ("Sent Items", "Drafts", "Deleted Items", "Junk E-mail", "Private matters")

READS = {
    *("DescribeOrganization", "DescribeIdentityProviderConfiguration", "DescribeEntity"),
    *("DescribeInboundDmarcSettings", "DescribeUser", "GetDefaultRetentionPolicy"),
    *("GetMailDomain", "GetMailboxDetails", "ListAccessControlRules", "ListMailDomains"),
    *("ListMailboxPermissions", "ListImpersonationRoles", "GetImpersonationRoleEffect"),
}
"""Operations that change nothing."""


class ProbeCloud:
    """All servers, in virtual time: sleeping moves it."""

    def __init__(
        self,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        *,
        max_mime: int = 40 * 1024 * 1024,
        **lags: Any,
    ) -> None:
        self.folder = folder
        self.seconds = 1_800_000_000.0
        self.fake = FakeWorkMail(now=lambda: self.seconds, **lags)
        self.service = ModelService("workmail", self.fake, "InvalidParameterException")
        self.api = ModelServer([self.service])
        self.bodies: list[bytes] = []
        self.created: dict[str, float] = {}
        self.ews = EwsServer(
            self.fake.check_token,
            self.fake.mailbox_exists,
            lambda: self.seconds,
            max_mime=max_mime,
            observe=lambda body, *_: self.bodies.append(body),
        )
        self.imap = ImapServer({}, password_of=self.fake.password_of, folders=IMAP_FOLDERS)
        mx = Records(DOMAIN, "MX", ["10 mail.old.example."])
        self.dns = DnsServer({DOMAIN: [mx]})
        self.organization = self.fake.seed_organization("acme", DOMAIN)
        self.pilot_id = self.add_user("pilot", PILOT)
        self.add_user("other", OTHER)
        self.service.calls.clear()
        self.environment = {"PROBE_PILOT_PASSWORD": PASSWORD}
        self.imap_port = self.imap.port
        self.ews_url = self.ews.url
        for name, value in {
            "AWS_ENDPOINT_URL_WORKMAIL": self.api.url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_EC2_METADATA_DISABLED": "true",
        }.items():
            monkeypatch.setenv(name, value)

    def add_user(self, name: str, address: str) -> str:
        made = self.fake.create_user(
            organization_id=self.organization, name=name, display_name=name, password=PASSWORD
        )
        user_id = str(made["UserId"])
        self.sleep(3600)
        self.fake.register_to_work_mail(
            organization_id=self.organization, entity_id=user_id, email=address
        )
        self.sleep(3600)
        return user_id

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def arguments(self, *options: str) -> list[str]:
        return [
            *("--organization", self.organization, "--region", "eu-west-1"),
            *("--ews-url", self.ews_url, "--imap-host", "127.0.0.1"),
            *("--imap-port", str(self.imap_port), "--imap-tls", "none"),
            *("--dns-server", f"127.0.0.1:{self.dns.port}"),
            *("--json", str(self.folder / "answers.json"), *options),
        ]

    def run(self, *options: str) -> int:
        clock = Clock(now=lambda: self.seconds, sleep=self.sleep)
        return command.main(self.arguments(*options), self.environment, clock)

    def ask(self, name: str, *options: str) -> dict[str, Any]:
        """What the probe says about one question when it asks nothing else."""
        self.run("--only", name, *options)
        (answer,) = self.answers().values()
        return answer

    def learn(self, name: str, *options: str) -> dict[str, Any]:
        """The facts of an answer that must be there."""
        answer = self.ask(name, *options)
        assert answer["verdict"] == "learned", answer["answer"]
        facts: dict[str, Any] = answer["facts"]
        return facts

    def answers(self) -> dict[str, dict[str, Any]]:
        content = json.loads((self.folder / "answers.json").read_text("utf-8"))
        return {answer["name"]: answer for answer in content["questions"]}

    def operations(self) -> list[str]:
        return [operation for operation, _ in self.service.calls]

    def leftovers(self) -> list[str]:
        """Everything in the organization that was not there before."""
        listed = self.fake.list_impersonation_roles(organization_id=self.organization)
        found = [f"role {role['Name']}" for role in listed["Roles"]]
        users = self.fake.list_users(organization_id=self.organization)["Users"]
        found += [
            f"user {user['Name']}"
            for user in users
            if user["Name"] not in ("pilot", "other") and user["State"] != "DELETED"
        ]
        for path, messages in self.ews.folders(PILOT).items():
            found += [f"message in {path}"] * len(messages)
            found += [f"folder {path}"] if "probe" in "/".join(path) else []
        for path, items in self.ews.groupware(PILOT).items():
            found += [f"{one.kind} in {path}" for one in items]
        found += [f"{count} IMAP messages" for count in self.imap.counts().values() if count]
        return found + [f"IMAP {name}" for name in self.imap_folders() if "probe" in name]

    def imap_folders(self) -> list[str]:
        from imapclient import IMAPClient

        with IMAPClient("127.0.0.1", self.imap.port, ssl=False) as client:
            client.login(PILOT, PASSWORD)
            return [str(name) for _, _, name in client.list_folders()]

    def close(self) -> None:
        for server in (self.api, self.ews, self.imap, self.dns):
            server.close()
