"""The manifest: its rows, its faults, and the wave that is made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from migration.manifest import Manifest, parse_manifest
from migration.model import ManifestRow

DOMAINS = ("example.com", "example.org")
HEADER = "source,target,username,display_name,first_name,last_name,aliases"


def parse(*lines: str) -> Manifest:
    return parse_manifest("\n".join(lines).encode(), DOMAINS)


def texts(*lines: str) -> list[str]:
    """The texts of the faults, behind the name of the file."""
    faults = [fault.text for fault in parse(*lines).faults]
    assert all(text.startswith("manifest.csv, line ") for text in faults)
    return [text.removeprefix("manifest.csv, ") for text in faults]


def problem_of(*lines: str) -> str:
    """The text of the only fault."""
    (text,) = texts(*lines)
    return text


# ---- what is read ----------------------------------------------------------------------------


def test_a_full_row() -> None:
    line = "anna,anna@example.com,aberg,Anna Berg,Anna,Berg,a.berg@example.com|office@example.org"
    manifest = parse(HEADER, line)
    assert manifest.faults == ()
    assert manifest.rows == (
        ManifestRow(
            line=2,
            source="anna",
            target="anna@example.com",
            username="aberg",
            display_name="Anna Berg",
            first_name="Anna",
            last_name="Berg",
            aliases=("a.berg@example.com", "office@example.org"),
        ),
    )


def test_target_and_user_name_have_defaults_and_columns_may_be_missing() -> None:
    manifest = parse("display_name,source", "Anna,anna+news@example.com")
    assert manifest.rows == (
        ManifestRow(2, "anna+news@example.com", "anna+news@example.com", "anna-news", "Anna"),
    )


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbfsource,display_name\r\nanna@example.com,Anna\r\n",
        b"Source; Display_Name\ranna@example.com;Anna\r",
        b'source,display_name,last_name\n"anna@example.com", "Anna",\n,,\n',
    ],
    ids=["byte order mark", "semicolons and capitals", "quotation marks and a line of commas"],
)
def test_the_ways_in_which_spreadsheets_write_it(body: bytes) -> None:
    manifest = parse_manifest(body, DOMAINS)
    assert manifest.faults == ()
    assert [(row.source, row.display_name) for row in manifest.rows] == [
        ("anna@example.com", "Anna")
    ]


def test_comments_and_blank_lines_are_counted_but_not_read() -> None:
    manifest = parse("# who", "", "source,display_name", "  # more", "a@example.com,A", "")
    assert [(row.line, row.source) for row in manifest.rows] == [(5, "a@example.com")]


def test_quoted_values_may_hold_the_separator() -> None:
    (row,) = parse("source,display_name", 'a@example.com,"Berg, ""Anna"""').rows
    assert row.display_name == 'Berg, "Anna"'


def test_without_domains_any_domain_is_good() -> None:
    body = b"source,display_name\na@elsewhere.test,A\n"
    assert [row.target for row in parse_manifest(body, []).rows] == ["a@elsewhere.test"]
    assert parse_manifest(body, DOMAINS).rows == ()


def test_the_example_is_without_fault() -> None:
    body = (Path(__file__).resolve().parents[2] / "examples" / "manifest.csv").read_bytes()
    manifest = parse_manifest(body, ["example.com"])
    assert manifest.faults == ()
    assert len(manifest.rows) == 3


# ---- what is wrong ---------------------------------------------------------------------------

TEN_FAULTS = (
    "source,target,username,dispaly_name,display_name,aliases",
    "o'neill@example.com,,,x,O'Neill,",
    "b@exampel.com,,,x,B,",
    "c@example.com,,a b,x,C,",
    ",d@example.com,,x,D,",
    "e@example.com,,,x,,",
    "f@example.com,,,x,F,f@example.com",
    "C@Example.com,,c2,x,C again,",
    "h@example.com,,,x,H",
    f"i@example.com,,,x,{'I' * 257},",
)


def test_ten_different_faults_are_answered_all_at_once() -> None:
    assert texts(*TEN_FAULTS) == EXPECTED.strip().splitlines()


EXPECTED = """
line 1: column 4 is unknown; did you mean display_name?
line 2, target: WorkMail refuses ' before the @; fill in the WorkMail address, because the source \
cannot serve as one
line 3, target: its domain is not one of the tenant's; did you mean example.com? Or add the domain \
to `domains` in the tenant file
line 4, username: WorkMail refuses a space in a user name; write at most 64 letters, digits and \
. _ -, or leave it empty
line 5, source: it is empty; write the login name or address that the mailbox has at the source
line 6, display_name: it is empty; write the name as colleagues see it
line 7, aliases: alias 1 is the same as target of this line; remove it from one of them
line 8, source: it is the same as in line 4; remove one of the two, because each mailbox is copied \
once
line 9: it has 5 values, and the header names 6 columns; give one value per column, and put values \
that hold , into "..."
line 10, display_name: it has 257 characters, and 256 are the most; shorten it
"""


def test_faults_quote_no_value() -> None:
    everything = " ".join(texts(*TEN_FAULTS)).lower()
    for line in TEN_FAULTS[1:]:
        for value in line.split(","):
            if "@" in value:
                assert value.lower() not in everything
    assert "neill" not in everything


