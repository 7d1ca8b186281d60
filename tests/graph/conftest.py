"""Graph's contract, and a recorder that holds a run against it."""

from __future__ import annotations

import pytest

from tests.graph.contract import Contract, contracts_folder, load_contract


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
