"""The named scenarios, in the order in which they are listed."""

from __future__ import annotations

from collections.abc import Mapping

from localrun.scenario import Scenario
from localrun.stories.sample import SAMPLE
from localrun.stories.trouble import BAD_MANIFEST, WRONG_PASSWORD
from localrun.stories.weather import ROUGH_WEATHER

SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario for scenario in (SAMPLE, ROUGH_WEATHER, WRONG_PASSWORD, BAD_MANIFEST)
}
