"""The input of an execution, which people write: checked, with every fault at once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from migration.errors import InputInvalid

MIGRATION = ("provision", "copy", "cutover", "delta", "report")
ROLLBACK = "rollback"
ROLLBACK_DNS = "rollback-dns"
CLIENTS = "clients"
ERASE = "erase"
FAILED = "failed"
CONTROL = ("pause", "resume", "abort")
"""What an execution may say to the one that works for the tenant."""
ALONE = (ROLLBACK, ROLLBACK_DNS, ERASE, *CONTROL)
"""Phases that stand alone."""
PHASES = (*MIGRATION, CLIENTS, *ALONE)
_WHY_ALONE = {
    ROLLBACK: "nothing is made and taken back at once",
    ROLLBACK_DNS: "nothing is published and put back at once",
    ERASE: "nothing is done and forgotten at once",
    **dict.fromkeys(CONTROL, "it is a word to another execution"),
}


@dataclass(frozen=True, slots=True)
class ExecutionInput:
    """What an operator may write into the console's input box; `{}` runs the whole migration.
    `manifest` is a key: of a CSV file, of a .yaml, .yml or .json document, or of a folder if it
    ends in /. `version` is S3's version of it that is read (of a folder, of its users.csv); empty
    for the newest. `run` is the run to take back, with the phase rollback, empty for all; or, with
    the phase delta, the run whose mailboxes are looked at once more, empty for the manifest's;
    `only` says which of these: failed, or empty for all. `trigger` and `sequence` are written by
    what starts executions by itself (see starts.py). `unfinished`: with the phase erase, that the
    migration is given up."""

    phases: tuple[str, ...] = MIGRATION
    manifest: str = ""
    run: str = ""
    version: str = ""
    trigger: str = ""
    sequence: str = ""
    only: str = ""
    unfinished: bool = False

    @property
    def only_report(self) -> bool:
        """Whether nothing is to be done but to tell of the last run once more: to the operator, or
        to its users how to set up their mail programs."""
        return set(self.phases) <= {"report", CLIENTS}

    @property
    def chosen(self) -> dict[str, bool]:
        """Every phase, and whether it runs."""
        return {phase: phase in self.phases for phase in PHASES}

    @property
    def control(self) -> str:
        """What is said to the execution that works for the tenant; "" if this one is to work."""
        return next((phase for phase in self.phases if phase in CONTROL), "")

    @property
    def wave_of(self) -> str:
        """The run whose mailboxes are looked at once more; "" for those of the manifest."""
        return self.run if ROLLBACK not in self.phases else ""

    @property
    def limits(self) -> Mapping[str, int]:
        """What differs from the tenant's: one more look is one pass, and none after it."""
        return {"delta_passes": 1, "late_passes": 0} if self.wave_of else {}

    @property
    def rollback_of(self) -> str:
        """The run to take back; "" for all."""
        return self.run if ROLLBACK in self.phases else ""

    @property
    def waves(self) -> tuple[str, str, str]:
        """`rollback_of`, `wave_of` and `only`, in the order of PrepareResult."""
        return self.rollback_of, self.wave_of, self.only

    @classmethod
    def parse(cls, payload: object) -> ExecutionInput:
        """InputInvalid names every unknown key and phase, and what was probably meant."""
        if not isinstance(payload, Mapping):
            raise InputInvalid(["the input must be a JSON object; {} is fine"])
        known = ("phases", "manifest", "run", *_TEXTS, "only", "unfinished")
        problems = [
            f"unknown key {_short(key)}{_hint(key, known)}" for key in payload if key not in known
        ]
        phases = payload.get("phases", list(MIGRATION))
        if not isinstance(phases, list) or not phases:
            problems.append(f"phases must be a list of: {', '.join(PHASES)}")
            phases = []
        problems += [
            f"unknown phase {_short(phase)}{_hint(phase, PHASES)}"
            for phase in phases
            if phase not in PHASES
        ]
        problems += [
            f"the phase {phase} stands alone: {why}"
            for phase, why in _WHY_ALONE.items()
            if phase in phases and len(phases) > 1
        ]
        manifest = payload.get("manifest", "")
        if not isinstance(manifest, str) or not re.fullmatch("(intake/.+)?", manifest, re.DOTALL):
            problems.append(
                "manifest must be a key below intake/ in the tenant's bucket; one that ends in / "
                "is a folder"
            )
        run = payload.get("run", "")
        if not isinstance(run, str) or (run and not _takes_run(phases)):
            problems.append(
                "run must be the name of a run; only the phase rollback takes it, and the phase "
                "delta alone or with report"
            )
        texts = [payload.get(key, "") for key in _TEXTS]
        problems += _manifest_problems(manifest, run, *texts)
        only, unfinished = payload.get("only", ""), payload.get("unfinished", False)
        if only not in ("", FAILED) or (only and not (run and "delta" in phases)):
            problems.append(
                f"only must be {FAILED}, and goes with run and the phase delta: of that run, the "
                "mailboxes that failed"
            )
        if not isinstance(unfinished, bool) or (unfinished and phases != [ERASE]):
            problems.append("unfinished must be true or false; only the phase erase takes it")
        if problems:
            raise InputInvalid(problems)
        version, trigger, sequence = texts
        return cls(tuple(phases), manifest, run, version, trigger, sequence, only, unfinished)


_TEXTS = ("version", "trigger", "sequence")


def _manifest_problems(
    manifest: object, run: object, version: object, trigger: object, sequence: object
) -> Iterator[str]:
    """What does not go together with the manifest, or is no text."""
    if run and manifest:
        yield "run and manifest name two waves; give one of them"
    for key, value in zip(_TEXTS, (version, trigger, sequence), strict=True):
        if not isinstance(value, str):
            yield f"{key} must be a text"
    if version and not manifest:
        yield "version goes with manifest: it is one of that file's versions"
    if bool(trigger) != bool(sequence) or not re.fullmatch("[A-Za-z0-9-]{0,64}", str(trigger)):
        yield (
            "trigger and sequence are written by the upload of a manifest and by schedules; leave "
            "both out"
        )


def _takes_run(phases: Sequence[object]) -> bool:
    return phases == [ROLLBACK] or ("delta" in phases and {*phases} <= {"delta", "report"})


def _short(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= 40 else text[:40] + "...")


def _hint(value: object, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(str(value), known, n=1)
    return f" (did you mean {close[0]}?)" if close else f" (known: {', '.join(known)})"
