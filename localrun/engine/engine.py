"""The engine: state machines, executions and Map Runs of one account and Region."""

import json
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from localrun.engine.clock import Clock
from localrun.engine.execution import Execution, Machine, Observer, Qualified
from localrun.engine.interpreter import run_states
from localrun.engine.invocation import Invoke
from localrun.engine.jsonata import Evaluator
from localrun.engine.machines import ExecutionExistsError, MachineMissingError, require_name
from localrun.engine.map_run import MapRun
from localrun.engine.payload import Json
from localrun.engine.runtime import Runtime
from localrun.engine.step import Branch
from localrun.engine.tokens import TokenBook
from localrun.engine.versions import Versions

MAX_WORKERS = 1000
"""Branches, iterations or children of one state that run at once, each in a thread."""


class Engine:
    """Plays Step Functions (STANDARD workflows, JSONata) in threads of this process.

    `client(service)` gives a boto3 client by botocore's name of the service; it is asked once for
    each. `observers` are told every history event (see `Observer`). With `max_workers=1` branches
    and children run one after another, in their order.

    `machines`, `executions` and `map_runs` are kept by ARN as long as the engine lives.
    """

    def __init__(
        self,
        clock: Clock,
        invoke: Invoke,
        client: Callable[[str], Any],
        region: str = "eu-west-1",
        account: str = "123456789012",
        observers: Sequence[Observer] = (),
        max_workers: int = MAX_WORKERS,
    ) -> None:
        self.clock = clock
        self.region = region
        self.account = account
        self.tokens = TokenBook(clock)
        self.machines: dict[str, Machine] = {}
        self.versions = Versions(clock)
        self.executions: dict[str, Execution] = {}
        self.map_runs: dict[str, MapRun] = {}
        self._observers = tuple(observers)
        self._lock = threading.RLock()
        self._clients: dict[str, Any] = {}
        self._processors: dict[str, Machine] = {}
        self._new_client = client
        self._runtime = Runtime(
            clock=clock,
            evaluator=Evaluator(clock),
            tokens=self.tokens,
            invoke=invoke,
            client=self._client,
            region=region,
            account=account,
            max_workers=max_workers,
            start=self.start,
            open_child=self._open_child,
            run=self._run,
            stop=self.stop,
            register=self._register,
        )

    def watch(self, observer: Observer) -> None:
        """Tells one more observer of what happens in executions that begin from now on."""
        self._observers = (*self._observers, observer)

    def add_machine(
        self, name: str, definition: str, role_arn: str, kind: str = "STANDARD"
    ) -> Machine:
        """Keeps a machine under its name; one of the same name is replaced for new executions.

        The definition is JSON text that `definition_problems` finds nothing wrong with. Raises
        InvalidNameError.
        """
        require_name(name)
        machine = Machine(
            arn=self.machine_arn(name),
            name=name,
            definition=json.loads(definition),
            text=definition,
            role_arn=role_arn,
            kind=kind,
            created=self.clock.now(),
        )
        self.machines[machine.arn] = machine
        return machine

    def machine_arn(self, name: str) -> str:
        return f"arn:aws:states:{self.region}:{self.account}:stateMachine:{name}"

    def start(
        self, machine_arn: str, name: str | None = None, state_input: Json = None
    ) -> Execution:
        """Starts an execution in its own thread; the input is {} when None. By the ARN of a version
        or an alias it is that version that runs.

        The same name with the same input gives the running execution. Raises MachineMissingError,
        ExecutionExistsError, InvalidNameError.
        """
        machine, qualified = self.find_machine(machine_arn)
        name = str(uuid.uuid4()) if name is None else name
        require_name(name)
        state_input = {} if state_input is None else state_input
        with self._lock:
            arn = self._execution_arn(machine.name, name)
            known = self.executions.get(arn)
            if known is not None:
                if known.status == "RUNNING" and known.input == state_input:
                    return known
                raise ExecutionExistsError(arn)
            execution = Execution(
                *(arn, name, machine, state_input, self.clock, self._observers),
                qualified=qualified,
            )
            self.executions[arn] = execution
        self.clock.enter()
        threading.Thread(
            target=self._run_as_member, args=(execution,), daemon=True, name=name
        ).start()
        return execution

    def find_machine(self, arn: str) -> tuple[Machine, Qualified]:
        """The machine of an ARN, which may be that of a version or an alias. Raises
        MachineMissingError."""
        qualified = self.versions.resolve(arn)
        known = self.versions.machines.get(qualified.version or "") or self.machines.get(arn)
        if known is None:
            raise MachineMissingError(arn)
        return known, qualified

    def stop(self, execution: Execution, error: str = "", cause: str = "") -> None:
        """Aborts a running execution and its children. Functions at work go on unheard."""
        if execution.status == "RUNNING":
            execution.error, execution.cause = error, cause
            execution.scope.cancel()
            self.clock.poke()

    def _run_as_member(self, execution: Execution) -> None:
        try:
            self._run(execution)
        finally:
            self.clock.leave()

    def _run(self, execution: Execution) -> None:
        branch = Branch(execution, self.clock, execution.scope, execution.context())

        def states() -> Json:
            branch.last_event = 1
            return run_states(self._runtime, branch, execution.machine.definition, execution.input)

        execution.run(states)

    def _open_child(
        self, map_run: MapRun, parent: Execution, processor: Mapping[str, Json], item: Json
    ) -> Execution:
        machine = parent.machine
        with self._lock:
            child_machine = self._processors.get(map_run.arn) or Machine(
                arn=f"{machine.arn}/{map_run.label}",
                name=machine.name,
                definition=processor,
                text=json.dumps(processor),
                role_arn=machine.role_arn,
                kind=processor["ProcessorConfig"].get("ExecutionType", "STANDARD"),
                created=machine.created,
            )
            self._processors[map_run.arn] = child_machine  # one for all its children
        name = str(uuid.uuid4())
        arn = self._execution_arn(f"{machine.name}/{map_run.label}", name)
        child = Execution(arn, name, child_machine, item, self.clock, self._observers, map_run)
        with self._lock:
            self.executions[arn] = child
        return child

    def _register(self, map_run: MapRun) -> None:
        with self._lock:
            self.map_runs[map_run.arn] = map_run

    def _execution_arn(self, machine_name: str, name: str) -> str:
        return f"arn:aws:states:{self.region}:{self.account}:execution:{machine_name}:{name}"

    def _client(self, service: str) -> Any:
        # boto3 sessions do not make clients in several threads at once.
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._new_client(service)
            return self._clients[service]
