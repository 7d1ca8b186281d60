"""An independent client, exchangelib, opens another user's mailbox with a password: as a delegate
and by impersonation. What our target wrote it reads, and without the grant it is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from exchangelib import (
    BASIC,
    DELEGATE,
    IMPERSONATION,
    Account,
    Configuration,
    Credentials,
    Folder,
    Message,
    Version,
)
from exchangelib.errors import (
    ErrorFolderNotFound,
    ErrorImpersonateUserDenied,
    ErrorItemNotFound,
    UnauthorizedError,
)
from exchangelib.version import EXCHANGE_2010_SP2

from localrun.fakes.workmail import FakeWorkMail
from localrun.fakes.workmail_ews import EwsServer
from migration.access import Entry
from migration.errors import AdministratorPending
from migration.targets.workmail_ews import WorkmailEwsTarget
from migration.wire.ews import EwsClient
from migration.wire.ews_login import Basic
from tests.ews.harness import Clock, Recorder, Schema
from tests.ews.samples import ensure, found, inbox_of, mime, stamped, store

BOB, ADMIN = "bob@example.test", "admin@example.test"
PASSWORD = "Admins-password-1"
LAG = 60.0


class Cloud:
    """An organization with two users and its mail server, in virtual time."""

    def __init__(self, clock: Clock, recorder: Recorder) -> None:
        self.clock = clock
        self.fake = FakeWorkMail(clock, propagation_lag=LAG)
        self.organization = self.fake.seed_organization("acme", "example.test")
        self.bob, self.admin = self._add("bob"), self._add("admin", PASSWORD)
        self.ews = EwsServer(
            self.fake.check_token,
            self.fake.mailbox_exists,
            clock,
            observe=recorder,
            check_password=self.fake.check_password,
            may_open=self.fake.may_open,
        )

    def _add(self, name: str, password: str | None = None) -> str:
        made = self.fake.create_user(
            organization_id=self.organization, name=name, display_name=name, password=password
        )
        self.clock.seconds += 3600
        self.fake.register_to_work_mail(
            organization_id=self.organization,
            entity_id=made["UserId"],
            email=f"{name}@example.test",
        )
        self.clock.seconds += 3600
        return str(made["UserId"])

    def grant(self) -> None:
        """FULL_ACCESS on Bob's mailbox, which takes a while."""
        self.fake.put_mailbox_permissions(
            organization_id=self.organization,
            entity_id=self.bob,
            grantee_id=self.admin,
            permission_values=["FULL_ACCESS"],
        )

    def take(self) -> None:
        """It is over at once."""
        self.fake.delete_mailbox_permissions(
            organization_id=self.organization, entity_id=self.bob, grantee_id=self.admin
        )

    def target(self, entry: Entry) -> WorkmailEwsTarget:
        """Ours."""
        return WorkmailEwsTarget(EwsClient(self.ews.url, Basic(ADMIN, PASSWORD, entry), BOB))


@pytest.fixture
def cloud(clock: Clock, recorder: Recorder) -> Iterator[Cloud]:
    made = Cloud(clock, recorder)
    yield made
    made.ews.close()


OpenAccount = Callable[..., Any]


@pytest.fixture
def open_account(cloud: Cloud) -> Iterator[OpenAccount]:
    """Theirs."""
    made: list[Any] = []

    def opened(access_type: str = DELEGATE, password: str = PASSWORD) -> Any:
        config = Configuration(
            service_endpoint=cloud.ews.url,
            credentials=Credentials(ADMIN, password),
            auth_type=BASIC,
            version=Version(build=EXCHANGE_2010_SP2),
        )
        made.append(
            Account(
                primary_smtp_address=BOB,
                config=config,
                autodiscover=False,
                access_type=access_type,
            )
        )
        return made[-1]

    yield opened
    for account in made:
        account.protocol.close()


entries = pytest.mark.parametrize(
    ("access_type", "entry"),
    [(DELEGATE, Entry.DELEGATE), (IMPERSONATION, Entry.IMPERSONATION)],
)


@entries
def test_it_reads_what_our_target_wrote(
    cloud: Cloud, open_account: OpenAccount, access_type: str, entry: Entry
) -> None:
    cloud.grant()
    cloud.clock.seconds += LAG
    cloud.ews.basic_entries = {entry}
    ours = cloud.target(entry)
    store(ours, inbox_of(ours), [stamped("a", "\\Seen", content=mime("a"))])
    store(ours, ensure(ours, "Projects", "2015"), [stamped("b", content=mime("b"))])
    account = open_account(access_type)
    (item,) = account.inbox.all()
    assert (item.subject, item.mime_content, item.is_read) == ("a", mime("a"), True)
    folder = account.msg_folder_root / "Projects" / "2015"
    assert [item.subject for item in folder.all()] == ["b"]
    assert cloud.ews.mailboxes() == [BOB]


@entries
def test_our_target_reads_what_it_wrote(
    cloud: Cloud, open_account: OpenAccount, access_type: str, entry: Entry
) -> None:
    cloud.fake.set_migration_admin(cloud.organization, "admin")
    cloud.ews.basic_entries = {entry}
    account = open_account(access_type)
    folder = Folder(parent=account.inbox, name="Below").save()
    item = Message(account=account, folder=folder, mime_content=mime("a"), is_read=True).save()
    ours = cloud.target(entry)
    (shown,) = ours.show(ensure(ours, "Inbox", "Below"), [item.id])
    assert shown.mime == mime("a")  # type: ignore[union-attr]
    item.delete()
    assert found(ours, inbox_of(ours), ["a"]) == set()


def test_both_are_valid_by_the_schema(
    cloud: Cloud, open_account: OpenAccount, recorder: Recorder, schema: Schema
) -> None:
    cloud.fake.set_migration_admin(cloud.organization, "admin")
    list(open_account().inbox.all())
    inbox_of(cloud.target(Entry.DELEGATE))
    cloud.fake.set_migration_admin(cloud.organization, None)
    with pytest.raises(ErrorFolderNotFound):
        open_account().inbox.refresh()
    assert schema.check_all(recorder) == 2 * len(recorder.seen) > 4


@entries
def test_without_the_grant_both_are_refused(
    cloud: Cloud, open_account: OpenAccount, access_type: str, entry: Entry
) -> None:
    refusal = ErrorFolderNotFound if access_type == DELEGATE else ErrorImpersonateUserDenied

    def check_refused() -> None:
        with pytest.raises(refusal):
            open_account(access_type).inbox.refresh()
        with pytest.raises(AdministratorPending):
            cloud.target(entry).probe()

    check_refused()
    cloud.grant()
    cloud.clock.seconds += LAG - 1
    check_refused()
    cloud.clock.seconds += 1
    cloud.target(entry).probe()
    account = open_account(access_type)
    item = Message(account=account, folder=account.inbox, mime_content=mime("a")).save()
    cloud.take()
    check_refused()
    if access_type == DELEGATE:
        (answer,) = account.fetch([(item.id, item.changekey)])
        assert isinstance(answer, ErrorItemNotFound)
    assert [each.mime for each in cloud.ews.folders(BOB)["Inbox",]] == [mime("a")]


def test_a_wrong_password_is_refused(cloud: Cloud, open_account: OpenAccount) -> None:
    with pytest.raises(UnauthorizedError):
        open_account(password="wrong").inbox.refresh()
    assert cloud.ews.mailboxes() == []
