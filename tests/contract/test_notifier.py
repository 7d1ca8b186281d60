"""What a topic gives its subscribers, over moto."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sns import sns_backends

from migration.aws.notifier import Topic, fit_subject
from migration.errors import ProvisioningPending, TenantMisconfigured
from migration.model import Notice, NoticeKind

NOTICE = Notice(
    NoticeKind.WAVE_DONE,
    "run-1",
    "2026-12-04T18:00:00Z",
    "acme: 3 mailboxes copied",
    "3 mailboxes are copied.\nNothing is to be done: Grüße.\n",
    {"done": 2, "verified": True, "link": "https://example.test/r"},
)


@pytest.fixture
def topic(aws: None) -> str:
    return str(boto3.client("sns").create_topic(Name="told")["TopicArn"])


def subscribe(topic: str, policy: str = "", raw: bool = False) -> str:
    """A queue that is told; its URL."""
    sqs = boto3.client("sqs")
    url = str(sqs.create_queue(QueueName=f"queue-{len(policy)}-{raw}")["QueueUrl"])
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    attributes = {"FilterPolicy": policy} if policy else {}
    attributes |= {"RawMessageDelivery": "true"} if raw else {}
    boto3.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"], Attributes=attributes
    )
    return url


def receive(url: str) -> list[dict[str, Any]]:
    answer = boto3.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def test_programs_get_json(topic: str) -> None:
    url = subscribe(topic)
    Topic(boto3.client("sns"), topic).tell(NOTICE)
    (envelope,) = receive(url)
    assert envelope["Subject"] == "acme: 3 mailboxes copied"
    assert json.loads(envelope["Message"]) == {
        "kind": "wave done",
        "run": "run-1",
        "at": "2026-12-04T18:00:00Z",
        "subject": "acme: 3 mailboxes copied",
        "facts": {"done": 2, "verified": True, "link": "https://example.test/r"},
    }


def test_programs_may_take_it_without_the_envelope(topic: str) -> None:
    url = subscribe(topic, raw=True)
    Topic(boto3.client("sns"), topic).tell(NOTICE)
    assert receive(url)[0]["facts"]["done"] == 2


def test_subscribers_filter_by_the_kind(topic: str) -> None:
    wanted, unwanted = (subscribe(topic, json.dumps({"kind": [k]})) for k in ("wave done", "dns"))
    Topic(boto3.client("sns"), topic).tell(NOTICE)
    assert len(receive(wanted)) == 1
    assert receive(unwanted) == []


def test_people_get_the_text(topic: str) -> None:
    Topic(boto3.client("sns"), topic).tell(NOTICE)
    sent = sns_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].topics[topic].sent_notifications
    (_, message, subject, attributes, _) = sent[0]
    forms = json.loads(message)
    assert forms["default"] == NOTICE.text
    assert "email" not in forms  # which gets the default then
    assert subject == NOTICE.subject
    assert attributes["kind"]["Value"] == "wave done"


@pytest.mark.parametrize(
    ("given", "fitting"),
    [
        ("plain", "plain"),
        ("two\nlines\tof it ", "two lines of it"),
        ("Grüße\x07", "Gr??e"),
        ("x" * 99, "x" * 99),
        ("x" * 100, "x" * 96 + "..."),
        ("\n", ""),
    ],
)
def test_a_subject_is_made_fit(given: str, fitting: str) -> None:
    assert fit_subject(given) == fitting


def test_an_empty_subject_is_the_kind(topic: str) -> None:
    url = subscribe(topic)
    notice = Notice(NoticeKind.DNS, "run-1", "2026-12-04T18:00:00Z", "", "text")
    Topic(boto3.client("sns"), topic).tell(notice)
    assert receive(url)[0]["Subject"] == "dns"


@pytest.mark.parametrize("char", ["a", "ü", "\N{GRINNING FACE}", '"'])
def test_a_text_that_is_too_long_is_cut(topic: str, char: str) -> None:
    client = boto3.client("sns")
    sent: list[str] = []
    client.meta.events.register(
        "before-parameter-build.sns.Publish",
        lambda params, **_: sent.append(params["Message"]),
    )
    notice = Notice(NoticeKind.DNS, "run-1", "2026-12-04T18:00:00Z", "s", char * 300_000)
    Topic(client, topic).tell(notice)
    assert len(sent[0].encode()) < 262_144
    text = json.loads(sent[0])["default"]
    assert text.endswith("[The rest does not fit into a message.]\n")
    assert len(text) > 10_000


class Failing:
    """An SNS client whose calls end so."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def publish(self, **_: object) -> None:
        raise self._error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ClientError({"Error": {"Code": "Throttling"}}, "Publish"), ProvisioningPending),
        (ClientError({"Error": {"Code": "InternalError"}}, "Publish"), ProvisioningPending),
        (EndpointConnectionError(endpoint_url="https://sns"), ProvisioningPending),
        (ClientError({"Error": {"Code": "AuthorizationError"}}, "Publish"), TenantMisconfigured),
        (ClientError({"Error": {"Code": "KMSDisabled"}}, "Publish"), TenantMisconfigured),
    ],
)
def test_errors_are_translated(error: Exception, expected: type[Exception]) -> None:
    with pytest.raises(expected):
        Topic(Failing(error), "arn:aws:sns:eu-west-1:1:t").tell(NOTICE)


def test_a_topic_that_is_gone_is_the_operators_to_mend(topic: str) -> None:
    boto3.client("sns").delete_topic(TopicArn=topic)
    with pytest.raises(TenantMisconfigured, match="deploy the stack again"):
        Topic(boto3.client("sns"), topic).tell(NOTICE)
