"""A folder of the probe's own for events, contacts, tasks or notes: written to by the migration's
own target, and read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from xml.etree.ElementTree import Element

from localrun.probe.ews_access import open_client
from localrun.probe.ews_removing import remove_folders
from localrun.probe.groupware_findings import Findings
from localrun.probe.groupware_samples import destination
from localrun.probe.letters import MARK, key_of
from localrun.probe.session import Session
from localrun.probe.traces import Trace
from migration.errors import FolderGone, MailboxUnreachable
from migration.groupware_port import Collection, CollectionKind, CollectionPlan, Keyed, Written
from migration.items.item import AnyItem
from migration.mail import Rejected
from migration.targets.workmail_groupware import WorkmailGroupware
from migration.wire.ews import EwsClient
from migration.wire.ews_answer import NotEws
from migration.wire.ews_asking import only
from migration.wire.ews_body import Request
from migration.wire.ews_elements import T, instant_of, text_of, utc
from migration.wire.ews_groupware import EwsGroupware
from migration.wire.ews_model import FolderRef, RequestRefused, ServerBusy
from migration.wire.ews_request import name_folder, name_item

_M = "{http://schemas.microsoft.com/exchange/services/2006/messages}"
_TOLD = "WorkMail "
"""How the reason of a loss begins that the server has caused."""


@dataclass(frozen=True, slots=True, order=True)
class Shown:
    """What a calendar shows between two moments: one event, or one occurrence of a series."""

    begins: datetime
    ends: datetime
    title: str


@dataclass(frozen=True, slots=True)
class Desk:
    """The folder, and what it is written to and read by."""

    kind: CollectionKind
    folder_id: str
    owner: str
    target: WorkmailGroupware
    client: EwsClient
    groupware: EwsGroupware

    def write(self, items: Mapping[str, AnyItem], findings: Findings) -> dict[str, str]:
        """The id of each item that is there, by its name; what is refused is noted under it."""
        batch = [Keyed(self.key(name), (item,)) for name, item in items.items()]
        ids: dict[str, str] = {}
        outcomes = self.target.write(self.folder_id, batch)
        for name, outcome in zip(items, outcomes, strict=True):
            if isinstance(outcome, Rejected):
                findings.note(name, f"refused: {outcome.reason}", is_expected=False)
            elif not outcome.marks:
                findings.note(name, "is not there when it is looked for", is_expected=False)
            else:
                ids[name] = next(iter(outcome.marks))
                _note_losses(name, outcome, findings)
        return ids

    def key(self, name: str) -> str:
        """The migration key of an item."""
        return key_of(self.kind, name)

    def note_folder(self, findings: Findings, folder_class: str) -> None:
        """Whether the folder is of its kind."""
        found = self.client.get_folder(FolderRef(self.folder_id)).folder_class
        said = f"below the default one, of the class {found or 'of none'}"
        findings.note(f"{self.kind}_folder", said, is_expected=found == folder_class)

    def note_keys(self, findings: Findings, ids: Mapping[str, str]) -> None:
        """Whether each item is found by its key."""
        keys = {self.key(name): item_id for name, item_id in ids.items()}
        found = {one.key: one.target_id for one in self.target.find(self.folder_id, keys)}
        lost = [name for name in ids if found.get(self.key(name)) != ids[name]]
        said = f"not found by their keys: {', '.join(lost)}" if lost else "each is found by its key"
        findings.note(f"{self.kind}_keys", said, is_expected=not lost)

    def show(self, places: Sequence[str], fields: Sequence[str] = ()) -> list[Element]:
        """The elements of items, each named by a t:ItemId or a t:OccurrenceItemId, with all
        properties and these fields. RequestRefused if one is not there."""
        more = "".join(f'<t:FieldURI FieldURI="{field}"/>' for field in fields)
        more = f"<t:AdditionalProperties>{more}</t:AdditionalProperties>" if more else ""
        shape = "<t:BaseShape>AllProperties</t:BaseShape><t:BodyType>Text</t:BodyType>"
        content = (
            f"<m:ItemShape>{shape}{more}</m:ItemShape><m:ItemIds>{''.join(places)}</m:ItemIds>"
        )
        request = Request(self.client.asking.mailbox, [f"<m:GetItem>{content}</m:GetItem>"])
        messages = self.client.asking.each(request, len(places), lambda message: message)
        return [_read_item(only([message])) for message in messages]

    def show_all(self, ids: Mapping[str, str], fields: Sequence[str] = ()) -> dict[str, Element]:
        """The same of items by their names."""
        found = self.show(list(map(name_item, ids.values())), fields) if ids else []
        return dict(zip(ids, found, strict=True))

    def view(self, begin: datetime, end: datetime) -> list[Shown]:
        """What the folder shows, series unfolded, in the server's order."""
        names = ("item:Subject", "calendar:Start", "calendar:End")
        more = "".join(f'<t:FieldURI FieldURI="{name}"/>' for name in names)
        content = (
            "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>"
            f"<t:AdditionalProperties>{more}</t:AdditionalProperties></m:ItemShape>"
            f'<m:CalendarView StartDate="{utc(begin)}" EndDate="{utc(end)}"/>'
            f"<m:ParentFolderIds>{name_folder(FolderRef(self.folder_id))}</m:ParentFolderIds>"
        )
        asking = self.client.asking
        question = f'<m:FindItem Traversal="Shallow">{content}</m:FindItem>'
        message = asking.ask(Request(asking.mailbox, [question]))
        return [_read_shown(found) for found in message.iterfind(f"{_M}RootFolder/{T}Items/*")]


