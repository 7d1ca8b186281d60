"""HTML of bodies and replies, as far as it matters whether it says anything. Pure."""

from __future__ import annotations

import html
import re

_SILENT = re.compile(r"(?is)<(head|style|script)\b.*?</\1\s*>|<!--.*?-->|<(?!img\b)[^>]*>")


def is_silent(markup: str) -> bool:
    """Whether it shows nothing: no text, and no picture. Exchange makes HTML of nothing, too."""
    return not html.unescape(_SILENT.sub("", markup)).strip()
