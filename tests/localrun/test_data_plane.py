"""The data plane holds what a template says, under the names the template resolves to."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from localrun.engine.template import Template
from localrun.fakes.data_plane import DataPlane, create

REGION, ACCOUNT = "eu-west-1", "123456789012"
RESOURCES = {
    "Blobs": {
        "Type": "AWS::S3::Bucket",
        "Properties": {"VersioningConfiguration": {"Status": "Enabled"}},
    },
    "Plain": {"Type": "AWS::S3::Bucket"},
    "Ledger": {
        "Type": "AWS::DynamoDB::GlobalTable",
        "Properties": {
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            "AttributeDefinitions": [
                {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "state")
            ],
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "byState",
                    "KeySchema": [{"AttributeName": "state", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "expires"},
        },
    },
    "Given": {
        "Type": "AWS::SecretsManager::Secret",
        "Properties": {"Name": "tenant/given", "SecretString": "as written"},
    },
    "Made": {
        "Type": "AWS::SecretsManager::Secret",
        "Properties": {
            "GenerateSecretString": {
                "SecretStringTemplate": '{"user": "admin"}',
                "GenerateStringKey": "password",
            }
        },
    },
    "Unset": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": "tenant/unset"}},
    "Notices": {"Type": "AWS::SNS::Topic"},
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    folder = tmp_path_factory.mktemp("assembly")
    text = json.dumps({"Resources": RESOURCES})
    (folder / "Tenant.template.json").write_text(text)
    return Template.load(folder, "Tenant", REGION, ACCOUNT)


Clients = Callable[[str], Any]


@pytest.fixture(scope="module")
def clients(template: Template) -> Iterator[Clients]:
    make_client: Any = boto3.client
    with DataPlane() as plane:

        def client(service: str) -> Any:
            return make_client(
                service,
                region_name=REGION,
                endpoint_url=plane.url,
                aws_access_key_id=ACCOUNT,
                aws_secret_access_key="local",
                config=Config(retries={"total_max_attempts": 1}),
            )

        create(template, client)
        yield client


def test_buckets_are_there_and_versioned_as_told(template: Template, clients: Clients) -> None:
    blobs, plain = template.buckets()
    storage = clients("s3")
    for body in (b"one", b"two"):
        for bucket in (blobs, plain):
            storage.put_object(Bucket=bucket.name, Key="k", Body=body)
    kept = [
        len(storage.list_object_versions(Bucket=bucket.name)["Versions"])
        for bucket in (blobs, plain)
    ]
    assert kept == [2, 1]
    assert storage.get_object(Bucket=blobs.name, Key="k")["Body"].read() == b"two"


def test_tables_have_keys_indexes_and_expiry(template: Template, clients: Clients) -> None:
    (ledger,) = template.tables()
    database = clients("dynamodb")
    described = database.describe_table(TableName=ledger.name)["Table"]
    assert described["TableArn"] == ledger.arn
    assert [key["AttributeName"] for key in described["KeySchema"]] == ["pk", "sk"]
    item = {"pk": {"S": "a"}, "sk": {"S": "b"}, "state": {"S": "DONE"}}
    database.put_item(TableName=ledger.name, Item=item)
    found = database.query(
        TableName=ledger.name,
        IndexName="byState",
        KeyConditionExpression="#s = :s",
        ExpressionAttributeNames={"#s": "state"},
        ExpressionAttributeValues={":s": {"S": "DONE"}},
    )
    assert found["Items"] == [item]
    expiry = database.describe_time_to_live(TableName=ledger.name)["TimeToLiveDescription"]
    assert expiry["AttributeName"] == "expires"


def test_secrets_are_found_by_the_arn_that_functions_were_told(
    template: Template, clients: Clients
) -> None:
    given, made, unset = template.secrets()
    store = clients("secretsmanager")
    assert store.get_secret_value(SecretId=given.arn)["SecretString"] == "as written"
    assert store.get_secret_value(SecretId=given.name)["ARN"] == given.arn
    value = json.loads(store.get_secret_value(SecretId=made.arn)["SecretString"])
    assert value["user"] == "admin"
    assert len(value["password"]) == 32
    with pytest.raises(store.exceptions.ResourceNotFoundException):
        store.get_secret_value(SecretId=unset.arn)
    store.put_secret_value(SecretId=unset.name, SecretString="later")
    assert store.get_secret_value(SecretId=unset.arn)["SecretString"] == "later"


def test_topics_deliver_to_queues(template: Template, clients: Clients) -> None:
    (topic,) = template.topics()
    queues = clients("sqs")
    queue = queues.create_queue(QueueName="inbox")["QueueUrl"]
    clients("sns").subscribe(
        TopicArn=topic.arn, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:inbox"
    )
    clients("sns").publish(TopicArn=topic.arn, Message="the report is ready")
    (message,) = queues.receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"])["Message"] == "the report is ready"


def test_a_new_data_plane_begins_empty(clients: Clients) -> None:
    # Starting another one empties the account of the tests above too: keep them above.
    assert clients("s3").list_buckets()["Buckets"]
    with DataPlane():
        assert clients("s3").list_buckets()["Buckets"] == []


def test_requests_are_not_printed(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with DataPlane() as plane:
        client = boto3.client(
            "sqs",
            region_name=REGION,
            endpoint_url=plane.url,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="local",
        )
        client.create_queue(QueueName="quiet")
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""
