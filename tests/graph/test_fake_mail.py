"""The Graph of the laptop, asked by a client that knows nothing of ours: mail."""

from __future__ import annotations

from datetime import timedelta

from localrun.fakes.graph import GraphServer
from tests.graph.plain import ANN, IMMUTABLE, NOON, Plain, mime

BOX = f"/users/{ANN}"
INBOX = f"{BOX}/mailFolders/inbox/messages"


def test_a_message_is_told_by_its_header(server: GraphServer, client: Plain) -> None:
    flags = ("\\Seen", "\\Flagged")
    uid = server.mailbox(ANN).deliver("inbox", mime("One"), NOON, flags, ("Red",), "high")
    told = client.get(f"{BOX}/messages/{uid}", IMMUTABLE)
    assert told["id"] == uid
    assert told["subject"] == "One"
    assert told["receivedDateTime"] == "2026-01-31T12:00:00Z"
    assert told["sentDateTime"] == "2026-01-31T11:58:00Z"
    assert told["from"]["emailAddress"] == {
        "name": "Bob Builder",
        "address": "bob@elsewhere.example",
    }
    assert told["isRead"] is True
    assert told["flag"] == {"flagStatus": "flagged"}
    assert told["categories"] == ["Red"]
    assert told["importance"] == "high"
    assert told["body"]["content"].strip() == "Hello"
    assert "internetMessageHeaders" not in told


def test_select_tells_only_what_it_names(server: GraphServer, client: Plain) -> None:
    uid = server.mailbox(ANN).deliver("inbox", mime("One", "X-A: 1\n  2"), NOON)
    told = client.get(f"{BOX}/messages/{uid}?$select=isRead,internetMessageHeaders")
    assert set(told) == {
        "@odata.context",
        "@odata.etag",
        "id",
        "isRead",
        "internetMessageHeaders",
    }
    assert {"name": "X-A", "value": "1 2"} in told["internetMessageHeaders"]


def test_mime_comes_in_chunks_with_crlf(server: GraphServer, client: Plain) -> None:
    body = "Hällo " * 20_000
    uid = server.mailbox(ANN).deliver("inbox", mime("One", body=body), NOON)
    answer = client.ask(f"{BOX}/messages/{uid}/$value")
    assert "Content-Length" not in answer.headers
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert answer.content == mime("One", body=body).replace(b"\n", b"\r\n")
    assert client.get(f"{BOX}/messages/{uid}")["id"] != uid, "the connection is still good"


def test_boundaries_change_on_order(server: GraphServer, client: Plain) -> None:
    parts = "--one\n\nA\n--one\n\nB\n--one--\n"
    data = mime("M", 'Content-Type: multipart/mixed; boundary="one"', body=parts)
    uid = server.mailbox(ANN).deliver("inbox", data, NOON)
    path = f"{BOX}/messages/{uid}/$value"
    assert client.ask(path).content == client.ask(path).content
    server.faults.unstable_mime = True
    assert client.ask(path).content != client.ask(path).content


def test_ids_stay_only_for_those_who_ask_for_it(server: GraphServer, client: Plain) -> None:
    box = server.mailbox(ANN)
    uid = box.deliver("inbox", mime("One"), NOON)
    [before] = client.get(INBOX)["value"]
    assert before["id"] != uid
    assert client.get(f"{BOX}/messages/{before['id']}", IMMUTABLE)["id"] == uid
    box.move(uid, "archive")
    [after] = client.get(f"{BOX}/mailFolders/archive/messages")["value"]
    assert after["id"] not in {uid, before["id"]}
    assert client.get(f"{BOX}/messages/{uid}", IMMUTABLE)["id"] == uid
    assert client.refusal(f"{BOX}/messages/{before['id']}") == (404, "ErrorItemNotFound")
    assert client.refusal(f"{INBOX}/{uid}") == (404, "ErrorItemNotFound")


