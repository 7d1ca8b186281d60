"""A WorkMail whose mailboxes are opened by an administrator, for the tests of one."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from localrun.fakes.ledger import MemoryLedger
from localrun.fakes.wave_secrets import MemoryWaves
from localrun.iam import Statement
from migration.access import Access, Entry, Way
from migration.administrator import Means
from migration.directory_model import Permission
from migration.errors import AdministratorPending, CredentialsRejected, ProvisioningPending
from migration.targets.workmail_errors import translate, translate_code
from migration.wire.ews_model import Unauthorized
from stacks.function_table import TABLE
from tests.contract.workmail_cloud import WorkMailCloud, mailbox

TENANT, RUN, NOW = "acme", "run-1", "2026-12-04T18:00:00Z"
ROLE = "workmail-migration-acme"
ADMIN = "migration-admin-acme"
ANNA, BERTA = mailbox("anna"), mailbox("berta")


@dataclass
class Desk:
    """The emulated organization, and everything that an administrator is made with. `entries` are
    those by which a user who has logged in may open other mailboxes; `opened` is what was tried;
    unless the mail server `knows_password`, no user gets in. By an entry that it does not have it
    refuses with the EWS code `refuses_entry_with`."""

    cloud: WorkMailCloud = field(default_factory=WorkMailCloud)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    secrets: MemoryWaves = field(default_factory=MemoryWaves)
    entries: frozenset[Entry] = frozenset(Entry)
    opened: list[tuple[str, str]] = field(default_factory=list)
    seconds_left: Callable[[], float] = lambda: 900.0
    knows_console_password: bool = False
    knows_password: bool = True
    refuses_entry_with: str = "ErrorImpersonateUserDenied"

    def means(self) -> Means:
        return Means(
            self.cloud.directory,
            self.ledger,
            self.secrets,
            ROLE,
            self.seconds_left,
            random.Random(7),
            TENANT,
            self.open,
            lambda: self.knows_console_password,
        )

    def open(self, access: Access, address: str) -> None:
        """Opens a mailbox as the mail server would let it."""
        self.opened.append((access.code, address))
        if access.way is Way.ROLE:
            token = self.cloud.directory.assume_role(access.role)
            if self.cloud.fake.check_token(token.value, address) != "ok":
                raise CredentialsRejected("role")
            return
        administrator = self.ledger.administrator()
        assert administrator is not None
        owner = self.cloud.directory.owner_of(address)
        assert owner is not None
        allowed = self.cloud.directory.permissions(owner.id).get(administrator.user_id, ())
        console = self.cloud.directory.organization().migration_admin
        may = Permission.FULL_ACCESS in allowed or administrator.user_id == console
        if not self.knows_password:
            raise translate(Unauthorized("http-401"))
        if access.entry not in self.entries:
            raise translate_code(self.refuses_entry_with)
        if not may:
            raise AdministratorPending("not admitted", 30)

    def roles(self) -> list[str]:
        return [role["Name"] for role in self.cloud.call("list_impersonation_roles")["Roles"]]

    def users(self) -> dict[str, str]:
        """The state of every user, by name."""
        users = self.cloud.call("list_users")["Users"]
        return {user["Name"]: user["State"] for user in users if user["State"] != "DELETED"}

    def snapshot(self) -> object:
        """Everything that an administrator's rights can change."""
        ids = {user["Id"]: user["Name"] for user in self.cloud.call("list_users")["Users"]}
        grants = {
            (ids[owner], ids[grantee]): values
            for owner in ids
            if ids[owner] in self.users()
            for grantee, values in self.cloud.directory.permissions(owner).items()
        }
        return self.users(), grants, self.roles()


@contextmanager
def with_rights_of(made: Desk, handler: str) -> Iterator[None]:
    """What WorkMail is asked within may be what that function's role allows, and nothing else."""
    guard, signer = made.cloud.server.guard, "local"
    actions = tuple(f"workmail:{each}" for each in TABLE[handler].workmail)
    guard.restrict(signer, [Statement(True, actions, ("*",))])
    try:
        yield
    finally:
        guard.permit(signer)


def desk(*names: str) -> Desk:
    """With users of these names, ready and planned for the run."""
    made = Desk()
    boxes = [mailbox(name) for name in names]
    made.ledger.plan_mailboxes(RUN, boxes)
    for box in boxes:
        user_id = made.cloud.add_user(box.username, box.target)
        made.ledger.set_provisioned(box.id, user_id, "created")
    return made


def insist(made: Desk, act: Callable[[], object], tries: int = 12) -> object:
    """Calls again after a while, as the workflow does."""
    for _ in range(tries):
        try:
            return act()
        except (AdministratorPending, ProvisioningPending):
            made.cloud.seconds += 30
    raise AssertionError("never became ready")
