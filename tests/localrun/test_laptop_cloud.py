"""A function of a template reaches the template's stores and WorkMail from its child process."""

import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import boto3

from localrun.engine.lambda_host import Function, LambdaHost
from localrun.engine.template import Template
from localrun.fakes.data_plane import DataPlane, create
from localrun.fakes.workmail import FakeWorkMail
from localrun.model_service import ModelServer, ModelService

REGION, ACCOUNT = "eu-west-1", "123456789012"
HANDLER = """
import os, boto3

def handler(event, context):
    boto3.client("s3").put_object(Bucket=os.environ["BUCKET"], Key="k", Body=b"from a child")
    organizations = boto3.client("workmail").list_organizations()["OrganizationSummaries"]
    return [organization["Alias"] for organization in organizations]
"""
TEMPLATE = {
    "Resources": {
        "Blobs": {"Type": "AWS::S3::Bucket"},
        "ListOrganizations": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Code": {"S3Bucket": "assets", "S3Key": "code.zip"},
                "Environment": {"Variables": {"BUCKET": {"Ref": "Blobs"}}},
                "Handler": "list_organizations.handler",
                "Runtime": "python3.13",
                "Timeout": 30,
            },
        },
    }
}
ASSETS = {
    "files": {"1": {"source": {"path": "code"}, "destinations": {"1": {"objectKey": "code.zip"}}}}
}


def test_a_deployed_function_does_its_work(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "list_organizations.py").write_text(HANDLER)
    (tmp_path / "Tenant.template.json").write_text(json.dumps(TEMPLATE))
    (tmp_path / "Tenant.assets.json").write_text(json.dumps(ASSETS))
    template = Template.load(tmp_path, "Tenant", REGION, ACCOUNT)
    workmail = FakeWorkMail(time.time)
    workmail.seed_organization("acme", "example.test")
    service = ModelService("workmail", workmail, "InvalidParameterException")
    make_client: Any = boto3.client
    with DataPlane() as plane, ModelServer([service]) as server:
        storage = make_client(
            "s3",
            region_name=REGION,
            endpoint_url=plane.url,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="local",
        )
        create(template, lambda name: storage if name == "s3" else None)
        environment = {
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": plane.url,
            "AWS_ENDPOINT_URL_WORKMAIL": server.url,
        }
        (deployed,) = template.functions()
        with LambdaHost(environment, tmp_path / "logs") as host:
            host.add(Function(**dataclasses.asdict(deployed)))
            result = host.invoke(deployed.arn, b"{}")
        assert (result.function_error, json.loads(result.payload)) == (None, ["acme"])
        (bucket,) = template.buckets()
        stored = storage.get_object(Bucket=bucket.name, Key="k")["Body"].read()
        assert stored == b"from a child"
