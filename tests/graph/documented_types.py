"""Types and options that Microsoft documents, and the OpenAPI files of 2021 do not have.

A page is a path behind https://learn.microsoft.com/graph/. Types are as far as they are told or
asked for here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]

TEXT: Json = {"type": ["string", "null"]}
WORD: Json = {"type": "string"}
YES_OR_NO: Json = {"type": ["boolean", "null"]}
NUMBER: Json = {"type": ["integer", "null"]}
TEXTS: Json = {"type": "array", "items": WORD}
ANY: Json = {}
WHEN: Json = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"}


def a(name: str) -> Json:
    """Of that type of the files, or null."""
    return {"anyOf": [{"$ref": f"#/$defs/microsoft.graph.{name}"}, {"type": "null"}]}


def one_of(*words: str) -> Json:
    return {"enum": [*words]}


def type_of(**properties: Json) -> Json:
    return {
        "type": "object",
        "properties": {"id": WORD, **properties},
        "patternProperties": {"@": {}},
        "additionalProperties": False,
    }


PREFERENCES = frozenset(
    {
        "IdType",  # outlook-immutable-id
        "odata.maxpagesize",  # delta-query-messages
        "outlook.timezone",  # api/event-get
        "outlook.body-content-type",  # api/event-get
    }
)

ADDED: Mapping[str, Any] = {
    # of Graph's metadata, newer than the files, as resources/event was when it was looked up
    "microsoft.graph.event": {
        "cancelledOccurrences": TEXTS,
        "exceptionOccurrences": {
            "type": "array",
            "items": {"$ref": "#/$defs/microsoft.graph.event"},
        },
        "occurrenceId": TEXT,
        "uid": TEXT,
    },
    # resources/mailfolder; those of search folders are resources/mailsearchfolder
    "microsoft.graph.mailFolder": {
        "sizeInBytes": NUMBER,
        "isSupported": YES_OR_NO,
        "includeNestedFolders": YES_OR_NO,
        "sourceFolderIds": TEXTS,
        "filterQuery": TEXT,
    },
    # resources/eventmessage, which is a message
    "microsoft.graph.message": {"meetingMessageType": TEXT},
    # resources/fileattachment, itemattachment, which are attachments
    "microsoft.graph.attachment": {
        "contentBytes": TEXT,
        "contentId": TEXT,
        "contentLocation": TEXT,
    },
    # errors: the files write it in small letters
    "odata.error.main": {"innerError": {"type": "object"}},
}

OPTIONS: Mapping[str, Sequence[str]] = {
    "microsoft.graph.mailFolder": ("includeHiddenFolders",),  # api/user-list-mailfolders
}
"""Of lists of a type."""

_EXTENDED = "singleValueExtendedProperties"
EXPANDABLE: Mapping[str, Sequence[str]] = {
    "microsoft.graph.event": ("exceptionOccurrences",),  # of Graph's metadata
    "microsoft.graph.message": (_EXTENDED,),  # api/singlevaluelegacyextendedproperty-get
    "microsoft.graph.mailFolder": (_EXTENDED,),
    "microsoft.graph.contact": (_EXTENDED,),
}

_PERSON: Mapping[str, Json] = {"displayName": TEXT, "mail": TEXT, "mailNickname": TEXT}
_ADDRESSES: Mapping[str, Json] = {"proxyAddresses": TEXTS, "onPremisesSyncEnabled": YES_OR_NO}
_USER: Mapping[str, Json] = {
    **dict.fromkeys(
        (
            *("userPrincipalName", "givenName", "surname", "userType", "mobilePhone", "jobTitle"),
            *("officeLocation", "preferredLanguage", "companyName", "department"),
            *("streetAddress", "city", "postalCode", "country"),
        ),
        TEXT,
    ),
    "accountEnabled": YES_OR_NO,
    "showInAddressList": YES_OR_NO,
    "assignedPlans": {"type": "array"},
    "businessPhones": TEXTS,
}
_GROUP: Mapping[str, Json] = {
    "description": TEXT,
    "mailEnabled": YES_OR_NO,
    "securityEnabled": YES_OR_NO,
    "groupTypes": TEXTS,
    "membershipRule": TEXT,
    "visibility": TEXT,
    "createdDateTime": WHEN,
    "hideFromAddressLists": YES_OR_NO,
}

TYPES: Mapping[str, Json] = {
    "user": type_of(**_PERSON, **_ADDRESSES, **_USER),  # api/user-get
    "group": type_of(**_PERSON, **_ADDRESSES, **_GROUP),  # api/group-get
    "orgContact": type_of(**_PERSON, **_ADDRESSES),  # api/orgcontact-get
    "directoryObject": type_of(**_PERSON, **_ADDRESSES, **_USER, **_GROUP),
    "organization": type_of(  # resources/organization
        **dict.fromkeys(("displayName", "countryLetterCode", "preferredLanguage"), TEXT),
        tenantType=TEXT,
        onPremisesSyncEnabled=YES_OR_NO,
        technicalNotificationMails=TEXTS,
        verifiedDomains={"type": "array"},
    ),
    "place": type_of(  # resources/room, resources/roomlist
        **dict.fromkeys(
            (
                *("emailAddress", "displayName", "phone", "nickname", "label", "building"),
                *("floorLabel", "audioDeviceName", "videoDeviceName", "displayDeviceName"),
            ),
            TEXT,
        ),
        address=a("physicalAddress"),
        geoCoordinates=a("outlookGeoCoordinates"),
        capacity=NUMBER,
        floorNumber=NUMBER,
        isWheelChairAccessible=YES_OR_NO,
        bookingType=one_of("standard", "reserved", "unknown"),
        tags=TEXTS,
    ),
    "mailboxSettings": type_of(  # resources/mailboxsettings
        **dict.fromkeys(("archiveFolder", "dateFormat", "timeFormat", "timeZone"), TEXT),
        automaticRepliesSetting={"$ref": "#/$defs/automaticRepliesSetting"},
        delegateMeetingMessageDeliveryOptions=TEXT,
        language={"$ref": "#/$defs/localeInfo"},
        userPurpose=one_of("user", "linked", "shared", "room", "equipment", "others"),
        workingHours={"$ref": "#/$defs/workingHours"},
    ),
    "automaticRepliesSetting": type_of(  # resources/automaticrepliessetting
        status=one_of("disabled", "alwaysEnabled", "scheduled"),
        externalAudience=one_of("none", "contactsOnly", "all"),
        internalReplyMessage=TEXT,
        externalReplyMessage=TEXT,
        scheduledStartDateTime=a("dateTimeTimeZone"),
        scheduledEndDateTime=a("dateTimeTimeZone"),
    ),
    "localeInfo": type_of(locale=WORD, displayName=TEXT),  # resources/localeinfo
    "workingHours": type_of(  # resources/workinghours
        daysOfWeek=TEXTS, startTime=TEXT, endTime=TEXT, timeZone={"type": "object"}
    ),
    "setting": type_of(value=WORD),  # api/user-get-mailboxsettings
    "todoTaskList": type_of(  # resources/todotasklist
        displayName=TEXT,
        isOwner=YES_OR_NO,
        isShared=YES_OR_NO,
        wellknownListName=one_of("none", "defaultList", "flaggedEmails", "unknownFutureValue"),
    ),
    "todoTask": type_of(  # resources/todotask
        title=TEXT,
        body=a("itemBody"),
        bodyLastModifiedDateTime=WHEN,
        categories=TEXTS,
        createdDateTime=WHEN,
        lastModifiedDateTime=WHEN,
        hasAttachments=YES_OR_NO,
        importance=one_of("low", "normal", "high"),
        isReminderOn={"type": "boolean"},
        recurrence=a("patternedRecurrence"),
        status=one_of("notStarted", "inProgress", "completed", "waitingOnOthers", "deferred"),
        **dict.fromkeys(
            ("dueDateTime", "startDateTime", "completedDateTime", "reminderDateTime"),
            a("dateTimeTimeZone"),
        ),
    ),
    "checklistItem": type_of(  # resources/checklistitem
        displayName=TEXT, isChecked=YES_OR_NO, createdDateTime=WHEN, checkedDateTime=WHEN
    ),
    "linkedResource": type_of(  # resources/linkedresource
        webUrl=TEXT, applicationName=TEXT, displayName=TEXT, externalId=TEXT
    ),
    "listedTaskFile": type_of(  # api/todotask-list-attachments: without the content
        name=TEXT, contentType=TEXT, size=NUMBER, lastModifiedDateTime=WHEN
    ),
    "taskFileAttachment": type_of(  # resources/taskfileattachment
        name=TEXT, contentType=TEXT, size=NUMBER, lastModifiedDateTime=WHEN, contentBytes=TEXT
    ),
    "batch": type_of(  # json-batching
        responses={
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "status"],
                "properties": {"id": WORD, "status": {"type": "integer"}},
            },
        }
    ),
}
