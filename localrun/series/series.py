"""What a series is, and how it is played on one laptop cloud."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from localrun.display import PlainDisplay
from localrun.runner import Options, Run
from localrun.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Played:
    """What a series came to. `problems` says in words what was not as it must be; `facts` stand in
    the JSON line that ends the output."""

    problems: tuple[str, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Series:
    """A named series. `play` gets the options, a console for its tables, and how large the tenant
    shall be (0: as the series has it)."""

    name: str
    sentence: str
    play: Callable[[Options, Console, int], Played]

    def run(self, options: Options, console: Console, size: int) -> int:
        """Plays it and prints the JSON line; the process's exit status."""
        played = self.play(options, console, size)
        for problem in played.problems:
            console.print(f"problem: {problem}", markup=False, highlight=False, soft_wrap=True)
        verdict = "failed" if played.problems else "ok"
        print(
            json.dumps(
                {
                    "scenario": self.name,
                    "verdict": verdict,
                    **played.facts,
                    "problems": list(played.problems),
                }
            )
        )
        return 1 if played.problems else 0


def show_rows(
    console: Console, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]
) -> None:
    """A table of what happened; words that do not fit go on in the next line."""
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)


@contextmanager
def opened(story: Scenario, options: Options, console: Console) -> Iterator[Run]:
    """The cloud of a story before any execution; what happens is shown line by line."""
    with Run(story, options, PlainDisplay(console)) as run:
        yield run
