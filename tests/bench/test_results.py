"""The arithmetic of rows, claims and tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.claims import Claim, claim_lines, judge
from bench.document import BEGIN, END, update_document
from bench.rows import (
    EWS,
    EWS_WHOLE,
    FIRST,
    LARGE,
    LIMITED,
    SECOND,
    Row,
    combine,
    read_rows,
    write_rows,
)
from bench.table import all_tables
from bench.tools import CEILING, EXCHANGELIB, INTERIMAP, LOOP, MBSYNC, MIGRATION, RAW_EWS


def row(
    tool: str,
    trip: int = 0,
    pass_name: str = FIRST,
    seconds: float = 1.0,
    *,
    messages: int = 1_000,
    memory: float = 50.0,
    reason: str = "",
    writes: int | None = None,
) -> Row:
    return Row(
        *(tool, trip, pass_name, messages, 10**6, seconds, memory, 0.5, not reason, reason),
        *(writes, (seconds,)),
    )


GOOD = [
    *(row(MIGRATION, trip, FIRST, 1.0, writes=30) for trip in (0, 20, 50)),
    *(row(MIGRATION, trip, SECOND, 0.1) for trip in (0, 20, 50)),
    *(row(INTERIMAP, trip, FIRST, seconds) for trip, seconds in ((0, 1.5), (20, 2.5), (50, 4))),
    *(row(INTERIMAP, trip, SECOND, 0.2) for trip in (0, 20, 50)),
    *(row(CEILING, trip, FIRST, 0.8) for trip in (0, 20, 50)),
    row(MBSYNC, 0, FIRST, 1.2, reason="1,000 altered"),
    row(LOOP, 20, FIRST, 10, messages=100),
    *(row(MIGRATION, 20, name, 2, messages=6, memory=120) for name in (LARGE, LIMITED)),
    row(MIGRATION, 20, EWS, 1.0, memory=300),
    row(EXCHANGELIB, 20, EWS, 5.0),
    row(RAW_EWS, 20, EWS, 0.5),
    row(MIGRATION, 20, EWS_WHOLE, 1.5, memory=300),
    row(EXCHANGELIB, 20, EWS_WHOLE, 7.0),
]


def claims(rows: list[Row]) -> dict[str, Claim]:
    return {claim.text.split(":")[0]: claim for claim in judge(rows)}


def changed(rows: list[Row], *new: Row) -> list[Row]:
    keys = {each.key for each in new}
    return [each for each in rows if each.key not in keys] + list(new)


def claim(rows: list[Row], word: str) -> Claim:
    (found,) = [each for each in judge(rows) if word in each.text]
    return found


def test_good_rows_bear_every_claim_out() -> None:
    assert [each.verdict for each in judge(GOOD)] == ["yes"] * 12
    assert claim(GOOD, "2 times interimap").value == pytest.approx(2.5)
    assert claim(GOOD, "3 times interimap").value == pytest.approx(4)
    for trip in (0, 20, 50):
        assert claim(GOOD, f"at {trip} ms at least 70 %").value == pytest.approx(0.8)
    assert claim(GOOD, "any peer").value == pytest.approx(1.2)
    assert claim(GOOD, "second pass").value == pytest.approx(2)
    assert claim(GOOD, "peak memory").value == 120
    assert claim(GOOD, "ledger").value == pytest.approx(0.03)
    assert claim(GOOD, "exchangelib").value == pytest.approx(5)


@pytest.mark.parametrize(
    ("word", "bad"),
    [
        ("2 times interimap", row(INTERIMAP, 20, FIRST, 1.9)),
        ("3 times interimap", row(INTERIMAP, 50, FIRST, 2.9)),
        ("at 0 ms at least 70 %", row(CEILING, 0, FIRST, 0.6)),
        ("at 20 ms at least 70 %", row(CEILING, 20, FIRST, 0.6)),
        ("at 50 ms at least 70 %", row(CEILING, 50, FIRST, 0.6)),
        ("any peer", row(MBSYNC, 0, FIRST, 0.9)),
        ("second pass", row(INTERIMAP, 50, SECOND, 0.09)),
        ("peak memory", row(MIGRATION, 20, LARGE, 2, messages=6, memory=129)),
        ("identical", row(MIGRATION, 20, SECOND, 0.1, reason="1 missing")),
        ("address space", row(MIGRATION, 20, LIMITED, 0, messages=6, reason="exit code 1: x")),
        ("ledger", row(MIGRATION, 20, FIRST, 1.0, writes=51)),
        ("exchangelib", row(EXCHANGELIB, 20, EWS, 3.9)),
    ],
)
def test_one_bad_row_refutes_its_claim(word: str, bad: Row) -> None:
    rows = changed(GOOD, bad)
    assert claim(rows, word).verdict == "NO"


def test_a_run_of_ours_that_failed_refutes() -> None:
    rows = changed(GOOD, row(MIGRATION, 20, FIRST, 0.0, reason="exit code 1: x"))
    assert claim(rows, "2 times interimap").verdict == "NO"


def test_a_peer_that_failed_proves_nothing() -> None:
    rows = changed(GOOD, row(INTERIMAP, 20, FIRST, 0.0, reason="exit code 1: x"))
    assert claim(rows, "2 times interimap").verdict == "not measured"


def test_the_ratio_is_of_speeds_when_the_mailboxes_differ() -> None:
    rows = [row(MIGRATION, 20, FIRST, 1.0), row(INTERIMAP, 20, FIRST, 1.0, messages=100)]
    assert claim(rows, "2 times interimap").value == pytest.approx(10)


def test_without_rows_nothing_is_claimed() -> None:
    assert {each.verdict for each in judge([])} == {"not measured"}
    assert {each.verdict for each in judge([row(INTERIMAP), row(CEILING)])} == {"not measured"}


def test_an_emulator_that_is_too_slow_is_named() -> None:
    rows = changed(GOOD, row(RAW_EWS, 20, EWS, 2.0))
    assert claim(rows, "exchangelib").detail == (
        "the emulator is the limit: raw requests reach 2.5 times"
    )
    assert claim(GOOD, "exchangelib").detail == ""


def test_the_lines_of_the_claims() -> None:
    assert claim_lines([Claim("fast", 2.0, True), Claim("small", 9.5, False, "why")]) == [
        "yes          fast: 2",
        "NO           small: 9.5 (why)",
    ]


def test_repetitions_become_their_median() -> None:
    runs = [
        row(MIGRATION, seconds=3.0, memory=40),
        row(INTERIMAP),
        row(MIGRATION, seconds=1.0, memory=60, reason="1 missing"),
        row(MIGRATION, seconds=2.0),
    ]
    ours, theirs = combine(runs)
    assert theirs.tool == INTERIMAP
    assert (ours.seconds, ours.peak_memory_mb, ours.repeats) == (2.0, 60, (3.0, 1.0, 2.0))
    assert (ours.identical, ours.reason) == (False, "1 missing")
    assert ours.messages_per_second == pytest.approx(500)


def test_a_failed_repetition_is_not_averaged() -> None:
    failed = row(MIGRATION, seconds=0.0, reason="exit code 1: x")
    (found,) = combine([row(MIGRATION, seconds=2.0), failed])
    assert (found.seconds, found.identical) == (2.0, False)
    (found,) = combine([failed])
    assert (found.seconds, found.messages_per_second) == (0.0, 0.0)


def test_rows_survive_their_file(tmp_path: Path) -> None:
    file = tmp_path / "results" / "latest.json"
    write_rows(GOOD, file)
    assert read_rows(file) == GOOD


def test_the_keys_of_a_row() -> None:
    found = row(MIGRATION, 20, FIRST, 2.0, writes=40).to_json()
    assert found["round_trip"] == 20
    assert found["pass"] == "first"
    assert found["messages_per_second"] == 500
    assert found["identical"] == "yes"
    assert found["ledger_writes_per_message"] == 0.04
    assert found["repeats"] == [2.0]


def test_the_tables() -> None:
    imap, large = all_tables(GOOD).split("\n\n| ")[0], "40 MB messages"
    text = all_tables(GOOD)
    lines = {line.split("|")[1].strip(): line for line in imap.splitlines() if "|" in line}
    assert "1,000 / 0.1 s" in lines[MIGRATION]
    assert "10 / - (*)" in lines[LOOP]
    assert "no: 1,000 altered" in lines[MBSYNC]
    assert "(*) with 100 messages of the same kinds instead of 1,000" in text
    assert large in text
    assert "migration within 512 MB" in text
    assert "| EWS, writing" in text
    assert "| EWS, whole run" in text
    assert all_tables([]) == ""


def test_a_failed_run_is_shown_as_failed() -> None:
    text = all_tables([row(MIGRATION, seconds=0.0, reason="exit code 2: x")])
    assert "failed" in text
    assert "no: exit code 2: x" in text


def test_the_page_is_written_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", "utf-8")
    update_document(GOOD, page)
    update_document(GOOD, page)
    text = page.read_text("utf-8")
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"{END}\nafter\n")
    assert text.count("| migration") == 5
    assert "old" not in text


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing", "utf-8")
    with pytest.raises(ValueError, match="no marks"):
        update_document(GOOD, page)
    assert page.read_text("utf-8") == "nothing"
