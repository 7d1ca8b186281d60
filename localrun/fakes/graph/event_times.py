"""Times and bodies of events, as the preferences of a request ask for them.

https://learn.microsoft.com/graph/api/event-get: Prefer: outlook.timezone decides in which zone
start and end are told, UTC without it; outlook.body-content-type whether a body is HTML or text,
HTML without it. The answer's Preference-Applied tells what was followed.
"""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tzlocal.windows_tz import win_tz

from localrun.fakes.graph.answers import Ask, GraphError, Json

_ZONE, _BODY = "outlook.timezone", "outlook.body-content-type"
_TAGS = re.compile(r"<[^>]*>")


def find_zone(name: str) -> tzinfo:
    """A zone by the name that Windows has for it, or IANA. GraphError for another name."""
    if name.casefold() == "utc":
        return UTC
    try:
        return ZoneInfo(win_tz.get(name, name))
    except (ZoneInfoNotFoundError, ValueError):
        message = f"The time zone '{name}' is not supported."
        raise GraphError(400, "TimeZoneNotSupportedException", message) from None


def instant(told: Json) -> datetime:
    """What a dateTimeTimeZone is in UTC."""
    plain = datetime.fromisoformat(told["dateTime"][:19])
    return plain.replace(tzinfo=find_zone(told["timeZone"])).astimezone(UTC)


def in_zone(told: Json, ask: Ask, is_all_day: bool) -> Json:
    """A dateTimeTimeZone in the zone that is asked for. A whole day is midnight in any."""
    name = ask.prefer.get(_ZONE) or "UTC"
    shown = instant(told).astimezone(find_zone(name))
    text = told["dateTime"][:19] if is_all_day else shown.strftime("%Y-%m-%dT%H:%M:%S")
    return {"dateTime": f"{text}.0000000", "timeZone": name}


def body_as(body: Json, ask: Ask) -> Json:
    """HTML, unless text is asked for; text that was put becomes HTML as Exchange makes it."""
    content = str(body.get("content") or "")
    is_html = body.get("contentType", "html") == "html"
    if ask.prefer.get(_BODY, "html").casefold() == "text":
        plain = html.unescape(_TAGS.sub("", content)) if is_html else content
        return {"contentType": "text", "content": plain}
    if is_html or not content:
        return {"contentType": "html", "content": content}
    lines = html.escape(content).replace("\r\n", "\n").replace("\n", "<br>\r\n")
    head = '<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head>'
    return {
        "contentType": "html",
        "content": f'{head}<body><div class="PlainText">{lines}</div></body></html>',
    }


def applied(ask: Ask) -> dict[str, str]:
    """The header Preference-Applied, where there is something to tell."""
    told = [f'{name}="{ask.prefer[name]}"' for name in (_ZONE, _BODY) if name in ask.prefer]
    return {"Preference-Applied": ", ".join(told)} if told else {}
