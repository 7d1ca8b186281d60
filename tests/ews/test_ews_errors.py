"""No failure of the client library or of EWS goes untranslated."""

from __future__ import annotations

import inspect
import ssl

import pytest
import urllib3
from urllib3 import exceptions as http

from localrun.fakes.workmail_ews.soap import SoapFault, write_fault
from migration.errors import (
    AdministratorPending,
    FolderGone,
    MailboxUnreachable,
    MigrationError,
    QuotaExceeded,
    TargetBusy,
    leaves,
)
from migration.mail import Rejected
from migration.targets import workmail_errors as tables
from migration.targets.workmail_append import WORTH_A_SECOND_TRY, outcome_of
from migration.targets.workmail_errors import (
    is_about_more,
    translate,
    translate_code,
)
from migration.wire import ews_failures
from migration.wire.ews_model import (
    AnswerLost,
    EwsError,
    NotAdmitted,
    Refused,
    RequestRefused,
    ServerBusy,
)
from tests.ews.harness import Schema

TABLES = (
    ews_failures.MISCONFIGURED,
    ews_failures.NOT_CONNECTED,
    ews_failures.BROKEN_OFF,
)
# No HTTPError: raised when a proxy is configured, and this client never uses one.
ELSEWHERE = {http.ProxySchemeUnsupported}


def urllib3_errors() -> list[type[Exception]]:
    """Every exception that urllib3 names; warnings are no exceptions to handle."""
    classes = [found for _, found in inspect.getmembers(http, inspect.isclass)]
    return [
        found
        for found in classes
        if found.__module__ == http.__name__
        and issubclass(found, Exception)
        and not issubclass(found, Warning)
        and found not in ELSEWHERE
    ]


def test_every_exception_of_urllib3_stands_in_a_table() -> None:
    known = {found for table in TABLES for found in table}
    assert len(urllib3_errors()) > 25
    assert [found.__name__ for found in urllib3_errors() if found not in known] == []


@pytest.mark.parametrize("kind", urllib3_errors(), ids=lambda kind: kind.__name__)
def test_every_exception_of_urllib3_becomes_a_leaf(kind: type[http.HTTPError]) -> None:
    error = kind.__new__(kind)  # their constructors differ; only the class matters
    error.args = ("secret@example.test",)
    leaf = translate(ews_failures.translate(error))
    assert type(leaf) in leaves()
    wanted = MailboxUnreachable if issubclass(kind, ews_failures.MISCONFIGURED) else TargetBusy
    assert isinstance(leaf, wanted)
    assert "@" not in str(leaf)


def test_a_certificate_that_is_not_trusted_is_for_the_operator() -> None:
    rejected = http.SSLError(ssl.SSLCertVerificationError("self-signed"))
    assert isinstance(translate(ews_failures.translate(rejected)), MailboxUnreachable)
    broken = http.SSLError(ssl.SSLEOFError("EOF"))
    assert isinstance(translate(ews_failures.translate(broken)), TargetBusy)


def test_a_name_that_is_not_resolved_now_is_like_a_refused_connection() -> None:
    error = http.NameResolutionError.__new__(http.NameResolutionError)
    assert isinstance(translate(ews_failures.translate(error)), TargetBusy)


def test_a_role_that_a_mailbox_has_not_heard_of_is_waited_for() -> None:
    pending = translate_code("ErrorImpersonateUserDenied")
    assert isinstance(pending, AdministratorPending)
    assert pending.retry_after == 30
    assert is_about_more("ErrorImpersonateUserDenied")


def test_a_mailbox_that_shows_a_delegate_nothing_is_waited_for() -> None:
    pending = translate(NotAdmitted("ErrorFolderNotFound"))
    assert isinstance(pending, AdministratorPending)
    assert pending.retry_after == 30
    assert "ErrorFolderNotFound" in str(pending)


def test_a_lost_answer_outlasts_every_gateway() -> None:
    lost = translate(AnswerLost("http-504"))
    assert isinstance(lost, TargetBusy)
    assert lost.retry_after >= 120


@pytest.mark.parametrize(
    ("code", "changes", "expected"),
    [
        ("ErrorServerBusy", True, ServerBusy),
        ("ErrorTimeoutExpired", True, AnswerLost),
        ("ErrorInternalServerError", True, AnswerLost),
        ("ErrorTimeoutExpired", False, ServerBusy),
    ],
)
def test_a_fault_in_the_middle_of_a_change_leaves_it_in_doubt(
    code: str, changes: bool, expected: type[EwsError]
) -> None:
    fault = write_fault(SoapFault(code, "x"))
    with pytest.raises(expected):
        ews_failures.read_response(urllib3.HTTPResponse(fault, status=500), changes=changes)


