"""python -m bench --help"""

import signal
import sys

from bench.command_line import main

signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers are ended, too
sys.exit(main())
