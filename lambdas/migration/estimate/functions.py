"""How large the functions are whose time is reckoned: what stacks/function_table.py gives them, as
tests/stacks/test_estimate.py holds."""

from __future__ import annotations

from collections.abc import Mapping

COPY_SLICE_SECONDS = 900
"""After so many a slice has ended, and the next one goes on."""

MEMORY: Mapping[str, int] = {
    "copy_slice": 1024,
    "verify_mailbox": 1024,
    "provision_user": 256,
    "measure_progress": 512,
}
"""Megabytes, by which Lambda's seconds are billed."""
