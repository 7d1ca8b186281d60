"""Values of vCard (RFC 6350, RFC 2426 and the older 2.1). What cannot be read is a ValueError."""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from migration.items.contact import DayOfLife, Place, Use
from migration.items.content import Attachment
from migration.items.ical_content import decode
from migration.items.lines import Line, split_values, unescape

_DAY = re.compile(r"(?:(\d{4})-?|--)(\d\d)-?(\d\d)(?:[Tt ].*)?")
_NO_YEAR = 1604  # what Apple writes where the year is not said; it has a 29 February
_BARE_ENCODINGS = {"BASE64": "B", "B": "B", "QUOTED-PRINTABLE": "QUOTED-PRINTABLE"}
_USES = {
    **{use.value: use for use in Use},
    "mobile": Use.CELL,
    "iphone": Use.CELL,
    "pcs": Use.CELL,
    "msg": Use.TEXT,
    "tty-tdd": Use.TEXT_PHONE,
    "ttytdd": Use.TEXT_PHONE,
    "tlx": Use.TELEX,
    "telex": Use.TELEX,
    "x-evolution-assistant": Use.ASSISTANT,
    "x-evolution-callback": Use.CALLBACK,
    "assistant": Use.ASSISTANT,
    "callback": Use.CALLBACK,
    "x-evolution-company": Use.COMPANY,
    "x-evolution-radio": Use.RADIO,
    "radio": Use.RADIO,
    "company": Use.COMPANY,
    "x-evolution-telex": Use.TELEX,
    "x-evolution-ttytdd": Use.TEXT_PHONE,
}
_PLACES = {"home": Place.HOME, "dom": Place.UNSAID, "work": Place.WORK, "other": Place.OTHER}


def normalise(line: Line) -> Line:
    """The property as RFC 6350 has it: 2.1's bare parameters are types, and its quoted-printable is
    read. A ValueError if its character set is unknown."""
    named = []
    encoding = line.first("ENCODING").upper()
    for name, values in line.parameters:
        if name:
            named.append((name, values))
        elif values[0].upper() in _BARE_ENCODINGS:
            encoding = values[0].upper()
        else:
            named.append(("TYPE", values))
    encoding = _BARE_ENCODINGS.get(encoding, encoding)
    kept = [(name, values) for name, values in named if name not in ("ENCODING", "CHARSET")]
    if encoding == "QUOTED-PRINTABLE":
        value = _read_quoted(line.value, line.first("CHARSET"))
        return replace(line, value=value, parameters=tuple(kept))
    if encoding:
        kept.append(("ENCODING", (encoding,)))
    return replace(line, parameters=tuple(kept))


def _read_quoted(value: str, charset: str) -> str:
    octets = quopri.decodestring(value.encode("utf-8", "replace"))
    try:
        text = octets.decode(charset or "utf-8")
    except UnicodeDecodeError:
        text = octets.decode("cp1252", "replace")
    except LookupError:
        raise ValueError("is in a character set that nobody knows") from None
    text = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "", text)
    # As it would stand on a line: \n, and no backslash that was none.
    text = text.replace("\\", "\\\\").replace("\\\\;", "\\;")
    return re.sub("\r\n?|\n", r"\\n", text)


def read_structure(value: str, parts: int, between: str = " ") -> list[str]:
    """The parts of a structured value; several values of one part are put together, with `between`
    between them."""
    read = [
        between.join(filter(None, (unescape(one).strip() for one in split_values(part))))
        for part in split_values(value, ";")
    ]
    return [*read, *[""] * parts][: max(parts, len(read))]


def types_of(line: Line) -> frozenset[str]:
    """TYPE, in small letters, without what says nothing."""
    every = (one for told in line.all_of("TYPE") for one in told.lower().split(","))
    return frozenset(one.strip() for one in every) - {"internet", "", "intl", "postal", "parcel"}


def preference_of(line: Line) -> int:
    """PREF as 1 to 100, 0 without one; vCard 3's TYPE=pref is 1."""
    told = line.first("PREF").strip()
    if re.fullmatch(r"\d{1,3}", told):
        return min(100, int(told))
    return 1 if "pref" in types_of(line) or "PREF" in dict(line.parameters) else 0


def place_of(types: Iterable[str]) -> Place:
    """The first of the types that is a place."""
    found = (_PLACES[one] for one in sorted(types) if one in _PLACES)
    return next((place for place in found if place), Place.UNSAID)


def uses_of(types: frozenset[str]) -> tuple[Use, ...]:
    """What a number is for, each once; "voice" says nothing beside others."""
    found = {_USES[one] for one in types if one in _USES}
    plain = found - {Use.VOICE} or found
    return tuple(use for use in Use if use in plain)


def is_known(one: str) -> bool:
    """Whether a type has a place in the model."""
    return one in _USES or one in _PLACES or one in ("pref", "video")


def read_day(line: Line) -> DayOfLife:
    """DATE-AND-OR-TIME, as far as a day and a month are said."""
    found = _DAY.fullmatch(line.value.strip())
    if not found:
        raise ValueError("is no day of a year")
    year, month, day = int(found[1] or 0), int(found[2]), int(found[3])
    omitted = line.first("X-APPLE-OMIT-YEAR") == str(year) or year == _NO_YEAR
    said = None if omitted or not year else year
    try:
        date(said or _NO_YEAR, month, day)
    except ValueError:
        raise ValueError("is no day of a year") from None
    return DayOfLife(month, day, said)


def read_photo(line: Line) -> Attachment:
    """PHOTO, inline or by its address."""
    kind = next((one for one in types_of(line) if one not in ("pref", "uri")), "")
    media_type = line.first("MEDIATYPE") or (
        kind if "/" in kind else f"image/{kind}" if kind else ""
    )
    value = line.value.strip()
    if value.lower().startswith("data:"):
        head, _, body = value[5:].partition(",")
        return Attachment("", head.partition(";")[0] or media_type, decode(unescape(body)))
    if line.first("ENCODING") == "B":
        return Attachment("", media_type, decode(value))
    return Attachment("", media_type, None, value)


def plain_address(value: str) -> str:
    """An address without the scheme that says what it is."""
    return re.sub(r"^(?:mailto|tel):", "", unescape(value).strip(), flags=re.IGNORECASE)
