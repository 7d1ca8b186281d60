"""The copy command from its arguments to its last line, over mailboxes in memory."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from localrun import copy_command
from localrun.copy_options import Order
from localrun.copy_places import parse_source
from localrun.copy_quiet import find_state, stamp
from localrun.copy_state import TENANT, open_state
from localrun.fakes.mailbox import MemorySource, MemoryTarget
from localrun.fakes.steps import no_step
from localrun.state_folder import FolderLock
from migration.errors import MigrationError, QuotaExceeded, SourceBusy
from migration.model import Agreement, MailboxVerdict, Tally

ROOT = Path(__file__).resolve().parents[2]
SOURCE, TARGET = "imaps://ann@old.example/", "imaps://ann@new.example/"
SECRETS = {"SOURCE_PASSWORD": "pw", "TARGET_PASSWORD": "pw"}
HEAVY = ("boto3", "botocore", "rich", "moto", "aws_lambda_powertools", "lxml", "urllib3", "email")


class Bench:
    """The command with both mailboxes in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "state"
        self.source, self.target = MemorySource(), MemoryTarget()
        self.orders: list[Order] = []
        self.ahead: list[bool] = []
        self.verdict: Agreement | MigrationError = Agreement.AGREE
        self.verified = 0
        for path, number in ((("INBOX",), 3), (("Sent",), 2)):
            for _ in range(number):
                self.source.deliver(path, b"Subject: x\r\n\r\n")

    def run(self, *options: str, source: str = SOURCE) -> int:
        arguments = [source, TARGET, "--state", str(self.folder), *options]
        return copy_command.main(arguments, SECRETS)

    @contextmanager
    def open_sides(
        self, order: Order, *, ahead: bool
    ) -> Iterator[tuple[MemorySource, MemoryTarget]]:
        self.orders.append(order)
        self.ahead.append(ahead)
        yield self.source, self.target

    def verify(
        self, source: Any, target: Any, ledger: Any, blobs: Any, mailbox: str, pass_id: int, *_: Any
    ) -> MailboxVerdict:
        self.verified += 1
        if isinstance(self.verdict, MigrationError):
            raise self.verdict
        (first, *_rest) = ledger.folders(mailbox)
        reasons = (f"folder {first.key}: 1 refused",)
        verdict = MailboxVerdict(pass_id, self.verdict, Tally(), Tally(), reasons)
        ledger.set_verdict(mailbox, verdict)
        return verdict


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench(tmp_path)
    monkeypatch.setattr(copy_command, "open_sides", made.open_sides)
    monkeypatch.setattr("migration.copy.verify.verify_mailbox", made.verify)
    return made


def last_line(capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, Any], str]:
    """The summary, and what stderr said."""
    printed = capsys.readouterr()
    return json.loads(printed.out.splitlines()[-1]), printed.err


# ---- passes


