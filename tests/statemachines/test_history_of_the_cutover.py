"""The waiting for the DNS, played by the real definition with the real waits: how much of the
execution's history it takes."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from localrun.engine.clock import Clock
from migration.dns_waits import choose_wait
from tests.statemachines.player import Player

DEFINITION = json.loads(
    (Path(__file__).resolve().parents[2] / "statemachines" / "migrate_tenant.asl.json").read_text()
)
START = datetime(2026, 12, 4, 18, tzinfo=UTC)
LIMIT = 25_000
ASIDE = 7_500
"""What the rest may take: tests/unit/test_dns_waits.py adds it up. 6,400 for a week of waiting for
domains, three days of pauses, fifty delta passes and all else, and some for questions."""
DAY = 86_400


def loop() -> dict[str, Any]:
    """The states of the loop, as they stand in the definition, and one behind it."""
    names = ("CheckDns", "IsCutOver", "WaitForDns")
    states = {name: deepcopy(DEFINITION["States"][name]) for name in names}
    states["CheckDns"]["Arguments"]["FunctionName"] = "CheckDns"
    del states["CheckDns"]["Catch"]
    (ready, *_) = states["IsCutOver"]["Choices"]
    ready["Next"] = "Done"
    states["IsCutOver"]["Choices"] = [ready]
    states["Done"] = {"Type": "Succeed"}
    start = {
        "Type": "Pass",
        "Assign": {
            "run": "r",
            "dnsWaits": 0,
            "cutoverStarted": "{% $states.context.State.EnteredTime %}",
        },
        "Next": "CheckDns",
    }
    return {"QueryLanguage": "JSONata", "StartAt": "Start", "States": {"Start": start, **states}}


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize(("days", "most"), [(29, LIMIT - ASIDE), (60, LIMIT - 6_000)])
def test_weeks_of_waiting_leave_room_in_the_history(days: int, most: int) -> None:
    def look(payload: Any) -> dict[str, Any]:
        began = datetime.fromisoformat(payload["since"])
        now = datetime.fromisoformat(payload["now"])
        ready = (now - began).total_seconds() >= days * DAY
        wait = 0 if ready else choose_wait(began, now, [])
        told = {"overdue": False, "drain_seconds": 3600}
        return {"ready": ready, "wait_seconds": wait, "open": 1 - ready, **told}

    player = Player({"CheckDns": look}, clock=Clock("jump", start=START.timestamp()))
    execution = player.start(loop())
    assert execution.ended.wait(100)
    assert execution.error is None
    history = execution.history.events()
    rounds = sum(
        event.get("stateEnteredEventDetails", {}).get("name") == "CheckDns" for event in history
    )
    assert len(history) == 9 * rounds + 6 - 4 + 2  # start, end, Pass, Succeed; no last wait
    assert len(history) < most
