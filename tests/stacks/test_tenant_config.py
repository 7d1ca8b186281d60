"""Tenant files: what they default to, and that every fault in one is told at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.copy.selection import faults
from migration.model import CopyPolicy
from stacks.checks import is_folder_pattern
from stacks.config import ConfigError, Copy, DomainSetup, Passwords, Target, TenantConfig
from stacks.groupware_config import Groupware
from tests.stacks.conftest import SMALLEST

ROOT = Path(__file__).resolve().parents[2]
HTTPS = "must be a URL that begins with https://, not 'http://dav.example/'"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/mrk-0123456789abcdef"


def write(folder: Path, text: str) -> Path:
    path = folder / "acme.yaml"
    path.write_text(text, "utf-8")
    return path


def problems_of(folder: Path, text: str, tenant: str = "") -> list[str]:
    with pytest.raises(ConfigError) as caught:
        TenantConfig.load(write(folder, text), tenant)
    return sorted(caught.value.problems)


def test_what_is_not_given_has_its_default(tmp_path: Path) -> None:
    config = TenantConfig.load(write(tmp_path, SMALLEST), "acme")
    assert config.account == ""
    assert config.manifest == "intake/manifest.csv"
    assert (config.source.tls, config.source.port) == ("ssl", 993)
    assert config.source.max_connections == 20
    assert config.target == Target(
        kind="auto",
        ews_url="https://ews.mail.us-west-2.awsapps.com/EWS/Exchange.asmx",
        imap_host="imap.mail.us-west-2.awsapps.com",
        imap_tls="ssl",
        imap_port=993,
    )
    assert config.copy == Copy(
        include=(),
        exclude=(),
        received_from="",
        received_before="",
        max_message_mb=0,
        max_kilobytes_per_second=0,
        delta_policy="add",
        verify_sample=20,
    )
    assert (config.dns.servers, config.dns.timeout_days) == ((), 14)
    assert (config.limits.users, config.limits.mailboxes) == (5, 10)
    assert (config.delta.interval_minutes, config.delta.passes) == (720, 5)
    assert config.rollback.keep_copied is False
    assert config.passwords == Passwords("generate", reset_after_run=False, kms_key="")
    assert config.domain_setup == DomainSetup(
        register=True, wait_days=3, make_default=False, start_before_verified=False
    )
    assert config.end_of_support_acknowledged == ""


def test_what_is_given_is_kept(tmp_path: Path) -> None:
    text = SMALLEST + (
        'account: "012345678901"\n'
        "manifest: intake/pilot.csv\n"
        "target: {kind: workmail_imap, ews_url: 'http://127.0.0.1:8080/EWS/Exchange.asmx',\n"
        "         imap_host: imap.acme.example, imap_tls: starttls}\n"
        "copy: {include: ['Work, private', 'Archive/20*'], exclude: ['**/Old'],\n"
        "       received_from: 2015-01-01, received_before: '2026-01-01', max_message_mb: 40,\n"
        "       max_kilobytes_per_second: 500, delta_policy: follow, verify_sample: -1}\n"
        "domain_setup: {register: false, wait_days: 7, make_default: true,\n"
        "               start_before_verified: true}\n"
        "dns: {servers: ['192.0.2.53:53', '[2001:db8::53]:5353'], timeout_days: 3}\n"
        "limits: {users: 1, mailboxes: 500}\n"
        "delta: {interval_minutes: 15, passes: 2}\n"
        "rollback: {keep_copied: true}\n"
        f"passwords: {{new_users: secret, reset_after_run: true, kms_key: '{KEY}'}}\n"
    )
    config = TenantConfig.load(write(tmp_path, text))
    assert config.account == "012345678901"
    assert config.manifest == "intake/pilot.csv"
    assert config.target == Target(
        kind="workmail_imap",
        ews_url="http://127.0.0.1:8080/EWS/Exchange.asmx",
        imap_host="imap.acme.example",
        imap_tls="starttls",
        imap_port=143,
    )
    assert config.copy == Copy(
        include=("Work, private", "Archive/20*"),
        exclude=("**/Old",),
        received_from="2015-01-01",
        received_before="2026-01-01",
        max_message_mb=40,
        max_kilobytes_per_second=500,
        delta_policy="follow",
        verify_sample=-1,
    )
    assert config.dns.servers == ("192.0.2.53:53", "[2001:db8::53]:5353")
    assert (config.limits.users, config.limits.mailboxes) == (1, 500)
    assert (config.delta.interval_minutes, config.delta.passes) == (15, 2)
    assert config.domain_setup == DomainSetup(
        register=False, wait_days=7, make_default=True, start_before_verified=True
    )
    assert config.rollback.keep_copied is True
    assert config.passwords == Passwords("secret", reset_after_run=True, kms_key=KEY)


@pytest.mark.parametrize(("tls", "port"), [("ssl", 993), ("starttls", 143), ("none", 143)])
def test_the_port_follows_tls_unless_given(tmp_path: Path, tls: str, port: int) -> None:
    def load(source: str) -> TenantConfig:
        text = SMALLEST.replace("host: mail", f"tls: {tls}, {source}host: mail")
        return TenantConfig.load(write(tmp_path, text))

    assert load("").source.port == port
    assert load("port: 10143, ").source.port == 10143


@pytest.mark.parametrize(
    ("source", "problems"),
    [
        ("kind: imap", ["source.host: is missing, and source.kind is imap"]),
        ("kind: m365", []),
        ("kind: m365, cloud: china", []),
        ("kind: m365-imap", []),
        ("kind: m365-imap, host: 127.0.0.1, port: 10143, tls: none", []),
        (
            "kind: m365, host: mail.example",
            ["source.host: must be empty, for m365 is read over Graph; or kind is m365-imap"],
        ),
        (
            "kind: imap, host: mail, login_url: 'https://a.example', graph_url: 'https://b.example'",
            [
                "source.graph_url: must be empty, for source.kind is imap",
                "source.login_url: must be empty, for source.kind is imap",
            ],
        ),
        (
            "kind: m365, cloud: germany, graph_url: 'http://dav.example/'",
            [
                "source.cloud: must be one of global, us-gov, us-gov-dod, china, not 'germany'",
                f"source.graph_url: {HTTPS}",
            ],
        ),
        ("kind: exchange", ["source.kind: must be one of imap, m365, m365-imap, not 'exchange'"]),
        ("host: mail.example", ["source.kind: is missing"]),
    ],
)
def test_each_kind_of_source_has_what_it_needs(
    tmp_path: Path, source: str, problems: list[str]
) -> None:
    text = SMALLEST.replace("kind: imap, host: mail.acme.example", source)
    if problems:
        assert problems_of(tmp_path, text) == problems
    else:
        assert TenantConfig.load(write(tmp_path, text)).source.port in (993, 10143)


@pytest.mark.parametrize("kind", ["m365", "m365-imap"])
def test_calendars_come_from_graph_where_the_mail_is_in_microsoft_365(
    tmp_path: Path, kind: str
) -> None:
    there = SMALLEST.replace("kind: imap, host: mail.acme.example", f"kind: {kind}")
    groupware = "groupware: {sources: [m365, files]}\n"
    assert TenantConfig.load(write(tmp_path, there + groupware)).groupware.sources[0] == "m365"
    assert problems_of(tmp_path, SMALLEST + groupware) == [
        "groupware.sources: m365 needs source.kind m365 or m365-imap"
    ]


def test_graph_does_not_limit_how_many_mailboxes_are_read(tmp_path: Path) -> None:
    wanted = SMALLEST + "limits: {mailboxes: 40}\n"
    graph = wanted.replace("kind: imap, host: mail.acme.example", "kind: m365")
    assert TenantConfig.load(write(tmp_path, wanted)).mailboxes_at_once == 10
    assert TenantConfig.load(write(tmp_path, graph)).mailboxes_at_once == 40


@pytest.mark.parametrize("day", ["2027-03-31", "'2027-03-31'"])
def test_the_acknowledged_day_may_be_a_date_or_a_text(tmp_path: Path, day: str) -> None:
    text = f"{SMALLEST}end_of_support_acknowledged: {day}\n"
    assert TenantConfig.load(write(tmp_path, text)).end_of_support_acknowledged == "2027-03-31"


@pytest.mark.parametrize("key", ["intake/acme/", "intake/acme.yaml", "intake/a/b.json"])
def test_a_manifest_may_be_a_folder_or_a_document(tmp_path: Path, key: str) -> None:
    assert TenantConfig.load(write(tmp_path, SMALLEST + f"manifest: {key}\n")).manifest == key


def test_an_empty_section_counts_as_its_defaults(tmp_path: Path) -> None:
    assert TenantConfig.load(write(tmp_path, SMALLEST + "dns:\nlimits:\n")).dns.timeout_days == 14


def test_all_faults_are_told_at_once_with_their_paths(tmp_path: Path) -> None:
    text = """
