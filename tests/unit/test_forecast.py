"""How much mail there is, how long a run takes, what it costs: monotone where it must be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from migration.estimate.forecast import Forecast, look_ahead
from migration.estimate.phases import Phase, Wanted
from migration.estimate.sizes import Basis, Sizes, guess_sizes, tell_size
from migration.estimate.terms import Terms
from migration.estimate.workload import Workload, as_set
from migration.execution_input import MIGRATION
from migration.figures import format_range, format_usd_range
from migration.settings import ANY_IMAP, M365, Settings
from migration.sources.graph_lookout import BATCH
from migration.survey_model import SourceMailbox
from migration.wire.graph_throttle import RATE
from tests.unit.test_settings import environment

TERMS = Terms("acme", ("example.com",))
ALL = frozenset(MIGRATION)
GB = 10**9


def seen(*sizes: int | None, messages: int = 1000) -> list[SourceMailbox]:
    return [SourceMailbox(place, 10, messages, size) for place, size in enumerate(sizes)]


def phases(forecast: Forecast) -> Mapping[str, Phase]:
    return {phase.name: phase for phase in forecast.phases}


def ahead(sizes: Sizes, terms: Terms = TERMS, round_trip: float = 0.0) -> Forecast:
    return look_ahead(sizes, terms, Wanted(ALL, sizes.mailboxes, 0, round_trip=round_trip))


# -- sizes


def test_mailboxes_that_were_all_measured_leave_no_doubt() -> None:
    sizes = guess_sizes(3, seen(1 * GB, 2 * GB, 6 * GB))
    assert (sizes.least, sizes.usual, sizes.most, sizes.largest) == (9, 9, 9, 6)
    assert (sizes.basis, sizes.messages, sizes.folders) == (Basis.MEASURED, 3000, 10)
    assert tell_size(sizes) == "9.0 GB"


def test_a_sample_says_what_the_others_probably_hold() -> None:
    sizes = guess_sizes(100, seen(1 * GB, 2 * GB, 3 * GB))
    assert sizes.usual == pytest.approx(200)
    assert 6 <= sizes.least < 200 < sizes.most
    assert sizes.messages == 100_000
    assert "3 of 100 mailboxes" in sizes.reason


def test_mailboxes_that_are_all_alike_are_not_believed_to_the_byte() -> None:
    sizes = guess_sizes(100, seen(*[GB] * 20))
    assert sizes.usual == pytest.approx(100)
    assert sizes.least < sizes.usual < sizes.most


def test_one_mailbox_says_little() -> None:
    sizes = guess_sizes(100, seen(GB))
    assert sizes.least == pytest.approx(1)
    assert sizes.most >= 2 * sizes.usual


def test_without_sizes_messages_are_multiplied() -> None:
    sizes = guess_sizes(2, seen(None, GB))
    assert sizes.basis is Basis.ASSUMED
    assert sizes.usual == pytest.approx(2 * 1000 * 75_000 / GB)
    assert sizes.least == pytest.approx(sizes.usual / 2)
    assert sizes.most == pytest.approx(sizes.usual * 2)


def test_without_a_look_a_gigabyte_each_is_assumed() -> None:
    sizes = guess_sizes(8, [])
    assert (sizes.least, sizes.usual, sizes.most) == (2, 8, 32)
    assert sizes.basis is Basis.ASSUMED


def test_who_knows_better_is_believed() -> None:
    sizes = guess_sizes(8, [], given=40)
    assert (sizes.least, sizes.most, sizes.basis) == (40, 40, Basis.GIVEN)


def test_no_mailbox_holds_nothing() -> None:
    sizes = guess_sizes(0, [])
    assert (sizes.least, sizes.usual, sizes.most, sizes.messages) == (0, 0, 0, 0)
    forecast = ahead(sizes)
    assert forecast.copied.most > 0
    assert forecast.bills[1].seats == 0
    assert forecast.bills[1].total > 0


# -- monotone


def test_more_mail_takes_longer_and_costs_more() -> None:
    less, more = (ahead(guess_sizes(50, seen(*[size] * 50))) for size in (GB, 3 * GB))
    assert phases(less)["Full pass"].span.least < phases(more)["Full pass"].span.least
    assert phases(less)["Full pass"].span.most < phases(more)["Full pass"].span.most
    assert less.ended.most < more.ended.most
    for one, other in zip(less.bills, more.bills, strict=True):
        assert one.total < other.total


def test_a_distant_source_takes_longer() -> None:
    sizes = guess_sizes(50, seen(*[GB] * 50))
    spans = [phases(ahead(sizes, round_trip=trip))["Full pass"].span for trip in (0, 0.02, 0.3)]
    assert spans[0].least < spans[1].least < spans[2].least
    assert spans[0].most < spans[1].most < spans[2].most


def test_more_at_once_takes_shorter_and_no_shorter_than_the_largest_mailbox() -> None:
    sizes = guess_sizes(50, seen(*[GB] * 49, 40 * GB))
    slow, fast = (
        phases(ahead(sizes, replace(TERMS, mailboxes_at_once=number)))["Full pass"]
        for number in (1, 500)
    )
    assert fast.span.most < slow.span.most
    assert fast.span.least >= 40_000 / 2
    assert "the largest mailbox (40.0 GB) alone" in fast.reason
    assert "the largest mailbox" not in slow.reason


def test_a_limit_of_the_tenant_file_slows_all_of_it() -> None:
    work = Workload(1, 1.0, 1)
    assert as_set(work, replace(TERMS, kilobytes_per_second=100)).megabytes_per_second == 0.1024
    assert as_set(work, replace(TERMS, kilobytes_per_second=9999)).megabytes_per_second == 1.0


def test_least_is_never_more_than_most() -> None:
    for sizes in (guess_sizes(1, []), guess_sizes(5000, seen(GB, 5 * GB, 0))):
        for phase in ahead(sizes).phases:
            assert 0 <= phase.span.least <= phase.span.most, phase.name


# -- phases


def test_the_phases_stand_in_the_order_of_the_run() -> None:
    wanted = Wanted(ALL, 3, 2, domains_open=True)
    forecast = look_ahead(guess_sizes(3, []), TERMS, wanted)
    assert [phase.name for phase in forecast.phases] == [
        "Prepare",
        "Domains",
        "Users",
        "Groups, resources, permissions",
        "Administrator",
        "Full pass",
        "Once more",
        "Approval",
        "DNS",
        "Drain",
        "Delta passes",
        "Verify and report",
    ]
    waiting = [phase.name for phase in forecast.phases if phase.waits_for_you]
    assert waiting == ["Domains", "Approval", "DNS"]
    assert all(phase.you for phase in forecast.phases if phase.waits_for_you)
    assert forecast.ended.most < 10 * 86400  # what people are waited for is not in it


def test_only_what_the_run_does_is_told() -> None:
    wanted = Wanted(frozenset({"provision", "copy"}), 3, 0)
    forecast = look_ahead(guess_sizes(3, []), TERMS, wanted)
    assert not {"Approval", "DNS", "Drain", "Delta passes"} & phases(forecast).keys()
    assert forecast.bills[1].work.passes == 1


def test_where_exchange_manages_the_users_nothing_is_cut_over() -> None:
    wanted = Wanted(ALL, 3, 0, provisions=False)
    found = phases(look_ahead(guess_sizes(3, []), TERMS, wanted))
    assert not {"Users", "Approval", "DNS", "Drain"} & found.keys()
    assert "Delta passes" in found


def test_the_run_publishes_and_nobody_is_asked_if_the_tenant_file_says_so() -> None:
    terms = replace(TERMS, publishes=True, approval_days=0)
    found = phases(ahead(guess_sizes(3, []), terms))
    assert "Approval" not in found
    assert "Route 53" in found["DNS"].does
    assert not found["DNS"].you
    assert not found["DNS"].waits_for_you


def test_the_drain_is_the_time_to_live_and_the_minutes_of_the_tenant_file() -> None:
    spans = [
        phases(ahead(guess_sizes(3, []), replace(TERMS, drain_minutes=minutes)))["Drain"].span
        for minutes in (0, 90)
    ]
    assert spans[1].least - spans[0].least == spans[1].most - spans[0].most == 5400


def test_what_is_not_counted_is_told() -> None:
    assumptions = ahead(guess_sizes(3, [])).assumptions
    (told,) = (text for text in assumptions if text.startswith("Mail alone"))
    assert "calendars" in told


def test_what_the_tenant_file_leaves_out_is_told() -> None:
    sizes = guess_sizes(3, [])
    assert not any("leaves" in text for text in ahead(sizes).assumptions)
    told = ahead(sizes, replace(TERMS, leaves_out=True)).assumptions
    assert any("leaves some of it out" in text for text in told)


def test_terms_are_those_of_the_settings() -> None:
    settings = Settings.from_env(environment())
    terms = Terms.of(replace(settings, cutover_approval="auto", copy_exclude=("Junk",)))
    assert (terms.approval_days, terms.leaves_out) == (0, True)
    assert terms.mailboxes_at_once == settings.limits["mailboxes"]


# -- words


@pytest.mark.parametrize(
    ("least", "most", "shown"),
    [
        (0, 1800, "up to 30 min"),
        (40, 40, "40 s"),
        (3600 * 5, 3600 * 14.2, "5 to 14 h"),
        (2400, 3600 * 28, "40 min to 28 h"),
        (86400 * 2.6, 86400 * 4, "3 to 4 d"),
    ],
)
def test_ranges_are_rounded_to_what_is_known(least: float, most: float, shown: str) -> None:
    assert format_range(least, most) == shown


def test_amounts_are_told_without_cents() -> None:
    assert format_usd_range([42.4, 17.9, 20.0]) == "18 to 42 USD"
    assert format_usd_range([17.9, 18.1]) == "18 USD"


# -- a source that gives so many messages in a second


def test_small_messages_take_as_long_as_the_source_lets_them() -> None:
    work = Workload(10, 1.0, messages=160_000, megabytes_per_second=1.0)
    paced = replace(work, messages_per_second=16.0)
    assert (work.copy_seconds, paced.copy_seconds) == (1000, 10_000)
    assert paced.is_paced


def test_large_messages_take_as_long_as_their_size() -> None:
    work = Workload(10, 100.0, messages=10_000, messages_per_second=16.0)
    assert work.copy_seconds == pytest.approx(100_000)
    assert not work.is_paced


def test_the_largest_mailbox_has_its_share_of_the_messages() -> None:
    work = Workload(10, 10.0, messages=160_000, largest=5.0, messages_per_second=4.0)
    assert work.longest_seconds == pytest.approx(20_000)


def test_the_plan_says_that_the_source_sets_the_pace() -> None:
    terms = replace(TERMS, messages_per_second=0.1, batch_messages=50)
    sizes = guess_sizes(3, seen(GB, GB, GB))
    full = phases(ahead(sizes, terms))["Full pass"]
    assert "at most 0.1 messages a second" in full.reason
    assert full.span.most > phases(ahead(sizes))["Full pass"].span.most
    assert as_set(Workload(1, 1.0, 1000, folders=1), terms).batches == 50


def test_microsoft_graph_is_reckoned_with_as_it_is_asked() -> None:
    terms = TERMS.with_source(M365)
    assert (terms.messages_per_second, terms.batch_messages) == (RATE, BATCH)
    assert TERMS.with_source(ANY_IMAP) == TERMS
    environment_of_graph = environment() | {"SOURCE_KIND": M365}
    assert Terms.of(Settings.from_env(environment_of_graph)).messages_per_second == RATE
