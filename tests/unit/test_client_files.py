"""Pages, mails, profiles: what stands in them, and what never does."""

from __future__ import annotations

import plistlib
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from lxml import html

from localrun.fakes.blobs import MemoryBlobs
from migration.client_files import UserLine, write_lists
from migration.client_guides import SECTIONS
from migration.client_profiles import make_autoconfig, make_iphone_profile, make_mac_profile
from migration.client_templates import (
    FOLDER,
    LANGUAGES,
    Kit,
    TemplateProblem,
    load_kit,
)
from migration.clients import Account, Servers, SignIn, make_plain
from migration.errors import TenantMisconfigured

HOSTILE = make_plain("\u202e<script>alert('x')</script>\r\nBcc: eve@evil.example " + "Ä" * 300)
ACCOUNT = Account(
    "box1",
    "Ann Ä",
    "ann@acme.example",
    "ann@old.example",
    "ann",
    SignIn.PASSWORD,
    Servers("eu-west-1", "acme"),
)


def kit(*languages: str, **files: str) -> Kit:
    """The kit of an operator with these files; `page.html.j2` is spelled page_html_j2."""
    blobs = MemoryBlobs()
    for name, text in files.items():
        blobs.put(FOLDER + name.replace("_", "."), text.encode())
    return load_kit(blobs, languages or ("en",))


def problems(*languages: str, **files: str) -> tuple[str, ...]:
    with pytest.raises(TenantMisconfigured) as caught:
        kit(*languages, **files)
    return caught.value.problems


def test_a_page_has_every_section_in_every_language_and_loads_nothing() -> None:
    page = html.fromstring(kit(*LANGUAGES).render(ACCOUNT).page)
    articles = page.findall(".//article")
    assert [article.get("id") for article in articles] == list(LANGUAGES)
    assert [article.get("lang") for article in articles] == list(LANGUAGES)
    for article in articles:
        titles = [each.get("id") for each in article.findall("section/h2") if each.get("id")]
        assert titles == [f"{article.get('id')}-{section}" for section in SECTIONS]
    assert page.findall(".//script") == []
    linked = {a.get("href") for a in page.findall(".//a")}
    files = {"iphone.mobileconfig", "mac.mobileconfig"}
    assert linked == {f"#{language}" for language in LANGUAGES} | files
    ids = [each.get("id") for each in page.iterfind(".//*[@id]")]
    assert len(ids) == len(set(ids))


def test_the_first_language_comes_first_and_names_the_subject() -> None:
    rendered = kit("de", "en").render(ACCOUNT)
    assert rendered.subject.startswith("Ihr Postfach ann@acme.example")
    assert rendered.mail_text.index("Guten Tag") < rendered.mail_text.index("Hello")
    assert '<html lang="de">' in rendered.page


def test_a_hostile_name_stays_text() -> None:
    rendered = kit(*LANGUAGES).render(replace(ACCOUNT, name=HOSTILE))
    for text in (rendered.page, rendered.mail_html):
        assert html.fromstring(text).findall(".//script") == []
        assert "\u202e" not in text
    assert "<script>" in rendered.mail_text
    assert "\nBcc:" not in rendered.mail_text
    assert "\n" not in rendered.subject


def test_the_texts_and_the_html_of_a_mail_say_the_same() -> None:
    rendered = kit("ja").render(ACCOUNT)
    spoken = "".join(map(str, html.fromstring(rendered.mail_html).itertext()))
    for line in rendered.mail_text.splitlines():
        words = line.strip().lstrip("*0123456789. ").partition(": ")[2] or line.strip("* ")
        assert words.lstrip("0123456789. ") in spoken


# ---- what an operator replaces ---------------------------------------------------------------


def test_an_operator_replaces_a_template_and_single_words() -> None:
    made = kit(
        page_html_j2="<h1>{{ guides[0].heading }} {{ account.name }}</h1>\n",
        en_yaml='heading: "Welcome, {name}"\nsections:\n  web:\n    steps: ["Go to {web}"]\n',
    )
    rendered = made.render(replace(ACCOUNT, name="<b>"))
    assert rendered.page == "<h1>Welcome, &lt;b&gt; &lt;b&gt;</h1>\n"
    assert "1. Go to https://acme.awsapps.com/mail" in rendered.mail_text
    assert "Outlook for Windows" in rendered.mail_text


def test_every_broken_file_is_named_with_its_line() -> None:
    assert problems(page_html_j2="<p>\n{% if %}\n") == (
        f"{FOLDER}page.html.j2, line 2: Expected an expression, got 'end of statement block'",
    )
    (unknown,) = problems(mail_txt_j2="one\ntwo\n{{ account.adress }}\n")
    assert unknown.startswith(f"{FOLDER}mail.txt.j2, line 3: ")
    (broken,) = problems(mail_html_j2="{{ 1 / 0 }}")
    assert broken == f"{FOLDER}mail.html.j2, line 1: ZeroDivisionError"
    (broken,) = problems(en_yaml="heading: [1\nintro: x")
    assert broken.startswith(f"{FOLDER}en.yaml, line 2: ")
    assert problems(
        "en", "de", en_yaml='headin: x\nintro: "{foo}"\nname: [a]\n', de_yaml="- 1\n", x_html=""
    ) == (
        (
            f"{FOLDER}x.html is no known file (page.html.j2, mail.html.j2, mail.txt.j2, en.yaml, "
            "de.yaml, fr.yaml, es.yaml, ja.yaml)"
        ),
        f"{FOLDER}en.yaml: headin is no known key",
        f"{FOLDER}en.yaml: intro has {{foo}}, which nobody fills in",
        f"{FOLDER}en.yaml: name must be a text",
        f"{FOLDER}de.yaml must be keys and their words",
    )


