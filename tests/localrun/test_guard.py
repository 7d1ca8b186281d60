"""The data plane refuses what a role does not allow, in the words of each service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from boto3.dynamodb.conditions import Key
from botocore.config import Config
from botocore.exceptions import ClientError

from localrun.asked import Place
from localrun.fakes.data_plane import DataPlane
from localrun.guard import Guard
from localrun.iam import Condition, Statement
from tests.contract.conftest import LEDGER

REGION, ACCOUNT = "eu-west-1", "123456789012"
ARN = f"arn:aws:{{}}:{REGION}:{ACCOUNT}:{{}}"
TABLE = ARN.format("dynamodb", "table/ledger")
SECRETS = ARN.format("secretsmanager", "secret:tenant/waves/*")
TOPIC = ARN.format("sns", "told")
OWN = (Condition("ForAllValues:StringLike", "dynamodb:LeadingKeys", ("M#acme#*",)),)
FROM = (Condition("StringEquals", "ses:FromAddress", ("it@acme.example",)),)
ONLY_MX = (
    Condition("ForAllValues:StringEquals", "route53:ChangeResourceRecordSetsRecordTypes", ("MX",)),
)

Client = Callable[[str], Any]


@pytest.fixture(scope="module")
def guard() -> Guard:
    return Guard()


@pytest.fixture(scope="module")
def plane(guard: Guard) -> Iterator[DataPlane]:
    with DataPlane(guard=guard, place=Place(REGION, ACCOUNT)) as made:
        yield made


def client_of(plane: DataPlane, service: str, key: str) -> Any:
    session: Any = boto3.Session()
    return session.client(
        service,
        endpoint_url=plane.url,
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )


@pytest.fixture(scope="module")
def owner(plane: DataPlane) -> Client:
    """Who may do everything; with a table, a bucket, a topic, a zone and a sender."""

    def client(service: str) -> Any:
        return client_of(plane, service, ACCOUNT)

    client("dynamodb").create_table(**LEDGER)
    client("s3").create_bucket(
        Bucket="files", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    client("s3").put_object(Bucket="files", Key="plans/x", Body=b"secret")
    client("s3").create_bucket(
        Bucket="versions", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    enabled = {"Status": "Enabled"}
    client("s3").put_bucket_versioning(Bucket="versions", VersioningConfiguration=enabled)
    client("sns").create_topic(Name="told")
    client("sns").create_topic(Name="other")
    client("sesv2").create_email_identity(EmailIdentity="it@acme.example")
    client("sesv2").create_email_identity(EmailIdentity="boss@acme.example")
    client("secretsmanager").create_secret(Name="tenant/target", SecretString="x")
    return client


@pytest.fixture(scope="module")
def worker(plane: DataPlane, guard: Guard, owner: Client) -> Client:
    """Whose role allows a little of each service."""
    guard.restrict(
        "worker",
        [
            Statement(True, ("dynamodb:PutItem", "dynamodb:Query"), (TABLE,), OWN),
            Statement(True, ("dynamodb:BatchWriteItem", "dynamodb:DeleteItem"), (TABLE,), OWN),
            Statement(True, ("s3:PutObject", "s3:GetObject"), ("arn:aws:s3:::files/audit/*",)),
            Statement(True, ("s3:ListBucket",), ("arn:aws:s3:::files",)),
            Statement(True, ("s3:ListBucketVersions",), ("arn:aws:s3:::versions",)),
            Statement(True, ("s3:DeleteObjectVersion",), ("arn:aws:s3:::versions/audit/*",)),
            Statement(True, ("secretsmanager:CreateSecret",), (SECRETS,)),
            Statement(True, ("sns:Publish",), (TOPIC,)),
            Statement(True, ("ses:SendEmail",), (ARN.format("ses", "identity/*"),), FROM),
            Statement(
                True,
                ("route53:ChangeResourceRecordSets",),
                ("arn:aws:route53:::hostedzone/*",),
                ONLY_MX,
            ),
        ],
    )
    return lambda service: client_of(plane, service, "worker")


def refused(call: Callable[[], object]) -> bool:
    """Whether a call is refused for the lack of rights, and not for anything else."""
    try:
        call()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        assert code in ("AccessDenied", "AccessDeniedException", "AuthorizationError"), code
        return True
    return False


def test_items_are_told_apart_by_their_partition_key(worker: Client) -> None:
    table = worker("dynamodb")

    def put(pk: str) -> None:
        table.put_item(TableName="ledger", Item={"pk": {"S": pk}, "sk": {"S": "s"}})

    def delete(*pks: str) -> None:
        requests = [{"DeleteRequest": {"Key": {"pk": {"S": pk}, "sk": {"S": "s"}}}} for pk in pks]
        table.batch_write_item(RequestItems={"ledger": requests})

    assert not refused(lambda: put("M#acme#1"))
    assert refused(lambda: put("M#other#1"))
    assert refused(lambda: put("T#acme"))
    assert not refused(lambda: delete("M#acme#1", "M#acme#2"))
    assert refused(lambda: delete("M#acme#1", "T#acme"))
    key = {"pk": {"S": "M#acme#1"}, "sk": {"S": "s"}}
    assert refused(lambda: table.get_item(TableName="ledger", Key=key))


def test_a_query_is_judged_by_its_condition(plane: DataPlane, worker: Client) -> None:
    session: Any = boto3.Session()
    table = session.resource(
        "dynamodb",
        endpoint_url=plane.url,
        region_name=REGION,
        aws_access_key_id="worker",
        aws_secret_access_key="x",
    ).Table("ledger")

    def query(pk: str) -> None:
        table.query(KeyConditionExpression=Key("pk").eq(pk) & Key("sk").begins_with("F#"))

    assert not refused(lambda: query("M#acme#1"))
    assert refused(lambda: query("T#acme"))


def test_each_part_of_a_transaction_is_judged(worker: Client) -> None:
    def write(pk: str) -> None:
        item = {"pk": {"S": "M#acme#1"}, "sk": {"S": "s"}}
        key = {"pk": {"S": pk}, "sk": {"S": "t"}}
        worker("dynamodb").transact_write_items(
            TransactItems=[
                {"Put": {"TableName": "ledger", "Item": item}},
                {"Delete": {"TableName": "ledger", "Key": key}},
            ]
        )

    assert not refused(lambda: write("M#acme#1"))
    assert refused(lambda: write("T#acme"))


def test_objects_are_told_apart_by_their_keys(worker: Client) -> None:
    s3 = worker("s3")
    assert not refused(lambda: s3.put_object(Bucket="files", Key="audit/1/a b", Body=b"x" * 70_000))
    assert s3.get_object(Bucket="files", Key="audit/1/a b")["Body"].read() == b"x" * 70_000
    assert not refused(lambda: s3.list_objects_v2(Bucket="files", Prefix="audit/"))
    assert refused(lambda: s3.get_object(Bucket="files", Key="plans/x"))
    assert refused(lambda: s3.put_object(Bucket="files", Key="auditor", Body=b""))
    assert refused(lambda: s3.get_object(Bucket="files", Key="audit/1/a b", VersionId="v"))
    assert refused(lambda: s3.delete_object(Bucket="files", Key="audit/1/a b"))


def test_versions_are_listed_and_deleted_by_rights_of_their_own(
    worker: Client, owner: Client
) -> None:
    s3, put = worker("s3"), owner("s3").put_object
    version = put(Bucket="versions", Key="audit/a&b", Body=b"")["VersionId"]
    one = {"Key": "audit/a&b", "VersionId": version}

    def delete(*objects: dict[str, str]) -> None:
        s3.delete_objects(Bucket="versions", Delete={"Objects": list(objects)})

    assert refused(lambda: s3.list_object_versions(Bucket="files"))
    assert refused(lambda: delete({"Key": "audit/a&b"}))
    assert refused(lambda: delete(one, {"Key": "plans/x", "VersionId": version}))
    listed = s3.list_object_versions(Bucket="versions")
    assert [each["VersionId"] for each in listed["Versions"]] == [version]
    assert not refused(lambda: delete(one))
    assert "Versions" not in s3.list_object_versions(Bucket="versions")


def test_secrets_are_told_apart_by_their_names(worker: Client) -> None:
    secrets = worker("secretsmanager")
    assert not refused(lambda: secrets.create_secret(Name="tenant/waves/1", SecretString="x"))
    tags = [{"Key": "a", "Value": "b"}]
    assert refused(
        lambda: secrets.create_secret(Name="tenant/waves/2", SecretString="x", Tags=tags)
    )
    assert refused(lambda: secrets.create_secret(Name="tenant/other", SecretString="x"))
    assert refused(lambda: secrets.get_secret_value(SecretId="tenant/target"))


def test_topics_senders_and_zones(worker: Client, owner: Client) -> None:
    publish = worker("sns").publish
    assert not refused(lambda: publish(TopicArn=TOPIC, Message="m"))
    assert refused(lambda: publish(TopicArn=TOPIC.replace("told", "other"), Message="m"))

    def send(sender: str) -> None:
        content = {"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}}
        worker("sesv2").send_email(
            FromEmailAddress=sender, Destination={"ToAddresses": ["a@b.example"]}, Content=content
        )

    assert not refused(lambda: send("it@acme.example"))
    assert refused(lambda: send("boss@acme.example"))

    zone = owner("route53").create_hosted_zone(Name="acme.example", CallerReference="1")
    identity = zone["HostedZone"]["Id"]

    def upsert(kind: str, value: str) -> None:
        change = {
            "Action": "UPSERT",
            "ResourceRecordSet": {
                "Name": "acme.example.",
                "Type": kind,
                "TTL": 300,
                "ResourceRecords": [{"Value": value}],
            },
        }
        worker("route53").change_resource_record_sets(
            HostedZoneId=identity, ChangeBatch={"Changes": [change]}
        )

    assert not refused(lambda: upsert("MX", "10 mail.acme.example."))
    assert refused(lambda: upsert("A", "192.0.2.1"))
    assert refused(lambda: worker("route53").list_hosted_zones_by_name())


def test_what_was_granted_is_kept(worker: Client, guard: Guard) -> None:
    worker("s3").put_object(Bucket="files", Key="audit/kept", Body=b"")
    assert ("s3:PutObject", "arn:aws:s3:::files/audit/kept", "") in guard.granted()["worker"]
    assert not any(action == "s3:DeleteObject" for action, _, _ in guard.granted()["worker"])
