"""Manifests that are one YAML or JSON document: what is read, and where faults stand."""

from __future__ import annotations

import json
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.manifest import Manifest, parse_manifest
from migration.model import Profile

DOMAINS = ("example.com",)


def parse(text: str | bytes, name: str = "manifest.yaml") -> Manifest:
    body = textwrap.dedent(text).lstrip("\n").encode() if isinstance(text, str) else text
    return parse_manifest(body, DOMAINS, "acme", name)


def texts(text: str | bytes, name: str = "manifest.yaml") -> list[str]:
    return [fault.text for fault in parse(text, name).faults]


def fault_of(value: str) -> str:
    """The only fault of a user with this line in the entry, without the file's name."""
    (text,) = texts(f"users:\n  - source: a@example.com\n    display_name: A\n    {value}\n")
    return text.removeprefix("manifest.yaml, ")


# ---- what is read ----------------------------------------------------------------------------


def test_values_of_every_form() -> None:
    manifest = parse("""
        # a comment
        users:
          - source: anna
            target: Anna@example.com
            display_name: "Berg, Anna: sales"
            aliases:
              - a@example.com
              - "b@example.com"
            telephone: "+47 1"
            zip_code: '0150'
            hidden: true
            role: remote_user
            quota_mb: 2048
          - {source: b1@example.com, display_name: B, aliases: c@example.com|d@example.com,
             quota_mb: "512", hidden: "No", aliases_: x}
        """)
    assert [fault.place.path for fault in manifest.faults] == ["users[1]"]
    (anna,) = manifest.rows
    assert (anna.line, anna.source, anna.target) == (3, "anna", "Anna@example.com")
    assert anna.aliases == ("a@example.com", "b@example.com")
    assert anna.display_name == "Berg, Anna: sales"
    assert anna.quota_mb == 2048
    assert anna.profile == Profile(
        telephone="+47 1", zip_code="0150", hidden=True, role="REMOTE_USER"
    )


def test_lists_and_yes_and_numbers_may_be_written_as_in_a_table() -> None:
    (row,) = parse("""
        users:
          - source: b@example.com
            display_name: B
            aliases: c@example.com | d@example.com
            quota_mb: "512"
            hidden: "No"
        """).rows
    assert (row.aliases, row.quota_mb) == (("c@example.com", "d@example.com"), 512)
    assert row.profile.hidden is False


@pytest.mark.parametrize(
    "word", ["yes", "Yes", "true", "True", "on", '"yes"', "no", "FALSE", "off"]
)
def test_every_way_to_write_yes_or_no(word: str) -> None:
    manifest = parse(f"users: [{{source: a@example.com, display_name: A, hidden: {word}}}]")
    assert manifest.faults == ()
    assert manifest.rows[0].profile.hidden == (word.lower().strip('"') in ("yes", "true", "on"))


def test_texts_over_several_lines_are_read_as_yaml_means_them() -> None:
    (row,) = parse("""
        users:
          - source: b@example.com
            display_name: >-
              Bola
              Okafor
            aliases: >
              c@example.com
              d@example.com
        """).rows
    assert row.display_name == "Bola Okafor"
    assert row.aliases == ("c@example.com", "d@example.com")


def test_json_with_everything_that_yaml_reads_otherwise() -> None:
    name = "M\u00fcller \U0001f600 \u2028\u0085 \\/\t.".replace("\t", "")
    document = {"users": [{"source": "a@example.com", "display_name": name, "hidden": True}]}
    for body in (
        json.dumps(document, ensure_ascii=False).encode(),
        json.dumps(document, indent="\t").encode(),
        json.dumps(document).replace("/", "\\/").encode("utf-8-sig"),
        json.dumps(document, separators=(",", ":")).encode(),
        json.dumps(document, indent=2).replace("\n", "\r\n").encode(),
    ):
        faults = parse(body, "m.JSON").faults
        assert [fault.problem for fault in faults] == ["it holds the control character U+0085"]
    document["users"][0]["display_name"] = name.replace("\u0085", "")
    (row,) = parse(json.dumps(document, indent="\t").encode(), "m.json").rows
    assert row.display_name == name.replace("\u0085", "")


