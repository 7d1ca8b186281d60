"""URLs of mailboxes: what they mean, and what the refusals say."""

from __future__ import annotations

import pytest

from localrun.copy_places import (
    EwsPlace,
    ImapPlace,
    PlaceRefusedError,
    parse_source,
    parse_target,
)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("imaps://ann@mail.example/", ImapPlace("ann", "mail.example", 993, "ssl")),
        ("imaps://ann@Mail.Example", ImapPlace("ann", "mail.example", 993, "ssl")),
        ("imaps://ann@mail.example:9993", ImapPlace("ann", "mail.example", 9993, "ssl")),
        ("imap+starttls://ann@x.example/", ImapPlace("ann", "x.example", 143, "starttls")),
        ("imap+starttls://ann@x.example:99", ImapPlace("ann", "x.example", 99, "starttls")),
        ("imap://ann@127.0.0.1:1143/", ImapPlace("ann", "127.0.0.1", 1143, "none")),
        ("imap://ann@localhost/", ImapPlace("ann", "localhost", 143, "none")),
        ("imap://ann@[::1]:1143/", ImapPlace("ann", "::1", 1143, "none")),
        ("imaps://ann%40a.example@b.example/", ImapPlace("ann@a.example", "b.example", 993, "ssl")),
        ("imaps://ann@a.example@b.example/", ImapPlace("ann@a.example", "b.example", 993, "ssl")),
        ("imaps://a%3Ab%2Fc%25@b.example/", ImapPlace("a:b/c%", "b.example", 993, "ssl")),
        ("imaps://%C3%A9va@b.example/", ImapPlace("éva", "b.example", 993, "ssl")),
    ],
)
def test_an_imap_url_says_who_and_where(url: str, place: ImapPlace) -> None:
    assert parse_source(url) == place
    assert parse_target(url) == place


@pytest.mark.parametrize(
    ("url", "place"),
    [
        (
            "ews+https://ews.example/EWS/Exchange.asmx?mailbox=ann@new.example",
            EwsPlace("https://ews.example/EWS/Exchange.asmx", "ann@new.example"),
        ),
        (
            "ews+https://ews.example:8443/EWS/Exchange.asmx?mailbox=ann%2Bx@new.example",
            EwsPlace("https://ews.example:8443/EWS/Exchange.asmx", "ann+x@new.example"),
        ),
        (
            "ews+http://127.0.0.1:8080/EWS?mailbox=a@b.example",
            EwsPlace("http://127.0.0.1:8080/EWS", "a@b.example"),
        ),
    ],
)
def test_an_ews_url_says_where_and_which_mailbox(url: str, place: EwsPlace) -> None:
    assert parse_target(url) == place
    with pytest.raises(PlaceRefusedError, match="EWS is for targets only"):
        parse_source(url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mail.example", "a URL begins with one of"),
        ("http://ann@mail.example/", "a URL begins with one of"),
        ("imaps://mail.example/", "names no user"),
        ("imaps:///", "names no host"),
        ("imaps://ann@/", "names no host"),
        ("imaps://ann@mail.example:many/", "this is no URL"),
        ("imaps://ann@mail.example:99999/", "this is no URL"),
        ("imaps://ann@[::1/", "this is no URL"),
        ("imaps://%ff@mail.example/", "this is no URL"),
        ("imaps://ann@mail.example/INBOX", "ends after the host"),
        ("imaps://ann@mail.example/?x=1", "ends after the host"),
        ("imaps://ann@mail.example/#x", "after #"),
        ("imaps://ann%0d%0aLOGOUT@mail.example/", "control character"),
        ("imaps://ann%00@mail.example/", "control character"),
        ("imap://ann@mail.example/", "travel openly"),
        ("imap://ann@127.0.0.1.example/", "travel openly"),
        ("ews+https://ews.example/EWS", r"\?mailbox=ADDRESS"),
        ("ews+https://ews.example/EWS?mailbox=ann", r"\?mailbox=ADDRESS"),
        ("ews+https://ews.example/EWS?mailbox=a@b&mailbox=c@d", r"\?mailbox=ADDRESS"),
        ("ews+https://ews.example/EWS?mailbox=a@b&token=x", r"\?mailbox=ADDRESS"),
        ("ews+https://ews.example/?mailbox=a@b.example", "has no path"),
        ("ews+https://ann@ews.example/EWS?mailbox=a@b.example", "no user in the URL"),
        ("ews+http://ews.example/EWS?mailbox=a@b.example", "for this machine only"),
        ("ews+https://ews.example/EWS?mailbox=a@b%0a", "control character"),
    ],
)
def test_other_urls_are_refused_with_a_reason(url: str, said: str) -> None:
    with pytest.raises(PlaceRefusedError, match=said):
        parse_target(url)


@pytest.mark.parametrize(
    "url", ["imaps://ann:hunter2@mail.example/", "ews+https://a:hunter2@x.example/E?mailbox=a@b"]
)
def test_a_password_in_a_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(PlaceRefusedError, match="must not hold a password") as caught:
        parse_target(url)
    assert "hunter2" not in str(caught.value)


def test_plain_text_to_other_hosts_must_be_allowed() -> None:
    place = ImapPlace("ann", "mail.example", 143, "none")
    assert parse_source("imap://ann@mail.example/", allow_plain=True) == place
    with pytest.raises(PlaceRefusedError):
        parse_target("ews+http://ews.example/EWS?mailbox=a@b.example", allow_plain=True)


def test_a_mailbox_has_one_name_however_it_is_reached() -> None:
    secured = parse_source("imaps://ann@mail.example:143/")
    assert secured.name == parse_source("imap+starttls://ann@MAIL.example/").name
    assert secured.name != parse_source("imaps://ann@mail.example/").name
