"""A YAML or JSON document becomes the records of a manifest.

PyYAML reads both, because it tells where each value stands (docs/decisions/0013). A document has no
aliases, no tags and no key twice. What cannot be read is a fault with its place, and never quoted:
PyYAML's own messages hold names from the document.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Mapping

import yaml

from migration.manifest_columns import TABLES, Column, Form, Table
from migration.manifest_records import Contents, Fault, Place, Record
from migration.manifest_tables import UTF_16, name_hint, split_list

_DEEPEST = 10  # twice what a manifest needs; deeper ones would exhaust the stack
_TAG = "tag:yaml.org,2002:"
_TEXT, _WHOLE, _YES_NO = f"{_TAG}str", f"{_TAG}int", f"{_TAG}bool"
_WORDS: Mapping[str, str] = {
    _TEXT: "a text",
    _WHOLE: "a number",
    f"{_TAG}float": "a number",
    _YES_NO: "yes or no",
    f"{_TAG}null": "null",
    f"{_TAG}timestamp": "a date",
    f"{_TAG}seq": "a list",
    f"{_TAG}map": "a mapping",
}
_TRUE = ("yes", "true", "on")
_PLAIN_NUMBER = re.compile("0|[1-9][0-9]*")
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_NAME_IN_MESSAGE = re.compile(r"""(['"])(?!<)[^'"]{2,}\1""")
_ODD_IN_JSON = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What JSON allows within texts, and what ends a line for YAML or is refused by it."""

_SYNTAX_REMEDY = (
    'indent with spaces, and put texts into quotes that hold ": " or " #" or begin with a sign'
)
_QUOTES = "write it in quotes"


class _Refused(Exception):
    """Reading ends here, with this fault."""

    def __init__(self, place: Place, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.fault = Fault(place, problem, remedy)


class _Loader(yaml.SafeLoader):
    """Composes nodes only; nothing is constructed from them."""

    def __init__(self, file: str, text: str) -> None:
        super().__init__(text)
        self._file = file
        self._depth = 0

    def here(self) -> Place:
        """How far reading has come."""
        return Place(self._file, self.line + 1, character=self.column + 1)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        is_alias = self.check_event(yaml.AliasEvent)
        mark = self.current_event.start_mark  # the one that was just checked
        place = Place(self._file, mark.line + 1, character=mark.column + 1)
        if is_alias:
            raise _Refused(place, "aliases (*) are not read", "write the value itself")
        self._depth += 1
        if self._depth > _DEEPEST:
            remedy = "write lists of entries, as the examples have them"
            raise _Refused(place, "it is nested too deeply", remedy)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def read_document(file: str, body: bytes) -> Contents:
    """The entries of the document `file`: JSON if it is called .json, else YAML."""
    try:
        text = _decode(file, body)
        is_json = file.lower().endswith(".json")
        root = _compose_json(file, text) if is_json else _compose(file, text)
    except _Refused as refused:
        return Contents({}, (refused.fault,))
    reading = _Reading(file, is_json)
    records = reading.read_root(root)
    return Contents(records, tuple(reading.faults))


def _decode(file: str, body: bytes) -> str:
    if body.startswith(UTF_16):
        problem = "the file is UTF-16, not UTF-8"
        raise _Refused(Place(file, 1), problem, "save the file as UTF-8")
    try:
        return body.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        line = len(re.split(rb"\r\n|\n|\r", body[: error.start]))
        place = Place(file, line)
        raise _Refused(place, "the line is not UTF-8", "save the file as UTF-8") from None


def _compose_json(file: str, text: str) -> yaml.Node:
    """YAML knows nearly all of JSON: what it does not, is written for it in another way."""
    try:
        json.loads(text or "{}")
    except json.JSONDecodeError as error:
        place = Place(file, error.lineno, character=error.colno)
        problem = f"from here on it is no JSON ({error.msg})"
        raise _Refused(place, problem, "close what is open, and put texts into quotes") from None
    except RecursionError:
        remedy = "write lists of entries, as the examples have them"
        raise _Refused(Place(file, 1), "it is nested too deeply", remedy) from None
    text = text.replace("\t", " ")  # JSON has tabs only between values
    return _compose(file, _ODD_IN_JSON.sub(lambda odd: f"\\u{ord(odd[0]):04x}", text))


def _compose(file: str, text: str) -> yaml.Node:
    if odd := yaml.reader.Reader.NON_PRINTABLE.search(text):
        before = re.split(r"\r\n|[\n\r\x85\u2028\u2029]", text[: odd.start()])
        place = Place(file, len(before), character=len(before[-1]) + 1)
        problem = f"the character U+{ord(odd[0]):04X} is not allowed here"
        raise _Refused(place, problem, "remove it")
    loader = _Loader(file, text)
    try:
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise _refuse_syntax(file, text, error) from None
    except (ValueError, OverflowError):  # an escape in a text that stands for no character
        remedy = "write \\u and four digits, or the character itself"
        raise _Refused(loader.here(), "an escape stands for no character", remedy) from None
    if root is None:
        remedy = "begin with users: and one entry per mailbox"
        raise _Refused(Place(file, 1, character=1), "the file is empty", remedy)
    return root


def _refuse_syntax(file: str, text: str, error: yaml.MarkedYAMLError) -> _Refused:
    mark = error.problem_mark or error.context_mark
    place = Place(file, mark.line + 1, character=mark.column + 1) if mark else Place(file, 1)
    if mark and text[mark.index : mark.index + 1] == "\t":
        return _Refused(place, "a tab stands where YAML wants spaces", "indent with spaces")
    what = _NAME_IN_MESSAGE.sub("a name", error.problem or error.context or "")
    return _Refused(place, f"from here on it is no YAML ({what})", _SYNTAX_REMEDY)


class _Reading:
    """One document on its way into records; `faults` grows meanwhile."""

    def __init__(self, file: str, is_json: bool) -> None:
        self._file = file
        self._is_json = is_json
        self.faults: list[Fault] = []

    def read_root(self, root: yaml.Node) -> dict[str, tuple[Record, ...]]:
        records: dict[str, tuple[Record, ...]] = {}
        place = self._at(root)
        if not self._is_a(root, "map", place, f"begin with the keys {', '.join(TABLES)}"):
            return records
        for name, key, value in self._pairs(root, place, tuple(TABLES)):
            records[name] = tuple(self._read_list(TABLES[name], self._at(key, name), value))
        for table in TABLES.values():
            if table.needed and table.name not in records:
                missing = self._at(root, table.name)
                self._blame(missing, "the list is missing", f"add one entry per {table.row}")
        return records

    def _read_list(self, table: Table, place: Place, node: yaml.Node) -> Iterator[Record]:
        if not self._is_a(node, "seq", place, "write - before each entry, or leave the key out"):
            return
        if table.needed and not node.value:
            self._blame(place, "the list is empty", f"add one entry per {table.row}")
        for number, entry in enumerate(node.value):
            record = self._at(entry, f"{table.name}[{number}]")
            if self._is_a(entry, "map", record, "write keys and values"):
                yield self._read_record(table, record, entry)

    def _read_record(self, table: Table, place: Place, node: yaml.Node) -> Record:
        columns = {column.name: column for column in table.columns}
        texts: dict[str, str] = {}
        lists: dict[str, tuple[str, ...]] = {}
        marks: dict[tuple[str, int], Place] = {}
        written = set()
        for name, _, value in self._pairs(node, place, table.names):
            written.add(name)
            here = self._at(value, place.record, name)
            marks[name, -1] = here
            if columns[name].form is Form.LIST and isinstance(value, yaml.SequenceNode):
                lists[name] = tuple(self._read_items(here, value, marks))
            elif (text := self._read_text(columns[name], here, value)) is not None:
                texts[name] = text
                if columns[name].form is Form.LIST:
                    lists[name] = split_list(text)
        texts |= {name: "" for name in table.required if name not in written}
        return Record(place, texts, lists, marks)

    def _read_items(
        self, place: Place, node: yaml.Node, marks: dict[tuple[str, int], Place]
    ) -> Iterator[str]:
        read = 0
        for number, item in enumerate(node.value):
            here = self._at(item, place.record, place.column, number)
            if (text := self._read_plain(here, item, "a text")) is not None:
                marks[place.column, read] = here
                read += 1
                yield text

    def _read_text(self, column: Column, place: Place, node: yaml.Node) -> str | None:
        """The value as a table would have it; None if it is of a wrong type."""
        tag = self._tag(node)
        if column.form is Form.YES_NO and tag == _YES_NO:
            return "yes" if str(node.value).lower() in _TRUE else "no"
        if column.form is Form.NUMBER and tag == _WHOLE and _PLAIN_NUMBER.fullmatch(node.value):
            return str(node.value)
        wanted = {Form.LIST: "a list", Form.YES_NO: "yes or no", Form.NUMBER: "a whole number"}
        return self._read_plain(place, node, wanted.get(column.form, "a text"))

    def _read_plain(self, place: Place, node: yaml.Node, wanted: str) -> str | None:
        tag = self._tag(node)
        if tag != _TEXT or not isinstance(node, yaml.ScalarNode):
            is_text = wanted == "a text" and isinstance(node, yaml.ScalarNode)
            remedy = _QUOTES if is_text else f"write {wanted}"
            if tag == f"{_TAG}null":
                remedy = f"write {wanted}, or leave it out"
            self._blame(place, f"it is {_WORDS.get(tag, 'of a kind that is not read')}", remedy)
            return None
        text = node.value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        if half := _HALF_CHARACTER.search(text):
            self._blame(place, f"it holds half a character (U+{ord(half[0]):04X})", "remove it")
            return None
        return str(text).strip()

    def _pairs(
        self, node: yaml.Node, place: Place, known: tuple[str, ...]
    ) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
        """The pairs with known keys, each key once; the others are blamed."""
        seen: set[str] = set()
        for number, (key, value) in enumerate(node.value, 1):
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if name not in known:
                problem = f"key {number} is unknown"
                self._blame(self._at(key, place.record), problem, name_hint(name, known))
            elif name in seen:
                problem = "the key is there a second time"
                self._blame(self._at(key, place.record, name), problem, "remove one of the two")
            else:
                seen.add(name)
                yield name, key, value

    def _is_a(self, node: yaml.Node, kind: str, place: Place, remedy: str) -> bool:
        tag = self._tag(node)
        right = tag == f"{_TAG}{kind}" and isinstance(node, yaml.CollectionNode)
        if not right:
            what = _WORDS.get(tag, "of a kind that is not read")
            problem = f"it is {what}, not {_WORDS[f'{_TAG}{kind}']}"
            self._blame(place, problem, remedy)
        return right

    def _tag(self, node: yaml.Node) -> str:
        plain = isinstance(node, yaml.ScalarNode) and not node.style
        if self._is_json and plain and node.tag == _TEXT:
            return f"{_TAG}float"  # 1e3 and NaN, which YAML takes for texts
        return str(node.tag)

    def _at(self, node: yaml.Node, record: str = "", column: str = "", item: int = -1) -> Place:
        mark = node.start_mark
        return Place(self._file, mark.line + 1, record, column, item, mark.column + 1)

    def _blame(self, place: Place, problem: str, remedy: str) -> None:
        self.faults.append(Fault(place, problem, remedy))
