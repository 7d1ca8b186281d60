"""A trial with a real server: Dovecot's mailboxes into emulated WorkMail, by the whole workflow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from localrun.display import PlainDisplay
from localrun.runner import Options, Outcome, Run
from localrun.trial import make_trial
from tests.integration.dovecot import Dovecot
from tests.integration.dovecot_configuration import INBOX_DOT, Layout

FolderPath = tuple[str, ...]

# Source mailbox -> folder -> messages.
MAIL: Mapping[str, Mapping[FolderPath, int]] = {
    "ann@old.example": {
        ("INBOX",): 40,
        ("INBOX", "Below"): 2,
        ("Gesendet",): 5,
        ("Drafts",): 1,
        ("Projekte", "Übergabe & Co"): 7,
        ("Archive", "2019"): 0,
        ("Archive", "2019", "Q3"): 3,
        ("2020",): 2,
    },
    "bob@old.example": {("INBOX",): 3, ("Entwürfe 😀", "неделя"): 4},
}
FLAGS = [(), ("\\Seen",), ("\\Seen", "\\Answered"), ("\\Flagged", "$Work"), ("\\Seen", "Label2")]
TARGETS = {
    ("INBOX",): ("Inbox",),
    ("INBOX", "Below"): ("Inbox", "Below"),
    ("Gesendet",): ("Sent Items",),
    ("Drafts",): ("Drafts",),
    ("Trash",): ("Deleted Items",),
    ("Junk",): ("Junk E-mail",),
}


@dataclass(frozen=True)
class Tried:
    """A trial that has ended, and the bytes that were at the source before: mailbox -> messages."""

    outcome: Outcome
    sent: Mapping[str, Counter[bytes]]
    maildir: Path


def message(number: int) -> bytes:
    text = f"Zeile {number} äöü\r\n" * (number % 7 * 20 + 1)
    head = (
        f"From: Bea <bea@partner.example>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= {number}\r\n"
        f"Message-ID: <{number}@partner.example>\r\nX-Odd:  two  spaces\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    )
    return (head + text).encode()


def fill(server: Dovecot) -> dict[str, Counter[bytes]]:
    """Delivers MAIL; what was delivered. Two messages of ANN's are equal to the byte."""
    sent: dict[str, Counter[bytes]] = {}
    number = 0
    for address, folders in MAIL.items():
        sent[address] = Counter()
        with server.client(address) as client:
            for path, count in folders.items():
                name = server.layout.name(path)
                if not client.folder_exists(name):
                    client.create_folder(name)
                for _ in range(count):
                    number += 1
                    mime = message(max(number, 2))
                    date = datetime(2012, 3, 4, 5, 6, 7, tzinfo=UTC) + timedelta(days=31 * number)
                    draft = ("\\Draft", "\\Seen") if path == ("Drafts",) else ()
                    client.append(name, mime, draft or FLAGS[number % len(FLAGS)], date)
                    sent[address][mime] += 1
    return sent


@pytest.fixture(scope="module", params=[INBOX_DOT], ids=["below INBOX"])
def tried(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tried:
    layout: Layout = request.param
    folder = tmp_path_factory.mktemp("trial")
    manifest, maildir = folder / "manifest.csv", folder / "maildir"
    rows = [f"{address},{new(address)},{address.split('@')[0].title()}\n" for address in MAIL]
    manifest.write_text("source,target,display_name\n" + "".join(rows))
    env = {"SOURCE_ADMIN_USER": "boss", "SOURCE_ADMIN_PASSWORD": "b0ss"}
    with Dovecot(layout, dict.fromkeys(MAIL, "secret"), {"boss": "b0ss"}) as server:
        sent = fill(server)
        trial = make_trial(f"imap://127.0.0.1:{server.port}", manifest, None, env)
        options = Options(out=folder / "out", maildir=maildir)
        display = PlainDisplay(Console(file=StringIO()))
        with Run(trial, options, display) as run:
            outcome = run.execute()
        display.close()
    return Tried(outcome, sent, maildir)


def new(address: str) -> str:
    return address.replace("old.example", "new.example")


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_trial_succeeds_and_all_three_counts_agree(tried: Tried) -> None:
    assert tried.outcome.problems == ()
    assert tried.outcome.status == "SUCCEEDED"
    assert all(one.agrees for one in tried.outcome.folders)
    assert tried.outcome.messages == sum(sum(folders.values()) for folders in MAIL.values())


@pytest.mark.slow
def test_every_folder_is_compared_under_the_name_that_its_user_sees(tried: Tried) -> None:
    found = {(one.mailbox, one.source_path): one for one in tried.outcome.folders}
    for address, folders in MAIL.items():
        for path, count in folders.items():
            one = found[new(address), path]
            assert (one.source, one.target, one.ledger) == (count, count, count)
            assert one.target_path == TARGETS.get(path, path)


@pytest.mark.slow
def test_the_maildir_holds_the_same_bytes_as_the_source(tried: Tried) -> None:
    for address, sent in tried.sent.items():
        files = [path for path in (tried.maildir / new(address)).rglob("cur/*") if path.is_file()]
        assert Counter(path.read_bytes() for path in files) == sent
