"""What a copy shows while it runs, and how seldom."""

from __future__ import annotations

import io

import pytest

from localrun.copy_progress import Moment, Progress, WatchedSource, describe
from localrun.fakes.mailbox import MemorySource
from migration.mail import BatchLimit, Folder
from migration.model import Tally

FOLDERS = [Folder("f1", ("INBOX",), "1", 100), Folder("f2", ("Sent",), "1", 50)]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    """Time that goes on when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("moment", "line"),
    [
        (
            Moment(3, 12, 12_000, Tally(2000, 81_200_000), 2.0),
            "folder 3 of 12, 2,000 of 12,000 messages, 81.2 MB, 1,000/s, 0:10 left",
        ),
        (
            Moment(3, 12, 10_000_000, Tally(990, 0, 5, 5), 1.0),
            "folder 3 of 12, 1,000 of 10,000,000 messages, 0.0 MB, 1,000/s, 2:46:39 left",
        ),
        (Moment(1, 1, 5, Tally(7), 7.0), "folder 1 of 1, 7 of 7 messages, 0.0 MB, 1/s"),
        (Moment(0, 0, 0, Tally(), 0.0), "folder 0 of 0, 0 of 0 messages, 0.0 MB, 0/s"),
    ],
)
def test_a_moment_is_one_line(moment: Moment, line: str) -> None:
    assert describe(moment) == line


def test_a_terminal_is_written_to_four_times_a_second_at_most() -> None:
    stream, clock = Terminal(), Clock()
    progress = Progress(stream, clock=clock)
    progress.list_folders(FOLDERS)
    for _ in range(1000):
        clock.now += 0.01
        progress.count(Tally(1, 10))
    assert 30 <= stream.getvalue().count("messages") <= 40
    assert "\n" not in stream.getvalue()
    progress.close()
    progress.close()
    assert stream.getvalue().endswith("1,000 of 1,000 messages, 0.0 MB, 100/s\n")


def test_a_log_gets_a_line_now_and_then() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = Progress(stream, known={"f1": 90, "gone": 3}, clock=clock)
    progress.list_folders(FOLDERS)
    for _ in range(50):
        clock.now += 0.5
        progress.count(Tally(1, 10))
    progress.close()
    lines = stream.getvalue().splitlines()
    assert [line.split(", ")[1] for line in lines] == [f"{n} of 60 messages" for n in (20, 40, 50)]
    assert "\x1b" not in stream.getvalue()


def test_folders_count_as_they_are_opened_and_only_those_with_something_in_them() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = Progress(stream, clock=clock)
    empty = Folder("empty", ("A",), "1", 0)
    progress.list_folders([empty, *FOLDERS])
    for folder in (FOLDERS[1], FOLDERS[0], FOLDERS[1]):
        progress.open_folder(folder)
        clock.now += 20.0
        progress.count(Tally(1))
    lines = stream.getvalue().splitlines()
    assert [line.split(", ")[0] for line in lines] == [f"folder {n} of 2" for n in (1, 2, 2)]


def test_a_pass_without_news_shows_nothing() -> None:
    stream = Terminal()
    progress = Progress(stream)
    progress.list_folders(FOLDERS)
    progress.close()
    assert stream.getvalue() == ""


def test_quiet_is_quiet_but_for_what_must_be_said() -> None:
    stream, clock = Terminal(), Clock()
    progress = Progress(stream, quiet=True, clock=clock)
    clock.now = 9.0
    progress.count(Tally(1))
    progress.say("a pause")
    progress.close()
    assert stream.getvalue() == "a pause\n"


def test_what_is_said_takes_the_place_of_the_line() -> None:
    stream, clock = Terminal(), Clock()
    progress = Progress(stream, clock=clock)
    clock.now = 1.0
    progress.count(Tally(1))
    progress.say("a pause")
    assert stream.getvalue().endswith("1/s\r\x1b[Ka pause\n")


def test_a_watched_source_gives_what_the_source_gives() -> None:
    source = MemorySource()
    uid = source.deliver(("INBOX",), b"Subject: x\r\n\r\n")
    stream, clock = io.StringIO(), Clock()
    progress = Progress(stream, clock=clock)
    watched = WatchedSource(source, progress)
    (folder,) = watched.folders()
    assert [folder] == list(source.folders())
    assert watched.capabilities == source.capabilities
    (ref,) = watched.page(folder, "", BatchLimit()).refs
    assert ref.uid == uid
    assert list(watched.fetch(folder, [ref])) == list(source.fetch(folder, [ref]))
    assert watched.uids(folder, uid) == source.uids(folder, uid)
    assert watched.read_flags(folder, uid, "") == source.read_flags(folder, uid, "")
    watched.expect([(folder, "")])
    watched.close()
    clock.now = 99.0
    progress.count(Tally(1))
    assert stream.getvalue().startswith("folder 1 of 1, 1 of 1 messages")
