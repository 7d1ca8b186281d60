"""The corpus is the same everywhere, and holds what it promises."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from hashlib import sha256
from itertools import pairwise

import pytest

from bench import ROOT
from bench.corpus import FOLDERS, FULL, MEGABYTE, QUICK, SAMPLE, Corpus, LargeCorpus, Message
from bench.messages import ODD_KINDS, Odd


@pytest.fixture(scope="module")
def sample() -> list[Message]:
    return list(SAMPLE.messages())


def digest(messages: list[Message]) -> str:
    whole = sha256()
    for message in messages:
        whole.update(repr(message).encode())
    return whole.hexdigest()


def test_it_is_the_same_in_another_process(sample: list[Message]) -> None:
    code = (
        "from tests.bench.test_corpus import digest; from bench.corpus import SAMPLE;"
        "print(digest(list(SAMPLE.messages())))"
    )
    made = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert made.stdout.strip() == digest(sample)


def test_another_seed_makes_other_messages(sample: list[Message]) -> None:
    other = Corpus(SAMPLE.count, SAMPLE.total, "another")
    assert next(other.messages()).content != sample[0].content


def test_the_full_mailbox_has_5000_messages_of_230_megabytes() -> None:
    count = size = large = 0
    for message in FULL.messages():
        count += 1
        size += len(message.content)
        large += 5 * MEGABYTE * 0.99 < len(message.content) <= 20 * MEGABYTE
    assert count == 5_000
    assert size / MEGABYTE == pytest.approx(230, rel=0.02)
    assert large >= 4


def test_most_messages_are_small_and_few_are_large(sample: list[Message]) -> None:
    sizes = sorted(len(message.content) for message in sample)
    mean = sum(sizes) / len(sizes)
    assert sizes[len(sizes) // 2] < mean / 4
    assert sizes[-1] == pytest.approx(5 * MEGABYTE, rel=0.01)


def test_folders(sample: list[Message]) -> None:
    counts = Counter(message.folder for message in sample)
    assert 14 <= len(FOLDERS) <= 16
    assert set(counts) == set(FOLDERS) - {"Empty"}
    assert counts["INBOX"] == max(counts.values())
    assert {"Sent Items", "Deleted Items", "Drafts", "Junk E-mail"} <= set(FOLDERS)
    assert any(folder.count("/") == 2 for folder in FOLDERS)
    assert any(not folder.isascii() for folder in FOLDERS)


def test_every_odd_kind_is_there(sample: list[Message]) -> None:
    contents = [message.content for message in sample]
    heads = [content.partition(b"\r\n\r\n")[0].lower() for content in contents]
    ids = Counter(re.findall(rb"^message-id: (.*)\r$", b"\r\n".join(heads) + b"\r\n", re.M))
    assert any(b"message-id:" not in head and b"date:" in head for head in heads)
    assert any(b"message-id:" in head and b"\ndate:" not in head for head in heads)
    assert any(b"message-id:" not in head and b"date:" not in head for head in heads)
    assert any(one == other for one, other in pairwise(sample))
    assert ids.most_common(1)[0][1] > 1
    assert any(re.search(rb"subject: .*\xc3\xbc", head) for head in heads)
    assert any(re.search(rb"subject: .*[^\xc3]\xfc", head) for head in heads)
    assert any(max(map(len, content.split(b"\r\n"))) > 90_000 for content in contents)
    assert any(len(head) > 20_000 for head in heads)
    assert any(content.endswith(b"\r\n\r\n") for content in contents)
    assert any(b"\r\n\r\n" not in content for content in contents)
    assert any(not content.endswith(b"\r\n") for content in contents)
    assert any(content.startswith(b"\r\n") for content in contents)
    assert any(content.startswith(b"From ") for content in contents)
    assert any(sum(byte > 127 for byte in content[-9_000:]) > 1_000 for content in contents)


def test_a_message_id_is_shared_by_different_messages(sample: list[Message]) -> None:
    by_id: dict[bytes, set[bytes]] = {}
    for message in sample:
        found = re.search(rb"^Message-ID: (.*)\r$", message.content, re.M)
        if found:
            by_id.setdefault(found[1], set()).add(message.content)
    assert any(len(contents) > 1 for contents in by_id.values())


def test_nothing_that_dovecot_itself_changes(sample: list[Message]) -> None:
    for message in sample:
        assert b"\0" not in message.content
        assert b"\n" not in message.content.replace(b"\r\n", b"")
        assert b"\r" not in message.content.replace(b"\r\n", b"")
        assert message.content


def test_flags_keywords_and_dates_are_of_many_kinds(sample: list[Message]) -> None:
    flags = {flag for message in sample for flag in message.flags}
    assert {"\\Seen", "\\Answered", "\\Flagged", "\\Draft", "$Forwarded"} <= flags
    assert "\\Deleted" not in flags
    assert len(flags) >= 15
    assert any(not message.flags for message in sample)
    years = {message.date.year for message in sample}
    assert (min(years), max(years)) in {(1971, 2026), (1970, 2026), (1971, 2025)}
    assert len(years) > 40
    zones = {message.date.utcoffset() or timedelta() for message in sample}
    assert min(zones) < timedelta(hours=-9)
    assert max(zones) > timedelta(hours=12)


def test_quick_has_every_kind_too() -> None:
    assert QUICK.count // 12 >= len(ODD_KINDS) == len(Odd)
    assert sum(len(m.content) for m in QUICK.messages()) == pytest.approx(QUICK.total, rel=0.05)


def test_large_messages_are_large() -> None:
    made = list(LargeCorpus(2, 3 * MEGABYTE).messages())
    assert [len(message.content) for message in made] == pytest.approx([3e6, 3e6], rel=0.001)
    assert made[0].content != made[1].content
    assert (LargeCorpus().count, LargeCorpus().size) == (6, 40 * MEGABYTE)
