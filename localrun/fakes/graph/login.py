"""The token endpoint of Microsoft Entra ID, for applications: OAuth 2.0 client credentials, with a
secret or with a certificate's assertion.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
https://learn.microsoft.com/entra/identity-platform/certificate-credentials
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from localrun.fakes.graph.answers import Answer, GraphError, Json

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_IMAP = "https://outlook.office365.com"
_GRAPH = "https://graph.microsoft.com"
_LONGEST_ASSERTION = 24 * 3600


class _Refused(Exception):
    """An OAuth error: its status, name, AADSTS number and text."""

    def __init__(self, status: int, error: str, number: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.body: Json = {
            "error": error,
            "error_description": f"AADSTS{number}: {text}",
            "error_codes": [number],
        }


@dataclass(frozen=True, slots=True)
class _Issued:
    audience: str
    expires: float


class Login:
    """One application of one directory. `origin` is where Graph is, such as http://127.0.0.1:8080:
    its tokens are asked for with the scope origin/.default, or the real Graph's."""

    def __init__(self, directory: str, domain: str, now: Callable[[], float]) -> None:
        self.directory = directory
        self.client_id = "8f2b1c4e-6a0d-4e53-9b7f-2d1c0a9e8b76"
        self.client_secret = secrets.token_urlsafe(24)
        self.life = 3599
        """Seconds that a token lives."""
        self.answers: list[int] = []
        """The status of every answer so far."""
        self.login_url = self.origin = ""
        self._domain = domain
        self._now = now
        self._lock = threading.Lock()
        self._issued: dict[str, _Issued] = {}
        self._seen: set[str] = set()
        self._key: rsa.RSAPrivateKey | None = None
        self._certificate: x509.Certificate | None = None

    @property
    def secret(self) -> Json:
        """What the source's secret holds."""
        return {"app": {**self._names(), "secret": self.client_secret}}

    @property
    def certificate_secret(self) -> Json:
        """The same with a certificate; until it is asked for, the application has none."""
        with self._lock:
            if self._certificate is None:
                self._key = rsa.generate_private_key(65537, 2048)
                self._certificate = _self_signed(self._key)
            assert self._key is not None
            private = self._key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            public = self._certificate.public_bytes(serialization.Encoding.PEM)
        return {"app": {**self._names(), "certificate": (private + public).decode()}}

    def _names(self) -> dict[str, str]:
        return {"directory": self.directory, "client_id": self.client_id}

    def expire_tokens(self) -> None:
        """No token that was issued so far is good any more."""
        with self._lock:
            self._issued.clear()

    def audience(self, token: str) -> str:
        """What a token is for, "" if it is unknown or too old: for those who take IMAP's."""
        with self._lock:
            issued = self._issued.get(token)
        return issued.audience if issued and issued.expires > self._now() else ""

    def check(self, authorization: str) -> None:
        """GraphError 401 unless a request with this header may ask Graph."""
        kind, _, token = authorization.partition(" ")
        if kind.casefold() != "bearer" or not token:
            raise GraphError(401, "InvalidAuthenticationToken", "Access token is empty.")
        audience = self.audience(token)
        if not audience:
            text = "Lifetime validation failed, the token is expired."
            raise GraphError(401, "InvalidAuthenticationToken", text)
        if audience == _IMAP:
            text = "Access token validation failure. Invalid audience."
            raise GraphError(401, "InvalidAuthenticationToken", text)

    def answer(self, directory: str, body: bytes) -> Answer:
        """What POST /{directory}/oauth2/v2.0/token says."""
        form = {name: values[0] for name, values in parse_qs(body.decode("ascii")).items()}
        try:
            answer = Answer(self._token(directory, form))
        except _Refused as refused:
            answer = Answer(refused.body, refused.status)
        with self._lock:
            self.answers.append(answer.status)
        return answer

    def _token(self, directory: str, form: Mapping[str, str]) -> Json:
        if directory.casefold() not in {self.directory, self._domain}:
            raise _Refused(400, "invalid_request", 90002, f"Tenant '{directory}' not found.")
        if form.get("grant_type") != "client_credentials":
            text = "The app requested an unsupported grant type."
            raise _Refused(400, "unsupported_grant_type", 70003, text)
        client = form.get("client_id", "")
        if client != self.client_id:
            text = f"Application with identifier '{client}' was not found in the directory."
            raise _Refused(400, "unauthorized_client", 700016, text)
        resource, dot, rest = form.get("scope", "").rpartition("/.default")
        if not dot or rest or resource not in {_IMAP, _GRAPH, self.origin}:
            raise _Refused(400, "invalid_scope", 70011, "The provided value for scope is invalid.")
        self._check_credential(directory, form)
        token = f"eyJ.{secrets.token_urlsafe(400)}.{secrets.token_urlsafe(64)}"
        with self._lock:
            self._issued[token] = _Issued(resource, self._now() + self.life)
        return {
            "token_type": "Bearer",
            "expires_in": self.life,
            "ext_expires_in": self.life,
            "access_token": token,
        }

    def _check_credential(self, directory: str, form: Mapping[str, str]) -> None:
        if "client_secret" in form:
            if form["client_secret"] != self.client_secret:
                text = f"Invalid client secret provided. App '{self.client_id}'."
                raise _Refused(401, "invalid_client", 7000215, text)
            return
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            text = "The request must contain 'client_assertion' or 'client_secret'."
            raise _Refused(401, "invalid_client", 7000218, text)
        if fault := self._assertion_fault(directory, form.get("client_assertion", "")):
            raise _Refused(401, "invalid_client", 700027, fault)

    def _assertion_fault(self, directory: str, assertion: str) -> str:
        """What is wrong with a JWT, "" if nothing is; each is good once."""
        parts = assertion.split(".")
        if len(parts) != 3 or self._certificate is None:
            return "Client assertion failed signature validation."
        try:
            head, claims = (json.loads(_decoded(part)) for part in parts[:2])
            signature = _decoded(parts[2])
        except (ValueError, binascii.Error):
            return "The client assertion is malformed."
        if not _is_signed(self._certificate, head, f"{parts[0]}.{parts[1]}".encode(), signature):
            return "The certificate used to sign the client assertion is not registered."
        return self._claims_fault(directory, claims)

    def _claims_fault(self, directory: str, claims: Json) -> str:
        now = self._now()
        audience = f"{self.login_url}/{directory}/oauth2/v2.0/token"
        number = str(claims.get("jti", ""))
        if claims.get("aud") != audience:
            return "Client assertion audience claim does not match the endpoint."
        if claims.get("iss") != self.client_id or claims.get("sub") != self.client_id:
            return "Client assertion issuer and subject must be the application."
        expires = claims.get("exp", 0)
        if not claims.get("nbf", now) - 300 <= now < expires <= now + _LONGEST_ASSERTION:
            return "Client assertion is not within its valid time range."
        with self._lock:
            if not number or number in self._seen:
                return "Client assertion has been used already, or has no number."
            self._seen.add(number)
        return ""


def _is_signed(certificate: x509.Certificate, head: Json, text: bytes, signature: bytes) -> bool:
    """Whether the certificate is named by its thumbprint, and signed the text."""
    thumbprints = {"x5t": hashes.SHA1(), "x5t#S256": hashes.SHA256()}
    named = [
        _decoded(head[name]) == certificate.fingerprint(algorithm)
        for name, algorithm in thumbprints.items()
        if name in head
    ]
    forms = {
        "RS256": padding.PKCS1v15(),
        "PS256": padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH),
    }
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    if not named or not all(named) or head.get("alg") not in forms:
        return False
    try:
        key.verify(signature, text, forms[head["alg"]], hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _self_signed(key: rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "migration")])
    begun = datetime.now(UTC) - timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(begun).not_valid_after(begun + timedelta(days=365))
    return builder.sign(key, hashes.SHA256())
