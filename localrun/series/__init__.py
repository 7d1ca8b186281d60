"""Stories of several executions: each plays them, prints a table, and says what was wrong.

They stand beside the scenarios of localrun.stories, which are one execution each, and are run by
the same command.
"""

from __future__ import annotations

from collections.abc import Mapping

from localrun.series.administrator import ADMINISTRATOR
from localrun.series.controlled import CONTROLLED
from localrun.series.deployed import DEPLOYED
from localrun.series.directory import DIRECTORY
from localrun.series.ended_early import ABORTED, DIED
from localrun.series.erase import ERASURE
from localrun.series.late_mail import LATE_MAIL
from localrun.series.progress_page import PROGRESS_PAGE
from localrun.series.quick_cutover import QUICK_CUTOVER
from localrun.series.rollback import STORY as ROLLBACK
from localrun.series.route53 import ROUTE53
from localrun.series.scheduled import SCHEDULED
from localrun.series.series import Series
from localrun.series.two_at_once import TWO_AT_ONCE
from localrun.series.upload import UPLOAD
from localrun.series.wave import WAVE

SERIES: Mapping[str, Series] = {
    series.name: series
    for series in (
        *(DIRECTORY, ADMINISTRATOR, ROLLBACK, ROUTE53),
        *(QUICK_CUTOVER, LATE_MAIL, ABORTED, DIED, TWO_AT_ONCE, CONTROLLED, WAVE),
        *(UPLOAD, SCHEDULED, DEPLOYED, ERASURE, PROGRESS_PAGE),
    )
}
