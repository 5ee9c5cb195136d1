"""Runs a program in the jail and gives what it left behind the time to end by itself: settle.py PROGRAM ARGS...

A child that nobody waits for may end a moment after its parent, traced or not, and that is no difference. What is
still there after PATIENCE stays, and the jail counts it. Ends as the program ended.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

PATIENCE = 5  # seconds


def others() -> bool:
    """Whether any process is alive beside this one and the jail's, which is the first of its namespace."""
    for folder in Path("/proc").glob("[0-9]*"):
        if int(folder.name) in (1, os.getpid()):
            continue
        try:
            state = (
                (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
            )
        except OSError:
            continue
        if state not in "ZX":
            return True
    return False


def main(command: list[str]) -> int:
    """The command; returns its exit status, or dies of the signal that killed the program."""
    status = subprocess.run(command, check=False).returncode
    end = time.monotonic() + PATIENCE
    while others() and time.monotonic() < end:
        time.sleep(0.01)
    if status < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if -status not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