def test_the_examples_of_the_documentation_name_line_and_column() -> None:
    assert texts("""
        users:
          - source: a@example.com
            display_name: A
        groups:
          - address: g0@example.com
          - address: g1@example.com
          - address: g2@example.com
            members:
              - a@example.com
              - x@gmail.test
        """) == [
        (
            "manifest.yaml, line 10, column 9 (groups[2].members[1]): member 2: its domain is not "
            "one of the tenant's, and WorkMail knows nobody outside the organization; use one of "
            "example.com. Or add the domain to `domains` in the tenant file; else leave it out"
        )
    ]


def test_entries_that_meet_name_each_other() -> None:
    user = '{"source": "a@example.com", "display_name": "A"}'
    group = '{"address": "A@example.com"}'
    found = texts(f'{{"users": [{user}, {user}], "groups": [{group}]}}', "m.json")
    assert [text.split(";")[0] for text in found] == [
        "m.json, line 1, column 73 (users[1].source): it is the same as in users[0] (line 1)",
        (
            "m.json, line 1, column 136 (groups[0].address): it is the same as target of users[0] "
            "(line 1)"
        ),
    ]


def test_entries_of_one_line_are_judged_one_by_one() -> None:
    manifest = parse("users: [{source: a@example.com, display_name: A}, {source: b@example.com}]")
    assert [row.source for row in manifest.rows] == ["a@example.com"]
    assert [fault.text for fault in manifest.faults] == [
        (
            "manifest.yaml, line 1, column 51 (users[1].display_name): it is empty; write the name "
            "as colleagues see it"
        )
    ]


# ---- wrong types -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("first_name: 5", "column 17 (users[0].first_name): it is a number; write it in quotes"),
        ("zip_code: 0150", "column 15 (users[0].zip_code): it is a number; write it in quotes"),
        ("office: 3.14", "column 13 (users[0].office): it is a number; write it in quotes"),
        ("country: NO", "column 14 (users[0].country): it is yes or no; write it in quotes"),
        ("office: 2026-11-30", "column 13 (users[0].office): it is a date; write it in quotes"),
        ("city: null", "column 11 (users[0].city): it is null; write a text, or leave it out"),
        ("city:", "column 10 (users[0].city): it is null; write a text, or leave it out"),
        ("city: [Oslo]", "column 11 (users[0].city): it is a list; write a text"),
        ("city: {a: b}", "column 11 (users[0].city): it is a mapping; write a text"),
        ("city: !x Oslo", "column 11 (users[0].city): it is of a kind that is not read; write it"),
        ("city: =", "column 11 (users[0].city): it is of a kind that is not read; write it in qu"),
        ('city: "\\ud800"', "column 11 (users[0].city): it holds half a character (U+D800); rem"),
        ("aliases: 5", "column 14 (users[0].aliases): it is a number; write a list"),
        ("aliases: {}", "column 14 (users[0].aliases): it is a mapping; write a list"),
        ("aliases:", "column 13 (users[0].aliases): it is null; write a list, or leave it out"),
        ("aliases: [b@example.com, 5]",
         "column 30 (users[0].aliases[1]): it is a number; write it in quotes"),
        ("aliases: [b@example.com, [c]]",
         "column 30 (users[0].aliases[1]): it is a list; write a text"),
        ("aliases: ['']", "column 15 (users[0].aliases[0]): alias 1: is no mail address, because"),
        ("hidden: 1", "column 13 (users[0].hidden): it is a number; write yes or no"),
        ("hidden: maybe", "column 13 (users[0].hidden): it is neither yes nor no; write yes, no"),
        ("hidden: []", "column 13 (users[0].hidden): it is a list; write yes or no"),
        ("quota_mb: 1.5", "column 15 (users[0].quota_mb): it is a number; write a whole number"),
        ("quota_mb: 0x10", "column 15 (users[0].quota_mb): it is a number; write a whole number"),
        ("quota_mb: 010", "column 15 (users[0].quota_mb): it is a number; write a whole number"),
        ("quota_mb: 1_000", "column 15 (users[0].quota_mb): it is a number; write a whole number"),
        ("quota_mb: 0", "column 15 (users[0].quota_mb): it is no size that a mailbox can have"),
        ("quota_mb: -1", "column 15 (users[0].quota_mb): it is a number; write a whole number"),
        ("quota_mb: yes", "column 15 (users[0].quota_mb): it is yes or no; write a whole number"),
        ("frist_name: A", "column 5 (users[0]): key 3 is unknown; did you mean first_name?"),
        ("anna@example.com: A", "column 5 (users[0]): key 3 is unknown; known are source, target,"),
        ("? [a]\n    : b", "column 7 (users[0]): key 3 is unknown; known are source, target"),
        ("<<: {a: b}", "column 5 (users[0]): key 3 is unknown; known are source"),
        ("source: b@example.com",
         "column 5 (users[0].source): the key is there a second time; remove one of the two"),
    ],
)  # fmt: skip
def test_a_value_of_a_wrong_type_has_its_place_and_its_remedy(value: str, fault: str) -> None:
    assert fault_of(value).startswith(f"line 4, {fault}")


