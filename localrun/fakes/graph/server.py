"""The service: what comes in, what is let in, and what goes out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from localrun.fakes.graph.answers import Answer, Ask, Dropped, GraphError, Json, error_answer
from localrun.fakes.graph.batch import answer_batch
from localrun.fakes.graph.faults import Faults
from localrun.fakes.graph.login import Login
from localrun.fakes.graph.mailbox import Mailbox
from localrun.fakes.graph.reports import download
from localrun.fakes.graph.routing import Call, Route, Routes
from localrun.fakes.graph.seeding import Seeding
from localrun.fakes.graph.table import TABLE
from localrun.fakes.graph.tenant import denied
from localrun.fakes.graph.traffic import Asked, Traffic
from localrun.loopback import LoopbackServer, Request, Response

_VERSION = "/v1.0"
_TOKEN = "/oauth2/v2.0/token"
_OUTLOOK = ("Mail.", "MailboxSettings.", "Calendars.", "Contacts.", "Tasks.")


class GraphServer(Seeding):
    """Graph and its login on the loopback interface, for one organisation. It serves until close().

    `now` gives seconds since 1970; `latency` is in seconds, and every request takes so long, inner
    ones of a $batch too. `observe` is given every request of Graph with its answer, inner ones too,
    and may be set later.
    """

    def __init__(
        self,
        domain: str = "contoso.example",
        now: Callable[[], float] = time.time,
        *,
        latency: float = 0.0,
        routes: Iterable[Route] = TABLE,
        port: int = 0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(domain, now)
        self.latency = latency
        self.observe: Callable[[Ask, Answer], None] | None = None
        self.login = Login(self.tenant.id, domain, now)
        self.traffic = Traffic(now)
        self._now = now
        self._sleep = sleep
        self._routes = Routes(routes)
        self._http = LoopbackServer(self._respond, port)
        self.report_downloads: list[Mapping[str, str]] = []
        """The headers of every request for a report's data, which needs no token."""
        self.tenant.graph_url = self.graph_url
        self.tenant.reports_url = lambda: self._reports.url
        self.login.login_url = self.login.origin = self._http.url

    @cached_property
    def _reports(self) -> LoopbackServer:
        """Another place; few ask for it."""
        return LoopbackServer(self._respond_report)

    @property
    def login_url(self) -> str:
        """Where tokens are asked for: behind it come the directory and /oauth2/v2.0/token."""
        return self._http.url

    @property
    def graph_url(self) -> str:
        """Where Graph answers, with its version."""
        return self._http.url + _VERSION

    @property
    def secret(self) -> Json:
        """What the source's secret holds: {"app": {"directory", "client_id", "secret"}}."""
        return self.login.secret

    @property
    def certificate_secret(self) -> Json:
        """The same with "certificate", PEM, instead of "secret"."""
        return self.login.certificate_secret

    @property
    def faults(self) -> Faults:
        return self.tenant.faults

    @property
    def permissions(self) -> set[str]:
        """What the application may do; take some away to see 403."""
        return self.tenant.permissions

    @property
    def requests(self) -> Sequence[Asked]:
        """Every request of Graph so far, as it came in; logins are not among them."""
        return self.traffic.requests

    def most_in_flight(self, address: str) -> int:
        """The most requests that a mailbox had at once, inner ones of a $batch included."""
        return self.traffic.most_in_flight(self.mailbox(address).address)

    def close(self) -> None:
        """May be repeated."""
        self._http.close()
        if "_reports" in self.__dict__:
            self._reports.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- serving

    def _respond(self, request: Request) -> Response | None:
        parts = urlsplit(request.path)
        if request.method == "POST" and parts.path.endswith(_TOKEN):
            directory = unquote(parts.path.removesuffix(_TOKEN).lstrip("/"))
            return _response(self.login.answer(directory, request.body))
        if not parts.path.startswith(f"{_VERSION}/"):
            return Response(404)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        path = parts.path.removeprefix(_VERSION)
        ask = Ask(request.method, path, query, request.headers, request.body)
        try:
            return _response(self._serve(ask, request.path.removeprefix(_VERSION)))
        except Dropped:
            return None

    def _respond_report(self, request: Request) -> Response:
        self.report_downloads.append(request.headers)
        return _response(download(self.tenant, request.path.rpartition("/")[2]))

    def _serve(self, ask: Ask, path: str, is_inner: bool = False) -> Answer:
        asked = self.traffic.begin(ask, path, is_inner)
        try:
            answer = self._answer(ask, asked)
        except GraphError as error:
            answer = error_answer(error, self._now())
        finally:
            asked.ended = time.monotonic()
        asked.status = answer.status
        if self.observe is not None:
            self.observe(ask, answer)
        return answer

    def _serve_inner(self, ask: Ask) -> Answer:
        try:
            return self._serve(ask, ask.path, is_inner=True)
        except Dropped:
            gone = GraphError(504, "UnknownError", "The backend closed the connection.")
            return error_answer(gone, self._now())

    def _answer(self, ask: Ask, asked: Asked) -> Answer:
        self.login.check(ask.headers.get("authorization", ""))
        if unquote(ask.path) == "/$batch" and ask.method == "POST" and not asked.is_inner:
            self.faults.check("/$batch", "")
            return answer_batch(ask, self._serve_inner)
        route, at = self._routes.find(ask.method, ask.path)
        route.check(ask.query)
        self._check_permission(route)
        if not route.is_of_mailbox:
            self._sleep(self.latency)
            self.faults.check(unquote(ask.path), "")
            with self.tenant.lock:
                return _answer(route.function(Call(self.tenant, ask, at)))
        mailbox = self.tenant.opened(at["user"])
        asked.mailbox = mailbox.address
        return self._visit(Call(self.tenant, ask, at, mailbox), route, mailbox)

    def _visit(self, call: Call, route: Route, mailbox: Mailbox) -> Answer:
        with self.traffic.visit(mailbox.address):
            self._sleep(self.latency)
            self.faults.check(unquote(call.ask.path), mailbox.address)
            with mailbox.lock:
                return _answer(route.function(call))

    def _check_permission(self, route: Route) -> None:
        if not route.needs or self.permissions & set(route.needs.split("|")):
            return
        if route.needs.startswith(_OUTLOOK):
            raise denied()
        message = "Insufficient privileges to complete the operation."
        raise GraphError(403, "Authorization_RequestDenied", message)


def _answer(given: Answer | Json) -> Answer:
    return given if isinstance(given, Answer) else Answer(given)


def _response(answer: Answer) -> Response:
    headers = dict(answer.headers)
    if isinstance(answer.body, bytes):
        return Response(answer.status, answer.body, headers, chunked=answer.chunked)
    headers["Content-Type"] = "application/json;odata.metadata=minimal;charset=utf-8"
    text = b"" if answer.body is None else json.dumps(answer.body, ensure_ascii=False).encode()
    return Response(answer.status, text, headers)
