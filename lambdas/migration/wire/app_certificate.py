"""A certificate in place of a client secret: the assertion that its key signs.

https://learn.microsoft.com/entra/identity-platform/certificate-credentials
"""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import jwt
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from migration.errors import CredentialsRejected
from migration.wire.graph_model import AppLogin

_LASTS = timedelta(minutes=10)
_LEAST_BITS = 2048


@dataclass(frozen=True, slots=True)
class SigningCertificate:
    """An RSA key, and the thumbprint (base64url of SHA-256) of the certificate that belongs to
    it."""

    key: RSAPrivateKey = field(repr=False)
    thumbprint: str
    expires: datetime


def read_certificate(pem: str) -> SigningCertificate:
    """The key and its certificate, in any order; a chain may follow. CredentialsRejected, with what
    is wrong, if they cannot sign."""
    data = pem.strip().encode()
    key = _read_key(data)
    try:
        certificates = x509.load_pem_x509_certificates(data)
    except ValueError as error:
        raise _wrong("holds no certificate that can be read beside its private key") from error
    own = key.public_key()
    for one in certificates:
        if one.public_key() == own:
            digest = base64.urlsafe_b64encode(one.fingerprint(hashes.SHA256()))
            return SigningCertificate(key, digest.rstrip(b"=").decode(), one.not_valid_after_utc)
    raise _wrong("holds a certificate and a private key that do not belong together")


def assert_client(login: AppLogin, audience: str, now: datetime) -> str:
    """A signed JWT by which the application proves itself to the token endpoint `audience`.
    CredentialsRejected if the login's certificate cannot sign, or has expired."""
    certificate = read_certificate(login.certificate)
    if certificate.expires <= now:
        raise _wrong("has expired: register a new one with the application")
    claims = {
        "aud": audience,
        "iss": login.client_id,
        "sub": login.client_id,
        "jti": str(uuid.uuid4()),
        "iat": now,
        "nbf": now,
        "exp": now + _LASTS,
    }
    headers = {"x5t#S256": certificate.thumbprint}
    return jwt.encode(claims, certificate.key, "PS256", headers)


def _read_key(data: bytes) -> RSAPrivateKey:
    if b"PRIVATE KEY-----" not in data:
        raise _wrong("holds no private key (-----BEGIN PRIVATE KEY-----)")
    try:
        key = load_pem_private_key(_cut_key(data), None)
    except TypeError as error:
        raise _wrong("has a private key with a password: enter it without one") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _wrong("has a private key that cannot be read: keep its line breaks") from error
    if not isinstance(key, RSAPrivateKey):
        raise _wrong("has a private key that is not RSA: Entra takes no other")
    if key.key_size < _LEAST_BITS:
        raise _wrong(f"has a private key of less than {_LEAST_BITS} bits: Entra does not take it")
    return key


def _cut_key(data: bytes) -> bytes:
    """From the key on: a certificate may come first."""
    begin = data.rfind(b"-----BEGIN", 0, data.index(b"PRIVATE KEY-----"))
    return data[max(begin, 0) :]


def _wrong(what: str) -> CredentialsRejected:
    return CredentialsRejected(f"the certificate in the source's secret {what}")
