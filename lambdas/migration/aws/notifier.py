"""Publishes to the tenant's topic: text for people, JSON for programs."""

from __future__ import annotations

import json
from typing import Any, Protocol

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

from migration.errors import ProvisioningPending, TenantMisconfigured
from migration.model import Notice

_PROGRAMS = ("sqs", "lambda", "http", "https", "firehose")
# A subject must have less than 100 characters; the whole message, all forms together, at most
# 262,144 bytes as JSON. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
_SUBJECT_LENGTH = 99
_TEXT_BYTES = 200_000
_CUT = "\n[The rest does not fit into a message.]\n"

_RETRY_AFTER = 10.0
_LATER = frozenset(
    "InternalError InternalErrorException InternalFailure KMSThrottling KMSThrottlingException "
    "RequestTimeout ServiceUnavailable Throttled ThrottledException Throttling "
    "ThrottlingException TooManyRequestsException".split()
)


class SnsClient(Protocol):
    """What is used of boto3's."""

    def publish(self, **request: Any) -> Any: ...


class Topic:
    """Notifier over SNS. Subscribers may filter by the message attribute `kind`."""

    def __init__(self, client: SnsClient, arn: str) -> None:
        self._client = client
        self._arn = arn

    def tell(self, notice: Notice) -> None:
        """As the port says; a code that nobody foresaw is TenantMisconfigured, too."""
        try:
            self._client.publish(
                TopicArn=self._arn,
                Subject=fit_subject(notice.subject) or str(notice.kind),
                Message=json.dumps(_forms(notice)),
                MessageStructure="json",
                MessageAttributes={"kind": {"DataType": "String", "StringValue": str(notice.kind)}},
            )
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in _LATER:
                raise ProvisioningPending(f"Publish: {code}", _RETRY_AFTER) from None
            problem = f"the topic of notifications: Publish: {code}: deploy the stack again"
            raise TenantMisconfigured([problem]) from None
        except (HTTPClientError, NotConnected) as error:
            raise ProvisioningPending(f"Publish: {type(error).__name__}", _RETRY_AFTER) from None


def fit_subject(subject: str) -> str:
    """One line of printable ASCII with less than 100 characters; what is not ASCII becomes `?`."""
    line = " ".join(subject.split()).encode("ascii", "replace").decode("ascii")
    line = "".join(char for char in line if char.isprintable())
    return line if len(line) <= _SUBJECT_LENGTH else line[: _SUBJECT_LENGTH - 3] + "..."


def _forms(notice: Notice) -> dict[str, str]:
    facts = {
        "kind": str(notice.kind),
        "run": notice.run,
        "at": notice.at,
        "subject": notice.subject,
        "facts": dict(notice.facts),
    }
    return {"default": _fit_text(notice.text), **dict.fromkeys(_PROGRAMS, json.dumps(facts))}


def _fit_text(text: str) -> str:
    """JSON escapes what is not ASCII in up to 12 bytes: what counts is the length after that."""
    if len(json.dumps(text)) <= _TEXT_BYTES:
        return text
    fitting, length = 0, len(json.dumps(_CUT))
    for char in text:
        length += len(json.dumps(char)) - 2
        if length > _TEXT_BYTES:
            break
        fitting += 1
    return text[:fitting] + _CUT