@pytest.mark.parametrize("body", [b"", b"\n\n", b"# nothing\n"])
def test_an_empty_manifest(body: bytes) -> None:
    (fault,) = parse_manifest(body, DOMAINS).faults
    expected = f"manifest.csv, line 1: the file is empty; begin with the line {HEADER}"
    assert fault.text == expected


def test_a_header_alone() -> None:
    assert problem_of(HEADER) == "line 1: no line follows the header; add one line per mailbox"


def test_a_file_without_a_header_is_not_quoted() -> None:
    text = problem_of("anna@example.com,Anna Berg", "b@example.com,B")
    assert text == f"line 1: the first line does not name the columns; write {HEADER} above it"


def test_missing_and_repeated_columns() -> None:
    assert texts("source,source,aliases", "a@example.com,a@example.com,") == [
        "line 1, source: column 2 is there a second time; remove one of the two",
        "line 1, display_name: the column is missing; add it",
    ]


def test_every_line_that_is_not_utf_8_is_named_and_the_others_are_checked() -> None:
    body = "source,display_name\nj@example.com,Jörg\n!@example.com,A\nk@example.com,Käte\n"
    manifest = parse_manifest(body.encode("latin-1"), DOMAINS)
    assert [(fault.line, fault.problem) for fault in manifest.faults] == [
        (2, "the line is not UTF-8"),
        (3, "WorkMail refuses ! before the @"),
        (4, "the line is not UTF-8"),
    ]


def test_utf_16_is_told_as_such() -> None:
    (fault,) = parse_manifest("source,display_name\na,b".encode("utf-16"), DOMAINS).faults
    assert (
        fault.text
        == 'manifest.csv, line 1: the file is UTF-16, not UTF-8; save the file as "CSV UTF-8"'
    )


def test_control_characters_are_faults_once() -> None:
    text = problem_of("source,target,display_name", "a,a\x07@example.com,A")
    assert text == "line 2, target: it holds the control character U+0007; type the value anew"
    assert "U+0000" in problem_of("source,display_name", "a@example.com,A\x00B")


def test_an_open_quotation_mark_hides_no_other_line() -> None:
    manifest = parse("source,display_name", 'a@example.com,"A', "b@example.com,B")
    assert [fault.problem for fault in manifest.faults] == ["its quotation marks do not fit"]
    assert [row.line for row in manifest.rows] == [3]


def test_a_source_that_is_no_address_needs_a_target() -> None:
    text = problem_of("source,display_name", "anna,Anna")
    assert text.startswith("line 2, target: is no mail address, because it has no @; fill in")


def test_a_written_target_without_a_source() -> None:
    assert problem_of("source,target,display_name", ",a@example.com,A").startswith("line 2, source")


def test_user_names_of_more_than_64_characters() -> None:
    long = f"a@example.com,{'u' * 65},A"
    assert "65 characters, and 64" in problem_of("source,username,display_name", long)


def test_targets_that_meet_without_regard_to_case() -> None:
    lines = ("source,target,username,display_name", "a,X@example.com,a,A", "b,x@Example.com,b,B")
    assert problem_of(*lines).startswith("line 3, target: it is the same as in line 2; write")


def test_a_defaulted_target_that_another_row_has_written() -> None:
    lines = ("source,target,username,display_name", "a,x@example.com,,A", "x@example.com,,,X")
    assert problem_of(*lines).startswith("line 3, target: it is the same as in line 2")


def test_derived_user_names_that_meet() -> None:
    text = problem_of("source,display_name", "info@example.com,A", "info@example.org,B")
    assert text.startswith("line 3, username: it is the same as in line 2; write another name")


@pytest.mark.parametrize(
    ("first", "second", "fault"),
    [
        ("", "A@example.com", "line 3, aliases: alias 1 is the same as target of line 2"),
        ("b@example.com", "", "line 2, aliases: alias 1 is the same as target of line 3"),
        ("z@example.com", "y@example.com z@example.com",
         "line 3, aliases: alias 2 is the same as alias 1 of line 2"),
        ("z@example.com|Z@example.com", "",
         "line 2, aliases: alias 2 is the same as alias 1 of this line"),
    ],
)  # fmt: skip
def test_an_alias_belongs_to_one_mailbox(first: str, second: str, fault: str) -> None:
    rows = (f"a@example.com,A,{first}", f"b@example.com,B,{second}")
    assert problem_of("source,display_name,aliases", *rows).startswith(fault)


def test_aliases_are_checked_one_by_one() -> None:
    aliases = "ok@example.com b!@example.com c@foreign.test a@acme.awsapps.com"
    faults = texts("source,display_name,aliases", f"a@example.com,A,{aliases}")
    assert [text.split(";")[0] for text in faults] == [
        "line 2, aliases: alias 2: WorkMail refuses ! before the @",
        "line 2, aliases: alias 3: its domain is not one of the tenant's",
    ]


def test_more_aliases_than_workmail_gives_a_user() -> None:
    aliases = " ".join(f"alias{number}@example.com" for number in range(101))
    text = problem_of("source,display_name,aliases", f"a@example.com,A,{aliases}")
    assert "it has 101 aliases, and 100 are the most" in text


def test_rows_without_a_fault_of_their_own_are_kept() -> None:
    assert [row.line for row in parse(*TEN_FAULTS).rows] == []
    manifest = parse("source,display_name", "a@example.com,A", "b!@example.com,B")
    assert [row.line for row in manifest.rows] == [2]
