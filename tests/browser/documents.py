"""The pages that are opened in the browser, each made by the code that makes it in a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Final

import pytest
from _pytest.mark import ParameterSet

from bench.made_report import Size, make_report
from localrun.fakes.blobs import MemoryBlobs
from migration.answer_page import respond
from migration.client_files import UserLine, write_lists
from migration.client_templates import LANGUAGES
from migration.clients import make_plain
from migration.directory_plan import PlanRow, Verdict
from migration.dns_forms import write_forms
from migration.migration_plan import make_plan
from migration.model import Failure
from migration.pages import Request
from migration.plan_page import to_html as make_plan_page
from migration.progress_page import to_html as make_progress_page
from migration.progress_view import RunStatus
from migration.questions import ask
from migration.report_lines import Summary
from migration.report_lines import Verdict as Ended
from migration.report_page import to_html
from tests.browser.hostile import NAMES, make_hostile_report
from tests.browser.progress_views import make_ended_view, make_hostile_view, make_view
from tests.unit.desks import Office
from tests.unit.test_client_files import ACCOUNT, kit
from tests.unit.test_dns_forms import planned
from tests.unit.test_migration_plan import AT, KNOWN, SURVEY, manifest
from tests.unit.test_questions import ASKING, LATER, the_question

_HTML: Final = {"Content-Type": "text/html; charset=utf-8"}
LARGEST: Final = "report-10000"
ROWS: Final = 260
"""In the table of mailboxes of `report-long`: three pages."""


@dataclass(frozen=True, slots=True)
class Document:
    """A page, and the headers that it is served with."""

    name: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: _HTML)

    @property
    def has_scripts(self) -> bool:
        return b"data-rows" in self.body


@cache
def make_document(name: str) -> Document:
    """The document of the name, which is made once."""
    made = MAKERS[name]()
    return made if isinstance(made, Document) else Document(name, made)


# ---- reports ---------------------------------------------------------------------------------


def make_done_report() -> Summary:
    """Nothing is to be seen to."""
    summary = make_report(Size(3, messages=120))
    fine = replace(summary.dns, findings=summary.dns.findings[:4])
    return replace(summary, verdict=Ended.DONE, dns=fine, entities=(), entity_outcomes={})


def make_failed_report() -> Summary:
    """The run stopped before it copied anything."""
    problems = ("the manifest is missing", "the domain acme.example is not verified")
    summary = make_report(Size(0))
    failure = Failure("TenantMisconfigured", "\n".join(problems))
    begun = replace(summary, timeline=summary.timeline[:1], phases=summary.phases[:1], progress=())
    nothing = replace(begun, entities=(), entity_outcomes={}, decisions=())
    return replace(nothing, verdict=Ended.FAILED, failure=failure)


# ---- plans -----------------------------------------------------------------------------------


def make_plan_document() -> bytes:
    """A plan with conflicts and warnings, and a table of several pages."""
    rows = [
        *(PlanRow("user", f"user{at}@example.com", Verdict.CREATE) for at in range(220)),
        PlanRow("group", "staff@example.com", Verdict.CONFLICT, ("a user has this address",)),
        PlanRow("resource", "room@example.com", Verdict.LEAVE),
    ]
    known = replace(
        KNOWN,
        manifest=manifest(222),
        survey=SURVEY,
        rows=tuple(rows),
        warnings=("the old server allows 5 connections, fewer than the 10 that the tenant wants",),
    )
    return make_plan_page(make_plan(known, "prod-1", AT, "intake/manifest.csv"))


def make_hostile_plan() -> bytes:
    """A plan that cannot begin, of hostile names."""
    rows = [PlanRow("user", name, Verdict.CONFLICT, (name,)) for name in NAMES]
    known = replace(KNOWN, rows=tuple(rows), problems=NAMES, warnings=NAMES, notices=NAMES)
    return make_plan_page(make_plan(known, NAMES[0], AT, NAMES[1]))


# ---- pages of clients, questions and the DNS -------------------------------------------------


def make_client_page() -> bytes:
    """A user's page in all languages."""
    return kit(*LANGUAGES).render(ACCOUNT).page.encode()


def make_hostile_client_page() -> bytes:
    """The page of a user with a hostile name."""
    account = replace(ACCOUNT, name=make_plain(" ".join(NAMES)), old_address=make_plain(NAMES[0]))
    return kit(*LANGUAGES).render(account).page.encode()


def make_client_mail() -> bytes:
    """What a user is mailed."""
    return kit("en").render(ACCOUNT).mail_html.encode()


def make_client_list() -> bytes:
    """The operator's list of users."""
    names = ("Anna Ahrens", "Zoë Østergård", *NAMES)
    lines = [
        UserLine(
            f"b{at}",
            make_plain(name),
            f"user{at}@acme.example",
            "",
            f"b{at}/index.html",
            "sent",
            "",
        )
        for at, name in enumerate(names)
    ]
    blobs = MemoryBlobs()
    write_lists(blobs, "acme", lines)
    return blobs.get("clients/index.html")


def make_question() -> Document:
    """The page that asks, before and after the answer."""
    return _answer("question", "GET", {})


def make_thanks() -> Document:
    """The page after an answer."""
    return _answer("thanks", "POST", {"answer": "approve"})


def _answer(name: str, method: str, form: Mapping[str, str]) -> Document:
    office = Office()
    office.tasks.waiting = {"token-0"}
    ask(office.desk, ASKING)
    id_ = the_question(office).id
    request = Request(method, f"/{id_}", {**form, "id": id_}, LATER)
    page = respond(office.ledger, office.tasks, "acme", request)
    return Document(name, page.body.encode(), {**_HTML, **page.headers})


def make_dns_page() -> bytes:
    """The records to be published."""
    return next(form.body for form in write_forms([planned()]) if form.name == "records.html")


MAKERS: Mapping[str, Callable[[], bytes | Document]] = {
    "report": lambda: to_html(make_report(Size(9, folders=4))),
    "report-long": lambda: to_html(make_report(Size(ROWS, folders=2))),
    "report-done": lambda: to_html(make_done_report()),
    "report-failed": lambda: to_html(make_failed_report()),
    "report-large": lambda: to_html(make_report(Size(40, messages=90_000_000))),
    "report-hostile": lambda: to_html(make_hostile_report()),
    LARGEST: lambda: to_html(make_report(Size(10_000))),
    "plan": make_plan_document,
    "plan-hostile": make_hostile_plan,
    "progress": lambda: make_progress_page(make_view()),
    "progress-failed": lambda: make_progress_page(make_ended_view(RunStatus.FAILED)),
    "progress-ended": lambda: make_progress_page(make_ended_view(RunStatus.SUCCEEDED)),
    "progress-hostile": lambda: make_progress_page(make_hostile_view()),
    "client-page": make_client_page,
    "client-page-hostile": make_hostile_client_page,
    "client-mail": make_client_mail,
    "client-list": make_client_list,
    "question": make_question,
    "thanks": make_thanks,
    "dns": make_dns_page,
}
"""By the names under which pictures of them are kept."""
_ALWAYS = ("report", "report-hostile", "plan", "progress", "client-page", "question")
"""These are opened by `make test`, too."""


def each(*names: str, always: Sequence[str] = _ALWAYS) -> list[ParameterSet]:
    """Parameters of a test: all documents but the largest, or these. `make test` has `always`."""
    chosen = names or tuple(name for name in MAKERS if name != LARGEST)
    marks = {name: [] if name in always else [pytest.mark.every_page] for name in chosen}
    return [pytest.param(name, id=name, marks=marks[name]) for name in chosen]
