"""python -m bench --help"""

import sys

from bench.command_line import main

sys.exit(main())
