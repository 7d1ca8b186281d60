"""The configuration with which tests run Dovecot 2.3, as root or as any user."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_CONFIGURATION = """
base_dir = {root}/run
state_dir = {root}/run
log_path = {root}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = {ssl}
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
auth_cache_size = 0
mail_location = {storage}
mail_fsync = never
mail_max_userip_connections = 50
first_valid_uid = 1
{users}
passdb {{
  driver = passwd-file
  master = yes
  result_success = continue
  args = {root}/masters
}}
passdb {{
  driver = passwd-file
  args = {root}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={root}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
  mailbox Drafts {{
    special_use = \\Drafts
    auto = create
  }}
  mailbox Gesendet {{
    special_use = \\Sent
    auto = create
  }}
  mailbox Junk {{
    special_use = \\Junk
    auto = create
  }}
  mailbox Trash {{
    special_use = \\Trash
    auto = create
  }}
}}
service imap-login {{
  {login}
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
"""

_UNPRIVILEGED = """
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""
"""Who is not root can neither change the user nor the root folder of a process."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How the server spells the names of folders, and how it keeps mail (mail_location)."""

    prefix: str
    separator: str
    storage: str

    def name(self, path: Sequence[str]) -> str:
        """The folder's name for IMAPClient. The inbox is the only one without the prefix."""
        joined = self.separator.join(path)
        return joined if path[0] == "INBOX" and len(path) == 1 else self.prefix + joined


SLASH = Layout("", "/", "sdbox:~/mail")
INBOX_DOT = Layout("INBOX.", ".", "maildir:~/Maildir")


def owner() -> tuple[str, str]:
    """User and group that own the mail: this process's, or of root's place Debian's for mail."""
    if os.getuid() == 0:
        return "mail", "mail"
    me = pwd.getpwuid(os.getuid())
    return me.pw_name, grp.getgrgid(me.pw_gid).gr_name


def configuration(
    root: Path, layout: Layout, port: int, tls_port: int = 0, certificate: Path | None = None
) -> str:
    """The text of dovecot.conf for a server whose files are all below `root`, which holds the
    passwd-files `users` and `masters`. TLS only with `certificate`, a PEM file that holds the key
    too."""
    user, group = owner()
    is_root = os.getuid() == 0
    text = _CONFIGURATION.format(
        root=root,
        ssl="yes" if certificate else "no",
        storage=layout.storage,
        users="" if is_root else _UNPRIVILEGED.format(user=user, group=group),
        login="" if is_root else "chroot =",
        uid=user,
        gid=group,
        separator=layout.separator,
        prefix=layout.prefix,
        port=port,
        tls_port=tls_port,
    )
    if certificate:
        text += f"ssl_cert = <{certificate}\nssl_key = <{certificate}\n"
    return text
