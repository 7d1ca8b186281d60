"""What is written down of losses."""

from __future__ import annotations

import csv
import io
import json

from migration.copy.groupware_losses import losses_key
from migration.items.losses import Loss
from tests.crash.groupware_world import TASKS, GroupwareWorld, fill, task
from tests.crash.worker import BOX


def files(world: GroupwareWorld) -> tuple[dict[str, object], list[dict[str, str]]]:
    summary = json.loads(world.blobs.get(losses_key(BOX, "json")))
    text = world.blobs.get(losses_key(BOX, "csv")).decode("utf-8-sig")
    return summary, list(csv.DictReader(io.StringIO(text)))


def test_counts_and_lines_say_the_same() -> None:
    world = GroupwareWorld()
    keys = fill(world)
    world.finish()
    summary, lines = files(world)
    losses = summary["losses"]
    assert isinstance(losses, list)
    assert sum(each["count"] for each in losses) == len(lines) == 7
    assert {
        "kind": "tasks",
        "what": "COLOR",
        "why": "the target has no colours",
        "count": 1,
    } in losses
    collections = summary["collections"]
    assert isinstance(collections, list)
    (own,) = (each for each in collections if each["key"] == keys["own"])
    assert own["items"] == {"stored": 9, "rejected": 1, "unreadable": 1, "empty": 1}
    assert own["losses"] == sum(line["collection"] == keys["own"] for line in lines) == 5
    assert summary["without_place"] == [{"key": keys["notes"], "kind": "notes"}]
    assert {"item": "bad", "what": "item", "why": "rejected: no-such-field"}.items() <= next(
        line for line in lines if line["item"] == "bad"
    ).items()


def test_what_is_wrong_in_many_lines_is_counted_together() -> None:
    world = GroupwareWorld()
    key = world.source.add(TASKS, "Work")
    for number in (1, 2):
        wrong = (Loss("VTODO", "not read", f"line {number}: DUE is no date"),)
        world.source.put(key, f"t{number}", task("x"), losses=wrong)
    world.finish()
    summary, lines = files(world)
    counted = {"kind": "tasks", "what": "VTODO", "why": "DUE is no date", "count": 2}
    assert summary["losses"] == [counted]
    assert [line["why"] for line in lines] == ["line 1: DUE is no date", "line 2: DUE is no date"]


def test_no_cell_is_a_formula() -> None:
    world = GroupwareWorld()
    key = world.source.add(TASKS, "Work")
    world.source.put(key, "=1+1", task("x"), losses=(Loss("X", "", "unknown"),))
    world.finish()
    _, (line,) = files(world)
    assert line["item"] == "'=1+1"


def test_they_are_written_anew_only_when_something_has_changed() -> None:
    world = GroupwareWorld()
    keys = fill(world)
    world.finish()
    world.finish()
    assert "before put" not in world.steps
    world.source.put(keys["work"], "w9", task("w9", "colourful"))
    world.finish(2)
    assert len(files(world)[1]) == 8
    world.source.remove(keys["notes"])
    world.finish(3)
    summary, lines = files(world)
    assert summary["without_place"] == []
    assert len(lines) == 7


def test_a_mailbox_without_collections_has_no_losses() -> None:
    world = GroupwareWorld()
    world.finish()
    summary, lines = files(world)
    assert (summary["losses"], lines) == ([], [])