tenant: bad_name
region: eu-central-1
organization_id: m-XYZ
domains: [acme.example, nodot, acme.example]
account: 123456789012
manifest: secrets/x.csv
source: {kind: pop3, host: "bad host", tls: tls13, prot: 993, max_connections: 0}
target: {kind: maildir, ews_url: "http://ews.example.com/", imap_host: "-", imap_tls: "",
         imap_port: -1}
copy: {include: ["a//b", "x**"], exclude: [" "], received_from: May, max_message_mb: 41,
       max_kilobytes_per_second: -1, delta_policy: mirror, verify_sample: -2, includes: []}
dns: {servers: ["192.0.2.53", "dns.example:53"], timeout_days: 90}
limits: {users: "5", mailboxes: 0, mailboxs: 3}
delta: {passes: true}
domain_setup: {register: maybe, wait_days: 8}
rollback: {keep_copied: 1}
passwords: {new_users: ask, reset_after_run: 1, kms_key: alias/mine}
end_of_support_acknowledged: soon
domain: acme.example
"""
    assert problems_of(tmp_path, text) == [
        "account: must be a text, not 123456789012; write it in quotes",
        "copy.delta_policy: must be one of add, follow, not 'mirror'",
        "copy.exclude[0]: must be folder names joined by /, without an empty one, not ' '",
        "copy.include[0]: must be folder names joined by /, without an empty one, not 'a//b'",
        "copy.include[1]: must have ** alone between slashes, not 'x**'",
        "copy.includes: unknown key; did you mean include?",
        "copy.max_kilobytes_per_second: must be from 0 to 1000000, not -1",
        "copy.max_message_mb: must be from 0 to 40, not 41",
        "copy.received_from: must be a day such as 2027-03-31, not 'May'",
        "copy.verify_sample: must be from -1 to 1000000, not -2",
        "delta.passes: must be a whole number, not True",
        "dns.servers[0]: must be address:port, such as 192.0.2.53:53, not '192.0.2.53'",
        "dns.servers[1]: must be address:port, such as 192.0.2.53:53, not 'dns.example:53'",
        "dns.timeout_days: must be from 1 to 28, not 90",
        "domain: unknown key; did you mean domains?",
        "domain_setup.register: must be true or false, not 'maybe'",
        "domain_setup.wait_days: must be from 1 to 7, not 8",
        "domains: names something twice",
        "domains[1]: must be a domain such as example.com, not 'nodot'",
        "end_of_support_acknowledged: must be a day such as 2027-03-31, not 'soon'",
        "limits.mailboxes: must be from 1 to 500, not 0",
        "limits.mailboxs: unknown key; did you mean mailboxes?",
        "limits.users: must be a whole number, not '5'",
        "manifest: must be a key that begins with intake/, without spaces, not 'secrets/x.csv'",
        "organization_id: must be m- and 32 digits or letters from a to f, not 'm-XYZ'",
        (
            "passwords.kms_key: must be the ARN of a key, such as "
            "arn:aws:kms:eu-west-1:123456789012:key/..., not 'alias/mine'"
        ),
        "passwords.new_users: must be one of generate, secret, none, not 'ask'",
        "passwords.reset_after_run: must be true or false, not 1",
        "region: must be one of us-east-1, us-west-2, eu-west-1, not 'eu-central-1'",
        "rollback.keep_copied: must be true or false, not 1",
        "source.host: must be a host name or an IP address, not 'bad host'",
        "source.kind: must be one of imap, m365, m365-imap, not 'pop3'",
        "source.max_connections: must be from 2 to 1000, not 0",
        "source.prot: unknown key; did you mean port?",
        "source.tls: must be one of ssl, starttls, none, not 'tls13'",
        "target.ews_url: must be a URL that begins with https://, not 'http://ews.example.com/'",
        "target.imap_host: must be a host name or an IP address, not '-'",
        "target.imap_port: must be from 0 to 65535, not -1",
        "target.imap_tls: must be one of ssl, starttls, none, not ''",
        "target.kind: must be one of auto, workmail_ews, workmail_imap, not 'maildir'",
        "tenant: must be letters, digits and single dashes, at most 24, not 'bad_name'",
    ]


@pytest.mark.parametrize("before", ["2015-03-01", "2014-12-31"])
def test_a_window_of_dates_must_have_a_day_in_it(tmp_path: Path, before: str) -> None:
    text = f"{SMALLEST}copy: {{received_from: 2015-03-01, received_before: {before}}}\n"
    assert problems_of(tmp_path, text) == [
        "copy.received_before: must be later than copy.received_from"
    ]


def test_patterns_must_fit_into_a_functions_environment(tmp_path: Path) -> None:
    patterns = [f"Folder number {number}" for number in range(100)]
    (problem,) = problems_of(tmp_path, f"{SMALLEST}copy: {{exclude: {patterns}}}\n")
    assert problem.startswith("copy: include and exclude have 1990 bytes together")
    assert "a pattern with * may stand for many" in problem


@given(st.text() | st.lists(st.sampled_from(["a", "*", "**", "", " "])).map("/".join))
def test_synthesis_and_preflight_find_the_same_faults_in_patterns(pattern: str) -> None:
    complaint = is_folder_pattern(pattern)
    found = [fault.rpartition(f"{pattern!r} ")[2] for fault in faults(CopyPolicy((pattern,)))]
    assert found == ([complaint] if complaint else [])


def test_what_must_be_given_is_named(tmp_path: Path) -> None:
    assert problems_of(tmp_path, "{}") == [
        "domains: is missing",
        "organization_id: is missing",
        "region: is missing",
        "source.kind: is missing",
        "tenant: is missing",
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("account: 123456789012", "account: must be a text, not 123456789012; write it in quotes"),
        (
            "account: '\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669\u0660\u0661\u0662'",
            "account: must be 12 digits",
        ),
        ("manifest: null", "manifest: must be a text, not None"),
        ("manifest: no", "manifest: must be a text, not False"),
        ("manifest: {a: 1}", "manifest: must be a text, not {'a': 1}"),
        ("copy: {received_from: 2015-02-30}", "copy.received_from: must be a day such as"),
        ("limits: {users: 5.0}", "limits.users: must be a whole number, not 5.0"),
        ("limits: {users: .inf}", "limits.users: must be a whole number, not inf"),
        ("limits: &l {users: *l}", "limits.users: must be a whole number, not {"),
        ("dns: {servers: {a: b}}", "dns.servers: must be a list"),
        ("dns: {servers: [[]]}", "dns.servers[0]: must be a text, not []"),
        ("dns: {timeout_day: 3}", "dns.timeout_day: unknown key; did you mean timeout_days?"),
        ("1: 2", "1: unknown key; known: tenant, region,"),
        ("notifications: {emails: [a@b.example, a@b.example]}", "notifications.emails: names some"),
        ("manifest: intake/m.csv\nmanifest: intake/n.csv", "it is no valid YAML"),
        ("dns: {port: 1, port: 2}", "it is no valid YAML: the key 'port' stands there twice"),
    ],
    ids=lambda text: text[:30],
)
def test_hostile_input_is_told_with_its_path(tmp_path: Path, line: str, problem: str) -> None:
    (found,) = problems_of(tmp_path, f"{SMALLEST}{line}\n")
    assert found.startswith(problem)


def test_a_long_value_is_not_repeated_whole(tmp_path: Path) -> None:
    (found,) = problems_of(tmp_path, f"{SMALLEST}account: '{'9' * 5000}'\n")
    assert len(found) < 150


def test_at_least_one_domain_is_needed(tmp_path: Path) -> None:
    text = SMALLEST.replace("[acme.example]", "[]")
    assert problems_of(tmp_path, text) == ["domains: needs at least one"]


def test_a_section_that_is_no_mapping_is_refused(tmp_path: Path) -> None:
    assert problems_of(tmp_path, SMALLEST + "dns: 192.0.2.53\n") == [
        "dns: must be a mapping of keys to values"
    ]


def test_a_list_that_is_a_text_is_refused(tmp_path: Path) -> None:
    text = SMALLEST.replace("[acme.example]", "acme.example")
    assert problems_of(tmp_path, text) == ["domains: must be a list"]


def test_the_name_must_be_that_of_the_file(tmp_path: Path) -> None:
    assert problems_of(tmp_path, SMALLEST, tenant="other") == [
        "tenant: must be other, as the file is called, not acme"
    ]


def test_a_key_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, SMALLEST + "tenant: other\n")
    assert "the key 'tenant' stands there twice" in problem


@pytest.mark.parametrize(
    "text",
    [
        *("tenant: [", "\tx", "a: b: c", "a: 1\n---\nb: 2", "? [a]\n: 1", "? {a: 1}\n: 1"),
        *("a: !!python/object:os.system {}", "a: !!int x", "a: !!timestamp 2027-02-30", "a: \x07"),
        *("[" * 3000, "{a: " * 3000, "a: *b", "a: &a {<<: *a}"),
    ],
    ids=repr,
)
def test_what_is_no_yaml_is_refused(tmp_path: Path, text: str) -> None:
    (problem,) = problems_of(tmp_path, text)
    assert problem.startswith("it is no valid YAML")


@pytest.mark.parametrize(
    "url", ["ftp://x/", "https://", "https://user@ews.example/", "https://ews.example:x/"]
)
def test_only_https_urls_without_a_login_are_accepted(tmp_path: Path, url: str) -> None:
    (problem,) = problems_of(tmp_path, f"{SMALLEST}target: {{ews_url: '{url}'}}\n")
    assert problem.startswith("target.ews_url: must be a URL")


def test_the_example_is_valid() -> None:
    TenantConfig.load(ROOT / "tenants" / "example.yaml", "example")


def test_the_example_uncommented_is_valid_and_shows_the_defaults(tmp_path: Path) -> None:
    example = (ROOT / "tenants" / "example.yaml").read_text("utf-8")
    uncommented = re.sub(r"^( *)#(\w)", r"\1\2", example, flags=re.MULTILINE)
    assert uncommented.count("\n  ") > 40
    shown = TenantConfig.load(write(tmp_path, uncommented), "example")
    assert shown == TenantConfig.load(ROOT / "tenants" / "example.yaml")


def test_settings_of_the_cutover_that_do_not_fit_together_are_refused(tmp_path: Path) -> None:
    text = (
        f"{SMALLEST}dns: {{zone_id: Z1, lower_ttl: 300}}\nclients: {{send: new, languages: []}}\n"
    )
    assert problems_of(tmp_path, text) == [
        "clients.languages: needs at least one",
        "clients.sender: is missing; somebody must be the sender of the mails",
        "dns.lower_ttl: is only for publish: route53",
        "dns.zone_id: is only for publish: route53",
    ]


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ("sources: [dav]", ["groupware.dav_url: is missing, and sources has dav"]),
        (
            "sources: [files], dav_url: 'https://dav.example/'",
            ["groupware.sources: must have dav, or dav_url is not asked"],
        ),
        (
            "sources: [files], automatic_replies: true",
            ["groupware.automatic_replies: needs m365 in sources, where they are read"],
        ),
        ("sources: [imap]", ["groupware.sources[0]: must be one of m365, dav, files, not 'imap'"]),
        (
            "sources: [dav], dav_url: 'http://dav.example/'",
            ["groupware.dav_url: " + HTTPS],
        ),
        (
            "years_before: -1, years_after: 51, timezone: Mars/Base",
            [
                "groupware.timezone: must be a time zone such as Europe/Berlin, not 'Mars/Base'",
                "groupware.years_after: must be from 0 to 50, not 51",
                "groupware.years_before: must be from 0 to 50, not -1",
            ],
        ),
    ],
)
def test_places_of_calendars_that_cannot_be_asked_are_refused(
    tmp_path: Path, given: str, problems: list[str]
) -> None:
    assert problems_of(tmp_path, f"{SMALLEST}groupware: {{{given}}}\n") == problems


def test_places_of_calendars_are_kept(tmp_path: Path) -> None:
    given = "sources: [dav, files], dav_url: 'http://127.0.0.1:5232/{user}/'"
    config = TenantConfig.load(write(tmp_path, f"{SMALLEST}groupware: {{{given}}}\n"))
    assert config.groupware == Groupware(("dav", "files"), "http://127.0.0.1:5232/{user}/")


@pytest.mark.parametrize(
    "email", ["it", "it@", "@acme.example", "a b@acme.example", "<a@b.example>"]
)
def test_what_is_no_address_cannot_be_notified(tmp_path: Path, email: str) -> None:
    (problem,) = problems_of(tmp_path, f"{SMALLEST}notifications: {{emails: ['{email}']}}\n")
    assert problem.startswith("notifications.emails[0]: must be an e-mail address")
