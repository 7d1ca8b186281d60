"""A round of client settings: everybody gets theirs, and nobody gets two mails."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from localrun.fakes.mailer import MemoryMailer
from migration.client_report import read_report_on_clients
from migration.client_sending import Means, Progress, send_guides
from migration.directory_model import DirectoryUser, Organization
from migration.letters import Doubtful, Halted, Letter, Posted, Refused, Throttled
from migration.model import Failure, GuideRecord, GuideState, Mailbox
from migration.settings import Settings
from tests.unit.test_settings import environment

RUN, ROUND, LATER = "run-1", "2026-12-05T06:00:00Z", "2026-12-06T06:00:00Z"
NAMES = ("ann", "bob", "cem", "dia")


class Directory:
    """What a round asks WorkMail."""

    def organization(self) -> Organization:
        return Organization("m-1", "acme", "Active")

    def authentication_mode(self) -> str:
        return ""

    def enabled_users(self) -> list[DirectoryUser]:
        return [
            DirectoryUser(f"u-{name}", name, f"{name}@acme.example", "ENABLED") for name in NAMES
        ]


class Probe:
    """Autodiscover that answers `code`."""

    def __init__(self, code: str = "http-401") -> None:
        self.code = code
        self.asked: list[str] = []

    def ask(self, url: str) -> str:
        self.asked.append(url)
        return self.code


class Killed(Exception):
    """The function was stopped."""


class Steps:
    """Counts what several threads do."""

    def __init__(self) -> None:
        self.counted = 0
        self._lock = threading.Lock()

    def count(self) -> int:
        with self._lock:
            self.counted += 1
            return self.counted


class Tenant:
    """A tenant of four users, whose function may be stopped at any step."""

    def __init__(self, send: str = "old", judge: Any = lambda letter: None, **changes: Any) -> None:
        self.ledger = MemoryLedger()
        self.blobs = MemoryBlobs()
        self.mailer = MemoryMailer(judge=judge)
        self.probe = Probe()
        self.pauses: list[float] = []
        self.seconds: Callable[[], float] = lambda: 300.0
        self.settings = replace(
            Settings.from_env(environment()),
            tenant="acme",
            domains=("acme.example",),
            clients_send=send,
            clients_sender="it@acme.example",
            clients_languages=("en",),
            autodiscover_url="https://autodiscover.{domain}/autodiscover/autodiscover.xml",
            **changes,
        )
        self.ledger.plan_mailboxes(
            RUN,
            [
                Mailbox(
                    f"box-{name}", f"{name}@old.example", f"{name}@acme.example", name, name.title()
                )
                for name in NAMES
            ],
        )
        for name in NAMES:
            self.ledger.set_provisioned(f"box-{name}", f"u-{name}", "created")

    def call(self, round_: str = ROUND) -> Progress:
        directory: Any = Directory()
        means = Means(
            self.settings,
            "eu-west-1",
            directory,
            self.ledger,
            self.blobs,
            self.mailer,
            self.probe,
            self.seconds,
            self.pauses.append,
        )
        return send_guides(means, RUN, round_)

    def kill_at(self, number: int) -> None:
        """Stops the function at its step of that number, counted from now."""
        steps = Steps()

        def step(name: str) -> None:
            if steps.count() == number:
                raise Killed(name)

        for each in (self.ledger, self.blobs, self.mailer):
            each.step = step

    def heal(self) -> None:
        for each in (self.ledger, self.blobs, self.mailer):
            each.step = lambda name: None

    @property
    def recipients(self) -> Counter[str]:
        return Counter(letter.to for letter in self.mailer.sent)

    @property
    def states(self) -> dict[str, GuideState]:
        return {
            guide.mailbox_id.removeprefix("box-"): guide.state for guide in self.ledger.guides()
        }

    def note(self) -> str:
        (note,) = (each for each in self.ledger.notes(RUN) if each.state == "SendClientGuides")
        return note.what


def test_every_user_gets_files_and_one_mail() -> None:
    tenant = Tenant()
    tenant.settings = replace(tenant.settings, clients_languages=("en", "de"))
    assert tenant.call() == Progress(more=False, pages=4, sent=4)
    assert tenant.recipients == Counter({f"{name}@old.example": 1 for name in NAMES})
    keys = set(tenant.blobs.files())
    for name in NAMES:
        files = ("index.html", "mail.html", "mail.txt", "iphone.mobileconfig", "mac.mobileconfig")
        assert {f"clients/box-{name}/{file}" for file in files} <= keys
    assert {
        "clients/index.html",
        "clients/users.csv",
        "clients/autoconfig/acme.example/mail/config-v1.1.xml",
    } <= keys
    assert tenant.probe.asked == ["https://autodiscover.acme.example/autodiscover/autodiscover.xml"]
    assert tenant.note() == (
        "client settings of 4 users are below clients/ in the bucket; 4 have been mailed; "
        "acme.example: autodiscover answers as WorkMail's does"
    )


def test_a_mail_has_both_parts_and_the_profiles_and_comes_from_the_sender() -> None:
    tenant = Tenant(send="new")
    tenant.call()
    letter = tenant.mailer.sent[0]
    assert (letter.sender, letter.to) == ("it@acme.example", "ann@acme.example")
    assert letter.subject == "Your mailbox ann@acme.example: how to set up your mail programs"
    assert letter.text.startswith("Set up your mail programs\n")
    assert "<h1" in letter.html
    assert [each.name for each in letter.attachments] == ["iphone.mobileconfig", "mac.mobileconfig"]


def test_without_sending_everything_is_written_and_nobody_is_mailed() -> None:
    tenant = Tenant(send="none")
    assert tenant.call() == Progress(more=False, pages=4)
    assert tenant.mailer.asked == 0
    assert set(tenant.states.values()) == {GuideState.WRITTEN}


def test_a_later_round_writes_pages_anew_and_mails_nobody_twice() -> None:
    tenant = Tenant()
    tenant.call()
    before = len(tenant.blobs.files())
    assert tenant.call(LATER).sent == 4
    assert tenant.recipients.total() == 4
    assert len(tenant.blobs.files()) == before
    quiet = tenant.ledger.writes
    tenant.call(LATER)
    assert tenant.ledger.writes - quiet == 2  # both of its notes


def test_who_failed_gets_nothing_and_is_counted() -> None:
    tenant = Tenant()
    tenant.ledger.set_failed("box-bob", Failure("QuotaExceeded", "full"))
    assert tenant.call() == Progress(more=False, pages=3, sent=3)
    assert "bob@old.example" not in tenant.recipients
    assert not any(key.startswith("clients/box-bob/") for key in tenant.blobs.files())
    report = read_report_on_clients(tenant.blobs, RUN)
    assert report is not None
    assert report.without == {"the mailbox failed": 1}


def test_a_round_goes_over_many_calls() -> None:
    tenant = Tenant()
    left = iter([300.0, 5.0, 300.0, 300.0, 5.0, 300.0, 300.0])
    tenant.seconds = lambda: next(left)
    calls = [tenant.call(), tenant.call(), tenant.call()]
    assert [each.more for each in calls] == [True, True, False]
    assert calls[-1] == Progress(more=False, pages=4, sent=4)
    assert tenant.recipients.total() == 4


def test_files_of_several_users_are_written_at_once_and_recorded_in_their_order() -> None:
    """Ann's page is done only after a page of each of the others has been begun."""
    tenant = Tenant(send="none")
    others = threading.Semaphore(0)
    write = tenant.blobs.put

    def put(key: str, body: bytes, content_type: str = "") -> str:
        if key == "clients/box-ann/index.html":
            for _ in NAMES[1:]:
                assert others.acquire(timeout=10)
        elif key.endswith("index.html") and key.startswith("clients/box-"):
            others.release()
        return write(key, body, content_type)

    blobs: Any = tenant.blobs
    blobs.put = put
    recorded: list[str] = []
    record = tenant.ledger.set_guide

    def set_guide(guide: GuideRecord) -> None:
        recorded.append(guide.mailbox_id)
        record(guide)

    ledger: Any = tenant.ledger
    ledger.set_guide = set_guide
    assert tenant.call() == Progress(more=False, pages=4)
    assert recorded == [f"box-{name}" for name in NAMES]


