"""Names and ARNs of machines and executions, and what is wrong with them."""

import re

_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")


class MachineMissingError(Exception):
    """No state machine has this ARN."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"State Machine Does Not Exist: '{arn}'")


class ExecutionExistsError(Exception):
    """The name is taken by an execution that has ended or has another input."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"Execution Already Exists: '{arn}'")


class InvalidNameError(Exception):
    """A name that Step Functions does not allow."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Invalid Name: '{name}'")


def require_name(name: str) -> None:
    """Raises InvalidNameError.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
    """
    if not _NAME.fullmatch(name):
        raise InvalidNameError(name)
