"""What was asked of the copy command, and everything that is wrong with it at once."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

from localrun.copy_arguments import VERIFY_SAMPLES, build_parser
from localrun.copy_places import (
    EwsPlace,
    ImapPlace,
    Place,
    PlaceRefusedError,
    parse_source,
    parse_target,
)
from localrun.copy_secrets import (
    Secret,
    SecretRefusedError,
    check_secret,
    read_secret,
    warn_of_readers,
)
from migration.copy.selection import faults
from migration.copy.slices import Pace
from migration.model import CopyPolicy, DeltaPolicy

Value = TypeVar("Value")
Given = ParamSpec("Given")


class OptionsRefusedError(Exception):
    """The command line cannot be used. `problems` lists every reason."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Order:
    """One copy, as it was asked for. `verify` is empty where nothing was said; `settle` is in
    seconds."""

    source: ImapPlace
    target: Place
    source_secret: Secret
    target_secret: Secret
    state: Path
    policy: CopyPolicy
    verify: str = ""
    settle: float = 0.0
    ca_file: Path | None = None
    allow_plain: bool = False
    quiet: bool = False
    secret_files: tuple[Path | None, Path | None] = (None, None)
    warnings: tuple[str, ...] = ()


class _Problems(list[str]):
    """What is wrong, while the rest is still looked at."""

    def catch(
        self, prefix: str, act: Callable[Given, Value], *args: Given.args, **kwargs: Given.kwargs
    ) -> Value | None:
        """What `act` gives; None if it refuses, and its reason is one more problem."""
        try:
            return act(*args, **kwargs)
        except (PlaceRefusedError, SecretRefusedError) as error:
            self.append(f"{prefix}{error}")
            return None


def read_order(
    arguments: Sequence[str], environment: Mapping[str, str], prog: str = "python -m localrun copy"
) -> Order:
    """The order on a command line. OptionsRefusedError with all that is wrong; SystemExit, as
    argparse has it, for options that do not exist and for --help."""
    options = build_parser(prog).parse_args(arguments)
    files = options.source_secret, options.target_secret
    plain = options.allow_plain
    wrong = _Problems()
    source = wrong.catch("SOURCE: ", parse_source, options.source, allow_plain=plain)
    target = wrong.catch("TARGET: ", parse_target, options.target, allow_plain=plain)
    source_secret = wrong.catch("", read_secret, "source", files[0], environment)
    target_secret = wrong.catch("", read_secret, "target", files[1], environment)
    if target and target_secret:
        wrong.catch("TARGET: ", check_secret, target, target_secret)
    if source and source == target:
        wrong.append("SOURCE and TARGET are the same mailbox")
    policy = _read_policy(options, wrong)
    if options.ca is not None and not options.ca.is_file():
        wrong.append(f"--ca: there is no file {options.ca}")
    if options.settle is not None and not options.settle >= 0:
        wrong.append("--settle must be at least 0 seconds")
    if wrong or not (source and target and source_secret and target_secret):
        raise OptionsRefusedError(wrong)
    return Order(
        source,
        target,
        source_secret,
        target_secret,
        options.state,
        policy,
        verify=options.verify or "",
        settle=choose_settle(target, options.settle),
        ca_file=options.ca,
        allow_plain=plain,
        quiet=options.quiet,
        secret_files=files,
        warnings=warn_of_readers(files),
    )


def choose_settle(target: Place, asked: float | None) -> float:
    """How long the batch of a worker that died rests before the target is asked what it has of it.

    Whoever got the lock on the state's folder knows that the worker is dead, and an IMAP server
    stops with its connection. What was sent to EWS may still take effect behind a load balancer.
    """
    if asked is not None:
        return asked
    return Pace().settle if isinstance(target, EwsPlace) else 0.0


def _read_policy(options: argparse.Namespace, problems: list[str]) -> CopyPolicy:
    policy = CopyPolicy(
        include=tuple(options.include),
        exclude=tuple(options.exclude),
        received_from=options.received_from or "",
        received_before=options.received_before or "",
        max_message_bytes=_amount(options, "--max-message-mb", 1_000_000, problems),
        max_bytes_per_second=_amount(options, "--max-kilobytes-per-second", 1000, problems),
        delta=DeltaPolicy(options.delta_policy or DeltaPolicy.ADD),
        verify_sample=VERIFY_SAMPLES[options.verify or "counts"],
    )
    problems += [_about_options(fault) for fault in faults(policy)]
    return policy


def _about_options(fault: str) -> str:
    """A fault of the tenant file's keys, said of the options of the same names."""
    text = fault.replace("`copy` in the tenant file: ", "").replace(" in the tenant file", "")
    return re.sub(r"`copy\.(\w+)`", lambda found: "--" + found[1].replace("_", "-"), text)


def _amount(options: argparse.Namespace, name: str, unit: int, problems: list[str]) -> int:
    """The number given for an option, in units of one; 0 where nothing was given."""
    text = getattr(options, name.strip("-").replace("-", "_"))
    if text is None:
        return 0
    try:
        amount = round(float(text) * unit)
    except (ValueError, OverflowError):
        amount = 0
    if amount < 1:
        problems.append(f"{name} must be a number above 0, not {text!r}")
        return 0
    return amount
