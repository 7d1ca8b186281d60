"""What every WaveSecrets promises, and what the one in Secrets Manager adds to it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from localrun.fakes.wave_secrets import MemoryWaves
from migration.aws import wave_secrets
from migration.aws.wave_secrets import TenantWaves
from migration.errors import ProvisioningPending, TenantMisconfigured
from migration.password_parts import LIMIT
from migration.ports import WaveSecrets

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:workmail-migration/acme/"
PATH = "waves/move-friday/1"  # with a run whose name ends in a hyphen and six characters
NAME = f"workmail-migration/acme/{PATH}"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-4000-8000-0123456789ab"


@pytest.fixture
def client(aws: None) -> SecretsManagerClient:
    return boto3.client("secretsmanager")


@pytest.fixture(params=["memory", "secrets manager"])
def waves(request: pytest.FixtureRequest) -> Iterator[WaveSecrets]:
    if request.param == "memory":
        yield MemoryWaves()
    else:
        yield TenantWaves(request.getfixturevalue("client"), ARN, "acme")


def test_a_secret_from_its_creation_to_its_end(waves: WaveSecrets) -> None:
    assert waves.read(PATH) is None
    waves.create(PATH, "one")
    assert waves.read(PATH) == "one"
    waves.replace(PATH, "two")
    assert waves.read(PATH) == "two"
    waves.remove(PATH)
    assert waves.read(PATH) is None
    waves.remove(PATH)


def test_a_secret_that_belongs_to_no_run(waves: WaveSecrets) -> None:
    waves.create("administrator", "one")
    waves.replace("administrator", "two")
    assert waves.read("administrator") == "two"
    assert waves.read("administrator/2") is None


def test_what_is_there_is_not_created_over(waves: WaveSecrets) -> None:
    waves.create(PATH, "one")
    with pytest.raises(ProvisioningPending, match="exists already"):
        waves.create(PATH, "two")
    assert waves.read(PATH) == "one"


def test_removing_what_never_was_is_no_error(waves: WaveSecrets) -> None:
    waves.remove(PATH)


def test_secrets_do_not_get_into_each_others_way(waves: WaveSecrets) -> None:
    others = ("waves/move-friday/10", "waves/move-friday/reset/1", "waves/move-frida/1")
    for path in (PATH, *others):
        waves.create(path, path)
    assert [waves.read(path) for path in (PATH, *others)] == [PATH, *others]
    waves.remove(PATH)
    assert [waves.read(path) for path in others] == list(others)


def test_the_secret_has_its_name_tags_and_the_longest_value(client: SecretsManagerClient) -> None:
    TenantWaves(client, ARN, "acme").create(PATH, "x" * LIMIT)
    described = client.describe_secret(SecretId=NAME)
    tags = {tag["Key"]: tag["Value"] for tag in described["Tags"]}
    assert tags == {"app": "workmail-migration", "tenant": "acme", "run": "move-friday"}
    assert "KmsKeyId" not in described


def test_a_key_of_the_tenants_own_encrypts_it(client: SecretsManagerClient) -> None:
    TenantWaves(client, ARN, "acme", KEY).create(PATH, "one")
    assert client.describe_secret(SecretId=NAME)["KmsKeyId"] == KEY


def test_what_was_removed_can_be_restored_for_a_week(client: SecretsManagerClient) -> None:
    waves = TenantWaves(client, ARN, "acme")
    waves.create(PATH, "one")
    waves.remove(PATH)
    assert wave_secrets.DAYS_TO_RESTORE == 7
    client.restore_secret(SecretId=NAME)
    assert waves.read(PATH) == "one"


# ---- Secrets Manager's other answers ---------------------------------------------------------

CALLS: dict[str, Callable[[WaveSecrets], object]] = {
    "GetSecretValue": lambda waves: waves.read(PATH),
    "CreateSecret": lambda waves: waves.create(PATH, "word-one"),
    "PutSecretValue": lambda waves: waves.replace(PATH, "word-one"),
    "DeleteSecret": lambda waves: waves.remove(PATH),
}


class Failing:
    """A client whose calls all raise."""

    def __init__(self, client: SecretsManagerClient, error: Exception) -> None:
        self.exceptions = client.exceptions
        self._error = error

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**_: object) -> None:
            raise self._error

        return call


def answering(client: SecretsManagerClient, error: Exception) -> WaveSecrets:
    failing: Any = Failing(client, error)
    return TenantWaves(failing, ARN, "acme")


def refusal(client: SecretsManagerClient, code: str, operation: str) -> ClientError:
    kind = getattr(client.exceptions, code, ClientError)
    error = kind({"Error": {"Code": code, "Message": "word-one"}}, operation)
    assert isinstance(error, ClientError)
    return error


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ThrottlingException", ProvisioningPending),
        ("InternalServiceError", ProvisioningPending),
        ("AccessDeniedException", TenantMisconfigured),
        ("EncryptionFailure", TenantMisconfigured),
        ("DecryptionFailure", TenantMisconfigured),
        ("LimitExceededException", TenantMisconfigured),
    ],
)
def test_other_answers_say_who_acts_and_quote_nothing(
    client: SecretsManagerClient, operation: str, code: str, expected: type[Exception]
) -> None:
    with pytest.raises(expected, match=f"{operation}: {code}") as caught:
        CALLS[operation](answering(client, refusal(client, code, operation)))
    assert "word-one" not in str(caught.value)


@pytest.mark.parametrize("operation", ["CreateSecret", "PutSecretValue"])
def test_a_secret_that_is_marked_for_deletion_is_not_written(
    client: SecretsManagerClient, operation: str
) -> None:
    """moto would write it."""
    waves = answering(client, refusal(client, "InvalidRequestException", operation))
    with pytest.raises(TenantMisconfigured, match="marked for deletion: restore it"):
        CALLS[operation](waves)
    assert waves.read(PATH) is None
    waves.remove(PATH)


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="https://x"),
        ReadTimeoutError(endpoint_url="https://x"),
    ],
)
def test_an_outage_is_waited_for(
    client: SecretsManagerClient, operation: str, error: Exception
) -> None:
    with pytest.raises(ProvisioningPending, match=type(error).__name__):
        CALLS[operation](answering(client, error))


def test_an_answer_that_nobody_foresaw_passes(client: SecretsManagerClient) -> None:
    error = refusal(client, "InvalidParameterException", "PutSecretValue")
    with pytest.raises(ClientError, match="InvalidParameterException"):
        answering(client, error).replace(PATH, "x")


def test_every_method_of_the_port_is_called_above() -> None:
    methods = {name for name, _ in inspect.getmembers(WaveSecrets, inspect.isfunction)}
    assert {"read", "create", "replace", "remove"} == {m for m in methods if m[0] != "_"}
