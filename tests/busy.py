"""A command beside one busy loop on every core: `python -m tests.busy COMMAND …`; ends as the command does."""

import multiprocessing
import os
import subprocess
import sys


def main() -> int:
    """Loops, all ended with the command."""
    loops = [multiprocessing.Process(target=_spin, daemon=True) for _ in range(os.cpu_count() or 1)]
    for loop in loops:
        loop.start()
    try:
        return subprocess.run(sys.argv[1:], check=False).returncode
    finally:
        for loop in loops:
            loop.kill()


def _spin() -> None:
    while True:
        pass


if __name__ == "__main__":
    sys.exit(main())
