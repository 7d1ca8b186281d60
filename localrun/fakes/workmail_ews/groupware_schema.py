"""What Exchange2010_SP2 knows of calendar items, contacts, lists, tasks and posts.

By Microsoft's schema (types.xsd): the elements of each kind in their order, the type of each, and
which of them only the server sets. Which may be set but not deleted is as the properties of
Microsoft's own client library (EWS Managed API) and exchangelib have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from localrun.fakes.workmail_ews.items import ITEM_ORDER, MESSAGE_ORDER, READ_ONLY
from localrun.fakes.workmail_ews.soap import SoapFault, children, local_name

# Name, type, and a mark: "!" is set by the server alone, "*" can be changed and never deleted.
_RESPONSES = "Unknown|Organizer|Tentative|Accept|Decline|NoResponseReceived"
_CALENDAR = (
    "UID:text* RecurrenceId:time! DateTimeStamp:time! Start:time* End:time* OriginalStart:time! "
    "IsAllDayEvent:bool* LegacyFreeBusyStatus:Free|Tentative|Busy|OOF|NoData* Location:text "
    "When:text IsMeeting:bool! IsCancelled:bool! IsRecurring:bool! MeetingRequestWasSent:bool! "
    f"IsResponseRequested:bool* CalendarItemType:text! MyResponseType:{_RESPONSES}! "
    "Organizer:any! RequiredAttendees:any OptionalAttendees:any Resources:any "
    "ConflictingMeetingCount:int! AdjacentMeetingCount:int! ConflictingMeetings:any! "
    "AdjacentMeetings:any! Duration:text! TimeZone:text! AppointmentReplyTime:time! "
    "AppointmentSequenceNumber:int! AppointmentState:int! Recurrence:any FirstOccurrence:any! "
    "LastOccurrence:any! ModifiedOccurrences:any! DeletedOccurrences:any! MeetingTimeZone:any* "
    "StartTimeZone:any* EndTimeZone:any* ConferenceType:int AllowNewTimeProposal:bool* "
    "IsOnlineMeeting:bool! MeetingWorkspaceUrl:text NetShowUrl:text"
)
_CONTACT = (
    "FileAs:text FileAsMapping:text DisplayName:text GivenName:text Initials:text MiddleName:text "
    "Nickname:text CompleteName:any! CompanyName:text EmailAddresses:any PhysicalAddresses:any "
    "PhoneNumbers:any AssistantName:text Birthday:time BusinessHomePage:text Children:any "
    "Companies:any ContactSource:text! Department:text Generation:text ImAddresses:any "
    "JobTitle:text Manager:text Mileage:text OfficeLocation:text "
    "PostalAddressIndex:None|Business|Home|Other Profession:text SpouseName:text Surname:text "
    "WeddingAnniversary:time HasPicture:bool! PhoneticFullName:text! PhoneticFirstName:text! "
    "PhoneticLastName:text! Alias:text! Notes:text! Photo:any! UserSMIMECertificate:any! "
    "MSExchangeCertificate:any! DirectoryId:text! ManagerMailbox:any! DirectReports:any!"
)
_LIST = "DisplayName:text FileAs:text ContactSource:text! Members:any"
_TASK = (
    "ActualWork:int AssignedTime:time! BillingInformation:text ChangeCount:int! Companies:any "
    "CompleteDate:time Contacts:any DelegationState:text! Delegator:text! DueDate:time "
    "IsAssignmentEditable:int! IsComplete:bool! IsRecurring:bool! IsTeamTask:bool! Mileage:text "
    "Owner:text! PercentComplete:double* Recurrence:any StartDate:time "
    "Status:NotStarted|InProgress|Completed|WaitingOnOthers|Deferred* StatusDescription:text! "
    "TotalWork:int"
)
_POST = (
    "ConversationIndex:text! ConversationTopic:text! From:any InternetMessageId:text! IsRead:bool "
    "PostedTime:time! References:text Sender:any"
)
_ITEM = {
    "Sensitivity": "Normal|Personal|Private|Confidential*",
    "Importance": "Low|Normal|High*",
    "ReminderDueBy": "time*",
    "ReminderIsSet": "bool*",
    "ReminderMinutesBeforeStart": "int*",
}

# What stands within elements, in order; what is not listed here holds no elements.
_DAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|Day|Weekday|WeekendDay"
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_PLACE = f"DaysOfWeek:{_DAYS} DayOfWeekIndex:First|Second|Third|Fourth|Last"
_INNER = {
    "DailyRecurrence": "Interval:int",
    "WeeklyRecurrence": f"Interval:int DaysOfWeek:text FirstDayOfWeek:{_DAYS}",
    "AbsoluteMonthlyRecurrence": "Interval:int DayOfMonth:int",
    "RelativeMonthlyRecurrence": f"Interval:int {_PLACE}",
    "AbsoluteYearlyRecurrence": f"DayOfMonth:int Month:{_MONTHS}",
    "RelativeYearlyRecurrence": f"{_PLACE} Month:{_MONTHS}",
    "NoEndRecurrence": "StartDate:date",
    "EndDateRecurrence": "StartDate:date EndDate:date",
    "NumberedRecurrence": "StartDate:date NumberOfOccurrences:int",
    "DailyRegeneration": "Interval:int",
    "WeeklyRegeneration": "Interval:int",
    "MonthlyRegeneration": "Interval:int",
    "YearlyRegeneration": "Interval:int",
    "Attendee": f"Mailbox:any ResponseType:{_RESPONSES} LastResponseTime:time",
    "Mailbox": "Name:text EmailAddress:text RoutingType:text MailboxType:text ItemId:any",
    "Member": "Mailbox:any Status:text",
    "Entry": "Street:text City:text State:text CountryOrRegion:text PostalCode:text",
    "FileAttachment": (
        "AttachmentId:any Name:text ContentType:text ContentId:text ContentLocation:text Size:int "
        "LastModifiedTime:time IsInline:bool IsContactPhoto:bool Content:any"
    ),
}
_KEYS = {
    "EmailAddresses": "EmailAddress1 EmailAddress2 EmailAddress3",
    "ImAddresses": "ImAddress1 ImAddress2 ImAddress3",
    "PhysicalAddresses": "Business Home Other",
    "PhoneNumbers": (
        "AssistantPhone BusinessFax BusinessPhone BusinessPhone2 Callback CarPhone "
        "CompanyMainPhone HomeFax HomePhone HomePhone2 Isdn MobilePhone OtherFax OtherTelephone "
        "Pager PrimaryPhone RadioPhone Telex TtyTddPhone"
    ),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One element: its type (text, bool, time, date, int, double, any, or the words it may be)."""

    name: str
    type: str
    read_only: bool = False
    lasting: bool = False
    """Can be changed and never deleted."""


