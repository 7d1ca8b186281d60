"""The series `progress-page`: a page in the bucket shows the run while it is at work.

The first execution is stopped by hand while it waits for the DNS, the second one completes. The
page is looked at in both while they wait, and after each has ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console

from localrun.runner import Options, Run
from localrun.scenario import Happening
from localrun.series.series import Played, Series, opened, show_rows
from localrun.series.small_tenant import SEEDED, USERS, check_end, mx_changes, story
from localrun.world import World

_TENANT = {
    "report": {"live": True},
    "cutover": {"approval": "auto", "drain_minutes": 5},
    "delta": {"interval_minutes": 5},
}
_HOUR = 3600
_ANEW = 'http-equiv="refresh"'


@dataclass(frozen=True, slots=True)
class Page:
    """The page of an execution as it was found, `when` it was looked at; `text` is empty if there
    was none."""

    execution: str
    when: str
    text: str

    def find_problems(self, status: str, *, asks_anew: bool, more: Sequence[str]) -> Iterator[str]:
        """What the page does not show that it should."""
        if not self.text:
            yield f"{self.execution} has no page {self.when}"
            return
        wanted = [f'<h1 id="now">{status}</h1>', *USERS, *more]
        for each in wanted:
            if each not in self.text:
                yield f"the page of {self.execution} lacks {each} {self.when}"
        if (_ANEW in self.text) != asks_anew:
            yield f"the page of {self.execution} is loaded anew {self.when}: {not asks_anew}"


class _PageReader:
    """Reads pages out of the bucket; stops the first execution after its second look."""

    def __init__(self) -> None:
        self.pages: list[Page] = []
        self.run: Run | None = None

    def look(self, execution: str, when: str) -> Page:
        assert self.run
        client = self.run.cloud.client("s3")
        bucket, key = self.run.cloud.output("BucketName"), f"reports/{execution}/progress.html"
        found = client.list_objects_v2(Bucket=bucket, Prefix=key).get("Contents", [])
        body = client.get_object(Bucket=bucket, Key=key)["Body"].read() if found else b""
        self.pages.append(Page(execution, when, body.decode("utf-8")))
        return self.pages[-1]

    def stop(self, _world: World) -> None:
        """As the button in the console does."""
        assert self.run
        self.look("stopped", "at work")
        arn = self.run.cloud.state_machine_arn.replace(":stateMachine:", ":execution:")
        self.run.cloud.client("stepfunctions").stop_execution(executionArn=f"{arn}:stopped")

    def look_again(self, _world: World) -> None:
        self.look("next", "at work")


def play(options: Options, console: Console, _size: int) -> Played:
    """Two executions."""
    reader = _PageReader()
    happenings = [
        Happening("WaitForDns", 2 * _HOUR, "somebody stops the execution", reader.stop),
        Happening("WaitForDns", 4 * _HOUR, "somebody looks at the page", reader.look_again),
        mx_changes(6 * _HOUR),
    ]
    with opened(story("progress-page", _TENANT, happenings), options, console) as run:
        reader.run = run
        stopped = run.wait(run.start("stopped", {}))
        reader.look("stopped", "at its end")
        ended = run.wait(run.start("next", {}))
        last = reader.look("next", "at its end")
        problems = list(check_end(run, ended, SEEDED))
    if stopped["status"] != "ABORTED":
        problems.append(f"the first execution ended as {stopped['status']}")
    problems += _check(reader.pages)
    for page in reader.pages:
        name = f"{page.execution}-{page.when.replace(' ', '-')}.html"
        (options.out / "progress-page" / name).write_text(page.text, "utf-8")
    rows = [(page.execution, page.when, f"{len(page.text):,}") for page in reader.pages]
    show_rows(console, "The page, as it was found", ("execution", "when", "characters"), rows)
    return Played(tuple(problems), {"pages": len(reader.pages), "bytes": len(last.text)})


def _check(pages: Sequence[Page]) -> Iterator[str]:
    waiting = ('<g class="current" data-state="WaitForDns">',)
    wanted = {
        ("stopped", "at work"): ("Running", True, waiting),
        ("stopped", "at its end"): ("Aborted", False, ('data-state="WaitForDns"',)),
        ("next", "at work"): ("Running", True, waiting),
        ("next", "at its end"): ("Ended", False, ("report.html", 'passed" data-state="Ver')),
    }
    found = {(page.execution, page.when): page for page in pages}
    for place, (status, asks_anew, more) in wanted.items():
        if place not in found:
            yield f"nobody has looked at the page of {place[0]} {place[1]}"
        else:
            yield from found[place].find_problems(status, asks_anew=asks_anew, more=more)


PROGRESS_PAGE = Series(
    "progress-page",
    "A page in the bucket shows a run at work, one that somebody stops, and how each has ended.",
    play,
)
