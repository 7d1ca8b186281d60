"""What a run shows line by line."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from localrun.display import PlainDisplay

START = 1_780_596_000.0  # 2026-06-04 18:00 UTC


def lines_of(*events: tuple[str, str]) -> list[str]:
    """What is printed of these events, a minute between them, without day and time."""
    file = StringIO()
    display = PlainDisplay(Console(file=file, width=200))
    for number, (kind, text) in enumerate(events):
        moment = START + 60 * number
        {"state": display.state, "note": display.note, "outside": display.happen}[kind](
            text, moment
        )
    return [line[len("Thu 2026-06-04 ") :] for line in file.getvalue().splitlines()]


def test_of_a_loop_the_first_round_is_shown_and_how_many_follow() -> None:
    loop = (("state", "CheckDns"), ("state", "WaitForDns"))
    shown = lines_of(*loop, *loop, *loop, ("state", "CheckDns"), ("state", "DrainOldMx"))
    assert shown == [
        "18:00:00  CheckDns",
        "18:01:00  WaitForDns",
        "18:06:00  CheckDns, WaitForDns: 3 times more",
        "18:07:00  DrainOldMx",
    ]


def test_what_is_noted_amid_a_loop_begins_a_new_round() -> None:
    loop = (("state", "CheckDns"), ("state", "WaitForDns"))
    shown = lines_of(*loop, *loop, ("note", "MX is right"), *loop, ("outside", "mail arrives"))
    assert shown == [
        "18:00:00  CheckDns",
        "18:01:00  WaitForDns",
        "18:03:00  CheckDns, WaitForDns: once more",
        "18:04:00  noted: MX is right",
        "18:05:00  CheckDns",
        "18:06:00  WaitForDns",
        "18:07:00  outside: mail arrives",
    ]
