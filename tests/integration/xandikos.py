"""Xandikos for tests: over TLS, with a certificate of its own, since it takes passwords by no other
way. Free software under the GPL; it is asked over HTTP alone."""

from __future__ import annotations

import base64
import hashlib
import ssl
from collections.abc import Mapping

from localrun.fakes.dav_editor import DavEditor, quoted
from localrun.fakes.dav_process import DavProcess
from migration.groupware_port import CollectionKind
from tests.integration.certificates import write_certificate


class XandikosServer(DavProcess):
    """Serves `users` (name -> password), who begin with a calendar and an address book each."""

    def __init__(self, users: Mapping[str, str]) -> None:
        super().__init__()
        self._users = dict(users)
        self._editors: dict[str, DavEditor] = {}
        (self.root / "data").mkdir()
        lines = [f"{user}:{_hash(password)}\n" for user, password in users.items()]
        (self.root / "users").write_text("".join(lines), "utf-8")
        self.context = self._certify()
        self.begin()

    def arguments(self) -> list[str]:
        told = ["-m", "xandikos", "multi-user", "--defaults", "--autocert", "--no-detect-systemd"]
        told += ["-d", "data", "--state-dir", "state", "--htpasswd", "users"]
        return [*told, "-l", "127.0.0.1", "-p", str(self.port)]

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}/"

    def make(self, user: str, collection: str, *kinds: CollectionKind) -> None:
        """A calendar of these kinds, or an address book."""
        editor = self._editor(user)
        editor.make(self._path(user, kinds[0], collection) + "/", collection, kinds)

    def put(self, user: str, collection: str, kind: CollectionKind, name: str, data: bytes) -> None:
        self._editor(user).put(self._path(user, kind, collection, name), kind, data)

    def delete(self, user: str, collection: str, kind: CollectionKind, name: str) -> None:
        self._editor(user).delete(self._path(user, kind, collection, name))

    def close(self) -> None:
        for editor in self._editors.values():
            editor.close()
        super().close()

    def _path(self, user: str, kind: CollectionKind, collection: str, *names: str) -> str:
        home = "contacts" if kind is CollectionKind.CONTACTS else "calendars"
        # a folder of that name is made: it must be one that a file system takes
        return quoted(user, home, hashlib.sha256(collection.encode()).hexdigest()[:8], *names)

    def _editor(self, user: str) -> DavEditor:
        if user not in self._editors:
            editor = DavEditor(self.url, user, self._users[user], self.context)
            self._editors[user] = editor
        return self._editors[user]

    def _certify(self) -> ssl.SSLContext:
        """The server's own certificate would be for a name; it takes one that is good for long."""
        folder = self.root / "state" / "certs"
        folder.mkdir(parents=True)
        certificate = write_certificate(folder / "selfsigned.crt", days=90)
        (folder / "selfsigned.key").write_bytes(certificate.read_bytes())
        return ssl.create_default_context(cafile=str(certificate))


def _hash(password: str) -> str:
    digest = hashlib.sha1(password.encode(), usedforsecurity=False).digest()
    return "{SHA}" + base64.b64encode(digest).decode()