def test_a_template_that_fails_for_one_way_to_sign_in_is_found_before_anybody_is_written_to() -> (
    None
):
    source = "{% if account.sign_in == 'token' %}\n{{ nothing }}\n{% endif %}"
    assert problems(page_html_j2=source) == (
        f"{FOLDER}page.html.j2, line 2: 'nothing' is undefined",
    )


def test_a_template_may_not_reach_beyond_its_values() -> None:
    escape = "{{ ''.__class__.__mro__[1].__subclasses__() }}"
    (problem,) = problems(page_html_j2=escape)
    assert problem.startswith(f"{FOLDER}page.html.j2, line 1: access to attribute '__class__'")


def test_a_template_that_fails_for_one_user_tells_nothing_of_the_user() -> None:
    made = kit(page_html_j2="a\n{% if account.name == 'Ann Ä' %}{{ account.name + 1 }}{% endif %}")
    with pytest.raises(TemplateProblem) as caught:
        made.render(ACCOUNT)
    assert str(caught.value) == "page.html.j2, line 2: TypeError"


# ---- profiles --------------------------------------------------------------------------------


def test_the_profile_of_an_iphone() -> None:
    profile = plistlib.loads(make_iphone_profile("acme", ACCOUNT))
    assert profile["PayloadType"] == "Configuration"
    assert profile["PayloadVersion"] == 1
    (payload,) = profile["PayloadContent"]
    assert payload["PayloadType"] == "com.apple.eas.account"
    assert payload["Host"] == "mobile.mail.eu-west-1.awsapps.com"
    assert payload["SSL"] is True
    assert payload["EmailAddress"] == payload["UserName"] == "ann@acme.example"
    assert payload["MailNumberOfPastDaysToSync"] in (0, 1, 3, 7, 14, 31)


def test_the_profile_of_a_mac() -> None:
    (payload,) = plistlib.loads(make_mac_profile("acme", ACCOUNT))["PayloadContent"]
    assert payload["PayloadType"] == "com.apple.ews.account"
    for prefix in ("", "External"):
        assert payload[f"{prefix}Host"] == "ews.mail.eu-west-1.awsapps.com"
        assert payload[f"{prefix}Path"] == "/EWS/Exchange.asmx"
        assert payload[f"{prefix}Port"] == 443
        assert payload[f"{prefix}SSL"] is True
    assert payload["EmailAddress"] == payload["UserName"] == "ann@acme.example"


def test_profiles_have_uuids_of_their_own_that_stay() -> None:
    def uuids(tenant: str, account: Account) -> set[str]:
        profiles = [
            plistlib.loads(make(tenant, account))
            for make in (make_iphone_profile, make_mac_profile)
        ]
        payloads = [payload for each in profiles for payload in each["PayloadContent"]]
        return {each["PayloadUUID"] for each in (*profiles, *payloads)}

    first = uuids("acme", ACCOUNT)
    assert len(first) == 4
    assert uuids("acme", replace(ACCOUNT, name="Other", address="x@acme.example")) == first
    assert not uuids("other", ACCOUNT) & first
    assert not uuids("acme", replace(ACCOUNT, mailbox_id="box2")) & first


def test_no_file_has_a_password() -> None:
    for make in (make_iphone_profile, make_mac_profile):
        assert b"assword" not in make("acme", ACCOUNT)
    root = ElementTree.fromstring(make_autoconfig("acme.example", ACCOUNT.servers))
    assert root.find(".//password") is None


def test_thunderbirds_file() -> None:
    text = make_autoconfig("acme.example", ACCOUNT.servers)
    assert text.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n')
    root = ElementTree.fromstring(text)
    assert (root.tag, root.get("version")) == ("clientConfig", "1.1")
    (provider,) = root
    assert provider.get("id") == provider.findtext("domain") == "acme.example"
    servers = [
        (server.tag, server.get("type"), *(each.text for each in server))
        for server in provider
        if len(server)
    ]
    login = ("SSL", "%EMAILADDRESS%", "password-cleartext")
    assert servers == [
        ("incomingServer", "imap", "imap.mail.eu-west-1.awsapps.com", "993", *login),
        ("outgoingServer", "smtp", "smtp.mail.eu-west-1.awsapps.com", "465", *login),
    ]


# ---- the operator's lists --------------------------------------------------------------------


def test_the_lists_escape_names_and_keep_formulas_harmless() -> None:
    blobs = MemoryBlobs()
    line = UserLine("box1", "<b>Ann", "ann@acme.example", "=1+1", "box1/index.html", "sent", "")
    none = UserLine("box2", "", "bob@acme.example", "bob", "", "", "the mailbox failed")
    write_lists(blobs, "acme", [line, none])
    page = blobs.get("clients/index.html").decode()
    assert "&lt;b&gt;Ann" in page
    assert [a.get("href") for a in html.fromstring(page).findall(".//a")] == ["box1/index.html"]
    rows = blobs.get("clients/users.csv").decode("utf-8-sig").splitlines()
    assert rows[0] == "mailbox,name,address,old address,page,mail,remark"
    assert rows[1] == ("box1,<b>Ann,ann@acme.example,'=1+1,clients/box1/index.html,sent,")
    assert rows[2] == "box2,,bob@acme.example,bob,,,the mailbox failed"