def test_extended_properties_are_spelled_as_graph_does(server: GraphServer, client: Plain) -> None:
    box = server.mailbox(ANN)
    uid = box.deliver("inbox", mime("One"), NOON, ("\\Seen", "\\Answered"))
    asked = ["SystemTime 0x0E06", "SystemTime 0x0039", "Integer 0x0E07", "Integer 0x1081"]
    asked += ["Integer 0x0E08", "String 0x1234"]
    terms = " or ".join(f"id eq '{name}'" for name in asked)
    expand = f"$expand=singleValueExtendedProperties($filter={terms})"
    told = client.get(f"{BOX}/messages/{uid}?$select=id&{expand}")["singleValueExtendedProperties"]
    assert {one["id"]: one["value"] for one in told} == {
        "SystemTime 0xe06": "2026-01-31T12:00:00Z",
        "SystemTime 0x39": "2026-01-31T11:58:00Z",
        "Integer 0xe07": "1",
        "Integer 0x1081": "102",
        "Integer 0xe08": str(len(mime("One"))),
    }
    draft = box.deliver("drafts", b"Subject: D\n\nx", NOON, ("\\Draft",))
    told = client.get(f"{BOX}/messages/{draft}?{expand}")["singleValueExtendedProperties"]
    assert {one["id"] for one in told} == {"Integer 0xe07", "Integer 0xe08"}
    [seen] = client.get(f"{INBOX}?$select=id&{expand}")["value"]
    assert len(seen["singleValueExtendedProperties"]) == 5
    wrong = "$expand=attachments"
    assert client.refusal(f"{INBOX}?{wrong}") == (400, "ErrorInvalidUrlQuery")


def test_flags_have_dates(server: GraphServer, client: Plain) -> None:
    box = server.mailbox(ANN)
    uid = box.deliver("inbox", mime("One"), NOON)
    box.follow_up(uid, due=NOON, completed=NOON + timedelta(days=1))
    assert client.get(f"{BOX}/messages/{uid}?$select=flag")["flag"] == {
        "flagStatus": "complete",
        "dueDateTime": {"dateTime": "2026-01-31T12:00:00.0000000", "timeZone": "UTC"},
        "completedDateTime": {"dateTime": "2026-02-01T12:00:00.0000000", "timeZone": "UTC"},
    }


def test_lists_are_paged_counted_filtered_and_ordered(server: GraphServer, client: Plain) -> None:
    box = server.mailbox(ANN)
    for day in range(25):
        box.deliver("inbox", mime(f"{day}"), NOON + timedelta(days=day), ["\\Seen"] * (day % 2))
    box.add_others("inbox", 3)
    first = client.get(f"{INBOX}?$count=true&$select=subject")
    assert len(first["value"]) == 10
    assert first["@odata.count"] == 25
    subjects = [one["subject"] for one in client.values(f"{INBOX}?$select=subject&$top=7")]
    assert subjects == [str(day) for day in reversed(range(25))]
    oldest = client.get(f"{INBOX}?$orderby=receivedDateTime asc&$top=1")["value"]
    assert oldest[0]["subject"] == "0"
    assert client.ask(f"{INBOX}/$count").content.decode("utf-8-sig") == "25"
    unread = client.ask(f"{INBOX}/$count?$filter=isRead eq false").content
    assert unread.decode("utf-8-sig") == "13"
    late = "receivedDateTime ge 2026-02-20T00:00:00Z and isRead eq true"
    assert len(list(client.values(f"{INBOX}?$filter={late}&$top=2"))) == 2
    assert client.get(f"{BOX}/mailFolders/inbox")["totalItemCount"] == 28
    for broken in ("isRead", "isRead eq true and ", "isRead eq true or isDraft eq true"):
        assert client.refusal(f"{INBOX}?$filter={broken}") == (400, "BadRequest")
    assert client.refusal(f"{INBOX}?$search=x") == (400, "BadRequest")


