"""Calendars, contacts, tasks and notes: one neutral model of each, and its conversions. Pure.

The words are those of RFC 5545 and 7986 (events, tasks, notes) and RFC 6350 (contacts). What a
source says beyond them is never dropped without a `Loss`, a row of the report.

- times.py: dates, moments, zones, rules of recurrence. losses.py: what could not be kept.
- content.py: what events, tasks and notes have in common. event.py task.py contact.py: the items.
- recurrence.py zones.py: arithmetic of rules and of zones. occurrences.py: when an event happens.
- zone_names.py zone_matching.py: which zone a calendar means.
- lines.py: content lines of iCalendar and vCard, with the numbers of their lines.
- ical_*.py, vcard_*.py: iCalendar and vCard, read into the model and written from it.
- ews_pattern.py: whether Exchange can say a rule exactly. ews_terms.py ews_item.py: its words.
- ews_series.py: which requests make an event in Exchange. ews_reading.py: events of what it shows.
- ews_people.py ews_contact.py ews_people_reading.py: the same of contacts and lists.
- graph_*.py: what Microsoft Graph shows, read into the model.
"""
