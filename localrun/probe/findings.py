"""What was learned, for a reader and for a program. The pilot's address is masked everywhere."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from localrun.probe.mask import Mask, mask_address
from localrun.probe.model import Answer, Fact, Verdict
from localrun.probe.options import Options

_COLOURS = {Verdict.LEARNED: "green", Verdict.NOT_ASKED: "yellow", Verdict.FAILED: "red"}

_ONE_LINE = 80


def show(console: Console, answer: Answer, mask: Mask) -> None:
    """One question and what became of it."""
    learned, probe = answer.learned, answer.probe
    title = Text()
    title.append(f"{learned.verdict:<10}", _COLOURS[learned.verdict])
    title.append(f"{probe.name:<18}", "bold")
    title.append(probe.question)
    console.print(title, soft_wrap=True)
    console.print(Padding(Text(mask.text(learned.answer)), (0, 0, 0, 10)))
    if learned.facts:
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        for name, value in learned.facts.items():
            table.add_row(Text(name, "dim"), Text(_say(mask.fact(value))))
        console.print(Padding(table, (0, 0, 0, 10)))


def summarise(console: Console, answers: Sequence[Answer], left: Sequence[str]) -> None:
    """The last lines: how much is known now, which option asks the rest, what is left behind."""
    counted = Counter(answer.learned.verdict for answer in answers)
    parts = [f"{counted[verdict]} {verdict}" for verdict in Verdict]
    console.print(Text(f"\n{len(answers)} questions: {', '.join(parts)}", "bold"))
    for sentence in left:
        console.print(Text(f"LEFT BEHIND: {sentence}", "red"), soft_wrap=True)


def write_json(
    file: Path, options: Options, answers: Sequence[Answer], left: Sequence[str], mask: Mask
) -> None:
    """The same for programs. OSError."""
    content = {
        "organization": options.organization,
        "region": options.region,
        "pilot": mask_address(options.pilot) if options.pilot else "",
        "wrote": options.write,
        "ended_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "questions": [
            {
                "name": answer.probe.name,
                "section": answer.probe.section,
                "question": answer.probe.question,
                "verdict": str(answer.learned.verdict),
                "answer": mask.text(answer.learned.answer),
                "facts": mask.fact(answer.learned.facts),
                "seconds": round(answer.seconds, 3),
            }
            for answer in answers
        ],
        "left_behind": list(left),
    }
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _say(fact: Fact) -> str:
    """A fact on as few lines as it can be read on."""
    if isinstance(fact, Mapping):
        return "\n".join(_say_entry(name, value) for name, value in fact.items()) or "none"
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    if isinstance(fact, Sequence) and not isinstance(fact, str):
        separator = "\n" if any(" " in str(value) for value in fact) else " "
        return separator.join(_say(value) for value in fact) or "none"
    return "-" if fact is None or fact == "" else str(fact)


def _say_entry(name: str, value: Fact) -> str:
    if not isinstance(value, Mapping):
        return f"{name}: {_say(value)}"
    lines = _say(value).split("\n")
    if sum(map(len, lines)) <= _ONE_LINE:
        return f"{name}: {', '.join(lines)}"
    return "\n  ".join([f"{name}:", *lines])
