"""The seams: what the use-cases need from the outside, on one page.

Words: a *cursor* is a position in a source folder that stays good between runs; a *mark* is where
a target folder ended at a moment; a *fence* is a number that only grows, and cuts off workers
that were thought dead. Every implementation passes the contract suite in tests/contract.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from migration.deeds import Deed
from migration.directory_model import (
    AccessRule,
    AdministratorRecord,
    DirectoryGroup,
    DirectoryResource,
    DirectoryUser,
    EntityRecord,
    GrantRecord,
    Group,
    Made,
    MailboxSize,
    MailDomain,
    Organization,
    Owner,
    Permission,
    Resource,
    Token,
    Wanted,
)
from migration.model import (
    BatchLimit,
    DnsFinding,
    Failure,
    FlagReading,
    Folder,
    FolderCheck,
    FolderPlan,
    FolderRecord,
    Found,
    Gone,
    Item,
    ItemRef,
    Mailbox,
    MailboxRecord,
    MailboxStatus,
    MailboxVerdict,
    Note,
    Outcome,
    Page,
    Remark,
    Stamped,
    Unreadable,
)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a source or target can do, as data: the engine asks this, never who it is."""

    max_item_bytes: int = 0  # 0: no limit known
    keeps_key: bool = True  # target: each copy carries its migration key
    keeps_bytes: bool = True  # target: what it shows is what it was given
    reads_flags: bool = False  # source: read_flags works
    lists_uids: bool = False  # source: uids works
    reads_on: bool = False  # source: fetch makes use of what follows
    sets_flags: bool = False  # target: set_flags works
    removes: bool = False  # target: remove works


class Source(Protocol):
    """One mailbox, opened read-only. A source never changes what it reads.

    `fetch` may be used from one thread while another uses the rest. Raises SourceBusy,
    MailboxUnreachable, CredentialsRejected from any method.
    """

    @property
    def capabilities(self) -> Capabilities: ...

    def open(self) -> None:
        """A hint that messages are to be fetched: connections may be made ahead, beside other work.
        Raises nothing."""

    def folders(self) -> Iterable[Folder]:
        """All folders that can hold messages, empty ones too. Names decoded."""

    def page(self, folder: Folder, cursor: str, limit: BatchLimit) -> Page:
        """Messages after `cursor` ("" starts), at most one batch. SourceChanged if the folder's
        validity is no longer `folder.validity`."""

    def expect(self, wanted: Sequence[tuple[Folder, str]]) -> None:
        """A hint: these folders will be paged from these cursors, in this order, and their messages
        fetched. A source may ask for all of it at once."""

    def fetch(
        self, folder: Folder, refs: Sequence[ItemRef], following: Sequence[ItemRef] = ()
    ) -> Iterator[Item | Gone | Unreadable]:
        """Each of the messages once, in the order of the folder. At the end, what vanished comes as
        Gone and what the source lists and cannot give as Unreadable, not as an exception.

        The request is sent when this is called, as far as its answer cannot get in the way of those
        before, so that the next batch can be asked for while this one comes in; answers are read in
        the order in which they were asked for. The content of a large message is a MimeStream, to
        be read or closed before the next item is taken.

        `following` is a hint: the next calls will ask for these messages of the folder, in this
        order. A source that has `reads_on` may ask for them now."""

    def read_flags(self, folder: Folder, cursor: str, state: str) -> FlagReading | None:
        """Flags of messages up to `cursor` that changed since the reading that gave `state` (""
        if there was none); None if none did. Only with `reads_flags`."""

    def uids(self, folder: Folder, cursor: str) -> frozenset[str]:
        """The messages up to `cursor` that are still there. Only with `lists_uids`."""

    def close(self) -> None:
        """Ends the connections; may be called twice, also while another thread reads. What is asked
        afterwards connects again."""


class Receipt(Protocol):
    """What the target owes an answer for."""

    def outcomes(self) -> Sequence[Outcome]:
        """Waits for the answers: one outcome for each item, in order. Raises what Target raises;
        then it is unknown which of the items took effect: ask `since`."""

    @property
    def mark(self) -> str:
        """After `outcomes`: where the folder ends behind these items, and before those appended
        later; "" where that cannot be said."""


