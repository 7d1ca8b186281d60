"""The command line of the copy command, as data, and the parser made of it."""

from __future__ import annotations

import argparse
from pathlib import Path

from migration.copy.slices import Pace
from migration.model import DeltaPolicy

VERIFY_SAMPLES = {"none": 0, "counts": 0, "sample": 20, "all": -1}
"""How much verification there is to choose from, and how many messages of a folder each compares
byte by byte (-1: all)."""

_VALUES = (
    ("source", "SOURCE", "imaps://USER@HOST/ or imap+starttls://USER@HOST/"),
    ("target", "TARGET", "the same, or ews+https://HOST/PATH?mailbox=ADDRESS"),
    ("--received-from", "DAY", "only mail from this day on (UTC)"),
    ("--received-before", "DAY", "only mail from before this day"),
    ("--max-message-mb", "MB", "leave out what is larger (1 MB is 1,000,000 bytes)"),
    ("--max-kilobytes-per-second", "KB", "go no faster than this"),
)
_FILES = (
    ("--state", "DIR", "where this keeps what its next call must know"),
    ("--source-secret", "FILE", "what opens the source; see below"),
    ("--target-secret", "FILE", "what opens the target; read again when a token has ended"),
    ("--ca", "FILE", "trust these certificate authorities (PEM)"),
)
_PATTERNS = (
    ("--include", "only these folders, and the inbox (see below)"),
    ("--exclude", "not these folders"),
)
_CHOICES = (
    (
        "--delta-policy",
        tuple(map(str, DeltaPolicy)),
        "whether later passes also delete and move what was, at the source (default: add)",
    ),
    (
        "--verify",
        tuple(VERIFY_SAMPLES),
        "what to compare afterwards (default: counts, unless nothing has come since)",
    ),
)
_SWITCHES = (
    ("--allow-plain", "allow imap:// to other hosts: passwords and mail travel openly"),
    ("--quiet", "no progress on stderr"),
)

_EXAMPLES = """\
examples:
  python -m localrun copy imaps://ann@old.example/ \\
      imaps://ann%40new.example@imap.mail.eu-west-1.awsapps.com/ \\
      --source-secret old.txt --target-secret new.txt --state copies/ann

  python -m localrun copy imap+starttls://ann@old.example/ \\
      'ews+https://ews.mail.eu-west-1.awsapps.com/EWS/Exchange.asmx?mailbox=ann@new.example' \\
      --source-secret old.json --target-secret token.txt --state copies/ann \\
      --exclude 'Lists/**' --received-from 2020-01-01

The same command again is the delta pass: it brings what is new since. After Ctrl-C or a crash it
goes on where the copy stopped: nothing is lost, and nothing is copied twice.

patterns hold the names of a folder and its parents, joined by /. * stands for any characters of a
name, ** for any number of names. Without a * everything below the folder is meant, too. --include
and --exclude may be given several times.

secrets: a file holds the password (for EWS: a bearer token) in its first line, or a JSON object:
  {"password": ...}   {"token": ...}
  {"admin": {"user": ..., "password": ...}}    opens the mailbox as administrator (SASL PLAIN)
  {"master": {"user": ..., "password": ...}}   the same by logging in as user*master
Without files: SOURCE_PASSWORD or SOURCE_TOKEN, TARGET_PASSWORD or TARGET_TOKEN.
"""


def build_parser(prog: str) -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog,
        usage="%(prog)s SOURCE TARGET --state DIR [options]",
        description="Copy one mailbox with the engine of the migration, and remember in DIR what "
        "was done. The source is opened read-only.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    for name, metavar, text in _VALUES:
        parser.add_argument(name, metavar=metavar, help=text)
    for name, metavar, text in _FILES:
        parser.add_argument(name, type=Path, metavar=metavar, required=name == "--state", help=text)
    for name, text in _PATTERNS:
        parser.add_argument(name, action="append", default=[], metavar="PATTERN", help=text)
    for name, choices, text in _CHOICES:
        parser.add_argument(name, choices=choices, help=text)
    for name, text in _SWITCHES:
        parser.add_argument(name, action="store_true", help=text)
    parser.add_argument(
        "--settle",
        type=float,
        metavar="SECONDS",
        help="how long the batch of a copy that died rests before the target is asked what it has "
        f"of it (default: 0, for EWS {Pace().settle:g})",
    )
    return parser
