"""How WorkMail's EWS lets a migration administrator in by password."""

from __future__ import annotations

from collections.abc import Mapping

from localrun.probe.ews_access import open_calls
from localrun.probe.ews_calls import basic, open_inbox, open_inbox_as_delegate
from localrun.probe.model import Fact, Learned, Need, Probe
from localrun.probe.session import Session


def _ask_basic_auth(session: Session) -> Learned:
    admin = session.admin()
    pilot, authorization = session.options.pilot, basic(admin.user, admin.password)
    with open_calls(session) as calls:
        replies = {
            "impersonation": calls.post(open_inbox(pilot), authorization),
            "delegate_folder_id": calls.post(open_inbox_as_delegate(pilot), authorization),
        }
    facts: Mapping[str, Fact] = {
        name: {"status": reply.status, "code": reply.code} for name, reply in replies.items()
    }
    said = [f"{name}: {reply.code or 'let in'}" for name, reply in replies.items()]
    return Learned("; ".join(said), {**facts, **_admin_rights(session, admin.user)})


def _admin_rights(session: Session, admin: str) -> Mapping[str, Fact]:
    """By which right the administrator may be let in."""
    organization, client = session.options.organization, session.client
    user = session.directory.find_user(admin, admin)
    switch = client.describe_organization(OrganizationId=organization).get("MigrationAdmin", "")
    pages = client.get_paginator("list_mailbox_permissions").paginate(
        OrganizationId=organization, EntityId=session.pilot.id
    )
    granted = {
        value
        for page in pages
        for permission in page.get("Permissions", [])
        if user is not None and permission.get("GranteeId") == user.id
        for value in permission.get("PermissionValues", [])
    }
    return {
        "is_the_consoles_migration_admin": user is not None and bool(switch) and switch == user.id,
        "permissions_on_the_pilot": sorted(granted),
    }


QUESTIONS = (
    Probe(
        "basic-auth",
        6,
        "How is a migration administrator let in by password?",
        Need.PILOT,
        _ask_basic_auth,
    ),
)