def test_every_failure_of_the_wire_becomes_a_leaf() -> None:
    for kind in EwsError.__subclasses__():
        error = kind.__new__(kind)
        error.args = ("code",)
        for name, value in (("code", "x"), ("retry_after", 1.0), ("for_good", True)):
            setattr(error, name, value)
        assert type(translate(error)) in leaves(), kind


def test_every_response_code_has_a_meaning(schema: Schema) -> None:
    """Of a request it becomes a leaf; of an item a rejection, or the same leaf."""
    assert len(schema.codes) > 300
    for code in sorted(schema.codes - {"NoError"}):
        leaf = translate(ews_failures.refuse(code, 0.0))
        assert type(leaf) in leaves(), code
        try:
            outcome = outcome_of("key", Refused(code))
        except EwsError as error:
            assert is_about_more(code)
            assert type(translate(error)) in leaves(), code
        else:
            assert outcome == Rejected("key", code)


def test_codes_in_the_tables_exist(schema: Schema) -> None:
    """A misspelt code would never match."""
    used = (
        ews_failures.BUSY_CODES | ews_failures._NOT_BEGUN | tables._ABOUT_MORE | WORTH_A_SECOND_TRY
    )
    assert used - schema.codes == frozenset()


def test_a_folder_that_is_gone_is_told_apart_where_a_folder_is_asked() -> None:
    for code in tables.FOLDER_CODES:
        with pytest.raises(FolderGone), tables.folder_translated():
            raise RequestRefused(code)
        with pytest.raises(MailboxUnreachable), tables.translated():
            raise RequestRefused(code)
    with pytest.raises(TargetBusy), tables.folder_translated():
        raise ServerBusy("ErrorServerBusy", 1.0)


def failure(error: EwsError) -> Exception:
    """As it is when it left a request."""
    try:
        with tables.folder_translated():
            raise error
    except MigrationError as translated:
        return translated


LOST = AnswerLost("http-504")
BUSY = ServerBusy("ErrorServerBusy", 300.0)
SHORT = ServerBusy("ErrorServerBusy", 5.0)
FULL = RequestRefused("ErrorQuotaExceeded")
GONE = RequestRefused("ErrorFolderNotFound")
EARLY = RequestRefused("ErrorImpersonateUserDenied")
ILL = RequestRefused("ErrorMailboxConfiguration")


@pytest.mark.parametrize(
    ("own", "others", "expected", "seconds"),
    [
        (SHORT, [], TargetBusy, 5.0),
        (SHORT, [BUSY], TargetBusy, 300.0),
        (EARLY, [BUSY], TargetBusy, 300.0),
        (EARLY, [EARLY], AdministratorPending, 30.0),
        (ILL, [BUSY], TargetBusy, 300.0),
        (ILL, [LOST], TargetBusy, 120.0),
        (ILL, [ILL], MailboxUnreachable, None),
        (SHORT, [LOST], TargetBusy, 120.0),
        (LOST, [BUSY], TargetBusy, 300.0),
        (GONE, [SHORT], FolderGone, None),
        (GONE, [LOST], TargetBusy, 120.0),
        (FULL, [LOST, SHORT], TargetBusy, 120.0),
        (FULL, [BUSY], QuotaExceeded, None),
    ],
)
def test_of_several_failures_the_one_is_raised_that_lets_nobody_look_too_early(
    own: EwsError, others: list[EwsError], expected: type[MigrationError], seconds: float | None
) -> None:
    chosen = tables.gravest(failure(own), list(map(failure, others)))
    assert type(chosen) is expected
    assert getattr(chosen, "retry_after", None) == seconds


def test_back_off_of_the_server_is_kept() -> None:
    leaf: MigrationError = translate(ServerBusy("ErrorServerBusy", 12.5))
    assert isinstance(leaf, TargetBusy)
    assert leaf.retry_after == 12.5
    assert isinstance(translate_code("ErrorServerBusy"), TargetBusy)
    assert isinstance(translate(RequestRefused("ErrorFolderNotFound")), MailboxUnreachable)
