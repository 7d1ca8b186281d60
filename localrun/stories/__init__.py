"""The named scenarios, in the order in which they are listed."""

from __future__ import annotations

from collections.abc import Mapping

from localrun.scenario import Scenario
from localrun.stories.sample import SAMPLE
from localrun.stories.trouble import BAD_MANIFEST, WRONG_PASSWORD

SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario for scenario in (SAMPLE, WRONG_PASSWORD, BAD_MANIFEST)
}