def test_corrupt_messages_are_listed_and_cannot_be_read(server: GraphServer, client: Plain) -> None:
    box = server.mailbox(ANN)
    bad, gone = (box.deliver("inbox", mime(name), NOON) for name in ("bad", "gone"))
    box.corrupt(bad)
    box.corrupt(gone, status=404, code="ErrorItemNotFound")
    assert len(client.get(INBOX)["value"]) == 2
    answer = client.ask(f"{BOX}/messages/{bad}/$value")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "ErrorCorruptData")
    assert ANN in answer.json()["error"]["message"]
    assert client.get(f"{BOX}/messages/{bad}?$select=isRead")["isRead"] is False
    assert client.refusal(f"{BOX}/messages/{gone}") == (404, "ErrorItemNotFound")


def test_ids_that_are_none_are_malformed(client: Plain) -> None:
    assert client.refusal(f"{BOX}/messages/x1") == (400, "ErrorInvalidIdMalformed")
    assert client.refusal(f"{BOX}/messages/AAMkAAA=") == (404, "ErrorItemNotFound")


def test_invitations_have_a_type_of_their_own(server: GraphServer, client: Plain) -> None:
    data = mime("Meet", "Content-Type: text/calendar; method=REQUEST", body="BEGIN:VCALENDAR")
    uid = server.mailbox(ANN).deliver("inbox", data, NOON)
    told = client.get(f"{BOX}/messages/{uid}")
    assert told["@odata.type"] == "#microsoft.graph.eventMessageRequest"
    assert told["meetingMessageType"] == "meetingRequest"


def test_importance_is_told_by_the_header_too(server: GraphServer, client: Plain) -> None:
    box = server.mailbox(ANN)
    uids = [
        box.deliver("inbox", mime("1", "Importance: Low"), NOON),
        box.deliver("inbox", mime("2", "Importance: none"), NOON),
        box.deliver("inbox", mime("3", "Importance: Low"), NOON, importance="normal"),
    ]
    told = [client.get(f"{BOX}/messages/{uid}")["importance"] for uid in uids]
    assert told == ["low", "normal", "normal"]


def test_broken_headers_are_told_as_well_as_can_be(server: GraphServer, client: Plain) -> None:
    data = b"From: <<>>\nDate: never\nSubject: =?utf-8?b?w6Q=?= \xe4\nnonsense\n\n\xff"
    uid = server.mailbox(ANN).deliver("inbox", data, NOON)
    told = client.get(f"{BOX}/messages/{uid}")
    assert told["subject"].startswith("ä")
    assert told["sentDateTime"] == told["receivedDateTime"]
    assert told["internetMessageId"].startswith("<")
    assert told["toRecipients"] == []


def test_attachments_are_noticed(server: GraphServer, client: Plain) -> None:
    parts = "--one\n\nA\n--one\nContent-Disposition: attachment\n\nB\n--one--\n"
    data = mime("M", 'Content-Type: multipart/mixed; boundary="one"', body=parts)
    uid = server.mailbox(ANN).deliver("inbox", data, NOON)
    expand = "$expand=singleValueExtendedProperties($filter=id eq 'Integer 0x0E07')"
    told = client.get(f"{BOX}/messages/{uid}?$select=hasAttachments&{expand}")
    assert told["hasAttachments"] is True
    assert told["singleValueExtendedProperties"][0]["value"] == "16"


def test_numbers_of_pages_that_are_none(client: Plain) -> None:
    for option in ("$skip=-1", "$top=0", "$top=x", "$select=colour"):
        assert client.refusal(f"{INBOX}?{option}")[0] == 400
    assert client.refusal(f"{INBOX}?$orderby=subject") == (400, "ErrorInvalidUrlQuery")
    assert client.get(f"{INBOX}?$filter=subject gt 5")["value"] == []


def test_no_page_is_larger_than_a_thousand(server: GraphServer, client: Plain) -> None:
    for _ in range(1001):
        server.mailbox(ANN).deliver("inbox", mime("One"), NOON)
    for path in (f"{INBOX}?$top=2000&$select=id", f"{INBOX}/delta?$select=id"):
        assert len(client.get(path, "odata.maxpagesize=2000")["value"]) == 1000
