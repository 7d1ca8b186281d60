"""Many questions in one request ($batch), and those that the service had no time for once more.

https://learn.microsoft.com/graph/json-batching and /graph/throttling-limits: 20 in one request, of
which 4 run at once on a mailbox; each counts for the limits, and is refused by itself.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from migration.wire.graph_errors import Patience, explain, is_busy, read_wait, stumbles
from migration.wire.graph_http import Answer, Connection, Question, not_graph
from migration.wire.graph_model import GraphRefused, Json, read_code
from migration.wire.graph_throttle import MOST_AT_ONCE

MOST_IN_BATCH = 20


@dataclass(slots=True)
class _Round:
    """What one request has brought: `busy` waits for as long as the service asks, `stumbled` may
    be answered when it is asked again, `unknown` were asked with a token that was not taken."""

    busy: list[int] = field(default_factory=list)
    stumbled: list[int] = field(default_factory=list)
    unknown: list[int] = field(default_factory=list)
    wait: float | None = None


class Batch:
    """Questions to be answered, by their numbers."""

    def __init__(
        self,
        connection: Connection,
        paths: Sequence[str],
        headers: Mapping[str, str],
        sleep: Callable[[float], object],
    ) -> None:
        self._connection, self._paths, self._headers = connection, paths, headers
        self._sleep = sleep
        self._found: dict[int, Json | GraphRefused] = {}
        self._stumbled: Counter[int] = Counter()

    def ask(self) -> list[Json | GraphRefused]:
        """The answers in order. CredentialsRejected, MailboxUnreachable, SourceBusy."""
        rest, patience, is_renewed = list(range(len(self._paths))), Patience(), False
        while rest:
            width = self._connection.gate.width
            size = MOST_IN_BATCH if width >= MOST_AT_ONCE else width
            asked, rest = rest[:size], rest[size:]
            answer = self._send(asked)
            turn = self._sort(asked, answer)
            again = [*turn.busy, *turn.stumbled, *turn.unknown]
            if len(again) < len(asked):
                patience.progress()
            self._connection.gate.answered(len(asked) - len(again))
            if turn.unknown:
                if is_renewed:
                    raise explain(GraphRefused(401), "")
                self._connection.renew(answer)
                is_renewed = True
            if turn.busy:
                self._connection.gate.refused(answer.asked_at, patience.after_busy(turn.wait))
            elif turn.stumbled:
                self._sleep(1.0)
            rest = again + rest
        return [self._found[number] for number in range(len(self._paths))]

    def _send(self, asked: Sequence[int]) -> Answer:
        requests = [
            {
                "id": str(number),
                "method": "GET",
                "url": self._connection.inner_path(self._paths[number]),
                "headers": dict(self._headers),
            }
            for number in asked
        ]
        return self._connection.ask(
            Question(
                "POST",
                "/$batch",
                {**self._headers, "Content-Type": "application/json"},
                json.dumps({"requests": requests}).encode(),
                count=len(asked),
                alone=True,
            )
        )

    def _sort(self, asked: Sequence[int], answer: Answer) -> _Round:
        """Keeps what is final; a number that the answer leaves out has stumbled."""
        responses = answer.read_json().get("responses")
        if not isinstance(responses, list):
            raise not_graph()
        by_id = {str(one.get("id")): one for one in responses if isinstance(one, dict)}
        turn = _Round()
        for number in asked:
            self._judge(number, by_id.get(str(number), {}), turn)
        return turn

    def _judge(self, number: int, inner: Json, turn: _Round) -> None:
        status, body = inner.get("status"), inner.get("body")
        if not isinstance(status, int):
            status, body = 502, None
        if status // 100 == 2:
            self._found[number] = body if isinstance(body, dict) else {}
            return
        refused, wait = GraphRefused(status, read_code(body)), read_wait(_headers(inner))
        if status == 401:
            turn.unknown.append(number)
        elif is_busy(refused, wait):
            turn.busy.append(number)
            if wait is not None:
                turn.wait = max(wait, turn.wait or 0.0)
        elif stumbles(refused) and self._stumbled[number] < 2:
            self._stumbled[number] += 1
            turn.stumbled.append(number)
        else:
            self._found[number] = refused


def _headers(inner: Json) -> dict[str, str]:
    headers = inner.get("headers")
    if not isinstance(headers, dict):
        return {}
    return {str(name).lower(): str(value) for name, value in headers.items()}
