"""Becomes the program that is named behind the process id of our parent: `launch.py PARENT PROGRAM ARGUMENT...`.

Linux sends it SIGTERM when the parent dies, of whatever cause, so that it saves what it holds and lets go of its port.
A script of its own, since nothing but `exec` is safe between fork and exec of a process with threads.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    """Does not return. Raises: OSError where this is no Linux or the program cannot be run."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() == parent:
        os.execv(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
