"""The command line of the copy command: all that is wrong with it is said at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from localrun.copy_options import OptionsRefusedError, Order, read_order
from localrun.copy_places import EwsPlace, ImapPlace
from localrun.copy_secrets import Secret
from migration.copy.slices import Pace
from migration.model import CopyPolicy, DeltaPolicy

BOTH = ["imaps://ann@old.example/", "imaps://ann@new.example/", "--state", "dir"]
EWS = "ews+https://ews.example/EWS/Exchange.asmx?mailbox=ann@new.example"
SECRETS = {"SOURCE_PASSWORD": "pw", "TARGET_PASSWORD": "pw2"}


def refused(arguments: list[str], environment: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(OptionsRefusedError) as caught:
        read_order(arguments, environment)
    return caught.value.problems


def test_the_shortest_order() -> None:
    assert read_order(BOTH, SECRETS) == Order(
        ImapPlace("ann", "old.example", 993, "ssl"),
        ImapPlace("ann", "new.example", 993, "ssl"),
        Secret(password="pw"),
        Secret(password="pw2"),
        Path("dir"),
        CopyPolicy(verify_sample=0),
    )


def test_every_option_finds_its_place(tmp_path: Path) -> None:
    for name in ("source", "target", "ca"):
        (tmp_path / name).write_text(f"{name}\n")
        (tmp_path / name).chmod(0o600)
    options = f"""--source-secret {tmp_path}/source --target-secret {tmp_path}/target
        --ca {tmp_path}/ca --include A --include B/** --exclude C --received-from 2020-01-01
        --received-before 2021-01-01 --max-message-mb 2.5 --max-kilobytes-per-second 300
        --delta-policy follow --verify sample --allow-plain --settle 7 --quiet --state dir"""
    order = read_order(["imap://ann@old.example/", EWS, *options.split()], {})
    assert order == Order(
        ImapPlace("ann", "old.example", 143, "none"),
        EwsPlace("https://ews.example/EWS/Exchange.asmx", "ann@new.example"),
        Secret(plain="source"),
        Secret(plain="target"),
        Path("dir"),
        CopyPolicy(
            ("A", "B/**"),
            ("C",),
            "2020-01-01",
            "2021-01-01",
            2_500_000,
            300_000,
            DeltaPolicy.FOLLOW,
            20,
        ),
        verify="sample",
        settle=7.0,
        ca_file=tmp_path / "ca",
        allow_plain=True,
        quiet=True,
        secret_files=(tmp_path / "source", tmp_path / "target"),
    )


def test_all_problems_come_at_once_and_in_the_words_of_the_options() -> None:
    options = """--include A//B --exclude x**y --received-from yesterday --max-message-mb no
        --max-kilobytes-per-second 0 --settle nan --ca missing.pem --state dir"""
    problems = refused(["imaps://old.example/", "http://x/", *options.split()], {})
    said = [
        "SOURCE: the URL names no user",
        "TARGET: a URL begins with one of",
        "set SOURCE_PASSWORD or SOURCE_TOKEN, or give --source-secret FILE",
        "set TARGET_PASSWORD or TARGET_TOKEN, or give --target-secret FILE",
        "--max-message-mb must be a number above 0, not 'no'",
        "--max-kilobytes-per-second must be a number above 0, not '0'",
        "--include: 'A//B' must be folder names",
        "--exclude: 'x**y' must have ** alone",
        "'yesterday' is no day such as 2027-03-31",
        "--ca: there is no file missing.pem",
        "--settle must be at least 0 seconds",
    ]
    assert len(problems) == len(said)
    for problem, beginning in zip(problems, said, strict=True):
        assert problem.startswith(beginning)


def test_days_must_be_in_order() -> None:
    days = ["--received-from", "2021-01-01", "--received-before", "2021-01-01"]
    (problem,) = refused([*BOTH, *days], SECRETS)
    assert problem == "--received-before must be later than --received-from"


def test_a_mailbox_is_not_copied_to_itself() -> None:
    twice = [BOTH[0], BOTH[0], *BOTH[2:]]
    assert refused(twice, SECRETS) == ("SOURCE and TARGET are the same mailbox",)


def test_a_password_opens_no_ews() -> None:
    (problem,) = refused([BOTH[0], EWS, *BOTH[2:]], SECRETS)
    assert problem == "TARGET: EWS takes a bearer token, no password"


def test_ews_is_given_time_to_settle() -> None:
    tokens = {"SOURCE_PASSWORD": "pw", "TARGET_TOKEN": "tk"}
    arguments = [BOTH[0], EWS, *BOTH[2:]]
    assert read_order(arguments, tokens).settle == Pace().settle
    assert read_order([*arguments, "--settle", "3"], tokens).settle == 3.0
    assert read_order(BOTH, SECRETS).settle == 0.0


def test_files_that_others_can_read_are_warned_of(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("pw")
    file.chmod(0o644)
    order = read_order([*BOTH, "--source-secret", str(file)], SECRETS)
    assert order.warnings == (f"other users of this machine can read {file}: chmod 600 {file}",)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (BOTH[:2], "--state"),
        ([*BOTH, "--password", "x"], "unrecognized arguments"),
        ([*BOTH, "--verify", "most"], "invalid choice"),
        ([*BOTH, "--inc", "x"], "unrecognized arguments"),  # no abbreviations
    ],
)
def test_options_that_do_not_exist_are_refused(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        read_order(arguments, SECRETS)
    assert caught.value.code == 2
    assert said in capsys.readouterr().err
