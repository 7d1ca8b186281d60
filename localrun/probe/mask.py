"""Takes out of what is shown what must not be, whoever wrote it there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from localrun.probe.model import Fact


class Mask:
    """Knows the addresses and passwords of this run. The questions keep them out of their answers;
    this is for what servers say."""

    def __init__(self) -> None:
        self._hidden: dict[str, str] = {}

    def hide_address(self, address: str) -> None:
        """From now on it is shown as mask_address has it."""
        if address:
            self._hidden[address] = mask_address(address)

    def hide(self, secret: str) -> None:
        """From now on it is not shown."""
        if secret:
            self._hidden[secret] = "***"

    def text(self, text: str) -> str:
        """The text without any of them."""
        for hidden, shown in self._hidden.items():
            text = shown.join(re.split(re.escape(hidden), text, flags=re.IGNORECASE))
        return text

    def fact(self, fact: Fact) -> Fact:
        """The same for everything in a fact."""
        if isinstance(fact, str):
            return self.text(fact)
        if isinstance(fact, Mapping):
            return {self.text(name): self.fact(value) for name, value in fact.items()}
        if isinstance(fact, Sequence):
            return [self.fact(value) for value in fact]
        return fact


def mask_address(address: str) -> str:
    """`p***@example.com`"""
    name, _, domain = address.partition("@")
    return f"{name[:1]}***@{domain}" if domain else f"{name[:1]}***"
