"""The series wave-10000 with few mailboxes: the same story, the same checks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from localrun import aws_limits
from localrun.runner import Options, Run
from localrun.series import wave
from localrun.series.series import opened
from localrun.series.wave_tenant import CONNECTIONS, LETTERS, make_tenant, story
from localrun.series.wave_watch import Measure
from localrun.tenant_command import main

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SIZE = 40


def test_a_wave_keeps_within_every_limit_and_tries_those_again_who_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["scenario", wave.NAME, "--size", str(SIZE), "--out", str(tmp_path)])
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert line["problems"] == []
    assert status == 0
    assert line["first_copied"] == (SIZE - 1) * LETTERS
    assert line["second_copied"] == LETTERS
    assert 2 <= line["connections"] <= CONNECTIONS


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Run]:
    tenant = make_tenant(12)
    limits = {"users": 20, "mailboxes": 6, "reserve": True}
    options = Options(clock="jump*20", out=tmp_path)
    with opened(story(tenant, wave.NAME, limits), options, Console(quiet=True)) as run:
        yield run


def test_functions_that_are_refused_for_a_while_are_called_again_and_nothing_is_lost(
    small: Run,
) -> None:
    """The account has room for two of them, the Map for six."""
    lambdas, world = small.cloud.lambdas, small.world
    name = f"{small.cloud.template.functions()[0].name.rpartition('-local-')[0]}-local-copy-slice"
    assert {each.reserved for each in small.cloud.template.functions()} == {None, 6}
    lambdas.reserve(name, 2)
    assert world.imap is not None
    world.imap.most_connections = 0
    described = small.wait(small.start("throttled", {"phases": ["provision", "copy", "report"]}))
    usage = lambdas.usage()[name]
    assert described["status"] == "SUCCEEDED"
    assert usage.throttled > 0
    assert usage.most_at_once == 2
    assert 0 < world.imap.most_connections <= CONNECTIONS
    assert sum(world.count_stored().values()) == 11 * LETTERS


def test_what_is_beyond_a_limit_is_a_problem() -> None:
    limit = aws_limits.PAYLOAD
    assert Measure(limit, limit.value, "here").problem == ""
    assert "262,145 (here)" in Measure(limit, limit.value + 1, "here").problem
