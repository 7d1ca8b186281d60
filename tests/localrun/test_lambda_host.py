"""Handlers run as Lambda runs them; boto3 is the caller."""

import base64
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from localrun.engine.lambda_host import Function, LambdaHost

HANDLERS = """
import json, os, subprocess, sys, time

class TenantMisconfigured(Exception):
    pass

def echo(event, context):
    print("seen", json.dumps(event))
    return {"event": event, "pid": os.getpid(), "environment": dict(os.environ),
            "cwd": os.getcwd(), "remaining": context.get_remaining_time_in_millis(),
            "arn": context.invoked_function_arn, "memory": context.memory_limit_in_mb,
            "custom": context.client_context and context.client_context.custom}

def fail(event, context):
    raise TenantMisconfigured("the region is missing")

def sleep(event, context):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    with open(event["note"], "w") as note:
        note.write(f"{os.getpid()} {child.pid}")
    time.sleep(event["seconds"])
    return os.getpid()

def die(event, context):
    os._exit(3)

def large(event, context):
    return "x" * (7 * 1024 * 1024)
"""


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("code")
    (folder / "handlers.py").write_text(HANDLERS)
    (folder / "broken.py").write_text("import a_module_that_nobody_has\n")
    (folder / "dying.py").write_text("import os\nos._exit(9)\n")
    return folder


Deploy = Callable[..., str]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[LambdaHost]:
    with LambdaHost({"AWS_REGION": "eu-west-1", "FROM_BASE": "yes"}, tmp_path / "logs") as host:
        yield host


@pytest.fixture
def deploy(host: LambdaHost, code: Path) -> Deploy:
    def deploy(handler: str, timeout: float = 10, max_workers: int = 4) -> str:
        name = f"test-{handler.replace('.', '-')}"
        arn = f"arn:aws:lambda:eu-west-1:123456789012:function:{name}"
        environment = {"OWN": "value"}
        host.add(Function(name, arn, code, handler, timeout, 256, environment, max_workers))
        return arn

    return deploy


def client_of(host: LambdaHost) -> Any:
    return boto3.client(
        "lambda",
        region_name="eu-west-1",
        endpoint_url=host.url,
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}),
    )


def answer(host: LambdaHost, arn: str, event: object) -> Any:
    result = host.invoke(arn, json.dumps(event).encode())
    assert (result.status, result.function_error) == (200, None), result.payload
    return json.loads(result.payload)


def error_of(host: LambdaHost, arn: str, event: object) -> Any:
    result = host.invoke(arn, json.dumps(event).encode())
    assert (result.status, result.function_error) == (200, "Unhandled")
    return json.loads(result.payload)


def test_a_version_is_what_the_function_was_when_it_was_published(
    host: LambdaHost, deploy: Deploy, code: Path
) -> None:
    arn = deploy("handlers.echo")
    name = arn.rpartition(":")[2]
    assert host.publish(name) == "1"
    host.update(Function(name, arn, code, "handlers.echo", 10, 256, {"OWN": "another"}))
    assert answer(host, f"{arn}:1", {})["environment"]["OWN"] == "value"
    assert answer(host, arn, {})["environment"]["OWN"] == "another"
    assert answer(host, f"{arn}:$LATEST", {})["environment"]["OWN"] == "another"
    assert host.publish(name) == "2"
    assert answer(host, f"{arn}:2", {})["environment"]["OWN"] == "another"
    executed = client_of(host).invoke(FunctionName=name, Qualifier="1")["ExecutedVersion"]
    assert executed == "1"
    assert host.invoke(f"{arn}:3", b"{}").status == 404


def test_the_time_of_the_world_around_is_told_with_the_call(tmp_path: Path, code: Path) -> None:
    times = iter(("2026-12-04T18:00:00.000Z", "2026-12-05T06:00:00.000Z"))
    with LambdaHost({}, tmp_path / "logs", now=lambda: next(times)) as host:
        arn = "arn:aws:lambda:eu-west-1:123456789012:function:echo"
        host.add(Function("echo", arn, code, "handlers.echo", 10, 256, {}))
        told = [answer(host, arn, {})["custom"] for _ in range(2)]
    assert told == [{"now": "2026-12-04T18:00:00.000Z"}, {"now": "2026-12-05T06:00:00.000Z"}]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return status != "Z"


