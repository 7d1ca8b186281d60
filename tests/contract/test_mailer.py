"""The mailer over SES: what it sends, and what it makes of each of SES' answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from botocore.stub import Stubber
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from migration.aws.mailer import SesMailer, build_mail_client, judge
from migration.letters import (
    Attachment,
    Delivered,
    Doubtful,
    Halted,
    Letter,
    Posted,
    Refused,
    Throttled,
)

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

SENDER = "it@acme.example"
LETTER = Letter(
    SENDER,
    "ann@old.example",
    "Ihr Postfach: ü",
    "Guten Tag",
    "<p>Guten Tag</p>",
    (Attachment("mac.mobileconfig", "application/x-apple-aspen-config", b"<plist/>"),),
)


def test_ses_takes_a_mail_of_a_verified_sender(aws: None) -> None:
    client = build_mail_client()
    client.create_email_identity(EmailIdentity="acme.example")
    posted = SesMailer(client).send(LETTER)
    assert isinstance(posted, Delivered)
    (message,) = ses_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].sent_messages
    assert message.id == posted.message_id
    assert message.source == SENDER
    assert message.destinations == {"ToAddresses": ["ann@old.example"]}
    assert message.subject == "Ihr Postfach: ü"


def test_ses_does_not_know_the_sender(aws: None) -> None:
    posted = SesMailer(build_mail_client()).send(LETTER)
    assert posted == Halted("SES has not verified clients.sender or its domain in this Region")


def test_the_request_is_one_that_ses_knows(aws: None) -> None:
    client = build_mail_client()
    simple = {
        "Subject": {"Data": LETTER.subject, "Charset": "UTF-8"},
        "Body": {
            "Text": {"Data": LETTER.text, "Charset": "UTF-8"},
            "Html": {"Data": LETTER.html, "Charset": "UTF-8"},
        },
        "Headers": [{"Name": "Auto-Submitted", "Value": "auto-generated"}],
        "Attachments": [
            {
                "FileName": "mac.mobileconfig",
                "ContentType": "application/x-apple-aspen-config",
                "ContentDisposition": "ATTACHMENT",
                "RawContent": b"<plist/>",
            }
        ],
    }
    expected = {
        "FromEmailAddress": SENDER,
        "Destination": {"ToAddresses": ["ann@old.example"]},
        "Content": {"Simple": simple},
    }
    with Stubber(client) as stubber:
        stubber.add_response("send_email", {"MessageId": "m-1"}, expected)
        assert SesMailer(client).send(LETTER) == Delivered("m-1")


def test_a_mail_is_tried_once(aws: None) -> None:
    """boto3 would repeat a request whose answer was lost."""
    config: Any = build_mail_client().meta.config  # its type does not know what it holds
    assert config.retries["total_max_attempts"] == 1


NOT_VERIFIED = (
    "Email address is not verified. The following identities failed the check in region EU-WEST-1: "
)


@pytest.mark.parametrize(
    ("code", "message", "posted"),
    [
        ("TooManyRequestsException", "Maximum sending rate exceeded.", Throttled(2.0)),
        ("ThrottlingException", "Rate exceeded", Throttled(2.0)),
        (
            "TooManyRequestsException",
            "Daily message quota exceeded.",
            Halted("SES' daily quota is reached"),
        ),
        (
            "LimitExceededException",
            "Daily message quota exceeded.",
            Halted("SES' daily quota is reached"),
        ),
        (
            "MessageRejected",
            NOT_VERIFIED + "ann@old.example",
            Refused("SES holds the account in its sandbox, and this address is not verified"),
        ),
        (
            "MessageRejected",
            NOT_VERIFIED + "It@Acme.example, ann@old.example",
            Halted("SES has not verified clients.sender or its domain in this Region"),
        ),
        ("MessageRejected", "Illegal content", Refused("SES refuses the address or the mail")),
        (
            "BadRequestException",
            "Missing final '@domain'",
            Refused("SES refuses the address or the mail"),
        ),
        (
            "SendingPausedException",
            "ann@old.example",
            Halted("SES has paused the sending of mail for this account"),
        ),
        ("SomethingNew", "ann@old.example", Halted("SES answers SomethingNew")),
    ],
)
def test_what_ses_says_becomes_what_is_to_be_done(
    code: str, message: str, posted: Posted, aws: None
) -> None:
    client = build_mail_client()
    with Stubber(client) as stubber:
        stubber.add_client_error("send_email", code, message, 400)
        assert SesMailer(client).send(LETTER) == posted


def test_every_error_of_the_operation_is_known(aws: None) -> None:
    operation = build_mail_client().meta.service_model.operation_model("SendEmail")
    for shape in operation.error_shapes:
        error = ClientError(answer(shape.name, 400), "SendEmail")
        assert not str(judge(error, SENDER)).startswith("Halted(problem='SES answers"), shape.name


def test_a_failure_of_the_server_is_doubtful() -> None:
    assert judge(ClientError(answer("InternalFailure", 500), "SendEmail"), SENDER) == Doubtful()


def answer(code: str, status: int) -> Any:
    return {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}


@pytest.mark.parametrize(
    ("error", "posted"),
    [
        (EndpointConnectionError(endpoint_url="u"), Throttled(2.0)),
        (ConnectTimeoutError(endpoint_url="u"), Throttled(2.0)),
        (ReadTimeoutError(endpoint_url="u"), Doubtful()),
    ],
)
def test_a_lost_answer_is_doubtful_and_a_lost_request_is_not(
    error: Exception, posted: Posted
) -> None:
    class Client:
        def send_email(self, **request: object) -> Mapping[str, str]:
            raise error

    assert SesMailer(cast("SESV2Client", Client())).send(LETTER) == posted


def test_no_reason_holds_what_ses_has_said(aws: None) -> None:
    for code in ("MessageRejected", "BadRequestException", "Unheard"):
        error = ClientError(answer(code, 400), "SendEmail")
        error.response["Error"]["Message"] = "ann@old.example is not verified"
        assert "ann@" not in json.dumps(str(judge(error, SENDER)))
