"""Sends mail by Amazon SES, version 2 of its API.

A mail whose answer is lost must not be sent again: the client makes one attempt only, and what
happened then is doubtful. What SES says of an error is in its Developer Guide, "Amazon SES email
sending errors"; the texts hold addresses, so they are read here and go no further.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
)

from migration.letters import Delivered, Doubtful, Halted, Letter, Posted, Refused, Throttled

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sesv2.type_defs import ContentTypeDef, MessageTypeDef

_THROTTLED = frozenset({"TooManyRequestsException", "ThrottlingException", "Throttling"})
_HALTS = {
    "AccountSuspendedException": "SES has suspended the sending of mail for this account",
    "SendingPausedException": "SES has paused the sending of mail for this account",
    "MailFromDomainNotVerifiedException": "SES has not verified the MAIL FROM domain of the sender",
    "LimitExceededException": "SES' limits for this account are reached",
    "AccessDeniedException": "SendEmail is not allowed; while SES holds the account in its "
    "sandbox, the function's policy must name the recipients' identities, too",
    "NotFoundException": "SES does not know the sender's identity or its configuration set",
}
_PAUSE = 2.0
_DAILY = "SES' daily quota is reached"


def build_mail_client() -> SESV2Client:
    """SES with one attempt: boto3 would send a mail again whose answer was lost."""
    return boto3.client("sesv2", config=Config(retries={"total_max_attempts": 1}))


class SesMailer:
    """Mailer. `client` is one of `build_mail_client`."""

    def __init__(self, client: SESV2Client) -> None:
        self._client = client

    def send(self, letter: Letter) -> Posted:
        try:
            answer = self._client.send_email(
                FromEmailAddress=letter.sender,
                Destination={"ToAddresses": [letter.to]},
                Content={"Simple": _compose(letter)},
            )
        except ClientError as error:
            return judge(error, letter.sender)
        except (EndpointConnectionError, ConnectTimeoutError):
            return Throttled(_PAUSE)  # nothing has left this machine
        except HTTPClientError:
            return Doubtful()
        return Delivered(answer["MessageId"])


def _compose(letter: Letter) -> MessageTypeDef:
    """SES makes the headers, so that nothing in a name can add one."""

    def utf8(text: str) -> ContentTypeDef:
        return {"Data": text, "Charset": "UTF-8"}

    content: MessageTypeDef = {
        "Subject": utf8(letter.subject),
        "Body": {"Text": utf8(letter.text), "Html": utf8(letter.html)},
        # RFC 3834: nobody's holiday notice answers it
        "Headers": [{"Name": "Auto-Submitted", "Value": "auto-generated"}],
    }
    if letter.attachments:
        content["Attachments"] = [
            {
                "FileName": each.name,
                "ContentType": each.media_type,
                "ContentDisposition": "ATTACHMENT",
                "RawContent": each.body,
            }
            for each in letter.attachments
        ]
    return content


def judge(error: ClientError, sender: str) -> Posted:
    """What an error of SES means for the mail and for those after it."""
    code = error.response["Error"].get("Code", "")
    text = error.response["Error"].get("Message", "").lower()
    if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
        return Doubtful()
    if code in _THROTTLED or code == "LimitExceededException":
        return Halted(_DAILY) if "daily" in text else _wait_or_halt(code)
    if code in _HALTS:
        return Halted(_HALTS[code])
    if "not verified" in text:
        return _judge_unverified(text, sender.lower())
    if code in ("MessageRejected", "BadRequestException"):
        return Refused("SES refuses the address or the mail")
    return Halted(f"SES answers {code}")


def _wait_or_halt(code: str) -> Posted:
    return Throttled(_PAUSE) if code in _THROTTLED else Halted(_HALTS[code])


def _judge_unverified(text: str, sender: str) -> Posted:
    """SES lists the identities that it does not know: the sender's, or, in the sandbox, those of
    recipients."""
    if sender in text:
        return Halted("SES has not verified clients.sender or its domain in this Region")
    return Refused("SES holds the account in its sandbox, and this address is not verified")
