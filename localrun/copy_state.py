"""What a copy remembers between two calls, and of which two mailboxes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from localrun.copy_places import Place
from localrun.file_blobs import FolderBlobs
from localrun.file_ledger import FileLedger
from localrun.state_folder import LEDGER, FolderLock, StateRefusedError
from migration.identity import mailbox_id
from migration.model import Mailbox

TENANT = "copy"
_RUN = "copy"


class StoppableLedger(FileLedger):
    """The ledger of a copy whose operator is somebody at the keyboard: what is wanted is asked of
    the process, not of the file."""

    def __init__(self, path: Path, tenant: str, is_stop_wanted: Callable[[], bool]) -> None:
        super().__init__(path, tenant)
        self._is_stop_wanted = is_stop_wanted

    def pause_wanted(self, run: str = "") -> bool:
        return self._is_stop_wanted()


@dataclass(frozen=True, slots=True)
class State:
    """The open folder of one copy. `mailbox` is the mailbox's id in the ledger."""

    ledger: StoppableLedger
    blobs: FolderBlobs
    mailbox: str


@contextmanager
def open_state(
    folder: Path, source: Place, target: Place, is_stop_wanted: Callable[[], bool]
) -> Iterator[State]:
    """Locks the folder and opens what is in it. StateRefusedError if another process is at work
    there, or if it belongs to the copy of another source or target."""
    with ExitStack() as stack:
        stack.callback(FolderLock(folder).close)
        ledger = StoppableLedger(folder / LEDGER, TENANT, is_stop_wanted)
        stack.callback(ledger.close)
        mailbox = _mailbox(source, target)
        known = next(ledger.mailboxes(_RUN), None)
        if known is None:
            ledger.plan_mailboxes(_RUN, [mailbox])
        elif known.mailbox != mailbox:
            raise StateRefusedError(
                f"{folder} belongs to the copy from {known.mailbox.source} to "
                f"{known.mailbox.target}: take another folder for this one"
            )
        yield State(ledger, FolderBlobs(folder / "files"), mailbox.id)


def _mailbox(source: Place, target: Place) -> Mailbox:
    """The pair as the ledger has it. Names of places, so that another way to the same server, such
    as another file of passwords, is no other pair."""
    return Mailbox(
        id=mailbox_id(TENANT, target.name),
        source=source.name,
        target=target.name,
        username="",
        display_name="",
    )
