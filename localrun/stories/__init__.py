"""The named scenarios, in the order in which they are listed."""

from __future__ import annotations

from collections.abc import Mapping

from localrun.scenario import Scenario
from localrun.stories.approval import APPROVAL_REJECTED, APPROVAL_TIMEOUT
from localrun.stories.before_verified import BEFORE_VERIFIED
from localrun.stories.client_settings import CLIENT_SETTINGS
from localrun.stories.dns_trouble import GATEWAY_MX, MX_FLAPS_BACK, SLOW_DNS
from localrun.stories.groupware import GROUPWARE
from localrun.stories.imap_target import IMAP_TARGET
from localrun.stories.m365 import M365
from localrun.stories.new_passwords import NEW_PASSWORDS
from localrun.stories.sample import SAMPLE
from localrun.stories.stalled import STALLED
from localrun.stories.trouble import BAD_MANIFEST, NO_WAY_IN, WRONG_PASSWORD
from localrun.stories.weather import ROUGH_WEATHER

SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        *(SAMPLE, ROUGH_WEATHER, IMAP_TARGET, BEFORE_VERIFIED, NEW_PASSWORDS),
        *(APPROVAL_REJECTED, APPROVAL_TIMEOUT),
        *(SLOW_DNS, MX_FLAPS_BACK, GATEWAY_MX),
        *(GROUPWARE, M365, STALLED, CLIENT_SETTINGS),
        *(WRONG_PASSWORD, NO_WAY_IN, BAD_MANIFEST),
    )
}
