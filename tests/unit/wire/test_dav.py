"""The WebDAV client against a server that answers as it is told."""

from __future__ import annotations

import gzip
import inspect
import logging
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from migration.errors import CredentialsRejected, MailboxUnreachable, SourceBusy
from migration.wire.dav import DavClient
from migration.wire.dav_address import follow, read_url
from migration.wire.dav_http import METHODS, Transport
from migration.wire.dav_model import DavLogin, NotDav, Refused, TooLarge
from migration.wire.dav_xml import MAX_DEPTH, parse_xml, read_multistatus
from migration.wire.http_connections import read_retry_after, translate
from tests.integration.certificates import write_certificate
from tests.unit.wire.dav_stub import DavStub, Said

LOGIN = DavLogin("ann", "secret:ü")
BASIC = "Basic YW5uOnNlY3JldDrDvA=="
NAME = "{DAV:}displayname"


@pytest.fixture
def server() -> Iterator[DavStub]:
    server = DavStub()
    yield server
    server.close()


@pytest.fixture
def client(server: DavStub) -> Iterator[DavClient]:
    client = DavClient(server.url, LOGIN, read_seconds=5, largest=100_000)
    yield client
    client.close()


def ask(client: DavClient, *answers: Said, server: DavStub) -> object:
    server.answers = list(answers)
    return client.find(client.home, [NAME])


def multistatus(response: bytes) -> bytes:
    return b'<multistatus xmlns="DAV:"><response>' + response + b"</response></multistatus>"


# -- questions and answers -----------------------------------------------------------------------


def test_a_question_is_asked_as_the_rfcs_say(server: DavStub, client: DavClient) -> None:
    client.find(f"{server.url}a/", [NAME], depth=1)
    (heard,) = server.heard
    assert (heard.method, heard.path) == ("PROPFIND", "/a/")
    assert heard.headers["depth"] == "1"
    assert heard.headers["content-type"].startswith("text/xml")
    assert heard.headers["authorization"] == BASIC
    root = parse_xml(heard.body)
    assert [one.tag for one in root.iter()] == ["{DAV:}propfind", "{DAV:}prop", NAME]


def test_hrefs_are_asked_for_as_the_server_spells_them(server: DavStub, client: DavClient) -> None:
    client.read(f"{server.url}a/", [f"{server.url}a/%C3%BC%26.ics?x=1&y"], cards=False)
    root = parse_xml(server.heard[0].body)
    assert root.tag == "{urn:ietf:params:xml:ns:caldav}calendar-multiget"
    assert root.findtext("{DAV:}href") == "/a/%C3%BC%26.ics?x=1&y"


def test_only_properties_that_were_found_are_told(server: DavStub, client: DavClient) -> None:
    server.answers = [
        Said(
            body=b"""<?xml version="1.0"?><D:multistatus xmlns:D="DAV:"><D:response>
        <D:href>/a%20b/</D:href><D:propstat><D:prop><D:displayname>N</D:displayname></D:prop>
        <D:status>HTTP/1.1 200 OK</D:status></D:propstat><D:propstat><D:prop><D:owner/></D:prop>
        <D:status>HTTP/1.1 404 Not Found</D:status></D:propstat></D:response>
        <D:response><D:href>b</D:href><D:status>HTTP/1.1 404 Not Found</D:status></D:response>
        </D:multistatus>"""
        )
    ]
    first, second = client.find(f"{server.url}x/", [NAME])
    assert first.url == f"{server.url}a%20b/"
    assert first.text(NAME) == "N"
    assert set(first.values) == {NAME}
    assert (second.url, second.status) == (f"{server.url}x/b", 404)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"<html/>",
        b'<multistatus xmlns="DAV:">',
        b'<!DOCTYPE m [<!ENTITY a "b">]><multistatus xmlns="DAV:">&a;</multistatus>',
        b'<?xml version="1.0" encoding="none"?><multistatus xmlns="DAV:"/>',
        multistatus(b"<href>/</href><status>x</status>"),
        multistatus(b"<href>https://evil.test/</href>"),
        b'<multistatus xmlns="DAV:">\x00</multistatus>',
        b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1),
    ],
)
def test_what_is_no_answer_of_webdav_is_not_read(
    server: DavStub, client: DavClient, body: bytes
) -> None:
    with pytest.raises(NotDav):
        ask(client, Said(body=body), server=server)


