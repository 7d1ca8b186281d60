"""What a run shows while it works: a live picture on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

Counts = Callable[[], Mapping[str, int]]
REFRESH_SECONDS = 0.25
SHOWN_STATES = 14
SHOWN_NOTES = 4


class Display(Protocol):
    """Told what happens: states that are entered, what `happen`s outside, what the run `note`s in
    its timeline, what it `tell`s the operators. `follow` starts showing the virtual clock and
    messages per mailbox."""

    def say(self, text: str) -> None: ...

    def state(self, name: str, moment: float) -> None: ...

    def happen(self, what: str, moment: float) -> None: ...

    def note(self, what: str, moment: float) -> None: ...

    def tell(self, subject: str, moment: float) -> None: ...

    def follow(
        self, now: Callable[[], float], counts: Counts, names: Mapping[str, str]
    ) -> None: ...

    def close(self) -> None: ...


def format_moment(moment: float) -> str:
    """Virtual time as an operator reads it: `Fri 2026-12-04 18:00:00`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%a %Y-%m-%d %H:%M:%S")


class PlainDisplay:
    """One line per event; counts of messages whenever they have changed a while later. Of a loop
    in which nothing else happens, the first round is shown, and how many follow."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._printing = threading.Lock()
        self._round: dict[str, int] = {}
        self._round_ended = 0.0
        self._ended = threading.Event()
        self._follower: threading.Thread | None = None

    def say(self, text: str) -> None:
        self._print(text)

    def state(self, name: str, moment: float) -> None:
        with self._printing:
            again = name in self._round
            if again:
                self._round[name] += 1
                self._round_ended = moment
        if not again:
            self._print(f"{format_moment(moment)}  {name}", name)

    def happen(self, what: str, moment: float) -> None:
        self._print(f"{format_moment(moment)}  outside: {what}")

    def note(self, what: str, moment: float) -> None:
        self._print(f"{format_moment(moment)}  noted: {what}")

    def tell(self, subject: str, moment: float) -> None:
        self._print(f"{format_moment(moment)}  told: {subject}")

    def follow(self, now: Callable[[], float], counts: Counts, names: Mapping[str, str]) -> None:
        def watch() -> None:
            shown = 0
            while not self._ended.wait(1):
                total = sum(counts().values())
                if total != shown:
                    shown = total
                    self._print(f"{format_moment(now())}  {total} messages at the target")

        self._follower = threading.Thread(target=watch, daemon=True)
        self._follower.start()

    def close(self) -> None:
        self._ended.set()

    def _print(self, text: str, state: str = "") -> None:
        """`state` is the one that the line tells; "" if it tells something else."""
        with self._printing:
            repeated = [name for name, times in self._round.items() if times]
            if repeated:
                times = max(self._round.values())
                rounds = "once more" if times == 1 else f"{times} times more"
                self._put(f"{format_moment(self._round_ended)}  {', '.join(repeated)}: {rounds}")
            if repeated or not state:
                self._round.clear()
            if state:
                self._round[state] = 0
            self._put(text)

    def _put(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class LiveDisplay:
    """A picture that is drawn anew four times a second: states passed, mailboxes, the clock."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._passed: dict[str, tuple[float, int]] = {}
        self._outside: list[str] = []
        self._notes: list[str] = []
        self._told: list[str] = []
        self._now: Callable[[], float] | None = None
        self._counts: Counts = dict
        self._names: Mapping[str, str] = {}
        self._started = time.monotonic()
        self._live: Live | None = None

    def say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False)

    def state(self, name: str, moment: float) -> None:
        # A state that is entered again moves to the end, so that a loop takes no more room.
        _, times = self._passed.pop(name, (0.0, 0))
        self._passed[name] = (moment, times + 1)

    def happen(self, what: str, moment: float) -> None:
        self._outside.append(f"{format_moment(moment)}  {what}")

    def note(self, what: str, moment: float) -> None:
        self._notes.append(f"{format_moment(moment)}  {what}")

    def tell(self, subject: str, moment: float) -> None:
        self._told.append(f"{format_moment(moment)}  {subject}")

    def follow(self, now: Callable[[], float], counts: Counts, names: Mapping[str, str]) -> None:
        self._now, self._counts, self._names = now, counts, names
        self._live = Live(
            console=self._console,
            get_renderable=self._draw,
            refresh_per_second=1 / REFRESH_SECONDS,
        )
        self._live.start()

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _draw(self) -> Group:
        moment = self._now() if self._now else 0.0
        real = time.monotonic() - self._started
        clock = Text(f"{format_moment(moment)} (virtual)   {real:.0f} s (real)", style="bold")
        mailboxes = Table(box=None, padding=(0, 2), show_edge=False)
        mailboxes.add_column("mailbox")
        mailboxes.add_column("messages at the target", justify="right")
        counts = self._counts()
        for address, name in self._names.items():
            mailboxes.add_row(name, str(counts.get(address, 0)))
        states = Table(box=None, padding=(0, 2), show_edge=False, show_header=False)
        passed = list(self._passed.items())
        for name, (entered, times) in passed[-SHOWN_STATES:]:
            last = name == passed[-1][0]
            mark = Text("▶", style="yellow") if last else Text("✓", style="green")
            again = f"x{times}" if times > 1 else ""
            states.add_row(mark, name, again, format_moment(entered))
        outside = [Text(f"outside: {line}", style="cyan") for line in self._outside[-4:]]
        notes = [Text(f"noted: {line}", style="green") for line in self._notes[-SHOWN_NOTES:]]
        told = [Text(f"told: {line}", style="magenta") for line in self._told[-SHOWN_NOTES:]]
        return Group(clock, Text(), states, Text(), mailboxes, *notes, *told, *outside)


class Shown:
    """A display for the length of a run: live on a terminal, lines otherwise."""

    def __init__(self, console: Console, *, plain: bool = False) -> None:
        live = console.is_terminal and not console.is_dumb_terminal and not plain
        self.display: Display = LiveDisplay(console) if live else PlainDisplay(console)

    def __enter__(self) -> Display:
        return self.display

    def __exit__(self, *_: object) -> None:
        self.display.close()