class Target(Protocol):
    """One mailbox to write to. Keeps bytes, flags and dates as far as its capabilities say.

    Raises TargetBusy, AdministratorPending, MailboxUnreachable, CredentialsRejected, QuotaExceeded
    from any method; FolderGone from those that take a folder's id. After a TargetBusy of `append`,
    its `retry_after` is when `since` can be trusted: nothing of what was sent is stored later than
    that.
    """

    @property
    def capabilities(self) -> Capabilities: ...

    def open(self) -> None:
        """A hint that messages are to be appended: connections may be made ahead, beside other
        work. Raises nothing."""

    def ensure_folders(self, plans: Sequence[FolderPlan]) -> list[str]:
        """Creates the folders and their parents where missing; the id of each, in order."""

    def mark(self, folder_id: str) -> str:
        """Where the folder ended at some moment after this target was opened and before anything
        was appended to it since: what is appended from now on comes after it."""

    def append(self, folder_id: str, batch: Iterable[Stamped]) -> Receipt:
        """Sends the items and returns when all are on their way, taking one after the other from
        `batch`. Several batches may be under way; their receipts are asked in the order of the
        calls. What is raised by `batch` itself goes through: items taken before may be stored."""

    def since(self, folder_id: str, mark: str, keys: Sequence[str]) -> Iterable[Found]:
        """What came into the folder after the mark, or all it holds if that is ""; a target that
        keeps keys may answer for `keys` alone."""

    def count(self, folder_id: str, ids: Collection[str] = ()) -> int:
        """How many migrated items the folder holds; not what users or new mail put there. A target
        that keeps no keys counts those of `ids` that are there."""

    def total(self) -> int:
        """All items in all mail folders of the mailbox, whoever put them there."""

    def show(self, folder_id: str, ids: Sequence[str]) -> Iterator[Item | Gone]:
        """The items of these target ids as the target has them, each once, in no certain order. The
        ref of an item holds its target id and its size there. To be read to the end before
        anything else is asked."""

    def set_flags(self, folder_id: str, flags: Mapping[str, frozenset[str]]) -> None:
        """Makes these the flags of the items (by target id); what is gone is left alone. Only with
        `sets_flags`."""

    def remove(self, folder_id: str, ids: Sequence[str]) -> None:
        """Deletes items for good; no error for what is gone. Only with `removes`."""

    def remove_folder(self, folder_id: str) -> None:
        """Deletes a folder that this migration created, with all it holds; no error if it is
        gone. For the probe's own folder."""

    def close(self) -> None:
        """Ends the connections; may be called twice, also while another thread waits. What is asked
        afterwards connects again."""


