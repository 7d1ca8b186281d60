"""What a run brings from its cloud."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from rich.console import Console

from localrun.display import PlainDisplay
from localrun.runner import Options, Run
from localrun.scenario import Scenario

STORED = {
    "reports/first/report.html": b"<!doctype html>",
    "reports/first/summary.json": b'{"verdict": "COMPLETE"}',
}


class Stored:
    """A cloud that has a bucket with the reports of one execution."""

    def output(self, _name: str) -> str:
        return "bucket"

    def client(self, _service: str) -> Stored:
        return self

    def list_objects_v2(self, Bucket: str, Prefix: str) -> dict[str, Any]:  # noqa: N803
        assert Bucket == "bucket"
        return {"Contents": [{"Key": key} for key in STORED if key.startswith(Prefix)]}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        assert Bucket == "bucket"
        return {"Body": io.BytesIO(STORED[Key])}


def test_an_execution_without_a_report_does_not_get_that_of_the_one_before(tmp_path: Path) -> None:
    story = Scenario("story", "A story.", "acme.example", b"", {}, lambda _world: 0)
    run = Run(story, Options(out=tmp_path), PlainDisplay(Console(file=io.StringIO())))
    run.out.mkdir()
    cloud: Any = Stored()
    run.cloud = cloud
    assert run.fetch_verdict("first") == "COMPLETE"
    assert run.report == run.out / "report.html"
    assert run.fetch_verdict("second") == ""
    assert run.reported == "second"
    assert not (run.out / "report.html").exists()
