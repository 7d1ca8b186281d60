"""The command line of the probe: checks what it needs, asks, shows, and removes what it made."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from localrun.probe.failures import explain
from localrun.probe.findings import show, summarise, write_json
from localrun.probe.model import Answer, Clock, Learned, Need, NotAsked, Probe, Verdict
from localrun.probe.options import OptionsRefusedError, read_options
from localrun.probe.questions import NAMES, QUESTIONS
from localrun.probe.session import Session
from migration.errors import TargetBusy
from migration.wire.ews_model import AnswerLost

INTERRUPTED = 130
_WIDTH = 120
_SETTLE_SECONDS = 5.0
"""What was sent and not answered may still be stored; it is removed only then."""

_NO_CREDENTIALS = (
    "there are no AWS credentials: run `aws configure` or `aws sso login`, or set AWS_PROFILE, or "
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Without --write, the policy "
    "AmazonWorkMailReadOnlyAccess is enough"
)
_BAD_CREDENTIALS = frozenset(
    "ExpiredToken ExpiredTokenException IncompleteSignature InvalidClientTokenId "
    "MissingAuthenticationTokenException UnrecognizedClientException".split()
)


def main(
    arguments: Sequence[str],
    environment: Mapping[str, str] | None = None,
    clock: Clock | None = None,
) -> int:
    """Runs the command; the process's exit status."""
    try:
        options = read_options(arguments, os.environ if environment is None else environment, NAMES)
        session = Session(options, clock or Clock())
        _check_access(session)
    except OptionsRefusedError as error:
        for problem in error.problems:
            print(f"error: {problem}", file=sys.stderr)
        return 2
    return Survey(session, _console()).run()


def _console() -> Console:
    """A file has no width; records of domains are long."""
    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH)


def _check_access(session: Session) -> None:
    """OptionsRefusedError if nothing could be asked at all. Whoever may not describe the
    organization is told so by the question about it."""
    options = session.options
    try:
        if boto3.Session().get_credentials() is None:
            raise OptionsRefusedError([_NO_CREDENTIALS])
        session.client.describe_organization(OrganizationId=options.organization)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code == "OrganizationNotFoundException":
            where = f"in {options.region}"
            see = f"`aws workmail list-organizations --region {options.region}`"
            problem = f"this account has no such organization {where}: see {see}"
            raise OptionsRefusedError([problem]) from None
        if code in _BAD_CREDENTIALS:
            raise OptionsRefusedError(
                [f"AWS does not take these credentials ({code}): log in again"]
            ) from None
    except BotoCoreError as error:
        problem = f"WorkMail's API cannot be asked ({type(error).__name__})"
        advice = "check AWS_PROFILE, the Region and the network"
        raise OptionsRefusedError([f"{problem}: {advice}"]) from None


class Survey:
    """All questions of one run, one after the other."""

    def __init__(self, session: Session, console: Console) -> None:
        self._session = session
        self._options = session.options
        self._console = console
        self._mask = session.mask
        self._answers: list[Answer] = []
        self._is_in_doubt = False

    def run(self) -> int:
        """Asks, removes, shows; the exit status."""
        interrupted = False
        left: list[str] = []
        with _interrupts():
            try:
                for probe in QUESTIONS:
                    if not self._options.only or probe.name in self._options.only:
                        self._note(self._ask(probe))
            except KeyboardInterrupt:
                interrupted = True
            finally:
                left = self._remove(interrupted=interrupted)
        summarise(self._console, self._answers, left)
        if self._options.json is not None:
            try:
                write_json(self._options.json, self._options, self._answers, left, self._mask)
            except OSError as error:
                print(f"error: cannot write --json: {error.strerror}", file=sys.stderr)
                return 1
        if interrupted:
            return INTERRUPTED
        failed = any(answer.learned.verdict is Verdict.FAILED for answer in self._answers)
        return 1 if failed or left else 0

    def _note(self, answer: Answer) -> None:
        self._answers.append(answer)
        show(self._console, answer, self._mask)

    def _ask(self, probe: Probe) -> Answer:
        began = time.perf_counter()
        learned = self._learn(probe)
        return Answer(probe, learned, time.perf_counter() - began)

    def _learn(self, probe: Probe) -> Learned:
        lacks = (probe.needs is Need.PILOT and not self._options.pilot) or (
            probe.needs is Need.WRITE and not self._options.write
        )
        if lacks:
            return Learned(f"give {probe.needs}", verdict=Verdict.NOT_ASKED)
        try:
            return probe.ask(self._session)
        except NotAsked as reason:
            return Learned(str(reason), verdict=Verdict.NOT_ASKED)
        except Exception as error:  # noqa: BLE001 - nobody knows what these servers answer
            self._is_in_doubt |= isinstance(error, AnswerLost | TargetBusy)
            return Learned(explain(error), verdict=Verdict.FAILED)

    def _remove(self, *, interrupted: bool) -> list[str]:
        """What could not be removed, as sentences."""
        traces = self._session.traces
        if not traces:
            return []
        try:
            if interrupted or self._is_in_doubt:
                print("removing what was made; please wait", file=sys.stderr)
                self._session.clock.sleep(_SETTLE_SECONDS)
        except KeyboardInterrupt:
            print("it is still being removed", file=sys.stderr)
        return traces.remove_all()


@contextmanager
def _interrupts() -> Iterator[None]:
    """Within: to be ended or hung up on is to be interrupted, so that all is removed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number in before:
        signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
