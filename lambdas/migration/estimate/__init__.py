"""What the migration of a tenant costs and how long it takes: arithmetic, no question to anybody.

workload.py says what is to be moved, sizes.py how much that is if nobody has counted it, terms.py
how the tenant's settings let it go, counts.py how often each service is used for it (the model,
which tests/e2e/test_estimate.py compares with a run), hours.py how long it takes, prices.py what
the services cost. bill.py puts the costs together, forecast.py the phases of a run.
"""
