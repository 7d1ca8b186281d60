"""How long a migration takes. Seconds are assumptions: no run on a laptop shows them."""

from __future__ import annotations

from migration.estimate.workload import Workload

CALLS_FOR_A_USER = 4
"""The first and its repetitions, until WorkMail shows what it was asked for."""
SECONDS_FOR_A_USER = 4.0
"""Of each call."""
_SECONDS_BETWEEN_CALLS = 20.0
"""In all, for a user."""
SECONDS_OF_A_QUIET_SLICE = 5.0
"""Logins at both servers, and a list of folders."""
_SECONDS_TO_VERIFY = 5.0
_SECONDS_TO_VERIFY_A_FOLDER = 1.5
"""Counts, and a sample from both sides."""
_DRAIN_HOURS = 2.0


_TRIPS_OF_A_LOGIN = 12
"""Of the connections that look and carry: TCP, TLS, the login, what the server can."""
_TRIPS_OF_A_FOLDER = 3
"""To open it, to list it, to begin with its messages; what follows is asked ahead."""


def seconds_under_way(work: Workload) -> float:
    """Of one mailbox and pass: what distance to the source costs, beside the mail itself."""
    return work.round_trip * (_TRIPS_OF_A_LOGIN + work.folders * _TRIPS_OF_A_FOLDER)


def seconds_to_verify(work: Workload) -> float:
    """A mailbox, once."""
    return _SECONDS_TO_VERIFY + work.folders * _SECONDS_TO_VERIFY_A_FOLDER


def hours_to_provision(work: Workload) -> float:
    """Until all users are there."""
    seconds = CALLS_FOR_A_USER * SECONDS_FOR_A_USER + _SECONDS_BETWEEN_CALLS
    return work.mailboxes * seconds / work.users_at_once / 3600


def hours_of_the_full_pass(work: Workload) -> float:
    """Until all mail is copied and verified, while as many mailboxes as possible are copied at
    once; the largest of them takes its time."""
    copying = max(work.copy_seconds / work.streams, work.longest_seconds)
    return copying / 3600 + hours_of_a_quiet_pass(work)


def hours_of_a_quiet_pass(work: Workload) -> float:
    """Of a delta pass that brings little."""
    each = SECONDS_OF_A_QUIET_SLICE + seconds_to_verify(work) + seconds_under_way(work)
    return each * work.mailboxes / work.streams / 3600


def hours_at_work(work: Workload) -> float:
    """From the start of a run to its end."""
    copying = hours_of_the_full_pass(work) + work.delta_passes * hours_of_a_quiet_pass(work)
    waiting = work.days * 24 + _DRAIN_HOURS + max(0, work.delta_passes - 1) * work.delta_hours
    return hours_to_provision(work) + copying + waiting
