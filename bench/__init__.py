"""The copy engine against its peers, side by side on one machine: `python -m bench --help`.

Two real servers (Dovecot), a latency proxy before each, and the tools one after the other as
child processes: how fast, how much memory, and is the copy identical. docs/performance.md says
how to read the numbers.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The repository: tools are started here, so that `python -m localrun` is found."""
