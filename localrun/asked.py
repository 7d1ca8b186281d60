"""What requests to AWS's services want, in IAM's words: actions, resources, condition keys.

For what the functions of this product call, by the Service Authorization Reference; every other
operation asks for the action of its name, on no resource, which no narrow role allows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from lxml import etree

from localrun.guard import LEADING_KEYS, Asked
from localrun.loopback import Request

Body = Mapping[str, Any]
_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
_KEY_IS = re.compile(r"(#?\w+) = (:\w+)")
_ZONE = re.compile(r"/2013-04-01/hostedzone/([^/]+)/rrset/?")
_CHANGE = re.compile(r"/2013-04-01/change/([^/]+)")


@dataclass(frozen=True, slots=True)
class Place:
    """Region and account of the resources."""

    region: str
    account: str

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def of_call(self, service: str, operation: str, body: Body) -> list[Asked]:
        """What an operation of a JSON service wants, by the members of its request."""
        known = _BY_OPERATION.get(service)
        found = list(known(self, operation, body)) if known else []
        return found or [Asked(f"{service}:{operation}", "*")]

    def of_request(self, service: str, request: Request) -> list[Asked]:
        """What an HTTP request wants; `service` is that of its signature."""
        if service in _BY_REQUEST:
            return list(_BY_REQUEST[service](self, request))
        operation = request.headers.get("x-amz-target", "").rpartition(".")[2]
        return self.of_call(service, operation, json.loads(request.body or b"{}"))


# ---- services that name their operation --------------------------------------------------------


def _of_table(place: Place, operation: str, body: Body) -> Iterator[Asked]:
    if operation == "BatchWriteItem":
        for table, requests in body["RequestItems"].items():
            keys = [
                request.get("PutRequest", {}).get("Item")
                or request.get("DeleteRequest", {}).get("Key")
                for request in requests
            ]
            yield _item(place, operation, table, [key["pk"]["S"] for key in keys])
    elif operation == "TransactWriteItems":
        for part in body["TransactItems"]:
            for kind, wanted in part.items():
                key = (wanted.get("Key") or wanted.get("Item"))["pk"]["S"]
                yield _item(place, _TRANSACTION[kind], wanted["TableName"], [key])
    elif "TableName" in body:
        yield _item(place, operation, body["TableName"], list(_leading_keys(body)))


def _item(place: Place, operation: str, table: str, keys: list[str]) -> Asked:
    context = {LEADING_KEYS: keys} if keys else {}
    return Asked(f"dynamodb:{operation}", place.arn("dynamodb", f"table/{table}"), context)


def _leading_keys(body: Body) -> Iterator[str]:
    for member in ("Key", "Item"):
        if member in body:
            yield body[member]["pk"]["S"]
    names = body.get("ExpressionAttributeNames", {})
    for name, value in _KEY_IS.findall(body.get("KeyConditionExpression", "")):
        if names.get(name, name) == "pk":
            yield body["ExpressionAttributeValues"][value]["S"]


def _of_secret(place: Place, operation: str, body: Body) -> Iterator[Asked]:
    if operation == "CreateSecret":
        arn = place.arn("secretsmanager", f"secret:{body['Name']}-AbCdEf")
        yield Asked("secretsmanager:CreateSecret", arn)
        if body.get("Tags"):
            yield Asked("secretsmanager:TagResource", arn)
    elif "SecretId" in body:
        yield Asked(f"secretsmanager:{operation}", body["SecretId"])


def _of_organization(place: Place, operation: str, body: Body) -> Iterator[Asked]:
    context = {}
    if role := body.get("ImpersonationRoleId"):
        context = {"workmail:impersonationroleid": [role]}
    arn = place.arn("workmail", f"organization/{body.get('OrganizationId', '')}")
    yield Asked(f"workmail:{operation}", arn, context)


def _of_execution(place: Place, operation: str, body: Body) -> Iterator[Asked]:
    """Which machine a task token is of, only the service knows."""
    resource = "" if operation.startswith("SendTask") else body.get("executionArn", "*")
    yield Asked(f"states:{operation}", resource)


def _of_schedule(place: Place, operation: str, body: Body) -> Iterator[Asked]:
    if operation == "ListSchedules":
        yield Asked("scheduler:ListSchedules", "*")
        return
    name = f"{body.get('GroupName', 'default')}/{body.get('Name', '')}"
    yield Asked(f"scheduler:{operation}", place.arn("scheduler", f"schedule/{name}"))
    if operation == "CreateSchedule":
        passed = {"iam:passedtoservice": ["scheduler.amazonaws.com"]}
        yield Asked("iam:PassRole", body["Target"]["RoleArn"], passed)


# ---- services that are told apart by path and form ---------------------------------------------


def _of_object(place: Place, request: Request) -> Iterator[Asked]:
    """By path style. What asks for a part of a bucket's or an object's settings is no such part's
    action here, and so is not allowed."""
    url = urlsplit(request.path)
    query = parse_qs(url.query, keep_blank_values=True)
    bucket, _, key = unquote(url.path).lstrip("/").partition("/")
    arn = f"arn:aws:s3:::{bucket}"
    if not key and request.method == "POST" and "delete" in query:
        yield from _of_deletion(request.body, arn)
    elif not key:
        listings = {"list-type": "s3:ListBucket", "versions": "s3:ListBucketVersions"}
        asked = [listings[each] for each in query if each in listings and request.method == "GET"]
        yield Asked(asked[0] if asked else f"s3:{request.method}", arn)
    else:
        verb = {"GET": "Get", "HEAD": "Get", "PUT": "Put", "DELETE": "Delete"}
        version = "Version" if "versionId" in query else ""
        action = f"{verb.get(request.method, request.method)}Object{version}"
        yield Asked(f"s3:{action}", f"{arn}/{key}")


def _of_deletion(body: bytes, bucket: str) -> Iterator[Asked]:
    """Each object of DeleteObjects: to delete a version is another action than to put a marker."""
    for entry in etree.fromstring(body).iterfind("{*}Object"):
        version = "Version" if entry.findtext("{*}VersionId") else ""
        yield Asked(f"s3:DeleteObject{version}", f"{bucket}/{entry.findtext('{*}Key')}")


def _of_topic(place: Place, request: Request) -> Iterator[Asked]:
    form = parse_qs(request.body.decode("utf-8"))
    yield Asked(f"sns:{form['Action'][0]}", form.get("TopicArn", ["*"])[0])


def _of_sender(place: Place, request: Request) -> Iterator[Asked]:
    """SES looks for the identity by the address or by its domain: this one by the address."""
    if request.path.endswith("/outbound-emails"):
        sender = json.loads(request.body)["FromEmailAddress"]
        arn = place.arn("ses", f"identity/{sender}")
        yield Asked("ses:SendEmail", arn, {"ses:fromaddress": [sender]})
    else:
        yield Asked(f"ses:{request.method}", "*")


def _of_zone(place: Place, request: Request) -> Iterator[Asked]:
    path = urlsplit(request.path).path
    if zone := _ZONE.fullmatch(path):
        arn = f"arn:aws:route53:::hostedzone/{zone[1]}"
        if request.method == "GET":
            yield Asked("route53:ListResourceRecordSets", arn)
        else:
            context = dict(_of_changes(request.body.decode("utf-8")))
            yield Asked("route53:ChangeResourceRecordSets", arn, context)
    elif change := _CHANGE.fullmatch(path):
        yield Asked("route53:GetChange", f"arn:aws:route53:::change/{change[1]}")
    elif path.rstrip("/").endswith("hostedzonesbyname"):
        yield Asked("route53:ListHostedZonesByName", "*")
    else:
        yield Asked(f"route53:{request.method}", "*")


def _of_changes(body: str) -> Iterator[tuple[str, list[str]]]:
    """The condition keys of a change batch; names are in small letters, without the final dot."""
    key = "route53:changeresourcerecordsets"
    yield f"{key}actions", re.findall(r"<Action>(\w+)</Action>", body)
    yield f"{key}recordtypes", re.findall(r"<Type>(\w+)</Type>", body)
    names = re.findall(r"<Name>([^<]+)</Name>", body)
    yield f"{key}normalizedrecordnames", [name.lower().rstrip(".") for name in names]


_BY_OPERATION: Mapping[str, Callable[[Place, str, Body], Iterator[Asked]]] = {
    "dynamodb": _of_table,
    "secretsmanager": _of_secret,
    "workmail": _of_organization,
    "states": _of_execution,
    "scheduler": _of_schedule,
}
_BY_REQUEST: Mapping[str, Callable[[Place, Request], Iterator[Asked]]] = {
    "s3": _of_object,
    "sns": _of_topic,
    "ses": _of_sender,
    "route53": _of_zone,
}
