"""Graph's contract, and the Graph of the laptop with a client that knows nothing of ours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localrun.fakes.graph import GraphServer
from tests.graph.contract import Contract, contracts_folder, load_contract
from tests.graph.plain import ANN, Plain


@pytest.fixture
def server() -> Iterator[GraphServer]:
    """With one person."""
    with GraphServer() as running:
        running.add_user(ANN, "Ann Example")
        yield running


@pytest.fixture
def client(server: GraphServer) -> Iterator[Plain]:
    with Plain(server) as asking:
        yield asking


@pytest.fixture(scope="session")
def contract() -> Contract:
    """Skips where the files are not at hand."""
    folder = contracts_folder()
    if folder is None:
        pytest.skip(
            "no Calendar.yml, Mail.yml, PersonalContacts.yml: set GRAPH_CONTRACTS_DIR to a folder "
            "with Microsoft's OpenAPI files of Graph"
        )
    return load_contract(folder)
