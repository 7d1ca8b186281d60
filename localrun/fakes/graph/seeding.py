"""What an administrator does: users, groups, rooms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from localrun.fakes.graph.answers import Json
from localrun.fakes.graph.mailbox import Mailbox
from localrun.fakes.graph.tenant import Contact, Group, Tenant, User

_LOCALES = {
    "en": ("en-US", "English (United States)"),
    "de": ("de-DE", "German (Germany)"),
    "fr": ("fr-FR", "French (France)"),
}


class Seeding:
    """Fills a tenant. Addresses are compared regardless of case."""

    def __init__(self, domain: str, now: Callable[[], float]) -> None:
        self.tenant = Tenant(domain, now)

    def add_user(
        self,
        upn: str,
        display_name: str,
        *,
        kind: str = "user",
        aliases: Sequence[str] = (),
        enabled: bool | None = None,
        archive: bool = False,
        has_mailbox: bool = True,
        language: str = "en",
        time_zone: str = "W. Europe Standard Time",
        place: Mapping[str, object] | None = None,
        **properties: object,
    ) -> User:
        """`kind` is a userPurpose: user, linked, shared, room, equipment, others. Accounts of all
        but people are disabled, unless `enabled` says something else. `language` (en, de, fr)
        decides how the usual folders are called. `place` is what Graph tells of a room beside
        name and address: {"capacity": 8}. `properties` are put over what it tells of the user:
        userType="Guest"."""
        settings = _settings(kind, language, time_zone)
        box = Mailbox(upn, language, self.tenant.now, settings) if has_mailbox else None
        user = User(
            self.tenant.new_id(upn),
            upn,
            display_name,
            kind,
            tuple(aliases),
            kind in {"user", "linked"} if enabled is None else enabled,
            archive,
            box,
            properties,
            dict(place or {}),
        )
        with self.tenant.lock:
            self.tenant.users[upn.casefold()] = user
        return user

    def add_group(
        self,
        address: str,
        name: str,
        members: Sequence[str] = (),
        owners: Sequence[str] = (),
        aliases: Sequence[str] = (),
        *,
        unified: bool = False,
        security: bool = False,
        mail_enabled: bool = True,
        rule: str = "",
        **properties: object,
    ) -> Group:
        """A distribution list, or with `unified` a Microsoft 365 group, with `security` a security
        group, with `rule` one whose members follow from a rule. Members and owners are addresses
        of users and groups; of whom there is none there is a contact of the organisation."""
        group = Group(
            self.tenant.new_id(address),
            address,
            name,
            list(members),
            list(owners),
            tuple(aliases),
            unified,
            security,
            mail_enabled,
            rule,
            properties,
        )
        with self.tenant.lock:
            self.tenant.groups[address.casefold()] = group
        return group

    def add_contact(self, address: str, name: str, aliases: Sequence[str] = ()) -> Contact:
        """Somebody elsewhere whom the directory knows."""
        contact = Contact(self.tenant.new_id(address), address, name, tuple(aliases))
        with self.tenant.lock:
            self.tenant.contacts[address.casefold()] = contact
        return contact

    def remove_user(self, upn: str) -> None:
        with self.tenant.lock:
            del self.tenant.users[upn.casefold()]

    def mailbox(self, upn: str) -> Mailbox:
        """KeyError if there is no such user, or no mailbox."""
        box = self.tenant.users[upn.casefold()].mailbox
        if box is None:
            raise KeyError(upn)
        return box


def _settings(kind: str, language: str, time_zone: str) -> Json:
    locale, name = _LOCALES[language]
    never = {"dateTime": "2026-01-01T00:00:00.0000000", "timeZone": "UTC"}
    return {
        "archiveFolder": None,
        "timeZone": time_zone,
        "delegateMeetingMessageDeliveryOptions": "sendToDelegateOnly",
        "dateFormat": "yyyy-MM-dd",
        "timeFormat": "HH:mm",
        "userPurpose": kind,
        "automaticRepliesSetting": {
            "status": "disabled",
            "externalAudience": "all",
            "internalReplyMessage": "",
            "externalReplyMessage": "",
            "scheduledStartDateTime": never,
            "scheduledEndDateTime": never,
        },
        "language": {"locale": locale, "displayName": name},
        "workingHours": {
            "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"],
            "startTime": "08:00:00.0000000",
            "endTime": "17:00:00.0000000",
            "timeZone": {"name": time_zone},
        },
    }
