"""AnswerQuestion: the page behind the links of questions; called by its URL, not by a state."""

from __future__ import annotations

from typing import Any

from migration import answer_page, pages, wiring
from migration.url_entry import url_entry


@url_entry
def handler(request: pages.Request, _context: Any) -> pages.Page:
    wired = wiring.wire()
    return answer_page.respond(wired.ledger, wired.tasks, wired.settings.tenant, request)
