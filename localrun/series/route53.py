"""`python -m localrun scenario route53`: the records are published by the run, and put back.

The hosted zone is photographed before the migration. The world's DNS answers what the zone says, so
that the run's own check of the DNS sees what the run has published. The first rollback meets a
record set that somebody has changed meanwhile, the second one does not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import dns.message
import dns.query
from rich.console import Console
from rich.table import Table

from localrun.hosted_zone import LocalZone
from localrun.runner import Options, Run
from localrun.series.series import Played, Series, opened
from localrun.stories.route53 import DOMAIN, LOWERED, OLD_SETS, story
from localrun.world import REGION, World
from migration.dns_values import is_same
from migration.zone_model import RecordSet

Zone = Sequence[RecordSet]
_INBOUND = f"10 inbound-smtp.{REGION}.amazonaws.com."
_TEXTS = (DOMAIN, "TXT")


def play(options: Options, console: Console, _size: int) -> Played:
    """Migrates, and puts the DNS back in two executions; prints the zone at each time."""
    seen: list[tuple[int, list[str]]] = []
    with opened(story(lambda world: seen.append(ask_mx(world))), options, console) as run:
        zone = LocalZone(run.world, run.cloud, OLD_SETS)
        photos: dict[str, Zone] = {"before": zone.sets()}
        problems = [*_migrate(run), *_check_lowered(seen)]
        photos["published"] = zone.sets()
        problems += [*_check_published(photos["published"]), *_check_dns(run.world)]
        ours = _find(photos["published"], *_TEXTS)
        zone.put(replace(ours, values=(*ours.values, '"meanwhile=1"')))
        problems += _roll_back(run, "rollback-1", "exceptions", [f"TXT of {DOMAIN}"])
        photos["put back"] = zone.sets()
        problems += _compare(photos["put back"], but=[_TEXTS])
        zone.put(ours)
        problems += _roll_back(run, "rollback-2", "done", [])
        photos["and the rest"] = zone.sets()
        problems += _compare(photos["and the rest"], but=[])
    console.print(_tabulate(photos))
    sets = {name: len(photo) for name, photo in photos.items()}
    return Played(tuple(problems), {"record_sets": sets})


# ---- what is done ----------------------------------------------------------------------------


def _migrate(run: Run) -> Iterator[str]:
    outcome = run.conclude(run.wait(run.start("migration", run.scenario.input)))
    if outcome.status != "SUCCEEDED" or outcome.verdict != "done":
        yield f"migration: {outcome.status}, {outcome.verdict} {outcome.cause}"
    yield from (f"migration: {problem}" for problem in outcome.problems)
    saved = _read(run, "reports/migration/dns-before.json")["record_sets"]
    mx = [each["before"]["values"] for each in saved if each["type"] == "MX" and each["before"]]
    if mx != [list(OLD_SETS[0].values)]:
        yield "migration: the old MX is not in dns-before.json"


def _roll_back(run: Run, name: str, verdict: str, left: Sequence[str]) -> Iterator[str]:
    described = run.wait(run.start(name, {"phases": ["rollback-dns"]}))
    output = json.loads(described.get("output", "{}"))
    if (described["status"], output.get("verdict")) != ("SUCCEEDED", verdict):
        yield f"{name}: {described['status']}, {output.get('verdict')} {described.get('cause', '')}"
        return
    told = _read(run, f"reports/{name}/summary.json")["dns_rollback"]
    if [what for what, _ in told["left"]] != list(left):
        yield f"{name}: the report does not say what is left"


def _read(run: Run, key: str) -> Any:
    s3, bucket = run.cloud.client("s3"), run.cloud.output("BucketName")
    return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())


def ask_mx(world: World) -> tuple[int, list[str]]:
    """TTL and values of the domain's MX, as the first of its own servers gives them."""
    question = dns.message.make_query(DOMAIN, "MX")
    server = world.dns.own[0]
    answer = dns.query.udp(question, server.address, port=server.port, timeout=10).answer[0]
    return answer.ttl, sorted(rdata.to_text() for rdata in answer)


# ---- what must be ----------------------------------------------------------------------------


def _check_lowered(seen: Sequence[tuple[int, list[str]]]) -> Iterator[str]:
    if list(seen) != [(LOWERED, list(OLD_SETS[0].values))]:
        yield f"the old MX was {seen} while the mail was copied"


def _check_dns(world: World) -> Iterator[str]:
    if ask_mx(world) != (LOWERED, [_INBOUND]):
        yield f"the DNS says {ask_mx(world)} after the migration"


def _check_published(zone: Zone) -> Iterator[str]:
    if _find(zone, DOMAIN, "MX").values != (_INBOUND,):
        yield "the MX is not WorkMail's alone"
    expected = [OLD_SETS[1].values[0], OLD_SETS[1].values[2]]
    texts = _find(zone, *_TEXTS)
    if not set(expected) < set(texts.values) or texts.ttl != OLD_SETS[1].ttl:
        yield "a TXT value of the owner is lost"
    if '"v=spf1 mx a:web.acme.example include:amazonses.com -all"' not in texts.values:
        yield "SPF is not merged"
    for kept in (OLD_SETS[2], OLD_SETS[4]):
        if not is_same(_find(zone, kept.name, kept.type), kept):
            yield f"{kept.type} of {kept.name} was changed"


def _compare(zone: Zone, but: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Record set by record set against what was there before."""
    now = {(each.name, each.type): each for each in zone}
    before = {(each.name, each.type): each for each in OLD_SETS}
    for key in sorted((now.keys() | before.keys()) - set(but)):
        if now.get(key) != before.get(key):
            yield f"{key[1]} of {key[0]} is not what it was before"


def _find(zone: Zone, name: str, type_: str) -> RecordSet:
    (found,) = [each for each in zone if (each.name, each.type) == (name, type_)]
    return found


# ---- what is shown ---------------------------------------------------------------------------


def _tabulate(photos: Mapping[str, Zone]) -> Table:
    table = Table(title="the hosted zone", title_justify="left")
    for column in ("record set", *photos):
        table.add_column(column, overflow="fold")
    keys = sorted({(each.name, each.type) for photo in photos.values() for each in photo})
    for name, type_ in keys:
        shown = [
            [each for each in photo if (each.name, each.type) == (name, type_)]
            for photo in photos.values()
        ]
        cells = [
            "\n".join([f"{each[0].ttl} s", *each[0].values]) if each else "–" for each in shown
        ]
        table.add_row(f"{type_} {name}", *cells)
    return table


_STORY = story(lambda _: None)
ROUTE53 = Series(_STORY.name, _STORY.sentence, play)
