"""The first state of a zone comes back, unless somebody else has changed it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from migration import dns_publishing
from migration.dns_restoring import CHANGED_SINCE, LEFT, RESTORED, intend, plan_restoring
from migration.zone_model import PublishedSet, RecordSet
from tests.unit.test_dns_publishing import WANTED, zones
from tests.unit.zones_of import DOMAIN, OLD, OLD_MX, OLD_TXT, apply

OUR_MX = RecordSet(DOMAIN, "MX", 300, ("10 inbound-smtp.eu-west-1.amazonaws.com.",))
OUR_TXT = replace(
    OLD_TXT,
    values=(OLD_TXT.values[0], '"v=spf1 mx include:amazonses.com -all"', OLD_TXT.values[2]),
)


def test_the_first_state_is_kept_over_everything_that_is_ours() -> None:
    lowered = replace(OLD_MX, ttl=300)
    known = intend(None, "Z1", OLD_MX, lowered, "run1")
    assert known == PublishedSet("Z1", DOMAIN, "MX", OLD_MX, (lowered,), "run1")
    written = replace(known, change="C1", in_sync=True)
    known = intend(written, "Z1", lowered, OUR_MX, "run2")
    assert (known.before, known.written) == (OLD_MX, (lowered, OUR_MX))
    assert (known.run, known.change, known.in_sync) == ("run2", "", False)
    # killed before it was written: what stands there is ours all the same
    assert intend(known, "Z1", lowered, OUR_MX, "run3").before == OLD_MX


def test_a_state_that_somebody_else_has_made_is_the_new_first_one() -> None:
    known = intend(None, "Z1", OLD_MX, OUR_MX, "run1")
    other = replace(OLD_MX, values=("5 elsewhere.example.",))
    again = intend(known, "Z1", other, OUR_MX, "run2")
    assert (again.before, again.written) == (other, (OUR_MX,))
    assert intend(known, "Z1", None, OUR_MX, "run2").before is None


def test_what_others_did_to_texts_is_kept_and_what_we_did_is_not() -> None:
    known = intend(None, "Z1", OLD_TXT, OUR_TXT, "run1")
    theirs = replace(OUR_TXT, values=(*OUR_TXT.values[1:], '"new=1"'), ttl=60)
    ours = replace(theirs, values=(*theirs.values, '"ours"'))
    before = intend(known, "Z1", theirs, ours, "run2").before
    assert before == replace(
        OLD_TXT, values=(OLD_TXT.values[1], OLD_TXT.values[2], '"new=1"'), ttl=60
    )


def test_a_policy_of_the_owner_replaces_the_old_one_also_in_what_comes_back() -> None:
    known = intend(None, "Z1", OLD_TXT, OUR_TXT, "run1")
    theirs = replace(OUR_TXT, values=('"v=spf1 a include:amazonses.com -all"', '"site=1"'))
    before = intend(known, "Z1", theirs, OUR_TXT, "run2").before
    assert before is not None
    assert set(before.values) == {'"v=spf1 a include:amazonses.com -all"', '"site=1"'}


def test_nothing_comes_back_where_only_ours_was() -> None:
    ours = RecordSet("_amazonses.acme.example", "TXT", 3600, ('"token"',))
    known = intend(None, "Z1", None, ours, "run1")
    (step,) = plan_restoring([known], [ours])
    assert step.change is not None
    assert (step.change.action, step.change.record_set) == ("DELETE", ours)
    (step,) = plan_restoring([known], [])
    assert (step.change, step.reason) == (None, "")


def test_what_somebody_has_changed_is_left_and_told() -> None:
    known = intend(None, "Z1", OLD_MX, OUR_MX, "run1")
    for now in ([replace(OUR_MX, ttl=60)], []):
        (step,) = plan_restoring([known], now)
        assert (step.change, step.reason) == (None, CHANGED_SINCE)


def test_what_was_taken_back_is_no_matter_any_more_and_what_was_left_is_judged_anew() -> None:
    known = intend(None, "Z1", OLD_MX, OUR_MX, "run1")
    assert plan_restoring([replace(known, outcome=RESTORED)], [OUR_MX]) == []
    (step,) = plan_restoring([replace(known, outcome=LEFT)], [OUR_MX])
    assert step.change is not None
    began_anew = intend(replace(known, outcome=RESTORED), "Z1", OUR_MX, OLD_MX, "run2")
    assert (began_anew.before, began_anew.outcome) == (OUR_MX, "")


@given(zones(), st.booleans(), st.booleans())
def test_a_rollback_brings_the_old_zone_back_exactly(
    standing: list[RecordSet], lower: bool, run_twice: bool
) -> None:
    """Whatever of it took effect: the TTL, the first batch, the second, or all in two runs."""
    zone, known = apply(standing, []), dict[tuple[str, str], PublishedSet]()

    def write(steps: list[dns_publishing.Step], run: str) -> None:
        nonlocal zone
        for step in steps:
            key = step.after.name, step.after.type
            known[key] = intend(known.get(key), "Z1", step.before, step.after, run)
        zone = apply(zone, dns_publishing.changes_of(steps))

    before = zone
    if lower:
        lowered = dns_publishing.plan_lower_ttl(DOMAIN, WANTED, zone, 60)
        write([lowered] if lowered else [], "run1")
    for run in ("run1", "run2") if run_twice else ("run1",):
        write(list(dns_publishing.plan(DOMAIN, WANTED, zone, (), DOMAIN).first), run)
        write(list(dns_publishing.plan(DOMAIN, WANTED, zone, (), DOMAIN).last), run)
    restoring = plan_restoring(known.values(), zone)
    assert not [step.reason for step in restoring if step.reason]
    assert apply(zone, [step.change for step in restoring if step.change]) == before


def test_the_old_zone_of_the_examples_comes_back_too() -> None:
    planned = dns_publishing.plan(DOMAIN, WANTED, OLD, (), DOMAIN)
    steps = [*planned.first, *planned.last]
    known = [intend(None, "Z1", step.before, step.after, "run1") for step in steps]
    zone = apply(OLD, dns_publishing.changes_of(steps))
    back = [step.change for step in plan_restoring(known, zone) if step.change]
    assert apply(zone, back) == apply(OLD, [])
