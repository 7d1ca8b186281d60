"""Microsoft Graph v1.0 and its login, emulated for the laptop and for tests.

It answers what a migration reads, as Microsoft documents it, with the traps: ids that change when a
message moves, unless the client asks for immutable ones; links with tokens that mean nothing to
the client and expire; delta rounds that show messages again; answers of a $batch in another order;
four requests at once per mailbox; error messages that hold addresses.

It is stricter than the real thing in one point: a query option that a path does not know here is
refused, where Graph passes over some.

    with GraphServer() as server:
        server.add_user("ann@contoso.example", "Ann Example")
        box = server.mailbox("ann@contoso.example")
        uid = box.deliver("inbox", mime, received, flags=("\\\\Seen",))
        server.faults.refuse(429, "ApplicationThrottled", path="/messages", retry_after=2)

Modules: server.py (what is called from outside), login.py (tokens), traffic.py (limits and the log
of requests), faults.py, batch.py; routing.py and table.py (which path is answered by what),
answers.py and paging.py (forms of answers); tenant.py and mailbox.py (what there is).
"""

from localrun.fakes.graph.faults import Faults
from localrun.fakes.graph.mailbox import Mailbox
from localrun.fakes.graph.server import GraphServer
from localrun.fakes.graph.traffic import Asked

__all__ = ["Asked", "Faults", "GraphServer", "Mailbox"]
