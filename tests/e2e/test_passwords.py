"""Passwords over several runs: made up by one, used by the next, and reset at the end of that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from localrun.display import PlainDisplay
from localrun.runner import Options, Run
from localrun.stories.new_passwords import GIVEN, LENA, NEW_PASSWORDS
from tests.e2e.secrets_of import read_generated, read_kept


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_run_that_only_copies_logs_in_with_what_an_earlier_one_has_made_up(
    tmp_path: Path,
) -> None:
    with (tmp_path / "shown.txt").open("w", encoding="utf-8") as file:
        display = PlainDisplay(Console(file=file, width=110))
        with Run(NEW_PASSWORDS, Options(out=tmp_path), display) as run:
            workmail = run.world.workmail
            provision = run.wait(run.start("provision", {"phases": ["provision"]}))
            assert provision["status"] == "SUCCEEDED"
            run.world.clock.leapt += 100  # a while later, when the mail servers know them
            first = {address: workmail.password_of(address) for address in NEW_PASSWORDS.users}
            assert first[LENA] == GIVEN
            made = {str(word) for address, word in first.items() if address != LENA}
            assert made == read_generated(run)
            assert len(made) == 2
            outcome = run.conclude(run.wait(run.start("copy", {"phases": ["copy", "report"]})))
            assert outcome.problems == ()
            assert outcome.messages == 5 * len(NEW_PASSWORDS.users)
            run.world.clock.leapt += 100
            last = {address: workmail.password_of(address) for address in NEW_PASSWORDS.users}
            assert None not in last.values()
            assert not set(last.values()) & {*first.values(), GIVEN}
            assert read_generated(run) == made | {str(word) for word in last.values()}
            words = read_generated(run)
            kept = read_kept(run)
        display.close()
    logs = "".join(path.read_text("utf-8", "replace") for path in run.out.glob("logs/*"))
    shown = (tmp_path / "shown.txt").read_text("utf-8")
    for text in (kept, logs, shown):
        assert text
        assert [word for word in words if word in text] == []
    summary = json.loads((run.out / "summary.json").read_text("utf-8"))
    assert summary["passwords"] == {
        "workmail-migration/new-passwords-local/waves/copy/reset/1": 1,
        "workmail-migration/new-passwords-local/waves/provision/1": 2,
    }
