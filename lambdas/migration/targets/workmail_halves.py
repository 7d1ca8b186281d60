"""What to do when WorkMail refuses a request as a whole: nothing of it was done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from migration.targets.workmail_errors import is_about_more
from migration.wire.ews_model import RequestRefused, RequestTooLarge

_P = TypeVar("_P")
_A = TypeVar("_A")


def halved(
    send: Callable[[Sequence[_P]], list[_A]],
    whole: Sequence[_P],
    blame: Callable[[_P, str], _A],
) -> list[_A]:
    """An answer for each part. If the request is refused, halves find the parts that are to blame:
    `blame` makes their answers of a code. EwsError where the refusal is about more."""
    try:
        return send(whole)
    except (RequestTooLarge, RequestRefused) as error:
        code = error.code if isinstance(error, RequestRefused) else "ErrorMessageSizeExceeded"
        if is_about_more(code):
            raise
        if len(whole) == 1:
            return [blame(whole[0], code)]
    middle = len(whole) // 2
    return halved(send, whole[:middle], blame) + halved(send, whole[middle:], blame)
