"""Paths that Microsoft documents, and the OpenAPI files of 2021 do not have: each with its page.

A page is a path behind https://learn.microsoft.com/graph/.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Later:
    """A path that is in none of the files. `type` is one of TYPES or of the files; None: octets, or
    a number as text, or a redirection."""

    path: str
    page: str
    type: str | None
    is_list: bool = False
    options: frozenset[str] = frozenset()
    headers: frozenset[str] = frozenset()


_LIST = frozenset({"$top", "$select", "$filter", "$count", "$skiptoken"})
_OUTLOOK = frozenset({"$top", "$skip", "$count", "$filter"})
_SELECT = frozenset({"$select"})
_DELTA = frozenset({"$select", "$expand", "$skiptoken", "$deltatoken", "$top"})
_EVENTUAL = frozenset({"consistencylevel"})
_GROUPS, _TASKS = "/groups/{group}", "/users/{user}/todo/lists/{list}/tasks"
_EVENTS = (
    "/users/{user}/events/{event}",
    "/users/{user}/calendar/events/{event}",
    "/users/{user}/calendars/{calendar}/events/{event}",
)

LATER: tuple[Later, ...] = (
    # the directory is in no file that is at hand
    Later("/$batch", "json-batching", "batch"),
    Later("/users", "api/user-list", "user", True, _LIST, _EVENTUAL),
    Later("/users/$count", "aad-advanced-queries", None, options=_LIST, headers=_EVENTUAL),
    Later("/users/{user}", "api/user-get", "user", options=_SELECT),
    Later("/groups", "api/group-list", "group", True, _LIST, _EVENTUAL),
    Later("/groups/$count", "aad-advanced-queries", None, options=_LIST, headers=_EVENTUAL),
    Later(_GROUPS, "api/group-get", "group", options=_SELECT),
    *(
        Later(f"{_GROUPS}/{name}{cast}", page, "directoryObject", True, _LIST, _EVENTUAL)
        for cast in ("", "/{kind}")
        for name, page in (
            ("members", "api/group-list-members"),
            ("transitiveMembers", "api/group-list-transitivemembers"),
            ("owners", "api/group-list-owners"),
        )
    ),
    Later("/contacts", "api/orgcontact-list", "orgContact", True, _LIST, _EVENTUAL),
    Later("/places/microsoft.graph.room", "api/place-list", "place", True, _LIST),
    Later("/places/microsoft.graph.roomlist", "api/place-list", "place", True, _LIST),
    Later("/organization", "api/organization-list", "organization", True, _SELECT),
    Later(
        "/reports/getMailboxUsageDetail(period='{period}')",
        "api/reportroot-getmailboxusagedetail",
        None,
    ),
    # the files have no functions, and no counts
    Later(
        "/users/{user}/mailFolders/{folder}/messages/delta",
        "api/message-delta",
        "microsoft.graph.message",
        True,
        _DELTA,
    ),
    Later("/users/{user}/mailFolders/{folder}/messages/$count", "query-parameters", None),
    Later("/users/{user}/messages/$count", "query-parameters", None),
    # raw contents of attachments came later
    *(Later(f"{one}/attachments/{{id}}/$value", "api/attachment-get", None) for one in _EVENTS),
    # settings of mailboxes are in none of the three
    Later(
        "/users/{user}/mailboxSettings",
        "api/user-get-mailboxsettings",
        "mailboxSettings",
        options=_SELECT,
    ),
    Later(
        "/users/{user}/mailboxSettings/automaticRepliesSetting",
        "api/user-get-mailboxsettings",
        "automaticRepliesSetting",
    ),
    Later("/users/{user}/mailboxSettings/language", "api/user-get-mailboxsettings", "localeInfo"),
    Later(
        "/users/{user}/mailboxSettings/workingHours",
        "api/user-get-mailboxsettings",
        "workingHours",
    ),
    Later("/users/{user}/mailboxSettings/{setting}", "api/user-get-mailboxsettings", "setting"),
    # To Do is newer than the files
    Later("/users/{user}/todo/lists", "api/todo-list-lists", "todoTaskList", True, _OUTLOOK),
    Later("/users/{user}/todo/lists/{list}", "api/todotasklist-get", "todoTaskList"),
    Later(_TASKS, "api/todotasklist-list-tasks", "todoTask", True, _OUTLOOK),
    Later(f"{_TASKS}/{{task}}", "api/todotask-get", "todoTask"),
    *(
        Later(f"{_TASKS}/{{task}}/{name}", page, kind, True, _OUTLOOK)
        for name, page, kind in (
            ("checklistItems", "api/todotask-list-checklistitems", "checklistItem"),
            ("linkedResources", "api/todotask-list-linkedresources", "linkedResource"),
            ("attachments", "api/todotask-list-attachments", "listedTaskFile"),
        )
    ),
    Later(
        f"{_TASKS}/{{task}}/attachments/{{id}}",
        "api/taskfileattachment-get",
        "taskFileAttachment",
    ),
    Later(f"{_TASKS}/{{task}}/attachments/{{id}}/$value", "api/taskfileattachment-get", None),
)
