"""python -m localrun probe: asks a real WorkMail organization what no documentation says.

Every question is a `Probe` (model.py); the list of them is in questions.py. They share a `Session`:
the organization, the pilot mailbox and what was made for asking. By default only Describe, List
and Get calls and DNS questions are made. What is written with --write is one impersonation role
that opens the pilot mailbox alone, folders with some messages, events, contacts, tasks and notes in
it, and with --create-user one user; each is a `Trace`, noted before it is made and removed on every
way out.
"""
