"""ItemReader: the items of a distributed Map, from S3.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

import csv
import io
import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from localrun.engine.failures import StateError
from localrun.engine.payload import Json

_DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}


def read_items(s3: Any, reader: Json) -> Json:
    """The items that an evaluated ItemReader names: an array, or an object for some JSON.

    Arguments go to S3 as they are, a VersionId among them. Raises StateError
    States.ItemReaderFailed.
    """
    config = reader.get("ReaderConfig", {})
    action = reader["Resource"].rsplit(":", 1)[-1]
    try:
        if action == "listObjectsV2":
            items: Json = _list_objects(s3, reader["Arguments"])
        elif action == "getObject":
            body = s3.get_object(**reader["Arguments"])["Body"].read()
            items = decode_items(body, config)
        else:
            raise _failed(f"The Resource {reader['Resource']} cannot be read.")
    except ClientError as reason:
        about = reason.response["Error"]
        raise _failed(f"{about['Code']}: {about.get('Message', '')}") from reason
    except (BotoCoreError, ParamValidationError) as reason:
        raise _failed(str(reason)) from reason
    limit = int(config.get("MaxItems") or 0)
    return items[:limit] if limit and isinstance(items, list) else items


def decode_items(body: bytes, config: Json) -> Json:
    """The items in the bytes of a file. Raises StateError States.ItemReaderFailed."""
    kind = config.get("InputType")
    try:
        text = body.decode("utf-8-sig")
        if kind == "CSV":
            return _csv_rows(text, config)
        if kind == "JSON":
            return _json_items(text, config.get("ItemsPointer", ""))
        if kind == "JSONL":
            return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, LookupError, csv.Error) as reason:
        raise _failed(f"The {kind} file cannot be read: {type(reason).__name__}.") from reason
    raise _failed(f"The InputType {kind} is not played locally.")


def _list_objects(s3: Any, arguments: Json) -> list[Json]:
    pages = s3.get_paginator("list_objects_v2").paginate(**arguments)
    return [
        {
            "Etag": found["ETag"],
            "Key": found["Key"],
            "LastModified": found["LastModified"].timestamp(),
            "Size": found["Size"],
            "StorageClass": found.get("StorageClass", "STANDARD"),
        }
        for page in pages
        for found in page.get("Contents", ())
    ]


def _csv_rows(text: str, config: Json) -> list[Json]:
    """Empty rows are skipped, missing cells are empty, and cells without a header are dropped."""
    delimiter = _DELIMITERS[config.get("CSVDelimiter", "COMMA")]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    given = config.get("CSVHeaderLocation") == "GIVEN"
    headers = config["CSVHeaders"] if given else next(rows, [])
    missing = [""] * len(headers)
    return [dict(zip(headers, row + missing, strict=False)) for row in rows if row]


def _json_items(text: str, pointer: str) -> Json:
    items = json.loads(text)
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        items = items[int(key)] if isinstance(items, list) else items[key]
    if not isinstance(items, (list, dict)):
        raise _failed("Attempting to map over a value that is neither an array nor an object.")
    return items


def _failed(cause: str) -> StateError:
    return StateError("States.ItemReaderFailed", cause)
