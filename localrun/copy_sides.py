"""Opens the two mailboxes of a copy. Clients are imported when they are needed: the start-up of a
pass that finds nothing is most of its time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from localrun.copy_options import OptionsRefusedError, Order
from localrun.copy_places import EwsPlace, ImapPlace
from localrun.copy_secrets import make_login, make_token

if TYPE_CHECKING:
    import ssl

    from migration.ports import Source, Target
    from migration.wire.imap_login import ImapServer


@contextmanager
def open_sides(order: Order, *, ahead: bool = False) -> Iterator[tuple[Source, Target]]:
    """Both mailboxes, closed afterwards. `ahead`: messages are to be copied, and connections are
    made while the engine is loaded. OptionsRefusedError if the file of certificate authorities is
    none."""
    from migration.copy.selection import asks_for_dates
    from migration.sources.imap import ImapSource

    context = _tls_context(order)
    with ExitStack() as stack:
        source = ImapSource(
            _server(order.source, order, context),
            make_login(order.source, order.source_secret),
            dates=asks_for_dates(order.policy),
        )
        stack.callback(source.close)
        if ahead:
            source.open()
        target = _open_target(order, context)
        stack.callback(target.close)
        if ahead:
            target.open()
        yield source, target


def _open_target(order: Order, context: ssl.SSLContext | None) -> Target:
    if isinstance(order.target, EwsPlace):
        from migration.targets.workmail_ews import WorkmailEwsTarget
        from migration.wire.ews import EwsClient

        token = make_token(order.secret_files[1], order.target_secret)
        ca_file = str(order.ca_file) if order.ca_file else None
        client = EwsClient(order.target.url, token, order.target.mailbox, ca_file=ca_file)
        return WorkmailEwsTarget(client)
    from migration.targets.workmail_imap import WorkmailImapTarget

    login = make_login(order.target, order.target_secret)
    return WorkmailImapTarget(_server(order.target, order, context), login)


def _server(place: ImapPlace, order: Order, context: ssl.SSLContext | None) -> ImapServer:
    from migration.wire.imap_login import ImapServer

    return ImapServer(
        place.host, place.port, place.tls, context=context, allow_plain=order.allow_plain
    )


def _tls_context(order: Order) -> ssl.SSLContext | None:
    """One for all connections: to read the system's authorities takes longer than to connect. None
    where nothing is encrypted."""
    sides = (order.source, order.target)
    if not any(isinstance(side, ImapPlace) and side.tls != "none" for side in sides):
        return None
    import ssl

    try:
        return ssl.create_default_context(cafile=order.ca_file)
    except (OSError, ValueError) as error:
        raise OptionsRefusedError([f"--ca {order.ca_file}: {error}"]) from None
