"""A CalDAV and CardDAV server for runs on the laptop: Radicale, in a process of its own.

Radicale is free software under the GPL: it is a tool of the tests and of the laptop, asked over
HTTP alone, and never deployed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from localrun.fakes.dav_editor import DavEditor, quoted, write_items
from localrun.fakes.dav_process import DavProcess
from migration.groupware_port import CollectionKind
from migration.items.item import AnyItem

_CONFIGURATION = """
[server]
hosts = 127.0.0.1:{port}
max_content_length = 1000000000
[auth]
type = htpasswd
htpasswd_filename = {root}/users
htpasswd_encryption = plain
delay = 0
[rights]
type = {rights}
[storage]
filesystem_folder = {root}/storage
[logging]
level = error
"""


class RadicaleServer(DavProcess):
    """Serves `users` (address -> password). With `is_open` every user may open what the others
    have, as an administrator may elsewhere."""

    def __init__(self, users: Mapping[str, str], *, is_open: bool = False) -> None:
        super().__init__()
        self._users = dict(users)
        self._rights = "authenticated" if is_open else "owner_only"
        self._editors: dict[str, DavEditor] = {}
        self._write_users()
        self.begin()

    def arguments(self) -> list[str]:
        told = _CONFIGURATION.format(port=self.port, root=self.root, rights=self._rights)
        (self.root / "radicale.ini").write_text(told, "utf-8")
        return ["-m", "radicale", "--config", str(self.root / "radicale.ini")]

    @property
    def url(self) -> str:
        """A dav_url of each user's own."""
        return f"http://127.0.0.1:{self.port}/{{user}}/"

    def make(self, address: str, collection: str, *kinds: CollectionKind, colour: str = "") -> None:
        """A calendar of these kinds, or an address book."""
        self._editor(address).make(_path(address, collection, ""), collection, kinds, colour)

    def put(
        self, address: str, collection: str, kind: CollectionKind, name: str, *items: AnyItem
    ) -> None:
        """Adds or changes the resource of that name, which holds these items."""
        self.put_data(address, collection, kind, name, write_items(items))

    def put_data(
        self, address: str, collection: str, kind: CollectionKind, name: str, data: bytes
    ) -> None:
        """The same with what is no item of ours."""
        self._editor(address).put(_path(address, collection, name), kind, data)

    def delete(self, address: str, collection: str, name: str) -> None:
        self._editor(address).delete(_path(address, collection, name))

    def lock_out(self, address: str) -> None:
        """The server takes that user's password no more."""
        del self._users[address]
        self._write_users()

    def _write_users(self) -> None:
        lines = [f"{user}:{password}\n" for user, password in self._users.items()]
        (self.root / "users").write_text("".join(lines), "utf-8")

    def close(self) -> None:
        for editor in self._editors.values():
            editor.close()
        super().close()

    def _editor(self, address: str) -> DavEditor:
        if address not in self._editors:
            url = f"http://127.0.0.1:{self.port}"
            self._editors[address] = DavEditor(url, address, self._users[address])
        return self._editors[address]


def _path(address: str, collection: str, name: str) -> str:
    """Radicale takes no names with a slash in them for paths."""
    folder = hashlib.sha256(collection.encode()).hexdigest()[:12]
    return quoted(address, folder, name)
