"""The SOAP envelope of Exchange Web Services: read a request, write an answer or a fault.

Namespaces and the form of a fault follow Microsoft's [MS-OXWSCDATA] and the EWS reference. The
answer always announces the version that WorkMail announces.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from lxml import etree

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"
MESSAGES = "http://schemas.microsoft.com/exchange/services/2006/messages"
ERRORS = "http://schemas.microsoft.com/exchange/services/2006/errors"

SUPPORTED_VERSION = "Exchange2010_SP2"
_SERVER_VERSION = {
    "MajorVersion": "14",
    "MinorVersion": "2",
    "MajorBuildNumber": "390",
    "MinorBuildNumber": "3",
    "Version": SUPPORTED_VERSION,
}


class SoapFault(Exception):
    """The whole request is refused. `code` is an EWS response code; `back_off_ms` 0 means none."""

    def __init__(self, code: str, text: str, back_off_ms: int = 0, status: int = 500) -> None:
        super().__init__(code)
        self.code = code
        self.text = text
        self.back_off_ms = back_off_ms
        self.status = status


class ItemRefused(Exception):
    """One part of a request is refused, in its own response message; the other parts go on."""

    def __init__(self, code: str, text: str = "", back_off_ms: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.text = text or f"The request failed: {code}."
        self.back_off_ms = back_off_ms


@dataclass(frozen=True, slots=True)
class Envelope:
    """A request: who is impersonated ("" for nobody) and the operation's element."""

    mailbox: str
    version: str
    operation: etree._Element

    @property
    def name(self) -> str:
        """The operation, such as `CreateItem`."""
        return local_name(self.operation)


def local_name(element: etree._Element) -> str:
    """The element's name without its namespace."""
    return _local(str(element.tag))


@lru_cache(maxsize=1024)
def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def children(element: etree._Element) -> list[etree._Element]:
    """The child elements. A request that was read has no other children."""
    return list(element)


def find(element: etree._Element, *path: str) -> etree._Element | None:
    """The first descendant along `path`, by local names, in whatever EWS namespace."""
    found: etree._Element | None = element
    for name in path:
        if found is None:
            return None
        found = next(found.iterchildren(*_tags(name)), None)
    return found


@lru_cache(maxsize=256)
def _tags(name: str) -> tuple[str, ...]:
    return tuple(f"{{{namespace}}}{name}" for namespace in (TYPES, MESSAGES, SOAP))


def _parser() -> etree.XMLParser:
    """Comments and processing instructions are passed over."""
    return etree.XMLParser(
        huge_tree=True, resolve_entities=False, remove_comments=True, remove_pis=True
    )


def read_envelope(body: bytes) -> Envelope:
    """Parses a request. SoapFault ErrorSchemaValidation when it is no SOAP request."""
    try:
        root = etree.fromstring(body, _parser())
    except etree.XMLSyntaxError as error:
        raise SoapFault("ErrorSchemaValidation", "The request is not well-formed.") from error
    soap_body = find(root, "Body")
    if soap_body is None or len(children(soap_body)) != 1:
        raise SoapFault("ErrorSchemaValidation", "One operation is wanted in the SOAP body.")
    version = find(root, "Header", "RequestServerVersion")
    sid = find(root, "Header", "ExchangeImpersonation", "ConnectingSID")
    names = ("PrimarySmtpAddress", "SmtpAddress", "PrincipalName")
    named = [] if sid is None else children(sid)
    addresses = [child for child in named if local_name(child) in names]
    return Envelope(
        mailbox=(addresses[0].text or "").strip().casefold() if addresses else "",
        version=SUPPORTED_VERSION if version is None else version.get("Version", ""),
        operation=children(soap_body)[0],
    )


def element(
    namespace: str, name: str, text: str | None = None, **attributes: str
) -> etree._Element:
    """A new element with the usual prefixes; characters that XML 1.0 forbids are replaced."""
    made = etree.Element(f"{{{namespace}}}{name}", attributes, nsmap={"m": MESSAGES, "t": TYPES})
    if text is not None:
        made.text = printable(text)
    return made


