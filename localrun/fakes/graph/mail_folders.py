"""Mail folders: /mailFolders and what is in them."""

from __future__ import annotations

from localrun.fakes.graph.answers import Json, chosen
from localrun.fakes.graph.folders import ROOT, MailFolder
from localrun.fakes.graph.paging import context, outlook_page
from localrun.fakes.graph.routing import Call, Route


def list_top(call: Call) -> Json:
    return _children(call, call.mailbox.folder(ROOT))


def get_folder(call: Call) -> Json:
    folder = call.mailbox.folder(call.at["folder"])
    shown = chosen(folder_json(folder), call.option("$select"))
    return {"@odata.context": context(call), **shown}


def list_children(call: Call) -> Json:
    return _children(call, call.mailbox.folder(call.at["folder"]))


def _children(call: Call, folder: MailFolder) -> Json:
    with_hidden = call.option("includeHiddenFolders").casefold() == "true"
    shown = [child for child in folder.children if with_hidden or not child.hidden]
    select = call.option("$select")
    return outlook_page(call, shown, lambda child: chosen(folder_json(child), select))


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
        "sizeInBytes": sum(len(message.mime) for message in messages),
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


_HIDDEN = frozenset({"includeHiddenFolders"})

ROUTES = (
    Route("/users/{user}/mailFolders", list_top, "Mail.Read", _HIDDEN),
    Route("/users/{user}/mailFolders/{folder}", get_folder, "Mail.Read"),
    Route("/users/{user}/mailFolders/{folder}/childFolders", list_children, "Mail.Read", _HIDDEN),
)