class Ledger(Protocol):
    """What is known to be done. The only memory between two Lambdas. All reads are consistent."""

    # -- the tenant
    def acquire_lock(self, owner: str, now: str) -> str:
        """Takes the tenant's lock if it is free or already `owner`'s; the owner afterwards."""

    def take_over_lock(self, owner: str, previous: str, now: str) -> bool:
        """Replaces a dead `previous` owner; False if someone else was quicker."""

    def release_lock(self, owner: str) -> bool:
        """Frees the lock if `owner` holds it; False otherwise."""

    def add_note(self, run: str, note: Note) -> None:
        """Adds a line to the run's timeline; the same time and state again overwrites."""

    def notes(self, run: str) -> list[Note]:
        """The run's timeline, in order of time."""

    def write_dns(self, run: str, at: str, findings: Sequence[DnsFinding]) -> None:
        """Keeps the latest findings of the run."""

    def dns(self, run: str) -> tuple[str, list[DnsFinding]]:
        """When the DNS was last looked at and what was found; ("", []) before."""

    # -- mailboxes
    def plan_mailboxes(self, run: str, mailboxes: Iterable[Mailbox]) -> None:
        """Puts the mailboxes of a run: status PLANNED, failure and verdict cleared; what was
        copied by earlier runs (the folders) stays."""

    def last_run(self) -> str:
        """The run for which mailboxes were planned last; "" before the first."""

    def mailbox(self, mailbox_id: str) -> MailboxRecord:
        """One mailbox; KeyError if it was never planned."""

    def mailboxes(self, run: str) -> Iterator[MailboxRecord]:
        """The mailboxes of a run, in order of their ids."""

    def set_provisioned(
        self,
        mailbox_id: str,
        user_id: str,
        how: str,
        address: str = "",
        remarks: Sequence[str] = (),
        status: MailboxStatus = MailboxStatus.PROVISIONED,
    ) -> None:
        """Status PROVISIONED or the given one, with WorkMail's id, what was done, the primary
        address for the time being ("" if it is the manifest's), and what could not be made as the
        manifest says. A failure is over then, unless the status is another one."""

    def set_status(self, mailbox_id: str, status: MailboxStatus) -> None:
        """Changes the status alone."""

    def set_failed(self, mailbox_id: str, failure: Failure) -> None:
        """Status FAILED, with the reason."""

    def set_verdict(self, mailbox_id: str, verdict: MailboxVerdict) -> None:
        """Status COPIED, failure cleared, with what verification found."""

    def set_password_place(self, mailbox_id: str, path: str) -> None:
        """Which secret holds the password that this migration gives the user; kept over runs."""

    def next_fence(self, mailbox_id: str) -> int:
        """A number higher than any given for this mailbox before."""

    # -- groups, resources, sharings
    def plan_entities(self, run: str, wanted: Iterable[Wanted]) -> None:
        """Puts the entities of a run: status PLANNED, failure and remarks cleared; WorkMail's id
        and the outcome of an earlier run stay until they are set anew."""

    def entity(self, entity_id: str) -> EntityRecord:
        """One entity, by the id of what is wanted; KeyError if it was never planned."""

    def entities(self, run: str) -> Iterator[EntityRecord]:
        """The entities of a run, in the order of their ids."""

    def set_entity(self, record: EntityRecord) -> None:
        """Replaces the record of that entity."""

    # -- the migration administrator
    def administrator(self) -> AdministratorRecord | None:
        """The user by whom mailboxes are opened; None if there is none."""

    def set_administrator(self, record: AdministratorRecord) -> None:
        """Replaces the record."""

    def drop_administrator(self) -> None:
        """There is none any more; no error if there was none."""

    def grants(self) -> list[GrantRecord]:
        """The mailboxes that the administrator was given access to, in the order of their owners'
        ids."""

    def set_grant(self, grant: GrantRecord) -> None:
        """Replaces what is kept of that mailbox."""

    def drop_grant(self, owner_id: str) -> None:
        """What was before is restored; no error if nothing was given."""

    # -- what was made in the directory
    def record_deed(self, deed: Deed) -> None:
        """Puts the deed in the place of the one with its key."""

    def deed(self, key: str) -> Deed | None:
        """The deed of that key, None if there is none."""

    def deeds(self, run: str = "") -> Iterator[Deed]:
        """The deeds of a run, or all of the tenant, in the order of their keys."""

    def forget_mailbox(self, mailbox_id: str) -> None:
        """As if it had only been planned: no user, failure, verdict, folders and remarks; no error
        if it never was. Fences go on growing, so that a worker of before is cut off."""

    # -- folders
    def folders(self, mailbox_id: str) -> list[FolderRecord]:
        """The mailbox's folders in the order of their keys."""

    def claim_folder(
        self, mailbox_id: str, plan: FolderPlan, target_id: str, fence: int, pass_id: int
    ) -> FolderRecord:
        """Creates the record or takes it over; FencedOff if its fence is higher than `fence`.

        The first claim of a new pass sets `in_pass` to zero. SourceChanged if the record's
        validity is another and something was copied."""

    def check_claim(self, mailbox_id: str, record: FolderRecord) -> None:
        """Reads only: FencedOff if another worker has claimed the folder since."""

    def pause_wanted(self) -> bool:
        """Whether the operator wants the copy to stop for a while."""

    def want_pause(self, wanted: bool) -> None:
        """Says so, or takes it back."""

    def advance(self, mailbox_id: str, before: FolderRecord, after: FolderRecord) -> FolderRecord:
        """Writes `after` in place of `before` (see transitions.py) in one update, and returns it
        with its new revision; FencedOff unless fence and revision are still those of `before`.
        The check is not touched."""

    def adopt_folder(self, mailbox_id: str, old_key: str, record: FolderRecord) -> None:
        """A folder was renamed at the source: its record goes on under the key of `record`, and
        the one under `old_key` disappears. No error, and nothing done, if that was done before;
        FencedOff unless fence and revision of the old one are those of `record`."""

    def set_check(self, mailbox_id: str, folder_key: str, check: FolderCheck) -> None:
        """Keeps what verification found for a folder."""

    def add_remarks(self, mailbox_id: str, remarks: Sequence[Remark]) -> None:
        """Keeps what could not be copied, or not exactly; the same message again overwrites."""

    def drop_remarks(self, mailbox_id: str, folder_key: str) -> None:
        """Forgets the remarks on a folder, whose uids mean nothing any more."""

    def remarks(self, mailbox_id: str) -> list[Remark]:
        """What could not be copied, or not exactly, by folder and uid."""


