"""What the migration of a tenant costs and how long it takes: arithmetic, no question to anybody.

workload.py says what is to be moved, counts.py how often each service is used for it (the model,
which tests/e2e/test_estimate.py compares with a run), hours.py how long it takes, prices.py what
the services cost. bill.py puts it together, page.py writes the tables of docs/cost.md, command.py
is the command line.
"""
