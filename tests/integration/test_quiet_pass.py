"""The pass that recognizes a quiet mailbox without the engine, and the engine's own opinion."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from imapclient import IMAPClient

from tests.integration.certificates import write_certificate
from tests.integration.copy_call import ANN, BOB, USERS, Command
from tests.integration.dovecot import Dovecot
from tests.integration.dovecot_configuration import INBOX_DOT, SLASH, Layout
from tests.integration.mail_server import append_exactly

UNWANTED = {
    *("argparse", "typing", "sqlite3", "ssl", "email", "migration.model", "migration.ports"),
    *("migration.errors", "migration.copy", "migration.sources", "migration.targets"),
    *("localrun.copy_command", "localrun.copy_options", "localrun.file_ledger"),
}
FOLDERS = ("INBOX", "Work", "Work/2020", "Entwürfe & mehr", "Empty")
MAIL = b"Subject: new\r\n\r\nnew\r\n"


@pytest.fixture
def server() -> Iterator[Dovecot]:
    with Dovecot(SLASH, USERS) as started:
        fill(started)
        yield started


def fill(server: Dovecot) -> None:
    with server.client(ANN) as client:
        for name in FOLDERS:
            folder = server.layout.name(name.split("/"))
            if name != "INBOX":
                client.create_folder(folder)
            if name != "Empty":
                for number in range(3):
                    append_exactly(client, folder, b"Subject: %d\r\n\r\nx\r\n" % number)


@pytest.fixture
def command(server: Dovecot, tmp_path: Path) -> Command:
    return Command(server, tmp_path)


def is_quiet(said: str) -> bool:
    return "nothing new" in said


# ---- what happens between two passes


def nothing(_client: IMAPClient) -> None:
    """A night."""


def new_mail(client: IMAPClient) -> None:
    append_exactly(client, "Work/2020", MAIL)


def first_mail_of_a_folder(client: IMAPClient) -> None:
    append_exactly(client, "Empty", MAIL)


def mail_deleted(client: IMAPClient) -> None:
    client.select_folder("Work")
    client.delete_messages([1])
    client.expunge()


def mail_that_came_and_went(client: IMAPClient) -> None:
    append_exactly(client, "Empty", MAIL)
    client.select_folder("Empty")
    client.delete_messages([1])
    client.expunge()


def flag_set(client: IMAPClient) -> None:
    client.select_folder("INBOX")
    client.add_flags([2], [rb"\Flagged"])


def flag_set_and_taken_back(client: IMAPClient) -> None:
    flag_set(client)
    client.remove_flags([2], [rb"\Flagged"])


def keyword_set(client: IMAPClient) -> None:
    client.select_folder("Work")
    client.add_flags([1], [b"urgent"])


def folder_created(client: IMAPClient) -> None:
    client.create_folder("Fresh")


def folder_renamed(client: IMAPClient) -> None:
    client.rename_folder("Work/2020", "Work/old")


def folder_deleted(client: IMAPClient) -> None:
    client.delete_folder("Work/2020")


def folder_recreated(client: IMAPClient) -> None:
    folder_deleted(client)
    client.create_folder("Work/2020")
    for number in range(3):
        append_exactly(client, "Work/2020", b"Subject: %d\r\n\r\nx\r\n" % number)


def folders_that_swapped_their_names(client: IMAPClient) -> None:
    for old, new in (("Work/2020", "a"), ("Entwürfe & mehr", "Work/2020"), ("a", "b")):
        client.rename_folder(old, new)
    client.rename_folder("b", "Entwürfe & mehr")


def folder_subscribed(client: IMAPClient) -> None:
    client.subscribe_folder("Work/2020")


def folder_read(client: IMAPClient) -> None:
    client.select_folder("INBOX", readonly=True)
    client.fetch([1, 2], ["BODY.PEEK[]"])


CHANGES = (
    *(new_mail, first_mail_of_a_folder, mail_deleted, mail_that_came_and_went),
    *(flag_set, flag_set_and_taken_back, keyword_set),
    *(folder_created, folder_renamed, folder_deleted, folder_recreated),
    folders_that_swapped_their_names,
)
NO_CHANGES = (nothing, folder_subscribed, folder_read)


@pytest.mark.parametrize("happens", CHANGES, ids=lambda change: change.__name__)
def test_whatever_happens_at_the_source_leads_to_the_engine(
    happens: Callable[[IMAPClient], None], command: Command, server: Dovecot
) -> None:
    assert not is_quiet(command.call()[1])
    assert is_quiet(command.call()[1])
    with server.client(ANN) as client:
        happens(client)
    assert not is_quiet(command.call()[1])
    command.call()  # the engine may have more to do, such as to set flags
    assert is_quiet(command.call()[1])


@pytest.mark.parametrize("happens", NO_CHANGES, ids=lambda change: change.__name__)
def test_where_a_pass_is_quiet_the_engine_has_nothing_to_do(
    happens: Callable[[IMAPClient], None], command: Command, server: Dovecot
) -> None:
    command.call()
    with server.client(ANN) as client:
        happens(client)
    with server.client(BOB) as client:
        client.delete_folder("Work/2020")  # users may do that; no later pass looks at it
    quick, said = command.call()
    assert is_quiet(said)
    (command.folder / "state" / "quiet.json").unlink()
    slow, said = command.call()
    assert not is_quiet(said)
    varying = {"seconds", "peak_memory_mb"}
    assert {key: quick[key] for key in quick.keys() - varying} == {
        key: slow[key] for key in slow.keys() - varying
    }
    assert list(quick) == list(slow)
    assert (slow["messages"], slow["ledger_writes"]) == (0, 0)


# ---- on other servers

PLAIN = "IMAP4rev1 NAMESPACE UIDPLUS LITERAL+"


@pytest.mark.parametrize(
    ("layout", "capabilities", "expected"),
    [
        (INBOX_DOT, "", True),
        (SLASH, f"{PLAIN} CONDSTORE", True),  # STATUS of each folder
        (SLASH, f"{PLAIN} CONDSTORE XLIST", False),
        (SLASH, f"{PLAIN} LIST-STATUS", False),  # no word about flags
    ],
)
def test_what_a_server_tells_decides(
    layout: Layout, capabilities: str, expected: bool, tmp_path: Path
) -> None:
    with Dovecot(layout, USERS, capabilities=capabilities) as server:
        fill(server)
        command = Command(server, tmp_path)
        command.call()
        assert is_quiet(command.call()[1]) is expected
        server.append(ANN, "INBOX", MAIL)
        assert command.call()[0]["messages"] == 1


def test_over_tls(tmp_path: Path) -> None:
    certificate = write_certificate(tmp_path / "server.pem")
    with Dovecot(SLASH, USERS, certificate=certificate) as server:
        fill(server)
        command = Command(server, tmp_path)
        options = ["--ca", str(certificate)]
        command.call(*options, scheme="imaps")
        assert is_quiet(command.call(*options, scheme="imaps")[1])
        certificate.rename(tmp_path / "elsewhere")
        process = command.start(*options, scheme="imaps")
        assert "--ca: there is no file" in process.communicate(timeout=30)[1]


# ---- what else may differ


@pytest.mark.parametrize(
    "options",
    [
        ["--exclude=Work/**"],
        ["--max-message-mb=5"],
        ["--delta-policy=follow"],
        ["--verify=counts"],
    ],
    ids=" ".join,
)
def test_other_options_lead_to_the_engine(options: list[str], command: Command) -> None:
    command.call()
    assert not is_quiet(command.call(*options)[1])
    looks_each_time = options == ["--verify=counts"]
    assert is_quiet(command.call(*options)[1]) is not looks_each_time


def test_deletions_are_followed_and_then_it_is_quiet(command: Command, server: Dovecot) -> None:
    options = ["--delta-policy=follow"]
    command.call(*options)
    with server.client(ANN) as client:
        mail_deleted(client)
    command.call(*options)
    with server.client(BOB) as client:
        assert client.folder_status("Work", ["MESSAGES"])[b"MESSAGES"] == 2
    assert is_quiet(command.call(*options)[1])


def test_a_memo_that_does_not_belong_to_the_ledger_does_not_count(command: Command) -> None:
    command.call()
    os.utime(command.folder / "state" / "ledger.sqlite")
    assert not is_quiet(command.call()[1])
    shutil.copytree(command.folder / "state", command.folder / "moved")
    assert is_quiet(command.call()[1])
    assert not is_quiet(command.call(state="moved")[1])  # its arguments are others


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"version": 1}', '{"version": 0}', "\0"])
def test_a_damaged_memo_does_not_count(text: str, command: Command) -> None:
    command.call()
    (command.folder / "state" / "quiet.json").write_text(text)
    assert not is_quiet(command.call()[1])
    assert is_quiet(command.call()[1])


def test_an_interrupted_pass_leaves_no_memo(command: Command, server: Dovecot) -> None:
    command.call()
    with server.client(ANN) as client:
        for _ in range(30):
            append_exactly(client, "Work", b"Subject: x\r\n\r\n" + b"x" * 20_000)
    process = command.start()
    while (command.folder / "state" / "quiet.json").exists():
        time.sleep(0.001)
    process.kill()
    process.communicate()
    assert not (command.folder / "state" / "quiet.json").exists()
    assert not is_quiet(command.call()[1])


def test_what_is_wrong_is_explained_the_normal_way(command: Command) -> None:
    command.call()
    command.secret("source", "wrong\n")
    summary, said = command.call(status=1)
    assert summary["error"] == "CredentialsRejected"
    assert "Traceback" not in said
    command.secret("source", "secret\n")
    (command.folder / "target").unlink()
    process = command.start()
    printed, said = process.communicate(timeout=60)
    assert (process.returncode, printed) == (2, "")
    assert "cannot read" in said


def test_quiet_says_nothing_but_warns(command: Command) -> None:
    command.call("--quiet")
    summary, said = command.call("--quiet")
    assert (summary["ledger_writes"], said) == (0, "")
    (command.folder / "source").chmod(0o644)
    assert "chmod 600" in command.call("--quiet")[1]


def test_ctrl_c_ends_it(command: Command, server: Dovecot) -> None:
    command.call()
    memo = command.folder / "state" / "quiet.json"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        text, port = memo.read_text(), silent.getsockname()[1]
        memo.write_text(re.sub(rf'"port": {server.port}', f'"port": {port}', text, count=1))
        process = command.start()
        connection, _ = silent.accept()  # it waits for a greeting now
        process.send_signal(signal.SIGINT)
        printed, said = process.communicate(timeout=30)
        connection.close()
    assert process.returncode == 130, said
    assert '"outcome": "stopped"' in printed
    assert "the same command goes on" in said


def test_it_loads_neither_engine_nor_ledger(command: Command) -> None:
    command.call()
    _, said = command.call(python=("-X", "importtime"))
    assert is_quiet(said)
    loaded = set(re.findall(r"\| +([\w.]+)", said))
    assert "migration.wire.imap" in loaded
    assert loaded & UNWANTED == set()