def _read(text: str) -> Field:
    name, _, kind = text.partition(":")
    return Field(name, kind.rstrip("!*"), kind.endswith("!"), kind.endswith("*"))


def _item_field(name: str) -> Field:
    field = _read(f"{name}:{_ITEM.get(name, 'any')}")
    return Field(name, field.type, name in READ_ONLY, field.lasting)


def _kind(own: str) -> dict[str, Field]:
    fields = [*map(_item_field, ITEM_ORDER), *map(_read, own.split())]
    return {field.name: field for field in fields}


KINDS = {
    "CalendarItem": _kind(_CALENDAR),
    "Contact": _kind(_CONTACT),
    "DistributionList": _kind(_LIST),
    "Task": _kind(_TASK),
    "PostItem": _kind(_POST),
    "Message": _kind(" ".join(f"{name}:any" for name in MESSAGE_ORDER)),
}
"""The fields of each kind of item in the order of the schema. A Message here is a sticky note."""

_SEQUENCES = {
    name: {field.name: field for field in map(_read, text.split())} for name, text in _INNER.items()
}


def check_item(kind: str, element: etree._Element) -> None:
    """A new item. SoapFault ErrorSchemaValidation where the schema is not kept."""
    _check_sequence(element, KINDS[kind])


def check_field(kind: str, element: etree._Element) -> None:
    """One element of an update. SoapFault ErrorSchemaValidation where the schema is not kept."""
    field = KINDS[kind].get(local_name(element))
    if field is None:
        raise _invalid(element)
    _check_value(element, field)


def check_attachment(element: etree._Element) -> None:
    """A FileAttachment. SoapFault ErrorSchemaValidation where the schema is not kept."""
    _check_sequence(element, _SEQUENCES["FileAttachment"])


def _check_sequence(element: etree._Element, known: dict[str, Field]) -> None:
    names = [local_name(part) for part in children(element)]
    order = list(known)
    once: Sequence[str] = [name for name in names if name != "ExtendedProperty"]
    if not set(names) <= set(order) or len(set(once)) != len(once):
        raise _invalid(element)
    if sorted(names, key=order.index) != names:
        raise _invalid(element)
    for part in children(element):
        _check_value(part, known[local_name(part)])


def _check_value(element: etree._Element, field: Field) -> None:
    if field.name == "ExtendedProperty":
        return
    if field.type != "any" and (len(element) or not _is_of(element.text or "", field.type)):
        raise _invalid(element)
    keys = _KEYS.get(field.name)
    found = [part.get("Key", "") for part in children(element)] if keys else []
    if keys and (not set(found) <= set(keys.split()) or len(set(found)) != len(found)):
        raise _invalid(element)
    if field.name == "Recurrence" and (
        len(element) != 2 or not {local_name(part) for part in element} <= _SEQUENCES.keys()
    ):
        raise _invalid(element)
    for inner in element.iterdescendants():
        if len(inner) or local_name(inner) in ("Attendee", "Mailbox"):
            _check_sequence(inner, _SEQUENCES.get(local_name(inner), {}))


def _is_of(text: str, kind: str) -> bool:
    plain = text.strip()
    try:
        match kind:
            case "text":
                return True
            case "bool":
                return plain in ("true", "false", "1", "0")
            case "int":
                return plain == str(int(plain)) or plain.lstrip("+-").isdigit()
            case "double":
                float(plain)
            case "time":
                datetime.fromisoformat(plain)
                return "T" in plain
            case "date":
                datetime.strptime(plain[:10], "%Y-%m-%d")
            case words:
                return plain in words.split("|")
    except ValueError:
        return False
    return True


def _invalid(element: etree._Element) -> SoapFault:
    where = local_name(element)
    return SoapFault("ErrorSchemaValidation", f"The request failed schema validation: {where}.")
