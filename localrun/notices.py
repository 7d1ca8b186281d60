"""What the operators of a run were told, read where the topic keeps it and written to a file."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from moto.sns import sns_backends

from localrun.cloud import ACCOUNT
from localrun.world import REGION

Told = dict[str, Any]
"""A notice: kind, run, at, subject, facts as programs get them, and the `text` for people."""


class NoticeBook:
    """`told` holds what was published to the topic, in order; `file` gets a line for each."""

    def __init__(self, topic_arn: str, file: Path) -> None:
        self._arn = topic_arn
        self._file = file
        self._lock = threading.Lock()
        self.told: list[Told] = []

    def collect(self) -> list[Told]:
        """What has come since the last time."""
        with self._lock:
            sent = sns_backends[ACCOUNT][REGION].topics[self._arn].sent_notifications
            new = [_read(message) for _, message, *_ in sent[len(self.told) :]]
            self.told += new
            with self._file.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(each, ensure_ascii=False) + "\n" for each in new)
        return new


def _read(message: str) -> Told:
    forms = json.loads(message)
    return {**json.loads(forms["sqs"]), "text": forms["default"]}
