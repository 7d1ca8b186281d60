"""What the Resource of a Task names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

TOKEN = ".waitForTaskToken"
SYNC = (".sync", ".sync:2")

OPTIMISED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "lambda": {"invoke": ("", TOKEN)},
    "states": {"startExecution": ("", *SYNC, TOKEN)},
    "dynamodb": dict.fromkeys(("getItem", "putItem", "updateItem", "deleteItem"), ("",)),
    "sns": {"publish": ("", TOKEN)},
    "sqs": {"sendMessage": ("", TOKEN)},
    "events": {"putEvents": ("", TOKEN)},
}
"""The optimised integrations that the engine has: service, action, patterns.
https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html"""

_INTEGRATION = re.compile(
    r"arn:aws(?:-cn|-us-gov)?:states:[a-z0-9-]*:\d*:"
    r"(aws-sdk:)?([a-z0-9-]+):(\w+)(\.waitForTaskToken|\.sync:2|\.sync)?"
)
_FUNCTION = re.compile(
    r"arn:aws(?:-cn|-us-gov)?:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+(:[\w$-]+)?"
)


@dataclass(frozen=True, slots=True)
class Resource:
    """`service` and `action` are empty for a function that is named by its ARN alone."""

    text: str
    sdk: bool
    service: str
    action: str
    pattern: str

    @property
    def is_function(self) -> bool:
        return not self.service

    @property
    def has_token(self) -> bool:
        """Whether the Context Object has a Task.Token (a request-response task has none)."""
        return self.pattern != ""

    @property
    def event_names(self) -> dict[str, str]:
        """How history events name the resource."""
        kind = f"aws-sdk:{self.service}" if self.sdk else self.service
        return {"resourceType": kind, "resource": f"{self.action}{self.pattern}"}


def parse_resource(text: str) -> Resource:
    """Raises ValueError for what no Task can call, or what the engine cannot play."""
    if _FUNCTION.fullmatch(text):
        return Resource(text, sdk=False, service="", action="", pattern="")
    match = _INTEGRATION.fullmatch(text)
    if match is None:
        raise ValueError(f"the Resource {text} is no known form")
    sdk, service, action, pattern = match.groups(default="")
    if sdk and pattern not in ("", TOKEN):
        raise ValueError(f"{text}: an SDK integration has no pattern {pattern}")
    if not sdk and pattern not in OPTIMISED.get(service, {}).get(action, ()):
        raise ValueError(f"{text}: there is no such optimised integration")
    return Resource(text, bool(sdk), service, action, pattern)
