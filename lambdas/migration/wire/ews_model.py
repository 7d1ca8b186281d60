"""The words of the EWS client: what goes in, what comes out, and how it fails.

Element and property names are those of Exchange Web Services, version Exchange2010_SP2.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from migration.mime import Mime

TYPES = "{http://schemas.microsoft.com/exchange/services/2006/types}"
"""Before the name of every element of the types."""


@dataclass(frozen=True, slots=True)
class FolderRef:
    """A folder by the id that the server gave, or by its distinguished name (`inbox`): then of
    `mailbox`, or of whoever is impersonated or asks."""

    id: str
    distinguished: bool = False
    mailbox: str = ""


@dataclass(frozen=True, slots=True)
class FolderInfo:
    """A folder as the server shows it. Ids are good within one mailbox only. `folder_class` is
    `IPF.Note` for mail and may be empty."""

    id: str
    parent_id: str
    name: str
    folder_class: str
    total: int


@dataclass(frozen=True, slots=True)
class Property:
    """An extended (MAPI) property: by tag, or by property set (a GUID) and name.

    `type` is one of EWS's MapiPropertyTypeType: String, Integer, SystemTime, ...
    """

    type: str
    tag: int = 0
    property_set: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to create. `mime` goes over the wire as it is; values are as EWS spells them."""

    mime: Mime = field(repr=False)
    is_read: bool = False
    categories: tuple[str, ...] = ()
    properties: tuple[tuple[Property, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Created:
    """The server has the item under this id."""

    id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The server refuses one item. `code` is EWS's response code, `retry_after` in seconds."""

    code: str
    retry_after: float = 0.0


@dataclass(frozen=True, slots=True)
class ItemChange:
    """What to change of one item. None leaves `is_read` and `categories` as they are, and removes
    one of the `properties`."""

    id: str
    is_read: bool | None = None
    categories: tuple[str, ...] | None = None
    properties: tuple[tuple[Property, str | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """An item of GetItem. `received` is an xs:dateTime as the server wrote it, `size` what it says
    the item takes; `mime` is empty when it was not asked for."""

    id: str
    received: str
    size: int
    is_read: bool
    is_draft: bool
    categories: tuple[str, ...]
    values: dict[Property, str]
    mime: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class FoundItem:
    """An item of FindItem with the values of the asked properties, those that it has."""

    id: str
    values: dict[Property, str]


@dataclass(frozen=True, slots=True)
class FoundPage:
    """One page of FindItem. `total` counts everything that meets the filter."""

    items: tuple[FoundItem, ...]
    total: int
    next_offset: int
    is_last: bool


@dataclass(frozen=True, slots=True)
class HasAny:
    """A filter: the property equals one of the values. Servers compare without regard to case."""

    property: Property
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exists:
    """A filter: the item has the property."""

    property: Property


Filter = HasAny | Exists


class EwsError(Exception):
    """A request failed as a whole. Messages hold codes, never what the server wrote."""


class ServerBusy(EwsError):
    """Nothing was done, or the server does not say; try again after `retry_after` seconds."""

    def __init__(self, code: str, retry_after: float) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after = retry_after


class RequestRefused(EwsError):
    """The server understood, did nothing, and refuses: `code` is EWS's response code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class RequestTooLarge(EwsError):
    """The server did nothing because the request is larger than it takes."""


class Unauthorized(EwsError):
    """A new token was refused, too, or a password."""


class NotAdmitted(EwsError):
    """The login is right, and the mailbox shows nothing to it: it has no access, or not yet.
    Nothing was done."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Unreachable(EwsError):
    """No connection could be made, or what answers there is no EWS. Nothing was done."""

    def __init__(self, code: str, *, for_good: bool) -> None:
        super().__init__(code)
        self.code = code
        self.for_good = for_good


class AnswerLost(EwsError):
    """A change was sent and no answer came: it was made, or not, or is still being made."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