class Directory(Protocol):
    """WorkMail's API for one organization. Every call may raise Busy leaves when throttled."""

    def organization(self) -> Organization:
        """TenantMisconfigured if there is none with this id."""

    def domain(self, name: str) -> MailDomain | None: ...

    def register_domain(self, name: str) -> None:
        """Adds the domain, not verified. No error if the organization has it; TenantMisconfigured
        if another one has it."""

    def set_default_domain(self, name: str) -> None:
        """Makes it the domain in which new addresses are suggested. TenantMisconfigured if it is
        not verified."""

    def user(self, user_id: str) -> DirectoryUser | None:
        """The user of WorkMail's id, deleted ones too."""

    def users(self) -> list[DirectoryUser]:
        """All users, whatever their state and role, by what the list tells: no texts of the address
        book, and `ready` is False."""

    def find_user(self, address: str, username: str) -> DirectoryUser | None:
        """The user who has the address (primary or alias), else the one of that name."""

    def create_user(self, mailbox: Mailbox, password: str = "") -> Made:
        """Creates the user, disabled, with that password or without any. The texts of the
        address book and the quota are not set yet. UserRefused with the reason."""

    def enable_user(self, user_id: str, address: str) -> bool:
        """Gives the user a mailbox; False if it has it already. ProvisioningPending,
        UserRefused."""

    def set_primary_address(self, user_id: str, address: str) -> None:
        """Makes an alias, or a new address, the primary one; the old one becomes an alias. No error
        if it is that already. ProvisioningPending, UserRefused."""

    def update_user(self, user: DirectoryUser) -> bool:
        """Makes names and profile those of `user`, all of them: it is what `find_user` showed, with
        the changes. Id, user name, address and state are not changed. UserRefused; False, and
        nothing is changed, if WorkMail only reads the directory."""

    def reset_password(self, user_id: str, password: str) -> None:
        """Gives the user this password in place of the one before; the same again changes nothing.
        UserRefused also where WorkMail does not know the user, or its directory is read-only."""

    def set_quota(self, user_id: str, megabytes: int) -> None:
        """How much the mailbox may hold, also if that is less than it holds. UserRefused."""

    # -- groups, resources and permissions; entities are users, groups and resources
    def owner_of(self, address: str) -> Owner | None:
        """Who has the address, as primary or alias."""

    def owner_of_name(self, name: str) -> Owner | None:
        """Which user, group or resource has the name; those that were deleted do not count."""

    def find_group(self, address: str, name: str) -> DirectoryGroup | None:
        """The group that has the address (primary or alias), else the one of that name, else one of
        that name that was deleted. Whether something else has the address: see owner_of."""

    def create_group(self, group: Group) -> Made:
        """Creates the group, disabled and without members. ProvisioningPending, also if the name
        is taken and it cannot be seen by whom; UserRefused."""

    def update_group(self, group_id: str, hidden: bool) -> None:
        """Whether the address list leaves the group out. UserRefused."""

    def find_resource(self, address: str, name: str) -> DirectoryResource | None:
        """As find_group."""

    def create_resource(self, resource: Resource) -> Made:
        """Creates the resource, disabled, with WorkMail's booking options; as create_group."""

    def update_resource(self, resource: DirectoryResource) -> None:
        """Makes kind, description, hidden and booking those of `resource`, all of them: it is what
        `find_resource` showed, with the changes. UserRefused, also if it would neither answer
        requests by itself nor have a delegate."""

    def enable_entity(self, entity_id: str, address: str) -> bool:
        """Gives it the address, and users and resources a mailbox; False if it has it already.
        ProvisioningPending, UserRefused."""

    def aliases(self, entity_id: str) -> frozenset[str]: ...

    def add_alias(self, entity_id: str, alias: str) -> bool:
        """False if it has it already. UserRefused if another entity has it."""

    def members(self, group_id: str) -> frozenset[str]:
        """The ids of the users and groups in the group itself, not in its groups."""

    def add_member(self, group_id: str, member_id: str) -> None:
        """A user or a group. No error if it is a member. UserRefused."""

    def delegates(self, resource_id: str) -> frozenset[str]:
        """The ids of the users and groups who answer its requests."""

    def add_delegate(self, resource_id: str, delegate_id: str) -> None:
        """A user or a group. No error if it is one. UserRefused."""

    def permissions(self, owner_id: str) -> Mapping[str, frozenset[Permission]]:
        """What others may do with the mailbox, by the id of the grantee."""

    def put_permissions(
        self, owner_id: str, grantee_id: str, permissions: Collection[Permission]
    ) -> None:
        """Takes the place of all that the grantee had; at least one. UserRefused."""

    def state_of(self, entity_id: str) -> str:
        """ENABLED, DISABLED or DELETED, the latter also for what WorkMail does not know."""

    # -- what is taken back; no error if it is gone
    def delete_permissions(self, owner_id: str, grantee_id: str) -> None: ...

    def remove_alias(self, entity_id: str, alias: str) -> None: ...

    def remove_member(self, group_id: str, member_id: str) -> None: ...

    def remove_delegate(self, resource_id: str, delegate_id: str) -> None: ...

    def disable_entity(self, entity_id: str) -> None:
        """Takes its addresses and permissions; WorkMail keeps a mailbox for 30 days."""

    def delete_user(self, user_id: str) -> None:
        """ProvisioningPending if it is not disabled; so for groups and resources."""

    def delete_group(self, group_id: str) -> None: ...

    def delete_resource(self, resource_id: str) -> None: ...

    def deregister_domain(self, name: str) -> None:
        """UserRefused while anybody has an address in it."""

    # -- the organization's rules
    def retention_days(self) -> Mapping[str, int]:
        """Folders whose items an active retention policy deletes, and after how many days."""

    def access_rules(self) -> list[AccessRule]:
        """All access control rules; without any, WorkMail denies everything."""

    def enforces_dmarc(self) -> bool:
        """Whether WorkMail rejects or junks incoming mail as the sender's DMARC policy says."""

    def authentication_mode(self) -> str:
        """IDENTITY_PROVIDER_ONLY or IDENTITY_PROVIDER_AND_DIRECTORY; "" without IAM Identity
        Center."""

    def enabled_users(self) -> list[DirectoryUser]:
        """All users whose state is ENABLED. Whether they are `ready` is not told: it is False."""

    def mailbox_size(self, user_id: str) -> MailboxSize | None:
        """None if the user has no mailbox."""

    def find_role(self, name: str) -> str | None:
        """The id of the impersonation role of that name."""

    def create_role(self, name: str, description: str) -> str:
        """An impersonation role with full access to all mailboxes; its id."""

    def delete_role(self, role_id: str) -> None:
        """No error if it is gone."""

    def assume_role(self, role_id: str) -> Token: ...


