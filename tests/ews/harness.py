"""What the EWS tests stand on: a token book, a recorder of the wire, Microsoft's schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from migration.directory_model import Token

ADDRESS = "bob@example.test"
SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
MESSAGES = "{http://schemas.microsoft.com/exchange/services/2006/messages}"
ERRORS = "{http://schemas.microsoft.com/exchange/services/2006/errors}"


@dataclass
class Tokens:
    """Which tokens the server takes; `issue` gives a new one, as AssumeImpersonationRole does."""

    verdicts: dict[str, str] = field(default_factory=dict)
    issued: int = 0

    def issue(self) -> str:
        """A token that is good until somebody changes its verdict."""
        self.issued += 1
        token = f"token-{self.issued}"
        self.verdicts[token] = "ok"
        return token

    def give(self) -> Token:
        """The same for a client; it does not say when it expires."""
        return Token(self.issue())

    def check(self, token: str, mailbox: str) -> str:
        """For the server."""
        return self.verdicts.get(token, "unknown")

    def expire_all(self) -> None:
        """No token given so far is good any more."""
        self.verdicts = dict.fromkeys(self.verdicts, "expired")


@dataclass
class Recorder:
    """Requests and answers with their HTTP status, in order."""

    seen: list[tuple[bytes, int, bytes]] = field(default_factory=list)

    def __call__(self, request: bytes, status: int, answer: bytes) -> None:
        self.seen.append((request, status, answer))

    def requests(self, operation: str) -> list[etree._Element]:
        """The operation elements of one kind that were sent."""
        bodies = [_body(request) for request, _, _ in self.seen]
        return [body for body in bodies if body.tag == MESSAGES + operation]

    def operations(self) -> list[str]:
        """The operations that were sent, in order."""
        return [str(_body(request).tag).removeprefix(MESSAGES) for request, _, _ in self.seen]


@dataclass
class Clock:
    """The server's clock; it stands still unless a test moves it."""

    seconds: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass(frozen=True)
class Schema:
    """Microsoft's schema of EWS, and the response codes that it names."""

    validator: etree.XMLSchema
    codes: frozenset[str]

    def check_all(self, recorder: Recorder) -> int:
        """Every recorded body must be valid; how many bodies were checked."""
        bodies = [body for seen in recorder.seen for body in (seen[0], seen[2]) if body]
        for body in bodies:
            self.check(body)
        return len(bodies)

    def check(self, envelope: bytes) -> None:
        """A fault must carry a known response code, anything else be valid by the schema."""
        content = _body(envelope)
        if content.tag == SOAP + "Fault":
            code = content.findtext(f"detail/{ERRORS}ResponseCode")
            assert code in self.codes, code
            return
        self.validator.assertValid(etree.fromstring(etree.tostring(content)))


def _body(envelope: bytes) -> etree._Element:
    root = etree.fromstring(envelope, etree.XMLParser(huge_tree=True))
    body = root.find(f"{SOAP}Body")
    assert body is not None
    return body[0]


# types.xsd imports the xml: namespace without saying where from; this is all it uses of it.
_XML_NAMESPACE = (
    '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"'
    ' targetNamespace="http://www.w3.org/XML/1998/namespace">'
    '<xs:attribute name="lang" type="xs:language"/></xs:schema>'
)


def load_schema(folder: Path, scratch: Path) -> Schema:
    """The schema in `folder`; a copy that lxml can resolve is made in `scratch`."""
    types = (folder / "types.xsd").read_text("utf-8-sig")
    namespace = 'namespace="http://www.w3.org/XML/1998/namespace"'
    located = types.replace(f"{namespace}/>", f'{namespace} schemaLocation="xml.xsd"/>')
    (scratch / "types.xsd").write_text(located, "utf-8")
    (scratch / "messages.xsd").write_bytes((folder / "messages.xsd").read_bytes())
    (scratch / "xml.xsd").write_text(_XML_NAMESPACE, "utf-8")
    tree = etree.parse(str(scratch / "messages.xsd"))
    codes = tree.xpath(
        "//xs:simpleType[@name='ResponseCodeType']//xs:enumeration/@value",
        namespaces={"xs": "http://www.w3.org/2001/XMLSchema"},
    )
    assert isinstance(codes, list)
    return Schema(etree.XMLSchema(tree), frozenset(map(str, codes)))
