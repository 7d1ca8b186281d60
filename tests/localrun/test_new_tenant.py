"""python -m localrun new-tenant: what it asks, checks and writes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from localrun import tenants_command
from localrun.new_tenant import ASKED, KINDS, main
from stacks.config import TenantConfig
from stacks.schema import find_setting, list_sections

ORGANIZATION = "m-" + "0123456789abcdef" * 2
GIVEN = (
    *("--set", "region=eu-west-1", "--set", f"organization_id={ORGANIZATION}"),
    *("--set", "domains=acme.example, acme.test", "--set", "source.kind=imap"),
    *("--set", "source.host=imap.acme.example"),
)


def answer(*texts: str) -> Callable[[str], str]:
    """Gives these answers in turn; then Ctrl-C."""
    waiting = list(texts)

    def ask(_prompt: str) -> str:
        if not waiting:
            raise KeyboardInterrupt
        return waiting.pop(0)

    return ask


def test_the_answers_become_a_file_that_loads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = (
        *("eu-west-1", ORGANIZATION, "acme.example, acme.test", "", "imap", "imap.acme.example"),
        *("starttls", "intake/acme/", "it@acme.test,cto@acme.test", "auto", "route53"),
    )
    assert main(["acme"], tmp_path, answer(*answers)) == 0
    config = TenantConfig.load(tmp_path / "acme.yaml", "acme")
    assert (config.region, config.organization_id) == ("eu-west-1", ORGANIZATION)
    assert config.domains == ("acme.example", "acme.test")
    assert (config.account, config.source.kind, config.source.port) == ("", "imap", 143)
    assert config.manifest == "intake/acme/"
    assert config.notifications.emails == ("it@acme.test", "cto@acme.test")
    assert (config.cutover.approval, config.dns.publish) == ("auto", "route53")
    assert "make synth TENANT=acme" in capsys.readouterr().out


def test_a_wrong_answer_is_told_at_once_and_asked_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = ("mars", "", "eu-west-1", "m-1", ORGANIZATION, "nodot", "", "acme.example")
    rest = ("123", "123456789012", "pop3", "", "imap", "", "imap.acme.example", "", "")
    rest_of_it = ("it", "", "", "")
    assert main(["acme"], tmp_path, answer(*answers, *rest, *rest_of_it)) == 0
    said = capsys.readouterr().out
    for complaint in (
        "region: must be one of us-east-1, us-west-2, eu-west-1, not 'mars'",
        "organization_id: must be m- and 32 digits",
        "domains[0]: must be a domain such as example.com, not 'nodot'",
        "domains: needs at least one",
        "account: must be 12 digits, not '123'",
        "source.kind: must be one of imap, m365, m365-imap, not 'pop3'",
        "source.host: is needed",
        "notifications.emails[0]: must be an e-mail address, not 'it'",
    ):
        assert complaint in said
    assert TenantConfig.load(tmp_path / "acme.yaml").account == "123456789012"


def test_defaults_and_meanings_are_shown(tmp_path: Path) -> None:
    prompts: list[str] = []

    def ask(prompt: str) -> str:
        prompts.append(prompt.strip())
        return ""

    assert main(["acme", *GIVEN], tmp_path, ask) == 0
    assert "manifest [intake/manifest.csv]:" in prompts
    assert "tls [ssl]:" in prompts
    assert not any(prompt.startswith("region") for prompt in prompts)


@pytest.mark.parametrize(
    ("answers", "cloud", "sources"),
    [(("", ""), "global", ("m365",)), (("us-gov", "[]"), "us-gov", ())],
)
@pytest.mark.parametrize("kind", ["m365", "m365-imap"])
def test_microsoft_365_has_questions_of_its_own(
    tmp_path: Path, kind: str, answers: tuple[str, ...], cloud: str, sources: tuple[str, ...]
) -> None:
    first = ("eu-west-1", ORGANIZATION, "acme.example", "", kind)
    assert main(["acme"], tmp_path, answer(*first, *answers, "", "", "", "")) == 0
    config = TenantConfig.load(tmp_path / "acme.yaml", "acme")
    assert (config.source.kind, config.source.host, config.source.cloud) == (kind, "", cloud)
    assert config.groupware.sources == sources


IMAP_ASKS = [path for path in ASKED if "imap" in KINDS.get(path, {"imap"})]


@pytest.mark.parametrize("number", range(len(IMAP_ASKS)))
def test_ctrl_c_writes_nothing(
    tmp_path: Path, number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    right = (
        *("eu-west-1", ORGANIZATION, "acme.example", "", "imap", "imap.acme.example"),
        *("", "", "", "", ""),
    )
    assert len(right) == len(IMAP_ASKS)
    assert main(["acme"], tmp_path, answer(*right[:number])) == 130
    assert list(tmp_path.iterdir()) == []
    assert "nothing is written" in capsys.readouterr().err


def test_a_file_that_is_there_is_never_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "acme.yaml").write_text("mine", "utf-8")
    assert main(["acme", *GIVEN], tmp_path) == 2
    assert (tmp_path / "acme.yaml").read_text("utf-8") == "mine"
    assert "is there already" in capsys.readouterr().err


def test_not_even_if_it_came_while_questions_were_asked(tmp_path: Path) -> None:
    def ask(_prompt: str) -> str:
        (tmp_path / "acme.yaml").write_text("mine", "utf-8")
        return ""

    assert main(["acme", *GIVEN], tmp_path, ask) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["acme.yaml"]
    assert (tmp_path / "acme.yaml").read_text("utf-8") == "mine"


def test_without_a_terminal_flags_do(tmp_path: Path) -> None:
    more = ("--set", "limits.mailboxes=25", "--set", 'copy.exclude=["A, B", C]')
    assert main(["acme", *GIVEN, *more, "--no-input"], tmp_path) == 0
    config = TenantConfig.load(tmp_path / "acme.yaml", "acme")
    assert config.limits.mailboxes == 25
    assert config.copy.exclude == ("A, B", "C")


def test_every_fault_of_the_flags_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ("region=mars", "dns.ports=53", "limits.users=many", "domains=", "plain", "tenant=x")
    given = [part for flag in flags for part in ("--set", flag)]
    assert main(["bad_name", *given], tmp_path) == 2
    said = capsys.readouterr().err
    for complaint in (
        "tenant: must be letters, digits and single dashes",
        "region: must be one of",
        "--set dns.ports=53: must be KEY=VALUE, with KEY one of dns.servers, dns.port,",
        "limits.users: must be a whole number, not 'many'",
        "domains: needs at least one",
        "--set plain: must be KEY=VALUE",
        "--set tenant=x: must be KEY=VALUE",
    ):
        assert complaint in said
    assert list(tmp_path.iterdir()) == []


def test_what_is_missing_or_does_not_fit_together_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["acme", *GIVEN[2:], "--set", "dns.zone_id=Z1"], tmp_path) == 2
    said = capsys.readouterr().err
    assert "region: is missing" in said
    assert "dns.zone_id: is only for publish: route53" in said
    assert list(tmp_path.iterdir()) == []


def test_the_example_cannot_be_written(tmp_path: Path) -> None:
    assert main(["example", *GIVEN], tmp_path) == 2
    assert list(tmp_path.iterdir()) == []


def test_every_other_setting_stands_in_the_file_as_a_comment(tmp_path: Path) -> None:
    assert main(["acme", *GIVEN], tmp_path) == 0
    lines = [line.strip() for line in (tmp_path / "acme.yaml").read_text("utf-8").splitlines()]
    assert lines[0] == "# yaml-language-server: $schema=schema.json"
    for section in list_sections():
        for setting in section.settings:
            sign = "" if setting.required or f"{setting.path}=" in str(GIVEN) else "#"
            assert any(line.startswith(f"{sign}{setting.name}: ") for line in lines), setting.path


def test_every_question_is_about_a_setting() -> None:
    assert [path for path in ASKED if find_setting(path) is None] == []
    assert KINDS.keys() <= set(ASKED)


def test_the_tenants_are_listed_with_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["acme", *GIVEN], tmp_path) == 0
    capsys.readouterr()
    assert tenants_command.main([], tmp_path) == 0
    assert "stack WorkMailMigration-acme" in capsys.readouterr().out
    (tmp_path / "broken.yaml").write_text("tenant: other", "utf-8")
    assert tenants_command.main([], tmp_path) == 1
    said = capsys.readouterr().out
    assert "region: is missing" in said
    assert "tenant: must be broken, as the file is called" in said
