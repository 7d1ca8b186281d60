"""The engine over the real adapters: an IMAP server, DynamoDB and S3 in memory."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3

from localrun.fakes.imap import ImapServer
from localrun.fakes.mailbox import MemoryTarget
from migration.aws.blobs import S3Blobs
from migration.aws.ledger import DynamoLedger
from migration.copy.engine import Pace, SliceJob, SliceOutcome, SliceResult, copy_slice
from migration.copy.verify import verify_mailbox
from migration.errors import TargetBusy
from migration.mail import BatchLimit
from migration.model import Agreement, CopyPolicy, Mailbox
from migration.sources.imap import ImapSource
from migration.wire.imap_login import ImapLogin
from migration.wire.imap_login import ImapServer as Place

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

USER = "ann@example.test"


def test_a_mailbox_is_copied_with_a_lost_answer_and_a_delta_pass(moto_table: "Table") -> None:
    s3 = boto3.client("s3")
    place = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket="tenant", CreateBucketConfiguration=place)  # type: ignore[arg-type]
    ledger, blobs, target = DynamoLedger(moto_table, "acme"), S3Blobs(s3, "tenant"), MemoryTarget()
    ledger.plan_mailboxes("run", [Mailbox("box", USER, USER, "ann", "Ann")])
    faults = [TargetBusy("lost", 10)]

    def lose(name: str) -> None:
        if name == "after append" and faults:
            raise faults.pop()

    target.step = lose
    with ImapServer({USER: "secret"}) as server:
        here, login = Place("127.0.0.1", server.port, "none"), ImapLogin(USER, "secret")

        def deliver(folder: str, number: int) -> None:
            mime = b"Subject: %d\r\n\r\nbody\r\n" % number
            server.append(USER, folder, mime, ("\\Seen",), datetime(2020, 1, 1, tzinfo=UTC))

        def run(pass_id: int, now: str) -> SliceResult:
            source = ImapSource(here, login)
            pace = Pace(batch=BatchLimit(items=10))
            job = SliceJob("acme", "box", pass_id, now, pace)
            try:
                return copy_slice(source, target, ledger, blobs, job, lambda: 900.0)
            finally:
                source.close()

        for number in range(25):
            deliver("INBOX", number)
        deliver("Gesendet/Ältere", 99)
        assert run(1, "2026-11-23T10:00:00Z").outcome is SliceOutcome.BACKOFF
        assert run(1, "2026-11-23T10:00:10Z").outcome is SliceOutcome.DONE
        deliver("INBOX", 100)
        assert run(2, "2026-11-23T11:00:00Z").copied == 1
        assert run(3, "2026-11-23T12:00:00Z").copied == 0

        contents = {
            path: [kept.item.mime for kept in kept_items]
            for path, kept_items in target.contents().items()
        }
        numbers = [*range(25), 100]
        assert contents[("Inbox",)] == [b"Subject: %d\r\n\r\nbody\r\n" % each for each in numbers]
        assert contents[("Gesendet", "Ältere")] == [b"Subject: 99\r\n\r\nbody\r\n"]
        source = ImapSource(here, login)
        verdict = verify_mailbox(
            source, target, ledger, blobs, "box", 2, CopyPolicy(), lambda: 900.0, "acme"
        )
        source.close()
    assert (verdict.agreement, verdict.reasons) == (Agreement.AGREE, ())
    assert (verdict.total.copied, verdict.in_pass.copied) == (27, 1)