def test_answers_that_do_not_fit_into_memory_are_not_read(
    server: DavStub, client: DavClient
) -> None:
    with pytest.raises(TooLarge):
        ask(client, Said(body=b"x" * 100_001), server=server)
    packed = Said(body=gzip.compress(b"x" * 10_000_000), headers={"Content-Encoding": "gzip"})
    with pytest.raises(TooLarge):
        ask(client, packed, server=server)


def test_packed_answers_are_unpacked(server: DavStub, client: DavClient) -> None:
    packed = gzip.compress(b'<multistatus xmlns="DAV:"/>')
    assert ask(client, Said(body=packed, headers={"Content-Encoding": "gzip"}), server=server) == []
    with pytest.raises(NotDav):
        ask(client, Said(body=b"no", headers={"Content-Encoding": "gzip"}), server=server)


def test_long_texts_are_whole() -> None:
    text = "ü&amp;\n" * 100_000
    data = f'<m xmlns="DAV:"><a b="c">{text}</a></m>'.encode()
    told = parse_xml(data).findtext("{DAV:}a")
    assert told == "ü&\n" * 100_000
    with pytest.raises(NotDav):
        read_multistatus(data)


# -- logins --------------------------------------------------------------------------------------


def test_digest_is_used_where_the_server_asks_for_it_alone(
    server: DavStub, client: DavClient
) -> None:
    challenge = 'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256'
    asks = Said(401, b"", {"WWW-Authenticate": challenge})
    assert ask(client, asks, asks, Said(), server=server) == []
    schemes = [one.headers.get("authorization", "none").split()[0] for one in server.heard]
    assert schemes == ["Basic", "none", "Digest"]
    assert ask(client, Said(), server=server) == []
    assert server.heard[-1].headers["authorization"].startswith("Digest ")


def test_a_refused_password_is_tried_once(server: DavStub, client: DavClient) -> None:
    refused = Said(401, b"", {"WWW-Authenticate": 'Basic realm="x"'})
    with pytest.raises(CredentialsRejected):
        ask(client, refused, server=server)
    assert len(server.heard) == 1


@pytest.mark.parametrize(
    "challenge",
    [
        'Digest realm="a", nonce="b", algorithm=XYZ-1, qop="auth"',
        'Digest realm="a", nonce="b", qop="auth-int"',
        'Digest realm="a"',
        "Digest realm",
    ],
)
def test_a_digest_that_cannot_be_made_is_a_refused_login(
    server: DavStub, client: DavClient, challenge: str
) -> None:
    with pytest.raises(CredentialsRejected, match="asks for a login"):
        ask(client, Said(401, b"", {"WWW-Authenticate": challenge}), server=server)


def test_addresses_are_in_no_log(
    server: DavStub, client: DavClient, caplog: pytest.LogCaptureFixture
) -> None:
    """They have names of users in them, and httpx would log every question if it was let."""
    caplog.set_level(logging.DEBUG)
    client.find(f"{server.url}ann@acme.example/", [NAME])
    assert not caplog.records


def test_logins_are_in_no_text() -> None:
    assert "secret" not in repr(LOGIN) and "ann" not in repr(LOGIN)


# -- redirections --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirection_on_the_same_host_is_followed_with_the_same_question(
    server: DavStub, client: DavClient, status: int
) -> None:
    assert ask(client, Said(status, b"", {"Location": "/b/"}), Said(), server=server) == []
    assert [(one.method, one.path) for one in server.heard] == [
        ("PROPFIND", "/"),
        ("PROPFIND", "/b/"),
    ]
    assert server.heard[0].body == server.heard[1].body


