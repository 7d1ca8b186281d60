"""WorkMail's EWS, read: who is let in, which folders there are, how many requests at once."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

from localrun.probe.ews_access import open_calls, open_client
from localrun.probe.ews_calls import Reply, bearer, open_inbox
from localrun.probe.model import Fact, Learned, Need, NotAsked, Probe
from localrun.probe.session import Session
from migration.wire.ews_failures import refuse
from migration.wire.ews_model import FolderRef, Refused

_ROOT = FolderRef("msgfolderroot", distinguished=True)
_FOLDERS = (
    *("inbox", "sentitems", "drafts", "deleteditems", "junkemail", "outbox"),
    *("calendar", "contacts", "tasks", "notes", "journal"),
)
_MOST_CONNECTIONS = 8
_REQUESTS_EACH = 3


def _ask_greeting(session: Session) -> Learned:
    with open_calls(session) as calls:
        reply = calls.post(open_inbox(session.options.pilot))
    return Learned(
        f"a request without a login gets status {reply.status}, and `{reply.authenticate}`",
        {"status": reply.status, "authenticate": reply.authenticate},
    )


def _ask_impersonation(session: Session) -> Learned:
    seen = session.propagation()
    codes = ", ".join(seen.refusals)
    before = f"; before that it said {codes}" if codes else ""
    return Learned(
        f"EWS honours a new role after {seen.honoured} s{before}",
        {
            "assumable_after": seen.assumable,
            "effect_allow_after": seen.allowed,
            "ews_after": seen.honoured,
            "refusals": seen.refusals,
        },
    )


def _ask_mailbox(session: Session) -> Learned:
    with open_calls(session) as calls:
        reply = calls.post(open_inbox(session.options.pilot), bearer(session.token().value))
    if reply.code:
        raise refuse(reply.code, reply.back_off_ms / 1000)
    with open_client(session) as client:
        folders = client.folders(_ROOT)
        wanted = [FolderRef(name, distinguished=True) for name in _FOLDERS]
        found = client.get_folders(wanted)
    known = {
        name: folder.code if isinstance(folder, Refused) else folder.name
        for name, folder in zip(_FOLDERS, found, strict=True)
    }
    return Learned(
        f"{reply.version or 'no version told'}; {len(folders)} folders",
        {"version": reply.version, "folders": len(folders), "distinguished": known},
    )


def _ask_concurrency(session: Session) -> Learned:
    authorization = bearer(session.token().value)
    body = b"".join(open_inbox(session.options.pilot))
    levels: dict[str, Fact] = {}
    busy: Reply | None = None
    with open_calls(session, _MOST_CONNECTIONS) as calls:
        for level in range(1, _MOST_CONNECTIONS + 1):
            began = time.perf_counter()
            with ThreadPoolExecutor(level) as pool:
                jobs = [
                    pool.submit(calls.post, [body], authorization)
                    for _ in range(level * _REQUESTS_EACH)
                ]
                replies = [job.result() for job in jobs]
            seconds = time.perf_counter() - began
            busy = next((reply for reply in replies if reply.code), None)
            if busy is not None:
                break
            levels[str(level)] = {
                "per_second": round(len(replies) / seconds, 1),
                "median_ms": round(statistics.median(r.seconds for r in replies) * 1000, 1),
            }
    facts: dict[str, Fact] = {"at_once_without_refusal": len(levels), "levels": levels}
    if busy is None:
        return Learned(f"{_MOST_CONNECTIONS} at once are all answered", facts)
    facts |= {"refused_at": len(levels) + 1, "code": busy.code, "status": busy.status}
    facts["back_off_ms"] = busy.back_off_ms
    hint = f"back off {busy.back_off_ms} ms" if busy.back_off_ms else "no back-off hint"
    return Learned(f"{len(levels) + 1} at once: {busy.code}, status {busy.status}, {hint}", facts)


def _ask_token_expiry(session: Session) -> Learned:
    if not session.options.outlive_token:
        raise NotAsked("it takes as long as a token lasts: give --outlive-token")
    token = session.token()
    authorization, body = bearer(token.value), open_inbox(session.options.pilot)
    with open_calls(session) as calls:
        before = calls.post(body, authorization)
        session.clock.sleep(token.expires_in + 30)
        after = calls.post(body, authorization)
    if before.code:
        raise refuse(before.code, before.back_off_ms / 1000)
    said = f"refused ({after.code})" if after.code else "still taken"
    return Learned(
        f"30 s after its {token.expires_in:.0f} s a token is {said}",
        {"expires_in": token.expires_in, "status_after": after.status, "code_after": after.code},
    )


QUESTIONS = (
    Probe(
        "ews-greeting", 0, "What does EWS say to whom it does not know?", Need.PILOT, _ask_greeting
    ),
    Probe(
        "impersonation",
        1,
        "How long until EWS honours a new impersonation role?",
        Need.WRITE,
        _ask_impersonation,
    ),
    Probe("ews-mailbox", 1, "EWS's version, and its folders?", Need.PILOT, _ask_mailbox),
    Probe(
        "token-expiry",
        2,
        "Is a token still taken on an open connection after it has expired?",
        Need.PILOT,
        _ask_token_expiry,
    ),
    Probe(
        "ews-concurrency",
        3,
        f"How many of {_MOST_CONNECTIONS} requests at once before EWS is busy, and its back-off?",
        Need.PILOT,
        _ask_concurrency,
    ),
)