def test_every_item_of_a_list_is_judged_beside_one_of_a_wrong_type() -> None:
    value = "aliases: [b@example.com, null, 'c!@example.com', B@example.com]"
    text = f"users:\n  - source: a@example.com\n    display_name: A\n    {value}\n"
    assert [(each.place.path, each.problem) for each in parse(text).faults] == [
        ("users[0].aliases[1]", "it is null"),
        ("users[0].aliases[2]", "alias 3: WorkMail refuses ! before the @"),
        ("users[0].aliases[3]", "alias 4 is the same as alias 1 of this entry"),
    ]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("[]", ["line 1, column 1: it is a list, not a mapping; begin with the keys"]),
        ("hello", ["line 1, column 1: it is a text, not a mapping"]),
        ("source,display_name\na@example.com,A\n", ["line 1, column 1: it is a text, not a map"]),
        ("groups: []", ["line 1, column 1 (users): the list is missing; add one entry per"]),
        ("users: []", ["line 1, column 1 (users): the list is empty; add one entry per mailbox"]),
        ("users:", ["line 1, column 1 (users): it is null, not a list; write - before each entry"]),
        ("users: {a: b}", ["line 1, column 1 (users): it is a mapping, not a list; write - be"]),
        ("users: [5]", ["line 1, column 9 (users[0]): it is a number, not a mapping; write keys"]),
        ("users: [{}]", ["line 1, column 9 (users[0].source): it is empty; write the login name",
                         "line 1, column 9 (users[0].display_name): it is empty; write the name"]),
        ("user: []", ["line 1, column 1: key 1 is unknown; did you mean users?",
                      "line 1, column 1 (users): the list is missing; add one entry per mailbox"]),
        ("users: !!set {a}", ["line 1, column 1 (users): it is of a kind that is not read, not a"]),
    ],
)  # fmt: skip
def test_a_document_of_another_shape(text: str, faults: list[str]) -> None:
    found = texts(text)
    assert len(found) == len(faults)
    for one, start in zip(found, faults, strict=True):
        assert one.startswith(f"manifest.yaml, {start}")


# ---- what is no document ---------------------------------------------------------------------

