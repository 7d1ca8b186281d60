"""What is true for which user, and what a guide says of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migration.client_guides import PLACEHOLDERS, SECTIONS, find_placeholders, make_guide
from migration.client_templates import LANGUAGES, read_texts
from migration.clients import (
    Account,
    Autodiscover,
    LeftOut,
    Servers,
    SignIn,
    describe_account,
    make_plain,
)
from migration.directory_model import DirectoryUser, Organization
from migration.model import Failure, Mailbox, MailboxRecord, MailboxStatus, Profile

ORGANIZATION = Organization("m-1", "acme", "Active")
USER = DirectoryUser("u1", "ann", "ann@acme.example", "ENABLED")
MAILBOX = Mailbox("box1", "ann@old.example", "ann@acme.example", "ann", "Ann Ä")
RECORD = MailboxRecord(MAILBOX, "run-1", MailboxStatus.COPIED, user_id="u1")
ACCOUNT = Account(
    "box1",
    "Ann Ä",
    "ann@acme.example",
    "ann@old.example",
    "ann",
    SignIn.PASSWORD,
    Servers("eu-west-1", "acme"),
)


def describe(
    record: MailboxRecord = RECORD,
    user: DirectoryUser | None = USER,
    mode: str = "",
    *found: Autodiscover,
) -> Account | LeftOut:
    users = dict.fromkeys((user.id, user.email), user) if user else {}
    by_domain = {each.domain: each for each in found}
    return describe_account(record, users, ORGANIZATION, "eu-west-1", mode, by_domain)


def with_profile(profile: Profile) -> MailboxRecord:
    return replace(RECORD, mailbox=replace(MAILBOX, profile=profile))


def test_a_usual_user_gets_the_servers_of_the_region_and_the_alias() -> None:
    account = describe()
    assert account == ACCOUNT
    servers = ACCOUNT.servers
    assert servers.web == "https://acme.awsapps.com/mail"
    assert servers.ews_url == "https://ews.mail.eu-west-1.awsapps.com/EWS/Exchange.asmx"
    assert servers.mobile == "mobile.mail.eu-west-1.awsapps.com"
    assert servers.imap == "imap.mail.eu-west-1.awsapps.com"
    assert servers.smtp == "smtp.mail.eu-west-1.awsapps.com"


@pytest.mark.parametrize(
    ("record", "user", "why"),
    [
        (replace(RECORD, status=MailboxStatus.FAILED), USER, LeftOut.FAILED),
        (
            replace(RECORD, status=MailboxStatus.FAILED, failure=Failure("UserRefused", "")),
            None,
            LeftOut.FAILED,
        ),
        (with_profile(Profile(hidden=True)), USER, LeftOut.HIDDEN),
        (with_profile(Profile(role="REMOTE_USER")), USER, LeftOut.REMOTE),
        (replace(RECORD, mailbox=replace(MAILBOX, is_resource=True)), USER, LeftOut.RESOURCE),
        (RECORD, None, LeftOut.NO_USER),
        (replace(RECORD, user_id="u2"), USER, LeftOut.NO_USER),
        (RECORD, replace(USER, email=""), LeftOut.NO_USER),
    ],
)
def test_who_has_no_mailbox_to_set_up_gets_no_settings(
    record: MailboxRecord, user: DirectoryUser | None, why: LeftOut
) -> None:
    assert describe(record, user) is why


def test_a_user_who_is_shown_in_the_address_list_gets_settings() -> None:
    assert isinstance(describe(with_profile(Profile(hidden=False, role="USER"))), Account)


def test_a_user_whom_nobody_provisioned_is_known_by_the_address() -> None:
    assert describe(replace(RECORD, user_id="")) == ACCOUNT


def test_who_is_still_in_the_test_domain_gets_that_address() -> None:
    account = describe(RECORD, replace(USER, email="ann@acme.awsapps.com"))
    assert isinstance(account, Account)
    assert (account.address, account.domain) == ("ann@acme.awsapps.com", "acme.awsapps.com")
    text = str(make_guide("en", read_texts("en"), account))
    assert "ann@acme.awsapps.com" in text
    assert "acme.example" not in text


@pytest.mark.parametrize(
    ("mode", "password_in", "sign_in"),
    [
        ("", "", SignIn.PASSWORD),
        ("", "waves/run/1", SignIn.NEW_PASSWORD),
        ("IDENTITY_PROVIDER_ONLY", "waves/run/1", SignIn.TOKEN),
        ("IDENTITY_PROVIDER_AND_DIRECTORY", "", SignIn.EITHER),
    ],
)
def test_the_identity_provider_says_how_one_signs_in(
    mode: str, password_in: str, sign_in: SignIn
) -> None:
    account = describe(replace(RECORD, password_in=password_in), USER, mode)
    assert isinstance(account, Account)
    assert account.sign_in is sign_in


def test_the_web_wants_the_user_name_alone_and_programs_want_the_address() -> None:
    account = describe(RECORD, replace(USER, name="Ann.A@acme.example"))
    assert isinstance(account, Account)
    assert account.web_user == "Ann.A"
    guide = make_guide("en", read_texts("en"), account)
    web, *programs = guide.sections
    assert [fact.value for fact in web.facts] == ["https://acme.awsapps.com/mail", "Ann.A"]
    for section in programs:
        assert [fact.value for fact in section.facts][:2] == ["ann@acme.example"] * 2


def test_with_identity_center_alone_the_web_asks_for_no_user_name() -> None:
    account = replace(ACCOUNT, sign_in=SignIn.TOKEN)
    guide = make_guide("en", read_texts("en"), account)
    assert [fact.value for fact in guide.sections[0].facts] == ["https://acme.awsapps.com/mail"]
    thunderbird = " ".join(guide.sections[-1].steps)
    assert "your personal access token" in thunderbird
    assert "your WorkMail password" not in str(guide)


def test_thunderbird_gets_imap_and_smtp_over_tls() -> None:
    section = make_guide("en", read_texts("en"), ACCOUNT).sections[-1]
    values = [fact.value for fact in section.facts][2:]
    assert values[:5] == [
        *("imap.mail.eu-west-1.awsapps.com", "993", "smtp.mail.eu-west-1.awsapps.com", "465"),
        "SSL/TLS",
    ]


def test_outlook_warns_where_autodiscover_is_not_right() -> None:
    wrong = Autodiscover("acme.example", "certificate")
    right = Autodiscover("acme.example", "http-401")
    for found, automatic in ((wrong, False), (right, True)):
        account = describe(RECORD, USER, "", found)
        assert isinstance(account, Account)
        assert account.automatic is automatic
        sections = make_guide("en", read_texts("en"), account).sections
        notes = {section.id for section in sections if section.note}
        assert notes == (set() if automatic else {"outlook_windows"})


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("http-401", "as WorkMail's does"),
        ("http-200", "answers http-200, and 401 would be right"),
        ("certificate", "no certificate for this name"),
        ("no-name", "no DNS record"),
        ("timeout", "does not answer"),
        ("unreachable", "refuses connections"),
    ],
)
def test_a_finding_of_autodiscover_says_what_it_means(code: str, words: str) -> None:
    found = Autodiscover("acme.example", code)
    assert words in found.sentence
    assert found.is_right is (code == "http-401")


def test_a_login_at_the_source_is_no_address() -> None:
    account = describe(replace(RECORD, mailbox=replace(MAILBOX, source="ann")))
    assert isinstance(account, Account)
    assert account.old_address == ""


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Ann\r\nBcc: eve@evil.example", "Ann Bcc: eve@evil.example"),
        ("\u202eevil\u2066 name\u200f", "evil name"),
        ("  Ann \t Ä  ", "Ann Ä"),
        ("x" * 300, "x" * 79 + "…"),
        ("\x00\x07", ""),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("{secret} {0.__class__}", "{secret} {0.__class__}"),
    ],
)
def test_a_hostile_name_becomes_one_short_line(name: str, plain: str) -> None:
    assert make_plain(name) == plain


def test_a_name_that_looks_like_a_placeholder_stays_as_it_is() -> None:
    guide = make_guide("en", read_texts("en"), replace(ACCOUNT, name="{web} {nothing}"))
    assert guide.greeting == "Hello {web} {nothing},"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_keys_and_names_in_braces(language: str) -> None:
    english, texts = read_texts("en"), read_texts(language)
    assert texts.keys() == english.keys()
    for key, words in texts.items():
        others = english[key]
        assert isinstance(words, tuple) == isinstance(others, tuple), key
        if isinstance(words, tuple):
            assert len(words) == len(others), key
        assert find_placeholders(" ".join(words)) <= PLACEHOLDERS
        joined = " ".join(words) if isinstance(words, tuple) else words
        others = " ".join(others) if isinstance(others, tuple) else others
        assert joined.strip(), key
        assert find_placeholders(joined) == find_placeholders(others), key


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("sign_in", list(SignIn))
def test_every_language_has_every_section_for_every_sign_in(language: str, sign_in: SignIn) -> None:
    account = replace(ACCOUNT, sign_in=sign_in, automatic=False)
    guide = make_guide(language, read_texts(language), account)
    assert tuple(section.id for section in guide.sections) == SECTIONS
    for section in guide.sections:
        assert section.title and section.steps and section.facts
    assert "{" not in str(guide)


def test_no_two_languages_say_the_same() -> None:
    """A translation that was forgotten would be a copy."""
    texts = {language: read_texts(language) for language in LANGUAGES}
    for key in ("intro", "footer", "sections.ios.steps", "sign_in.token", "notes.autodiscover"):
        assert len({texts[language][key] for language in LANGUAGES}) == len(LANGUAGES), key
