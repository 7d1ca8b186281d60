"""A mailbox that lives while it is moved: servers throttle, lose answers and drop connections,
workers die, users work on both sides, operators pause and change their mind about what is copied.

Hypothesis looks for a story after which, the world calm again and a pass finished, something is
lost, doubled, brought back or miscounted.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from migration.copy.audit import read_audit
from migration.copy.engine import SliceOutcome
from migration.errors import MailboxError, SourceBusy, TargetBusy
from migration.identity import folder_key
from migration.mime import fingerprint
from migration.model import CopyPolicy, DeltaPolicy, FolderRecord
from tests.crash.worker import (
    BOX,
    PACE,
    Crash,
    Path,
    World,
    check_audit,
    content,
)

STORIES = os.environ.get("STORIES", "")
"""How many stories to look for; without it always the same few."""

pytestmark = pytest.mark.timeout(1800)
NAMES: list[Path] = [("INBOX",), ("Work",), ("Lists",), ("Work", "Old"), ("Play",)]
FAULTS = ["crash", "target busy", "target lost", "source busy"]


class MailboxMachine(RuleBasedStateMachine):
    """The world, and a model of what users did with it."""

    @initialize(keeps_key=st.booleans(), delta=st.sampled_from(list(DeltaPolicy)))
    def begin(self, keeps_key: bool, delta: DeltaPolicy) -> None:
        policy = CopyPolicy(delta=delta)
        self.world = World(policy, replace(PACE, pause_check=0.0), keeps_key=keeps_key)
        self.world.target.lag = 30
        self.pass_id = 1
        self.number = 0
        self.deaths = 0
        self.dropped: set[str] = set()
        self.owners: dict[Path, object] = {}
        self.world.source.add_folder(("INBOX",))

    # -- the source's users

    def paths(self) -> list[Path]:
        return sorted(folder.path for folder in self.world.source.folders())

    def uids(self, path: Path) -> list[str]:
        return [str(uid) for uid in sorted(self.world.source._folders[path].items)]

    @rule(path=st.sampled_from(NAMES), kind=st.sampled_from(["new", "large", "equal", "alike"]))
    def deliver(self, path: Path, kind: str) -> None:
        self.number += 1
        number = self.number // 3 * 3 if kind == "equal" else self.number
        size = 250 if kind == "large" else 10
        header = "Message-ID: <same@x.test>" if kind == "alike" else f"Subject: {number}"
        text = f"{header}\r\n\r\n{'same' if kind == 'equal' else number} {'x' * size}"
        self.world.source.deliver(path, text.encode())

    @rule(data=st.data())
    def flag(self, data: st.DataObject) -> None:
        path, uid = self.draw_message(data)
        if uid:
            flags = data.draw(st.sets(st.sampled_from(["\\Seen", "\\Flagged", "$Work"])))
            self.world.source.flag(path, uid, flags)

    @rule(data=st.data())
    def delete_at_the_source(self, data: st.DataObject) -> None:
        path, uid = self.draw_message(data)
        if uid:
            self.world.source.delete(path, uid)

    @rule(data=st.data(), new=st.sampled_from(NAMES))
    def rename(self, data: st.DataObject, new: Path) -> None:
        old = data.draw(st.sampled_from(self.paths()))
        folder = self.world.source._folders[old]
        # A name and a validity together never mean another folder (RFC 9051).
        is_free = new not in self.paths() and self.owners.get(new, folder) is folder
        if is_free and old != ("INBOX",):
            self.owners[old] = folder
            self.world.source.rename(old, new)

    @precondition(lambda self: not self.open_intents() or not self.world.keeps_key)
    @rule(data=st.data())
    def recreate(self, data: st.DataObject) -> None:
        self.world.source.recreate(data.draw(st.sampled_from(self.paths())))

    def draw_message(self, data: st.DataObject) -> tuple[Path, str]:
        path = data.draw(st.sampled_from(self.paths()))
        uids = self.uids(path)
        return path, data.draw(st.sampled_from(uids)) if uids else ""

    # -- the target's users

    @precondition(lambda self: not self.open_intents())
    @rule(data=st.data(), moves=st.booleans())
    def delete_or_move_at_the_target(self, data: st.DataObject, moves: bool) -> None:
        """Not while it is unknown which message is whose."""
        contents = self.world.target.contents()
        ids = [f"item-{kept.number}" for kept_ in contents.values() for kept in kept_]
        if not ids:
            return
        target_id = data.draw(st.sampled_from(ids))
        if moves:
            self.world.target.move(target_id, data.draw(st.sampled_from(sorted(contents))))
        else:
            self.world.target.drop(target_id)
        self.dropped.add(target_id)

    # -- operators

    @rule(largest=st.sampled_from([0, 100]))
    def change_the_filters(self, largest: int) -> None:
        self.world.policy = replace(self.world.policy, max_message_bytes=largest)

    @rule(delta=st.sampled_from(list(DeltaPolicy)))
    def change_the_policy(self, delta: DeltaPolicy) -> None:
        self.world.policy = replace(self.world.policy, delta=delta)

    @rule(wanted=st.booleans())
    def pause(self, wanted: bool) -> None:
        self.world.ledger.want_pause(wanted)

    @rule()
    def next_pass(self) -> None:
        self.pass_id += 1

    # -- workers

    @rule(
        fault=st.sampled_from(FAULTS),
        after=st.integers(0, 120),
        lifetime=st.sampled_from([31.0, 60.0, 3600.0]),
    )
    def broken_slice(self, fault: str, after: int, lifetime: float) -> None:
        """Several in a row would make a message suspicious."""
        if self.deaths >= 2:
            self.calm_slice(lifetime)
            return
        self.deaths += 1
        waiting = [after]

        def act(_step: int, name: str) -> None:
            waiting[0] -= 1
            at_target = name.endswith(("append", "mark", "since", "set_flags", "remove"))
            at_source = name.endswith(("page", "fetch", "folders", "piece", "uids", "read_flags"))
            if waiting[0] >= 0:
                return
            if fault == "crash" and waiting[0] == -1:
                raise Crash
            if fault.startswith("target") and at_target:
                waiting[0] = 10**6
                raise TargetBusy("busy", 30, lost=fault == "target lost")
            if fault == "source busy" and at_source:
                waiting[0] = 10**6
                raise SourceBusy("busy", 10)

        self.world.act = act
        self.run(lifetime)
        self.world.act = None

    @rule(lifetime=st.sampled_from([10.0, 31.0, 3600.0]))
    def calm_slice(self, lifetime: float) -> None:
        if self.run(lifetime) in (SliceOutcome.DONE, SliceOutcome.MORE):
            self.deaths = 0

    def run(self, lifetime: float) -> SliceOutcome | None:
        try:
            result = self.world.slice(self.pass_id, lifetime)
        except (Crash, MailboxError):
            return None
        self.world.wait(result.wait_seconds)
        return result.outcome

    @rule(seconds=st.integers(0, 1000))
    def wait(self, seconds: int) -> None:
        self.world.wait(seconds)

    # -- what must hold

    def open_intents(self) -> list[FolderRecord]:
        return [record for record in self.world.ledger.folders(BOX) if record.intent]

    @rule()
    def calm_down_and_look(self) -> None:
        """Two passes, because the first may have begun before the last change of the policy."""
        self.world.ledger.want_pause(False)
        for _ in range(2):
            self.world.wait(3600)
            self.pass_id += 1
            self.world.finish(self.pass_id)
        self.deaths = 0
        self.check()

    def check(self) -> None:
        contents = self.world.target.contents()
        there = {f"item-{kept.number}": kept.item for kept_ in contents.values() for kept in kept_}
        records = {record.key: record for record in self.world.ledger.folders(BOX)}
        for path in self.paths():
            record = records[folder_key("/".join(path))]
            assert record.intent is None
            audit = read_audit(self.world.blobs, BOX, record)
            check_audit(record, audit, there)
            held = audit.held()
            for uid, item in self.world.source._folders[path].items.items():
                row = held.get(str(uid))
                if row is None:
                    largest = self.world.policy.max_message_bytes
                    assert largest, f"{path} {uid} is lost"
                    assert item.ref.size > largest, f"{path} {uid} is lost"
                    continue
                assert row.fingerprint == fingerprint(item.mime)
                copy = there.get(row.target_id)
                if copy is None:
                    assert row.target_id in self.dropped, f"{path} {uid} is lost"
                    continue
                assert content(copy) == item.mime
                if row.target_id not in self.dropped:
                    assert copy.flags == item.flags
        # Every copy belongs to one message, and what users dropped is not made again.
        given = Counter[str]()
        for record in records.values():
            audit = read_audit(self.world.blobs, BOX, record)
            rows = [row for row in audit.held().values() if row.fate != "matched"]
            given.update(row.target_id for row in (*rows, *audit.earlier))
        assert all(count == 1 for count in given.values()), given
        doubled = there.keys() - given.keys() - self.dropped
        assert not doubled, f"doubled: {doubled}"


MailboxMachine.TestCase.settings = settings(
    max_examples=int(STORIES or 100),
    derandomize=not STORIES,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestMailbox = MailboxMachine.TestCase