GOOD = "users:\n  - source: a@example.com\n    display_name: A\n"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"", "line 1, column 1: the file is empty; begin with users: and one entry per mailbox"),
        (b"\xef\xbb\xbf# nothing\n", "line 1, column 1: the file is empty; begin with users:"),
        (GOOD.encode("utf-16"), "line 1: the file is UTF-16, not UTF-8; save the file as UTF-8"),
        (GOOD.encode() + b"    city: \xe5\n", "line 4: the line is not UTF-8; save the file"),
        (GOOD.encode() + b"    city: a\x07b\n",
         "line 4, column 12: the character U+0007 is not allowed here; remove it"),
        (GOOD.encode() + b"\tcity: a\n", "line 4, column 1: a tab stands where YAML wants spaces"),
        (GOOD.encode() + b"   city: a\n",
         "line 4, column 4: from here on it is no YAML (expected <block end>, but"),
        (GOOD.encode() + b"    city: a: b\n",
         ("line 4, column 12: from here on it is no YAML (mapping values are not allowed here); "
         "indent with spaces, and put texts into quotes that hold")),
        (GOOD.encode() + b"    city: @a\n",
         "line 4, column 11: from here on it is no YAML (found character '@' that cannot start"),
        (GOOD.encode() + b'    city: "a\n', "line 5, column 1: from here on it is no YAML ("),
        (GOOD.encode() + b'    city: "\\U00110000"\n', "line 4, column 14: an escape stands for"),
        (GOOD.encode() + b"    city: *anna\n",
         "line 4, column 11: aliases (*) are not read; write the value itself"),
        (GOOD.encode() + b"    city: !anna!x y\n",
         "line 4, column 11: from here on it is no YAML (found undefined tag handle a name)"),
        (GOOD.encode() + b"---\nusers: []\n", "line 4, column 1: from here on it is no YAML (but"),
        (b"a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "line 2, column 8: aliases (*) are not read"),
        (b"users: " + b"[" * 100_000, "line 1, column 17: it is nested too deeply; write lists of"),
        (b"{" * 100_000, "line 1, column 11: it is nested too deeply; write lists of entries"),
    ],
)  # fmt: skip
def test_what_is_no_yaml_has_one_fault_with_its_place(body: bytes, fault: str) -> None:
    (text,) = texts(body)
    assert text.removeprefix("manifest.yaml, ")[: len(fault)] == fault
    assert "anna" not in text


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "line 1, column 1: the file is empty"),
        ('{"users": [}', "line 1, column 12: from here on it is no JSON (Expecting value); close"),
        ('{"users": [\n {"source" "a"}]}', "line 2, column 12: from here on it is no JSON ("),
        ("users: []", "line 1, column 1: from here on it is no JSON (Expecting value)"),
        ('{"users": "a\tb"}', "line 1, column 13: from here on it is no JSON (Invalid control"),
        ("[" * 100_000, "line 1: it is nested too deeply"),
        ('{"users": [{"source": 1e3, "display_name": "A"}]}',
         "line 1, column 23 (users[0].source): it is a number; write it in quotes"),
        ('{"users": [{"source": "a@example.com", "display_name": NaN}]}',
         "line 1, column 56 (users[0].display_name): it is a number; write it in quotes"),
        ('{"users": [{"source": "a@example.com", "display_name": null}]}',
         "line 1, column 56 (users[0].display_name): it is null; write a text, or leave it out"),
        ('{"users": [{"source": "a@example.com", "display_name": "\\ud83d x"}]}',
         "line 1, column 56 (users[0].display_name): it holds half a character (U+D83D); remove"),
        ('{"users": [{"source": "a@example.com", "display_name": "A", "display_name": "B"}]}',
         "line 1, column 61 (users[0].display_name): the key is there a second time"),
    ],
)  # fmt: skip
def test_what_is_no_json_of_a_manifest(text: str, fault: str) -> None:
    (found,) = texts(text, "m.json")
    assert found.startswith(f"m.json, {fault}")


def test_a_yaml_file_of_a_folder_is_named_by_its_own_name() -> None:
    (fault,) = parse(b"", "acme.yml").faults
    assert (fault.file, fault.line, fault.column) == ("acme.yml", 1, "column 1")


SIGNS = st.text(
    st.sampled_from("users: -[]{}\n\t\"'#&*!|>%@,?\\ud80abc=<0~\x85\u2028\ufeff"), max_size=40
)


@given(st.binary(max_size=60) | SIGNS.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_nothing_but_faults_comes_of_any_bytes(body: bytes) -> None:
    for name in ("m.yaml", "m.json", "m.csv"):
        assert parse(body, name).faults


@given(SIGNS)
def test_nothing_but_faults_comes_of_any_value(text: str) -> None:
    parse(f"users:\n  - source: {text}\n    display_name: A\n")
    parse(f'{{"users": [{{"source": "{text}", "display_name": "A"}}]}}', "m.json")
