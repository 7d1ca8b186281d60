"""The configuration with which tests run Cyrus IMAP 3.6, as root or as any user."""

from __future__ import annotations

from pathlib import Path

from tests.integration.dovecot_configuration import Layout, owner

BELOW_INBOX = Layout("INBOX/", "/")
BESIDE_INBOX = Layout("", "/")
CLASSIC = Layout("INBOX.", ".")
"""How Cyrus spelled names up to version 2. There is no dot in the name of a user then."""

ADMINISTRATOR = "harness"
"""Who makes the mailboxes."""

_IMAPD = """
configdirectory: {root}/conf
defaultpartition: default
partition-default: {root}/mail
proc_path: {root}/conf/proc
mboxname_lockpath: {root}/conf/lock
cyrus_user: {user}
cyrus_group: {group}
servername: localhost
virtdomains: userid
admins: {administrator}
unixhierarchysep: {slashes}
altnamespace: {beside}
allowplaintext: yes
failedloginpause: 0
maxlogins_per_user: 50
sasl_mech_list: PLAIN LOGIN
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: {root}/sasldb2
skiplist_unsafe: yes
"""

_TLS = """
tls_server_cert: {certificate}
tls_server_key: {certificate}
"""

_SERVICE = (
    '  {name} cmd="{root}/bin/imapd -C {root}/imapd.conf {options}" listen="127.0.0.1:{port}"'
    ' proto="tcp4" prefork=1 maxchild=50\n'
)


def imapd_configuration(
    root: Path, layout: Layout, masters: list[str], certificate: Path | None = None
) -> str:
    """The text of imapd.conf for a server whose files are all below `root`. TLS only with
    `certificate`, a PEM file that holds the key too."""
    user, group = owner()
    text = _IMAPD.format(
        root=root,
        user=user,
        group=group,
        administrator=ADMINISTRATOR,
        slashes="yes" if layout.separator == "/" else "no",
        beside="no" if layout.prefix else "yes",
    )
    if masters:
        text += f"proxyservers: {' '.join(masters)}\n"
    if certificate:
        text += _TLS.format(certificate=certificate)
    return text


def services(root: Path, port: int, tls_port: int, reuse: bool) -> str:
    """The text of cyrus.conf. Unless `reuse`, each connection gets a process of its own."""
    options = "" if reuse else "-U 1"
    listed = _SERVICE.format(name="imap", root=root, options=options, port=port)
    if tls_port:
        listed += _SERVICE.format(name="imaps", root=root, options=f"-s {options}", port=tls_port)
    return f"START {{\n}}\nSERVICES {{\n{listed}}}\nEVENTS {{\n}}\n"


def administrators_name(address: str, separator: str) -> str:
    """How an administrator spells the inbox of a user."""
    if separator in address.partition("@")[0]:
        raise ValueError(f"{address}: this Cyrus serves no users with {separator} in the name")
    return f"user{separator}{address}"
