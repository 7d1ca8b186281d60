"""The assertion that a certificate signs in place of a secret."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from migration.errors import CredentialsRejected
from migration.wire.app_certificate import assert_client, read_certificate
from migration.wire.graph_model import AppLogin
from tests.graph.test_wire_tokens import Login

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
AUDIENCE = "https://login.microsoftonline.com/acme.example/oauth2/v2.0/token"
LAMBDAS = Path(__file__).resolve().parents[2] / "lambdas"


@cache
def make_key(bits: int = 2048, number: int = 0) -> rsa.RSAPrivateKey:
    """One for each `number`."""
    assert number >= 0
    return rsa.generate_private_key(65537, bits)


@cache
def certify(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, expires: datetime = NOW + timedelta(400)
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "migration")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(4711)
        .not_valid_before(NOW - timedelta(400))
        .not_valid_after(expires)
        .sign(key, hashes.SHA256())
    )


def show(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def show_key(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    form: serialization.PrivateFormat = serialization.PrivateFormat.PKCS8,
    password: bytes = b"",
) -> str:
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        encryption = serialization.BestAvailableEncryption(password)
    return key.private_bytes(serialization.Encoding.PEM, form, encryption).decode()


def thumbprint(certificate: x509.Certificate) -> str:
    digest = certificate.fingerprint(hashes.SHA256())
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


KEY, OTHER = make_key(), make_key(number=1)
CERTIFICATE = certify(KEY)


@pytest.mark.parametrize(
    "pem",
    [
        show_key(KEY) + show(CERTIFICATE),
        show(CERTIFICATE) + show_key(KEY),
        show_key(KEY, serialization.PrivateFormat.TraditionalOpenSSL) + show(CERTIFICATE),
        "\n" + show(certify(OTHER)) + show(CERTIFICATE) + "\nBag Attributes: x\n" + show_key(KEY),
        (show_key(KEY) + show(CERTIFICATE)).replace("\n", "\r\n"),
    ],
    ids=["key-first", "certificate-first", "pkcs1", "chain", "crlf"],
)
def test_key_and_certificate_are_found_in_any_order(pem: str) -> None:
    found = read_certificate(pem)
    assert found.thumbprint == thumbprint(CERTIFICATE)
    assert found.key.private_numbers() == KEY.private_numbers()


@pytest.mark.parametrize(
    ("pem", "problem"),
    [
        ("", "holds no private key"),
        (show(CERTIFICATE), "holds no private key"),
        ("my certificate", "holds no private key"),
        (show_key(KEY), "holds no certificate"),
        (show_key(KEY) + show(CERTIFICATE)[:-200], "holds no certificate"),
        (show_key(KEY) + show(certify(OTHER)), "do not belong together"),
        (show_key(KEY, password=b"x") + show(CERTIFICATE), "without one"),
        (
            show_key(KEY, serialization.PrivateFormat.TraditionalOpenSSL, b"x") + show(CERTIFICATE),
            "without one",
        ),
        (show_key(KEY)[:-300] + show(CERTIFICATE), "cannot be read"),
        (show_key(make_key(1024)) + show(certify(make_key(1024))), "less than 2048 bits"),
        (show_key(ec.generate_private_key(ec.SECP256R1())) + show(CERTIFICATE), "not RSA"),
        ("-----BEGIN PRIVATE KEY-----\nüü\n-----END PRIVATE KEY-----", "cannot be read"),
    ],
)
def test_a_wrong_pem_says_what_is_wrong_and_nothing_of_it(pem: str, problem: str) -> None:
    with pytest.raises(CredentialsRejected) as raised:
        read_certificate(pem)
    told = str(raised.value)
    assert problem in told and told.startswith("the certificate in the source's secret")
    assert "MII" not in told and "\n" not in told
    assert raised.value.__cause__ is None or "MII" not in str(raised.value.__cause__)


def test_the_assertion_is_as_entra_wants_it() -> None:
    login = AppLogin("acme.example", "client", certificate=show_key(KEY) + show(CERTIFICATE))
    signed = assert_client(login, AUDIENCE, NOW)
    assert jwt.get_unverified_header(signed) == {
        "alg": "PS256",
        "typ": "JWT",
        "x5t#S256": thumbprint(CERTIFICATE),
    }
    claims = jwt.decode(
        signed,
        KEY.public_key(),
        ["PS256"],
        audience=AUDIENCE,
        issuer="client",
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )
    assert claims["sub"] == "client"
    assert claims["nbf"] == claims["iat"] == int(NOW.timestamp())
    assert claims["exp"] - claims["nbf"] == 600
    assert claims["jti"] != jwt.decode(
        assert_client(login, AUDIENCE, NOW), options={"verify_signature": False}
    )["jti"]  # fmt: skip


def test_a_certificate_that_has_expired_is_told_before_entra_is_asked() -> None:
    pem = show_key(KEY) + show(certify(KEY, NOW))
    with pytest.raises(CredentialsRejected, match="has expired"):
        assert_client(AppLogin("d", "c", certificate=pem), AUDIENCE, NOW)


def test_the_certificate_goes_before_the_secret() -> None:
    pem = show_key(KEY) + show(certify(KEY, datetime(2099, 1, 1, tzinfo=UTC)))
    login = Login(login=AppLogin("acme.example", "client", "secret", pem))
    login.tokens.token()
    form = dict(parse_qsl(login.heard[0].content.decode()))
    assert "client_secret" not in form
    assert form["client_assertion_type"].endswith(":jwt-bearer")
    claims = jwt.decode(form["client_assertion"], KEY.public_key(), ["PS256"], audience=AUDIENCE)
    assert claims["iss"] == "client"


def test_only_who_signs_loads_what_signs() -> None:
    """Loading it takes a noticeable part of a cold start."""
    program = (
        "import json, sys; import migration.wire.graph, migration.wire.app_tokens;"
        " print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(LAMBDAS)},
        capture_output=True,
        check=True,
    )
    loaded = {name.split(".")[0] for name in json.loads(done.stdout)}
    assert "httpx" in loaded
    assert not loaded & {"jwt", "cryptography", "cffi"}
