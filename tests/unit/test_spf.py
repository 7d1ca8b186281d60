"""SPF: SES is let in where receivers read it, and nothing else is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration import spf


@pytest.mark.parametrize(
    ("existing", "merged"),
    [
        ("", "v=spf1 include:amazonses.com ~all"),
        ("v=spf1 -all", "v=spf1 include:amazonses.com -all"),
        ("v=spf1 mx a:web.old.test ~all", "v=spf1 mx a:web.old.test include:amazonses.com ~all"),
        ("V=SPF1 mx ?ALL", "V=SPF1 mx include:amazonses.com ?ALL"),
        ("v=spf1 include:amazonses.com -all", "v=spf1 include:amazonses.com -all"),
        ("v=spf1 +include:AmazonSES.com. -all", "v=spf1 +include:AmazonSES.com. -all"),
        ("v=spf1 redirect=_spf.old.test", "v=spf1 include:amazonses.com redirect=_spf.old.test"),
        (
            "v=spf1 mx exp=why.old.test redirect=_spf.old.test",
            "v=spf1 mx include:amazonses.com exp=why.old.test redirect=_spf.old.test",
        ),
        ("v=spf1 -all include:amazonses.com", "v=spf1 include:amazonses.com -all"),
        ("v=spf1 -include:amazonses.com mx -all", "v=spf1 mx include:amazonses.com -all"),
        ("v=spf1", "v=spf1 include:amazonses.com"),
        ("v=spf1 ip4:192.0.2.1", "v=spf1 ip4:192.0.2.1 include:amazonses.com"),
    ],
)
def test_ses_comes_before_all_and_the_rest_stays(existing: str, merged: str) -> None:
    assert spf.merge_spf(existing).text == merged


def test_what_is_no_policy_is_not_merged() -> None:
    with pytest.raises(ValueError, match="not an SPF record"):
        spf.merge_spf("v=spf10 -all")
    assert not spf.is_spf("google-site-verification=x")


def test_lookups_are_counted_as_receivers_count_them() -> None:
    text = "v=spf1 a mx/24 ptr exists:%{i}.old.test include:b.test ip4:192.0.2.1 ip6:::1 exp=e.test"
    assert spf.count_lookups(f"{text} redirect=r.test") == 6
    assert spf.count_lookups(f"{text} -all redirect=r.test") == 5
    assert spf.count_lookups("v=spf1 all:no alias:no") == 0


def test_the_limit_of_lookups_is_told() -> None:
    nine = " ".join(f"include:{number}.test" for number in range(9))
    assert "by itself" in spf.merge_spf(f"v=spf1 {nine} -all").remarks[0]
    ten = spf.merge_spf(f"v=spf1 {nine} a -all")
    assert ten.lookups == 11
    assert "until you shorten it" in ten.remarks[0]
    assert spf.merge_spf("v=spf1 mx -all").remarks == ()


def test_oddities_are_told() -> None:
    assert "no `all`" in spf.merge_spf("v=spf1 mx").remarks[0]
    assert "was replaced" in spf.merge_spf("v=spf1 -all include:amazonses.com").remarks[0]
    long = " ".join(f"ip4:192.0.2.{number}" for number in range(40))
    assert "512 octets" in spf.merge_spf(f"v=spf1 {long} -all").remarks[0]


terms = st.sampled_from(
    [
        *("a", "mx", "-ptr", "ip4:192.0.2.0/24", "include:x.test", "exists:%{i}.x.test"),
        *("all", "-all", "~ALL", "redirect=r.test", "exp=e.test", "include:amazonses.com"),
        *("?include:amazonses.com", "+include:amazonses.com"),
    ]
)


@given(st.lists(terms, max_size=12))
def test_merging_lets_ses_in_once_keeps_the_order_and_is_stable(words: list[str]) -> None:
    before = " ".join(["v=spf1", *words])
    merged = spf.merge_spf(before).text
    assert spf.merge_spf(merged).text == merged
    names = [term.lstrip("+").lower() for term in merged.split()]
    before_all = names[
        : min((names.index(name) for name in names if name.endswith("all")), default=99)
    ]
    assert "include:amazonses.com" in before_all

    def others(text: str) -> list[str]:
        return [term for term in text.split() if "amazonses" not in term]

    assert others(merged) == others(before)
