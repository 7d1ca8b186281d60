"""Says what this machine lacks before anything is installed. Runs on any Python from 3.5 on."""

import importlib.util
import platform
import sys
from typing import Iterable, List, Tuple

NEEDED = (3, 11)


def find_problems(
    version: Tuple[int, int], system: str, machine: str, modules: Iterable[str]
) -> List[str]:
    """One sentence per thing that is missing, each with what to install."""
    problems = []
    if tuple(version) < NEEDED:
        problems.append(
            "Python %d.%d is too old: install Python 3.11 or newer, or name one with "
            "`make PYTHON=/path/to/python3.12`" % tuple(version)
        )
    for module, package in (("venv", "python3-venv"), ("ensurepip", "python3-venv")):
        if module not in modules:
            problems.append(
                "Python's module `%s` is missing: install it (Debian, Ubuntu: apt install %s)"
                % (module, package)
            )
    if system != "Linux" or machine not in ("x86_64", "aarch64"):
        problems.append(
            "the functions run under AWS's Lambda runtime client, which exists for Linux on "
            "x86_64 and aarch64 only, not for %s on %s: use a Linux machine, a virtual one, or WSL"
            % (system, machine)
        )
    return problems


def main() -> int:
    modules = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name)]
    problems = find_problems(sys.version_info[:2], platform.system(), platform.machine(), modules)
    for problem in problems:
        sys.stderr.write("cannot set up: %s\n" % problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
