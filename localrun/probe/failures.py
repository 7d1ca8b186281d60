"""Why a question has no answer: types and codes, never what a server wrote."""

from __future__ import annotations

import re

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from localrun.probe.model import GaveUp
from migration.errors import MigrationError
from migration.wire.ews_model import EwsError
from migration.wire.imap_errors import ImapError

_OPERATION_AND_CODE = re.compile(r"(\w+: \w+): .*", re.DOTALL)
_DENIED = "; these AWS credentials may not call it: attach a policy that allows workmail:{}"


def explain(error: Exception) -> str:
    """The reason in words that hold no personal data, for somebody who runs the probe."""
    match error:
        case ClientError():
            text = f"{error.operation_name}: {error.response.get('Error', {}).get('Code', '')}"
        case MigrationError():
            # What follows operation and code is advice about the deployed functions.
            found = _OPERATION_AND_CODE.fullmatch(str(error))
            text = found[1] if found else str(error)
        case EwsError():
            text = f"EWS: {type(error).__name__}: {error}"
        case ImapError():
            text = f"IMAP: {type(error).__name__}: {error.code}"
        case GaveUp():
            text = str(error)
        case BotoCoreError() | HTTPError() | OSError():
            text = type(error).__name__
        case _:
            text = f"{type(error).__name__}, which nobody foresaw"
    if "AccessDenied" in text or "NotAuthorized" in text:
        text += _DENIED.format(text.partition(":")[0])
    return text
