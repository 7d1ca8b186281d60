"""Pages as a browser opens them: from a file or over HTTP, with nothing else to be had."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Dialog, Page, Route

from tests.browser.documents import Document

ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
)
PHONE, SCREEN = 360, 1280
"""Widths."""
_ADDRESS = "http://pages.example/page.html"


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is looked at. `over_http`: with the headers that the document comes with."""

    width: int = SCREEN
    dark: bool = False
    scripts: bool = True
    over_http: bool = False
    reduced_motion: bool = False


@dataclass
class Visitor:
    """Opens documents, each in a profile of its own, and keeps account of what they do."""

    browser: Browser
    folder: Path
    complaints: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def open(self, document: Document, look: Look | None = None) -> Page:
        """The page when its scripts have done their work."""
        look = look or Look()
        page = self._make_page(look)
        address = _ADDRESS if look.over_http else self._write(document)

        def serve(route: Route) -> None:
            if route.request.url == _ADDRESS and look.over_http:
                route.fulfill(status=200, body=document.body, headers={**document.headers})
            else:
                self.complaints.append(f"asks for {route.request.url}")
                route.abort()

        if look.over_http:
            page.context.route("**/*", serve)
        else:
            page.context.route(lambda url: url != address, serve)
        page.goto(address)
        if look.scripts and document.has_scripts:
            page.locator("html[data-ready]").wait_for(state="attached")
            page.locator("[data-chart]:not(:has(svg))").first.wait_for(state="detached")
        return page

    def _make_page(self, look: Look) -> Page:
        context = self.browser.new_context(
            viewport={"width": look.width, "height": 740 if look.width == PHONE else 900},
            color_scheme="dark" if look.dark else "light",
            java_script_enabled=look.scripts,
            reduced_motion="reduce" if look.reduced_motion else "no-preference",
            has_touch=look.width == PHONE,
            offline=not look.over_http,
        )
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("dialog", self._refuse)
        page.on("popup", lambda other: self.complaints.append(f"opens {other.url}"))
        page.on(
            "console",
            lambda said: self.complaints.append(f"{said.type}: {said.text}"),
        )
        return page

    def _refuse(self, dialog: Dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _write(self, document: Document) -> str:
        path = self.folder / "page.html"
        path.write_bytes(document.body)
        return path.as_uri()

    def close(self) -> None:
        """Fails if there was anything to complain about."""
        for context in self.contexts:
            context.close()
        assert self.complaints == []
