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
auth_mechanisms = {mechanisms}
auth_master_user_separator = *
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
{tokens}
passdb {{
  driver = passwd-file
  mechanisms = plain login
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
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
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


_TOKENS = """
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {root}/oauth2.conf
}}
"""

_TOKEN_CHECK = """
introspection_mode = get
introspection_url = {url}
username_attribute = username
active_attribute = active
active_value = true
"""

_ANY_USER = """
username_format = any
"""
"""The name of the token's user and that of the mailbox are compared in this form: all are equal."""

_POVERTY = """
protocol imap {{
  imap_capability = {capabilities}
}}
"""

_LIMITS = """
mail_plugins = quota
protocol imap {{
  mail_plugins = quota imap_quota
}}
plugin {{
  quota = count:User quota
  quota_vsizes = yes
  quota_rule = *:storage={quota_mb}M
  quota_grace = 0
  quota_max_mail_size = {max_message_mb}M
}}
"""

_RECORD = """
protocol imap {{
  rawlog_dir = {root}/sent/%u
}}
service imap-login {{
  executable = imap-login -R {root}/sent/login
  chroot =
}}
"""


@dataclass(frozen=True, slots=True)
class Layout:
    """How the server spells the names of folders, and how Dovecot keeps mail (mail_location)."""

    prefix: str
    separator: str
    storage: str = "sdbox:~/mail"

    def name(self, path: Sequence[str]) -> str:
        """The folder's name for IMAPClient. The inbox is the only one without the prefix."""
        joined = self.separator.join(path)
        return joined if path[0] == "INBOX" and len(path) == 1 else self.prefix + joined


SLASH = Layout("", "/")
INBOX_DOT = Layout("INBOX.", ".", "maildir:~/Maildir")


@dataclass(frozen=True, slots=True)
class Options:
    """What only some tests want: see the class Dovecot. `certificate` is a PEM file that holds the
    key too."""

    certificate: Path | None = None
    capabilities: str = ""
    quota_mb: int = 0
    max_message_mb: int = 0
    record: bool = False
    has_tokens: bool = False


def owner() -> tuple[str, str]:
    """User and group that own the mail: this process's, or of root's place Debian's for mail."""
    if os.getuid() == 0:
        return "mail", "mail"
    me = pwd.getpwuid(os.getuid())
    return me.pw_name, grp.getgrgid(me.pw_gid).gr_name


def configuration(root: Path, layout: Layout, options: Options, port: int, tls_port: int) -> str:
    """The text of dovecot.conf for a server whose files are all below `root`, which holds the
    passwd-files `users` and `masters`, with tokens `oauth2.conf`, and for recordings the folders
    `sent/login` and `sent/ADDRESS`."""
    user, group = owner()
    is_root = os.getuid() == 0
    text = _CONFIGURATION.format(
        root=root,
        ssl="yes" if options.certificate else "no",
        mechanisms="plain login" + " xoauth2 oauthbearer" * options.has_tokens,
        tokens=_TOKENS.format(root=root) if options.has_tokens else "",
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
    return text + _extras(root, options)


def token_configuration(url: str, *, any_user: bool) -> str:
    """The text of oauth2.conf: `url` is where to ask, with the token appended. With `any_user` a
    token opens every mailbox, as those of applications do."""
    return _TOKEN_CHECK.format(url=url) + _ANY_USER * any_user


def _extras(root: Path, options: Options) -> str:
    text = ""
    if options.certificate:
        text += f"ssl_cert = <{options.certificate}\nssl_key = <{options.certificate}\n"
    if options.capabilities:
        text += _POVERTY.format(capabilities=options.capabilities)
    if options.quota_mb or options.max_message_mb:
        text += _LIMITS.format(quota_mb=options.quota_mb, max_message_mb=options.max_message_mb)
    if options.record:
        text += _RECORD.format(root=root)
    return text
