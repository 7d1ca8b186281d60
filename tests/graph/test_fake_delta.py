"""The Graph of the laptop, asked by a client that knows nothing of ours: delta rounds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from localrun.fakes.graph import GraphServer, Mailbox
from tests.graph.plain import ANN, IMMUTABLE, NOON, Plain, mime

DELTA = f"/users/{ANN}/mailFolders/inbox/messages/delta?$select=subject,isRead"
PREFER = f"odata.maxpagesize=3, {IMMUTABLE}"


@pytest.fixture
def box(server: GraphServer) -> Mailbox:
    return server.mailbox(ANN)


def deliver(box: Mailbox, count: int) -> list[str]:
    return [
        box.deliver("inbox", mime(f"{day}"), NOON + timedelta(days=day)) for day in range(count)
    ]


def ids(values: list[Any]) -> list[str]:
    return [value["id"] for value in values]


def test_a_first_round_shows_everything_once(client: Plain, box: Mailbox) -> None:
    uids = deliver(box, 8)
    page = client.ask(DELTA, PREFER)
    assert page.headers["Preference-Applied"] == "odata.maxpagesize=3"
    assert len(page.json()["value"]) == 3
    assert set(page.json()["value"][0]) == {
        "@odata.type",
        "@odata.etag",
        "id",
        "subject",
        "isRead",
    }
    values, link = client.round(DELTA, PREFER)
    assert sorted(ids(values)) == sorted(uids)
    assert "$deltatoken=" in link
    assert client.round(link, PREFER)[0] == []


def test_an_empty_folder_gives_a_link_at_once(client: Plain, box: Mailbox) -> None:
    values, link = client.round(DELTA, PREFER)
    assert values == []
    [uid] = deliver(box, 1)
    assert ids(client.round(link, PREFER)[0]) == [uid]


def test_a_later_round_shows_what_came_changed_and_went(client: Plain, box: Mailbox) -> None:
    changed, deleted, moved, untouched = deliver(box, 4)
    link = client.round(DELTA, PREFER)[1]
    box.flag(changed, "\\Seen")
    box.flag(changed, "\\Seen", "\\Flagged")
    box.delete(deleted)
    box.move(moved, "archive")
    new = box.deliver("inbox", mime("new"), NOON)
    values, later = client.round(link, PREFER)
    told = {value["id"]: value for value in values}
    assert len(values) == len(told) == 4
    assert untouched not in told
    assert told[changed]["isRead"] is True
    assert told[new]["subject"] == "new"
    for gone in (deleted, moved):
        assert told[gone]["@removed"] == {"reason": "deleted"}
        assert "subject" not in told[gone]
    assert client.round(later, PREFER)[0] == []
    again = client.round(link, PREFER)[0]
    assert ids(again) == ids(values), "a link can be asked twice"


def test_a_message_that_comes_back_is_there(client: Plain, box: Mailbox) -> None:
    [uid] = deliver(box, 1)
    link = client.round(DELTA, PREFER)[1]
    box.move(uid, "archive")
    box.move(uid, "inbox")
    [value] = client.round(link, PREFER)[0]
    assert value["id"] == uid
    assert "@removed" not in value


def test_what_happens_during_a_round_is_in_the_next(client: Plain, box: Mailbox) -> None:
    uids = deliver(box, 6)
    first = client.get(DELTA, PREFER)
    shown = ids(first["value"])
    hidden = [uid for uid in uids if uid not in shown]
    box.delete(hidden[0])
    box.flag(hidden[1], "\\Seen")
    new = box.deliver("inbox", mime("new"), NOON)
    rest, link = client.round(first["@odata.nextLink"], PREFER)
    assert new not in ids(rest)
    assert hidden[0] not in ids(rest)
    values, _ = client.round(link, PREFER)
    assert ids(values) == [hidden[0], hidden[1], new]


def test_without_the_preference_ids_are_others(client: Plain, box: Mailbox) -> None:
    [uid] = deliver(box, 1)
    values, link = client.round(DELTA)
    assert ids(values) != [uid]
    box.move(uid, "archive")
    assert client.round(link)[0] == [
        {
            "@odata.type": "#microsoft.graph.message",
            "id": values[0]["id"],
            "@removed": {"reason": "deleted"},
        }
    ]


def test_links_expire(client: Plain, box: Mailbox) -> None:
    deliver(box, 4)
    page = client.get(DELTA, PREFER)
    link = client.round(DELTA, PREFER)[1]
    box.expire_delta_tokens()
    assert client.refusal(link) == (410, "syncStateNotFound")
    assert client.refusal(page["@odata.nextLink"]) == (410, "syncStateNotFound")
    assert len(client.round(DELTA, PREFER)[0]) == 4
    box.expire_delta_tokens(400, "ErrorInvalidSyncState")
    assert client.refusal(link) == (400, "ErrorInvalidSyncState")


def test_links_are_good_for_their_folder_and_server_alone(client: Plain, box: Mailbox) -> None:
    deliver(box, 4)
    link = client.round(DELTA, PREFER)[1]
    for here in (link, client.get(DELTA, PREFER)["@odata.nextLink"]):
        other = here.replace("'inbox'", "'archive'")
        assert other != here
        assert client.refusal(other) == (410, "syncStateNotFound")
    with GraphServer() as restarted:
        restarted.add_user(ANN, "Ann Example")
        with Plain(restarted) as stranger:
            path = link.partition("/v1.0")[2]
            assert stranger.refusal(path) == (410, "syncStateNotFound")


def test_links_differ_though_nothing_has_changed(client: Plain) -> None:
    first = client.round(DELTA, PREFER)[1]
    assert client.round(first, PREFER)[1] != first


def test_pages_replay_and_shrink_and_are_empty_on_order(
    server: GraphServer, client: Plain, box: Mailbox
) -> None:
    uids = deliver(box, 5)
    server.faults.replays = 1
    server.faults.page_limit = 2
    server.faults.empty_pages = True
    page = client.get(DELTA, PREFER)
    assert page["value"] == []
    values, _ = client.round(DELTA, PREFER)
    assert len(values) == 7
    assert set(ids(values)) == set(uids)


def test_the_log_is_kept_for_names_with_quotes(server: GraphServer, client: Plain) -> None:
    server.add_user("o'neil@contoso.example", "O Neil")
    path = "/users/o'neil@contoso.example/mailFolders/inbox/messages/delta"
    _, link = client.round(path)
    server.mailbox("o'neil@contoso.example").deliver("inbox", mime("One"), NOON)
    assert len(client.round(link)[0]) == 1


def test_what_nobody_reads_shows_a_message_again(client: Plain, box: Mailbox) -> None:
    first, second, _ = deliver(box, 3)
    link = client.round(DELTA, PREFER)[1]
    box.touch(second)
    box.categorise(first, "Red", "Blue")
    values = client.round(link, PREFER)[0]
    assert ids(values) == [second, first]
    assert client.get(f"/users/{ANN}/messages/{first}")["categories"] == ["Red", "Blue"]


def test_a_folder_that_is_gone_has_no_rounds(client: Plain, box: Mailbox) -> None:
    number = box.add_folder("Old")
    link = client.round(f"/users/{ANN}/mailFolders/{number}/messages/delta", PREFER)[1]
    box.delete_folder("Old")
    assert client.refusal(link) == (404, "ErrorItemNotFound")
