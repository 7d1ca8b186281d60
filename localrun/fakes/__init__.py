"""Servers that stand in for the world outside: AWS services, DNS, mail servers.

Each one binds 127.0.0.1 and a free port, and ends with `close()` or as a context manager.
"""
