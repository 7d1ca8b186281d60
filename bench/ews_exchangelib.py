"""The peer for EWS: exchangelib's bulk_create, over as many connections as ours takes.

    python -m bench.ews_exchangelib SOURCE_PORT USER PASSWORD_FILE EWS_PORT ADDRESS TOKEN_FILE

One thread for each connection, each with its share of the messages, because a single bulk_create
sends its requests one after the other. All mail is fetched before, as a stream, so that reading
costs it next to nothing.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import exchangelib
from exchangelib import (
    IMPERSONATION,
    Account,
    Configuration,
    Credentials,
    ExtendedProperty,
    Folder,
    Message,
    Version,
)
from exchangelib.version import EXCHANGE_2010_SP2
from requests import PreparedRequest
from requests.auth import AuthBase

from bench.ews_clients import (
    BATCH,
    CONNECTIONS,
    EwsArguments,
    fetch_all,
    read_ews_arguments,
)
from bench.imap_wire import Fetched

_WELL_KNOWN = {"INBOX": "inbox", "Sent Items": "sent"}


class BearerAuth(AuthBase):
    """A token that somebody else has made; exchangelib itself only knows OAuth's ways to one."""

    def __init__(self, username: str, password: str) -> None:
        self._token = password

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """For requests."""
        r.headers["Authorization"] = f"Bearer {self._token}"
        return r


class DeliveryTime(ExtendedProperty):  # type: ignore[misc]
    """PidTagMessageDeliveryTime: without it a message would have arrived now."""

    property_tag = 0x0E06
    property_type = "SystemTime"


class MessageFlags(ExtendedProperty):  # type: ignore[misc]
    """PidTagMessageFlags: without it a message would be a draft."""

    property_tag = 0x0E07
    property_type = "Integer"


def _main() -> None:
    arguments = read_ews_arguments(_main.__doc__ or "")
    exchangelib.transport.AUTH_TYPE_MAP["bearer"] = BearerAuth
    Message.register("delivery_time", DeliveryTime)
    Message.register("message_flags", MessageFlags)
    account = _open(arguments)
    by_folder: dict[str, list[Fetched]] = {}
    for name, fetched in fetch_all(arguments.source):
        by_folder.setdefault(name, []).append(fetched)
    for name, found in by_folder.items():
        _write(account, name, found)


def _open(arguments: EwsArguments) -> Any:
    configuration = Configuration(
        service_endpoint=f"http://127.0.0.1:{arguments.port}{arguments.path}",
        credentials=Credentials("role", arguments.token),
        auth_type="bearer",
        version=Version(build=EXCHANGE_2010_SP2),
        max_connections=CONNECTIONS,
    )
    return Account(
        primary_smtp_address=arguments.address,
        config=configuration,
        autodiscover=False,
        access_type=IMPERSONATION,
    )


def _write(account: Any, name: str, messages: list[Fetched]) -> None:
    """Stores all, or raises."""
    known = _WELL_KNOWN.get(name)
    if known:
        folder = getattr(account, known)
    else:
        folder = Folder(parent=account.msg_folder_root, name=name).save()
    batches = [messages[at : at + BATCH] for at in range(0, len(messages), BATCH)]
    shares = [batches[thread::CONNECTIONS] for thread in range(CONNECTIONS)]

    def write_share(share: list[list[Fetched]]) -> None:
        items = [_item(account, folder, message) for batch in share for message in batch]
        answers = account.bulk_create(folder, items, chunk_size=BATCH)
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer

    with ThreadPoolExecutor(CONNECTIONS) as threads:
        list(threads.map(write_share, filter(None, shares)))


def _item(account: Any, folder: Any, fetched: Fetched) -> Any:
    flags = [flag.decode() for flag in fetched.flags.split()]
    return Message(
        account=account,
        folder=folder,
        mime_content=fetched.content,
        delivery_time=exchangelib.EWSDateTime.from_datetime(fetched.instant),
        message_flags=1 if "\\Seen" in flags else 0,
        is_read="\\Seen" in flags,
        categories=[flag for flag in flags if not flag.startswith("\\")] or None,
    )


if __name__ == "__main__":
    _main()
