"""The ledger in a file alone: rivals, dead processes, foreign files, and what it costs."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from localrun.file_ledger import FileLedger
from localrun.state_folder import FolderLock, StateRefusedError
from migration.errors import FencedOff
from migration.identity import folder_key
from migration.mail import Folder, FolderPlan, ItemRef, Remark
from migration.model import FolderRecord, Tally
from migration.transitions import finish, open_batch

ROOT = Path(__file__).resolve().parents[2]
BOX = "mailbox1"
PLAN = FolderPlan(Folder("f1", ("INBOX",), "1", 1), ("Inbox",))
REFS = tuple(ItemRef(str(uid), 5000) for uid in range(200))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[FileLedger]:
    opened = FileLedger(tmp_path / "ledger.sqlite", "acme")
    yield opened
    opened.close()


def claim(ledger: FileLedger, fence: int = 1) -> FolderRecord:
    return ledger.claim_folder(BOX, PLAN, "t1", fence, 1)


def another(ledger: FileLedger, tmp_path: Path) -> FileLedger:
    """The same file, as another process has it open."""
    return FileLedger(tmp_path / "ledger.sqlite", "acme")


def python(*code: str) -> subprocess.Popen[str]:
    """Another process that knows this project."""
    program = "\n".join(
        ("import sys; sys.path[:0] = ['.', 'lambdas']", "from pathlib import Path", *code)
    )
    command = [sys.executable, "-c", program]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


# ---- rivals


def test_two_connections_see_each_others_claims(ledger: FileLedger, tmp_path: Path) -> None:
    rival = another(ledger, tmp_path)
    old = claim(ledger)
    claim(rival, fence=2)
    with pytest.raises(FencedOff):
        ledger.advance(BOX, old, open_batch(old, REFS, "199", "m"))
    with pytest.raises(FencedOff):
        ledger.check_claim(BOX, old)
    rival.close()


def test_threads_share_one_ledger(ledger: FileLedger) -> None:
    def work(number: int) -> int:
        ledger.add_remarks(BOX, [Remark("f1", str(number), 1, "x")])
        return ledger.next_fence(BOX)

    with ThreadPoolExecutor(8) as pool:
        fences = list(pool.map(work, range(80)))
    assert sorted(fences) == list(range(1, 81))
    assert len(ledger.remarks(BOX)) == 80


def test_of_many_processes_each_gets_a_fence_of_its_own(tmp_path: Path) -> None:
    code = [
        "from localrun.file_ledger import FileLedger",
        f"ledger = FileLedger(Path({str(tmp_path / 'ledger.sqlite')!r}), 'acme')",
        "print(*(ledger.next_fence('mailbox1') for _ in range(40)))",
    ]
    workers = [python(*code) for _ in range(4)]
    printed = [worker.communicate(timeout=60)[0].split() for worker in workers]
    fences = [int(fence) for each in printed for fence in each]
    assert sorted(fences) == list(range(1, 161))


def test_a_folder_renamed_by_one_worker_is_not_set_back_by_another(ledger: FileLedger) -> None:
    old = claim(ledger)
    ledger.adopt_folder(BOX, "f1", replace(old, key="f2"))
    plan = replace(PLAN, folder=replace(PLAN.folder, key="f2"))
    new = ledger.claim_folder(BOX, plan, "t1", 2, 1)
    new = ledger.advance(BOX, new, open_batch(new, REFS, "199", "m"))
    ledger.adopt_folder(BOX, "f1", replace(old, key="f2"))  # one that was asleep meanwhile
    assert ledger.folders(BOX) == [new]
    with pytest.raises(FencedOff):
        ledger.advance(BOX, old, open_batch(old, REFS, "199", "m"))


def test_a_folder_that_went_on_is_not_renamed_with_an_old_record(ledger: FileLedger) -> None:
    old = claim(ledger)
    new = claim(ledger, fence=2)
    with pytest.raises(FencedOff):
        ledger.adopt_folder(BOX, "f1", replace(old, key="f2"))
    assert ledger.folders(BOX) == [new]


# ---- what stays


def test_everything_is_there_when_the_file_is_opened_again(
    ledger: FileLedger, tmp_path: Path
) -> None:
    record = claim(ledger)
    record = ledger.advance(BOX, record, open_batch(record, REFS, "199", "m"))
    ledger.close()
    ledger.close()
    again = another(ledger, tmp_path)
    assert again.folders(BOX) == [record]
    assert again.next_fence(BOX) == 1
    again.close()


def test_what_was_written_survives_the_death_of_the_process(tmp_path: Path) -> None:
    worker = python(
        "from localrun.file_ledger import FileLedger",
        "import itertools",
        f"ledger = FileLedger(Path({str(tmp_path / 'ledger.sqlite')!r}), 'acme')",
        "for number in itertools.count():",
        "    print(ledger.next_fence('mailbox1'), flush=True)",
    )
    assert worker.stdout is not None
    printed = [worker.stdout.readline() for _ in range(20)]
    worker.send_signal(signal.SIGKILL)
    printed += worker.communicate()[0].splitlines()
    last = max(map(int, printed))
    ledger = FileLedger(tmp_path / "ledger.sqlite", "acme")
    assert ledger.next_fence(BOX) > last
    ledger.close()


def test_a_change_that_fails_leaves_nothing_behind(ledger: FileLedger) -> None:
    record = claim(ledger)
    with pytest.raises(KeyError):
        ledger.set_check(BOX, "f9", None)  # type: ignore[arg-type]
    with pytest.raises(FencedOff):
        claim(ledger, fence=0)
    assert ledger.folders(BOX) == [record]
    assert ledger.writes == 1


def test_names_that_are_no_text_are_kept(ledger: FileLedger) -> None:
    name = "caf\udce9"  # a byte that no charset explains
    plan = FolderPlan(Folder(folder_key(name), (name,), "1", 1), (name,))
    record = ledger.claim_folder(BOX, plan, "t1", 1, 1)
    assert ledger.folders(BOX) == [record]


# ---- what it costs


def test_reading_writes_nothing_and_a_batch_is_one_write(ledger: FileLedger) -> None:
    record = claim(ledger)
    before = ledger.writes
    record = ledger.advance(BOX, record, open_batch(record, REFS, "199", "m"))
    assert ledger.writes == before + 1
    ledger.folders(BOX)
    ledger.remarks(BOX)
    ledger.add_remarks(BOX, [])
    ledger.check_claim(BOX, record)
    assert ledger.pause_wanted() is False
    assert ledger.writes == before + 1


def test_an_advance_takes_no_time_to_speak_of(ledger: FileLedger) -> None:
    record = claim(ledger)
    record = ledger.advance(BOX, record, open_batch(record, REFS, "199", "m"))
    uids = {ref.uid for ref in REFS}
    began = time.process_time()
    for _ in range(50):
        done = finish(record, uids, Tally(200))
        record = ledger.advance(BOX, record, open_batch(done, REFS, "199", "m"))
    # Some 0.6 ms where this was written; a slow machine may take ten times as long.
    assert (time.process_time() - began) / 50 < 0.006


# ---- foreign files


def test_a_file_of_another_version_says_so(ledger: FileLedger, tmp_path: Path) -> None:
    ledger.close()
    with sqlite3.connect(tmp_path / "ledger.sqlite") as database:
        database.execute("PRAGMA user_version = 2")
    with pytest.raises(StateRefusedError, match=r"another version of this program .format 2"):
        another(ledger, tmp_path)


def test_another_programs_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE notes (text)")
    before = path.read_bytes()
    with pytest.raises(StateRefusedError, match="belongs to another program"):
        FileLedger(path, "acme")
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_text("shopping list" * 100)
    with pytest.raises(StateRefusedError, match="damaged or no ledger"):
        FileLedger(path, "acme")
    assert path.read_text() == "shopping list" * 100


def test_a_ledger_in_no_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(StateRefusedError, match="cannot open"):
        FileLedger(tmp_path / "nowhere" / "ledger.sqlite", "acme")


# ---- the lock on the folder


def test_one_process_works_in_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "state"
    lock = FolderLock(folder)
    with pytest.raises(StateRefusedError, match=rf"another copy is at work .*{os.getpid()}"):
        FolderLock(folder)
    lock.close()
    lock.close()
    FolderLock(folder).close()
    assert folder.stat().st_mode & 0o077 == 0


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    worker = python(
        "from localrun.state_folder import FolderLock",
        f"lock = FolderLock(Path({str(tmp_path)!r}))",
        "print('locked', flush=True)",
        "import time; time.sleep(60)",
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "locked\n"
    with pytest.raises(StateRefusedError):
        FolderLock(tmp_path)
    worker.kill()
    worker.communicate()
    FolderLock(tmp_path).close()


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateRefusedError, match="cannot write to"):
        FolderLock(tmp_path / "file")
