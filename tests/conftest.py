"""What holds for all tests."""

import os
import signal

from hypothesis import settings

# How long an example takes is measured in bench/; here it would say how busy the machine is. The
# examples are the same each time, so that a failure belongs to the change: `make soak` draws more.
settings.register_profile("project", deadline=None, derandomize=os.environ.get("SEEDS") != "random")
settings.load_profile("project")

# Whoever starts the tests in the background, as by nohup, hands down that Ctrl-C is ignored: the
# processes that tests interrupt would ignore it, too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
