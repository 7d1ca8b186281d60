"""Items with string keys `pk` and `sk` in an SQLite file: what DynamoDB is to the deployed ledger.

An item is a JSON object. Every change is one transaction, on disk when it returns; what a
transaction reads cannot change before it writes, whichever thread or process would like to.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from localrun.state_folder import StateRefusedError

_APPLICATION = 0x574D4D4C  # "WMML": what makes an SQLite file one of ours
_VERSION = 1
_PATIENCE = 60.0
"""Seconds for which a change waits for another process's."""

Item = dict[str, Any]


class FileItems:
    """The items of one file. Safe for several threads, and for several processes at once.

    `writes` counts the transactions that this object has made.
    """

    def __init__(self, path: Path) -> None:
        """Creates the file where missing. StateRefusedError if it is another program's, of another
        version, or cannot be opened."""
        self.writes = 0
        self._lock = threading.RLock()
        try:
            self._database = sqlite3.connect(
                path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise StateRefusedError(f"cannot open {path}: {error}") from error
        try:
            self._open(path)
        except sqlite3.Error as error:
            self._database.close()
            raise StateRefusedError(
                f"{path} is damaged or no ledger at all ({error}): take another folder"
            ) from error
        except StateRefusedError:
            self._database.close()
            raise

    def close(self) -> None:
        """Ends the connection; may be called twice."""
        with self._lock:
            self._database.close()

    def read(self, pk: str, sk: str) -> Item | None:
        """The item, None if there is none."""
        with self._lock:
            found = self._database.execute(
                "SELECT body FROM item WHERE pk = ? AND sk = ?", (pk, sk)
            ).fetchone()
        return json.loads(found[0]) if found else None

    def query(self, pk: str, prefix: str) -> list[Item]:
        """The items whose sort key begins with `prefix`, in its order."""
        with self._lock:
            rows = self._database.execute(
                "SELECT body FROM item WHERE pk = ? AND sk >= ? AND sk < ? ORDER BY sk",
                (pk, prefix, f"{prefix}\U0010ffff"),
            ).fetchall()
        return [json.loads(body) for (body,) in rows]

    @contextmanager
    def change(self) -> Iterator[Change]:
        """A transaction: all of it is on disk afterwards, or nothing if the block raises."""
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield Change(self._database, self)
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise
            self.writes += 1

    def _open(self, path: Path) -> None:
        # One transaction: between two of its questions another process may have created the file.
        self._database.execute("BEGIN")
        is_new = self._is_new(path)
        self._database.execute("COMMIT")
        if is_new:
            # Readers and one writer do not wait for each other; the file remembers it.
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("BEGIN IMMEDIATE")
            if self._is_new(path):
                self._create()
            self._database.execute("COMMIT")
        self._database.execute("PRAGMA synchronous = FULL")

    def _is_new(self, path: Path) -> bool:
        """Whether nobody has written to the file yet; StateRefusedError if it is not ours."""
        (application,) = self._database.execute("PRAGMA application_id").fetchone()
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if (application, version) == (_APPLICATION, _VERSION):
            return False
        if application == _APPLICATION:
            raise StateRefusedError(
                f"{path} was written by another version of this program (format {version}, "
                f"this is {_VERSION}): go on with that version, or take another folder"
            )
        (tables,) = self._database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application or version or tables:
            raise StateRefusedError(f"{path} belongs to another program: take another folder")
        return True

    def _create(self) -> None:
        run = self._database.execute
        run("CREATE TABLE item (pk TEXT, sk TEXT, body TEXT, PRIMARY KEY (pk, sk))")
        run(f"PRAGMA application_id = {_APPLICATION}")
        run(f"PRAGMA user_version = {_VERSION}")


class Change:
    """What can be done within a transaction."""

    def __init__(self, database: sqlite3.Connection, items: FileItems) -> None:
        self._database = database
        self._items = items

    def read(self, pk: str, sk: str) -> Item | None:
        """The item as it is now, and stays until the end of the transaction."""
        return self._items.read(pk, sk)

    def write(self, pk: str, sk: str, item: Mapping[str, Any]) -> None:
        """Puts the item in place of what was there."""
        body = json.dumps(item, separators=(",", ":"))
        self._database.execute(
            "INSERT INTO item VALUES (?, ?, ?) "
            "ON CONFLICT (pk, sk) DO UPDATE SET body = excluded.body",
            (pk, sk, body),
        )

    def delete(self, pk: str, sk: str) -> None:
        """No error if there is none."""
        self._database.execute("DELETE FROM item WHERE pk = ? AND sk = ?", (pk, sk))

    def delete_all(self, pk: str, prefix: str) -> None:
        """Those whose sort key begins with `prefix`."""
        self._database.execute(
            "DELETE FROM item WHERE pk = ? AND sk >= ? AND sk < ?",
            (pk, prefix, f"{prefix}\U0010ffff"),
        )
