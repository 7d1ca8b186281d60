"""Automatic replies over EWS: what is sent is valid by Microsoft's schema, and exchangelib, an
independent client, sees what was written, and writes what is seen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import exchangelib
import pytest
from exchangelib.settings import OofSettings

from localrun.fakes.workmail_ews import EwsServer
from migration.errors import ItemRejected
from migration.mailbox_settings import Audience, AutomaticReply, ReplyStatus
from migration.targets.workmail_reply import WorkmailReply
from migration.wire.ews import EwsClient
from tests.ews.harness import ADDRESS, Recorder, Schema, Tokens
from tests.ews.test_ews_exchangelib import BearerAuth, open_account

SCHEDULED = AutomaticReply(
    ReplyStatus.SCHEDULED,
    "<p>Back & soon</p>",
    "Away",
    Audience.CONTACTS,
    "2027-01-01T16:00:00Z",
    "2027-01-02T07:00:00Z",
)


@pytest.fixture(scope="module", autouse=True)
def registered() -> None:
    exchangelib.transport.AUTH_TYPE_MAP["workmail-bearer"] = BearerAuth


@pytest.fixture
def account(server: EwsServer, tokens: Tokens) -> Iterator[Any]:
    made = open_account(server, tokens.issue())
    yield made
    made.protocol.close()


def test_a_new_mailbox_has_none(client: EwsClient) -> None:
    found = WorkmailReply(client, ADDRESS).find()
    assert (found.status, found.inside, found.outside) == (ReplyStatus.OFF, "", "")


@pytest.mark.parametrize("status", ReplyStatus)
@pytest.mark.parametrize("audience", Audience)
def test_what_is_written_is_there_for_us_and_for_another_client(
    client: EwsClient, account: Any, status: ReplyStatus, audience: Audience
) -> None:
    begin, end = (
        ("", "") if status is not ReplyStatus.SCHEDULED else (SCHEDULED.begin, "2027-01-02")
    )
    reply = AutomaticReply(
        status, "<p>Back & soon</p>", "Away", audience, begin, end and f"{end}T07:00:00Z"
    )
    target = WorkmailReply(client, ADDRESS)
    target.put(reply)
    found = target.find()
    assert (found.status, found.inside, found.outside) == (status, reply.inside, reply.outside)
    assert found.audience is audience
    seen = account.oof_settings
    assert seen.state == {"off": "Disabled", "on": "Enabled"}.get(status.value, "Scheduled")
    assert (seen.internal_reply, seen.external_reply) == (reply.inside, reply.outside)
    if status is ReplyStatus.SCHEDULED:
        assert seen.start == datetime(2027, 1, 1, 16, tzinfo=UTC)
        assert seen.end == datetime(2027, 1, 2, 7, tzinfo=UTC)


def test_what_another_client_writes_is_seen(
    client: EwsClient, account: Any, server: EwsServer
) -> None:
    account.oof_settings = OofSettings(
        state=OofSettings.ENABLED,
        external_audience="All",
        internal_reply="in",
        external_reply="out",
    )
    found = WorkmailReply(client, ADDRESS).find()
    assert found == AutomaticReply(ReplyStatus.ON, "in", "out", Audience.EVERYBODY)
    assert server.reply(ADDRESS)["InternalReply"] == "in"


def test_a_refusal_is_told_by_its_code(client: EwsClient) -> None:
    wrong = AutomaticReply(
        ReplyStatus.SCHEDULED, begin="2027-01-02T07:00:00Z", end="2027-01-01T00:00:00Z"
    )
    with pytest.raises(ItemRejected) as refused:
        WorkmailReply(client, ADDRESS).put(wrong)
    assert refused.value.reason == "ErrorInvalidUserOofSettings"


def test_all_of_it_is_valid_by_microsofts_schema(
    client: EwsClient, account: Any, recorder: Recorder, schema: Schema
) -> None:
    target = WorkmailReply(client, ADDRESS)
    target.find()
    target.put(SCHEDULED)
    target.find()
    assert account.oof_settings.state == "Scheduled"
    assert schema.check_all(recorder) >= 8