class BlobStore(Protocol):
    """Files of the tenant: intake, plans, audit, reports."""

    def put(self, key: str, body: bytes, content_type: str = "application/octet-stream") -> str:
        """Writes the file; the version id of what was written."""

    def get(self, key: str) -> bytes:
        """The newest version; KeyError if there is none."""

    def exists(self, key: str) -> bool: ...

    def list(self, prefix: str) -> Iterator[str]:
        """The keys that begin with `prefix`, in order."""


class Secrets(Protocol):
    """The tenant's secrets, each a JSON object. TenantMisconfigured if one is none."""

    def read_source(self) -> Mapping[str, object]:
        """The source's credentials; TenantMisconfigured also if they are missing or empty."""

    def read_target(self) -> Mapping[str, object]:
        """The passwords of target mailboxes; {} if the secret is missing or empty."""


class WaveSecrets(Protocol):
    """The secrets that this migration makes for itself, by their path below
    workmail-migration/<tenant>/. One writer at a time.

    TenantMisconfigured if one may not be used, or is marked for deletion when it is written;
    ProvisioningPending during an outage. Each write makes a version, of which a secret has about a
    hundred: few writes a run."""

    def read(self, path: str) -> str | None:
        """The value; None if there is no such secret, or if it is marked for deletion."""

    def create(self, path: str, value: str) -> None:
        """A new secret, tagged with tenant and run. ProvisioningPending if there is one already,
        which `read` did not show yet."""

    def replace(self, path: str, value: str) -> None:
        """Another value for a secret that is there."""

    def remove(self, path: str) -> None:
        """Marks the secret for deletion: for some days it can be restored. No error if there is
        none."""


class Executions(Protocol):
    """The workflow engine, asked about other executions."""

    def is_running(self, execution: str) -> bool:
        """False for executions that ended or are unknown."""


class Resolver(Protocol):
    """Asks one DNS question."""

    def ask(self, name: str, type_: str) -> list[DnsAnswer]:
        """One answer per server that was asked."""


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    """What one server said. `error` is empty, or NXDOMAIN, NODATA, SERVFAIL, TIMEOUT."""

    server: str
    values: tuple[str, ...] = ()
    ttl: int = 0
    error: str = ""