def test_the_first_pass_brings_everything_and_sums_it_up(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench.run() == 0
    summary, said = last_line(capsys)
    seconds = summary.pop("seconds")
    assert summary.pop("messages_per_second") == pytest.approx(5 / max(seconds, 0.001), rel=0.2)
    assert summary.pop("peak_memory_mb") > 5
    assert summary == {
        "outcome": "done",
        "messages": 5,
        "bytes": 5 * 14,
        "refused": 0,
        "quarantined": 0,
        "ledger_writes": 9,  # the pair, a fence, three for each folder, the verdict
        "verdict": "agree",
        "error": "",
    }
    assert "folder 2 of 2, 5 of 5 messages" in said
    assert "verified: source, ledger and target agree\n  folder Sent: 1 refused" in said


def test_a_pass_without_news_is_not_verified_again(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.run("--quiet")
    capsys.readouterr()
    assert bench.run("--quiet") == 0
    summary, said = last_line(capsys)
    assert (summary["messages"], summary["verdict"], said) == (0, "", "")
    assert bench.verified == 1
    bench.run("--verify", "counts")
    assert bench.verified == 2
    bench.source.deliver(("Sent",), b"Subject: y\r\n\r\n")
    bench.run("--verify", "none")
    assert bench.verified == 2
    bench.source.deliver(("Sent",), b"Subject: z\r\n\r\n")
    bench.run()
    assert bench.verified == 3


def test_the_delta_pass_counts_what_is_new(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.run()
    bench.source.deliver(("New",), b"Subject: y\r\n\r\n")
    capsys.readouterr()
    bench.run()
    summary, said = last_line(capsys)
    assert summary["messages"] == 1
    assert "1 of 1 messages" in said
    assert bench.ahead == [True, False]  # later passes may need one connection only


def test_quiet_leaves_the_summary(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.run("--quiet", "--verify", "none")
    summary, said = last_line(capsys)
    assert (summary["outcome"], said) == ("done", "")


# ---- how it can end


def test_a_difference_is_an_exit_status(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.verdict = Agreement.DIFFER
    assert bench.run() == 1
    assert last_line(capsys)[0]["verdict"] == "differ"


def test_an_error_is_a_sentence_and_what_to_do(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(name: str) -> None:
        if name == "before fetch":
            raise QuotaExceeded("the target mailbox is full")

    bench.source.step = fail
    assert bench.run() == 1
    summary, said = last_line(capsys)
    assert (summary["outcome"], summary["error"]) == ("failed", "QuotaExceeded")
    assert "error: the target mailbox is full\nMake room in" in said
    assert "then run the same command again" in said
    assert "workflow" not in said


def test_a_server_that_is_busy_during_verification_is_no_traceback(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.verdict = SourceBusy("the source is busy", 5.0)
    assert bench.run() == 1
    summary, said = last_line(capsys)
    assert (summary["error"], summary["messages"]) == ("SourceBusy", 5)
    assert "Run the same command again later" in said


def test_ctrl_c_stops_after_the_batch_and_the_same_command_goes_on(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3000):
        bench.source.deliver(("Archive",), b"Subject: %d\r\n\r\n" % number)

    def interrupt(name: str) -> None:
        if name == "before fetch":
            bench.source.step = no_step
            os.kill(os.getpid(), signal.SIGINT)

    bench.source.step = interrupt
    assert bench.run() == 130
    summary, said = last_line(capsys)
    assert summary["outcome"] == "stopped"
    assert 0 < summary["messages"] < 3005
    assert "the same command goes on" in said
    assert bench.verified == 0
    assert bench.run() == 0
    assert last_line(capsys)[0]["messages"] == 3005 - summary["messages"]
    assert sum(len(kept) for kept in bench.target.contents().values()) == 3005


def test_a_folder_of_another_pair_is_refused(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.run()
    capsys.readouterr()
    assert bench.run(source="imaps://bob@old.example/") == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert (
        "belongs to the copy from ann at old.example:993 to ann at new.example:993" in printed.err
    )
    assert "take another folder" in printed.err


def test_a_second_process_is_refused(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    lock = FolderLock(bench.folder)
    assert bench.run() == 2
    lock.close()
    assert "another copy is at work" in capsys.readouterr().err
    assert bench.run() == 0


def test_a_wrong_command_line_creates_nothing(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench.run("--received-from", "x", source="nonsense") == 2
    assert capsys.readouterr().err.count("error: ") == 2
    assert not bench.folder.exists()


# ---- what is remembered


def test_the_mailbox_has_the_same_id_in_every_call(tmp_path: Path) -> None:
    places = parse_source(SOURCE), parse_source(TARGET)
    ids = set()
    for _ in range(2):
        with open_state(tmp_path, *places, lambda: False) as state:
            ids.add(state.mailbox)
            assert state.ledger.mailbox(state.mailbox).mailbox.source == "ann at old.example:993"
    assert len(ids) == 1
    assert TENANT


def test_a_wish_to_stop_is_asked_of_the_process(tmp_path: Path) -> None:
    wanted = [True, False]
    places = parse_source(SOURCE), parse_source(TARGET)
    with open_state(tmp_path, *places, wanted.pop) as state:
        assert state.ledger.pause_wanted() is False
        assert state.ledger.pause_wanted() is True


# ---- what lets the next call see that nothing has happened


def test_a_pass_that_leaves_nothing_to_do_keeps_what_it_saw(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench.run() == 0
    memo = json.loads((bench.folder / "quiet.json").read_text())
    assert memo["arguments"] == [SOURCE, TARGET, "--state", str(bench.folder)]
    assert (memo["refused"], memo["quarantined"]) == (0, 0)
    assert memo["ledger"] == stamp(bench.folder)
    assert "pw" not in memo.values()
    assert stat.S_IMODE((bench.folder / "quiet.json").stat().st_mode) == 0o600
    assert last_line(capsys)[0]["ledger_writes"] == 9  # to look ahead writes nothing


def test_what_was_refused_is_remembered(bench: Bench) -> None:
    bench.target.limit_size(100)
    bench.source.deliver(("Sent",), b"Subject: x\r\n\r\n" + b"x" * 100)
    assert bench.run() == 0
    assert json.loads((bench.folder / "quiet.json").read_text())["refused"] == 1


def test_a_pass_that_is_not_to_be_taken_as_the_last_word_keeps_nothing(bench: Bench) -> None:
    bench.verdict = Agreement.DIFFER
    assert bench.run() == 1
    assert not (bench.folder / "quiet.json").exists()
    bench.verdict = Agreement.AGREE
    assert bench.run("--verify", "counts") == 0  # wants to be asked each time
    assert not (bench.folder / "quiet.json").exists()
    assert bench.run() == 0
    assert (bench.folder / "quiet.json").exists()


def test_a_pass_that_fails_forgets_what_others_saw(bench: Bench) -> None:
    def fail(name: str) -> None:
        if name == "before fetch":
            raise QuotaExceeded("the target mailbox is full")

    assert bench.run() == 0
    bench.source.step = fail
    bench.source.deliver(("Sent",), b"Subject: y\r\n\r\n")
    assert bench.run() == 1
    assert not (bench.folder / "quiet.json").exists()


def test_who_wants_no_verification_needs_no_verdict(bench: Bench) -> None:
    assert bench.run("--verify", "none") == 0
    assert (bench.folder / "quiet.json").exists()


def test_a_list_that_does_not_tell_of_changed_flags_is_not_enough(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = bench.source.folders
    monkeypatch.setattr(
        bench.source, "folders", lambda: [replace(each, changes="") for each in folders()]
    )
    assert bench.run() == 0
    assert not (bench.folder / "quiet.json").exists()


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["a", "b", "--state", "dir"], "dir"),
        (["a", "--state=dir", "b"], "dir"),
        (["a", "--state"], None),
        (["a", "--state="], None),
        (["a", "--states=dir"], None),
        ([], None),
    ],
)
def test_the_state_is_found_without_the_parser(arguments: list[str], found: str | None) -> None:
    assert find_state(arguments) == (Path(found) if found else None)


# ---- what it loads


def test_the_command_loads_nothing_heavy() -> None:
    code = "import sys, localrun.copy_command; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True)
    tops = {name.split(".")[0] for name in loaded.split()}
    assert tops & set(HEAVY) == set()


def test_its_help_loads_nothing_heavy_and_shows_examples() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "localrun", "copy", "--help"]
    ran = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=True)
    tops = set(re.findall(r"\| +(\w+)", ran.stderr))
    assert "sqlite3" in tops
    assert tops & set(HEAVY) == set()
    assert "python -m localrun copy imap" in ran.stdout
    assert "--state" in ran.stdout


def test_the_other_commands_know_of_it() -> None:
    command = [sys.executable, "-m", "localrun", "--help"]
    assert "copy one mailbox" in subprocess.check_output(command, cwd=ROOT, text=True)
