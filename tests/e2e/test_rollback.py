"""The scenario `rollback`, variant by variant: real definition, real handlers, own servers."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from localrun.runner import Options
from localrun.series.rollback import play_variant


@pytest.mark.parametrize("variant", ["approved", "rejected", "killed"])
def test_a_rollback_ends_as_it_should(tmp_path: Path, variant: str) -> None:
    with (tmp_path / "shown.txt").open("w", encoding="utf-8") as file:
        played = play_variant(variant, Options(out=tmp_path), Console(file=file, width=110))
    assert played.problems == ()
    assert played.after == played.expected
    assert played.before != played.migrated
    told = (tmp_path / "shown.txt").read_text("utf-8")
    assert "task-token" not in told