def test_a_file_that_cannot_be_written_stops_the_round_before_that_user_and_is_told() -> None:
    tenant = Tenant()
    write = tenant.blobs.put

    def put(key: str, body: bytes, content_type: str = "") -> str:
        if key.startswith("clients/box-cem/mail"):
            raise ConnectionError("the bucket does not answer")
        return write(key, body, content_type)

    blobs: Any = tenant.blobs
    blobs.put = put
    with pytest.raises(ConnectionError, match="the bucket does not answer"):
        tenant.call()
    assert tenant.states == {"ann": GuideState.SENT, "bob": GuideState.SENT}
    blobs.put = write
    assert tenant.call() == Progress(more=False, pages=4, sent=4)
    assert tenant.recipients.total() == 4


def test_throttling_is_waited_for_here_and_then_by_the_workflow() -> None:
    answers: list[Posted | None] = [Throttled(2.0), None, *([Throttled(2.0)] * 5), None]
    tenant = Tenant(judge=lambda letter: answers.pop(0) if answers else None)
    assert tenant.call() == Progress(more=True, wait_seconds=30)
    assert tenant.pauses == [2.0] * 6
    assert tenant.states == {"ann": GuideState.SENT, "bob": GuideState.WRITTEN}
    assert tenant.call() == Progress(more=False, pages=4, sent=4)
    assert tenant.recipients.total() == 4