def add(
    parent: etree._Element, namespace: str, name: str, text: str | None = None, **attributes: str
) -> etree._Element:
    """Appends a new element to `parent`."""
    made = etree.SubElement(parent, f"{{{namespace}}}{name}", attributes)
    if text is not None:
        made.text = printable(text)
    return made


def printable(text: str) -> str:
    """The text with U+FFFD for every character that XML 1.0 (section 2.2) forbids."""
    if text.isprintable():
        return text
    return "".join(
        char
        if char in "\t\n\r" or " " <= char <= "\ud7ff" or "\ue000" <= char <= "\ufffd"
        or char >= "\U00010000"
        else "\ufffd"
        for char in text
    )  # fmt: skip


def write_answer(answer: etree._Element) -> bytes:
    """The envelope around an operation's response."""
    return _write(answer)


def write_fault(fault: SoapFault) -> bytes:
    """A SOAP fault in the form of Exchange: code, text, and the back-off when there is one."""
    made = etree.Element(f"{{{SOAP}}}Fault")
    code = etree.SubElement(made, "faultcode", nsmap={"a": TYPES})
    code.text = f"a:{fault.code}"
    text = etree.SubElement(made, "faultstring")
    text.set("{http://www.w3.org/XML/1998/namespace}lang", "en-US")
    text.text = fault.text
    detail = etree.SubElement(made, "detail")
    for name, value in (("ResponseCode", fault.code), ("Message", fault.text)):
        etree.SubElement(detail, f"{{{ERRORS}}}{name}", nsmap={"e": ERRORS}).text = value
    if fault.back_off_ms:
        _add_back_off(detail, fault.back_off_ms)
    return _write(made)


def start_response(operation: str) -> tuple[etree._Element, etree._Element]:
    """The response element of an operation and its empty list of response messages."""
    response = element(MESSAGES, f"{operation}Response")
    return response, add(response, MESSAGES, "ResponseMessages")


def add_success(messages: etree._Element, operation: str) -> etree._Element:
    """Appends a successful response message, to be filled by the caller."""
    message = add(messages, MESSAGES, f"{operation}ResponseMessage", ResponseClass="Success")
    add(message, MESSAGES, "ResponseCode", "NoError")
    return message


def add_refusal(messages: etree._Element, operation: str, refusal: ItemRefused) -> None:
    """Appends a response message that says why one part of the request was refused."""
    message = add(messages, MESSAGES, f"{operation}ResponseMessage", ResponseClass="Error")
    add(message, MESSAGES, "MessageText", refusal.text)
    add(message, MESSAGES, "ResponseCode", refusal.code)
    add(message, MESSAGES, "DescriptiveLinkKey", "0")
    if refusal.back_off_ms:
        inside = add(message, MESSAGES, "MessageXml")
        add(inside, TYPES, "Value", str(refusal.back_off_ms), Name="BackOffMilliseconds")
    if operation in ("CreateItem", "GetItem", "UpdateItem", "MoveItem"):
        add(message, MESSAGES, "Items")
    if operation in ("CreateAttachment", "GetAttachment"):
        add(message, MESSAGES, "Attachments")


def _add_back_off(detail: etree._Element, milliseconds: int) -> None:
    inside = etree.SubElement(detail, f"{{{TYPES}}}MessageXml", nsmap={"t": TYPES})
    add(inside, TYPES, "Value", str(milliseconds), Name="BackOffMilliseconds")


def _write(content: etree._Element) -> bytes:
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"s": SOAP})
    header = etree.SubElement(envelope, f"{{{SOAP}}}Header")
    etree.SubElement(header, f"{{{TYPES}}}ServerVersionInfo", _SERVER_VERSION, nsmap={"h": TYPES})
    etree.SubElement(envelope, f"{{{SOAP}}}Body").append(content)
    return etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
