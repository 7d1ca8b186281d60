"""Files by which mail programs set themselves up: Apple's configuration profiles, and Thunderbird's
autoconfig. Pure. None holds a password: programs ask for it.

The keys are those of Apple's device management documentation (com.apple.eas.account for iPhones and
iPads, com.apple.ews.account for Macs: neither knows the other's), and of Mozilla's autoconfig file
format, version 1.1.
"""

from __future__ import annotations

import plistlib
from collections.abc import Mapping
from uuid import NAMESPACE_URL, UUID, uuid5
from xml.etree import ElementTree

from migration.clients import IMAP_PORT, SMTP_PORT, Account, Servers

PROFILE_TYPE = "application/x-apple-aspen-config"
_NAMESPACE = uuid5(NAMESPACE_URL, "urn:workmail-migration:client-settings")
_DAYS_ON_PHONE = 31  # the most that is not "all": the default of 7 looks like lost mail


def make_iphone_profile(tenant: str, account: Account) -> bytes:
    """For iPhone and iPad: Exchange ActiveSync. The UUIDs are always the same for a mailbox, so
    that a profile that is installed again takes the place of the first."""
    content = {
        "PayloadType": "com.apple.eas.account",
        "Host": account.servers.mobile,
        "SSL": True,
        "EmailAddress": account.address,
        "UserName": account.address,
        "MailNumberOfPastDaysToSync": _DAYS_ON_PHONE,
    }
    return _make_profile(tenant, account, "iphone", content)


def make_mac_profile(tenant: str, account: Account) -> bytes:
    """For a Mac: Exchange Web Services; as make_iphone_profile."""
    content = {
        "PayloadType": "com.apple.ews.account",
        "Host": account.servers.ews,
        "Path": account.servers.ews_path,
        "Port": 443,
        "SSL": True,
        "ExternalHost": account.servers.ews,
        "ExternalPath": account.servers.ews_path,
        "ExternalPort": 443,
        "ExternalSSL": True,
        "EmailAddress": account.address,
        "UserName": account.address,
    }
    return _make_profile(tenant, account, "mac", content)


def _make_profile(
    tenant: str, account: Account, device: str, content: Mapping[str, object]
) -> bytes:
    identifier = f"workmail-migration.{tenant}.{account.mailbox_id}.{device}"
    profile = {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": identifier,
        "PayloadUUID": _uuid(identifier),
        "PayloadDisplayName": account.address,
        "PayloadDescription": "Amazon WorkMail",
        "PayloadOrganization": account.domain,
        "PayloadContent": [
            {
                **content,
                "PayloadVersion": 1,
                "PayloadIdentifier": f"{identifier}.account",
                "PayloadUUID": _uuid(f"{identifier}.account"),
                "PayloadDisplayName": account.address,
            }
        ],
    }
    return plistlib.dumps(profile)


def _uuid(name: str) -> str:
    made: UUID = uuid5(_NAMESPACE, name)
    return str(made).upper()


def make_autoconfig(domain: str, servers: Servers) -> bytes:
    """For Thunderbird: to be served as https://autoconfig.<domain>/mail/config-v1.1.xml. The
    program puts the address in the place of %EMAILADDRESS%."""
    root = ElementTree.Element("clientConfig", version="1.1")
    provider = ElementTree.SubElement(root, "emailProvider", id=domain)
    ElementTree.SubElement(provider, "domain").text = domain
    ElementTree.SubElement(provider, "displayName").text = f"Amazon WorkMail ({domain})"
    ElementTree.SubElement(provider, "displayShortName").text = "WorkMail"
    for tag, kind, host, port in (
        ("incomingServer", "imap", servers.imap, IMAP_PORT),
        ("outgoingServer", "smtp", servers.smtp, SMTP_PORT),
    ):
        server = ElementTree.SubElement(provider, tag, type=kind)
        for name, value in (
            ("hostname", host),
            ("port", str(port)),
            ("socketType", "SSL"),
            ("username", "%EMAILADDRESS%"),
            ("authentication", "password-cleartext"),
        ):
            ElementTree.SubElement(server, name).text = value
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()
