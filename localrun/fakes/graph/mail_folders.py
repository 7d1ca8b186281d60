"""Mail folders: /mailFolders and what is in them."""

from __future__ import annotations

from localrun.fakes.graph.answers import Json, check_select, selected
from localrun.fakes.graph.extended import wanted_properties
from localrun.fakes.graph.folders import ROOT, MailFolder
from localrun.fakes.graph.paging import context, outlook_page
from localrun.fakes.graph.routing import Call, Route


def list_top(call: Call) -> Json:
    return _children(call, call.mailbox.folder(ROOT))


def get_folder(call: Call) -> Json:
    folder = call.mailbox.folder(call.at["folder"])
    return {"@odata.context": context(call), **_shown(call, folder)}


def list_children(call: Call) -> Json:
    return _children(call, call.mailbox.folder(call.at["folder"]))


def _children(call: Call, folder: MailFolder) -> Json:
    check_select(call.option("$select"), folder_json(folder))
    with_hidden = call.option("includeHiddenFolders").casefold() == "true"
    shown = [child for child in folder.children if with_hidden or not child.hidden]
    return outlook_page(call, shown, lambda child: _shown(call, child))


def _shown(call: Call, folder: MailFolder) -> Json:
    """With the size in bytes where $expand asks for it."""
    told = selected(folder_json(folder), call.option("$select"))
    if call.tenant.faults.sizeless_folders:
        told.pop("sizeInBytes", None)
    if ("Long", 0x0E08) in wanted_properties(call.option("$expand")):
        size = str(_size(folder))
        told["singleValueExtendedProperties"] = [{"id": "Long 0xe08", "value": size}]
    return told


def _size(folder: MailFolder) -> int:
    return sum(len(message.mime) for message in folder.messages.values())


def folder_json(folder: MailFolder) -> Json:
    """A search folder is told by its type alone."""
    messages = folder.messages.values()
    told: Json = {"@odata.type": "#microsoft.graph.mailSearchFolder"} if folder.search else {}
    told |= {
        "id": folder.id,
        "displayName": folder.name,
        "parentFolderId": folder.parent.id if folder.parent else None,
        "childFolderCount": sum(1 for child in folder.children if not child.hidden),
        "unreadItemCount": sum(1 for message in messages if not message.is_read),
        "totalItemCount": len(messages) + folder.others,
        "sizeInBytes": _size(folder),
        "isHidden": folder.hidden,
    }
    if folder.search:
        told |= {
            "isSupported": True,
            "includeNestedFolders": True,
            "sourceFolderIds": [folder.parent.id] if folder.parent else [],
            "filterQuery": "isRead eq false",
        }
    return told


_ONE = frozenset({"$expand"})
_HIDDEN = frozenset({"$expand", "includeHiddenFolders"})

ROUTES = (
    Route("/users/{user}/mailFolders", list_top, "Mail.Read", _HIDDEN),
    Route("/users/{user}/mailFolders/{folder}", get_folder, "Mail.Read", _ONE),
    Route("/users/{user}/mailFolders/{folder}/childFolders", list_children, "Mail.Read", _HIDDEN),
)
