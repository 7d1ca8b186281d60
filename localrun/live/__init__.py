"""The running migration in a browser: `--serve`.

`looks.py` looks at the run, `feed.py` holds what viewers are shown, `pages.py` serves it on the
loopback interface, `session.py` is all of it for the length of a command.
"""
