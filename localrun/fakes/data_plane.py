"""S3, DynamoDB, Secrets Manager, SNS, SQS, CloudWatch and more: moto's server in this process.

moto keeps everything in module-level state, so one data plane at a time makes sense in a process;
starting one begins with an empty account. Resources belong to the account whose number is the
access key id.
"""

import json
import logging
import secrets
import threading
import urllib.request
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, Self

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.s3.models import S3Backend, s3_backends
from werkzeug.serving import make_server

from localrun.asked import Place
from localrun.engine.intrinsics import SECRET_SUFFIX
from localrun.engine.template import BucketResource, SecretResource, TableResource, Template
from localrun.fakes.guarded import guarded
from localrun.guard import Guard

_GENERATED_SECRET_LENGTH = 32


class DataPlane:
    """Serves at `url` until `close()`. What whoever signs a request may not do, says `guard`; the
    resources are those of `place`."""

    def __init__(
        self, port: int = 0, guard: Guard | None = None, place: Place | None = None
    ) -> None:
        # Every request is a line at level INFO otherwise.
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        s3_backends.backend = _Storage
        application: Any = _Dispatcher(create_backend_app)
        if guard is not None and place is not None:
            application = guarded(application, guard, place)
        self._server = make_server(
            "127.0.0.1", port, application, threaded=True, request_handler=MotoRequestHandler
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="data-plane", daemon=True
        )
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        reset = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")
        with urllib.request.urlopen(reset, timeout=30):
            pass

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


class _Storage(S3Backend):  # type: ignore[misc]  # moto's types are not followed
    """moto's own copies and walks through all objects of a bucket whenever it lists some: with ten
    thousand mailboxes that is most of what the laptop's process would do."""

    def list_objects(
        self,
        bucket: Any,
        prefix: str | None,
        delimiter: str | None,
        marker: str | None,
        max_keys: int | None,
    ) -> Any:
        names = [name for name in list(bucket.keys) if name.startswith(prefix or "")]
        found = {name: bucket.keys.get(name) for name in names}
        below = {name: newest for name, newest in found.items() if newest is not None}
        listed = SimpleNamespace(keys=below)
        return super().list_objects(listed, prefix, delimiter, marker, max_keys)


class _Dispatcher(DomainDispatcherApplication):  # type: ignore[misc]  # moto's are not followed
    """moto's own looks through the folders of its package at every request."""

    def __init__(self, create_app: Callable[[Any], Any]) -> None:
        super().__init__(create_app)
        self._known: dict[str | None, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:
        if host not in self._known:
            self._known[host] = super().get_backend_for_host(host)
        return self._known[host]


def create(template: Template, clients: Callable[[str], Any]) -> None:
    """Make a template's buckets, tables, secrets, topics, schedule groups and schedules, under the
    names that it resolves to.

    `clients` gives a boto3 client for a service name; its account and Region must be those the
    template was loaded for.
    """
    storage = clients("s3")
    for bucket in template.buckets():
        _create_bucket(storage, bucket)
    database = clients("dynamodb")
    for table in template.tables():
        _create_table(database, table)
    secret_store = clients("secretsmanager")
    for secret in template.secrets():
        value = _initial_value(secret)
        secret_store.create_secret(
            Name=secret.name,
            **({} if value is None else {"SecretString": value}),
            # moto ends the ARN with this tag's value, so that it is the one the template told.
            Tags=[{"Key": "_custom_id_", "Value": SECRET_SUFFIX}],
        )
    notifier = clients("sns")
    for topic in template.topics():
        notifier.create_topic(Name=topic.name)
    for name in template.schedule_groups():
        clients("scheduler").create_schedule_group(Name=name)
    for _, schedule in template.resources("AWS::Scheduler::Schedule"):
        clients("scheduler").create_schedule(**schedule)  # the same names as CloudFormation's


def _create_bucket(client: Any, bucket: BucketResource) -> None:
    name = bucket.name
    region = client.meta.region_name
    # S3 refuses its oldest Region as a constraint: it is the default.
    place: Mapping[str, Any] = (
        {}
        if region == "us-east-1"
        else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    )
    client.create_bucket(Bucket=name, **place)
    if bucket.tells:
        client.put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
    if bucket.versioned:
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def _create_table(client: Any, table: TableResource) -> None:
    indexes = {"GlobalSecondaryIndexes": table.global_indexes} if table.global_indexes else {}
    client.create_table(
        TableName=table.name,
        KeySchema=table.key_schema,
        AttributeDefinitions=table.attributes,
        BillingMode="PAY_PER_REQUEST",
        **indexes,
    )
    if table.time_to_live_attribute is not None:
        client.update_time_to_live(
            TableName=table.name,
            TimeToLiveSpecification={
                "Enabled": True,
                "AttributeName": table.time_to_live_attribute,
            },
        )


def _initial_value(secret: SecretResource) -> str | None:
    """The given value, or a random one in the place that GenerateSecretString says. None if the
    template says neither: the secret has no value then."""
    if secret.value is not None or secret.generation is None:
        return secret.value
    generated = secrets.token_hex(_GENERATED_SECRET_LENGTH // 2)
    if "SecretStringTemplate" not in secret.generation:
        return generated
    value = json.loads(secret.generation["SecretStringTemplate"])
    value[secret.generation["GenerateStringKey"]] = generated
    return json.dumps(value)