@pytest.mark.parametrize(
    "location", ["https://evil.test/", "//evil.test/", "http://127.0.0.2/", ""]
)
def test_the_password_goes_to_no_other_host(
    server: DavStub, client: DavClient, location: str
) -> None:
    if not location:
        location = f"http://127.0.0.1:{server.port + 1}/"
    with pytest.raises(Refused) as refused:
        ask(client, Said(302, b"", {"Location": location}), server=server)
    assert refused.value.status == 302
    with pytest.raises(ValueError, match="must not go"):
        client.get("https://evil.test/")


def test_redirections_end(server: DavStub, client: DavClient) -> None:
    with pytest.raises(NotDav):
        ask(client, Said(302, b"", {"Location": "/"}), server=server)
    assert len(server.heard) <= 6


@pytest.mark.parametrize(
    ("home", "reference", "there"),
    [
        ("https://a.test/x/", "y", "https://a.test/x/y"),
        ("https://a.test/x/", "/y/?q#f", "https://a.test/y/?q"),
        ("https://a.test/x/", "/y\u2028#f", None),
        ("https://a.test/", "https://A.test:443/y", "https://a.test/y"),
        ("https://a.test/", "http://a.test/y", "https://a.test/y"),
        ("https://a.test:8443/", "http://a.test/y", "https://a.test:8443/y"),
        ("https://a.test:8443/", "http://a.test:8443/y", "https://a.test:8443/y"),
        ("https://a.test/", "https://ann:b@a.test/y", "https://a.test/y"),
        ("https://a.test/", "https://a.test:8443/y", None),
        ("https://a.test:8443/", "https://a.test/y", None),
        ("https://a.test/", "https://b.a.test/y", None),
        ("https://b.a.test/", "https://a.test/y", None),
        ("https://a.co.uk/", "https://b.co.uk/y", None),
        ("https://a.test/", "https://a.test.evil.test/y", None),
        ("https://a.test/", "https://a.test@evil.test/y", None),
        ("https://a.test/", "https://evil.test\\@a.test/", None),
        ("https://a.test/", "//[::1", None),
        ("https://a.test/", "https://a.test:x/", None),
        ("https://a.test/", "ftp://a.test/", None),
        ("https://a.test/", "/a\nb", None),
        ("https://caldav.icloud.com/", "https://p34-caldav.icloud.com:443/1/", "https://p34-caldav.icloud.com/1/"),
        ("https://caldav.icloud.com/", "http://p34-caldav.icloud.com/1/", None),
        ("https://caldav.icloud.com/", "https://evilicloud.com/", None),
        ("https://a.test/", "https://p34-caldav.icloud.com/", None),
    ],
)  # fmt: skip
def test_where_a_password_may_go(home: str, reference: str, there: str | None) -> None:
    assert follow(read_url(home), home, reference) == there


@pytest.mark.parametrize(
    "url",
    [
        *("http://a.test/", "ftp://a.test", "a.test", "https://", "", "https://ann@a.test"),
        *("https://:b@a.test", "https://a.test:x/"),
    ],
)
def test_addresses_without_tls_or_with_a_login_are_refused(url: str) -> None:
    with pytest.raises(ValueError):
        Transport(url, LOGIN)


# -- what goes wrong -----------------------------------------------------------------------------


def test_a_broken_connection_is_tried_once_more(server: DavStub, client: DavClient) -> None:
    assert ask(client, Said(breaks=True), Said(), server=server) == []
    assert len(server.heard) == 2
    with pytest.raises(SourceBusy):
        ask(client, Said(breaks=True), server=server)
    assert len(server.heard) == 4


def test_a_server_that_never_answers_is_unreachable(server: DavStub, client: DavClient) -> None:
    with pytest.raises(MailboxUnreachable):
        ask(client, Said(breaks=True), server=server)


