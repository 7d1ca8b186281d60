"""The copy command as its users start it, from one mailbox of Dovecot into another."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from localrun.fakes.workmail_ews.server import EwsServer
from tests.integration.certificates import write_certificate
from tests.integration.copy_call import ANN, BOB, USERS, Command
from tests.integration.dovecot import Dovecot
from tests.integration.dovecot_configuration import SLASH
from tests.integration.mail_server import append_exactly, read_folder

FOLDERS = ("INBOX", "Gesendet", *(f"Archive/{year}" for year in range(2015, 2021)))
MASTER = {"user": "boss", "password": "b0ss"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Dovecot]:
    certificate = write_certificate(tmp_path / "server.pem")
    with Dovecot(SLASH, USERS, {"boss": "b0ss"}, certificate=certificate) as started:
        yield started


@pytest.fixture
def command(server: Dovecot, tmp_path: Path) -> Command:
    return Command(server, tmp_path)


def fill(server: Dovecot, each: int, size: int = 10) -> int:
    """Puts messages into ann's folders; how many."""
    with server.client(ANN) as client:
        for folder in FOLDERS:
            if not client.folder_exists(folder):
                client.create_folder(folder)
            for number in range(each):
                text = f"Subject: {folder} {number}\r\n\r\n{'x' * size}\r\n"
                append_exactly(client, folder, text.encode())
    return each * len(FOLDERS)


def contents(server: Dovecot, user: str) -> Counter[bytes]:
    """All messages of a user, wherever they are."""
    with server.client(user) as client:
        names = [name for flags, _, name in client.list_folders() if b"\\Noselect" not in flags]
        return Counter(
            message[b"BODY[]"] for name in names for message in read_folder(client, name)
        )


def test_a_mailbox_is_copied_verified_and_followed(command: Command, server: Dovecot) -> None:
    total = fill(server, 20)
    first = command.run("--verify", "all")
    assert (first["outcome"], first["messages"], first["verdict"]) == ("done", total, "agree")
    assert contents(server, BOB) == contents(server, ANN)
    second = command.run()
    assert (second["messages"], second["ledger_writes"], second["verdict"]) == (0, 0, "")
    server.append(ANN, "INBOX", b"Subject: new\r\n\r\nnew\r\n")
    third = command.run()
    assert (third["messages"], third["verdict"]) == (1, "agree")
    assert contents(server, BOB) == contents(server, ANN)


@pytest.mark.parametrize("scheme", ["imaps", "imap+starttls"])
def test_both_sides_over_tls_with_an_authority_of_ones_own(
    scheme: str, command: Command, server: Dovecot, tmp_path: Path
) -> None:
    total = fill(server, 1)
    refused = command.run(scheme=scheme, status=1)
    assert (refused["error"], refused["messages"]) == ("MailboxUnreachable", 0)
    trusted = command.run("--ca", str(tmp_path / "server.pem"), scheme=scheme)
    assert (trusted["messages"], trusted["verdict"]) == (total, "agree")


@pytest.mark.parametrize("form", ["admin", "master"])
def test_an_administrator_opens_both_sides(form: str, command: Command, server: Dovecot) -> None:
    total = fill(server, 1)
    for side in ("source", "target"):
        command.secret(side, json.dumps({form: MASTER}))
    assert command.run()["messages"] == total
    assert contents(server, BOB) == contents(server, ANN)


def test_the_target_may_be_ews(command: Command, server: Dovecot) -> None:
    total = fill(server, 3)
    command.secret("target", "t0ken\n")

    def check_token(token: str, mailbox: str) -> str:
        return "ok" if (token, mailbox) == ("t0ken", BOB) else "unknown"

    with EwsServer(check_token, {BOB}.__contains__, time.time) as ews:
        command.target = f"ews+http://127.0.0.1:{ews.port}/EWS/Exchange.asmx?mailbox={BOB}"
        assert command.run("--verify", "all")["messages"] == total
        again = command.run()
        assert (again["messages"], again["verdict"]) == (0, "")


def test_a_wrong_password_is_a_sentence(command: Command, server: Dovecot) -> None:
    command.secret("target", "wrong\n")
    fill(server, 1)
    process = command.start()
    printed, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert json.loads(printed)["error"] == "CredentialsRejected"
    assert "run the same command again" in said
    assert "Traceback" not in said


def test_a_killed_copy_goes_on_and_doubles_nothing(command: Command, server: Dovecot) -> None:
    total = fill(server, 60, size=20_000)
    for wait in (0.15, 0.2, 0.25, 0.3, 0.35):
        process = command.start("--quiet")
        time.sleep(wait)
        process.kill()
        process.communicate()
        time.sleep(0.3)  # what the server got, it may finish
    last = command.run("--verify", "all")
    assert last["messages"] <= total
    assert last["verdict"] == "agree"
    assert contents(server, BOB) == contents(server, ANN)


def test_ctrl_c_stops_and_the_same_command_goes_on(command: Command, server: Dovecot) -> None:
    total = fill(server, 40, size=5_000)
    process = command.start("--max-kilobytes-per-second", "400")
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    printed, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    stopped = json.loads(printed)
    assert stopped["outcome"] == "stopped"
    assert 0 < stopped["messages"] < total
    assert command.run()["messages"] == total - stopped["messages"]
    assert contents(server, BOB) == contents(server, ANN)


def test_a_second_ctrl_c_ends_the_process_at_once(command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        command.target = f"imap://bob@127.0.0.1:{silent.getsockname()[1]}/"
        process = command.start()
        silent.accept()  # it waits for a greeting now
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        printed, said = process.communicate(timeout=3)
    assert (process.returncode, printed) == (130, "")
    assert "Ctrl-C again stops at once" in said
    assert "stopped at once; the same command goes on" in said


def test_a_pass_without_news_takes_no_time_to_speak_of(command: Command, server: Dovecot) -> None:
    fill(server, 5)
    command.run()
    began = time.perf_counter()
    command.run("--quiet")
    seconds = time.perf_counter() - began
    # Some 0.25 s where this was written; other tests run at the same time.
    assert seconds < 3
