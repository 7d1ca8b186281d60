"""What WorkMail's EWS makes of calendar items: written as the migration writes them, and read."""

from __future__ import annotations

from functools import partial
from xml.etree.ElementTree import Element

from localrun.probe.ews_access import open_client
from localrun.probe.ews_groupware import Desk, attempt, open_desk
from localrun.probe.ews_removing import find_titled, remove_items
from localrun.probe.ews_series import ask_second_ones, ask_series
from localrun.probe.groupware_findings import KEPT, Findings
from localrun.probe.groupware_samples import (
    DAY,
    MEETING,
    MONTHLY,
    PAST,
    SENT_TITLES,
    WEEKLY,
    destination,
)
from localrun.probe.letters import SUBJECT
from localrun.probe.model import Learned, Need, Probe
from localrun.probe.session import Session
from localrun.probe.traces import Trace
from migration.groupware_port import CollectionKind
from migration.items.event import Event
from migration.items.ews_item import CalendarItem, Guest
from migration.items.ews_series import plan_series
from migration.wire.ews_calendar_read import read_item
from migration.wire.ews_elements import T, is_true

_FIELDS = tuple(
    f"calendar:{name}"
    for name in ("UID", "StartTimeZone", "EndTimeZone", "Recurrence", "MeetingRequestWasSent")
)
_SINGLE = {"meeting": MEETING, "past": PAST, "day": DAY}
_SENT_FROM = ("sentitems", "outbox")
_SENDING_SECONDS = 5.0
"""A server may send what it sends a little later."""
_LISTS = ("required", "optional", "resources")


def _ask_calendar(session: Session) -> Learned:
    findings = Findings()
    # Where messages cannot be found by their titles, all else is asked all the same.
    attempt(findings, "sent_items", partial(_begin_sent, session))
    with open_desk(session, CollectionKind.CALENDAR) as desk:
        ids: dict[str, str] = {}

        def write() -> None:
            desk.note_folder(findings, "IPF.Appointment")
            events = {**_SINGLE, "weekly": WEEKLY, "monthly": MONTHLY}
            ids.update(desk.write(events, findings))
            desk.note_keys(findings, ids)

        attempt(findings, "events", write)
        single = {name: ids[name] for name in _SINGLE if name in ids}
        attempt(findings, "single_events", partial(_ask_single, desk, single, findings))
        ask_series(desk, ids, findings)
        attempt(findings, "invitations", partial(_ask_invitations, desk, ids, findings))
        ask_second_ones(desk, ids, findings)
        session.clock.sleep(_SENDING_SECONDS)
        attempt(findings, "sent_items", partial(_ask_sent, desk, findings))
    return findings.learned()


def _ask_single(desk: Desk, ids: dict[str, str], findings: Findings) -> None:
    for name, element in desk.show_all(ids, _FIELDS).items():
        attempt(findings, name, partial(_note_single, name, element, desk.owner, findings))


def _note_single(name: str, element: Element, owner: str, findings: Findings) -> None:
    sent, shown = _plan(_SINGLE[name], owner), read_item(element)
    if name == "meeting":
        findings.compare(name, sent, shown, _LISTS)
        _note_guests(sent, shown, findings)
        _note_organizer(element, owner, findings)
    elif name == "past":
        kept = shown.reminder == sent.reminder
        said = KEPT if kept else f"becomes {_say_minutes(shown.reminder)}"
        findings.note("past_reminder", said, is_expected=kept)
    else:
        findings.compare("whole_day", sent, shown, ["wants_reply"])  # there are no guests


def _plan(event: Event, owner: str) -> CalendarItem:
    (item,) = plan_series(event, destination(owner)).create
    return item


def _say_minutes(reminder: int | None) -> str:
    return "none at all" if reminder is None else f"one of {reminder} minutes"


# -- people


def _note_guests(sent: CalendarItem, shown: CalendarItem, findings: Findings) -> None:
    lists = [(name, _by_address(sent, name), _by_address(shown, name)) for name in _LISTS]
    lost = [name for name, wanted, found in lists if wanted.keys() != found.keys()]
    said = f"others than were written: {', '.join(lost)}" if lost else KEPT
    findings.note("attendees", said, is_expected=not lost)
    pairs = [
        (guest, found[address])
        for _, wanted, found in lists
        for address, guest in wanted.items()
        if address in found
    ]
    for name, changed in (
        ("answers", [after.answer for before, after in pairs if after.answer != before.answer]),
        ("answered_at", ["" for before, after in pairs if after.answered != before.answered]),
    ):
        words = f" ({', '.join(dict.fromkeys(filter(None, changed)))})".replace(" ()", "")
        said = f"{len(changed)} of {len(pairs)} become others{words}" if changed else KEPT
        findings.note(name, said, is_expected=not changed)


def _by_address(item: CalendarItem, name: str) -> dict[str, Guest]:
    guests: tuple[Guest, ...] = getattr(item, name)
    return {guest.person.address.casefold(): guest for guest in guests}


def _note_organizer(element: Element, owner: str, findings: Findings) -> None:
    address = element.findtext(f"{T}Organizer/{T}Mailbox/{T}EmailAddress") or ""
    is_owner = address.casefold() == owner.casefold()
    if is_owner:
        said = "the owner of the mailbox"
    elif not address:
        said = "nobody is shown"
    elif "@" not in address:
        said = "shown by a name of the directory, which is no address"
    else:
        said = "another than the owner of the mailbox"
    findings.note("organizer", said, is_expected=is_owner)


# -- what should not have been sent


def _ask_invitations(desk: Desk, ids: dict[str, str], findings: Findings) -> None:
    """SendToNone stands in each call: the server says itself whether it has sent anything."""
    shown = desk.show_all(ids, _FIELDS)
    sent = [name for name, one in shown.items() if is_true(one, "MeetingRequestWasSent")]
    said = f"the server says that it sent them: {', '.join(sent)}" if sent else "none was sent"
    findings.note("invitations", said, is_expected=not sent)


def _ask_sent(desk: Desk, findings: Findings) -> None:
    """By now items have been written, changed and deleted."""
    copies = len(find_titled(desk.client, _SENT_FROM, SENT_TITLES))
    said = f"messages in Sent Items and Outbox: {copies}"
    findings.note("sent_items", said, is_expected=not copies)


def _begin_sent(session: Session) -> None:
    by_hand = f"delete messages called `{SUBJECT}` in Sent Items and Outbox of the pilot mailbox"
    session.traces.begin(Trace(partial(_remove_sent, session), by_hand))


def _remove_sent(session: Session) -> None:
    with open_client(session) as client:
        remove_items(client, find_titled(client, _SENT_FROM, SENT_TITLES))


QUESTIONS = (
    Probe(
        "calendar",
        4,
        "Events and series: does all arrive, is nobody invited, what becomes of them?",
        Need.WRITE,
        _ask_calendar,
    ),
)
