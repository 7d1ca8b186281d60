"""The automatic reply of a WorkMail mailbox, over Exchange Web Services. What WorkMail does with
these calls is not proven."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from migration.errors import ItemRejected
from migration.mailbox_settings import AutomaticReply
from migration.targets.workmail_errors import translated
from migration.wire.ews import EwsClient
from migration.wire.ews_model import RequestRefused
from migration.wire.ews_replies import EwsReplies


class WorkmailReply:
    """A `mailbox_settings.ReplyTarget`. Owns the client."""

    def __init__(self, client: EwsClient, address: str) -> None:
        self._client = client
        self._replies = EwsReplies(client, address)

    def find(self) -> AutomaticReply:
        with _refusable():
            return self._replies.find()

    def put(self, reply: AutomaticReply) -> None:
        with _refusable():
            self._replies.put(reply)

    def close(self) -> None:
        self._client.close()


@contextmanager
def _refusable() -> Iterator[None]:
    """A refusal is about the reply alone: the mailbox was opened for its calendars before."""
    with translated():
        try:
            yield
        except RequestRefused as refused:
            raise ItemRejected(refused.code) from refused