@contextmanager
def open_desk(session: Session, kind: CollectionKind) -> Iterator[Desk]:
    """An empty folder below the default one of its kind; it is removed when the run ends."""
    name = f"Migration probe {MARK} {kind}"
    with open_client(session) as client:
        by_hand = f"delete the folder `{name}` below the default one in the pilot mailbox"
        session.traces.begin(Trace(lambda: remove_folders(session, name), by_hand))
        owner = session.options.pilot
        target = WorkmailGroupware(client, destination(owner))
        plan = CollectionPlan(Collection(name, kind, name), name)
        (folder_id,) = target.ensure_collections([plan])
        yield Desk(kind, folder_id, owner, target, client, EwsGroupware(client))


def attempt(findings: Findings, name: str, part: Callable[[], None]) -> None:
    """Does a part of a question. What is refused or cannot be read is a finding as well, and no
    reason to leave out the other parts; a lost answer is one."""
    try:
        part()
    except RequestRefused as error:
        findings.note(name, f"refused: {error.code}", is_expected=False)
    except (MailboxUnreachable, FolderGone) as error:
        findings.note(name, f"refused: {error}", is_expected=False)
    except ServerBusy as error:
        findings.note(name, f"EWS is busy: {error.code}", is_expected=False)
    except NotEws:
        findings.note(name, "the migration cannot read what EWS shows of it", is_expected=False)


def files_of(element: Element) -> list[Element]:
    """The attached files of an item."""
    return element.findall(f"{T}Attachments/{T}FileAttachment")


def _read_item(message: Element) -> Element:
    found = message.find(f"{_M}Items/*")
    if found is None:
        raise NotEws
    return found


def _read_shown(element: Element) -> Shown:
    try:
        begins, ends = (instant_of(text_of(element, name)) for name in ("Start", "End"))
    except ValueError as error:
        raise NotEws from error
    return Shown(begins, ends, text_of(element, "Subject"))


def _note_losses(name: str, outcome: Written, findings: Findings) -> None:
    refused = [loss.why for loss in outcome.losses if loss.why.startswith(_TOLD)]
    if refused:
        findings.note(f"{name}_refusals", "; ".join(dict.fromkeys(refused)), is_expected=False)
