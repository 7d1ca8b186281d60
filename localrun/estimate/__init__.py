"""The estimate of migration/estimate as a command line (command.py), and as the tables of
docs/cost.md (page.py)."""
