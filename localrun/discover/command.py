"""python -m localrun discover: asks a source's directory, and writes a manifest from it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from localrun.discover.files import (
    MAILBOXES,
    MANIFEST,
    NOTES,
    FilesThereError,
    refuse_existing,
    write_files,
)
from localrun.discover.kinds import Secret
from localrun.discover.options import Options, OptionsRefusedError, read_options
from localrun.discover.summary import show, tell_head
from migration.discovery import Draft, draft_manifest, write_mailboxes, write_manifest
from migration.discovery_model import Discovery
from migration.discovery_notes import write_notes
from migration.errors import MigrationError, TenantError
from migration.manifest import parse_folder
from migration.manifest_columns import USERS

INTERRUPTED = 130
_WIDTH = 130
_NO_SECRET = (
    "error: the source's secret cannot be read in AWS ({error}): name the account's credentials by "
    "AWS_PROFILE or `aws login`, or give --secret-file"
)


def main(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> int:
    """Runs the command line; the process's exit status."""
    try:
        options = read_options(arguments, environment)
        for warning in options.warnings:
            _say(f"warning: {warning}")
        if not options.force:
            refuse_existing(options.out)
        return _discover(options)
    except (OptionsRefusedError, TenantError) as error:
        for problem in getattr(error, "problems", None) or (str(error),):
            _say(f"error: {problem}")
    except (ClientError, BotoCoreError) as error:
        _say(_NO_SECRET.format(error=type(error).__name__))
    except OSError as error:
        _say(f"error: cannot write to {options.out}: {error.strerror}")
    except (FilesThereError, MigrationError, ValueError) as error:
        _say(f"error: {error}")
    except KeyboardInterrupt:
        _say("stopped: run it again, with --force if some of the files are there already")
        return INTERRUPTED
    return 2


def _discover(options: Options) -> int:
    secret = _read_secret(options) if options.secret is None else options.secret
    opened = closing(options.kind.open(options.cloud, secret))
    with opened as directory, _progress(quiet=options.quiet) as tell:
        found = directory.discover(tell)
    draft = draft_manifest(found, options.domains)
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    show(console, found, draft)
    manifest = write_manifest(draft) if USERS.name in draft.rows else {}
    if faults := parse_folder(manifest, options.domains).faults if manifest else ():
        raise ValueError(f"the manifest would have a fault, so none is written: {faults[0].text}")
    write_files(options.out, _all_files(manifest, found, draft))
    _tell_written(console, options, draft)
    return 0 if manifest else 1


def _read_secret(options: Options) -> Secret:
    """The tenant's in its AWS account. TenantMisconfigured if it has no value."""
    import boto3

    from migration.aws.secrets import TenantSecrets
    from stacks.secret_names import secret_name

    tenant = options.tenant
    if tenant is None:
        raise OptionsRefusedError(["name the tenant's file with --tenant"])
    client = boto3.client("secretsmanager", region_name=tenant.region)
    secret = TenantSecrets(client, secret_name(tenant.tenant), "").read_source()
    if faults := list(options.kind.faults(secret)):
        raise OptionsRefusedError(faults)
    return secret


def _all_files(
    manifest: Mapping[str, bytes], found: Discovery, draft: Draft
) -> Mapping[str, bytes]:
    return {
        **{f"{MANIFEST}/{name}": body for name, body in manifest.items()},
        NOTES: write_notes(tell_head(found, draft), draft.notes),
        MAILBOXES: write_mailboxes(found, draft),
    }


def _tell_written(console: Console, options: Options, draft: Draft) -> None:
    folder = options.out
    told = []
    if USERS.name in draft.rows:
        told.append(f"written: {folder / MANIFEST}/")
    told += [
        f"written: {folder / NOTES}, which names everybody whom these notes are about",
        f"written: {folder / MAILBOXES}, with all mailboxes that were found",
    ]
    if USERS.name in draft.rows:
        tenant = f" --tenant {options.tenant_file}" if options.tenant_file else ""
        told.append(f"next: python -m localrun plan {folder / MANIFEST}{tenant}")
    else:
        told.append("nobody was found who could stand in a manifest: the notes say why")
    for line in told:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[str], object]]:
    """Gives what says how far it is: in one line of a terminal, else in a line each time."""
    if quiet:
        yield lambda line: None
        return
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _say
        return
    with console.status("asking the directory") as status:
        yield status.update


def _say(line: str) -> None:
    print(line, file=sys.stderr)
