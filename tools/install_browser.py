"""Installs Debian's Chromium, in which tests open the pages: python -m tools.install_browser

What is there already is left alone. What cannot be had is said, with the reason, and is no failure:
the tests that want it skip.
"""

from __future__ import annotations

import shutil
import sys

from tools.debian_packages import Missing, install, output, update_lists

_NAMES = ("chromium", "chromium-browser", "google-chrome")
"""What the program is called, by Debian and by others."""


def find_browser() -> str:
    """The path of the program; "" when there is none."""
    return next(filter(None, map(shutil.which, _NAMES)), "")


def main() -> int:
    try:
        if not find_browser():
            update_lists()
            install("chromium")
        print(f"{output([find_browser(), '--version']).strip()} is there")
    except Missing as reason:
        print(f"Chromium is not there, the tests that want it skip: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
