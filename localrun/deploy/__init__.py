"""Deploys a tenant's stack with the CDK's command line, pinned.

command.py  the command line: synthesis, checks, commands, in this order
account.py  what is asked of AWS before anything is changed
plan.py     which commands are run, and why
"""
