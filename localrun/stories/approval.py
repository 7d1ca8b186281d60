"""The scenarios `approval-rejected` and `approval-timeout`: the mail stays where it is.

All mailboxes are copied when the operator is asked whether the cut-over may begin. He rejects it on
the page of the second message, or never answers. Either way the run ends cleanly: the MX is as it
was, nothing is lost, and nothing that comes later changes that.
"""

from __future__ import annotations

from collections.abc import Iterator

from localrun.operator import answer_by_page, fetch, latest_link
from localrun.scenario import Happening, Scenario
from localrun.stories.sample import ADMIN, ADMIN_PASSWORD, manifest, seed
from localrun.stories.sample_mail import DOMAIN, PEOPLE
from localrun.world import OLD_MX, World
from migration.ports import Ledger

HOUR = 3600
DAYS, REMINDER_HOURS = 3, 24
_USERS = {person.address: f"old-password-{number}" for number, person in enumerate(PEOPLE)}
_TENANT = {"cutover": {"approval_days": DAYS, "reminder_hours": REMINDER_HOURS}}


def _reject(world: World) -> None:
    """With the link of the first message, although there is a second one by now."""
    first, second = (notice["facts"] for notice in _questions(world))
    if first["page"] != second["page"]:
        raise AssertionError("the reminder has another link")
    if "rejected" not in answer_by_page(world, "reject"):
        raise AssertionError("the page does not say what was answered")


def _check_rejected(world: World, ledger: Ledger, run: str) -> Iterator[str]:
    yield from _check_that_nothing_is_cut_over(world)
    yield from _check_notes(ledger, run, "the cut-over was rejected", 1)
    yield from _check_reminders(world, 1)
    link = latest_link(world)
    statuses = {
        "GET after the answer": (fetch("GET", link)[0], 200),
        "another answer": (fetch("POST", link, _form(link, "approve"))[0], 409),
        "a wrong id": (fetch("GET", f"{link[:-1]}{'0' if link[-1] != '0' else '1'}")[0], 404),
    }
    for what, (status, expected) in statuses.items():
        if status != expected:
            yield f"{what}: status {status}, expected {expected}"
    yield from _check_notes(ledger, run, "approved", 0)


def _check_expired(world: World, ledger: Ledger, run: str) -> Iterator[str]:
    yield from _check_that_nothing_is_cut_over(world)
    yield from _check_notes(ledger, run, "nobody has answered in time", 1)
    yield from _check_reminders(world, DAYS * 24 // REMINDER_HOURS - 1)
    link = latest_link(world)
    status, _ = fetch("POST", link, _form(link, "approve"))
    if status != 409:
        yield f"an answer that came too late was met with status {status}"


def _check_that_nothing_is_cut_over(world: World) -> Iterator[str]:
    published = world.dns.records(DOMAIN, "MX")
    if list(published) != [OLD_MX]:
        yield f"the MX is {published}"
    kinds = [notice["kind"] for notice in world.told()]
    wanted = {"started", "wave done", "question", "finished"}
    if set(kinds) != wanted:
        yield f"the operators were told {sorted(set(kinds))}"
    if "not cut over" not in world.told()[-1]["subject"]:
        yield "the last notice does not say that nothing is cut over"
    roles = world.workmail.list_impersonation_roles(organization_id=world.organization_id)
    if roles["Roles"]:
        yield "the administrator has kept its rights"


def _check_notes(ledger: Ledger, run: str, what: str, times: int) -> Iterator[str]:
    found = sum(what in note.what for note in ledger.notes(run))
    if found != times:
        yield f"the timeline says {found} times, and not {times} times, {what!r}"


def _check_reminders(world: World, number: int) -> Iterator[str]:
    reminders = [notice["facts"]["reminder"] for notice in _questions(world)]
    if reminders != list(range(number + 1)):
        yield f"the question was asked as {reminders}, expected {number} reminders"


def _questions(world: World) -> list[dict[str, dict[str, object]]]:
    """The messages that ask."""
    return [dict(notice) for notice in world.told() if "reminder" in notice["facts"]]


def _form(link: str, answer: str) -> dict[str, str]:
    return {"id": link.rpartition("/")[2], "answer": answer}


APPROVAL_REJECTED = Scenario(
    name="approval-rejected",
    sentence="After a reminder the operator rejects the cut-over: the mail stays where it is.",
    domain=DOMAIN,
    manifest=manifest(),
    secret={"admin": {"user": ADMIN, "password": ADMIN_PASSWORD}},
    seed=seed,
    users=_USERS,
    admins={ADMIN: ADMIN_PASSWORD},
    tenant=_TENANT,
    happenings=(
        Happening("ApproveCutover", 30 * HOUR, "the operator rejects on the page", _reject),
    ),
    expected="not cut over",
    check=_check_rejected,
)
APPROVAL_TIMEOUT = Scenario(
    name="approval-timeout",
    sentence="Nobody answers whether the cut-over may begin: after three days the run ends.",
    domain=DOMAIN,
    manifest=manifest(),
    secret={"admin": {"user": ADMIN, "password": ADMIN_PASSWORD}},
    seed=seed,
    users=_USERS,
    admins={ADMIN: ADMIN_PASSWORD},
    tenant=_TENANT,
    expected="not cut over",
    nobody_answers=True,
    check=_check_expired,
)
