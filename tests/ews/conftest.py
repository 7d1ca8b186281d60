"""An EWS server on the loopback interface, and clients for it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from localrun.fakes.workmail_ews import EwsServer
from migration.targets.workmail_ews import WorkmailEwsTarget
from migration.wire.ews import EwsClient
from tests.ews.harness import ADDRESS, Clock, Recorder, Schema, Tokens, load_schema

REPO = Path(__file__).resolve().parents[2]


@pytest.fixture
def tokens() -> Tokens:
    return Tokens()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(tokens: Tokens, recorder: Recorder, clock: Clock) -> Iterator[EwsServer]:
    known = {ADDRESS, "eve@example.test"}
    with EwsServer(tokens.check, known.__contains__, clock, observe=recorder) as running:
        yield running


@pytest.fixture
def client(server: EwsServer, tokens: Tokens) -> Iterator[EwsClient]:
    made = EwsClient(server.url, tokens.give, ADDRESS, read_seconds=10)
    yield made
    made.close()


@pytest.fixture
def target(client: EwsClient) -> Iterator[WorkmailEwsTarget]:
    made = WorkmailEwsTarget(client)
    yield made
    made.close()


@pytest.fixture
def drain() -> Iterator[str]:
    """The address of a server, in a process of its own, that answers a GetFolder, reads whatever
    comes next, and closes the connection without a word."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.ews.drain"],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        cwd=REPO,
    )
    assert process.stdout is not None
    yield f"http://127.0.0.1:{int(process.stdout.readline())}/EWS/Exchange.asmx"
    process.communicate()


@pytest.fixture(scope="session")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Schema:
    """Skips where the schema is not at hand: it is Microsoft's, and no part of this repository."""
    folder = Path(os.environ.get("EWS_SCHEMA_DIR") or REPO.parent / "shared/contracts/ews")
    if not (folder / "messages.xsd").exists():
        pytest.skip("no messages.xsd: set EWS_SCHEMA_DIR to a folder with Microsoft's EWS schema")
    return load_schema(folder, tmp_path_factory.mktemp("ews-schema"))
