"""Client settings on the whole machine: pages in the bucket, and one mail for who gets one."""

from __future__ import annotations

import json
import plistlib
from collections import Counter
from pathlib import Path

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends
from rich.console import Console

from localrun.display import PlainDisplay
from localrun.runner import Options, Run
from localrun.stories.client_settings import CLIENT_SETTINGS, SENDER
from localrun.world import REGION
from tests.e2e.secrets_of import read_generated


def sent_mails() -> Counter[str]:
    """How many mails each address has got from the sender."""
    messages = ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages
    assert {message.source for message in messages} <= {SENDER}
    return Counter(to for message in messages for to in message.destinations["ToAddresses"])


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_users_are_mailed_once_and_their_files_hold_no_password(tmp_path: Path) -> None:
    expected = Counter({f"{name}@acme.example": 1 for name in ("lena", "mona", "nils")})
    with (tmp_path / "shown.txt").open("w", encoding="utf-8") as file:
        display = PlainDisplay(Console(file=file, width=110))
        with Run(CLIENT_SETTINGS, Options(out=tmp_path), display) as run:
            outcome = run.execute()
            assert outcome.problems == ()
            assert sent_mails() == expected
            again = run.wait(run.start("again", {"phases": ["clients"]}))
            assert again["status"] == "SUCCEEDED"
            assert sent_mails() == expected
            files = read_clients(run)
            words = {*read_generated(run), *CLIENT_SETTINGS.users.values()}
        display.close()
    folders = {key.split("/")[1] for key in files if key.endswith("mac.mobileconfig")}
    assert len(folders) == 3
    for folder in folders:
        page = files[f"clients/{folder}/index.html"].decode()
        assert '<html lang="de">' in page
        assert "Amazon WorkMail に移りました" in page
        assert "https://acme.awsapps.com/mail" in page
        profile = plistlib.loads(files[f"clients/{folder}/iphone.mobileconfig"])
        assert profile["PayloadContent"][0]["Host"] == f"mobile.mail.{REGION}.awsapps.com"
    assert words
    for key, body in files.items():
        assert [word for word in words if word.encode() in body] == [], key
    summary = json.loads((run.out / "summary.json").read_text("utf-8"))
    assert (summary["clients"]["pages"], summary["clients"]["sent"]) == (3, 3)
    assert summary["clients"]["autodiscover"] == {
        "acme.example": "autodiscover answers as WorkMail's does"
    }
    assert list(summary["clients"]["without"].values()) == [1]


def read_clients(run: Run) -> dict[str, bytes]:
    """The files of client settings, by their keys."""
    s3, bucket = run.cloud.client("s3"), run.cloud.output("BucketName")
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="clients/")["Contents"]
    return {
        each["Key"]: s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read() for each in listed
    }