def test_nobody_listens() -> None:
    client = DavClient("http://127.0.0.1:1/", LOGIN)
    with pytest.raises(MailboxUnreachable):
        client.find(client.home, [NAME])
    client.close()


def test_certificates_are_verified(tmp_path: Path) -> None:
    certificate = write_certificate(tmp_path / "server.pem")
    server = DavStub(certificate)
    stranger = DavClient(server.url, LOGIN)
    with pytest.raises(MailboxUnreachable, match="certificate"):
        stranger.find(stranger.home, [NAME])
    assert server.heard == []
    friend = DavClient(
        server.url, LOGIN, context=ssl.create_default_context(cafile=str(certificate))
    )
    assert friend.find(friend.home, [NAME]) == []
    for one in (stranger, friend):
        one.close()
        one.close()
    server.close()


@pytest.mark.parametrize(
    ("said", "error", "seconds"),
    [
        (Said(429, b"", {"Retry-After": "7"}), SourceBusy, 7),
        (Said(503, b""), SourceBusy, 30),
        (Said(503, b"", {"Retry-After": "99999999"}), SourceBusy, 3600),
        (Said(502, b""), MailboxUnreachable, 0),
        (Said(504, b""), MailboxUnreachable, 0),
        (Said(401, b""), CredentialsRejected, 0),
        (Said(403, b"private"), Refused, 0),
        (Said(500, b"private"), Refused, 0),
        (Said(404, b""), Refused, 0),
    ],
)
def test_statuses_mean(
    server: DavStub, client: DavClient, said: Said, error: type[Exception], seconds: float
) -> None:
    with pytest.raises(error) as raised:
        ask(client, said, server=server)
    assert getattr(raised.value, "retry_after", 0) == seconds
    assert "private" not in str(raised.value)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 1), ("120", 120), (" 5 ", 5), ("-5", 30), ("soon", 30), ("", 30), ("9" * 5000, 3600),
        ("Wed, 01 Jan 2025 00:01:00 GMT", 60), ("Wed, 01 Jan 2020 00:00:00 GMT", 1),
    ],
)  # fmt: skip
def test_when_to_come_again(value: str, seconds: float) -> None:
    assert read_retry_after(value, datetime(2025, 1, 1, tzinfo=UTC)) == seconds


def test_every_error_of_the_transport_has_a_meaning() -> None:
    kinds = [
        one
        for _, one in inspect.getmembers(httpx, inspect.isclass)
        if issubclass(one, httpx.TransportError)
    ]
    assert len(kinds) > 10
    for kind in kinds:
        assert isinstance(translate(kind("x"), "it", was_answered=False), MailboxUnreachable)
        assert isinstance(translate(kind("x"), "it", was_answered=True), SourceBusy)
    others = {
        one
        for _, one in inspect.getmembers(httpx, inspect.isclass)
        if issubclass(one, Exception) and not issubclass(one, httpx.TransportError)
    }
    # Decoding and addresses become NotDav; the rest is never raised by what is called here.
    never = {"CookieConflict", "HTTPError", "HTTPStatusError", "RequestError", "StreamError"}
    never |= {"RequestNotRead", "ResponseNotRead", "StreamClosed", "StreamConsumed"}
    never |= {"TooManyRedirects"}
    assert {one.__name__ for one in others} == never | {"DecodingError", "InvalidURL"}


# -- nothing changes -----------------------------------------------------------------------------


def test_nothing_can_be_changed(server: DavStub) -> None:
    assert set(METHODS) == {"GET", "PROPFIND", "REPORT"}
    transport = Transport(server.url, LOGIN)
    for method in ("PUT", "DELETE", "POST", "PROPPATCH", "MKCALENDAR", "get"):
        with pytest.raises(ValueError, match="only reads"):
            transport.ask(method, server.url, {})
    transport.close()
    assert server.heard == []