def wait_for(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


def test_a_handler_sees_what_lambda_shows_and_nothing_of_the_parent(
    host: LambdaHost, deploy: Deploy, code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("SOMETHING_ELSE", "secret")
    arn = deploy("handlers.echo")
    seen = answer(host, arn, {"a": [1, "ü"]})
    environment = seen["environment"]
    assert seen["event"] == {"a": [1, "ü"]}
    assert (environment["OWN"], environment["FROM_BASE"]) == ("value", "yes")
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "test-handlers-echo"
    assert not {"AWS_PROFILE", "SOMETHING_ELSE", "HOME"} & set(environment)
    assert Path(seen["cwd"]) == code
    assert (seen["arn"], seen["memory"]) == (arn, "256")
    assert 9000 < seen["remaining"] <= 10000


def test_children_are_reused_and_run_side_by_side(
    host: LambdaHost, deploy: Deploy, tmp_path: Path
) -> None:
    echo = deploy("handlers.echo")
    assert answer(host, echo, 1)["pid"] == answer(host, echo, 2)["pid"]
    sleep = deploy("handlers.sleep", max_workers=2)
    with ThreadPoolExecutor(6) as callers:
        pids = list(
            callers.map(
                lambda number: answer(
                    host, sleep, {"seconds": 0.2, "note": str(tmp_path / f"{number}")}
                ),
                range(6),
            )
        )
    assert len(set(pids)) == 2


def test_the_class_of_an_exception_is_the_error_type(host: LambdaHost, deploy: Deploy) -> None:
    error = error_of(host, deploy("handlers.fail"), {})
    assert (error["errorType"], error["errorMessage"]) == (
        "TenantMisconfigured",
        "the region is missing",
    )


def test_time_over_ends_the_child_and_what_it_started(
    host: LambdaHost, deploy: Deploy, tmp_path: Path
) -> None:
    note = tmp_path / "note"
    arn = deploy("handlers.sleep", timeout=0.7)
    error = error_of(host, arn, {"seconds": 30, "note": str(note)})
    assert error["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after 0.70 seconds" in error["errorMessage"]
    pids = [int(pid) for pid in note.read_text().split()]
    assert wait_for(lambda: not any(map(is_running, pids)))
    assert "timed out" in host.log_file("test-handlers-sleep").read_text()
    assert answer(host, arn, {"seconds": 0, "note": str(note)}) not in pids


def test_a_child_that_dies_is_an_exit_error_and_is_replaced(
    host: LambdaHost, deploy: Deploy
) -> None:
    arn = deploy("handlers.die", max_workers=1)
    for _ in range(2):
        error = error_of(host, arn, {})
        assert error["errorType"] == "Runtime.ExitError"
        assert "exit status 3" in error["errorMessage"]
    assert error_of(host, deploy("dying.handler"), {})["errorType"] == "Runtime.ExitError"


def test_what_cannot_be_imported_says_so_every_time(host: LambdaHost, deploy: Deploy) -> None:
    arn = deploy("broken.handler", max_workers=1)
    for _ in range(2):
        error = error_of(host, arn, {})
        assert error["errorType"] == "Runtime.ImportModuleError"
        assert "a_module_that_nobody_has" in error["errorMessage"]
    missing = error_of(host, deploy("handlers.nothing"), {})
    assert missing["errorType"] == "Runtime.HandlerNotFound"


def test_an_answer_over_six_megabytes_is_an_error(host: LambdaHost, deploy: Deploy) -> None:
    error = error_of(host, deploy("handlers.large"), {})
    assert error["errorType"] == "Function.ResponseSizeTooLarge"


def test_boto3_calls_it_as_it_calls_lambda(host: LambdaHost, deploy: Deploy) -> None:
    client = client_of(host)
    arn = deploy("handlers.echo")
    for name in (arn, f"{arn}:$LATEST", "test-handlers-echo"):
        called = client.invoke(FunctionName=name, Payload=b'{"x": 1}', LogType="Tail")
        assert called["StatusCode"] == 200
        assert called["ExecutedVersion"] == "$LATEST"
        assert "FunctionError" not in called
        assert json.loads(called["Payload"].read())["event"] == {"x": 1}
        assert 'seen {"x": 1}' in base64.b64decode(called["LogResult"]).decode()
    failed = client.invoke(FunctionName=deploy("handlers.fail"), Payload=b"{}")
    assert failed["FunctionError"] == "Unhandled"
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="nobody"):
        client.invoke(FunctionName="nobody", Payload=b"{}")
    with pytest.raises(client.exceptions.InvalidRequestContentException):
        client.invoke(FunctionName=arn, Payload=b"{")
    assert host.invoke("nobody", b"{}").status == 404


def test_an_event_is_answered_before_it_is_handled(
    host: LambdaHost, deploy: Deploy, tmp_path: Path
) -> None:
    note = tmp_path / "note"
    called = client_of(host).invoke(
        FunctionName=deploy("handlers.sleep"),
        Payload=json.dumps({"seconds": 0, "note": str(note)}).encode(),
        InvocationType="Event",
    )
    assert called["StatusCode"] == 202
    assert wait_for(note.exists)


def test_close_ends_busy_and_idle_children(code: Path, tmp_path: Path) -> None:
    host = LambdaHost({}, tmp_path / "logs")
    host.add(Function("echo", "arn", code, "handlers.echo", 10, 128, {}))
    host.add(Function("sleep", "arn", code, "handlers.sleep", 30, 128, {}))
    idle = answer(host, "echo", {})["pid"]
    note = tmp_path / "note"
    errors: list[Any] = []
    event = {"seconds": 30, "note": str(note)}
    caller = threading.Thread(target=lambda: errors.append(error_of(host, "sleep", event)))
    caller.start()
    assert wait_for(lambda: note.exists() and " " in note.read_text())
    pids = [idle, *map(int, note.read_text().split())]
    host.close()
    caller.join(10)
    assert [error["errorType"] for error in errors] == ["Runtime.ExitError"]
    assert wait_for(lambda: not any(map(is_running, pids)))
    with pytest.raises(RuntimeError, match="closed"):
        host.invoke("echo", b"{}")


def test_children_end_with_a_process_that_forgets_to_close(code: Path, tmp_path: Path) -> None:
    program = f"""
from pathlib import Path
from localrun.engine.lambda_host import Function, LambdaHost
host = LambdaHost({{}}, Path({str(tmp_path)!r}))
host.add(Function("echo", "arn", Path({str(code)!r}), "handlers.echo", 10, 128, {{}}))
print(host.invoke("echo", b"{{}}").payload.decode())
"""
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, check=True, timeout=60
    )
    pid = json.loads(run.stdout)["pid"]
    assert wait_for(lambda: not is_running(pid))
