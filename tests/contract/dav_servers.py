"""DAV servers that all tests of a file share, each test as a person of its own."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cached_property
from itertools import count
from typing import Self

import pytest

from localrun.fakes.dav import RadicaleServer
from tests.integration.xandikos import XandikosServer

_PEOPLE = {f"p{number}@example.test": f"pässword:{number}" for number in range(100)}


class DavServers:
    """Starts each server when it is asked for."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._people: Iterator[int] = count()

    def person(self) -> tuple[str, str]:
        """A login that nobody has used, at each of the servers."""
        return list(_PEOPLE.items())[next(self._people)]

    def radicale(self) -> RadicaleServer:
        return self._radicale

    def xandikos(self) -> XandikosServer:
        return self._xandikos

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @cached_property
    def _radicale(self) -> RadicaleServer:
        _demand("radicale")
        return self._stack.enter_context(RadicaleServer(_PEOPLE))

    @cached_property
    def _xandikos(self) -> XandikosServer:
        _demand("xandikos")
        return self._stack.enter_context(XandikosServer(_PEOPLE))


def _demand(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed: pip install -r requirements-dev.txt")
