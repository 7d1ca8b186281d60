"""Which target is chosen: by one message that is written, read back and removed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from localrun.fakes.ledger import MemoryLedger
from migration.errors import (
    AdministratorPending,
    CredentialsRejected,
    FolderGone,
    MailboxUnreachable,
    MigrationError,
    QuotaExceeded,
    TargetBusy,
    TenantMisconfigured,
)
from migration.mail import FolderPlan, Found, Gone, Item, Outcome, Rejected, Stamped, Stored
from migration.model import Mailbox
from migration.ports import Capabilities
from migration.target_choice import (
    AUTO,
    EWS,
    FOLDER,
    IMAP,
    PROBE,
    Candidate,
    choose_target,
    compare,
    settle_target,
)

NOW = "2026-12-04T18:00:00Z"


def keep(item: Item) -> Item:
    return item


@dataclass
class OneMailbox:
    """A target with the folders that were made. `alter` is what it makes of a message; `failing`
    says which method raises what, once for each error in its list."""

    alter: Callable[[Item], Item | Gone] = keep
    gives_ids: bool = True
    refusal: str = ""
    failing: dict[str, list[MigrationError]] = field(default_factory=dict)
    folders: dict[str, list[Stamped]] = field(default_factory=dict)
    closed: int = 0
    capabilities: Capabilities = field(default_factory=Capabilities)

    def step(self, name: str) -> None:
        if self.failing.get(name):
            raise self.failing[name].pop(0)

    def open(self) -> None:
        """Nothing to connect to."""

    def ensure_folders(self, plans: Sequence[FolderPlan]) -> list[str]:
        self.step("ensure_folders")
        ids = ["/".join(plan.path) for plan in plans]
        for each in ids:
            self.folders.setdefault(each, [])
        return ids

    def mark(self, folder_id: str) -> str:
        self.step("mark")
        return str(len(self.folders[folder_id]))

    def append(self, folder_id: str, batch: Iterable[Stamped]) -> OneAnswer:
        self.step("append")
        if self.refusal:
            return OneAnswer(self, Rejected(PROBE.key, self.refusal))
        self.folders[folder_id] += batch
        number = len(self.folders[folder_id])
        return OneAnswer(self, Stored(PROBE.key, str(number) if self.gives_ids else ""))

    def since(self, folder_id: str, mark: str, keys: Sequence[str]) -> Iterable[Found]:
        self.step("since")
        for number, _ in enumerate(self.folders[folder_id][int(mark) :], int(mark) + 1):
            yield Found(str(number))

    def count(self, folder_id: str, ids: Collection[str] = ()) -> int:
        raise NotImplementedError

    def total(self) -> int:
        raise NotImplementedError

    def show(self, folder_id: str, ids: Sequence[str]) -> Iterator[Item | Gone]:
        self.step("show")
        for each in ids:
            yield self.alter(self.folders[folder_id][int(each) - 1].item)

    def set_flags(self, folder_id: str, flags: Mapping[str, frozenset[str]]) -> None:
        raise NotImplementedError

    def remove(self, folder_id: str, ids: Sequence[str]) -> None:
        raise NotImplementedError

    def remove_folder(self, folder_id: str) -> None:
        self.step("remove_folder")
        self.folders.pop(folder_id, None)

    def close(self) -> None:
        self.closed += 1


@dataclass
class OneAnswer:
    """The receipt for one message."""

    mailbox: OneMailbox
    outcome: Outcome
    mark: str = ""

    def outcomes(self) -> Sequence[Outcome]:
        self.mailbox.step("outcomes")
        return [self.outcome]


def candidate(target: OneMailbox, kind: str = EWS, missing: str = "") -> Candidate:
    return Candidate(kind, lambda: target, missing)


def without(flag: str) -> Callable[[Item], Item]:
    return lambda item: replace(item, flags=item.flags - {flag})


def received(moment: datetime) -> Callable[[Item], Item]:
    return lambda item: replace(item, received=moment)


DATE_HEADER = datetime(2015, 1, 31, 18, tzinfo=UTC)
LOSSES: list[tuple[str, Callable[[Item], Item]]] = [
    ("date", received(datetime(2026, 12, 4, 18, tzinfo=UTC))),
    ("date", received(DATE_HEADER)),
    ("date", lambda item: replace(item, received=item.received.replace(tzinfo=UTC))),
    ("date", lambda item: replace(item, received=item.received + timedelta(hours=1))),
    ("read", without("\\Seen")),
    ("flagged", without("\\Flagged")),
    ("draft", lambda item: replace(item, flags=item.flags | {"\\Draft"})),
    ("Message-ID", lambda item: replace(item, mime=b"Subject: x\r\n\r\nx\r\n")),
    (
        "Message-ID",
        lambda item: replace(item, mime=b"Message-ID: <new@server.invalid>\r\n\r\nx\r\n"),
    ),
]


def rebuilt(item: Item) -> Item:
    """As a server shows it that writes headers, zones and flags in its own way."""
    mime = b"Subject: x\r\nMESSAGE-ID:\r\n <probe.5c1f9e07@migration.invalid>\r\n\r\nx\r\n"
    flags = frozenset({"\\SEEN", "\\flagged", "$MDNSent"})
    return replace(item, mime=mime, flags=flags, received=item.received.astimezone(UTC))


# ---- the message -----------------------------------------------------------------------------


def test_the_probe_is_a_message_of_2015_that_was_read_and_flagged() -> None:
    item = PROBE.item
    assert item.received.year == 2015
    assert item.received.utcoffset() == timedelta(hours=5, minutes=30)
    assert item.received != DATE_HEADER
    assert item.flags == {"\\Seen", "\\Flagged"}
    assert isinstance(item.mime, bytes)
    assert item.mime.isascii()
    assert item.ref.size == len(item.mime)
    assert b"\n" not in item.mime.replace(b"\r\n", b"")


def test_a_target_that_keeps_everything_loses_nothing() -> None:
    assert compare(PROBE.item) == ()
    assert compare(rebuilt(PROBE.item)) == ()


@pytest.mark.parametrize(("word", "alter"), LOSSES)
def test_every_loss_is_told_in_words(word: str, alter: Callable[[Item], Item]) -> None:
    (loss,) = compare(alter(PROBE.item))
    assert word in loss


# ---- the choice ------------------------------------------------------------------------------


@pytest.mark.parametrize("gives_ids", [True, False])
def test_the_first_that_keeps_the_message_is_chosen(gives_ids: bool) -> None:
    ews, imap = OneMailbox(gives_ids=gives_ids, alter=rebuilt), OneMailbox()
    choice = choose_target([candidate(ews), candidate(imap, IMAP)])
    assert choice.kind == EWS
    assert choice.reasons == ("EWS keeps dates, flags and Message-ID",)
    assert (ews.closed, imap.closed) == (1, 0)
    assert ews.folders == {}


@pytest.mark.parametrize(("word", "alter"), LOSSES)
def test_the_second_is_chosen_when_the_first_loses_something(
    word: str, alter: Callable[[Item], Item]
) -> None:
    ews, imap = OneMailbox(alter), OneMailbox()
    choice = choose_target([candidate(ews), candidate(imap, IMAP)])
    assert choice.kind == IMAP
    assert word in choice.reasons[0]
    assert choice.reasons[0].startswith("EWS is not used: it ")
    assert (ews.folders, imap.folders) == ({}, {})


def test_every_reason_is_told_when_no_target_will_do() -> None:
    ews = OneMailbox(lambda item: without("\\Seen")(LOSSES[0][1](item)))
    with pytest.raises(TenantMisconfigured) as caught:
        choose_target([candidate(ews), candidate(OneMailbox(), IMAP, "no password is known")])
    first, second, advice = caught.value.problems
    assert "the date at which a message was received, it forgets that a message was read" in first
    assert second == "IMAP is not used: no password is known"
    assert "`target.kind`" in advice
    assert "@" not in str(caught.value)


def test_a_candidate_that_cannot_be_tried_is_not_opened() -> None:
    imap = OneMailbox()
    with pytest.raises(TenantMisconfigured):
        choose_target([candidate(imap, IMAP, "no password is known")])
    assert imap.closed == 0


@pytest.mark.parametrize(
    ("target", "word"),
    [
        (OneMailbox(refusal="ErrorItemSave"), "refuses a harmless message (ErrorItemSave)"),
        (OneMailbox(lambda item: Gone(item.ref)), "does not show the message"),
        (OneMailbox(failing={"append": [QuotaExceeded("full")]}), "(QuotaExceeded: full)"),
        (OneMailbox(failing={"show": [FolderGone("it was deleted")]}), "(FolderGone: it was"),
        (OneMailbox(failing={"ensure_folders": [CredentialsRejected("no")]}),
         "(CredentialsRejected: no)"),
        (OneMailbox(failing={"outcomes": [MailboxUnreachable("ErrorInvalidExtendedProperty")]}),
         "ErrorInvalidExtendedProperty"),
    ],
)  # fmt: skip
def test_a_target_that_does_not_work_is_a_reason(target: OneMailbox, word: str) -> None:
    choice = choose_target([candidate(target), candidate(OneMailbox(), IMAP)])
    assert choice.kind == IMAP
    assert word in choice.reasons[0]
    assert target.folders == {}
    assert target.closed == 1


def test_a_mailbox_that_cannot_be_opened_is_a_reason() -> None:
    def refuse() -> OneMailbox:
        raise CredentialsRejected("no password")

    choice = choose_target([Candidate(EWS, refuse), candidate(OneMailbox(), IMAP)])
    assert choice.kind == IMAP


STEPS = ["ensure_folders", "mark", "append", "outcomes", "since", "show", "remove_folder"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("error", [TargetBusy("503", 5.0), AdministratorPending("wait", 5.0)])
def test_a_busy_target_decides_nothing_and_the_next_attempt_cleans_up(
    step: str, error: MigrationError
) -> None:
    target = OneMailbox(gives_ids=False, failing={step: [error]})
    target.folders["Inbox"] = []
    with pytest.raises(type(error)):
        choose_target([candidate(target), candidate(OneMailbox(), IMAP)])
    assert target.closed == 1
    if step != "remove_folder":
        assert FOLDER not in target.folders
    assert choose_target([candidate(target)]).kind == EWS
    assert set(target.folders) == {"Inbox"}


def test_what_a_dead_worker_left_does_not_stand_in_the_way() -> None:
    for gives_ids in (True, False):
        target = OneMailbox(gives_ids=gives_ids)
        old = replace(PROBE, item=replace(PROBE.item, flags=frozenset()))
        target.folders[FOLDER] = [old]
        assert choose_target([candidate(target)]).kind == EWS
        assert target.folders == {}


def test_a_folder_that_cannot_be_removed_decides_nothing_and_is_told() -> None:
    target = OneMailbox(failing={"remove_folder": [MailboxUnreachable("ErrorAccessDenied")]})
    choice = choose_target([candidate(target)])
    assert choice.kind == EWS
    assert f"delete the folder `{FOLDER}` by hand" in choice.reasons[0]


def test_a_folder_that_is_gone_already_is_fine() -> None:
    target = OneMailbox(failing={"remove_folder": [FolderGone("x")]})
    assert "by hand" not in choose_target([candidate(target)]).reasons[0]


# ---- in a run --------------------------------------------------------------------------------


def never() -> list[Candidate]:
    raise AssertionError("nothing is tried")


@pytest.mark.parametrize(("kind", "said"), [(EWS, "EWS"), (IMAP, "IMAP")])
def test_a_kind_that_is_set_is_taken_untried(kind: str, said: str) -> None:
    ledger = MemoryLedger()
    assert settle_target(kind, never, ledger, "run", NOW) == kind
    (note,) = ledger.notes("run")
    assert note.what == f"mail is written over {said}: set in the tenant file"


def test_the_choice_and_its_reasons_stand_in_the_timeline() -> None:
    ledger = MemoryLedger()
    ledger.plan_mailboxes("run", [Mailbox("m", "anna", "anna@acme.example", "anna", "Anna")])
    lossy = candidate(OneMailbox(without("\\Flagged")))
    candidates = [lossy, candidate(OneMailbox(), IMAP)]
    assert settle_target(AUTO, lambda: candidates, ledger, "run", NOW) == IMAP
    (note,) = ledger.notes("run")
    assert (note.at, note.state) == (NOW, "EnableAdministrator")
    assert note.what == (
        "mail is written over IMAP: EWS is not used: it forgets that a message was flagged; "
        "IMAP keeps dates, flags and Message-ID"
    )
