"""The messages by which the operators are asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from textwrap import wrap

from migration.figures import WIDTH, format_moment
from migration.model import Notice, NoticeKind
from migration.question_model import Answer, Question
from migration.question_words import CHOICES, WORDS


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tenant's questions are answered. `links` is as in the tenant file; `url` is empty if
    there is no page."""

    tenant: str
    region: str
    bucket: str
    links: str
    url: str
    reminder_hours: int


def compose(
    question: Question,
    place: Place,
    key: str,
    now: str,
    reminder: int,
    numbers: Mapping[str, str | int | bool],
) -> Notice:
    """The message; `key` is the file with the commands."""
    words = WORDS[question.kind]
    again = f" (reminder {reminder})" if reminder else ""
    facts: dict[str, str | int | bool] = {
        "question": str(question.kind),
        "asked": question.asked,
        "until": question.until,
        "reminder": reminder,
        "answers": ",".join(question.answers),
        "commands": f"s3://{place.bucket}/{key}",
        **numbers,
    }
    if link := _link(question, place):
        facts["page"] = link
    subject = f"{place.tenant}: {words.short}{again}"
    text = "\n".join(_lines(question, place, key, link))
    return Notice(NoticeKind.QUESTION, question.run, now, subject, text + "\n", facts)


def _link(question: Question, place: Place) -> str:
    """The page's address for this question; "" if there is no page."""
    return f"{place.url.rstrip('/')}/{question.id}" if place.url else ""


def _lines(question: Question, place: Place, key: str, link: str) -> Iterator[str]:
    words = WORDS[question.kind]
    yield words.title
    yield ""
    yield from wrap(words.explanation, WIDTH)
    yield ""
    width = max((len(label) for label, _ in question.facts), default=0)
    yield from (f"{label:<{width}}  {value}" for label, value in question.facts)
    yield ""
    yield "You can answer:"
    for each in question.answers:
        choice = CHOICES[question.kind][Answer(each)]
        yield from wrap(f"{each}: {choice.effect}", WIDTH, initial_indent="- ",
                        subsequent_indent="  ")  # fmt: skip
    yield ""
    yield from _ways(place, key, link)
    yield ""
    until = format_moment(question.until)
    end = f"Until {until}; without an answer {words.consequence}."
    yield from wrap(f"{end} There is a reminder every {place.reminder_hours} hours.", WIDTH)


def _ways(place: Place, key: str, link: str) -> Iterator[str]:
    if link and place.links == "iam":
        yield "On this page, if IAM lets you call it. A browser cannot sign for that, but curl can:"
        yield ""
        yield f'  curl --aws-sigv4 "aws:amz:{place.region}:lambda" \\'
        yield '    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \\'
        yield '    --header "x-amz-security-token: $AWS_SESSION_TOKEN" \\'
        yield f"    --data 'id={link.rpartition('/')[2]}&answer=ANSWER' \\"
        yield f"    {place.url}"
        yield ""
    elif link:
        yield "On this page. It is good for one answer, and whoever has its address can give it:"
        yield ""
        yield f"  {link}"
        yield ""
    yield "Or with a command of this file:" if link else "With a command of this file:"
    yield ""
    yield f"  aws s3 cp s3://{place.bucket}/{key} - --region {place.region}"
    yield ""
    yield "Each reminder makes the commands of before void; the file has those that are good."
