"""The operator who has got a message, and answers on the page that it names, or by a command."""

from __future__ import annotations

import http.client
from html.parser import HTMLParser
from urllib.parse import urlencode, urlsplit

from localrun.world import World

NO_MESSAGE = "nobody was asked"


class PageError(Exception):
    """The page is not what the operator expects of it."""


def answer_by_page(world: World, answer: str) -> str:
    """Opens the link of the latest question, presses the button, and returns the page after it.
    PageError if there is no such question, link or button, or if the answer is not taken."""
    link = latest_link(world)
    status, page = fetch("GET", link)
    form = _Form()
    form.feed(page)
    if status != 200 or answer not in form.buttons:
        raise PageError(f"status {status}, buttons: {sorted(form.buttons)}")
    status, page = fetch("POST", link, {**form.fields, "answer": answer})
    if status != 200:
        raise PageError(f"the answer was met with status {status}")
    return page


def latest_link(world: World) -> str:
    """That of the last message that has one."""
    facts = [notice["facts"] for notice in world.told() if notice["kind"] == "question"]
    links = [each["page"] for each in facts if "page" in each]
    if not links:
        raise PageError(NO_MESSAGE)
    return str(links[-1])


def fetch(method: str, url: str, form: dict[str, str] | None = None) -> tuple[int, str]:
    """Status and body."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    try:
        body = urlencode(form) if form is not None else None
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        connection.request(method, parts.path, body, headers)
        response = connection.getresponse()
        return response.status, response.read().decode("utf-8")
    finally:
        connection.close()


class _Form(HTMLParser):
    """The page's only form."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.buttons: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "input":
            self.fields[given["name"]] = given["value"]
        elif tag == "button":
            self.buttons.add(given["value"])