def test_a_refused_address_is_a_remark_and_a_later_round_tries_it_again() -> None:
    refused = True

    def judge(letter: Letter) -> Posted | None:
        return Refused("no such address") if refused and letter.to.startswith("cem") else None

    tenant = Tenant(judge=judge)
    assert tenant.call() == Progress(more=False, pages=4, sent=3)
    report = read_report_on_clients(tenant.blobs, RUN)
    assert report is not None
    assert report.refused == {"cem@acme.example": "no such address"}
    assert tenant.call().sent == 3
    assert tenant.mailer.asked == 4
    refused = False
    assert tenant.call(LATER).sent == 4


def test_an_old_mailbox_without_an_address_is_a_remark() -> None:
    tenant = Tenant()
    eve = Mailbox("box-ann", "ann-login", "ann@acme.example", "ann", "Ann")
    tenant.ledger.plan_mailboxes(RUN, [eve])
    tenant.call()
    report = read_report_on_clients(tenant.blobs, RUN)
    assert report is not None
    assert report.refused == {"ann@acme.example": "the old mailbox has a login and no address"}
    assert tenant.recipients.total() == 3


def test_what_stops_all_mail_stops_no_page_and_is_told_once() -> None:
    tenant = Tenant(judge=lambda letter: Halted("SES has paused the account"))
    assert tenant.call() == Progress(more=False, pages=4, problems=1)
    assert tenant.mailer.asked == 1
    assert tenant.note().endswith("4 not mailed: SES has paused the account")
    assert set(tenant.states.values()) == {GuideState.WRITTEN}
    tenant.mailer.judge = lambda letter: None
    assert tenant.call(LATER).sent == 4


def test_a_lost_answer_is_told_and_nobody_is_mailed_again() -> None:
    lost = iter([Doubtful()])
    tenant = Tenant(judge=lambda letter: next(lost, None))
    assert tenant.call().sent == 3
    report = read_report_on_clients(tenant.blobs, RUN)
    assert report is not None
    assert report.doubtful == ("ann@acme.example",)
    assert "1 may have been mailed" in tenant.note()
    assert tenant.call(LATER).sent == 3
    assert tenant.mailer.asked == 4


def test_a_broken_template_is_told_before_anything_is_written_or_sent() -> None:
    tenant = Tenant()
    tenant.blobs.put("intake/client-templates/page.html.j2", b"a\n{{ guides[9].heading }}")
    done = tenant.call()
    assert (done.more, done.pages, done.sent) == (False, 0, 0)
    assert "intake/client-templates/page.html.j2, line 2: " in tenant.note()
    assert '{"phases": ["clients"]}' in tenant.note()
    assert [key for key in tenant.blobs.files() if key.startswith("clients/")] == []
    assert tenant.mailer.asked == 0


