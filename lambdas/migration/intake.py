"""Where files of calendars and address books lie in the tenant's bucket."""

from __future__ import annotations

INTAKE = "intake/groupware/"
"""Below it, in a folder for each address in WorkMail."""
ENDINGS = (".ics", ".vcf")
"""How the names of calendars and of address books end, in whatever case."""