BOB_FAILS = b"{% if account.name == 'Bob' %}{{ account.name + 1 }}{% endif %}"


def test_a_template_that_fails_for_one_user_is_a_remark_on_that_user() -> None:
    tenant = Tenant()
    tenant.blobs.put("intake/client-templates/page.html.j2", BOB_FAILS)
    assert tenant.call() == Progress(more=False, pages=3, sent=3)
    report = read_report_on_clients(tenant.blobs, RUN)
    assert report is not None
    assert report.refused == {"bob@acme.example": "page.html.j2, line 1: TypeError"}


def test_who_had_a_mail_gets_no_other_although_the_page_fails_meanwhile() -> None:
    tenant = Tenant()
    tenant.call()
    tenant.blobs.put("intake/client-templates/page.html.j2", BOB_FAILS)
    assert tenant.call("2026-12-06T06:00:00Z").sent == 4
    tenant.blobs.put("intake/client-templates/page.html.j2", b"fine again")
    assert tenant.call("2026-12-07T06:00:00Z").sent == 4
    assert tenant.recipients.total() == 4


def test_wrong_autodiscover_is_told_and_stands_on_the_pages() -> None:
    tenant = Tenant(send="none")
    tenant.probe = Probe("no-name")
    tenant.call()
    assert "acme.example: autodiscover has no DNS record" in tenant.note()
    assert b'class="note"' in tenant.blobs.get("clients/box-ann/index.html")


def test_autodiscover_may_be_left_alone() -> None:
    tenant = Tenant(send="none")
    tenant.settings = replace(tenant.settings, autodiscover_url="")
    tenant.call()
    assert tenant.probe.asked == []
    assert "autodiscover" not in tenant.note()


def test_the_timeline_and_the_ledgers_reasons_hold_no_address() -> None:
    tenant = Tenant(judge=lambda letter: Refused("SES refuses the address"))
    tenant.call()
    told = tenant.note() + json.dumps([guide.reason for guide in tenant.ledger.guides()])
    assert "@" not in told


def steps_of_a_quiet_round() -> int:
    tenant = Tenant()
    steps = Steps()

    def step(_name: str) -> None:
        steps.count()

    for each in (tenant.ledger, tenant.blobs, tenant.mailer):
        each.step = step
    tenant.call()
    return steps.counted


STEPS = steps_of_a_quiet_round()


def test_a_round_that_was_stopped_says_so() -> None:
    tenant = Tenant()
    tenant.kill_at(9)
    with pytest.raises(Killed):
        tenant.call()
    assert tenant.note().startswith("client settings are not finished")


def test_the_kills_cover_every_write() -> None:
    assert STEPS > 2 * (4 * (5 + 3) + 5)  # 5 files, 2 writes and a mail for each user


@pytest.mark.parametrize("number", range(1, STEPS + 1))
def test_a_stop_at_any_step_sends_nobody_two_mails_and_hides_nothing(number: int) -> None:
    quiet = Tenant()
    quiet.call()
    tenant = Tenant()
    tenant.kill_at(number)
    with pytest.raises(Killed):
        tenant.call()
    tenant.heal()
    done = tenant.call()
    assert not done.more
    assert max(tenant.recipients.values()) == 1
    report = read_report_on_clients(tenant.blobs, RUN)
    assert report is not None
    # Whoever may have got none is told; everybody else has one, and the ledger knows it.
    missing = {f"{name}@acme.example" for name in NAMES} - {
        to.replace("old", "acme") for to in tenant.recipients
    }
    assert missing <= set(report.doubtful)
    assert report.sent + len(report.doubtful) == 4
    assert len(report.doubtful) <= 1
    lists = {"clients/index.html", "clients/users.csv", f"reports/{RUN}/clients.json"}
    for key, body in quiet.blobs.files().items():
        if key not in lists or not report.doubtful:
            assert tenant.blobs.get(key) == body, key
